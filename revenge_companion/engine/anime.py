"""The anime map and the user's own rows, as the window and the command line use them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import Delivery, DeliveryState
from revenge_companion.core.errors import LinkRefused
from revenge_companion.core.media import Item
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import OutboxCounts
from revenge_companion.engine.api import OutboxRow
from revenge_companion.services.base import Client, Service
from revenge_companion.store.outbox import Outbox

if TYPE_CHECKING:
    # The map is loaded once somebody asks it.
    from revenge_companion.core.animemap import Candidate, MapState, Override
    from revenge_companion.services.animemap.map import AnimeMap, AsksMap, SearchesAnime

_log = logging.getLogger(__name__)

#: Rows that are read at a time, and looked at where only recent ones are wanted.
_PAGE = 200
#: States whose rows tell what the user watches, the most useful first.
_SEEN = (
    DeliveryState.PARKED,
    DeliveryState.PENDING,
    DeliveryState.DELIVERED,
    DeliveryState.UNDONE,
)


class Rows(Protocol):
    """`engine.api.EngineApi.outbox`."""

    def __call__(
        self, *, state: str = "", account_id: int | None = None, limit: int = 200
    ) -> Awaitable[list[OutboxRow]]: ...


class Anime:
    """Implements `engine.api.AnimeApi`; see there for what each call does."""

    def __init__(
        self,
        services: Mapping[str, Service],
        outbox: Outbox,
        clock: Clock,
        *,
        linked: Callable[[], Sequence[Account]],
        rows: Rows,
        client_of: Callable[[int], Client | None],
        wake: Callable[[int], None],
        map_changed: Callable[[], None],
        retried: Callable[[], Awaitable[None]],
    ) -> None:
        """`wake` lets an account's lane try everything that waits."""
        self._services = services
        self._outbox = outbox
        self._clock = clock
        self._linked = linked
        self._rows = rows
        self._client_of = client_of
        self._wake = wake
        self._map_changed = map_changed
        self._retried = retried

    @property
    def maps(self) -> "AnimeMap | None":
        """The anime map that services share, loaded now; None where no service asks one."""
        first = next((one for one in self._services.values() if _asks_map(one)), None)
        return None if first is None else cast("AsksMap", first).maps

    def serve(self, account: Account) -> None:
        """An account's lane begins: what the map learns concerns it, if its service asks."""
        if _asks_map(self._services[account.service]) and (maps := self.maps) is not None:
            maps.on_change = self._on_change

    def _on_change(self) -> None:
        """Plays that waited for the map, or for the user's own rows, are tried again."""
        for account in self._linked():
            if _asks_map(self._services[account.service]):
                self._wake(account.id)
        self._map_changed()

    @property
    def state(self) -> "MapState | None":
        maps = self.maps
        return None if maps is None else maps.state

    @property
    def map_url(self) -> str:
        """Where the copy is renewed from; empty while there is none."""
        # Without a list that asks it, the map is neither used nor renewed.
        maps = self.maps if self._listed() else None
        return "" if maps is None or maps.state.missing else maps.url

    def waiting(self, counts: Mapping[int, OutboxCounts]) -> int:
        """Rows that cannot be sent while there is no map; nothing is read from the outbox."""
        listed = self._listed()
        rows = sum(counts.get(account.id, OutboxCounts()).waiting for account in listed)
        state = self.state if rows else None
        return rows if state is not None and state.missing else 0

    async def download(self) -> "MapState":
        # Imported here and below: few people have an anime list, and all wait for the start.
        from revenge_companion.core.animemap import Match

        maps = self._map()
        state = await maps.download()

        async def found(row: Delivery) -> bool:
            return isinstance(await maps.resolve(row.scrobble.item), Match)

        await self._try_again(found)
        return state

    async def remove(self) -> None:
        await self._map().remove()

    async def overrides(self) -> "tuple[Override, ...]":
        return await self._map().overrides()

    async def set_overrides(self, rows: "Sequence[Override]") -> int:
        from revenge_companion.core.animemap import keys_of

        maps = self._map()
        before = await maps.overrides()
        await maps.set_overrides(rows)
        touched = {row.key for row in set(before).symmetric_difference(rows)}

        async def concerned(row: Delivery) -> bool:
            return not touched.isdisjoint(keys_of(row.scrobble.item))

        return await self._try_again(concerned) if touched else 0

    async def import_overrides(self, path: Path) -> int:
        from revenge_companion.services.animemap.files import import_overrides

        new = await asyncio.to_thread(import_overrides, path)
        # Of several rows that fit the last counts, so the file's win.
        kept = [row for row in await self.overrides() if row not in new]
        await self.set_overrides([*kept, *new])
        return len(new)

    async def export_overrides(self, path: Path) -> int:
        from revenge_companion.services.animemap.files import write_overrides

        rows = await self.overrides()
        await asyncio.to_thread(write_overrides, path, rows)
        return len(rows)

    async def search(self, account_id: int, title: str) -> "list[Candidate]":
        client = self._client_of(account_id)
        if client is None or not hasattr(client, "search"):
            raise LinkRefused(f"Account {account_id} cannot look for anime.")
        return await cast("SearchesAnime", client).search(title)

    async def unmapped(self) -> list[OutboxRow]:
        found: list[OutboxRow] = []
        for account in self._listed():
            rows = await self._rows(
                state=DeliveryState.PARKED.value, account_id=account.id, limit=_PAGE
            )
            found += (row for row in rows if row.delivery.reason_code == Reason.UNMAPPED)
        return sorted(found, key=lambda row: row.delivery.id, reverse=True)

    async def seen(self) -> list[Item]:
        from revenge_companion.core.animemap import keys_of

        items: dict[str, Item] = {}
        for account in self._listed():
            for state in _SEEN:
                rows = await self._outbox.page(
                    state=state.value, account_id=account.id, limit=_PAGE
                )
                for item in (row.scrobble.item for row in rows):
                    for key in keys_of(item)[:1]:
                        items.setdefault(key, item)
        return list(items.values())

    async def _try_again(self, wanted: Callable[[Delivery], Awaitable[bool]]) -> int:
        """Make the parked rows without an entry due again that are `wanted`; how many."""
        now, tried = self._clock.now(), 0
        for account in self._listed():
            before: int | None = None
            while rows := await self._outbox.page(
                state=DeliveryState.PARKED.value,
                account_id=account.id,
                limit=_PAGE,
                before_id=before,
            ):
                before = rows[-1].id
                for row in rows:
                    if row.reason_code == Reason.UNMAPPED and await wanted(row):
                        tried += await self._outbox.retry(row.id, now)
        if tried:
            _log.info("%d plays are tried again with the anime map as it is now", tried)
            await self._retried()
        return tried

    def _listed(self) -> list[Account]:
        """The linked accounts that keep an anime list."""
        return [one for one in self._linked() if self._services[one.service].spec.anime_id]

    def _map(self) -> "AnimeMap":
        maps = self.maps
        if maps is None:
            raise LinkRefused("No service here keeps an anime list.")
        # Also where no such account is linked yet, so that the window hears of it.
        maps.on_change = self._on_change
        return maps


def _asks_map(service: Service) -> bool:
    """Whether `service` is an `AsksMap`."""
    return hasattr(service, "maps")
