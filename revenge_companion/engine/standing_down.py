"""Accounts that the server scrobbles to itself: what they still get, and what nobody decided."""

from collections.abc import Callable, Mapping

from revenge_companion.core.abilities import StandDown, doubled, stood_down
from revenge_companion.core.accounts import Account
from revenge_companion.engine.lanes import Lanes
from revenge_companion.engine.server import ServerSide
from revenge_companion.services.base import Service


class StandingDown:
    """What the active profile's server does is none of the other profiles' accounts'."""

    def __init__(
        self,
        lanes: Lanes,
        server: ServerSide,
        services: Mapping[str, Service],
        wanted: Callable[[], StandDown],
    ) -> None:
        self._lanes = lanes
        self._server = server
        self._services = services
        self._wanted = wanted

    def used(self) -> tuple[Account, ...]:
        """The linked accounts as plays are sent to them; lanes are told which stay quiet."""
        lanes = self._lanes
        own = tuple(lanes.own())
        used = stood_down(own, self._server.abilities, self._wanted())
        lanes.quiet = frozenset(a.id for a, b in zip(own, used, strict=True) if a != b)
        return (*used, *(one for one in lanes.linked if one not in own))

    def doubled(self) -> tuple[str, ...]:
        """The services that get plays from the server, too, where nobody decided about it."""
        if self._wanted() is not StandDown.ASK:
            return ()
        found = doubled(self._lanes.own(), self._server.abilities)
        return tuple(dict.fromkeys(self._services[one.service].spec.name for one in found))
