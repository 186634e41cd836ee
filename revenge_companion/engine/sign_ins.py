"""Sign-ins as they are kept: who it is in the database, their tokens in the keyring.

Each profile keeps its own, and one of them is active. What is shown of them can be read without the
keyring, which may cost time or ask for a password. A program that is ended in the middle of a
change leaves the one before active, or the new one; nobody's sign-in is lost.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from revenge_companion.core.profiles import FIRST, KnownProfile, Profile
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

    async def all(self) -> list[Profile]:
        """Every profile, in the order they came."""
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
    """Keeps the sign-in of each profile, and which one is active."""

    def __init__(self, secrets: SecretStore, meta: Meta, profiles: ProfileStore) -> None:
        self._secrets = secrets
        self._meta = meta
        self._profiles = profiles

    async def last(self) -> int:
        """The profile that is active or, while nobody is signed in, was last."""
        text = await self._meta.get_meta(_PROFILE)
        return int(text) if text and text.isdecimal() else FIRST

    async def known(self) -> tuple[KnownProfile, ...]:
        """Every profile there is, in the order they came."""
        shown = await self.shown()
        active = None if shown is None else shown.profile
        return tuple(
            [
                KnownProfile(one, one.id == active, await self._is_kept(one.id, active))
                for one in await self._profiles.all()
            ]
        )

    async def _is_kept(self, profile: int, active: int | None) -> bool:
        return profile == active or await self._meta.get_meta(_shown_key(profile)) is not None

    async def shown(self, profile: int | None = None) -> Shown | None:
        """Who is signed in, or was as `profile`; None where nobody is, or it cannot be read."""
        text = await self._shown_text(profile)
        if text is None:
            return None
        try:
            data = json.loads(text)
            server, username = str(data["server"]), str(data["username"])
        except (ValueError, KeyError, TypeError):
            return None
        number = data.get(_PROFILE, FIRST)
        return Shown(number if isinstance(number, int) else FIRST, server, username, _allowed(text))

    async def _shown_text(self, profile: int | None) -> str | None:
        key = _SIGNED_IN if profile is None else _shown_key(profile)
        return await self._meta.get_meta(key)

    async def get(self, profile: int | None = None) -> tuple[int, SignedIn] | None:
        """The active sign-in, or that of `profile`, with its profile; None where there is none.

        Raises SecretsUnavailable.
        """
        # Asked first: a keyring costs a tenth of a second, and some ask the user for a password.
        shown = await self.shown()
        if profile is not None and (shown is None or shown.profile != profile):
            shown = await self.shown(profile)
        elif shown is None and await self._shown_text(None) is not None:
            # Who it is can be read with the tokens, too.
            shown = Shown(await self.last(), "", "", allow_http=False)
        if shown is None:
            return None
        text = await self._secrets.get(_secret_name(shown.profile))
        if text is None:
            return None
        try:
            data = json.loads(text)
            one = SignedIn(
                str(data["server"]),
                str(data["username"]),
                str(data.get("user_id", "")),
                shown.allow_http,
                str(data.get("refresh", "")),
                str(data.get("api_key", "")),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            _log.warning("The stored sign-in could not be read; sign in again")
            return None
        keep_out(one.refresh or one.api_key)
        # Learns the id of a user that was signed in before there were profiles.
        await self._profiles.enter(one.server_url, one.user_id, one.username)
        return shown.profile, one

    async def put(self, one: SignedIn) -> int:
        """Keep a sign-in; its profile, which is active from now on.

        Raises SecretsUnavailable or StoreTrouble.
        """
        keep_out(one.refresh or one.api_key)
        profile = await self._profiles.enter(one.server_url, one.user_id, one.username)
        data = {"server": one.server_url, "username": one.username, "user_id": one.user_id}
        if one.refresh:
            data["refresh"] = one.refresh
        if one.api_key:
            data["api_key"] = one.api_key
        await self._secrets.put(_secret_name(profile), json.dumps(data))
        await self.activate(profile, one)
        return profile

    async def activate(self, profile: int, one: SignedIn) -> None:
        """From now on `one` is the sign-in that the program goes on with; others are kept."""
        before = await self.shown()
        if before is not None and before.profile != profile:
            # A version without profiles kept it in this one place.
            await self._meta.set_meta(
                _shown_key(before.profile), await self._shown_text(None) or ""
            )
        shown = json.dumps(
            {
                "server": one.server_url,
                "username": one.username,
                _ALLOW_HTTP: one.allow_http,
                _PROFILE: profile,
            }
        )
        await self._meta.set_meta(_shown_key(profile), shown)
        # This is the change.
        await self._meta.set_meta(_SIGNED_IN, shown)
        await self._meta.set_meta(_PROFILE, str(profile))

    def keeper(self, profile: int) -> Callable[[str], Awaitable[None]]:
        """What keeps a refresh token that the server has replaced."""

        async def keep(token: str) -> None:
            keep_out(token)
            text = await self._secrets.get(_secret_name(profile))
            data = json.loads(text) if text else {}
            data["refresh"] = token
            await self._secrets.put(_secret_name(profile), json.dumps(data))

        return keep

    async def drop(self) -> None:
        """Forget the active sign-in; whose it was stays known, and others' stay kept."""
        shown = await self.shown()
        profile = await self.last() if shown is None else shown.profile
        await self._secrets.drop(_secret_name(profile))
        await self._meta.drop_meta(_shown_key(profile))
        await self._meta.drop_meta(_SIGNED_IN)


def _secret_name(profile: int) -> str:
    """The first profile's is where it was before there were several."""
    return _SECRET if profile == FIRST else f"{_SECRET}/{profile}"


def _shown_key(profile: int) -> str:
    return f"{_SIGNED_IN}/{profile}"


def _allowed(shown: str) -> bool:
    """Whether plain http was allowed for a sign-in, as `shown` was kept.

    Before this was asked it was allowed for every server, and who signed in then goes on.
    """
    try:
        return json.loads(shown).get(_ALLOW_HTTP, True) is True
    except (ValueError, AttributeError):
        return False
