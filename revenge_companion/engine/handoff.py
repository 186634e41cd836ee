"""Rows that wait for the user: written into files, and delivered once the user imported them.

Nothing is sent. Writing changes no row; it remembers which rows are in the files, on disk, so that
a restart before the user's "done" loses nothing. What is not confirmed is in the next files again,
which the services' importers bear.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Protocol, cast

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.errors import LinkRefused, StoreTrouble
from revenge_companion.core.reasons import Reason
from revenge_companion.services.base import HandOff, HandOffFile, Service
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.files import replace_file
from revenge_companion.store.hand_off import HandOffRows

_log = logging.getLogger(__name__)

#: The user is reminded when this many rows wait, or one has waited this long.
REMIND_AT_ROWS = 20
REMIND_AFTER = timedelta(days=7)
#: At most one reminder per account in this time; and how often it is looked, in seconds.
REMIND_EVERY = timedelta(days=1)
LOOK_EVERY_S = 3600.0

#: Called with an account and how many rows wait there.
Remind = Callable[[Account, int], None]


class Meta(Protocol):
    """Small texts that survive a restart."""

    async def get_meta(self, key: str) -> str | None: ...
    async def set_meta(self, key: str, value: str) -> None: ...
    async def drop_meta(self, key: str) -> None: ...


class HandOffs:
    """The hand-off accounts' rows and the files made of them."""

    def __init__(
        self,
        services: Mapping[str, Service],
        accounts: Accounts,
        rows: HandOffRows,
        meta: Meta,
        clock: Clock,
        *,
        zone: tzinfo | None = None,
    ) -> None:
        """`zone` dates the plays; None is the system's own."""
        self._services = services
        self._accounts = accounts
        self._rows = rows
        self._meta = meta
        self._clock = clock
        self._zone = zone
        #: Rows in files that the user has not confirmed, by account.
        self.written: dict[int, int] = {}

    def is_hand_off(self, account: Account) -> bool:
        """Whether this account's rows go out by the user's hand and not by a lane."""
        return self._services[account.service].spec.hand_off

    async def load(self, accounts: Sequence[Account]) -> None:
        """Read what was written before a restart. Raises StoreTrouble."""
        for account in accounts:
            if self.is_hand_off(account) and account.id not in self.written:
                self.written[account.id] = len(await self._remembered(account.id))

    async def waiting(self, account_id: int) -> int:
        """How many rows wait to be handed over. Raises StoreTrouble."""
        return (await self._rows.waiting(account_id, self._clock.now())).count

    async def write(self, account_id: int, folder: Path) -> list[Path]:
        """Write everything that waits into files in `folder`, in place of earlier ones.

        The files are readable by this user only. Rows that no file can hold are parked. Raises
        LinkRefused for an account that gets no files, StoreTrouble where they cannot be written.
        """
        account = await self._account(account_id)
        spec, now = self._services[account.service].spec, self._clock.now()
        rows = await self._rows.rows(account_id, now)
        history = await self._rows.played(account_id, spec.kinds, now) if rows else []
        # A type checker cannot know that `spec.hand_off` says so.
        service = cast(HandOff, self._services[account.service])
        files = await asyncio.to_thread(service.files, rows, self._zone, history)
        paths = [folder / name for name in await self._names(account, files)]
        for path, file in zip(paths, files, strict=True):
            await asyncio.to_thread(replace_file, path, file.text.encode())
        # Remembered after they are whole: what is confirmed has been in a file.
        held = [row_id for file in files for row_id in file.delivery_ids]
        await self._remember(account_id, held)
        lost = sorted({row.id for row in rows}.difference(held))
        if lost:
            await self._rows.conclude(
                account_id,
                lost,
                DeliveryState.PARKED,
                now,
                reason_code=Reason.INVALID,
                detail="It lacks what the importer finds it by.",
            )
        _log.info("%d plays for %s are in %d files", len(held), spec.name, len(paths))
        return paths

    async def confirm(self, account_id: int) -> int:
        """The user imported the files: their rows are delivered; returns how many.

        A second call changes nothing. Raises LinkRefused or StoreTrouble.
        """
        await self._account(account_id)
        ids = await self._remembered(account_id)
        done = await self._rows.conclude(
            account_id,
            ids,
            DeliveryState.DELIVERED,
            self._clock.now(),
            reason_code=Reason.HANDED_OVER,
        )
        await self.forget(account_id)
        return done

    async def forget(self, account_id: int) -> None:
        """Act as if no file had been written; the rows go on waiting. Raises StoreTrouble."""
        await self._meta.drop_meta(_written_key(account_id))
        self.written.pop(account_id, None)

    async def remind(self, accounts: Sequence[Account], tell: Remind) -> None:
        """Tell of accounts where much or old waits, each at most once a day over restarts."""
        now = self._clock.now()
        for account in accounts:
            if not self.is_hand_off(account):
                continue
            waiting = await self._rows.waiting(account.id, now)
            old = waiting.since is not None and now - waiting.since > REMIND_AFTER
            if not old and waiting.count < REMIND_AT_ROWS:
                continue
            key = f"hand_off_reminded:{account.id}"
            last = _moment(await self._meta.get_meta(key))
            # A clock that was set back must not silence this for ever.
            if last is not None and timedelta() <= now - last < REMIND_EVERY:
                continue
            await self._meta.set_meta(key, now.isoformat())
            tell(account, waiting.count)

    async def keep_reminding(self, accounts: Callable[[], Sequence[Account]], tell: Remind) -> None:
        """`remind` every hour until cancelled."""
        while True:
            try:
                await self.remind(accounts(), tell)
            except StoreTrouble as error:
                _log.warning("Waiting hand-offs cannot be looked for: %s", error)
            await self._clock.sleep(LOOK_EVERY_S)

    async def _account(self, account_id: int) -> Account:
        account = await self._accounts.get(account_id)
        if account is None or account.service not in self._services:
            raise LinkRefused(f"There is no linked account {account_id}.")
        if not self.is_hand_off(account):
            name = self._services[account.service].spec.name
            raise LinkRefused(f"{name} is sent its plays; it takes no files.")
        return account

    async def _names(self, account: Account, files: Sequence[HandOffFile]) -> list[str]:
        """File names that two accounts of one service do not share."""
        same = [one for one in await self._accounts.all() if one.service == account.service]
        mark = f"account-{account.id}-" if len(same) > 1 else ""
        return [mark + file.name for file in files]

    async def _remember(self, account_id: int, ids: Sequence[int]) -> None:
        if not ids:
            await self.forget(account_id)
            return
        await self._meta.set_meta(_written_key(account_id), json.dumps(list(ids)))
        self.written[account_id] = len(ids)

    async def _remembered(self, account_id: int) -> list[int]:
        text = await self._meta.get_meta(_written_key(account_id))
        ids = json.loads(text) if text else []
        return [one for one in ids if isinstance(one, int)]


def _written_key(account_id: int) -> str:
    return f"hand_off:{account_id}"


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
