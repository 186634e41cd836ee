"""What entries are about as the database keeps it: compact texts, their digests, hashed keys."""

import json
from datetime import datetime
from hashlib import blake2b
from json.encoder import encode_basestring as _quoted
from typing import Any
from zlib import crc32

from revenge_companion.core.library import Entry, Facet, Precision, Subject, SubjectKind, keys
from revenge_companion.core.lines import Line
from revenge_companion.core.media import Ids, MusicIds, Series
from revenge_companion.core.profiles import FIRST
from revenge_companion.store.payload import compact, maybe_micros, maybe_moment, plain

_KINDS = {kind.value: kind for kind in SubjectKind}
_PRECISIONS = {one.value: one for one in Precision}
_FACETS = {facet.value: facet for facet in Facet}
_NO_IDS, _NO_MUSIC = Ids(), Subject(SubjectKind.MOVIE, "").music_ids
_MUSIC = ("recording_mbid", "track_mbid", "release_mbid", "artist_mbids")

#: The columns that hold an entry, in `library_entry` and `import_entry` alike.
ENTRY_COLUMNS = (
    "facet, line, at_us, precision, plays, rating, steps, loved, list_name, note, removed"
)
#: Of a row `e` of `library_entry`, what `line_from` reads.
LINE_COLUMNS = (
    "e.source, e.line, e.at_us, e.precision, e.plays, e.rating, e.steps, e.loved, e.list_name, "
    "e.removed, e.preferred"
)


def subject_text(subject: Subject) -> str:
    """`subject` without its media id as compact JSON; what is not known is left out."""
    # Every value by hand: long imports spend a good part of their time here. Digests are made
    # of this text, so that it has to stay what it is.
    parts = [f'"kind":"{subject.kind}","title":{_quoted(subject.title)}']
    if subject.year is not None:
        parts.append(f'"year":{subject.year}')
    if subject.season_number is not None:
        parts.append(f'"season_number":{subject.season_number}')
    if subject.episode_number is not None:
        parts.append(f'"episode_number":{subject.episode_number}')
    if subject.artist:
        parts.append(f'"artist":{_quoted(subject.artist)}')
    if subject.album:
        parts.append(f'"album":{_quoted(subject.album)}')
    if subject.authors:
        parts.append(f'"authors":[{",".join(map(_quoted, subject.authors))}]')
    if subject.refs:
        refs = [f"[{_quoted(name)},{_quoted(value)}]" for name, value in subject.refs]
        parts.append(f'"refs":[{",".join(refs)}]')
    if subject.duration_s is not None:
        parts.append(f'"duration_s":{json.dumps(subject.duration_s)}')
    if ids := _ids(subject.ids):
        parts.append(ids)
    series = subject.series
    if series is not None:
        year = "" if series.year is None else f',"year":{series.year}'
        ids = _ids(series.ids)
        of = f'"title":{_quoted(series.title)}{year}{"," if ids else ""}{ids}'
        parts.append(f'"series":{{{of}}}')
    music = subject.music_ids
    if music is not _NO_MUSIC:
        found = {name: value for name in _MUSIC if (value := getattr(music, name))}
        if found:
            parts.append(f'"music_ids":{compact(found)}')
    text = f"{{{','.join(parts)}}}"
    # Half a character is written as an escape, as `compact` does.
    return text if plain(text) == text else compact(json.loads(text))


def subject_from(text: str, media_id: str = "") -> Subject:
    """The subject that `subject_text` wrote."""
    values: dict[str, Any] = json.loads(text)
    values["kind"] = _KINDS[values["kind"]]
    if "ids" in values:
        values["ids"] = Ids(**values["ids"])
    if "series" in values:
        of = values["series"]
        ids = Ids(**of["ids"]) if "ids" in of else _NO_IDS
        values["series"] = Series(of["title"], of.get("year"), ids)
    if "music_ids" in values:
        music = values["music_ids"]
        artists = tuple(music.pop("artist_mbids", ()))
        values["music_ids"] = MusicIds(**music, artist_mbids=artists)
    if "refs" in values:
        values["refs"] = tuple((name, value) for name, value in values["refs"])
    if "authors" in values:
        values["authors"] = tuple(values["authors"])
    return Subject(**values, media_id=media_id)


def _ids(ids: Ids) -> str:
    """The member "ids" of an object, "" for none."""
    found = []
    if ids.tmdb is not None:
        found.append(f'"tmdb":{ids.tmdb}')
    if ids.imdb is not None:
        found.append(f'"imdb":{_quoted(ids.imdb)}')
    if ids.tvdb is not None:
        found.append(f'"tvdb":{ids.tvdb}')
    return f'"ids":{{{",".join(found)}}}' if found else ""


def digest(text: str, profile: int) -> bytes:
    """What two texts share only where they are the same, and of the same profile."""
    return blake2b(_of(profile, text).encode(), digest_size=16).digest()


def key_hash(key: str, profile: int) -> int:
    """A profile's key of `core.library.keys` as a number of 32 bits, which two keys may share."""
    return crc32(_of(profile, key).encode("utf-8", "replace"))


def _of(profile: int, text: str) -> str:
    """The first profile's are as they were before there were several."""
    return text if profile == FIRST else f"{profile}|{text}"


def item_keys(subject: Subject, media_id: str) -> tuple[str, ...]:
    """The keys of a subject, with one for the server's item where it is known."""
    own = keys(subject)
    return own if not media_id else (*own, media_key(media_id))


def media_key(media_id: str) -> str:
    return f"media:{media_id}"


def search_text(subject: Subject, label: str) -> str:
    """What a search looks in, without case; `label` is the subject's."""
    series = subject.series
    texts = (
        label,
        subject.title,
        "" if series is None else series.title,
        subject.album,
        *subject.authors[1:],
    )
    said = "\n".join(dict.fromkeys(text for text in texts if text)).casefold()
    return plain(said)


def entry_row(entry: Entry) -> tuple[Any, ...]:
    """The values of `ENTRY_COLUMNS`."""
    return (
        str(entry.facet),
        plain(entry.line),
        maybe_micros(entry.at),
        str(entry.precision),
        entry.plays,
        entry.rating,
        entry.steps,
        int(entry.loved),
        # Empty in most lines, of which there are many.
        plain(entry.list_name) if entry.list_name else "",
        plain(entry.note) if entry.note else "",
        int(entry.removed),
    )


def entry_from(row: tuple[Any, ...], subject: Subject) -> Entry:
    """The entry in values of `ENTRY_COLUMNS`."""
    return Entry(
        facet=_FACETS[row[0]],
        subject=subject,
        line=row[1],
        at=maybe_moment(row[2]),
        precision=_PRECISIONS[row[3]],
        plays=row[4],
        rating=row[5],
        steps=row[6],
        loved=bool(row[7]),
        list_name=row[8],
        note=row[9],
        removed=bool(row[10]),
    )


def line_from(row: tuple[Any, ...], note: str = "") -> Line:
    """The line in values of `LINE_COLUMNS`."""
    at: datetime | None = maybe_moment(row[2])
    return Line(
        row[0], row[1], at, _PRECISIONS[row[3]], row[4], row[5], row[6], bool(row[7]), row[8],
        bool(row[9]), row[10], note,
    )  # fmt: skip
