"""What a server has learnt beyond what today's servers can, and what follows from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from revenge_companion.core.accounts import Account


class Ability(StrEnum):
    """Something a server may offer; until it does, the Companion keeps it in its own library."""

    RATINGS = "ratings"
    WATCHLIST = "watchlist"
    #: It sends plays to services by itself.
    SCROBBLES = "scrobbles"


class StandDown(StrEnum):
    """What the user wants where the server sends plays to services by itself."""

    #: Not decided yet: the Companion goes on, and says that plays may arrive twice.
    ASK = "ask"
    #: The server does it: the Companion sends nothing to the services that it serves.
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Abilities:
    """What one server was found to offer."""

    offers: frozenset[Ability] = frozenset()
    #: Services that the server says it sends plays to, by their keys; empty where it does not say.
    serves: tuple[str, ...] = ()
    #: When it was asked (aware UTC); None where it was not.
    asked_at: datetime | None = None

    @property
    def scrobbles(self) -> bool:
        """Whether plays may reach a service from the server, too."""
        return Ability.SCROBBLES in self.offers


def service_key(name: str) -> str:
    """A service's name on a server as its key here: "Last.fm" is "lastfm"."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def doubled(accounts: Iterable[Account], abilities: Abilities) -> tuple[Account, ...]:
    """The accounts that get each play from the server, too, as far as can be told.

    A server that does not say which services it serves may serve any.
    """
    if not abilities.scrobbles:
        return ()
    served = abilities.serves
    return tuple(
        account
        for account in accounts
        if account.switches.enabled
        and account.switches.scrobble
        and (not served or account.service in served)
    )


def stood_down(
    accounts: Sequence[Account], abilities: Abilities, wanted: StandDown
) -> tuple[Account, ...]:
    """`accounts` as they are used: where the user wants it, the server's services get no plays."""
    if wanted is not StandDown.YES:
        return tuple(accounts)
    left_out = {account.id for account in doubled(accounts, abilities)}
    return tuple(
        replace(account, switches=replace(account.switches, scrobble=False, now_playing=False))
        if account.id in left_out
        else account
        for account in accounts
    )
