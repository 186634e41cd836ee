"""What can be edited of a delivery, to what, and when not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import Delivery, DeliveryState
from revenge_companion.core.editing import EDITABLE, edited, values_of
from revenge_companion.core.errors import EditRefused
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.core.media import Ids, Item, Kind, MusicIds, Series
from revenge_companion.core.scrobble import Scrobble, change_scrobble
from tests.clock import START

SONG = Item(
    Kind.TRACK, "m1", "Wrods", artist="Low", artists=("Low",), album="Hope", duration_s=300.0,
    music_ids=MusicIds("r", "t", "l", ("a",)),
)  # fmt: skip
EPISODE = Item(
    Kind.EPISODE, "m2", "Pilot", ids=Ids(tvdb=5), series=Series("Severance", 2022, Ids(tmdb=9)),
    season_number=1, episode_number=1,
)  # fmt: skip
FILM = Item(Kind.MOVIE, "m3", "Dune", 2021, Ids(tmdb=1))
NOW = START + timedelta(hours=1)
MBID = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"


def a_row(item: Item = SONG, state: DeliveryState = DeliveryState.PENDING) -> Delivery:
    scrobble = Scrobble("k", item, START, START + timedelta(seconds=180), 180.0, 180.0, 60.0)
    return Delivery(1, 1, scrobble, state)


@pytest.mark.parametrize("item", [SONG, EPISODE, FILM])
def test_saving_what_was_shown_changes_nothing(item: Item) -> None:
    row = a_row(item)
    assert edited(row, values_of(row.scrobble), NOW) == row.scrobble


@pytest.mark.parametrize(
    ("item", "changes", "after"),
    [
        (FILM, {"title": " Dune: Part One "}, replace(FILM, title="Dune: Part One")),
        (FILM, {"year": "1984"}, replace(FILM, year=1984)),
        (FILM, {"year": ""}, replace(FILM, year=None)),
        (
            FILM,
            {"tmdb": "", "imdb": "tt0087182"},
            replace(FILM, ids=Ids(imdb="tt0087182")),
        ),
        (EPISODE, {"episode": "2"}, replace(EPISODE, episode_number=2)),
        (EPISODE, {"season": "0"}, replace(EPISODE, season_number=0)),
        (
            EPISODE,
            {"series": "Sev", "series_tvdb": "371980"},
            replace(EPISODE, series=Series("Sev", 2022, Ids(tmdb=9, tvdb=371980))),
        ),
        (
            SONG,
            {"album": ""},
            replace(SONG, album=None, music_ids=MusicIds("r", None, None, ("a",))),
        ),
        (SONG, {"track_number": "7"}, replace(SONG, track_number=7)),
        (
            SONG,
            {"recording_mbid": MBID.upper(), "title": "Words"},
            replace(SONG, title="Words", music_ids=MusicIds(MBID, None, "l", ("a",))),
        ),
    ],
)
def test_an_edit_changes_what_it_names(item: Item, changes: dict[str, str], after: Item) -> None:
    row = a_row(item)
    assert edited(row, changes, NOW) == replace(row.scrobble, item=after)


def test_another_date_moves_start_and_end_together() -> None:
    row = a_row()
    later = edited(row, {"date": (START - timedelta(days=3)).isoformat()}, NOW)
    assert later.started_at == START - timedelta(days=3)
    assert later.counted_at - later.started_at == timedelta(seconds=180)
    assert later.key == row.scrobble.key


@pytest.mark.parametrize(
    ("item", "changes", "says"),
    [
        (SONG, {"title": " "}, "Title cannot be empty"),
        (SONG, {"artist": ""}, "Artist cannot be empty"),
        (SONG, {"title": "x" * 501}, "too long"),
        (SONG, {"title": "\ud800"}, "cannot be stored"),
        (SONG, {"mood": "good"}, "'mood' cannot be changed"),
        (FILM, {"artist": "Low"}, "'artist' cannot be changed"),
        (SONG, {"track_number": "0"}, "from 1 to 10000"),
        (SONG, {"track_number": "\u0663"}, "whole number"),
        (SONG, {"recording_mbid": "abc"}, "MusicBrainz id"),
        (EPISODE, {"episode": ""}, "Episode cannot be empty"),
        (EPISODE, {"imdb": "5"}, "IMDb id looks"),
        (EPISODE, {"series_tmdb": "-1"}, "TMDB has to be"),
        (FILM, {"date": "yesterday"}, "A date looks like"),
        (FILM, {"date": "2026-03-01T20:00:00"}, "time zone"),
        (FILM, {"date": "2001-12-31T23:59:59+00:00"}, "from 2002 until now"),
        (FILM, {"date": "2026-03-01T21:00:01+00:00"}, "from 2002 until now"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    item: Item, changes: dict[str, str], says: str
) -> None:
    with pytest.raises(EditRefused, match=says):
        edited(a_row(item), changes, NOW)


@pytest.mark.parametrize("state", DeliveryState)
@pytest.mark.parametrize("unsure", [False, True])
def test_only_what_cannot_have_arrived_is_edited(state: DeliveryState, unsure: bool) -> None:
    row = replace(a_row(state=state), unsure=unsure)
    if state in EDITABLE and not unsure:
        assert edited(row, {"title": "Words"}, NOW).item.title == "Words"
    else:
        with pytest.raises(EditRefused, match="may have arrived"):
            edited(row, {"title": "Words"}, NOW)


@given(st.dictionaries(st.sampled_from(sorted(values_of(a_row(EPISODE).scrobble))), st.text()))
def test_an_edit_is_refused_or_leaves_a_play_that_can_be_sent(changes: dict[str, str]) -> None:
    row = a_row(EPISODE)
    try:
        after = edited(row, changes, NOW)
    except EditRefused:
        return
    assert after.item.title
    assert after.item.series is not None
    assert after.item.series.title
    assert after.started_at <= NOW
    assert after.key == row.scrobble.key


def test_a_rating_is_not_edited_like_a_play() -> None:
    change = Change(Verb.RATE, Subject(SubjectKind.MOVIE, "Dune"), rating=80)
    row = Delivery(1, 1, change_scrobble(change, START), DeliveryState.PENDING)
    with pytest.raises(EditRefused, match="no play"):
        edited(row, {}, NOW)
