"""An item kept private: for as long as it goes on, whoever tells of it."""

from datetime import datetime, timedelta

import pytest

from revenge_companion.core.media import Item, Kind
from revenge_companion.core.playback import EventType, PlaybackEvent, PlayState
from revenge_companion.core.private import PrivateItems
from tests.clock import START

MINUTE = timedelta(minutes=1)


def an_event(at: datetime, *, item: str = "film", session: str = "s1") -> PlaybackEvent:
    return PlaybackEvent(
        "", EventType.PROGRESS, at, 0.0, session, Item(Kind.MOVIE, item, "Secret"),
        PlayState.PLAYING, 1.0,
    )  # fmt: skip


def private() -> PrivateItems:
    items = PrivateItems()
    items.add("s1", "film", START - 10 * MINUTE, START)
    return items


@pytest.mark.parametrize(
    ("event", "covered"),
    [
        (an_event(START + MINUTE), True),
        (an_event(START + timedelta(hours=23)), True),
        (an_event(START + timedelta(hours=25)), False),
        (an_event(START + MINUTE, item="other"), False),
        (an_event(START + MINUTE, session="history"), True),
        (an_event(START + 16 * MINUTE, session="history"), False),
        (an_event(START - 5 * MINUTE, session="history"), True),
        (an_event(START - 11 * MINUTE, session="history"), False),
    ],
)
def test_an_item_is_private_while_it_goes_on(event: PlaybackEvent, covered: bool) -> None:
    assert private().covers(event) is covered
    assert PrivateItems(private().text()).covers(event) is covered


def test_frames_of_the_play_keep_it_private() -> None:
    items = private()
    for minute in range(0, 120, 1):
        assert items.covers(an_event(START + minute * MINUTE))
    assert items.covers(an_event(START + 125 * MINUTE, session="history"))


def test_what_is_kept_names_nothing() -> None:
    assert "film" not in private().text()
    assert "s1" not in private().text()


@pytest.mark.parametrize("text", ["", "{", "[1]", '[["a","b","c","d"]]', "5", '[["a","b"]]'])
def test_a_note_that_cannot_be_read_is_none(text: str) -> None:
    assert not PrivateItems(text).covers(an_event(START))


def test_the_oldest_items_go_first() -> None:
    items = private()
    for number in range(100):
        items.add("s1", f"m{number}", START, START)
    assert not items.covers(an_event(START))
    assert items.covers(an_event(START, item="m99"))
