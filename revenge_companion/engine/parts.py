"""What the engine is put together from; see `engine.start`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from revenge_companion.core.clock import Clock
from revenge_companion.core.settings import Settings
from revenge_companion.engine.linker import SecretStore
from revenge_companion.net.http import Http
from revenge_companion.services.base import Service
from revenge_companion.store.database import Database
from revenge_companion.store.settings_file import SettingsFile


@dataclass(frozen=True, slots=True)
class Parts:
    """The open profile, the services, and what reaches the world."""

    clock: Clock
    http: Http
    database: Database
    settings_file: SettingsFile
    settings: Settings
    secrets: SecretStore
    services: Mapping[str, Service]
    #: Where addresses of services are overridden.
    environ: Mapping[str, str]
    #: Folder for the locks of token refreshes.
    locks: Path
    #: Folder for the copies of files that are imported; made when there is one.
    imports: Path
    #: Why secrets cannot be kept here, a sentence; empty when they can.
    secrets_trouble: Callable[[], str]
    #: Uses the encrypted vault with a passphrase from now on.
    unlock: Callable[[str], Awaitable[None]]
