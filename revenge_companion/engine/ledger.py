"""The ledger and the outbox, as the window and the command line read and move them."""

from pathlib import Path

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import LinkRefused
from revenge_companion.engine.api import Change, OutboxRow
from revenge_companion.engine.handoff import HandOffs
from revenge_companion.engine.lanes import Lanes
from revenge_companion.engine.linker import Linker
from revenge_companion.engine.listener import Listener
from revenge_companion.engine.outbox_export import export
from revenge_companion.engine.telling import Telling
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.outbox import Outbox
from revenge_companion.store.plays import Plays

#: How long who only flushes waits until everything is through, in seconds.
ONCE_S = 600.0


class Ledger:
    """What became of plays, and the user's word about single ones; see `EngineApi`."""

    def __init__(
        self,
        plays: Plays,
        outbox: Outbox,
        accounts: Accounts,
        lanes: Lanes,
        clock: Clock,
        linker: Linker,
        hand_offs: HandOffs,
        listener: Listener,
        tell: Telling,
    ) -> None:
        self._plays = plays
        self._outbox = outbox
        self._accounts = accounts
        self._lanes = lanes
        self._clock = clock
        self._linker = linker
        self._hand_offs = hand_offs
        self._listener = listener
        self._tell = tell

    # Plays

    async def love(self, play_id: int, *, loved: bool = True) -> list[str]:
        play = await self._plays.saved(play_id)
        if play is None:
            raise LinkRefused(f"There is no play {play_id}.")
        enabled = [
            account
            for account in self._lanes.linked
            if account.switches.enabled and account.profile == play.profile
        ]
        return await self._linker.love(enabled, play.item, loved=loved)

    async def scrobble_anyway(self, play_id: int) -> bool:
        update = await self._plays.saved(play_id)
        if update is None or update.counted_at is not None:
            return False
        done = await self._listener.count_by_hand(update)
        await self.changed(wake=done)
        return done

    # The outbox

    async def outbox(
        self,
        *,
        state: str = "",
        account_id: int | None = None,
        limit: int = 200,
        before_id: int | None = None,
    ) -> list[OutboxRow]:
        rows = await self._outbox.page(
            state=state, account_id=account_id, limit=limit, before_id=before_id
        )
        names = {account.id: account for account in await self._accounts.all()}
        return [
            OutboxRow(
                row,
                names[row.account_id].service if row.account_id in names else "",
                names[row.account_id].label if row.account_id in names else "",
            )
            for row in rows
        ]

    async def flush(self) -> None:
        if self._lanes.running:
            self._lanes.wake(force=True)
        else:
            await self._lanes.once(ONCE_S)

    async def retry(self, delivery_id: int) -> bool:
        done = await self._outbox.retry(delivery_id, self._clock.now())
        await self.changed(wake=True)
        return done

    async def discard(self, delivery_id: int) -> bool:
        done = await self._outbox.discard(delivery_id)
        await self.changed(wake=False)
        return done

    async def export(self, path: Path) -> int:
        return await export(self.outbox, path)

    async def changed(self, *, wake: bool) -> None:
        """Rows were moved by hand: count them anew and tell; `wake` where some may be sent."""
        await self._lanes.count()
        if wake:
            self._lanes.wake()
        self._tell.changed(Change.OUTBOX, Change.STATUS)

    # Rows that go out by the user's hand

    async def hand_off(self, account_id: int, folder: Path) -> list[Path]:
        paths = await self._hand_offs.write(account_id, folder)
        await self._handed_off()
        return paths

    async def hand_off_done(self, account_id: int) -> int:
        done = await self._hand_offs.confirm(account_id)
        await self._lanes.reread()
        await self._handed_off()
        return done

    async def _handed_off(self) -> None:
        await self.changed(wake=False)
        self._tell.changed(Change.ACCOUNTS, Change.PLAYS)
