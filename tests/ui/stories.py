"""Plays with a story, as the tracker tells them of frames."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.media import Item
from revenge_companion.core.playback import EventType, PlaybackEvent, PlayState
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.reasons import Reason
from revenge_companion.core.session import SessionTracker
from revenge_companion.core.status import DestinationFate, PlayRecord
from revenge_companion.core.thresholds import Rules, Thresholds
from tests.ui.fake_engine import DUNE, NOW, SEVERANCE, WORDS, play

RULES = Rules(Thresholds(), {"0.9": Thresholds().with_video_ratio(0.9)})
_BEGAN_S = 1000.0


class Told:
    """One play, frame by frame; seconds are since its start."""

    def __init__(self, item: Item, began_before: timedelta) -> None:
        self._item, self._began = item, NOW - began_before
        self._tracker = SessionTracker(RULES)
        self._number = 0
        self.update: PlayUpdate | None = None

    def say(self, what: EventType, at_s: float, position_s: float, *, rate: float = 1.0) -> None:
        state = PlayState.PAUSED if what is EventType.PAUSED else PlayState.PLAYING
        self._number += 1
        event = PlaybackEvent(
            f"e{self._number}",
            what,
            self._began + timedelta(seconds=at_s),
            _BEGAN_S + at_s,
            "s",
            self._item,
            state,
            position_s,
            rate=rate,
        )
        for decision in (*self._tracker.tick(event.at_s), *self._tracker.feed(event)):
            self.update = decision.update

    def play(self, at_s: float, position_s: float, seconds: float) -> None:
        """Frames every 10 s, from where the last one was."""
        for after in range(10, int(seconds) + 1, 10):
            self.say(EventType.PROGRESS, at_s + after, position_s + after)

    def lose(self) -> None:
        self._tracker.disconnected()

    def restart(self, at_s: float) -> None:
        assert self.update is not None
        self._tracker = SessionTracker(RULES)
        at = self._began + timedelta(seconds=at_s)
        self._tracker.restore([self.update.snapshot], at_s=_BEGAN_S + at_s, at=at)

    def record(self, number: int, *destinations: DestinationFate) -> PlayRecord:
        update = self.update
        assert update is not None
        made = play(
            number,
            self._item,
            started_at=update.started_at,
            ended_at=update.ended_at,
            counted_at=update.counted_at,
            played_s=update.played_s,
            position_s=update.position_s,
            reason_code=update.reason_code,
            facts=dict(update.facts),
            destinations=destinations,
            open=update.ended_at is None,
        )
        return replace(made, moments_text=json.dumps(json.loads(update.snapshot)["moments"]))


def plain_film() -> PlayRecord:
    """Played through; one destination has it, one has been tried four times."""
    told = Told(DUNE, timedelta(hours=3))
    told.say(EventType.STARTED, 0.0, 0.0)
    told.play(0.0, 0.0, 9950.0)
    told.say(EventType.COMPLETED, 9960.0, 9960.0)
    counted = NOW - timedelta(minutes=47)
    return told.record(
        1,
        DestinationFate(
            1, "trakt", "anna", DeliveryState.DELIVERED, "", "", 1, counted + timedelta(seconds=2)
        ),
        DestinationFate(
            2,
            "simkl",
            "anna",
            DeliveryState.PENDING,
            Reason.SERVICE_DOWN,
            "Bad gateway",
            4,
            NOW - timedelta(minutes=3),
            NOW + timedelta(minutes=4),
        ),
    )


def eventful_film() -> PlayRecord:
    """With two pauses, a jump, a restart, a silence, and another rate towards its end."""
    told = Told(DUNE, timedelta(hours=4))
    told.say(EventType.STARTED, 0.0, 0.0)
    told.play(0.0, 0.0, 1570.0)
    told.say(EventType.PAUSED, 1575.0, 1575.0)
    told.say(EventType.RESUMED, 2300.0, 1575.0)
    told.say(EventType.SEEKED, 2301.0, 1860.0)
    told.play(2301.0, 1860.0, 2400.0)
    told.restart(4720.0)
    told.play(4720.0, 4279.0, 600.0)
    told.say(EventType.PAUSED, 5330.0, 4889.0)
    told.say(EventType.RESUMED, 9800.0, 4889.0)
    told.play(9800.0, 4889.0, 1000.0)
    told.lose()
    told.say(EventType.PROGRESS, 11300.0, 6389.0)
    told.play(11300.0, 6389.0, 1800.0)
    told.say(EventType.PROGRESS, 13110.0, 8199.0, rate=1.5)
    told.say(EventType.PROGRESS, 13120.0, 8214.0, rate=1.5)
    told.say(EventType.STOPPED, 13130.0, 8229.0, rate=1.5)
    return told.record(
        2,
        DestinationFate(1, "trakt", "anna", DeliveryState.DELIVERED, "", "", 1, NOW),
        DestinationFate(
            2, "simkl", "anna", DeliveryState.PARKED, Reason.NOT_FOUND, "Movie not found.", 1, NOW
        ),
    )


def short_track() -> PlayRecord:
    """Skipped through and stopped before it counted."""
    told = Told(WORDS, timedelta(minutes=20))
    told.say(EventType.STARTED, 0.0, 0.0)
    told.play(0.0, 0.0, 50.0)
    told.say(EventType.SEEKED, 55.0, 250.0)
    told.play(55.0, 250.0, 60.0)
    told.say(EventType.STOPPED, 120.0, 315.0)
    return told.record(3)


def old_play() -> PlayRecord:
    """From before moments were noted."""
    return play(4, SEVERANCE)


def restless() -> PlayRecord:
    """With more moments than are kept."""
    told = Told(DUNE, timedelta(hours=3))
    told.say(EventType.STARTED, 0.0, 0.0)
    for number in range(40):
        told.play(100.0 * number, 50.0 * number, 40.0)
        told.say(EventType.PAUSED, 100.0 * number + 50.0, 50.0 * (number + 1))
        told.say(EventType.RESUMED, 100.0 * number + 100.0, 50.0 * (number + 1))
    told.say(EventType.STOPPED, 4020.0, 2020.0)
    return told.record(5)


def playing_now() -> PlayRecord:
    """Goes on, and has not counted."""
    told = Told(DUNE, timedelta(minutes=45))
    told.say(EventType.STARTED, 0.0, 0.0)
    told.play(0.0, 0.0, 600.0)
    told.say(EventType.PAUSED, 610.0, 610.0)
    told.say(EventType.RESUMED, 900.0, 610.0)
    told.play(900.0, 610.0, 1780.0)
    return told.record(6)


STORIES: Sequence[tuple[str, PlayRecord]] = (
    ("plain", plain_film()),
    ("eventful", eventful_film()),
    ("not-counted", short_track()),
    ("old", old_play()),
    ("restless", restless()),
    ("playing", playing_now()),
)
