"""Which plays are left out, and which account gets what."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from revenge_companion.core.accounts import Account, AccountState, Switches
from revenge_companion.core.live import LiveAction, LiveNotice
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.playback import Device, EventType, PlaybackEvent, PlayState
from revenge_companion.core.reasons import Reason
from revenge_companion.core.routing import destinations, hears_live, left_out, rules_for
from revenge_companion.core.scrobble import Scrobble, scrobble_key
from revenge_companion.core.settings import Filters
from revenge_companion.core.thresholds import Thresholds, rule_name

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
FILM = Item(Kind.MOVIE, "f", "Film", library_id="Lib-1")
TRACK = Item(Kind.TRACK, "t", "Track", library_id="Lib-2")
ALL = {"any": tuple(Kind)}
ACCOUNT = Account(1, "any", "a", "u")


def scrobble(item: Item, rule: str = "") -> Scrobble:
    return Scrobble("k", item, NOW, NOW, 1.0, 1.0, 80.0, rule=rule)


def with_switches(**switches: object) -> Account:
    return replace(ACCOUNT, switches=replace(Switches(), **switches))


def event(item: Item, device: Device) -> PlaybackEvent:
    return PlaybackEvent(
        "e", EventType.STARTED, NOW, 0.0, "s", item, PlayState.PLAYING, 0.0, device=device
    )


@pytest.mark.parametrize("named", ["tv-1", "LIVING room TV", "revenge android tv"])
def test_a_device_is_filtered_by_any_of_its_names_in_any_case(named: str) -> None:
    device = Device("TV-1", "Living room TV", "Revenge Android TV")
    assert left_out(event(FILM, device), Filters(ignored_devices=(named,))) is Reason.FILTERED


def test_an_empty_filter_matches_no_nameless_device() -> None:
    assert left_out(event(FILM, Device()), Filters(ignored_devices=("",))) is None


def test_filters_for_others_leave_a_play_alone() -> None:
    filters = Filters(("Kitchen",), ("Lib-9",), (Kind.EPISODE,))
    assert left_out(event(FILM, Device("TV")), filters) is None
    assert left_out(event(replace(FILM, library_id=None), Device()), filters) is None


def test_libraries_and_kinds_are_filtered() -> None:
    assert left_out(event(FILM, Device()), Filters(ignored_libraries=("lib-1",)))
    assert left_out(event(FILM, Device()), Filters(ignored_kinds=(Kind.MOVIE,)))


@pytest.mark.parametrize(
    ("account", "item", "gets"),
    [
        (ACCOUNT, FILM, True),
        (with_switches(enabled=False), FILM, False),
        (with_switches(scrobble=False), FILM, False),
        (with_switches(now_playing=False), FILM, True),
        (with_switches(kinds=(Kind.TRACK,)), FILM, False),
        (with_switches(kinds=(Kind.MOVIE,)), FILM, True),
        (with_switches(libraries=("Lib-2",)), FILM, False),
        (with_switches(libraries=("Lib-1",)), FILM, True),
        (replace(ACCOUNT, state=AccountState.OFF), FILM, False),
        (replace(ACCOUNT, state=AccountState.LINK_AGAIN), FILM, True),
        (replace(ACCOUNT, state=AccountState.QUOTA), FILM, True),
        (replace(ACCOUNT, state=AccountState.HELD), FILM, True),
        (replace(ACCOUNT, service="unknown"), FILM, False),
    ],
)
def test_switches_and_states_decide_who_gets_a_scrobble(
    account: Account, item: Item, gets: bool
) -> None:
    assert bool(destinations(scrobble(item), [account], ALL)) is gets


def test_an_account_with_its_own_threshold_gets_films_by_it_and_music_by_the_users() -> None:
    own = replace(with_switches(threshold=0.9), id=2)
    both = [ACCOUNT, own]
    assert destinations(scrobble(FILM), both, ALL) == [1]
    assert destinations(scrobble(FILM, "0.9"), both, ALL) == [2]
    assert destinations(scrobble(TRACK), both, ALL) == [1, 2]
    assert destinations(scrobble(TRACK, "0.9"), both, ALL) == []


def test_accounts_that_agree_share_a_rule() -> None:
    accounts = [with_switches(threshold=0.9), with_switches(threshold=0.9000001), ACCOUNT]
    rules = rules_for(Thresholds(), accounts)
    assert list(rules.named()) == ["", "0.9"]
    assert rules.named()["0.9"].movie_ratio == pytest.approx(0.9)
    assert rules.named()["0.9"].track_ratio == 0.5


@pytest.mark.parametrize(
    ("account", "action", "counted", "hears"),
    [
        (ACCOUNT, LiveAction.START, frozenset(), True),
        (ACCOUNT, LiveAction.STOP, frozenset(), True),
        (ACCOUNT, LiveAction.START, frozenset({""}), False),
        (ACCOUNT, LiveAction.STOP, frozenset({"0.9"}), True),
        (with_switches(threshold=0.9), LiveAction.STOP, frozenset({""}), True),
        (with_switches(threshold=0.9), LiveAction.STOP, frozenset({"0.9"}), False),
        (with_switches(now_playing=False), LiveAction.START, frozenset(), False),
        (with_switches(scrobble=False), LiveAction.START, frozenset(), True),
        (with_switches(enabled=False), LiveAction.START, frozenset(), False),
        (replace(ACCOUNT, state=AccountState.LINK_AGAIN), LiveAction.START, frozenset(), False),
    ],
)
def test_a_film_that_counted_at_an_account_is_not_told_there_again(
    account: Account, action: LiveAction, counted: frozenset[str], hears: bool
) -> None:
    notice = LiveNotice(action, FILM, 10.0, 1.0)
    assert hears_live(account, notice, tuple(Kind), counted) is hears


def test_music_is_told_after_it_counted_too() -> None:
    notice = LiveNotice(LiveAction.START, TRACK, 10.0, 1.0)
    assert hears_live(ACCOUNT, notice, tuple(Kind), frozenset({""}))


def test_a_rule_is_named_by_its_ratio() -> None:
    assert [rule_name(one) for one in (None, 0.9, 0.5, 1.0)] == ["", "0.9", "0.5", "1"]


def test_keys_tell_plays_apart_and_nothing_else() -> None:
    base = {"session_id": "s", "media_id": "m", "started_at": NOW}
    assert scrobble_key(**base) == scrobble_key(**base)
    others = [
        scrobble_key(**{**base, "session_id": "s2"}),
        scrobble_key(**{**base, "media_id": "m2"}),
        scrobble_key(**{**base, "started_at": NOW.replace(second=1)}),
        scrobble_key(**base, episode_index=1),
        scrobble_key(**base, rule="0.9"),
    ]
    assert len({scrobble_key(**base), *others}) == 6
    # The second counts, not its fraction: servers tell it differently.
    assert scrobble_key(**base) == scrobble_key(
        **{**base, "started_at": NOW.replace(microsecond=9)}
    )
