"""The sign-in to one Revenge server: its tokens, and when they are renewed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import (
    CompanionError,
    NotRevenge,
    RateLimited,
    ServiceTrouble,
    SessionExpired,
    SignInRefused,
)
from revenge_companion.net.http import Answer, Http, NotJson
from revenge_companion.revenge import fields

_log = logging.getLogger(__name__)

#: The access token is renewed this long before its end, or at a tenth of its life if shorter.
AHEAD_S = 300.0
#: Life of an access token whose server did not say, in seconds.
LIFE_S = 900.0
#: Largest answer of the sign-in calls, in bytes.
_ANSWER_LIMIT = 256 * 1024
#: The server's limit for a device name.
_DEVICE_NAME_LIMIT = 100

#: Stores a refresh token durably.
StoreToken = Callable[[str], Awaitable[None]]


async def _forget(_token: str) -> None:
    """Store nothing."""


class Session:
    """Tokens for one server: an access token in memory and a refresh token, or an API key."""

    def __init__(
        self,
        http: Http,
        base_url: str,
        clock: Clock,
        *,
        refresh_token: str = "",
        api_key: str = "",
        store: StoreToken = _forget,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = http
        self._clock = clock
        self._refresh_token = refresh_token
        #: Whether an API key stands in for a sign-in; live connections do not take one.
        self.by_key = bool(api_key)
        self._api_key = _token(api_key.strip())
        self._store = store
        self._access = ""
        self._ends_s = 0.0
        self._ends_at_epoch_s = 0.0
        self._ahead_s = 0.0
        self._expired = False
        self._renewing = asyncio.Lock()

    def __repr__(self) -> str:
        kind = "API key" if self.by_key else "signed in" if self._refresh_token else "signed out"
        return f"<Session {self.base_url} ({kind})>"

    def check(self) -> None:
        """For connections made elsewhere: raises LaneBlocked where the server's address is not
        encrypted and the user has not allowed that.
        """
        self._http.check(self.base_url)

    async def login(self, username: str, password: str, device_name: str = "") -> None:
        """Sign in and store the refresh token.

        Raises SignInRefused when name or password are not accepted or the server wants a second
        step, NotRevenge when something else answers, or an error of the network.
        """
        body = {"username": username, "password": password}
        if device_name:
            body["device_name"] = device_name[:_DEVICE_NAME_LIMIT]
        answer = await self._post("/auth/login", body)
        values = body_of(answer)
        if answer.status == 200:
            await self._signed_in(values)
            return
        code = values.get("code")
        if answer.status in (401, 403) and _speaks_of_mfa(values):
            raise SignInRefused(_MFA)
        if (answer.status == 401 and code == 401) or answer.status in (400, 403):
            raise SignInRefused("The server did not accept this name and password.")
        raise trouble(answer)

    async def _signed_in(self, values: Mapping[str, Any]) -> None:
        access = _token(values.get("access_token"))
        refresh = _token(values.get("refresh_token"))
        if not access or not refresh:
            if _speaks_of_mfa(values) or "user" in values:
                raise SignInRefused(_MFA)
            raise NotRevenge("Something answers there, but it is not a Revenge server.")
        await self._store(refresh)
        self._refresh_token = refresh
        self._expired = False
        self._take(access, values.get("expires_in"))

    async def headers(self) -> dict[str, str]:
        """The header that signs a REST request; raises what `bearer` raises."""
        if self.by_key:
            if not self._api_key:
                raise SessionExpired("The API key is not one.")
            return {"X-API-Key": self._api_key}
        return {"Authorization": f"Bearer {await self.bearer()}"}

    async def bearer(self) -> str:
        """An access token, renewed before it ends.

        Raises SessionExpired when the sign-in is over, or an error of the network while no token
        is left; a token that still lives is used through trouble.
        """
        left_s = self._left_s()
        if self._access and left_s > self._ahead_s:
            return self._access
        try:
            return await self.renewed(self._access)
        except SessionExpired:
            raise
        except CompanionError:
            if self._access and self._left_s() > 0:
                return self._access
            raise

    async def renewed(self, rejected: str) -> str:
        """An access token other than `rejected`; those who ask together make one request."""
        async with self._renewing:
            if self._access and self._access != rejected:
                return self._access
            if self._expired or self.by_key or not self._refresh_token:
                raise SessionExpired("The sign-in to the server is over.")
            answer = await self._post("/auth/refresh", {"refresh_token": self._refresh_token})
            values = body_of(answer)
            if answer.status == 401 and values.get("code") == 401:
                self._expired = True
                raise SessionExpired("The sign-in to the server is over.")
            access = _token(values.get("access_token"))
            if answer.status != 200 or not access:
                raise trouble(answer)
            rotated = _token(values.get("refresh_token"))
            if rotated and rotated != self._refresh_token:
                await self._store(rotated)
                self._refresh_token = rotated
            self._take(access, values.get("expires_in"))
            _log.debug("access token renewed")
            return access

    async def logout(self) -> None:
        """Give the refresh token back; the tokens are forgotten whatever the server says.

        Raises an error of the network when the server could not be told.
        """
        refresh = self._refresh_token
        try:
            access = "" if self.by_key or not refresh else await self.bearer()
        except SessionExpired:
            access = ""
        finally:
            self._refresh_token = self._access = self._api_key = ""
        if refresh and access:
            await self._post(
                "/auth/logout",
                {"refresh_token": refresh},
                {"Authorization": f"Bearer {access}"},
            )

    def _take(self, access: str, expires_in: object) -> None:
        life_s = fields.seconds(expires_in) or LIFE_S
        self._access = access
        # Two clocks: one does not run while the computer sleeps, the other can be set back.
        self._ends_s = self._clock.monotonic_s() + life_s
        self._ends_at_epoch_s = self._clock.now().timestamp() + life_s
        self._ahead_s = min(AHEAD_S, life_s / 10)

    def _left_s(self) -> float:
        return min(
            self._ends_s - self._clock.monotonic_s(),
            self._ends_at_epoch_s - self._clock.now().timestamp(),
        )

    async def _post(
        self, path: str, body: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Answer:
        return await self._http.request(
            "POST",
            f"{self.base_url}/api/v1{path}",
            json=dict(body),
            headers=headers,
            max_bytes=_ANSWER_LIMIT,
        )


_MFA = "The server wants a second step. Finish the sign-in in the browser, or use an API key."


def body_of(answer: Answer) -> dict[str, Any]:
    """The JSON object an answer holds; empty for anything else."""
    try:
        values = answer.json()
    except NotJson:
        return {}
    return values if isinstance(values, dict) else {}


def trouble(answer: Answer) -> CompanionError:
    """The error for an answer that is neither what was asked for nor about the sign-in."""
    if answer.status == 429:
        # This server never says how long.
        return RateLimited("The server asked to wait a moment.", retry_after_s=answer.retry_after_s)
    if answer.status >= 500 or answer.status in (401, 408):
        return ServiceTrouble(f"The server failed (HTTP {answer.status}).")
    if not body_of(answer):
        return NotRevenge("Something answers there, but it is not a Revenge server.")
    return ServiceTrouble(f"The server gave an answer without sense (HTTP {answer.status}).")


def _token(value: object) -> str:
    """A token that can stand in a header; "" for anything else."""
    if not isinstance(value, str) or not 0 < len(value) <= 16_384:
        return ""
    return value if value.isascii() and value.isprintable() and " " not in value else ""


def _speaks_of_mfa(values: Mapping[str, Any]) -> bool:
    message = fields.text(values.get("message")).lower()
    return bool(values.get("requires_mfa")) or "mfa" in message or "two-factor" in message
