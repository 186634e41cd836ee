"""Why an account did not get a play that counted."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from revenge_companion.core.accounts import Account, AccountState, Switches
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.passed_over import from_text, passed_over, to_text
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.reasons import Fact, Reason, sentence
from revenge_companion.core.thresholds import Thresholds

AT = datetime(2026, 3, 1, 20, tzinfo=UTC)
FILM = Item(Kind.MOVIE, "f1", "One Week", duration_s=6000.0, library_id="films")
TRACK = Item(Kind.TRACK, "t1", "Words", artist="Low", duration_s=200.0)
KINDS = {"trakt": (Kind.MOVIE, Kind.EPISODE), "lastfm": (Kind.TRACK,)}
OWN = frozenset({""})


def a_play(
    item: Item = FILM, position_s: float = 5100.0, code: str = Reason.POSITION_REACHED
) -> PlayUpdate:
    return PlayUpdate("p", item, "TV", AT, AT, AT, 100.0, position_s, code)


def account(switches: Switches, state: AccountState = AccountState.LINKED) -> Account:
    return Account(7, "trakt", "home", "u1", switches=switches, state=state)


def why(
    one: Account, play: PlayUpdate | None = None, rules: frozenset[str] = OWN
) -> list[tuple[str, dict[str, Fact]]]:
    found = passed_over(play or a_play(), [one], KINDS, Thresholds(), rules)
    return [(each.reason_code, dict(each.facts)) for each in found]


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (account(Switches()), None),
        (account(Switches(), AccountState.LINK_AGAIN), None),
        (account(Switches(), AccountState.OFF), Reason.SCROBBLES_OFF),
        (account(Switches(enabled=False)), Reason.SCROBBLES_OFF),
        (account(Switches(scrobble=False)), Reason.SCROBBLES_OFF),
        (account(Switches(kinds=(Kind.EPISODE,))), Reason.KIND_OFF),
        (account(Switches(kinds=(Kind.MOVIE,))), None),
        (account(Switches(libraries=("shows",))), Reason.LIBRARY_OFF),
        (account(Switches(libraries=("films",))), None),
    ],
)
def test_switches_say_why(one: Account, code: Reason | None) -> None:
    assert why(one) == ([] if code is None else [(code, {})])


def test_a_library_that_the_server_does_not_name_is_told_apart() -> None:
    unnamed = a_play(replace(FILM, library_id=None))
    assert why(account(Switches(libraries=("films",))), unnamed) == [(Reason.LIBRARY_UNKNOWN, {})]


def test_what_a_service_never_takes_goes_without_saying() -> None:
    assert why(account(Switches(scrobble=False)), a_play(TRACK)) == []


def test_an_own_threshold_that_was_not_reached_is_named() -> None:
    strict = account(Switches(threshold=0.9))
    ((code, facts),) = why(strict)
    said = sentence(code, {**facts, "service": "Trakt"})
    assert said == "Stopped at 85 %: Trakt counts from 90 %."
    assert why(strict, rules=frozenset({"", "0.9"})) == []
    # Counted by another account's rule only: this one follows the settings.
    early = a_play(position_s=3600.0)
    assert why(account(Switches()), early, frozenset({"0.5"})) == [
        (Reason.OWN_THRESHOLD, {"percent": 60, "needed": 80})
    ]


def test_what_was_not_reached_is_not_rounded_up_to_it() -> None:
    almost = a_play(position_s=5399.9)
    strict = account(Switches(threshold=0.9))
    assert why(strict, almost)[0][1] == {"percent": 89, "needed": 90}
    # Seen at a place beyond it, but jumped there.
    assert why(strict, a_play(position_s=5900.0))[0][1] == {"percent": 89, "needed": 90}


def test_a_play_counted_by_hand_asks_no_threshold() -> None:
    by_hand = a_play(position_s=10.0, code=Reason.BY_HAND)
    assert why(account(Switches(threshold=0.9)), by_hand) == []


def test_they_are_kept_as_text_and_nothing_else_is_read() -> None:
    strict = account(Switches(threshold=0.9))
    found = passed_over(a_play(), [strict], KINDS, Thresholds(), OWN)
    assert list(from_text(to_text(found))) == found
    for text in (None, 3, "", "{", "[1]", "{}", '[["x"]]', '[[1,"a","b","c",5]]'):
        assert from_text(text) == ()
