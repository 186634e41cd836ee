"""The sign-in as it is kept: who it is in the database, their tokens in the keyring.

What is shown of it can be read without the keyring, which may cost time or ask for a password.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from revenge_companion.core.profiles import FIRST
from revenge_companion.engine.linker import SecretStore
from revenge_companion.logs import keep_out

_log = logging.getLogger(__name__)

_SECRET = "revenge/session"
_SIGNED_IN = "signed_in"
_ALLOW_HTTP = "allow_http"
_PROFILE = "profile"


class Meta(Protocol):
    """Small texts kept in the database; no secrets."""

    async def get_meta(self, key: str) -> str | None: ...
    async def set_meta(self, key: str, value: str) -> None: ...
    async def drop_meta(self, key: str) -> None: ...


class ProfileStore(Protocol):
    """The profiles there are; `store.profiles.Profiles`."""

    async def enter(self, server_url: str, user_id: str, username: str) -> int:
        """The profile of somebody who signs in, made where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """Who is signed in, as far as no secret is needed for it."""

    profile: int
    server_url: str
    username: str
    #: Whether the user allows plain http to the server.
    allow_http: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody's sign-in to a server: a refresh token or an API key."""

    server_url: str
    username: str
    user_id: str
    allow_http: bool = False
    refresh: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)


class SignIns:
    """Keeps one sign-in."""

    def __init__(self, secrets: SecretStore, meta: Meta, profiles: ProfileStore) -> None:
        self._secrets = secrets
        self._meta = meta
        self._profiles = profiles

    async def last(self) -> int:
        """The profile that is active or, while nobody is signed in, was last."""
        text = await self._meta.get_meta(_PROFILE)
        return int(text) if text and text.isdecimal() else FIRST

    async def shown(self) -> Shown | None:
        """Who is signed in; None where nobody is, or it cannot be read."""
        text = await self._meta.get_meta(_SIGNED_IN)
        if text is None:
            return None
        try:
            data = json.loads(text)
            server, username = str(data["server"]), str(data["username"])
        except (ValueError, KeyError, TypeError):
            return None
        profile = data.get(_PROFILE, FIRST)
        return Shown(
            profile if isinstance(profile, int) else FIRST, server, username, _allowed(text)
        )

    async def get(self) -> tuple[int, SignedIn] | None:
        """The sign-in and its profile; None where there is none.

        Raises SecretsUnavailable.
        """
        # Asked first: a keyring costs a tenth of a second, and some ask the user for a password.
        shown = await self._meta.get_meta(_SIGNED_IN)
        if shown is None:
            return None
        text = await self._secrets.get(_SECRET)
        if text is None:
            return None
        try:
            data = json.loads(text)
            one = SignedIn(
                str(data["server"]),
                str(data["username"]),
                str(data.get("user_id", "")),
                _allowed(shown),
                str(data.get("refresh", "")),
                str(data.get("api_key", "")),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            _log.warning("The stored sign-in could not be read; sign in again")
            return None
        keep_out(one.refresh or one.api_key)
        # The tokens say who it is: a program that was ended while it kept another's may have left
        # the one before where no secret is.
        profile = await self._profiles.enter(one.server_url, one.user_id, one.username)
        known = await self.shown()
        if known is None or {known.profile, await self.last()} != {profile}:
            await self._show(profile, one)
        return profile, one

    async def put(self, one: SignedIn) -> int:
        """Keep a sign-in in place of the one before; its profile, which is active from now on.

        Raises SecretsUnavailable or StoreTrouble.
        """
        keep_out(one.refresh or one.api_key)
        profile = await self._profiles.enter(one.server_url, one.user_id, one.username)
        data = {"server": one.server_url, "username": one.username, "user_id": one.user_id}
        if one.refresh:
            data["refresh"] = one.refresh
        if one.api_key:
            data["api_key"] = one.api_key
        await self._secrets.put(_SECRET, json.dumps(data))
        await self._show(profile, one)
        return profile

    async def _show(self, profile: int, one: SignedIn) -> None:
        shown = {
            "server": one.server_url,
            "username": one.username,
            _ALLOW_HTTP: one.allow_http,
            _PROFILE: profile,
        }
        await self._meta.set_meta(_SIGNED_IN, json.dumps(shown))
        await self._meta.set_meta(_PROFILE, str(profile))

    def keeper(self, one: SignedIn) -> Callable[[str], Awaitable[None]]:
        """What keeps a refresh token that the server has replaced, for this user of it alone."""

        async def keep(token: str) -> None:
            keep_out(token)
            text = await self._secrets.get(_SECRET)
            data = json.loads(text) if text else {}
            if (data.get("server"), data.get("user_id")) == (one.server_url, one.user_id):
                data["refresh"] = token
                await self._secrets.put(_SECRET, json.dumps(data))

        return keep

    async def drop(self) -> None:
        """Forget the sign-in; whose it was stays known."""
        await self._secrets.drop(_SECRET)
        await self._meta.drop_meta(_SIGNED_IN)


def _allowed(shown: str) -> bool:
    """Whether plain http was allowed for a sign-in, as `shown` was kept.

    Before this was asked it was allowed for every server, and who signed in then goes on.
    """
    try:
        return json.loads(shown).get(_ALLOW_HTTP, True) is True
    except (ValueError, AttributeError):
        return False
