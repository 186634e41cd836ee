"""Looks out for accounts that swallow plays, and tells of each once."""

import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from revenge_companion.core.accounts import Account
from revenge_companion.core.alarm import Flow, silent_since
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import StoreTrouble

_log = logging.getLogger(__name__)

#: How often it is looked, in seconds; what is looked for takes a day.
LOOK_EVERY_S = 3600.0
_META = "silent_accounts"


class Unconfirmed(Protocol):
    """What came for each account after its last confirmed delivery."""

    async def unconfirmed(self) -> dict[int, Flow]: ...


class Meta(Protocol):
    """Small texts that survive a restart."""

    async def get_meta(self, key: str) -> str | None: ...
    async def set_meta(self, key: str, value: str) -> None: ...


class Alarms:
    """The accounts that plays go to and nothing is confirmed by."""

    def __init__(self, flows: Unconfirmed, meta: Meta, clock: Clock) -> None:
        self._flows = flows
        self._meta = meta
        self._clock = clock
        #: Since when, by account.
        self.since: dict[int, datetime] = {}

    async def load(self) -> None:
        """Read what was told before a restart. Raises StoreTrouble."""
        text = await self._meta.get_meta(_META)
        try:
            told = json.loads(text) if text else {}
            self.since = {int(key): datetime.fromisoformat(at) for key, at in told.items()}
        except (ValueError, TypeError, AttributeError):
            _log.warning("What was told of silent accounts cannot be read; it is told anew")

    async def look(self, accounts: Sequence[Account]) -> list[Account]:
        """Bring `since` up to date; the accounts that are new in it. Raises StoreTrouble."""
        flows, now = await self._flows.unconfirmed(), self._clock.now()
        before, self.since = self.since, {}
        for account in accounts:
            since = silent_since(account, flows.get(account.id), now, before=before.get(account.id))
            if since is not None:
                self.since[account.id] = since
        if self.since != before:
            texts = {str(key): at.isoformat() for key, at in self.since.items()}
            await self._meta.set_meta(_META, json.dumps(texts))
        return [one for one in accounts if one.id in self.since and one.id not in before]

    async def keep_looking(
        self,
        accounts: Callable[[], Sequence[Account]],
        tell: Callable[[Account], None],
        changed: Callable[[], None],
    ) -> None:
        """`look` every hour until cancelled; `tell` hears of each new account."""
        while True:
            before = dict(self.since)
            try:
                for account in await self.look(accounts()):
                    tell(account)
            except StoreTrouble as error:
                _log.warning("Silent accounts cannot be looked for: %s", error)
            if self.since != before:
                changed()
            await self._clock.sleep(LOOK_EVERY_S)
