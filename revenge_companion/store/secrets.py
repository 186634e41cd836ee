"""Secrets: the system's keyring, or an encrypted vault where the user chose one; nothing else."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from revenge_companion import APP_ID
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import SecretsUnavailable
from revenge_companion.store.vault import Vault

_log = logging.getLogger(__name__)

T = TypeVar("T")

#: Shown where there is neither a keyring nor a passphrase.
NO_STORE = (
    "This system has no password store. Choose a passphrase to encrypt your links, "
    "or install one (GNOME Keyring, KWallet)."
)
_SILENT = "The system's password store does not answer."
#: Seconds for one call: a keyring may ask the user to unlock it.
_LIMIT_S = 60.0
#: Calls that hang in the keyring at once before we stop asking it.
_MOST_STUCK = 4
#: Backends that encrypt; what else is installed (plain text, null, fail) is never used.
_BACKENDS = {
    "keyring.backends.SecretService": "Secret Service",
    "keyring.backends.libsecret": "Secret Service",
    "keyring.backends.kwallet": "KWallet",
    "keyring.backends.macOS": "Keychain",
    "keyring.backends.Windows": "Windows Credential Manager",
}


class Secrets(Protocol):
    """A place for secrets by name. Every method raises SecretsUnavailable with a sentence."""

    @property
    def where(self) -> str:
        """What keeps them, in words: "system keyring (Secret Service)" or "encrypted vault"."""
        ...

    async def get(self, name: str) -> str | None:
        """The secret called `name`, None where there is none."""
        ...

    async def put(self, name: str, value: str) -> None:
        """Keep `value` under `name`; stored when this returns."""
        ...

    async def drop(self, name: str) -> None:
        """Forget `name`; nothing happens where it is not there."""
        ...


class Backend(Protocol):
    """The part of a keyring backend that we use; every call may block."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


class _Threads:
    """Runs blocking calls on daemon threads and waits for each only so long.

    Not a ThreadPoolExecutor: Python joins its threads at exit, and a keyring may hang for ever.
    """

    def __init__(self, clock: Clock, limit_s: float) -> None:
        self._clock = clock
        self._limit_s = limit_s
        self._stuck = 0

    async def run(self, call: Callable[[], T]) -> T:
        if self._stuck >= _MOST_STUCK:
            raise SecretsUnavailable(_SILENT)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def tell(result: Any, error: BaseException | None) -> None:
            if answer.done():
                self._stuck -= 1
                return
            if error is None:
                answer.set_result(result)
            else:
                answer.set_exception(error)

        def work() -> None:
            result, trouble = None, None
            try:
                result = call()
            except BaseException as error:
                trouble = error
            # The loop is closed where the process is ending; nobody waits then.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(tell, result, trouble)

        threading.Thread(target=work, name="secrets", daemon=True).start()
        limit = asyncio.ensure_future(self._clock.sleep(self._limit_s))
        try:
            waits: set[asyncio.Future[Any]] = {answer, limit}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
        finally:
            limit.cancel()
            if answer.cancel():
                self._stuck += 1
        raise SecretsUnavailable(_SILENT)


class KeyringSecrets:
    """Secrets in the system's keyring."""

    def __init__(self, backend: Backend, where: str, threads: _Threads) -> None:
        self._backend = backend
        self._where = where
        self._threads = threads

    @property
    def where(self) -> str:
        return f"system keyring ({self._where})"

    async def get(self, name: str) -> str | None:
        return await self._run(lambda: self._backend.get_password(APP_ID, name))

    async def put(self, name: str, value: str) -> None:
        await self._run(lambda: self._backend.set_password(APP_ID, name, value))

    async def drop(self, name: str) -> None:
        def forget() -> None:
            # Backends disagree on what dropping a missing entry raises.
            if self._backend.get_password(APP_ID, name) is not None:
                self._backend.delete_password(APP_ID, name)

        await self._run(forget)

    async def _run(self, call: Callable[[], T]) -> T:
        try:
            return await self._threads.run(call)
        except SecretsUnavailable:
            raise
        except Exception as error:
            # Any library behind the keyring may raise anything; the text may hold a secret.
            raise SecretsUnavailable(
                f"The system's password store refused ({type(error).__name__})."
            ) from None


class VaultSecrets:
    """Secrets in the encrypted vault."""

    def __init__(self, vault: Vault, threads: _Threads) -> None:
        self._vault = vault
        self._threads = threads
        # A change reads, alters and writes the whole file.
        self._one = asyncio.Lock()

    @property
    def where(self) -> str:
        return "encrypted vault"

    async def check(self) -> None:
        """Raise SecretsUnavailable where the passphrase does not open what is there."""
        async with self._one:
            await self._threads.run(self._vault.read)

    async def get(self, name: str) -> str | None:
        async with self._one:
            return (await self._threads.run(self._vault.read)).get(name)

    async def put(self, name: str, value: str) -> None:
        async with self._one:
            await self._threads.run(lambda: self._vault.change(name, value))

    async def drop(self, name: str) -> None:
        async with self._one:
            if name in await self._threads.run(self._vault.read):
                await self._threads.run(lambda: self._vault.change(name, None))


def system_backend() -> tuple[Backend, str] | None:
    """The best encrypting keyring of this system and its name; None without one. May block."""
    # Costs 120 ms with its backend and may block: imported here, on the thread that asks.
    from keyring.backend import get_all_keyring

    found = [one for one in get_all_keyring() if type(one).__module__ in _BACKENDS]
    if not found:
        return None
    best: Any = max(found, key=lambda one: float(one.priority))
    return best, _BACKENDS[type(best).__module__]


async def open_secrets(
    *,
    vault_path: Path,
    vault_key: str | None,
    clock: Clock,
    limit_s: float = _LIMIT_S,
    find_backend: Callable[[], tuple[Backend, str] | None] = system_backend,
) -> Secrets:
    """The vault where `vault_key` is given, else the system's keyring.

    A call waits at most `limit_s`. Raises SecretsUnavailable: wrong passphrase, a keyring that is
    silent or locked, or neither of them.
    """
    threads = _Threads(clock, limit_s)
    if vault_key:
        vault = VaultSecrets(Vault(vault_path, vault_key), threads)
        await vault.check()
        return vault
    try:
        found = await threads.run(find_backend)
    except SecretsUnavailable:
        raise
    except Exception as error:
        _log.info("No keyring: %s", type(error).__name__)
        found = None
    if found is None:
        raise SecretsUnavailable(NO_STORE)
    secrets = KeyringSecrets(*found, threads)
    try:
        await secrets.get("probe")
    except SecretsUnavailable as error:
        if str(error) == _SILENT:
            raise
        _log.info("The keyring cannot be used: %s", error)
        raise SecretsUnavailable(NO_STORE) from None
    return secrets
