"""The user's accounts: linked, linked again, unlinked, switched, renamed and tested."""

from collections.abc import Callable

from revenge_companion.core.accounts import Account, AccountState, Switches
from revenge_companion.core.errors import LinkExpired
from revenge_companion.engine.api import Change
from revenge_companion.engine.handoff import HandOffs
from revenge_companion.engine.lanes import Lanes
from revenge_companion.engine.limits import Limits
from revenge_companion.engine.linker import Linker
from revenge_companion.engine.telling import Telling
from revenge_companion.services.base import LinkRequest, ShowPrompt
from revenge_companion.store.accounts import Accounts


class LinkedAccounts:
    """What the user does with accounts, and what their lanes learn of it; see `EngineApi`."""

    def __init__(
        self,
        accounts: Accounts,
        lanes: Lanes,
        linker: Linker,
        hand_offs: HandOffs,
        limits: Limits,
        tell: Telling,
        profile: Callable[[], int],
    ) -> None:
        """`profile` is who is signed in; `core.profiles.NOBODY` where nobody is."""
        self._accounts = accounts
        self._lanes = lanes
        self._linker = linker
        self._hand_offs = hand_offs
        self._limits = limits
        self._tell = tell
        self._profile = profile

    async def link(
        self, service: str, request: LinkRequest, label: str, show: ShowPrompt
    ) -> Account:
        # Whoever asks has the account, though another may be active once it is linked.
        profile = self._profile()
        account = await self._linker.link(service, request, label, show, profile=profile)
        if await self._lanes.end(account.id):
            # What the old lane was told of the old tokens says nothing about the new ones.
            await self._accounts.set_state(account.id, AccountState.LINKED)
        await self._lanes.refresh()
        self._tell.forget(account.id)
        self._lanes.wake_one(account.id)
        self._tell.changed(Change.ACCOUNTS, Change.STATUS)
        return account

    async def unlink(self, account_id: int, *, keep_queued: bool = False) -> None:
        account = self._lanes.account(account_id)
        await self._lanes.end(account_id)
        await self._linker.unlink(account, keep_queued=keep_queued)
        await self._hand_offs.forget(account_id)
        await self._lanes.refresh()
        await self._lanes.count()
        self._tell.changed(Change.ACCOUNTS, Change.OUTBOX, Change.STATUS)

    async def set_switches(self, account_id: int, switches: Switches) -> None:
        account = self._lanes.account(account_id)
        await self._accounts.set_switches(account_id, switches)
        if switches.allow_http != account.switches.allow_http:
            # The lane's client holds to what was allowed when it was made.
            await self._lanes.end(account_id)
            if account.state is AccountState.HELD and not account.is_stopped:
                await self._accounts.set_state(account_id, AccountState.LINKED)
                self._tell.forget(account_id)
        await self._changed()

    async def rename(self, account_id: int, label: str) -> None:
        await self._accounts.rename(account_id, label)
        await self._changed()

    async def test(self, account_id: int) -> str:
        account = self._lanes.account(account_id)
        try:
            user = await self._linker.client(account).whoami()
        except LinkExpired as error:
            await self._lanes.refused(account_id, error)
            raise
        if account.state in (AccountState.HELD, AccountState.LINK_AGAIN):
            await self._limits.trust(account)
            await self._accounts.set_state(account_id, AccountState.LINKED)
            self._tell.forget(account_id)
            await self._changed()
            self._lanes.wake_one(account_id)
        return user.name

    async def _changed(self) -> None:
        await self._lanes.refresh()
        self._tell.changed(Change.ACCOUNTS, Change.STATUS)
