"""What can be imported from: linked accounts whose services can be read, and files."""

import asyncio
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from revenge_companion.core.accounts import Account
from revenge_companion.core.errors import ImportRefused, StoreTrouble
from revenge_companion.core.imports import ImportSource
from revenge_companion.core.library import OWN, REVENGE, Facet, source_parts
from revenge_companion.core.profiles import FIRST
from revenge_companion.services.base import Client, Service
from revenge_companion.services.file_formats import FORMATS, FileFormat, recognised
from revenge_companion.services.importing import (
    Fetched,
    ImportFile,
    ImportPage,
    Readable,
    ReadsAhead,
)

if TYPE_CHECKING:
    from revenge_companion.revenge.reading import ServerReading

#: The largest file that is copied, in bytes.
MOST_BYTES = 2 * 1024**3
_ACCOUNT = "account:"


class Reader(Protocol):
    """One source that is being read."""

    async def marks(self) -> Mapping[Facet, str]:
        """As `services.importing.Readable.marks`."""
        ...

    async def fetch(self, facet: Facet, cursor: str) -> Fetched:
        """As `services.importing.ReadsAhead.fetch`."""
        ...

    async def close(self) -> None: ...


class Sources:
    """Finds and opens sources by their keys (`ImportSource.key`)."""

    def __init__(
        self,
        services: Mapping[str, Service],
        folder: Path,
        *,
        linked: Callable[[], Sequence[Account]],
        own: Callable[[], Sequence[Account]] | None = None,
        client_of: Callable[[int], Client | None],
        server: Callable[[], "ServerReading | None"] = lambda: None,
        profile: Callable[[], int] = lambda: FIRST,
        formats: Sequence[FileFormat] = FORMATS,
    ) -> None:
        """Files are copied into `folder`, which is made when the first one is.

        `server` reads the media server's own history; None while nobody is signed in. `own` are
        those of `linked` that can be imported from: those of `profile`, the active one.
        """
        self._profile = profile
        self._own = own or linked
        self._services = services
        self._folder = folder
        self._linked = linked
        self._client_of = client_of
        self._server = server
        self._formats = {one.key: one for one in formats}

    def all(self) -> list[ImportSource]:
        """Linked accounts first, then the media server, then kinds of files."""
        return [
            *(
                _account_source(account, service)
                for account in self._own()
                if (service := self._services.get(account.service)) and service.spec.imports
            ),
            *(() if self._server() is None else (_SERVER,)),
            *map(_file_source, self._formats.values()),
        ]

    def get(self, key: str) -> ImportSource:
        """One source. Raises ImportRefused."""
        for one in self.all():
            if one.key == key:
                return one
        raise ImportRefused("There is no such source to import from.")

    def name_of(self, key: str) -> str:
        """What people call a source, also one that is no longer there."""
        key, _ = source_parts(key)
        if key == OWN:
            return "Revenge Companion"
        if key == REVENGE:
            return _SERVER.name
        known = [
            _account_source(account, self._services[account.service])
            for account in self._linked()
            if account.service in self._services
        ]
        found = next((one.name for one in (*known, *self.all()) if one.key == key), "")
        return found or "An account that is no longer linked"

    def dates_entries(self, key: str) -> bool:
        """As `ServiceSpec.dates_entries`, of the service that a source is at."""
        account_id = account_of(key)
        account = next((one for one in self._linked() if one.id == account_id), None)
        service = None if account is None else self._services.get(account.service)
        return service is not None and service.spec.dates_entries

    async def recognise(self, path: Path) -> ImportSource:
        """The kind of file `path` is, with the facets that are in it. Raises ImportRefused."""

        def look() -> tuple[FileFormat, tuple[Facet, ...]]:
            kind = recognised(path, tuple(self._formats.values()))
            file = kind.open(path)
            try:
                return kind, file.facets
            finally:
                file.close()

        kind, facets = await asyncio.to_thread(look)
        if not facets:
            raise ImportRefused("There is nothing to import in this file.")
        return replace(_file_source(kind), facets=facets)

    async def copy(self, path: Path, needed: Collection[str]) -> str:
        """Copy a file to import from; the copy's name. Raises ImportRefused or StoreTrouble.

        Copies that are not among those `needed` were left behind by a crash, and go.
        """
        return await asyncio.to_thread(_copied, path, self._folder, needed)

    def drop(self, name: str) -> None:
        """Remove a copy; nothing happens where it is not there."""
        if name:
            (self._folder / name).unlink(missing_ok=True)

    async def open(self, key: str, file: str) -> Reader:
        """What reads a source; `file` is the copy's name. Raises ImportRefused."""
        if key.startswith(_ACCOUNT):
            client = self._client_of(int(key.removeprefix(_ACCOUNT)))
            if client is None:
                raise ImportRefused("The account is no longer linked. Link it again to go on.")
            if not isinstance(client, Readable):
                raise ImportRefused("This account cannot be read.")
            return _AccountReader(client)
        key, profile = source_parts(key)
        if key == REVENGE:
            if profile != self._profile():
                raise ImportRefused("Somebody else began this import. Sign in as them to go on.")
            reading = self._server()
            if reading is None:
                raise ImportRefused("Nobody is signed in to your server. Sign in to go on.")
            return _ServerReader(reading)
        kind = self._formats.get(key)
        if kind is None or not file:
            raise ImportRefused("There is no such source to import from.")
        return _FileReader(await asyncio.to_thread(kind.open, self._folder / file))


def account_of(key: str) -> int | None:
    """The id of the account a source is; None for any other source."""
    kind, _, number = key.partition(":")
    return int(number) if kind == "account" and number.isdecimal() else None


class _AccountReader:
    def __init__(self, client: Readable) -> None:
        self._client = client
        self._ahead = client if isinstance(client, ReadsAhead) else None

    async def marks(self) -> Mapping[Facet, str]:
        return await self._client.marks()

    async def fetch(self, facet: Facet, cursor: str) -> Fetched:
        if self._ahead is not None:
            return await self._ahead.fetch(facet, cursor)
        return _made(await self._client.page(facet, cursor))

    async def close(self) -> None:
        # The client belongs to the account's lane.
        return


class _ServerReader:
    def __init__(self, reading: "ServerReading") -> None:
        self._reading = reading

    async def marks(self) -> Mapping[Facet, str]:
        return {Facet.HISTORY: await self._reading.mark()}

    async def fetch(self, facet: Facet, cursor: str) -> Fetched:
        page = await self._reading.page(cursor)
        return _made(ImportPage(page.entries, page.next_cursor, unreadable=page.unread))

    async def close(self) -> None:
        # It is whoever's is signed in.
        return


class _FileReader:
    """A file, read on a thread of its own; one call at a time."""

    def __init__(self, file: ImportFile) -> None:
        self._file = file
        self._reading: asyncio.Future[ImportPage] | None = None

    async def marks(self) -> Mapping[Facet, str]:
        return {}

    async def fetch(self, facet: Facet, cursor: str) -> Fetched:
        self._reading = asyncio.ensure_future(asyncio.to_thread(self._file.page, facet, cursor))
        # Who gives up waiting does not end the thread: `close` waits for it.
        return _made(await asyncio.shield(self._reading))

    async def close(self) -> None:
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)
        await asyncio.to_thread(self._file.close)


def _made(page: ImportPage) -> Fetched:
    return Fetched(page.next_cursor, len(page.entries), lambda: page)


_SERVER = ImportSource(
    key=REVENGE,
    name="Revenge",
    service="",
    facets=(Facet.HISTORY,),
    note=(
        "Films and episodes that your server has as watched, each with the time of its last "
        "viewing. What you watched while scrobbling was paused is among them."
    ),
)


def _account_source(account: Account, service: Service) -> ImportSource:
    spec = service.spec
    return ImportSource(
        key=f"{_ACCOUNT}{account.id}",
        name=f"{spec.name} ({account.label})" if account.label else spec.name,
        service=spec.key,
        facets=spec.imports,
        note=spec.import_note,
    )


def _file_source(kind: FileFormat) -> ImportSource:
    return ImportSource(
        key=kind.key,
        name=kind.name,
        service=kind.service,
        facets=kind.facets,
        suffixes=kind.suffixes,
        note=kind.how_to,
        help_url=kind.help_url,
    )


def _copied(path: Path, folder: Path, needed: Collection[str]) -> str:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ImportRefused(f"{path.name} is too large to import from.")
        source = path.open("rb")
    except OSError as error:
        raise ImportRefused(f"{path.name} cannot be read: {error.strerror or error}.") from error
    # No part of the name comes from outside but an ending that was recognised.
    name = f"{secrets.token_hex(8)}{path.suffix.lower()[:8]}"
    with source:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for left in folder.iterdir():
                if left.name not in needed:
                    left.unlink()
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as copy:
                shutil.copyfileobj(source, copy, 1024 * 1024)
                copy.flush()
                os.fsync(copy.fileno())
        except OSError as error:
            (folder / name).unlink(missing_ok=True)
            raise StoreTrouble(
                f"{path.name} cannot be copied: {error.strerror or error}."
            ) from error
    return name
