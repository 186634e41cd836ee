"""Walking through Trakt's lists page by page, so that nothing is left out while they change.

Every list comes in numbered pages, the newest line first, with its length in the headers. What is
added during a walk moves lines to later pages, where they are seen twice; what is removed moves
them to earlier ones, where they would be missed: when a list has become shorter, the walk goes back
as far as lines can have moved. The history's end is frozen at the newest line of the first page, so
that plays of today move nothing at all.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from revenge_companion.core.delivery import Delivery
from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    ImportRefused,
    ServiceTrouble,
)
from revenge_companion.core.library import Entry, Facet, keys
from revenge_companion.core.ratings import rating_of
from revenge_companion.net.http import Answer
from revenge_companion.services.answers import mapping, object_of, whole_number, words
from revenge_companion.services.changing import change_of
from revenge_companion.services.importing import Fetched, ImportPage, lost
from revenge_companion.services.trakt import changes, entries, payload, wire

#: Lines of a page; their own maximum.
PAGE = 250
#: How often a walk may go back because its list became shorter.
MOST_BACK = 50
#: Lists of a user that are read; more are a mistake, for a paid plan has some hundreds.
MOST_LISTS = 5000
#: The paths of each facet, walked one after the other.
_PATHS = {
    Facet.HISTORY: ("/sync/history",),
    Facet.RATINGS: ("/sync/ratings",),
    Facet.WATCHLIST: ("/sync/watchlist",),
    # Shows would only repeat their episodes.
    Facet.COLLECTION: ("/sync/collection/movies", "/sync/collection/episodes"),
}
#: Which times of /sync/last_activities speak of a facet.
_ACTIVITIES = {
    Facet.HISTORY: (("movies", "watched_at"), ("episodes", "watched_at")),
    Facet.RATINGS: tuple((kind, "rated_at") for kind in ("movies", "shows", "seasons", "episodes")),
    Facet.WATCHLIST: (
        ("watchlist", "updated_at"),
        *((kind, "watchlisted_at") for kind in ("movies", "shows", "seasons", "episodes")),
    ),
    Facet.COLLECTION: (("movies", "collected_at"), ("episodes", "collected_at")),
    Facet.LISTS: (("lists", "updated_at"),),
}

Get = Callable[[str, dict[str, str]], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a walk stands."""

    page: int = 1
    #: Lines the list had, and lines a page had, when the last page was read; None before the first.
    count: int | None = None
    limit: int = PAGE
    #: HISTORY: plays after this moment are not looked at; empty on the first page.
    end: str = ""
    #: Which of the facet's paths, or of `lists`.
    part: int = 0
    #: Lines of the parts before.
    before: int = 0
    #: Times it went back.
    back: int = 0
    #: LISTS: the user's lists as (id, name, lines); None before they are known.
    lists: tuple[tuple[int, str, int], ...] | None = None

    def text(self) -> str:
        values = {key: value for key, value in asdict(self).items() if value != _DEFAULTS[key]}
        return json.dumps({"v": 1} | values, separators=(",", ":"))

    @staticmethod
    def of(text: str) -> "Cursor":
        """The cursor in `text`, a new one for ""; raises ImportRefused for one that is none."""
        if not text:
            return Cursor()
        try:
            values = json.loads(text)
            version = values.pop("v")
            if values.get("lists") is not None:
                values["lists"] = tuple((int(i), str(n), int(c)) for i, n, c in values["lists"])
            cursor = Cursor(**values)
            good = version == 1 and min(cursor.page, cursor.limit) > 0 and cursor.part >= 0
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise lost() from error
        if not good:
            raise lost()
        return cursor


_DEFAULTS = asdict(Cursor())


@dataclass(frozen=True, slots=True)
class _Page:
    number: int
    rows: list[Any]
    #: Lines of a page as the service counts, and of the whole list.
    limit: int
    count: int

    @property
    def is_last(self) -> bool:
        return self.number * self.limit >= self.count


class Walk:
    """Reads one account's lists; keeps nothing between its calls."""

    def __init__(self, get: Get) -> None:
        self._get = get

    async def marks(self) -> dict[Facet, str]:
        """See `services.importing.Readable`."""
        answer = await self._get("/sync/last_activities", {})
        data = object_of(answer) if answer.status == 200 else None
        if data is None or not isinstance(data.get("all"), str):
            raise _trouble(answer)
        found: dict[Facet, str] = {}
        for facet, fields in _ACTIVITIES.items():
            said = [words(mapping(data.get(part)).get(name)) for part, name in fields]
            if any(said):
                found[facet] = "|".join(said)
        return found

    async def fetch(self, facet: Facet, text: str) -> Fetched:
        """See `services.importing.ReadsAhead`."""
        cursor = Cursor.of(text)
        if facet is Facet.LISTS:
            return await self._list_fetched(cursor)
        paths = _PATHS.get(facet)
        if paths is None or cursor.part >= len(paths):
            raise ImportRefused("Trakt has nothing of this kind.")
        params = {"end_at": cursor.end} if cursor.end else {}
        page = await self._read(paths[cursor.part], cursor, params)
        read = partial(_read, facet, page)
        after = _after(cursor, page, parts=len(paths))
        if after is not None and facet is Facet.HISTORY and not cursor.end:
            after = replace(after, end=_end_of(read()))
        known = cursor.part == len(paths) - 1
        return _fetched(page, read, after, cursor.before + page.count if known else None)

    async def ratings_that_stand(self, rows: Sequence[Delivery]) -> set[int]:
        """Of rows that rate, those whose rating Trakt shows; in as few pages as there are."""
        wanted = {row.id: change_of(row) for row in rows}
        found: set[int] = set()
        cursor: Cursor | None = Cursor()
        while cursor is not None and len(found) < len(wanted):
            page = await self._read("/sync/ratings", cursor, {})
            rated = {
                key: one.rating
                for one in _read(Facet.RATINGS, page)
                if isinstance(one, Entry)
                for key in keys(one.subject)
            }
            found |= {
                row
                for row, change in wanted.items()
                if any(
                    rated.get(key) == rating_of(changes.points(change))
                    for key in keys(change.subject)
                )
            }
            cursor = _after(cursor, page, parts=1)
        return found

    async def _list_fetched(self, cursor: Cursor) -> Fetched:
        if cursor.lists is None:
            lists = await self._lists()
            after = Cursor(lists=lists) if lists else None
            return _fetched(None, list, after, _length(lists))
        if cursor.part >= len(cursor.lists):
            raise lost()
        number, name, _ = cursor.lists[cursor.part]
        page = await self._read(f"/users/me/lists/{number}/items", cursor, {}, may_be_gone=True)
        read = partial(_read, Facet.LISTS, page, number, name)
        after = _after(cursor, page, parts=len(cursor.lists))
        return _fetched(page, read, after, _length(cursor.lists))

    async def _lists(self) -> tuple[tuple[int, str, int], ...]:
        found: dict[int, tuple[int, str, int]] = {}
        cursor: Cursor | None = Cursor()
        while cursor is not None:
            if len(found) > MOST_LISTS:
                raise ServiceTrouble("Trakt says that there are more lists than there can be.")
            page = await self._read("/users/me/lists", cursor, {})
            for row in page.rows:
                number = whole_number(mapping(mapping(row).get("ids")).get("trakt"))
                if number and number > 0:
                    lines = max(whole_number(row.get("item_count")) or 0, 0)
                    found[number] = (number, words(row.get("name")), lines)
            cursor = _after(cursor, page, parts=1)
        return tuple(found.values())

    async def _read(
        self, path: str, cursor: Cursor, params: Mapping[str, str], *, may_be_gone: bool = False
    ) -> _Page:
        """One page, whole; raises ServiceTrouble for one that is not what its headers say."""
        numbers = {"page": str(cursor.page), "limit": str(PAGE)}
        answer = await self._get(path, {**params, **numbers})
        if may_be_gone and wire.unknown_item(answer):
            return _Page(cursor.page, [], cursor.limit, 0)
        try:
            rows = answer.json() if answer.status == 200 else None
        except ValueError:
            rows = None
        if not isinstance(rows, list):
            raise _trouble(answer)
        said = {name: _said(answer, name) for name in ("page", "limit", "item-count", "page-count")}
        number, limit, count, pages = said.values()
        if -1 in said.values() or (count is None and pages is None):
            raise ServiceTrouble("Trakt did not say which part of the list it sent.")
        if number is None:
            number = cursor.page
        if limit is None:
            # A first page that is not the last one is full.
            limit = cursor.limit if cursor.page > 1 else max(len(rows), 1)
        if number != cursor.page or limit < 1:
            raise ServiceTrouble("Trakt did not say which part of the list it sent.")
        if count is None:
            # No more is known of its length, so that nothing will be taken for gone.
            return _Page(number, rows, limit, max(pages or 0, 1) * limit)
        expected = min(max(count - (number - 1) * limit, 0), limit)
        if len(rows) != expected:
            raise ServiceTrouble(f"Trakt sent {len(rows)} lines of a page of {expected}.")
        return _Page(number, rows, limit, count)


def _said(answer: Answer, name: str) -> int | None:
    """What the headers say of a page; None for nothing, -1 for what is no number."""
    text = answer.headers.get(f"x-pagination-{name}")
    number = whole_number(text)
    if text is None:
        return None
    return -1 if number is None or number < 0 else number


def _after(cursor: Cursor, page: _Page, *, parts: int) -> Cursor | None:
    """Where the walk goes on; None after the last page."""
    position = (cursor.page - 1) * cursor.limit
    gone = 0 if cursor.count is None else max(cursor.count - page.count, 0)
    seen = replace(cursor, count=page.count, limit=page.limit)
    if (gone and cursor.page > 1) or (page.limit != cursor.limit and cursor.count is not None):
        if cursor.back >= MOST_BACK:
            raise ServiceTrouble("This list at Trakt changes faster than it can be read.")
        first = max(position - gone, 0) // page.limit + 1
        return replace(seen, page=first, back=cursor.back + 1)
    if not page.is_last:
        return replace(seen, page=cursor.page + 1)
    if cursor.part + 1 < parts:
        return replace(
            cursor, page=1, count=None, part=cursor.part + 1, before=cursor.before + page.count
        )
    return None


def _read(facet: Facet, page: _Page, list_id: int = 0, list_name: str = "") -> list[Entry | str]:
    """The entries of a page, and a text for each line that is none."""
    read: list[Entry | str] = []
    shows: entries.Shows = {}
    for row in page.rows:
        try:
            read.append(entries.entry(facet, row, shows, list_id=list_id, list_name=list_name))
        except entries.Unreadable as error:
            read.append(str(error))
    return read


def _fetched(
    page: _Page | None,
    read: Callable[[], list[Entry | str]],
    after: Cursor | None,
    total: int | None,
) -> Fetched:
    """An answer whose lines `read` gives; without a page there are none."""
    text = "" if after is None else after.text()

    def made() -> ImportPage:
        lines = read()
        return ImportPage(
            tuple(one for one in lines if isinstance(one, Entry)),
            text,
            total,
            tuple(one for one in lines if isinstance(one, str)),
        )

    return Fetched(text, 0 if page is None else len(page.rows), made)


def _end_of(read: list[Entry | str]) -> str:
    """The end of a walk whose first page this is: the last second of its newest minute.

    It is Trakt's own time, so a wrong clock here hides nothing. Empty where no line has a date.
    """
    dates = [one.at for one in read if isinstance(one, Entry) and one.at is not None]
    if not dates:
        return ""
    return payload.timestamp(max(dates).replace(second=0, microsecond=0) + timedelta(seconds=59))


def _length(lists: tuple[tuple[int, str, int], ...]) -> int:
    return sum(lines for _, _, lines in lists)


def _trouble(answer: Answer) -> CompanionError:
    error = wire.trouble(answer, may_be_kept=False)
    if isinstance(error, BatchRefused):
        return ServiceTrouble(f"Trakt did not understand what it was asked (HTTP {answer.status}).")
    return error
