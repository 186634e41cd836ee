"""OAuth tokens: reading them, and refreshing them once, whoever notices first."""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import (
    CompanionError,
    LaneBlocked,
    LinkExpired,
    RateLimited,
    ServiceTrouble,
    Unanswered,
)
from revenge_companion.core.reasons import Reason
from revenge_companion.net.http import Answer
from revenge_companion.services.answers import first_text, object_of
from revenge_companion.services.base import Secret, SecretSlot
from revenge_companion.services.setup import is_token

_log = logging.getLogger(__name__)

#: Tokens are renewed this long before they end, or half their life before, in seconds.
AHEAD_S = 86_400.0
#: Lifetimes beyond a year are taken for a year, in seconds.
LONGEST_LIFE_S = 365 * 86_400.0

Refresh = Callable[[Secret], Awaitable[Secret]]


class Tokens:
    """One account's tokens. Safe for several tasks and, by the slot's lock, several processes."""

    def __init__(
        self,
        slot: SecretSlot,
        clock: Clock,
        refresh: Refresh,
        *,
        service: str,
        ahead_s: float = AHEAD_S,
    ) -> None:
        self._slot = slot
        self._clock = clock
        self._refresh = refresh
        self._service = service
        self._most_ahead_s = self._ahead_s = ahead_s

    async def current(self) -> Secret:
        """The tokens to use now, renewed ahead of their end; raises LinkExpired without any."""
        secret = await self._read()
        left_s = self._left_s(secret)
        if left_s is None or left_s > self._ahead_s or not secret.refresh:
            return secret
        try:
            return await self.renewed(secret)
        except (LinkExpired, LaneBlocked):
            raise
        except CompanionError as error:
            if left_s <= 0:
                raise
            _log.info("%s tokens could not be renewed yet: %s", self._service, error)
            return secret

    async def send(self, request: Callable[[Secret], Awaitable[Answer]]) -> Answer:
        """The answer to `request`, which is repeated once with newer tokens after a 401."""
        secret = await self.current()
        answer = await request(secret)
        if answer.status != 401 or not _may_renew(answer):
            return answer
        return await request(await self.renewed(secret))

    async def renewed(self, used: Secret) -> Secret:
        """Tokens newer than `used`, which are refreshed only if nobody else did so meanwhile.

        They are stored before they are returned. Raises LinkExpired when the grant is gone.
        """
        async with self._slot.exclusive():
            stored = await self._read()
            if stored.access != used.access:
                return stored
            if not stored.refresh:
                raise LinkExpired(f"{self._service} does not accept this link any more.")
            try:
                fresh = await self._refresh(stored)
            except Unanswered:
                # It may have been renewed unheard; the old token then says so, once.
                fresh = await self._refresh(stored)
            await self._slot.put(fresh)
        left_s = self._left_s(fresh)
        if left_s is not None:
            self._ahead_s = min(self._most_ahead_s, left_s / 2)
        return fresh

    async def _read(self) -> Secret:
        secret = await self._slot.get()
        if secret is None or not secret.access:
            raise LinkExpired(f"{self._service} is not linked any more.")
        return secret

    def _left_s(self, secret: Secret) -> float | None:
        if secret.expires_at is None:
            return None
        return (secret.expires_at - self._clock.now()).total_seconds()


def _may_renew(answer: Answer) -> bool:
    """Whether a 401 is about the token; a refused client id is not mended by a new one."""
    return (object_of(answer) or {}).get("error") != "invalid_client"


def read_tokens(
    data: dict[str, Any], clock: Clock, *, client_id: str, old_refresh: str = ""
) -> Secret | None:
    """The tokens in a token answer's body; None where it holds none."""
    access, refresh = data.get("access_token"), data.get("refresh_token")
    if not isinstance(access, str) or not is_token(access):
        return None
    life = data.get("expires_in")
    expires_at = None
    if isinstance(life, int | float) and not isinstance(life, bool) and life > 0:
        expires_at = clock.now() + timedelta(seconds=min(float(life), LONGEST_LIFE_S))
    kept = refresh if isinstance(refresh, str) and is_token(refresh) else old_refresh
    return Secret(access, kept, expires_at, client_id)


def read_refreshed(answer: Answer, clock: Clock, old: Secret, *, service: str) -> Secret:
    """The new tokens of a refresh.

    Raises LinkExpired for a grant that is gone, LaneBlocked for a refused client id, Unanswered
    where new tokens may have been made and lost, else RateLimited or ServiceTrouble.
    """
    data = object_of(answer)
    code = data.get("error") if data else None
    if 200 <= answer.status < 300:
        fresh = (
            read_tokens(data, clock, client_id=old.client_id, old_refresh=old.refresh)
            if data
            else None
        )
        if fresh is None:
            raise Unanswered(f"{service} answered a refresh without tokens.")
        return fresh
    detail = first_text(data.get("error_description"), code) if data else ""
    if answer.status == 429:
        raise RateLimited(f"{service} asked to wait.", retry_after_s=answer.retry_after_s)
    if answer.status in (400, 401) and code == "invalid_grant":
        raise LinkExpired(f"{service} ended this link: {detail.rstrip('.')}.")
    if answer.status in (400, 401, 403) and data is not None:
        raise LaneBlocked(f"{service} refused the client id: {detail}", code=Reason.APP_KEY_REFUSED)
    raise ServiceTrouble(f"{service} could not renew its tokens (HTTP {answer.status}).")
