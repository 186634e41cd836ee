"""Reading what an account at Last.fm or a compatible server has: plays and loved tracks.

Plays are read from the newest back, each page by the second the one before ended in: page numbers
alone would slip when something is scrobbled or removed meanwhile. The second is read again, since
the page may have cut through it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    ImportRefused,
    LaneBlocked,
    QuotaExhausted,
    RateLimited,
    ServiceTrouble,
)
from revenge_companion.core.library import Entry, Facet, Precision, Subject, SubjectKind
from revenge_companion.net.http import Answer
from revenge_companion.services.answers import first_text, mapping, object_of, rows_of, whole_number
from revenge_companion.services.importing import ImportPage
from revenge_companion.services.lastfm import wire
from revenge_companion.services.reading import (
    name,
    packed,
    place,
    unix_moment,
    unpacked,
)

#: Plays in one answer; more is taken, but fails more often.
PAGE_ROWS = 200
#: Rows a mark looks at: enough to see the newest play past what is playing.
_MARK_ROWS = 5
#: The furthest page their interface knows.
_LAST_PAGE = 1_000_000
#: Too many calls: the wait that is asked for where the answer says none, in seconds.
_RATE_S = 60.0

_METHODS = {Facet.HISTORY: "user.getRecentTracks", Facet.LOVED: "user.getLovedTracks"}
_ROOTS = {Facet.HISTORY: "recenttracks", Facet.LOVED: "lovedtracks"}

#: Sends one signed call: method and parameters.
Call = Callable[[str, dict[str, str]], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class _Rows:
    """One answer: its rows and what it says of the whole."""

    entries: tuple[Entry, ...]
    unreadable: tuple[str, ...]
    #: Rows with a date, readable or not.
    count: int
    #: Unix seconds of the oldest and the newest play; None without any.
    oldest_s: int | None
    newest_s: int | None
    total: int | None
    pages: int | None


class Reading:
    """Reads one account; see `services.importing.Readable`."""

    def __init__(self, call: Call, user: str, *, custom: bool, page_rows: int = PAGE_ROWS) -> None:
        self._call = call
        self._user = user
        self._custom = custom
        self._page_rows = page_rows

    async def marks(self) -> Mapping[Facet, str]:
        """The number of rows and the newest one's second, for what can be read.

        Removing one play and scrobbling an older one in its place is not seen.
        """
        found: dict[Facet, str] = {}
        for facet in _METHODS:
            try:
                rows = await self._ask(facet, {"limit": str(_MARK_ROWS), "page": "1"})
            except ImportRefused:
                continue
            total = rows.pages if rows.total is None else rows.total
            found[facet] = f"{total}/{rows.newest_s}"
        return found

    async def page(self, facet: Facet, cursor: str) -> ImportPage:
        """The page at `cursor`. Raises ImportRefused where the server shows nothing of the kind."""
        if facet not in _METHODS:
            raise ImportRefused("Last.fm has plays and loved tracks only.")
        at = unpacked(cursor)
        if facet is Facet.LOVED:
            return await self._loved(at)
        return await self._plays(at)

    async def _plays(self, at: Mapping[str, Any]) -> ImportPage:
        until_s, number = place(at, "to"), place(at, "page") or 1
        asked = {"limit": str(self._page_rows), "page": str(number)}
        if until_s is not None:
            # Without a beginning some servers do not look at the end.
            asked |= {"from": "1", "to": str(until_s)}
        rows = await self._ask(Facet.HISTORY, asked)
        total = place(at, "total")
        if until_s is None and total is None:
            total = rows.total
        following = self._after(rows, until_s, number)
        return ImportPage(
            rows.entries,
            "" if following is None else packed(to=following[0], page=following[1], total=total),
            total,
            rows.unreadable,
        )

    async def _loved(self, at: Mapping[str, Any]) -> ImportPage:
        number, before = place(at, "page") or 1, place(at, "total")
        rows = await self._ask(Facet.LOVED, {"limit": str(self._page_rows), "page": str(number)})
        last = rows.entries[-1].line if rows.entries else ""
        # A server that counts no pages may give the same one for ever.
        over = _is_last(rows, number) or (rows.pages is None and last == at.get("last"))
        cursor = ""
        gone = (before or 0) - (rows.total or 0)
        if before is not None and rows.total is not None and gone > 0 and number > 1:
            # As many as were taken back meanwhile may have slipped to pages that are read.
            number = max(number - -(-gone // self._page_rows), 1)
            cursor = packed(page=number, total=rows.total)
        elif rows.count and not over:
            cursor = packed(page=number + 1, total=rows.total, last=last)
        return ImportPage(rows.entries, cursor, rows.total, rows.unreadable)

    async def _ask(self, facet: Facet, asked: dict[str, str]) -> _Rows:
        answer = await self._call(_METHODS[facet], {"user": self._user, **asked})
        # A page is a few milliseconds of work, which the window's thread need not do.
        rows = await asyncio.to_thread(self._read, facet, answer)
        if not rows.count and rows.total and not _is_last(rows, int(asked["page"]) - 1):
            raise ServiceTrouble(f"{answer.host} sent an empty page of a list that goes on.")
        return rows

    def _after(
        self, rows: _Rows, until_s: int | None, number: int
    ) -> tuple[int | None, int] | None:
        """Second and page number of what follows page `number` up to `until_s`; None for the end.

        GNU FM gives no total, and its number of pages is that of everything.
        """
        # A row may be missing from a full page.
        full = rows.count >= self._page_rows - 1
        told_last = rows.total is not None and _is_last(rows, number)
        if not rows.count or (told_last and not full):
            return None
        more = rows.total is not None and not told_last
        if rows.oldest_s is None:
            # A page of plays without a date.
            return (until_s, number + 1) if number < _LAST_PAGE else None
        if until_s is not None and rows.oldest_s > until_s:
            raise ImportRefused("The server does not keep to the time it was asked for.")
        # Whether their end is part of a range is written nowhere: this way the second always is.
        following_s = rows.oldest_s + 1
        if until_s is None or following_s < until_s:
            return following_s, 1
        # The whole page lies in one second: go on inside of it.
        return (until_s, number + 1) if (full or more) and number < _LAST_PAGE else None

    def _read(self, facet: Facet, answer: Answer) -> _Rows:
        """The rows of an answer; raises what one without any means."""
        body = (object_of(answer) or {}).get(_ROOTS[facet])
        code, _ = wire.error_of(answer)
        if code == 7 and self._custom:
            # GNU FM calls an empty list an invalid resource.
            return _Rows((), (), 0, None, None, 0, 0)
        if code is not None or not isinstance(body, dict):
            raise self._trouble(answer)
        attributes = {**body, **mapping(body.get("@attr"))}
        owner = first_text(attributes.get("user"))
        if owner and owner.casefold() != self._user.casefold():
            # It happens, for one answer at a time.
            raise ServiceTrouble(f"{answer.host} answered for somebody else.")
        return _rows(facet, rows_of(body.get("track")), attributes)

    def _trouble(self, answer: Answer) -> CompanionError:
        code, _ = wire.error_of(answer)
        if code == 17:
            return ImportRefused(
                f"Last.fm hides what {self._user} plays. Show recent listening in its privacy "
                "settings, or link the account again."
            )
        if not self._custom and code == 6:
            return ImportRefused(f"Last.fm does not know a user {self._user}.")
        if not self._custom and code is None and answer.status == 400:
            # Failures that pass come with this status, too.
            return ServiceTrouble("Last.fm has trouble (HTTP 400).")
        error = wire.trouble(answer, custom=self._custom)
        if isinstance(error, BatchRefused) and not self._custom:
            return ServiceTrouble(f"Last.fm has trouble (HTTP {answer.status}, error {code}).")
        if isinstance(error, QuotaExhausted):
            wait_s = answer.retry_after_s
            return RateLimited(
                "Last.fm asked to wait.", retry_after_s=_RATE_S if wait_s is None else wait_s
            )
        unknown = code == 0 and 400 <= answer.status < 500
        if self._custom and (unknown or isinstance(error, LaneBlocked | BatchRefused)):
            return ImportRefused(
                f"{answer.host} does not show programs what was played, so nothing can be "
                "imported from it."
            )
        return error


def _is_last(rows: _Rows, number: int) -> bool:
    """Whether nothing follows page `number`, as far as the answer says."""
    if rows.pages is not None:
        return number >= min(rows.pages, _LAST_PAGE)
    return number >= _LAST_PAGE


def _rows(facet: Facet, found: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> _Rows:
    entries: list[Entry] = []
    unreadable: list[str] = []
    count = 0
    seconds: list[int] = []
    for row in found:
        if str(mapping(row.get("@attr")).get("nowplaying")).lower() == "true":
            # GNU FM gives even this one a date.
            continue
        date = mapping(row.get("date"))
        if not date and facet is Facet.HISTORY:
            continue
        count += 1
        at = unix_moment(date.get("uts"))
        if at is not None:
            seconds.append(int(at.timestamp()))
        artist, title = _text(row.get("artist")), name(row.get("name"))
        if not (artist and title):
            unreadable.append("without artist or title")
        elif at is None and facet is Facet.HISTORY:
            unreadable.append(f"without a date: {artist} \N{EN DASH} {title}")
        else:
            named = f"{artist}\t{title}"
            entries.append(
                Entry(
                    facet,
                    # Their ids are of MusicBrainz tracks, and often stale: none is an identity.
                    Subject(SubjectKind.TRACK, title, artist=artist, album=_text(row.get("album"))),
                    f"{seconds[-1]}\t{named}" if facet is Facet.HISTORY else named,
                    at,
                    Precision.UNKNOWN if at is None else Precision.SECOND,
                )
            )
    return _Rows(
        tuple(entries),
        tuple(unreadable),
        count,
        min(seconds, default=None),
        max(seconds, default=None),
        whole_number(about.get("total")),
        whole_number(about.get("totalPages")),
    )


def _text(value: object) -> str:
    """A name that is a text, or an object that holds one."""
    if isinstance(value, dict):
        return name(value.get("#text")) or name(value.get("name"))
    return name(value)
