"""All that is about the library: looking at it, imports, exports, syncs, and the user's own word.

Each is loaded when it is first asked for.

Most days nobody imports or exports anything, and many sync nothing.
"""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from revenge_companion.core.accounts import Account
from revenge_companion.core.errors import StoreTrouble
from revenge_companion.engine.api import Change
from revenge_companion.engine.lanes import Lanes
from revenge_companion.engine.parts import Parts
from revenge_companion.engine.server import ServerSide
from revenge_companion.engine.telling import Telling
from revenge_companion.store.import_state import interrupted, unmatched, untidy

if TYPE_CHECKING:
    from revenge_companion.core.imports import ImportRun
    from revenge_companion.engine.exporter import Exporter
    from revenge_companion.engine.importer import Importer
    from revenge_companion.engine.library import LibraryView
    from revenge_companion.engine.saying import Saying
    from revenge_companion.engine.syncer import Syncer

#: Seconds from the start of the program, or from a switch, to the first look at what changed.
FIRST_LOOK_S = 60.0


class LibrarySide:
    """The engine's view of the library, importer, exporter, syncer, and the user's own word."""

    def __init__(
        self,
        parts: Parts,
        lanes: Lanes,
        tell: Telling,
        server: ServerSide,
        *,
        hours: Callable[[], int],
        changed: Callable[[], Coroutine[object, object, None]],
        chore: Callable[[Coroutine[object, object, None]], None],
    ) -> None:
        """`changed` counts the outbox anew and wakes the lanes; `chore` runs what takes long."""
        self._parts = parts
        self._lanes = lanes
        self._tell = tell
        self._server = server
        self._hours = hours
        self._outbox_changed = changed
        self._chore = chore
        self._view: LibraryView | None = None
        self._imports: Importer | None = None
        self._told_of_imports: list[Callable[[ImportRun], None]] = []
        self._exports: Exporter | None = None
        self._syncs: Syncer | None = None
        self._saying: Saying | None = None
        self._kept = False

    async def start(self) -> None:
        """Go on with imports that the program's end cut off. Raises StoreTrouble."""
        if await interrupted(self._parts.database):
            await self.imports.start()

    async def close(self) -> None:
        """Stop what is read and written; it can go on at the next start."""
        if self._imports is not None:
            await self._imports.close()

    @property
    def view(self) -> "LibraryView":
        if self._view is None:
            from revenge_companion.engine.library import LibraryView

            parts = self._parts
            specs = {key: service.spec for key, service in parts.services.items()}
            self._view = LibraryView(
                parts.database,
                parts.clock,
                accounts=self._lanes.own,
                specs=specs,
                profile=lambda: self._lanes.profile,
            )
        return self._view

    @property
    def imports(self) -> "Importer":
        if self._imports is None:
            from revenge_companion.engine.importing import build_importer

            parts, server = self._parts, self._server
            self._imports = build_importer(
                parts.database,
                parts.clock,
                dict(parts.services),
                parts.imports,
                self._lanes,
                catalogue=lambda: server.known_index,
                marker=lambda: server.known_marking,
                server=lambda: server.reading,
                changed=lambda: self._tell.changed(Change.LIBRARY),
            )
            for told in self._told_of_imports:
                self._imports.on_progress(told)
        return self._imports

    def on_import(self, told: "Callable[[ImportRun], None]") -> None:
        """Tell `told` how runs go; nothing is loaded for it."""
        self._told_of_imports.append(told)
        if self._imports is not None:
            self._imports.on_progress(told)

    async def look_again(self, *, unanswered: bool) -> None:
        """The server has other items than it had: some may be what matched nothing before.

        With `unanswered` it only answers again, which it had not while something was imported.
        """
        try:
            profile = self._lanes.profile
            if await unmatched(self._parts.database, profile, unanswered=unanswered):
                await self.imports.look_again(unanswered=unanswered)
            if await untidy(self._parts.database):
                from revenge_companion.store.import_dropping import tidy

                await tidy(self._parts.database)
        except StoreTrouble as error:
            self._tell.trouble_is(str(error))

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
                linked=self._lanes.own,
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
                self.imports,
                self.exports,
                linked=self._lanes.own,
                client_of=self._lanes.client_of,
                lines=self._lanes,
                hours=self._hours,
                asks_user=self._tell.sync_asks,
                changed=lambda: self._tell.changed(Change.SYNC),
            )
        return self._syncs

    @property
    def saying(self) -> "Saying":
        if self._saying is None:
            from revenge_companion.engine.saying import Saying

            parts = self._parts
            self._saying = Saying(
                parts.database,
                parts.clock,
                parts.services,
                self.exports,
                linked=self._lanes.own,
                profile=lambda: self._lanes.profile,
                changed=lambda: self._tell.changed(Change.LIBRARY),
            )
        return self._saying

    def switched(self) -> None:
        """Switches may be others: sync what is switched on from now on, while the engine runs."""
        if self._kept:
            if self._syncs is not None:
                self._syncs.wake()
        elif any(map(self._is_synced, self._lanes.own())):
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
