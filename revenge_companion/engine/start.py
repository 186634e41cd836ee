"""Putting the engine together, for the window and for headless runs alike."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import AlreadyRunning, SecretsUnavailable, StoreTrouble
from revenge_companion.engine.linker import VAULT_KEY_ENV, SecretStore
from revenge_companion.engine.parts import Parts
from revenge_companion.engine.supervisor import Engine
from revenge_companion.net.http import Http
from revenge_companion.paths import Paths
from revenge_companion.services.base import Service
from revenge_companion.services.catalog import build_services
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.locks import ProfileLock
from revenge_companion.store.settings_file import SettingsFile

if TYPE_CHECKING:
    from revenge_companion.store.secrets import Secrets

_log = logging.getLogger(__name__)


#: A keyring that could not be used is asked again after this many seconds.
_ASK_AGAIN_S = 30.0


class SystemClock:
    """The computer's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251  # the one place that reads the wall clock

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class LateSecrets:
    """The keyring or the vault, looked for when it is first needed.

    Where there is neither, nothing is there, and keeping a secret says why.
    """

    def __init__(self, paths: Paths, environ: Mapping[str, str], clock: Clock) -> None:
        self._vault = paths.vault
        self._vault_key = environ.get(VAULT_KEY_ENV) or None
        self._clock = clock
        self._opening = asyncio.Lock()
        self._found: Secrets | None = None
        self._asked_s = float("-inf")
        #: Why secrets cannot be kept here, a sentence; empty while nobody asked or all is well.
        self.trouble = ""

    async def find(self) -> "Secrets | None":
        """The store that is used; None where there is none (`trouble` says why)."""
        async with self._opening:
            now_s = self._clock.monotonic_s()
            if self._found is None and (not self.trouble or now_s - self._asked_s >= _ASK_AGAIN_S):
                self._asked_s = now_s
                # Imported here: a question about the outbox needs no keyring.
                from revenge_companion.store.secrets import open_secrets

                try:
                    self._found = await open_secrets(
                        vault_path=self._vault, vault_key=self._vault_key, clock=self._clock
                    )
                    self.trouble = ""
                except SecretsUnavailable as error:
                    self.trouble = str(error)
                    self._asked_s = self._clock.monotonic_s()
                    _log.info("Secrets cannot be kept: %s", error)
            return self._found

    async def unlock(self, passphrase: str) -> None:
        """Use the encrypted vault, made where there is none. Raises SecretsUnavailable."""
        from revenge_companion.store.secrets import open_secrets

        async with self._opening:
            self._found = await open_secrets(
                vault_path=self._vault, vault_key=passphrase, clock=self._clock
            )
            self._vault_key, self.trouble = passphrase, ""

    async def get(self, name: str) -> str | None:
        found = await self.find()
        return None if found is None else await found.get(name)

    async def put(self, name: str, value: str) -> None:
        """Keep a secret. Raises SecretsUnavailable."""
        found = await self.find()
        if found is None:
            raise SecretsUnavailable(self.trouble)
        await found.put(name, value)

    async def drop(self, name: str) -> None:
        found = await self.find()
        if found is not None:
            await found.drop(name)


class Running:
    """An engine with everything that has to be closed after it."""

    def __init__(self, engine: Engine, lock: ProfileLock, notes: list[str]) -> None:
        self.engine = engine
        self._lock = lock
        #: Sentences about what was mended while opening.
        self.notes = notes

    async def close(self) -> None:
        try:
            await self.engine.close()
        finally:
            self._lock.release()


def take_lock(paths: Paths) -> ProfileLock:
    """The profile's lock. Raises AlreadyRunning with the owner's process id."""
    paths.create()
    lock = ProfileLock(paths.lock)
    if not lock.acquire():
        owner = lock.owner_pid
        raise AlreadyRunning(f"Revenge Companion is already running (process {owner}).")
    return lock


async def open_engine(
    paths: Paths,
    *,
    clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
    lock: ProfileLock | None = None,
    secrets: SecretStore | None = None,
    http: Http | None = None,
    database_type: type[Database] = Database,
    more_services: Callable[[Http, Clock], Sequence[Service]] | None = None,
) -> Running:
    """Open the profile in `paths` and build the engine on it; not started yet.

    `more_services` builds services beside those of the catalogue.

    `http` and `database_type` are for who wants to watch what they do. Raises AlreadyRunning, or
    StoreTrouble where the database cannot be used.
    """
    clock = clock or SystemClock()
    environ = os.environ if environ is None else environ
    held = lock or take_lock(paths)
    try:
        return await _open(paths, clock, environ, held, secrets, http, database_type, more_services)
    except BaseException:
        held.release()
        raise


async def _open(
    paths: Paths,
    clock: Clock,
    environ: Mapping[str, str],
    lock: ProfileLock,
    secrets: SecretStore | None,
    http: Http | None,
    database_type: type[Database],
    more_services: Callable[[Http, Clock], Sequence[Service]] | None,
) -> Running:
    late = LateSecrets(paths, environ, clock)
    file = SettingsFile(paths.config_file)
    settings, notes = file.load()
    locks = paths.data / "locks"
    try:
        locks.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreTrouble(f"{locks} cannot be made: {error.strerror or error}.") from error
    database = await database_type.open(paths.database, clock=clock)
    if database.opening_note:
        notes.append(database.opening_note)
    http = http or Http()
    built = build_services(
        http,
        clock,
        environ,
        cache=paths.cache,
        data=paths.data,
        # Asked at each play, so that a changed setting counts at once.
        lists=lambda: engine.settings.anime,
    )
    more = more_services(http, clock) if more_services is not None else ()
    services = {service.spec.key: service for service in (*built, *more)}
    if file.retired:
        from revenge_companion.engine.carry_over import carry_over

        await carry_over(file, settings, Accounts(database, clock), services, environ)
    engine = Engine(
        Parts(
            clock=clock,
            http=http,
            database=database,
            settings_file=file,
            settings=settings,
            secrets=secrets or late,
            secrets_trouble=lambda: late.trouble,
            unlock=late.unlock,
            services=services,
            environ=environ,
            locks=Path(locks),
            imports=paths.data / "imports",
        )
    )
    return Running(engine, lock, notes)
