"""Reading frames: tables of what the protocol allows, and that nothing at all makes it raise."""

import copy
import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.media import Ids, Kind, MusicIds, Series
from revenge_companion.core.playback import Device, EventType, PlaybackEvent, PlayState, Source
from revenge_companion.revenge.wire import (
    FRAME_LIMIT,
    Control,
    Hint,
    Skip,
    Skipped,
    frame_user,
    read_envelope,
    read_frame,
)

NOW = datetime(2026, 11, 20, 20, 15, 31, tzinfo=UTC)
USER = "0198aaaa-0000-7000-8000-00000000000a"

EPISODE: dict[str, Any] = {
    "type": "playback.progress",
    "id": "0198bbbb-0000-7000-8000-00000000000b",
    "timestamp": "2026-11-20T20:15:30.250Z",
    "data": {
        "session_id": "session-1",
        "user_id": USER,
        "device": {"id": "tv", "name": "Living room TV", "client": "Revenge Android TV"},
        "media_type": "episode",
        "media_id": "episode-1",
        "library_id": "library-1",
        "state": "playing",
        "position_seconds": 1234.5,
        "duration_seconds": 2700.0,
        "playback_rate": 1.25,
        "media": {
            "title": "…And the Bag's in the River",
            "year": 2008,
            "ids": {"tmdb": 62087, "imdb": "tt1054724", "tvdb": None},
            "series": {"title": "Breaking Bad", "year": 2008, "ids": {"tmdb": 1396, "tvdb": 81189}},
            "season_number": 1,
            "episode_number": 3,
            "episode_number_end": None,
        },
    },
}


def read(envelope: object, **changes: Any) -> Any:
    """What reading `envelope` gives, with `changes` made to its data (None takes one away)."""
    if changes:
        envelope = copy.deepcopy(envelope)
        for key, value in changes.items():
            envelope["data"][key] = value  # type: ignore[index]
    return read_frame(json.dumps(envelope), at_s=7.5, now=NOW, user_id=USER)


def test_a_whole_frame_is_read() -> None:
    event = read(EPISODE)
    assert event == PlaybackEvent(
        id="0198bbbb-0000-7000-8000-00000000000b",
        type=EventType.PROGRESS,
        at=datetime(2026, 11, 20, 20, 15, 30, 250_000, tzinfo=UTC),
        at_s=7.5,
        session_id="session-1",
        item=event.item,
        state=PlayState.PLAYING,
        position_s=1234.5,
        rate=1.25,
        device=Device("tv", "Living room TV", "Revenge Android TV"),
        source=Source.WEBSOCKET,
    )
    item = event.item
    assert (item.kind, item.media_id, item.library_id) == (Kind.EPISODE, "episode-1", "library-1")
    assert item.ids == Ids(tmdb=62087, imdb="tt1054724")
    assert item.series == Series("Breaking Bad", 2008, Ids(tmdb=1396, tvdb=81189))
    assert item.label == "Breaking Bad S01E03"
    assert item.duration_s == 2700.0


def test_a_tracks_music_is_read() -> None:
    music = {
        "title": "Words",
        "artist": "Low",
        "artists": ["Low"],
        "album": "I Could Live in Hope",
        "album_artist": "Low",
        "track_number": 1,
        "ids_music": {"recording_mbid": "r", "track_mbid": "t", "artist_mbids": ["a", "", 3]},
    }
    item = read(EPISODE, media_type="track", media=music).item
    assert (item.artist, item.artists, item.album) == ("Low", ("Low",), "I Could Live in Hope")
    assert (item.album_artist, item.track_number) == ("Low", 1)
    assert item.music_ids == MusicIds("r", "t", None, ("a",))


def test_the_first_of_the_artists_stands_in_for_a_missing_artist() -> None:
    assert read(EPISODE, media_type="track", media={"artists": ["A", "B"]}).item.artist == "A"


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_read(kind: Kind) -> None:
    assert read(EPISODE, media_type=str(kind)).item.kind is kind


@pytest.mark.parametrize(
    ("given_keys", "position_s"),
    [
        ({"position_seconds": 5}, 5.0),
        ({"position": 5.5}, 5.5),
        ({"position_ms": 5500}, 5.5),
        ({"position_ticks": 55_000_000}, 5.5),
        ({"position_seconds": None, "position_ms": 2000}, 2.0),
        ({"position_seconds": 0}, 0.0),
        ({"position_seconds": 1, "position": 2, "position_ms": 3}, 1.0),
        ({}, None),
        ({"position_seconds": -1}, None),
        ({"position_seconds": "12"}, None),
        ({"position_seconds": True}, None),
        ({"position_seconds": math.nan}, None),
        ({"position_seconds": math.inf}, None),
        ({"position_seconds": 10**400}, None),
        ({"position_seconds": [1]}, None),
    ],
)
def test_positions(given_keys: dict[str, Any], position_s: float | None) -> None:
    frame = copy.deepcopy(EPISODE)
    del frame["data"]["position_seconds"]
    assert read(frame, **given_keys).position_s == position_s


@pytest.mark.parametrize(
    ("given_keys", "duration_s"),
    [
        ({"duration_seconds": 60}, 60.0),
        ({"duration": 60.5}, 60.5),
        ({"duration_ms": 60_500}, 60.5),
        ({"duration_seconds": 0, "duration_ms": 5000}, 5.0),
        ({"duration_seconds": 0}, None),
        ({}, None),
        ({"duration_seconds": -60}, None),
        ({"duration_seconds": math.nan}, None),
        ({"duration_seconds": -math.inf}, None),
        ({"duration_seconds": "60"}, None),
        ({"duration_seconds": {}}, None),
        ({"duration_seconds": 10**400}, None),
    ],
)
def test_a_duration_that_is_none_is_unknown(
    given_keys: dict[str, Any], duration_s: float | None
) -> None:
    frame = copy.deepcopy(EPISODE)
    del frame["data"]["duration_seconds"]
    assert read(frame, **given_keys).item.duration_s == duration_s


@pytest.mark.parametrize(
    ("rate", "understood"),
    [(1, 1.0), (2.0, 2.0), (0.5, 0.5), (16, 16.0), (17, 1.0), (0, 1.0), (-1, 1.0), (None, 1.0),
     (math.nan, 1.0), (math.inf, 1.0), ("2", 1.0), (True, 1.0), (10**400, 1.0)],
)  # fmt: skip
def test_rates_that_cannot_be_are_one(rate: object, understood: float) -> None:
    assert read(EPISODE, playback_rate=rate).rate == understood


@pytest.mark.parametrize(
    ("timestamp", "at"),
    [
        ("2026-11-20T20:15:30Z", datetime(2026, 11, 20, 20, 15, 30, tzinfo=UTC)),
        ("2026-11-20t20:15:30z", datetime(2026, 11, 20, 20, 15, 30, tzinfo=UTC)),
        ("2026-11-20T21:15:30+01:00", datetime(2026, 11, 20, 20, 15, 30, tzinfo=UTC)),
        ("2026-11-20T14:45:30-05:30", datetime(2026, 11, 20, 20, 15, 30, tzinfo=UTC)),
        ("2026-11-20T20:15:30.1Z", datetime(2026, 11, 20, 20, 15, 30, 100_000, tzinfo=UTC)),
        ("2026-11-20T20:15:30.123456789Z", datetime(2026, 11, 20, 20, 15, 30, 123456, tzinfo=UTC)),
        ("2019-01-01T00:00:00Z", datetime(2019, 1, 1, tzinfo=UTC)),
        ("2026-11-20T20:20:00Z", datetime(2026, 11, 20, 20, 20, tzinfo=UTC)),
        ("2026-11-20T20:20:32Z", NOW),
        ("9999-12-31T23:59:59-12:00", NOW),
        ("0001-01-01T00:00:00Z", NOW),
        ("0001-01-01T00:00:00+12:00", NOW),
        ("2026-11-20T20:15:30", NOW),
        ("2026-11-20", NOW),
        ("2026-11-20T20:15:61Z", NOW),
        ("yesterday", NOW),
        ("", NOW),
        (None, NOW),
        (1_795_000_000, NOW),
        ({}, NOW),
    ],
)
def test_the_servers_time_is_kept_unless_it_cannot_be(timestamp: object, at: datetime) -> None:
    event = read(EPISODE | {"timestamp": timestamp})
    assert event.at == at
    assert event.at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("kind", "said", "state"),
    [
        ("started", None, PlayState.PLAYING),
        ("started", "paused", PlayState.PAUSED),
        ("progress", None, PlayState.PLAYING),
        ("progress", "paused", PlayState.PAUSED),
        ("progress", "PAUSED", PlayState.PAUSED),
        ("progress", "buffering", PlayState.PLAYING),
        ("progress", 3, PlayState.PLAYING),
        ("seeked", "paused", PlayState.PAUSED),
        ("paused", "playing", PlayState.PAUSED),
        ("resumed", "paused", PlayState.PLAYING),
        ("stopped", "playing", PlayState.STOPPED),
        ("completed", None, PlayState.STOPPED),
    ],
)
def test_the_state_comes_from_the_frame_unless_its_type_says_it(
    kind: str, said: object, state: PlayState
) -> None:
    assert read(EPISODE | {"type": f"playback.{kind}"}, state=said).state is state


def test_a_seek_knows_where_it_came_from() -> None:
    frame = EPISODE | {"type": "playback.seeked"}
    assert read(frame, from_position_seconds=10).from_position_s == 10.0
    assert read(frame, from_position_seconds="10").from_position_s is None


@pytest.mark.parametrize(
    ("envelope", "code"),
    [
        (EPISODE | {"type": ""}, Skip.NO_TYPE),
        (EPISODE | {"type": None}, Skip.NO_TYPE),
        (EPISODE | {"type": ["playback.progress"]}, Skip.NO_TYPE),
        ({}, Skip.NO_TYPE),
        ([], Skip.NO_TYPE),
        (None, Skip.NO_TYPE),
        (3, Skip.NO_TYPE),
        (EPISODE | {"type": "playback.unheard_of"}, Skip.UNKNOWN_TYPE),
        (EPISODE | {"type": "library.scan_started"}, Skip.UNKNOWN_TYPE),
        (EPISODE | {"data": []}, Skip.BAD_SHAPE),
        (EPISODE | {"data": "x"}, Skip.BAD_SHAPE),
        (EPISODE | {"data": None}, Skip.OTHER_USER),
        ({"type": "playback.started"}, Skip.OTHER_USER),
    ],
)
def test_frames_that_are_none_are_skipped(envelope: object, code: Skip) -> None:
    assert read(envelope) == Skipped(code)


@pytest.mark.parametrize(
    "changes",
    [
        {"media_id": None},
        {"media_id": ""},
        {"media_id": 5},
        {"media_id": []},
        {"media_type": None},
        {"media_type": "photo"},
        {"media_type": []},
        {"media_type": {}},
    ],
)
def test_an_event_without_a_known_item_is_skipped(changes: dict[str, Any]) -> None:
    assert read(EPISODE, **changes) == Skipped(Skip.BAD_SHAPE)


@pytest.mark.parametrize("user", ["", None, "someone", [], {}, 0, True, f"{USER} "])
def test_what_is_not_surely_ours_is_dropped(user: object) -> None:
    assert read(EPISODE, user_id=user) == Skipped(Skip.OTHER_USER)


def test_two_users_in_one_frame_have_to_agree() -> None:
    assert read(EPISODE | {"user_id": "someone"}) == Skipped(Skip.OTHER_USER)
    assert isinstance(read(EPISODE | {"user_id": USER.upper()}), PlaybackEvent)


def test_without_a_user_of_our_own_nothing_is_ours() -> None:
    frame = json.dumps(EPISODE | {"data": EPISODE["data"] | {"user_id": ""}})
    for text in (frame, json.dumps(EPISODE)):
        read_it = read_frame(text, at_s=0.0, now=NOW, user_id="")
        assert read_it == Skipped(Skip.OTHER_USER)


def test_the_other_envelope_of_todays_server_is_read() -> None:
    event = read(
        {
            "type": "playback.stopped",
            "user_id": USER,
            "target_id": "movie-1",
            "data": {"content_type": "movie", "position": 60, "duration": 120},
        }
    )
    assert (event.item.media_id, event.item.kind) == ("movie-1", Kind.MOVIE)
    assert (event.position_s, event.item.duration_s, event.item.title) == (60.0, 120.0, "")
    assert event.id == ""


def test_the_other_names_of_the_same_things_are_read() -> None:
    media = dict(EPISODE["data"]["media"])
    media["tvshow"] = media.pop("series")
    data = EPISODE["data"] | {"content_id": "c", "content_type": "episode", "media": media}
    del data["media_id"], data["media_type"]
    item = read(EPISODE | {"data": data}).item
    assert (item.media_id, item.kind) == ("c", Kind.EPISODE)
    assert item.series is not None
    assert item.series.title == "Breaking Bad"


def test_a_missing_session_is_made_of_device_and_item() -> None:
    assert read(EPISODE, session_id=None).session_id == "tv/episode-1"
    assert read(EPISODE, session_id=7, device=None).session_id == "episode-1"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("year", 0), ("year", 10_000), ("year", "2008"), ("year", True), ("year", 2008.5),
        ("season_number", -1), ("episode_number", 10**300), ("track_number", "4"),
        ("artist", {}), ("artists", {"a": 1}), ("album", []), ("show", 5), ("series", "Lost"),
        ("series", {}), ("ids", [1]), ("ids", {"tmdb": "5", "imdb": 5, "tvdb": -1}),
        ("ids", {"tmdb": 10**30, "tvdb": True}), ("ids_music", []),
        ("ids_music", {"artist_mbids": {}}), ("title", None),
    ],
)  # fmt: skip
def test_what_has_the_wrong_shape_is_unknown(field: str, value: object) -> None:
    item = read(EPISODE, media={field: value}).item
    empty = read(EPISODE, media={}).item
    assert item == empty


def test_a_season_of_specials_is_number_zero() -> None:
    item = read(EPISODE, media={"season_number": 0, "episode_number": 4.0}).item
    assert (item.season_number, item.episode_number) == (0, 4)


def test_texts_are_cut_and_can_be_stored() -> None:
    media = {"title": "x" * 5000, "artists": ["a"] * 5000, "album": "half \ud83d a pair"}
    item = read(EPISODE, media=media, session_id="\udc00").item
    assert len(item.title) == 1000
    assert len(item.artists) == 100
    assert item.album == "half ? a pair"
    assert read(EPISODE, session_id="\udc00").session_id == "?"


def test_a_repeated_description_is_read_once_and_a_changed_one_again() -> None:
    first = read(EPISODE, session_id="memo")
    assert read(EPISODE, session_id="memo", position_seconds=1300).item is first.item
    longer = read(EPISODE, session_id="memo", duration_seconds=2800)
    assert longer.item.duration_s == 2800.0
    other = read(EPISODE, session_id="memo", media={"title": "Another"})
    assert other.item.title == "Another"
    assert read(EPISODE, session_id="memo").item == first.item
    moved = read(EPISODE, device={"id": "tv", "name": "Living room TV", "client": "New"})
    assert moved.device.client == "New"


@pytest.mark.parametrize(
    "raw",
    ["", "no", "{", '{"type":', "[" * 200_000, b"\xff\xfe", b"\x80", "NaN{", "1" * 5000, "\x00"],
)
def test_what_is_no_json_is_skipped(raw: str | bytes) -> None:
    assert read_frame(raw, at_s=0.0, now=NOW, user_id=USER) == Skipped(Skip.NOT_JSON)


def test_a_frame_over_the_limit_is_skipped_unread() -> None:
    fits = json.dumps(EPISODE).ljust(FRAME_LIMIT)
    for raw, skipped in (
        (fits, False),
        (fits.encode(), False),
        (fits + " ", True),
        (fits.encode() + b" ", True),
        ('"' + "é" * (FRAME_LIMIT // 2) + '"', True),
    ):
        read_it = read_frame(raw, at_s=0.0, now=NOW, user_id=USER)
        assert (read_it == Skipped(Skip.OVERSIZE)) is skipped


def test_hints_and_control_messages_are_read() -> None:
    assert read({"type": "history.changed", "id": "h", "data": {"media_type": "movie"}}) == Hint(
        "h", "history.changed", "movie", ""
    )
    assert read({"type": "library.scan_done", "data": {"library_type": "tvshow"}}) == Hint(
        "", "library.scan_done", "tvshow", ""
    )
    assert read({"type": "rating.changed", "data": [1]}) == Hint("", "rating.changed")
    assert read({"type": "rating.changed", "data": {"user_id": "someone"}}) == Skipped(
        Skip.OTHER_USER
    )
    assert read({"type": "pong"}) == Control("pong", {})
    assert read({"type": "error", "data": {"code": "UNAUTHORIZED"}}) == Control(
        "error", {"code": "UNAUTHORIZED"}
    )


def test_the_user_of_a_recorded_frame_can_be_asked_for() -> None:
    assert frame_user(EPISODE) == USER
    assert frame_user({"user_id": "u", "data": []}) == "u"
    assert frame_user([1]) == ""


def test_decoded_frames_are_read_like_text() -> None:
    decoded = read_envelope(EPISODE, at_s=7.5, now=NOW, user_id=USER, source=Source.SSE)
    assert isinstance(decoded, PlaybackEvent)
    assert decoded.source is Source.SSE
    assert decoded.item == read(EPISODE).item


def test_the_same_deeply_nested_frame_twice_is_only_skipped_or_read() -> None:
    deep = "[" * 900 + "]" * 900
    raw = json.dumps(EPISODE).replace('{"title"', f'{{"deep": {deep}, "title"')
    for _ in range(2):
        read_it = read_frame(raw, at_s=0.0, now=NOW, user_id=USER)
        assert isinstance(read_it, PlaybackEvent | Skipped)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        [10**400, -(10**400), "\ud800", "0001-01-01T00:00:00+23:59", USER, "playing"]
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _broken(value: Any) -> st.SearchStrategy[Any]:
    """`value` with any part of it replaced by anything."""
    if isinstance(value, dict):
        whole = st.fixed_dictionaries({key: _broken(part) for key, part in value.items()})
        return whole | JSON
    return st.just(value) | JSON


def _check(frame: object) -> None:
    assert isinstance(frame, PlaybackEvent | Hint | Control | Skipped)
    if isinstance(frame, PlaybackEvent):
        assert frame.at.utcoffset() == timedelta(0)
        assert frame.at <= NOW + timedelta(minutes=5)
        assert 0 < frame.rate <= 16
        assert frame.position_s is None or 0 <= frame.position_s < math.inf
        assert frame.item.duration_s is None or 0 < frame.item.duration_s < math.inf
        assert frame.item.media_id
        assert frame.session_id
        for text in (frame.id, frame.session_id, frame.item.media_id, frame.item.title):
            text.encode()


@given(_broken(EPISODE))
def test_no_decoded_frame_makes_reading_raise(envelope: object) -> None:
    _check(read_envelope(envelope, at_s=1.0, now=NOW, user_id=USER))


@given(_broken({"media": EPISODE["data"]["media"], "position_ms": 5, "duration": 9}))
def test_no_media_makes_reading_raise(changes: Any) -> None:
    if isinstance(changes, dict):
        data = EPISODE["data"] | changes
        _check(read_envelope(EPISODE | {"data": data}, at_s=1.0, now=NOW, user_id=USER))


@given(st.text() | st.binary())
def test_no_text_makes_reading_raise(raw: str | bytes) -> None:
    _check(read_frame(raw, at_s=1.0, now=NOW, user_id=USER))
