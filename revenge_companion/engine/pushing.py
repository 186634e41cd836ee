"""What was kept here because the server could not take it, sent once it can.

Nothing at the server is overwritten but what was sent from here, and nothing is removed there.
"""

import logging
from collections.abc import Collection

from revenge_companion.core.abilities import Ability
from revenge_companion.core.library import Facet
from revenge_companion.revenge.pushing import NotKept, Pusher
from revenge_companion.store.pushes import Due, Pushes

_log = logging.getLogger(__name__)


class Pushing:
    """Sends ratings and the watchlist of the library to one server."""

    def __init__(self, pushes: Pushes, pusher: Pusher) -> None:
        self._pushes = pushes
        self._pusher = pusher
        #: Abilities that turned out to be something else than what they are called.
        self.refused: frozenset[Ability] = frozenset()

    async def push(self, offers: Collection[Ability]) -> int:
        """Send what the server offers to take and does not have; how much it took.

        Raises SessionExpired, StoreTrouble or any error of the server's calls; what was sent is
        known, and the next call goes on.
        """
        count = 0
        for ability, push in (
            (Ability.RATINGS, self._rate),
            (Ability.WATCHLIST, self._wish),
        ):
            if ability not in offers or ability in self.refused:
                continue
            try:
                count += await push()
            except NotKept as error:
                _log.warning("%s Nothing more of it is sent.", error)
                self.refused |= {ability}
        return count

    async def _rate(self) -> int:
        count = 0
        for due in await self._pushes.due(Facet.RATINGS):
            there = await self._pusher.rating(due.kind, due.media_id)
            if _is_free(due, None if there is None else str(there)):
                await self._pusher.rate(due.kind, due.media_id, float(due.value))
                count += 1
            await self._pushes.sent(Facet.RATINGS, [due])
        return count

    async def _wish(self) -> int:
        count = 0
        wanted = await self._pushes.due(Facet.WATCHLIST)
        there = await self._pusher.wishes() if wanted else set()
        for due in wanted:
            if due.media_id not in there:
                await self._pusher.wish(due.kind, due.media_id)
                count += 1
            await self._pushes.sent(Facet.WATCHLIST, [due])
        return count


def _is_free(due: Due, there: str | None) -> bool:
    """Whether the server's value may be replaced: there is none, or it came from here."""
    if there == due.value:
        return False
    return there is None or there == due.sent
