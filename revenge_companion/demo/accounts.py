"""Signing in at the embedded server: tokens, refresh, sign-out, who am I."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from revenge_companion.core.clock import Clock
from revenge_companion.demo.answers import error, json_body
from revenge_companion.demo.hub import wire_time
from revenge_companion.demo.library import demo_id

#: Wrong passwords within `_LOCK` after which even the right one is refused.
_TRIES = 5
_LOCK = timedelta(minutes=15)


class Accounts:
    """One user with a password and an API key. Tokens are opaque, as they are to a client."""

    def __init__(
        self,
        clock: Clock,
        *,
        username: str,
        password: str,
        access_token_s: float,
        refresh_token_s: float,
        require_query_token: bool,
    ) -> None:
        self._clock = clock
        self.username = username
        self.password = password
        self.access_token_s = access_token_s
        self.refresh_token_s = refresh_token_s
        self.require_query_token = require_query_token
        self.user_id = demo_id(f"user/{username}")
        self.api_key = "rv_" + hashlib.sha256(self.user_id.encode()).hexdigest()
        self._created_at = clock.now()
        self._made = 0
        self._access: dict[str, datetime] = {}
        self._refresh: dict[str, datetime] = {}
        self._wrong: list[datetime] = []
        #: How often a refresh was answered with a new token.
        self.refreshes = 0

    def routes(self) -> list[Route]:
        return [
            Route("/api/v1/auth/login", self._login, methods=["POST"]),
            Route("/api/v1/auth/refresh", self._refresh_token, methods=["POST"]),
            Route("/api/v1/auth/logout", self._logout, methods=["POST"]),
            Route("/api/v1/users/me", self._me, methods=["GET"]),
            Route("/api/v1/oidc/providers", self._providers, methods=["GET"]),
        ]

    def forget_access_tokens(self) -> None:
        """Every access token is refused from now on; refresh tokens go on working."""
        self._access.clear()

    def forget_everything(self) -> None:
        """Access and refresh tokens are refused from now on."""
        self._access.clear()
        self._refresh.clear()

    def allows(self, connection: HTTPConnection, *, stream: bool = False) -> bool:
        """Whether a request carries a good token; a stream takes `?token=` and no API key."""
        scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
        if stream:
            if self.require_query_token:
                return self._good(connection.query_params.get("token", ""))
            query = connection.query_params.get("token", "")
            return self._good(bearer if scheme.lower() == "bearer" else query)
        if bearer:
            return scheme.lower() == "bearer" and self._good(bearer)
        return connection.headers.get("x-api-key") == self.api_key

    def _good(self, token: str) -> bool:
        expires_at = self._access.get(token)
        return expires_at is not None and self._clock.now() < expires_at

    def _make(self, kind: str) -> str:
        self._made += 1
        digest = hashlib.sha256(f"{kind}/{self._made}/{self.user_id}".encode()).hexdigest()
        return f"demo-{kind}-{digest}"

    def _new_access(self) -> dict[str, Any]:
        token = self._make("access")
        self._access[token] = self._clock.now() + timedelta(seconds=self.access_token_s)
        return {"access_token": token, "expires_in": int(self.access_token_s)}

    async def _login(self, request: Request) -> Response:
        body = await json_body(request)
        if body is None:
            return error(400, "Invalid request: body is not a JSON object")
        now = self._clock.now()
        self._wrong = [at for at in self._wrong if now - at < _LOCK]
        names = (self.username, f"{self.username}@revenge.example")
        right = body.get("username") in names and body.get("password") == self.password
        if not right or len(self._wrong) >= _TRIES:
            self._wrong.append(now)
            return error(401, "Invalid username or password")
        refresh = self._make("refresh")
        self._refresh[refresh] = now + timedelta(seconds=self.refresh_token_s)
        user = self._user()
        known = ("id", "username", "email", "display_name", "email_verified", "is_active")
        return JSONResponse(
            {
                "user": {key: user[key] for key in (*known, "created_at")},
                "refresh_token": refresh,
                **self._new_access(),
            }
        )

    async def _refresh_token(self, request: Request) -> Response:
        body = await json_body(request)
        if body is None:
            return error(400, "Invalid request: body is not a JSON object")
        expires_at = self._refresh.get(str(body.get("refresh_token")))
        if expires_at is None or self._clock.now() >= expires_at:
            return error(401, "Invalid or expired refresh token")
        self.refreshes += 1
        return JSONResponse(self._new_access())

    async def _logout(self, request: Request) -> Response:
        if not self.allows(request):
            return error(401, "Authentication required")
        body = await json_body(request)
        if body is None or not isinstance(body.get("refresh_token"), str):
            return error(400, "Invalid request: refresh_token is required")
        self._refresh.pop(body["refresh_token"], None)
        if body.get("logout_all") is True:
            self._refresh.clear()
        return Response(status_code=204)

    async def _me(self, request: Request) -> Response:
        if not self.allows(request):
            return error(401, "Authentication required")
        return JSONResponse(self._user())

    async def _providers(self, request: Request) -> Response:
        return JSONResponse({"providers": [], "total": 0})

    def _user(self) -> dict[str, Any]:
        return {
            "id": self.user_id,
            "username": self.username,
            "email": f"{self.username}@revenge.example",
            "display_name": self.username.title(),
            "avatar_url": "",
            "locale": "",
            "timezone": "",
            "qar_enabled": False,
            "is_active": True,
            "is_admin": False,
            "email_verified": False,
            "created_at": wire_time(self._created_at),
            # Today's server sends Go's zero time for "never".
            "last_login_at": "0001-01-01T00:00:00Z",
        }
