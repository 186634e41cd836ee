"""Scrobbles and plays that name only what a test is about."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from revenge_companion.core.media import Ids, Item, Kind, MusicIds, Series
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.scrobble import Scrobble
from tests.clock import START

TRACK = Item(
    kind=Kind.TRACK,
    media_id="m-track",
    title="Wörds",
    duration_s=345.0,
    artist="Low",
    artists=("Low",),
    album="I Could Live in Hope",
    music_ids=MusicIds(recording_mbid="r", artist_mbids=("a", "b")),
    library_id="music",
)
EPISODE = Item(
    kind=Kind.EPISODE,
    media_id="m-episode",
    title="Hello, Ms. Cobel",
    ids=Ids(tmdb=1, imdb="tt1"),
    duration_s=3000.0,
    series=Series("Severance", 2022, Ids(tvdb=371980)),
    season_number=2,
    episode_number=1,
)


def a_scrobble(key: str = "k1", *, minute: int = 0, **changes: Any) -> Scrobble:
    """A track that began `minute` minutes after the start of time and counted 3 minutes on."""
    began = START + timedelta(minutes=minute)
    scrobble = Scrobble(
        key=key,
        item=TRACK,
        started_at=began,
        counted_at=began + timedelta(seconds=180),
        played_s=180.5,
        position_s=181.0,
        progress_pct=52.3,
        device_name="Living room",
    )
    return replace(scrobble, **changes)


def a_play(key: str = "p1", **changes: Any) -> PlayUpdate:
    """A track that is playing."""
    play = PlayUpdate(
        play_key=key,
        item=TRACK,
        device_name="Living room",
        started_at=START,
        ended_at=None,
        counted_at=None,
        played_s=12.5,
        position_s=13.0,
        reason_code="playing",
        facts={"percent": 4},
        snapshot='{"v":1}',
    )
    return replace(play, **changes)
