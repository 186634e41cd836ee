"""What goes out of the library: exports, and syncs; each loaded when somebody first asks for it."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from revenge_companion.core.accounts import Account
from revenge_companion.engine.api import Change
from revenge_companion.engine.lanes import Lanes
from revenge_companion.engine.parts import Parts
from revenge_companion.engine.telling import Telling

if TYPE_CHECKING:
    # Most days nobody exports anything, and many sync nothing.
    from revenge_companion.engine.exporter import Exporter
    from revenge_companion.engine.importer import Importer
    from revenge_companion.engine.syncer import Syncer

#: Seconds from the start of the program, or from a switch, to the first look at what changed.
FIRST_LOOK_S = 60.0


class Sharing:
    """The engine's exporter and syncer."""

    def __init__(
        self,
        parts: Parts,
        lanes: Lanes,
        tell: Telling,
        *,
        imports: "Callable[[], Importer]",
        hours: Callable[[], int],
        changed: Callable[[], Coroutine[object, object, None]],
        chore: Callable[[Coroutine[object, object, None]], None],
    ) -> None:
        """`changed` counts the outbox anew and wakes the lanes; `chore` runs what takes long."""
        self._parts = parts
        self._lanes = lanes
        self._tell = tell
        self._imports = imports
        self._hours = hours
        self._outbox_changed = changed
        self._chore = chore
        self._exports: Exporter | None = None
        self._syncs: Syncer | None = None
        self._kept = False

    @property
    def exports(self) -> "Exporter":
        if self._exports is None:
            from revenge_companion.engine.exporter import Exporter
            from revenge_companion.store.library import Library

            parts = self._parts
            self._exports = Exporter(
                parts.database,
                parts.clock,
                parts.services,
                Library(parts.database, parts.clock),
                linked=self._lanes.all,
                client_of=self._lanes.client_of,
                queued=lambda _: self._chore(self._outbox_changed()),
            )
        return self._exports

    @property
    def syncs(self) -> "Syncer":
        if self._syncs is None:
            from revenge_companion.engine.syncer import Syncer

            parts = self._parts
            self._syncs = Syncer(
                parts.database,
                parts.clock,
                parts.services,
                self._imports(),
                self.exports,
                linked=self._lanes.all,
                client_of=self._lanes.client_of,
                lines=self._lanes,
                hours=self._hours,
                asks_user=self._tell.sync_asks,
                changed=lambda: self._tell.changed(Change.SYNC),
            )
        return self._syncs

    def look(self) -> None:
        """Switches may be others: sync what is switched on from now on, while the engine runs."""
        if self._kept:
            if self._syncs is not None:
                self._syncs.wake()
        elif any(map(self._is_synced, self._lanes.linked)):
            self._kept = True
            self._chore(self._keep())

    def network_is_back(self) -> None:
        if self._kept and self._syncs is not None:
            self._syncs.network_is_back()

    async def _keep(self) -> None:
        await self._parts.clock.sleep(FIRST_LOOK_S)
        await self.syncs.keep()

    def _is_synced(self, account: Account) -> bool:
        from revenge_companion.core.syncing import wanted

        service = self._parts.services.get(account.service)
        return service is not None and bool(wanted(account, service.spec.imports))
