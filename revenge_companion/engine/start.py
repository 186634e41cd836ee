"""Putting the engine together, for the window and for headless runs alike."""

import asyncio
import logging
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import SecretsUnavailable, StoreTrouble
from revenge_companion.engine.linker import SecretStore
from revenge_companion.engine.supervisor import Engine, Parts
from revenge_companion.net.http import Http
from revenge_companion.paths import Paths
from revenge_companion.services.catalog import build_services
from revenge_companion.store.database import Database
from revenge_companion.store.locks import ProfileLock
from revenge_companion.store.secrets import open_secrets
from revenge_companion.store.settings_file import SettingsFile

_log = logging.getLogger(__name__)

#: Environment variable with the passphrase of the encrypted vault.
VAULT_KEY_ENV = "REVENGE_COMPANION_VAULT_KEY"


class SystemClock:
    """The computer's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251  # the one place that reads the wall clock

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class NoSecrets:
    """Stands in where secrets cannot be kept: nothing is there, and keeping one says why."""

    def __init__(self, why: str) -> None:
        self.why = why

    @property
    def where(self) -> str:
        return self.why

    async def get(self, name: str) -> str | None:
        return None

    async def put(self, name: str, value: str) -> None:
        raise SecretsUnavailable(self.why)

    async def drop(self, name: str) -> None:
        """There is nothing to drop."""


class AlreadyRunning(StoreTrouble):
    """Another process of this user holds the profile's database."""


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


async def secrets_for(paths: Paths, environ: Mapping[str, str], clock: Clock) -> SecretStore:
    """The keyring, the vault, or a stand-in that says why there is neither."""
    try:
        return await open_secrets(
            vault_path=paths.vault, vault_key=environ.get(VAULT_KEY_ENV) or None, clock=clock
        )
    except SecretsUnavailable as error:
        _log.warning("%s", error)
        return NoSecrets(str(error))


async def open_engine(
    paths: Paths,
    *,
    clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
    lock: ProfileLock | None = None,
    secrets: SecretStore | None = None,
) -> Running:
    """Open the profile in `paths` and build the engine on it; not started yet.

    Raises AlreadyRunning, or StoreTrouble where the database cannot be used.
    """
    clock = clock or SystemClock()
    environ = os.environ if environ is None else environ
    held = lock or take_lock(paths)
    try:
        return await _open(paths, clock, environ, held, secrets)
    except BaseException:
        held.release()
        raise


async def _open(
    paths: Paths,
    clock: Clock,
    environ: Mapping[str, str],
    lock: ProfileLock,
    secrets: SecretStore | None,
) -> Running:
    file = SettingsFile(paths.config_file)
    settings, notes = file.load()
    database = await Database.open(paths.database, clock=clock)
    if database.opening_note:
        notes.append(database.opening_note)
    http = Http(allow_plain_http=settings.allow_plain_http)
    locks = paths.data / "locks"
    locks.mkdir(mode=0o700, exist_ok=True)
    services = {service.spec.key: service for service in build_services(http, clock, environ)}
    engine = Engine(
        Parts(
            clock=clock,
            http=http,
            database=database,
            settings_file=file,
            settings=settings,
            secrets=secrets or await secrets_for(paths, environ, clock),
            services=services,
            locks=Path(locks),
        )
    )
    return Running(engine, lock, notes)
