"""Keeps logins alive that end when nobody uses them, and tells of those that end anyway."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from revenge_companion.core.accounts import Account, AccountState
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError
from revenge_companion.services.base import Secret, Service

_log = logging.getLogger(__name__)

#: An end that nothing can put off is told of this long before.
TELL_AHEAD = timedelta(days=30)
#: A login is used in its last days, when its client renews it: about every three weeks for one
#: that lasts a month.
RENEW_AHEAD = timedelta(days=7)
#: Each account is looked at this often. The wall clock says when it is time, since a computer that
#: sleeps does not count the seconds.
LOOK_EVERY = timedelta(days=1)
#: Seconds from the start to the first look, and between two looks at the clock.
FIRST_LOOK_S, TICK_S = 600.0, 3600.0
_META = "ending_links"


class Meta(Protocol):
    """Small texts that survive a restart."""

    async def get_meta(self, key: str) -> str | None: ...
    async def set_meta(self, key: str, value: str) -> None: ...


class Upkeep:
    """Looks at every linked account's tokens once a day."""

    def __init__(
        self,
        services: Mapping[str, Service],
        meta: Meta,
        clock: Clock,
        *,
        secret_of: Callable[[Account], Awaitable[Secret | None]],
        use: Callable[[int], Awaitable[object]],
        tell: Callable[[Account, int], None],
    ) -> None:
        """`use` asks a service who an account is; `tell` hears how many days a link has left."""
        self._services = services
        self._meta = meta
        self._clock = clock
        self._secret_of = secret_of
        self._use = use
        self._tell = tell

    async def keep(self, accounts: Callable[[], Sequence[Account]]) -> None:
        """`look` once a day until cancelled."""
        await self._clock.sleep(FIRST_LOOK_S)
        looked: datetime | None = None
        while True:
            now = self._clock.now()
            # A clock that was set back must not silence this for ever.
            if looked is None or not timedelta() <= now - looked < LOOK_EVERY:
                looked = now
                await self.look(accounts())
            await self._clock.sleep(TICK_S)

    async def look(self, accounts: Sequence[Account]) -> None:
        """Use what has to be used, and tell of each end once. Troubles are tried again later."""
        for account in accounts:
            if self._services[account.service].spec.hand_off:
                continue
            if account.state is not AccountState.LINKED or not account.switches.enabled:
                continue
            try:
                secret = await self._secret_of(account)
                if secret is not None:
                    await self._care(account, secret)
            except CompanionError as error:
                _log.info("The link to %s could not be looked after: %s", account.service, error)

    async def _care(self, account: Account, secret: Secret) -> None:
        ends, now = secret.expires_at, self._clock.now()
        if secret.refresh:
            if self._services[account.service].spec.ends_unused and (
                ends is None or ends - now <= RENEW_AHEAD
            ):
                await self._use(account.id)
        elif ends is not None and now < ends <= now + TELL_AHEAD:
            told = await self._told()
            # A new link ends at another time, and is told of anew.
            if told.get(str(account.id)) != ends.isoformat():
                told[str(account.id)] = ends.isoformat()
                await self._meta.set_meta(_META, json.dumps(told))
                self._tell(account, (ends - now).days)

    async def _told(self) -> dict[str, str]:
        """The ends that were told of, by account. Raises StoreTrouble."""
        text = await self._meta.get_meta(_META)
        try:
            told = json.loads(text) if text else {}
        except ValueError:
            told = {}
        return told if isinstance(told, dict) else {}
