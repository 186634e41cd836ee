"""A tracker for each profile: what one plays says nothing about what another does."""

from datetime import timedelta
from itertools import count

import pytest

from revenge_companion.core.accounts import Account, Switches
from revenge_companion.core.decision import Decision
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.playback import Device, EventType, PlaybackEvent, PlayState
from revenge_companion.core.profiles import Places
from revenge_companion.core.reasons import Reason
from revenge_companion.core.settings import Settings
from revenge_companion.core.thresholds import rule_name
from revenge_companion.core.trackers import Trackers
from tests.clock import START

FILM = Item(Kind.MOVIE, "f1", "One Week", duration_s=6000.0)
TELEVISION = Device("d1", "Living room", "Web")
_NUMBERS = count(1)


def frame(at_s: float, position_s: float, *, session: str = "s1") -> PlaybackEvent:
    return PlaybackEvent(
        f"e{next(_NUMBERS)}",
        EventType.PROGRESS if position_s else EventType.STARTED,
        START + timedelta(seconds=at_s),
        at_s,
        session,
        FILM,
        PlayState.PLAYING,
        position_s,
        device=TELEVISION,
    )


def watched(
    trackers: Trackers, start_s: float, first_s: int, last_s: int, *, session: str = "s1"
) -> list[Decision]:
    """Play the film from one position to another, a frame each ten seconds."""
    decisions = []
    for position_s in range(first_s, last_s + 1, 10):
        at_s = start_s + position_s - first_s
        decisions += trackers.tick(at_s)
        decisions += trackers.feed(frame(at_s, float(position_s), session=session))
    return decisions


@pytest.fixture
def trackers() -> Trackers:
    return Trackers(Settings().counting)


def scrobbled(decisions: list[Decision]) -> list[int]:
    return [one.update.profile for one in decisions if one.scrobbles]


def test_a_play_goes_on_where_it_was_when_its_profile_comes_back(trackers: Trackers) -> None:
    decisions = watched(trackers, 0.0, 0, 3000)
    trackers.switch(2)
    assert trackers.now_playing(3001.0) == ()
    # The same film in the same session of another server: a play of its own.
    decisions += watched(trackers, 3010.0, 0, 5000)
    assert scrobbled(decisions) == [2]
    trackers.switch(1)
    later = watched(trackers, 8020.0, 3000, 5000)
    assert scrobbled(later) == [1]
    keys = {one.update.play_key for one in (*decisions, *later)}
    assert len(keys) == 2


def test_nobody_presumes_that_a_play_goes_on_whose_profile_is_not_heard(
    trackers: Trackers,
) -> None:
    watched(trackers, 0.0, 0, 4790)
    trackers.switch(2)
    # Ten seconds more would have counted.
    assert scrobbled(trackers.tick(4820.0)) == []
    # A day later it is over, and whose it was is said.
    (ended,) = trackers.tick(4820.0 + 25 * 3600.0)
    assert (ended.ended, ended.update.profile) == (True, 1)


def test_a_restart_gives_each_profile_its_own_checkpoints(trackers: Trackers) -> None:
    first = watched(trackers, 0.0, 0, 3000)[-1].update
    trackers.switch(2)
    second = watched(trackers, 3010.0, 0, 2000)[-1].update
    later = Trackers(Settings().counting)
    snapshots = [(one.profile, one.snapshot) for one in (first, second)]
    assert later.restore(snapshots, at_s=0.0, at=START + timedelta(hours=2)) == []
    later.switch(2)
    (playing,) = later.now_playing(1.0)
    assert playing.play_key == second.play_key
    assert scrobbled(watched(later, 10.0, 2010, 5000)) == [2]
    later.switch(1)
    assert scrobbled(watched(later, 4000.0, 3010, 5000)) == [1]


def test_each_profile_counts_by_the_thresholds_of_its_own_accounts(trackers: Trackers) -> None:
    early = Account(1, "trakt", "early", "u1", switches=Switches(threshold=0.5), profile=2)
    usual = Account(2, "trakt", "usual", "u2")
    trackers.use(Settings().counting, [early, usual])
    decisions = watched(trackers, 0.0, 0, 5000)
    trackers.switch(2)
    decisions += watched(trackers, 6000.0, 0, 5000)
    rules = [(one.update.profile, made.rule) for one in decisions for made in one.scrobbles]
    assert rules == [(1, ""), (2, rule_name(0.5)), (2, "")]


@pytest.mark.parametrize("text", ["", "e-41", "{broken", "[]", '{"x": "y"}'])
def test_a_place_of_before_profiles_is_the_first_ones(text: str) -> None:
    places = Places(text)
    assert places.of(1) == (text if text in ("e-41", "[]") else "")
    assert places.of(2) == ""


def test_each_profile_has_its_place() -> None:
    places = Places("e-41")
    assert places.text() == "e-41"
    places.put(2, "e-7")
    again = Places(places.text())
    assert (again.of(1), again.of(2), again.of(3)) == ("e-41", "e-7", "")


def test_private_mode_ends_what_its_user_plays_and_nothing_of_another(trackers: Trackers) -> None:
    watched(trackers, 0.0, 0, 3000)
    trackers.switch(2)
    watched(trackers, 3010.0, 0, 1000, session="s2")
    at = START + timedelta(seconds=4020)
    (ended,) = trackers.forget_open(Reason.PRIVATE, at=at, at_s=4020.0)
    assert (ended.update.profile, ended.update.reason_code) == (2, Reason.PRIVATE)
    trackers.switch(1)
    assert scrobbled(watched(trackers, 4030.0, 3000, 5000)) == [1]


def test_private_mode_lets_time_end_what_another_played(trackers: Trackers) -> None:
    watched(trackers, 0.0, 0, 3000)
    trackers.switch(2)
    late = 3000.0 + 25 * 3600.0
    at = START + timedelta(seconds=late)
    (ended,) = trackers.forget_open(Reason.PRIVATE, at=at, at_s=late)
    assert (ended.update.profile, ended.update.reason_code) == (1, Reason.LOST_SIGHT)
