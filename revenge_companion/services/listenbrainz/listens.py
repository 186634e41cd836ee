"""Listens and feedback of ListenBrainz, from its answers and its exports, as library entries."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from revenge_companion.core.library import Entry, Facet, Precision, Subject, SubjectKind
from revenge_companion.core.media import MusicIds
from revenge_companion.services.answers import mapping, whole_number
from revenge_companion.services.listenbrainz import payload
from revenge_companion.services.reading import name, unix_moment

#: Artists of one recording that are kept.
_MOST_ARTISTS = 20


def second(row: Mapping[str, Any]) -> int | None:
    """When a listen was, in Unix seconds; None where it says none."""
    at = unix_moment(row.get("listened_at", row.get("timestamp")))
    return None if at is None else int(at.timestamp())


def play(row: Mapping[str, Any]) -> Entry | str:
    """One listen, or a few words on why it is none.

    Its identity is what ListenBrainz itself tells listens of a user apart by.
    """
    at = unix_moment(row.get("listened_at", row.get("timestamp")))
    told = mapping(row.get("track_metadata"))
    subject = _subject(told)
    if subject is None:
        return "without artist or title"
    if at is None:
        return f"without a date: {subject.label}"
    more = mapping(told.get("additional_info"))
    msid = first_id(
        row.get("recording_msid"), told.get("recording_msid"), more.get("recording_msid")
    )
    which = msid or f"{subject.artist}\t{subject.title}\t{subject.album}"
    return Entry(Facet.HISTORY, subject, f"{int(at.timestamp())}\t{which}", at)


def love(
    row: Mapping[str, Any], subjects: Mapping[str, Subject] | None = None
) -> Entry | str | None:
    """One recording that is loved or hated; None for neither, or a few words on why it is none.

    `subjects` knows recordings by their ids (MusicBrainz' or ListenBrainz' own) where the row says
    no more than those.
    """
    score = whole_number(row.get("score"))
    if score == 0:
        return None
    mbid, msid = first_id(row.get("recording_mbid")), first_id(row.get("recording_msid"))
    which = mbid or msid
    if score not in (1, -1) or not which:
        return "not a loved or hated recording"
    subject = _subject(mapping(row.get("track_metadata")), mbid)
    if subject is None and subjects is not None:
        subject = subjects.get(mbid) or subjects.get(msid)
        if subject is not None and mbid:
            subject = replace(subject, music_ids=replace(subject.music_ids, recording_mbid=mbid))
    if subject is None:
        if not mbid:
            return f"a recording without a name: {msid}"
        # Its id alone is enough to be matched by.
        subject = Subject(
            SubjectKind.TRACK, f"Recording {mbid}", music_ids=MusicIds(recording_mbid=mbid)
        )
    at = unix_moment(row.get("created"))
    precision = Precision.UNKNOWN if at is None else Precision.SECOND
    return Entry(Facet.LOVED, subject, which, at, precision, loved=score == 1)


def named(row: Mapping[str, Any]) -> tuple[Subject | None, tuple[str, ...]]:
    """What a listen is of (None without names), and every id of the recording."""
    told = mapping(row.get("track_metadata"))
    more, mapped = mapping(told.get("additional_info")), mapping(told.get("mbid_mapping"))
    ids = (
        *(one.get("recording_msid") for one in (row, told, more)),
        *(one.get("recording_mbid") for one in (more, mapped)),
    )
    return _subject(told), tuple(filter(None, map(first_id, ids)))


def first_id(*values: object) -> str:
    """The first of `values` that is a UUID, as such; "" for none."""
    for value in values:
        found = payload.mbid(value) if isinstance(value, str) else None
        if found is not None:
            return found
    return ""


def _subject(told: Mapping[str, Any], mbid: str = "") -> Subject | None:
    artist, title = name(told.get("artist_name")), name(told.get("track_name"))
    if not (artist and title):
        return None
    more = mapping(told.get("additional_info"))
    duration_ms = whole_number(more.get("duration_ms"))
    if duration_ms is None:
        duration_ms = (whole_number(more.get("duration")) or 0) * 1000
    artists = more.get("artist_mbids")
    # What it maps a listen to is its guess by these very names, and no identity.
    ids = MusicIds(
        recording_mbid=mbid or first_id(more.get("recording_mbid")) or None,
        track_mbid=first_id(more.get("track_mbid")) or None,
        release_mbid=first_id(more.get("release_mbid")) or None,
        artist_mbids=tuple(filter(None, map(first_id, artists[:_MOST_ARTISTS])))
        if isinstance(artists, list)
        else (),
    )
    return Subject(
        SubjectKind.TRACK,
        title,
        artist=artist,
        album=name(told.get("release_name")),
        music_ids=ids,
        duration_s=duration_ms / 1000 if 0 < duration_ms <= payload.LONGEST_DURATION_MS else None,
    )
