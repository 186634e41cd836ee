from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.media import Item, MusicIds
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.store.payload import (
    item_from_text,
    item_text,
    micros,
    moment,
    plain,
    scrobble_from,
    scrobble_text,
)
from tests.unit.store.builders import TRACK

TIMES = st.datetimes(timezones=st.just(UTC))
FINITE = st.floats(allow_nan=False, allow_infinity=False)
# A lone surrogate is text in Python and in JSON, but not in UTF-8.
TEXTS = st.text() | st.just("half \ud800")
st.register_type_strategy(str, TEXTS)
ITEMS = st.from_type(Item).filter(lambda item: item.duration_s == item.duration_s)


@given(TIMES)
def test_a_moment_comes_back_to_the_microsecond(time: datetime) -> None:
    assert moment(micros(time)) == time


def test_an_empty_id_comes_back_as_it_was() -> None:
    item = replace(TRACK, music_ids=MusicIds(release_mbid=""))
    assert item_from_text(item_text(item)) == item


@given(ITEMS)
def test_every_item_comes_back(item: Item) -> None:
    text = item_text(item)
    text.encode()
    assert item_from_text(text) == item


@given(ITEMS, FINITE, FINITE, FINITE, TEXTS, TIMES, TIMES)
def test_every_scrobble_comes_back(
    item: Item, played: float, position: float, percent: float, device: str,
    started: datetime, counted: datetime,
) -> None:  # fmt: skip
    scrobble = Scrobble("k", item, started, counted, played, position, percent, device, "0.9")
    text = scrobble_text(scrobble)
    assert scrobble_from("k", "0.9", micros(started), micros(counted), text) == scrobble


def test_the_text_is_compact() -> None:
    assert item_text(TRACK).startswith('{"kind":"track","media_id":"m-track","title":"Wörds",')
    assert "null" not in item_text(TRACK)


@given(TEXTS)
def test_plain_text_can_be_written(text: str) -> None:
    assert plain(text).encode().decode() in (text, text.replace("\ud800", "?"))
