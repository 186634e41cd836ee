"""What an account may be sent: the breaker and the day budget of its lane, kept over restarts."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Protocol

from revenge_companion.core.accounts import Account, AccountState
from revenge_companion.core.breaker import Breaker
from revenge_companion.core.clock import Clock
from revenge_companion.core.quota import DayQuota, DayUse, eta
from revenge_companion.services.base import Service
from revenge_companion.services.setup import api_root


class Meta(Protocol):
    """Small texts kept in the database."""

    async def get_meta(self, key: str) -> str | None: ...
    async def set_meta(self, key: str, value: str) -> None: ...


class Limits:
    """The limits of every account, by id; loaded before the accounts' lanes are made."""

    def __init__(
        self,
        services: Mapping[str, Service],
        meta: Meta,
        clock: Clock,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._services = services
        self._environ = environ or {}
        self._meta = meta
        self._clock = clock
        self._breakers: dict[int, Breaker] = {}
        self._quotas: dict[int, DayQuota | None] = {}

    async def load(self, accounts: Iterable[Account]) -> None:
        """Read what is kept of accounts that are new here. Raises StoreTrouble."""
        for account in accounts:
            if account.id in self._breakers:
                continue
            trusted = _moment(await self._meta.get_meta(f"trusted/{account.id}"))
            used = await self._meta.get_meta(f"day/{account.id}")
            spec = self._services[account.service].spec
            quota = None
            # The limit is the service's own: a compatible server, or one the environment
            # points to, has none.
            root = api_root(spec, account.api_url, self._environ)
            if spec.per_day is not None and root == spec.default_api_url:
                quota = DayQuota(spec.per_day, spec.day_starts_utc_h)
                quota.read(used or "", self._clock.now())
            self._quotas[account.id] = quota
            self._breakers[account.id] = Breaker(trusted_until=trusted)

    def breaker(self, account_id: int) -> Breaker:
        return self._breakers.setdefault(account_id, Breaker())

    def quota(self, account_id: int) -> DayQuota | None:
        """The account's day budget; None where there is none."""
        return self._quotas.get(account_id)

    def day(self, account_id: int) -> DayUse | None:
        """What was used of the account's day; None where no budget is kept."""
        quota = self.quota(account_id)
        if quota is None:
            return None
        now = self._clock.now()
        return DayUse(quota.used_today(now), quota.per_day, quota.next_day(now))

    def note(self, account_id: int) -> Callable[[str], Awaitable[None]]:
        """Keeps what was used of the account's day. May raise StoreTrouble."""
        return partial(self._meta.set_meta, f"day/{account_id}")

    async def trust(self, account: Account) -> None:
        """The user wants what waits to be sent, if the breaker stopped it. Raises StoreTrouble."""
        if account.is_stopped:
            now = self._clock.now()
            await self._meta.set_meta(f"trusted/{account.id}", now.isoformat())
            self.breaker(account.id).forgive(now)

    def eta(self, account: Account, waiting: int) -> datetime | None:
        """When `waiting` rows are through; None where they go as fast as the service takes them."""
        quota = self.quota(account.id)
        if quota is None or not waiting:
            return None
        spec, now = self._services[account.service].spec, self._clock.now()
        units = -(-waiting // spec.batch_size) if spec.day_counts_requests else waiting
        at = eta(units, quota.per_day, quota.used_today(now), now, quota.starts_utc_h)
        until = account.held_until if account.state is AccountState.QUOTA else None
        return max((one for one in (at, until) if one is not None), default=None)


def _moment(text: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
