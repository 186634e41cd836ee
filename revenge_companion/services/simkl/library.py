"""Reading the account's library: what moved first, then only that, then pages of the copy on disk.

Simkl's rule: `/sync/activities` before anything else, everything once, and only what changed from
then on. All facets are read from one copy, so that a whole import takes about four requests.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.library import Entry, Facet
from revenge_companion.net.http import Answer
from revenge_companion.services.answers import mapping, moment, object_of, words
from revenge_companion.services.importing import ImportPage, lost
from revenge_companion.services.naming import share_id
from revenge_companion.services.simkl import entries, payload, wire
from revenge_companion.services.simkl.kept import Kept, Title

#: Entries of one page of the copy.
PAGE = 500
#: The longest answer with a part of a library, in bytes; about a million episodes.
LONGEST_ANSWER = 96 << 20
#: Seconds such an answer may take.
TIMEOUT_S = 120.0
#: Activities that were asked for at the beginning of a run are good for its other facets, too.
GOOD_FOR_S = 300.0
#: What the parts are called in /sync/activities.
_SECTIONS = {entries.MOVIES: "movies", entries.SHOWS: "tv_shows", entries.ANIME: "anime"}
_LISTS = ("plantowatch", "watching", "completed", "hold", "dropped", "removed_from_list")
#: Which of its times speak of a facet.
_ACTIVITIES = {
    Facet.HISTORY: _LISTS,
    Facet.RATINGS: ("rated_at", "removed_from_list"),
    Facet.WATCHLIST: _LISTS,
}
_EVERYTHING = {"extended": "full", "episode_watched_at": "yes", "include_all_episodes": "yes"}

T = TypeVar("T")


class Get(Protocol):
    """The client's own way of asking."""

    async def __call__(
        self, path: str, params: Mapping[str, str], *, max_bytes: int, timeout_s: float
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a walk stands in the copy it began with."""

    #: What the parts held, in their order.
    digests: tuple[str, ...]
    part: int = 0
    offset: int = 0
    skip: int = 0

    def text(self) -> str:
        return json.dumps({"v": 1} | asdict(self), separators=(",", ":"))

    @staticmethod
    def of(text: str) -> "Cursor | None":
        """The cursor in `text`, None for ""; raises ImportRefused for one that is none."""
        if not text:
            return None
        try:
            values = json.loads(text)
            good = values.pop("v") == 1
            cursor = Cursor(**values | {"digests": tuple(values["digests"])})
            good = good and min(cursor.part, cursor.offset, cursor.skip) >= 0
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise lost() from error
        if not good or cursor.part >= len(entries.KINDS):
            raise lost()
        return cursor


class Library:
    """One account's library."""

    def __init__(
        self, get: Get, kept: Kept, clock: Clock, left_of_day_s: Callable[[], float]
    ) -> None:
        self._get = get
        self._kept = kept
        self._clock = clock
        self._left_of_day_s = left_of_day_s
        self._lock = asyncio.Lock()
        #: What was said last, and when (monotonic seconds).
        self._said: Mapping[str, Any] = {}
        self._said_at_s: float | None = None

    async def marks(self) -> dict[Facet, str]:
        """See `services.importing.Readable`."""
        said = await self._activities()
        found: dict[Facet, str] = {}
        for facet, names in _ACTIVITIES.items():
            times = [
                words(mapping(said.get(section)).get(name))
                for section in _SECTIONS.values()
                for name in names
            ]
            if any(times):
                found[facet] = "|".join(times)
        return found

    async def page(self, facet: Facet, text: str) -> ImportPage:
        """See `services.importing.Readable`."""
        if facet not in entries.FACETS:
            raise ImportRefused("Simkl has nothing of this kind.")
        cursor = Cursor.of(text)
        async with self._lock:
            digests, total = await _on_thread(self._held, facet)
            if cursor is None or not all(digests):
                recent = self._said_at_s is not None and (
                    self._clock.monotonic_s() - self._said_at_s < GOOD_FOR_S
                )
                await self._refresh(self._said if recent else await self._activities())
                digests, total = await _on_thread(self._held, facet)
            if cursor is None or cursor.digests != digests:
                # The copy is another one than the walk began with: it begins anew, and sees some
                # lines twice.
                cursor = Cursor(digests)
            kind = entries.KINDS[cursor.part]
            read, offset, skip = await _on_thread(
                self._kept.page, facet, kind, cursor.offset, cursor.skip, PAGE
            )
        after: Cursor | None = Cursor(digests, cursor.part, offset, skip)
        if offset < 0:
            more = cursor.part + 1 < len(entries.KINDS)
            after = Cursor(digests, cursor.part + 1) if more else None
        return ImportPage(
            tuple(one for one in read if isinstance(one, Entry)),
            "" if after is None else after.text(),
            total,
            tuple(one for one in read if isinstance(one, str)),
        )

    async def look_up(self, places: Mapping[int, payload.Place]) -> dict[int, list[Title]]:
        """The titles of the library that each place may be, asking first what changed."""
        async with self._lock:
            await self._refresh(await self._activities())
            return await _on_thread(self._look_up, places)

    def forget(self) -> None:
        """Remove the copy."""
        self._kept.remove()

    def _held(self, facet: Facet) -> tuple[tuple[str, ...], int]:
        """What the parts hold ("" for one that is not there), and how many lines in all."""
        known = [self._kept.about(kind) for kind in entries.KINDS]
        total = sum(about.counts[facet] for about in known if about is not None)
        return tuple("" if about is None else about.digest for about in known), total

    def _look_up(self, places: Mapping[int, payload.Place]) -> dict[int, list[Title]]:
        found: dict[int, list[Title]] = {row: [] for row in places}
        for kind in entries.KINDS:
            for title in self._kept.titles(kind):
                section = "movies" if entries.is_film(kind, title.item) else "shows"
                ids = {**mapping(title.item.get("ids")), "simkl": title.id}
                for row, where in places.items():
                    if where.section == section and share_id(ids, where.ids):
                        found[row].append(title)
        return found

    async def _activities(self) -> Mapping[str, Any]:
        answer = await self._ask("/sync/activities", {})
        data = object_of(answer)
        if data is None or not any(isinstance(data.get(one), dict) for one in _SECTIONS.values()):
            raise wire.reading_trouble(answer, left_of_day_s=self._left_of_day_s())
        self._said, self._said_at_s = data, self._clock.monotonic_s()
        return data

    async def _refresh(self, said: Mapping[str, Any]) -> None:
        """Bring every part of the copy up to what was said, one after the other."""
        for kind in entries.KINDS:
            times = mapping(said.get(_SECTIONS[kind]))
            mark = {name: words(times.get(name)) for name in ("all", "rated_at", *_LISTS)}
            await self._refresh_part(kind, mark)

    async def _refresh_part(self, kind: str, mark: dict[str, str]) -> None:
        about = await _on_thread(self._kept.about, kind)
        if about is not None and about.mark == mark:
            return
        path = f"/sync/all-items/{kind}"
        extended = {"extended": "full_anime_seasons"} if kind == entries.ANIME else {}
        since = None if about is None else moment(about.mark["all"])
        if about is None or since is None:
            whole = await self._ask(path, _EVERYTHING | extended)
            await _on_thread(self._kept.take, kind, mark, whole.body)
            return
        # What changed later than that very second is sent; it may itself have had more.
        date_from = {"date_from": payload.timestamp(since - timedelta(seconds=1))}
        changed = await self._ask(path, _EVERYTHING | extended | date_from)
        members = rated = None
        every_rating = False
        if mark["removed_from_list"] != about.mark["removed_from_list"]:
            # Only this shows what is gone.
            members = (await self._ask(path, {"extended": "simkl_ids_only"})).body
        if mark["rated_at"] != about.mark["rated_at"]:
            ratings = f"/sync/ratings/{kind}"
            rated = (await self._ask(ratings, date_from)).body
            if every_rating := not _holds_any(rated):
                # One was taken back, which only the whole list shows.
                rated = (await self._ask(ratings, {})).body
        await _on_thread(
            lambda: self._kept.update(
                kind, mark, changed.body, members=members, rated=rated, every_rating=every_rating
            )
        )

    async def _ask(self, path: str, params: Mapping[str, str]) -> Answer:
        """A whole answer of status 200 that is not empty; raises what `wire.trouble` says."""
        answer = await self._get(path, params, max_bytes=LONGEST_ANSWER, timeout_s=TIMEOUT_S)
        if answer.status != 200 or not answer.body.strip() or answer.body.lstrip()[:1] == b"<":
            raise wire.reading_trouble(answer, left_of_day_s=self._left_of_day_s())
        return answer


def _holds_any(body: bytes) -> bool:
    """Whether a short answer has any title in it."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        # What is wrong with it is said where it is read.
        return True
    return any(mapping(data).values())


async def _on_thread(work: Callable[..., T], *args: Any) -> T:
    return await asyncio.to_thread(work, *args)
