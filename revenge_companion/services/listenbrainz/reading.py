"""Reading what an account at ListenBrainz has: listens and feedback.

Listens are read from the newest back, each page by the second the one before ended in. That second
is read again, since the page may have cut through it. The server looks for a page in spans of time
that grow, and does not show what lies on the very second between two of them; so, where it counts
more listens than it showed, they are read once more in ranges, which it reads in one piece.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from revenge_companion.core.errors import BatchRefused, ImportRefused, ServiceTrouble
from revenge_companion.core.library import Entry, Facet
from revenge_companion.net.http import Answer
from revenge_companion.services.answers import mapping, object_of, rows_of, whole_number
from revenge_companion.services.importing import ImportPage
from revenge_companion.services.listenbrainz import listens, payload, wire
from revenge_companion.services.listenbrainz.feedback import Send
from revenge_companion.services.listenbrainz.spec import SPEC
from revenge_companion.services.reading import packed, place, unpacked

#: The most rows that one answer holds.
PAGE_ROWS = 1000
#: Where a range begins that has no beginning, in Unix seconds: zero would be none to the server.
_FIRST_S = 1


@dataclass(frozen=True, slots=True)
class _Rows:
    """One answer: its listens and what it says of the whole."""

    entries: tuple[Entry, ...]
    unreadable: tuple[str, ...]
    #: Rows, readable or not, and without those that came twice the second of each.
    count: int
    seconds: tuple[int, ...]
    #: The account's first and last listen, in Unix seconds; None where the server says none.
    first_s: int | None
    last_s: int | None


class Reading:
    """Reads one account; see `services.importing.Readable`."""

    def __init__(self, send: Send, root: str, user: str, *, page_rows: int = PAGE_ROWS) -> None:
        self._send = send
        self._root = root
        self._user = quote(user, safe="")
        self._name = user
        self._page_rows = page_rows

    async def marks(self) -> Mapping[Facet, str]:
        """How much there is, and of when the newest is, for what can be read."""
        try:
            count = await self._count()
            rows = await self._ask({"count": "1"})
        except ImportRefused:
            return {}
        found = {Facet.HISTORY: f"{count}/{rows.last_s}/{rows.first_s}"}
        try:
            told = await self._get(self._feedback, {"count": "1", "offset": "0"})
        except ImportRefused:
            return found
        newest = next(iter(rows_of(told.get("feedback"))), {})
        mark = f"{whole_number(told.get('total_count'))}/{whole_number(newest.get('created'))}"
        return found | {Facet.LOVED: mark}

    async def page(self, facet: Facet, cursor: str) -> ImportPage:
        """The page at `cursor`. Raises ImportRefused where the server shows nothing of the kind."""
        at = unpacked(cursor)
        match facet:
            case Facet.HISTORY if "min" in at:
                return await self._again(at)
            case Facet.HISTORY:
                return await self._back(at)
            case Facet.LOVED:
                return await self._loved(at)
        raise ImportRefused("ListenBrainz has listens and feedback only.")

    @property
    def _feedback(self) -> str:
        return f"/1/feedback/user/{self._user}/get-feedback"

    async def _back(self, at: Mapping[str, Any]) -> ImportPage:
        """A page of the walk back from the newest."""
        until_s, total, seen = place(at, "max"), place(at, "total"), place(at, "seen") or 0
        asked = {"count": str(self._page_rows)}
        if until_s is None:
            total = await self._count()
        else:
            asked["max_ts"] = str(until_s)
        rows = await self._ask(asked)
        newest_s = place(at, "new") or max(rows.seconds, default=None)
        following_s, said = _before(rows, until_s, self._page_rows), rows.unreadable
        if following_s is not None and following_s == until_s:
            # A thousand in one second, and no way to ask for more of it.
            following_s, said = following_s - 1, (*said, _crowded(following_s - 1))
        seen += sum(following_s is None or at_s >= following_s for at_s in rows.seconds)
        cursor = ""
        if following_s is not None:
            cursor = packed(max=following_s, total=total, seen=seen, new=newest_s)
        elif total is not None and newest_s is not None and seen < total:
            cursor = packed(min=_FIRST_S, end=newest_s + 1, total=total)
        return ImportPage(rows.entries, cursor, total, said)

    async def _again(self, at: Mapping[str, Any]) -> ImportPage:
        """A page of the walk forward, in ranges with both ends."""
        since_s, end_s, total = place(at, "min") or _FIRST_S, place(at, "end"), place(at, "total")
        asked = {"count": str(self._page_rows), "min_ts": str(since_s), "max_ts": str(end_s)}
        try:
            rows = await self._ask(asked)
        except ImportRefused:
            # Its documentation advises against ranges; what was read stays read.
            return ImportPage((), "", total)
        cursor, said = "", rows.unreadable
        if rows.count >= self._page_rows and min(rows.seconds, default=0) > since_s:
            following_s = max(rows.seconds) - 1
            if following_s <= since_s:
                following_s, said = following_s + 1, (*said, _crowded(following_s + 1))
            cursor = packed(min=following_s, end=end_s, total=total)
        return ImportPage(rows.entries, cursor, total, said)

    async def _loved(self, at: Mapping[str, Any]) -> ImportPage:
        offset, before = place(at, "offset") or 0, place(at, "total")
        asked = {"count": str(self._page_rows), "offset": str(offset), "metadata": "true"}
        told = await self._get(self._feedback, asked)
        found, total = rows_of(told.get("feedback")), whole_number(told.get("total_count"))
        if "feedback" not in told:
            raise ServiceTrouble("ListenBrainz has trouble: an answer has no feedback.")
        made = await asyncio.to_thread(lambda: [listens.love(row) for row in found])
        entries = tuple(one for one in made if isinstance(one, Entry))
        said = tuple(one for one in made if isinstance(one, str))
        gone = (before or 0) - (total or 0)
        if before is not None and total is not None and gone > 0 and offset > 0:
            # As many as were taken back meanwhile may have slipped to where we have been.
            return ImportPage(
                entries, packed(offset=max(offset - gone, 0), total=total), total, said
            )
        following = offset + len(found)
        over = not found or (len(found) < self._page_rows if total is None else following >= total)
        cursor = "" if over else packed(offset=following, total=total)
        return ImportPage(entries, cursor, total, said)

    async def _count(self) -> int | None:
        told = await self._get(f"/1/user/{self._user}/listen-count", {})
        return whole_number(mapping(told.get("payload")).get("count"))

    async def _ask(self, asked: Mapping[str, str]) -> _Rows:
        told = await self._get(f"/1/user/{self._user}/listens", asked)
        body = told.get("payload")
        if not isinstance(body, dict) or not isinstance(body.get("listens"), list):
            raise ServiceTrouble("ListenBrainz has trouble: an answer has no listens.")
        return await asyncio.to_thread(_rows, body)

    async def _get(self, path: str, asked: Mapping[str, str]) -> Mapping[str, Any]:
        """The answer's object; raises what another answer means."""
        if payload.submit_url(self._root) == self._root:
            # multi-scrobbler's complete address takes listens and nothing else.
            raise self._shows_nothing()

        answer = await self._send("GET", path, params=asked, live=False)
        # A page is many milliseconds of work, which the window's thread need not do.
        return self._read(answer, await asyncio.to_thread(object_of, answer))

    def _read(self, answer: Answer, told: dict[str, Any] | None) -> Mapping[str, Any]:
        if answer.status == 200 and told is not None and "error" not in told:
            return told
        refused = answer.status == 200 and "invalid method" in wire.words_of(answer).lower()
        if refused or answer.status in (404, 405, 409, 410):
            if self._root == SPEC.default_api_url:
                raise ImportRefused(f"ListenBrainz does not know a user {self._name}.")
            raise self._shows_nothing()
        try:
            wire.read(answer, self._root)
        except BatchRefused as error:
            raise ImportRefused(f"ListenBrainz did not answer: {error}") from error
        raise ServiceTrouble("ListenBrainz has trouble: its answer is none to this question.")

    def _shows_nothing(self) -> ImportRefused:
        return ImportRefused(
            f"{urlsplit(self._root).netloc} does not show programs what was played, so nothing "
            "can be imported from it."
        )


def _before(rows: _Rows, until_s: int | None, page_rows: int) -> int | None:
    """The exclusive end of the page before this one, which ended at `until_s`; None for no page."""
    if not rows.seconds:
        return None
    oldest_s = min(rows.seconds)
    if until_s is not None and oldest_s >= until_s:
        raise ImportRefused("The server does not keep to the time it was asked for.")
    full = rows.count >= page_rows
    # A page that is not full is the last one, but for a server that gives less than it was asked.
    more = full or (rows.first_s is not None and 0 < rows.first_s < oldest_s)
    following_s = oldest_s + 1
    if not more or (until_s is not None and following_s >= until_s and not full):
        return None
    return following_s


def _crowded(at_s: int) -> str:
    return f"{PAGE_ROWS:,} listens or more in the second {at_s}; some may be missing"


def _rows(body: Mapping[str, Any]) -> _Rows:
    entries: dict[str, Entry] = {}
    unreadable: list[str] = []
    seconds: list[int] = []
    found = rows_of(body["listens"])
    for row in found:
        made = listens.play(row)
        if isinstance(made, Entry) and made.line in entries:
            # At an edge of its spans the server shows a listen twice.
            continue
        at_s = listens.second(row)
        if at_s is not None:
            seconds.append(at_s)
        if isinstance(made, Entry):
            entries[made.line] = made
        else:
            unreadable.append(made)
    return _Rows(
        tuple(entries.values()),
        tuple(unreadable),
        len(found),
        tuple(seconds),
        whole_number(body.get("oldest_listen_ts")),
        whole_number(body.get("latest_listen_ts")),
    )
