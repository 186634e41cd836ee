"""The map on this computer: downloaded on the user's word, renewed weekly, asked by services."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, runtime_checkable

from revenge_companion.core.animeindex import AnimeIndex
from revenge_companion.core.animemap import Candidate, MapState, Match, NoMatch, Override, resolve
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError, ServiceTrouble, StoreTrouble
from revenge_companion.core.media import Item
from revenge_companion.net.http import Answer, Http
from revenge_companion.services.animemap.files import (
    About,
    index_of,
    read_about,
    read_overrides,
    replace_file,
    write_about,
    write_overrides,
)

_log = logging.getLogger(__name__)

#: Where the map comes from, for the question to the user.
SOURCE_NAME = "Kometa-Team/Anime-IDs"
SOURCE_PAGE = "https://github.com/Kometa-Team/Anime-IDs"
SOURCE_URL = "https://raw.githubusercontent.com/Kometa-Team/Anime-IDs/master/anime_ids.json"
#: Environment variable with another address of the same file.
URL_ENV = "REVENGE_COMPANION_ANIMEMAP_URL"
#: Largest map that is taken, in bytes; in 2026 it has 1.7 MB.
MAX_BYTES = 12 << 20
#: The copy is renewed after this, and a renewal that failed is tried again after that.
RENEW_AFTER, TRY_AGAIN_AFTER = timedelta(days=7), timedelta(hours=12)
#: A new map with less than this share of the old one's entries is taken for a broken one.
LEAST_SHARE = 0.5


@runtime_checkable
class AsksMap(Protocol):
    """A service whose clients ask the map."""

    maps: "AnimeMap"


@runtime_checkable
class SearchesAnime(Protocol):
    """A client that can look for anime by title."""

    async def search(self, title: str) -> list[Candidate]:
        """At most ten anime whose title is like `title`, best first."""
        ...


class AnimeMap:
    """One per program. Nothing is fetched before `download` was called once on this computer.

    Calling it is the user's consent; the copy it leaves stands for it until `remove`.
    """

    def __init__(
        self, http: Http, clock: Clock, environ: Mapping[str, str], *, cache: Path, data: Path
    ) -> None:
        self._http = http
        self._clock = clock
        #: Where it is fetched from.
        self.url = environ.get(URL_ENV, "").strip() or SOURCE_URL
        self._file = cache / "anime_ids.json"
        self._about_file = cache / "anime_ids.about.json"
        self._overrides_file = data / "anime_overrides.json"
        self._state: MapState | None = None
        self._index: AnimeIndex | None = None
        self._overrides: tuple[Override, ...] | None = None
        self._tried_at: datetime | None = None
        self._busy = asyncio.Lock()
        #: Called after the copy or the user's rows changed, on the loop's thread.
        self.on_change: Callable[[], None] | None = None

    @property
    def state(self) -> MapState:
        """The copy on this computer, as last seen."""
        if self._state is None:
            self._state = self._look()
        return self._state

    async def download(self) -> MapState:
        """Fetch the newest map; the user's consent. What is broken leaves the old copy in place.

        Raises Unreachable, Unanswered, ServiceTrouble or StoreTrouble.
        """
        async with self._busy:
            await self._fetch()
        self._changed()
        return self.state

    async def remove(self) -> None:
        """Forget the copy, and with it the consent. The user's own rows stay."""
        async with self._busy:
            await asyncio.to_thread(self._unlink)
            self._index, self._state = None, MapState()
        self._changed()

    async def overrides(self) -> tuple[Override, ...]:
        """The user's own rows; of several that fit, the last counts."""
        if self._overrides is None:
            self._overrides = await asyncio.to_thread(read_overrides, self._overrides_file)
        return self._overrides

    async def set_overrides(self, rows: Sequence[Override]) -> None:
        """Keep these rows instead of the present ones. Raises StoreTrouble."""
        kept = tuple(rows)
        await asyncio.to_thread(write_overrides, self._overrides_file, kept)
        self._overrides = kept
        self._changed()

    async def resolve(self, item: Item) -> Match | NoMatch | None:
        """The list entry of `item`; None where that needs the map and there is none yet."""
        overrides = await self.overrides()
        index = await self.index()
        if index is not None:
            return resolve(item, index, overrides)
        found = resolve(item, AnimeIndex(()), overrides)
        by_hand = isinstance(found, NoMatch) and found.miss == "left_out"
        return found if isinstance(found, Match) or by_hand else None

    async def index(self) -> AnimeIndex | None:
        """The map, renewed first where it is old; None where there is none."""
        async with self._busy:
            if self.state.missing:
                return None
            await self._renew()
            if self._index is None:
                await self._load()
            return self._index

    async def _renew(self) -> None:
        now, fetched = self._clock.now(), self.state.fetched_at
        if fetched is not None and timedelta(0) <= now - fetched < RENEW_AFTER:
            return
        if self._tried_at is not None and timedelta(0) <= now - self._tried_at < TRY_AGAIN_AFTER:
            return
        self._tried_at = now
        try:
            await self._fetch()
        except CompanionError as error:
            _log.info("The anime map could not be renewed; the old one is used: %s", error)

    async def _load(self) -> None:
        try:
            self._index = await asyncio.to_thread(lambda: index_of(self._file.read_bytes()))
        except (OSError, ValueError) as error:
            _log.warning("The copy of the anime map is broken and is fetched again: %s", error)
            await asyncio.to_thread(self._unlink)
            self._state = MapState()
            try:
                await self._fetch()
            except CompanionError as again:
                _log.warning("The anime map could not be fetched: %s", again)

    async def _fetch(self) -> None:
        about = await asyncio.to_thread(read_about, self._about_file)
        known = about.etag if about.etag and not self.state.missing else ""
        answer = await self._http.request(
            "GET",
            self.url,
            headers={"If-None-Match": known} if known else None,
            timeout_s=60.0,
            max_bytes=MAX_BYTES,
        )
        now = self._clock.now()
        if answer.status == 304 and known:
            about = About(about.etag, now, about.entries)
            await asyncio.to_thread(write_about, self._about_file, about)
            self._state = MapState(self.state.size_bytes, now, about.entries)
            return
        if answer.status != 200:
            raise ServiceTrouble(f"The anime map cannot be had now (HTTP {answer.status}).")
        index = await asyncio.to_thread(self._keep, answer, about, now)
        self._index = index
        self._state = MapState(len(answer.body), now, len(index))

    def _keep(self, answer: Answer, old: About, now: datetime) -> AnimeIndex:
        """Check what came, then put it in the old copy's place."""
        try:
            index = index_of(answer.body)
        except ValueError as error:
            raise ServiceTrouble(
                f"What {answer.host} sent is not the anime map. The old copy is kept."
            ) from error
        if not self.state.missing and len(index) < old.entries * LEAST_SHARE:
            raise ServiceTrouble(
                f"The new anime map has {len(index)} entries instead of {old.entries}. "
                "The old copy is kept."
            )
        etag = answer.headers.get("etag", "")
        replace_file(self._file, answer.body)
        usable = etag if len(etag) < 200 and etag.isascii() and etag.isprintable() else ""
        write_about(self._about_file, About(usable, now, len(index)))
        return index

    def _look(self) -> MapState:
        try:
            size = self._file.stat().st_size
        except OSError:
            return MapState()
        about = read_about(self._about_file)
        return MapState(size, about.fetched_at, about.entries)

    def _unlink(self) -> None:
        try:
            self._about_file.unlink(missing_ok=True)
            self._file.unlink(missing_ok=True)
        except OSError as error:
            raise StoreTrouble(f"The anime map cannot be removed: {error.strerror}") from error

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()
