"""Who sends a play where the server does so by itself."""

import pytest

from revenge_companion.core.abilities import (
    Abilities,
    Ability,
    StandDown,
    doubled,
    service_key,
    stood_down,
)
from revenge_companion.core.accounts import Account, Switches

TRAKT = Account(1, "trakt", "anna", "t1")
LASTFM = Account(2, "lastfm", "anna", "l1")
MUTED = Account(3, "trakt", "old", "t2", switches=Switches(scrobble=False))
OFF = Account(4, "trakt", "off", "t3", switches=Switches(enabled=False))
ALL = (TRAKT, LASTFM, MUTED, OFF)
SCROBBLES = frozenset({Ability.SCROBBLES})


@pytest.mark.parametrize(
    ("abilities", "expected"),
    [
        (Abilities(), ()),
        (Abilities(serves=("trakt",)), ()),
        (Abilities(SCROBBLES, ("trakt",)), (TRAKT,)),
        (Abilities(SCROBBLES, ("simkl",)), ()),
        (Abilities(SCROBBLES), (TRAKT, LASTFM)),
    ],
    ids=["today", "cannot", "trakt", "another", "does not say"],
)
def test_which_accounts_get_plays_twice(
    abilities: Abilities, expected: tuple[Account, ...]
) -> None:
    assert doubled(ALL, abilities) == expected


@pytest.mark.parametrize("wanted", [StandDown.ASK, StandDown.NO])
def test_nothing_is_held_back_before_the_user_says_so(wanted: StandDown) -> None:
    assert stood_down(ALL, Abilities(SCROBBLES, ("trakt",)), wanted) == ALL


def test_standing_down_leaves_the_servers_services_to_it_and_no_others() -> None:
    used = stood_down(ALL, Abilities(SCROBBLES, ("trakt",)), StandDown.YES)
    assert [one.id for one in used] == [1, 2, 3, 4]
    assert (used[0].switches.scrobble, used[0].switches.now_playing) == (False, False)
    assert used[1:] == ALL[1:]
    assert stood_down(ALL, Abilities(), StandDown.YES) == ALL


@pytest.mark.parametrize(
    ("name", "key"), [("Last.fm", "lastfm"), ("ListenBrainz", "listenbrainz"), ("trakt", "trakt")]
)
def test_names_on_the_server_are_the_services_here(name: str, key: str) -> None:
    assert service_key(name) == key
