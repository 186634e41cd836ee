"""The index of what the server has: kept fresh, asked by imports, never emptied by half a walk."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from revenge_companion.core.catalogue import IndexState, ServerItem, may_be, placed
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError, SessionExpired, Unreachable
from revenge_companion.core.imports import Candidate
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.engine.waiting import woken_within
from revenge_companion.revenge.index import CatalogueWalk
from revenge_companion.revenge.pace import together
from revenge_companion.store.database import Database
from revenge_companion.store.index import ServerIndex, Unread

_log = logging.getLogger(__name__)

#: Films and shows are walked again after this, and a show's episodes read again.
WALK_AGE = timedelta(days=1)
READ_AGE = timedelta(days=7)
#: What the user waits for comes before the first walk, in seconds.
FIRST_S = 5.0
#: Scans come in rows, one for each library: the walk waits for the last, in seconds.
SETTLE_S = 10.0
RETRY_S = 600.0
#: Shows whose episodes are asked for at once.
ABREAST = 4
#: Shows in a list of suggestions for an episode.
_SHOWS = 5
#: A show that was "maybe gone" is asked about again after this, in seconds.
_GONE_S = 600.0


class Index:
    """Finds the server's items. Everything may be asked while nobody is signed in, too."""

    def __init__(self, db: Database, clock: Clock, changed: Callable[[], None]) -> None:
        self._db = db
        self._clock = clock
        self._changed = changed
        self._store: ServerIndex | None = None
        self._walk: CatalogueWalk | None = None
        self._walking: asyncio.Task[bool] | None = None
        self._wanted = asyncio.Event()
        self._maybe_gone: dict[str, float] = {}
        #: What is old is not walked for a question before this, in seconds.
        self._again_s = float("-inf")
        self._state = IndexState()
        #: Called when films and shows were walked to their end.
        self.renewed: Callable[[], None] = lambda: None

    def use(self, profile: str, walk: CatalogueWalk | None) -> None:
        """Answer for this server and user; without a walk, from what is known of them."""
        self._store = ServerIndex(self._db, profile) if profile else None
        self._walk = walk
        self._maybe_gone.clear()

    async def state(self) -> IndexState:
        """How the index stands now."""
        if self._store is None:
            return IndexState()
        now = self._state
        known = await self._store.state()
        return replace(
            known, walking=now.walking, done=now.done, total=now.total, trouble=now.trouble
        )

    # Asking

    async def lookup(self, keys: Sequence[str]) -> Mapping[str, str]:
        """The id of the server's item for each of `keys` (`core.library.keys`) that it has.

        A few thousand keys at a time cost one question to the database. The episodes of shows that
        are asked about are read from the server first, where they are not known; so are all films
        and shows, where they never were or where nothing keeps them fresh. Raises any error of the
        server's calls where what is known is not enough for an answer.
        """
        if self._store is None:
            return {}
        await self._walk_if_old()
        if self._walk is not None:
            shows = {place[0] for key in keys if (place := placed(key)) is not None}
            if shows:
                await self._read_episodes(shows)
        return await self._store.lookup(keys)

    async def subjects(self, media_ids: Iterable[str]) -> Mapping[str, Subject]:
        """What the server says of its items, for those that are known."""
        return {} if self._store is None else await self._store.subjects(media_ids)

    async def search(self, subject: Subject, text: str = "", limit: int = 20) -> list[Candidate]:
        """Items that `subject` might be, best first; `text` stands in for its title.

        An episode is looked for by its show's title and its numbers. Music and books are not there.
        Films and shows are walked first where they never were; raises any error of that.
        """
        if self._store is None:
            return []
        whole = subject.kind in (SubjectKind.EPISODE, SubjectKind.SEASON)
        kind = SubjectKind.SHOW if whole else subject.kind
        if kind not in (SubjectKind.MOVIE, SubjectKind.SHOW):
            return []
        await self._walk_if_old()
        series = subject.series
        title = text or (series.title if whole and series is not None else subject.title)
        year = (series.year if series is not None else None) if whole else subject.year
        # Imported here: most days nobody looks for anything.
        from revenge_companion.core.likeness import most_alike

        among = await self._store.titled(kind)
        found = await asyncio.to_thread(
            most_alike,
            title,
            year,
            among,
            titles=_titles,
            year_of=_year,
            limit=limit,
            typed=bool(text),
        )
        if whole:
            return (await self._episodes_like(subject, found[:_SHOWS]))[:limit]
        return [
            Candidate(item.subject.media_id, item.subject.label, alike) for item, alike in found
        ]

    async def _episodes_like(
        self, subject: Subject, shows: Sequence[tuple[ServerItem, float]]
    ) -> list[Candidate]:
        store = self._store
        if store is None:
            return []
        unread = await store.unread(self._clock.now() - READ_AGE)
        await self._read([one for one in unread if one.show in [show for show, _ in shows]])
        found = []
        for show, alike in shows:
            for item in await self._places_like(store, subject, show.subject.media_id):
                name = f" {item.title}" if item.title else ""
                found.append(Candidate(item.media_id, f"{item.label}{name}", alike))
        return found

    async def _places_like(
        self, store: ServerIndex, subject: Subject, show_id: str
    ) -> Sequence[Subject]:
        """What of one show a season or an episode may be."""
        season, number = subject.season_number, subject.episode_number
        special = season == 0 and subject.kind is SubjectKind.EPISODE
        if season is None or (number is None and special):
            return may_be(subject, [item.subject for item in await store.of_show(show_id)])
        item = await store.at(show_id, season, number)
        return [] if item is None else [item]

    async def any_film(self) -> str:
        """The id of some film the server has; "" where none is known."""
        if self._store is None:
            return ""
        found = await self._store.after(SubjectKind.MOVIE, "", limit=1)
        return found[0].subject.media_id if found else ""

    async def shows_after(self, media_id: str, limit: int) -> Sequence[ServerItem]:
        """Shows behind the id `media_id`, in the order of ids; films and shows are walked first."""
        if self._store is None:
            return []
        await self._walk_if_old()
        return await self._store.after(SubjectKind.SHOW, media_id, limit=limit)

    async def episodes_of(self, show: ServerItem) -> Sequence[ServerItem] | None:
        """The episodes and seasons of a show, read where they are not known; None for "maybe"."""
        store = self._store
        if store is None:
            return None
        show_id = show.subject.media_id
        unread = await store.unread(self._clock.now() - READ_AGE, [show_id], by_id=True)
        await self._read(unread)
        if show_id in self._maybe_gone:
            return None
        return await store.of_show(show_id)

    async def _walk_if_old(self) -> None:
        """Walk what was never walked, and try to walk what was long ago."""
        if self._walk is None or self._store is None:
            return
        if await self._store.walked_at() is None:
            await self.refresh()
            return
        now_s = self._clock.monotonic_s()
        if await self._wait_s() > 0 or now_s < self._again_s:
            return
        self._again_s = now_s + RETRY_S
        try:
            await self.refresh()
        except CompanionError as error:
            _log.info("The index stays as it was: %s", error)

    async def _read_episodes(self, show_keys: Iterable[str] | None) -> None:
        store = self._store
        if store is not None and self._walk is not None:
            await self._read(await store.unread(self._clock.now() - READ_AGE, show_keys))

    async def _read(self, unread: Sequence[Unread]) -> None:
        """Read the episodes of shows; raises where a show that was never read cannot be."""
        walk, store = self._walk, self._store
        if walk is None or store is None:
            return
        now_s = self._clock.monotonic_s()
        asked = [
            one
            for one in unread
            if now_s - self._maybe_gone.get(one.show.subject.media_id, -_GONE_S) >= _GONE_S
        ]

        async def read(one: Unread) -> None:
            try:
                found = await walk.episodes(one.show)
            except SessionExpired:
                raise
            except CompanionError as error:
                if one.read_at is None:
                    raise
                _log.info("The episodes of a show could not be read again: %s", error)
                return
            if found is None:
                self._maybe_gone[one.show.subject.media_id] = now_s
            else:
                self._maybe_gone.pop(one.show.subject.media_id, None)
                await store.keep_episodes(one.show, found, self._clock.now())

        for at in range(0, len(asked), ABREAST):
            await together([read(one) for one in asked[at : at + ABREAST]])

    # Keeping fresh

    def scanned(self) -> None:
        """The server has scanned a library: what it has may have changed."""
        self._maybe_gone.clear()
        self._wanted.set()

    async def run(self) -> None:
        """Keep films and shows fresh until cancelled; one walk at a time."""
        await self._clock.sleep(FIRST_S)
        while True:
            if not self._wanted.is_set() and (wait_s := await self._wait_s()) > 0:
                await woken_within(self._wanted, self._clock, wait_s)
            if self._wanted.is_set():
                await self._clock.sleep(SETTLE_S)
                self._wanted.clear()
            elif await self._wait_s() > 0:
                continue
            try:
                whole = await self.refresh()
            except SessionExpired:
                return
            except CompanionError:
                whole = False
            except Exception:
                _log.exception("Walking the catalogue failed in a way nobody planned for")
                whole = False
            if whole:
                self.renewed()
            else:
                await woken_within(self._wanted, self._clock, RETRY_S)

    async def _wait_s(self) -> float:
        walked_at = None if self._store is None else await self._store.walked_at()
        if walked_at is None:
            return 0.0
        return (walked_at + WALK_AGE - self._clock.now()).total_seconds()

    async def refresh(self, *, everything: bool = False) -> bool:
        """Walk films and shows now, and with `everything` all episodes that are not known.

        Those who ask together share one walk. True where it came to its end; what it did not see is
        then gone from the index. Raises any error of the server's calls; nothing is gone then.
        """
        if self._walking is None:
            self._walking = asyncio.create_task(self._refreshed(), name="server-index")
            self._walking.add_done_callback(self._walked)
        # Whoever stops waiting does not end a walk that others wait for.
        whole = await asyncio.shield(self._walking)
        if whole and everything:
            await self._read_episodes(None)
        return whole

    def _walked(self, task: "asyncio.Task[bool]") -> None:
        self._walking = None
        if not task.cancelled():
            # Asked for, so that nobody is told of an exception that nobody waited for.
            task.exception()

    async def stop(self) -> None:
        """End a walk that goes on."""
        if self._walking is not None:
            self._walking.cancel()
            await asyncio.gather(self._walking, return_exceptions=True)

    async def _refreshed(self) -> bool:
        walk, store = self._walk, self._store
        if walk is None or store is None:
            raise Unreachable("Nobody is signed in to a server.")
        self._state = IndexState(walking=True)
        self._changed()
        trouble = ""
        try:
            generation = await store.begin()
            wholes = []
            for kind, walked in ((SubjectKind.MOVIE, walk.films), (SubjectKind.SHOW, walk.shows)):
                before = self._state

                async def keep(
                    items: Sequence[ServerItem], total: int | None, before: IndexState = before
                ) -> None:
                    await store.keep(items, generation)
                    # At a second try items come again.
                    done = self._state.done + len(items)
                    all_ = None if total is None else before.done + total
                    self._state = replace(
                        self._state, done=done if all_ is None else min(done, all_), total=all_
                    )
                    self._changed()

                whole = await walked(keep)
                if whole:
                    gone = await store.whole(kind, generation, self._clock.now())
                    if gone:
                        _log.info("%d items are no longer at the server (%s)", gone, kind)
                wholes.append(whole)
            if not all(wholes):
                trouble = "The server did not show everything it lists; the index stays as it was."
            return all(wholes)
        except CompanionError as error:
            trouble = str(error)
            _log.info("The server's catalogue could not be read to its end: %s", error)
            raise
        finally:
            self._state = IndexState(trouble=trouble)
            self._changed()


def _titles(item: ServerItem) -> tuple[str, ...]:
    return (item.subject.title, *item.other_titles)


def _year(item: ServerItem) -> int | None:
    return item.subject.year
