"""Linking and unlinking accounts, and the keyring's slot that each account's client uses."""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, cast

from revenge_companion.core.accounts import Account
from revenge_companion.core.addresses import with_scheme
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError, LinkRefused
from revenge_companion.core.media import Item
from revenge_companion.core.profiles import FIRST
from revenge_companion.logs import keep_out
from revenge_companion.services.base import (
    AsyncLock,
    Client,
    Linked,
    LinkMethod,
    LinkPrompt,
    LinkRequest,
    LoveClient,
    Prober,
    ProbeResult,
    Secret,
    Service,
    ShowPrompt,
)
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.locks import FileLock

_log = logging.getLogger(__name__)

#: Environment variable with the passphrase of the encrypted vault.
VAULT_KEY_ENV = "REVENGE_COMPANION_VAULT_KEY"


class SecretStore(Protocol):
    """The keyring or the vault."""

    async def get(self, name: str) -> str | None: ...
    async def put(self, name: str, value: str) -> None: ...
    async def drop(self, name: str) -> None: ...


class Slot:
    """One account's place in the keyring (services.base.SecretSlot)."""

    def __init__(self, secrets: SecretStore, name: str, lock_file: Path, clock: Clock) -> None:
        self._secrets = secrets
        self._name = name
        self._lock_file = lock_file
        self._clock = clock

    async def get(self) -> Secret | None:
        """The stored tokens; None where there are none or they cannot be read as tokens."""
        text = await self._secrets.get(self._name)
        if text is None:
            return None
        try:
            secret = _secret(json.loads(text))
        except (ValueError, KeyError, TypeError):
            _log.warning("Stored tokens could not be read; the account has to be linked again")
            return None
        _keep_out(secret)
        return secret

    async def put(self, secret: Secret) -> None:
        """Store durably; returns only when it is stored. Raises SecretsUnavailable."""
        _keep_out(secret)
        expires = secret.expires_at
        data = {
            "access": secret.access,
            "refresh": secret.refresh,
            "expires_at": None if expires is None else expires.isoformat(),
            "client_id": secret.client_id,
            "client_secret": secret.client_secret,
        }
        await self._secrets.put(self._name, json.dumps(data))

    def exclusive(self) -> AsyncLock:
        """A lock over threads and processes, for single-flight refresh."""
        return FileLock(self._lock_file, self._clock)


def _completed(request: LinkRequest) -> LinkRequest:
    """`request` with whole addresses, however they were typed."""
    api, auth = with_scheme(request.api_url), with_scheme(request.auth_url)
    return replace(request, api_url=api, auth_url=auth)


async def _show_nothing(prompt: LinkPrompt) -> None:
    """A pasted token needs nothing to be done elsewhere."""


def _keep_out(secret: Secret) -> None:
    """Whatever goes wrong from here on, these are not to be seen in a log."""
    for text in (secret.access, secret.refresh, secret.client_secret):
        if text:
            keep_out(text)


def _secret(data: dict[str, Any]) -> Secret:
    expires = data["expires_at"]
    return Secret(
        access=str(data["access"]),
        refresh=str(data["refresh"]),
        expires_at=None if expires is None else datetime.fromisoformat(expires),
        client_id=str(data["client_id"]),
        client_secret=str(data["client_secret"]),
    )


class Linker:
    """Links accounts at services and gives their clients what they need."""

    def __init__(
        self,
        services: dict[str, Service],
        accounts: Accounts,
        secrets: SecretStore,
        clock: Clock,
        locks: Path,
    ) -> None:
        self._services = services
        self._accounts = accounts
        self._secrets = secrets
        self._clock = clock
        self._locks = locks

    def service(self, key: str) -> Service:
        """The service `key` names; raises LinkRefused for one that there is not."""
        try:
            return self._services[key]
        except KeyError:
            known = ", ".join(self._services)
            raise LinkRefused(f"There is no service {key!r}. There are: {known}.") from None

    def client(self, account: Account) -> Client:
        """A client for a linked account; makes no request."""
        return self.service(account.service).client(account, self._slot(account))

    async def probe(self, key: str, address: str, *, allow_http: bool = False) -> ProbeResult:
        """What answers at `address`; raises LinkRefused for a service that asks no servers."""
        service = self.service(key)
        if not service.spec.custom_server:
            raise LinkRefused(f"{service.spec.name} has one address only.")
        address = with_scheme(address)
        return await cast(Prober, service).probe(address, allow_http=allow_http)

    async def whose(self, key: str, request: LinkRequest) -> str:
        """Whose a pasted token is; nothing is stored. Raises what `link` raises."""
        service = self.service(key)
        if LinkMethod.TOKEN not in service.spec.link:
            raise LinkRefused(f"{service.spec.name} is not linked with a token.")
        return (await service.link(_completed(request), _show_nothing)).user.name

    async def love(self, accounts: Sequence[Account], item: Item, *, loved: bool) -> list[str]:
        """Love `item` at each account that can; the names of the services that took it.

        Raises the first trouble where none did, LinkRefused where none can.
        """
        took: list[str] = []
        troubles: list[CompanionError] = []
        for account in accounts:
            spec = self.service(account.service).spec
            if not (spec.loves and item.kind in spec.kinds):
                continue
            try:
                await cast(LoveClient, self.client(account)).love(item, loved=loved)
            except CompanionError as error:
                _log.info("%s did not take a love: %s", spec.name, error)
                troubles.append(error)
            else:
                took.append(spec.name)
        if not took:
            raise next(
                iter(troubles), LinkRefused("No linked account keeps loved tracks of this kind.")
            )
        return took

    async def secret(self, account: Account) -> Secret | None:
        """An account's tokens as they are stored; raises SecretsUnavailable."""
        return await self._slot(account).get()

    def _slot(self, account: Account) -> Slot:
        return Slot(
            self._secrets,
            account.secret_name,
            self._locks / f"account-{account.id}.lock",
            self._clock,
        )

    async def link(
        self,
        key: str,
        request: LinkRequest,
        label: str,
        show: ShowPrompt,
        *,
        profile: int = FIRST,
    ) -> Account:
        """Link at service `key` for a profile; the same remote account as before is linked again.

        The tokens are in the keyring before the account is in the database, so that no account is
        ever without them. Raises LinkRefused, SecretsUnavailable or an error of the network.
        """
        service = self.service(key)
        linked = await service.link(_completed(request), show)
        # An account that gets files has no login, and needs no keyring either.
        if linked.secret.access:
            await self._store_secret(key, linked)
        account = await self._accounts.add(
            service=key,
            remote_id=linked.user.id,
            label=label,
            remote_name=linked.user.name,
            profile_url=linked.user.profile_url,
            api_url=linked.api_url,
            auth_url=linked.auth_url,
            client_id=linked.client_id,
            allow_http=request.allow_http,
            profile=profile,
        )
        _log.info("Linked %s", service.spec.name)
        return account

    async def _store_secret(self, key: str, linked: Linked) -> None:
        placeholder = Account(
            id=0, service=key, label="", remote_id=linked.user.id, api_url=linked.api_url
        )
        await self._slot(placeholder).put(linked.secret)

    async def unlink(self, account: Account, *, keep_queued: bool) -> None:
        """Give the tokens back where the service can, then forget account and tokens."""
        try:
            await self.client(account).revoke()
        except CompanionError as error:
            # The service may be down; what matters is that we no longer hold the tokens.
            _log.info("The tokens of %s could not be given back: %s", account.service, error)
        await self._accounts.remove(account.id, keep_queued=keep_queued)
        if not self.service(account.service).spec.hand_off:
            await self._secrets.drop(account.secret_name)
