"""Marks at the server: sent, read back, put back, with today's calls and their quirks.

No call takes a date, marking episodes counts at each call, and a later write of a player turns a
finished item into an unfinished one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from revenge_companion.core.library import SubjectKind
from revenge_companion.core.marking import Before, Mark, MarkItem
from revenge_companion.revenge.client import RevengeClient
from revenge_companion.revenge.pace import Pace, together
from revenge_companion.revenge.rows import Watched

T = TypeVar("T")

#: Requests under way at once.
ABREAST = 4
#: Episodes that are marked together get times that are this close; the server shows whole seconds.
_SPREAD = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Sent:
    """What the server answered to marks."""

    #: Those it does not have.
    gone: tuple[Mark, ...] = ()
    #: Whether it has every episode that was asked for; it does not say which it has not.
    all_episodes: bool = True


@dataclass(frozen=True, slots=True)
class Held:
    """That the server holds a mark."""

    #: Until when (aware UTC, the server's time) its word on the item is our writing; None where a
    #: player has written since.
    until: datetime | None


class Marker:
    """One user's marks at one server."""

    def __init__(self, client: RevengeClient, pace: Pace) -> None:
        self._client = client
        self._pace = pace

    async def read(self, items: Sequence[MarkItem | Mark]) -> dict[str, Watched | None]:
        """How far each item was watched, by its id; None where it was not, or is not there."""
        found: dict[str, Watched | None] = {}

        async def read(item: MarkItem | Mark) -> None:
            found[item.media_id] = await self._pace.read(
                lambda: self._client.progress(item.kind, item.media_id)
            )

        for some in chunks(items, ABREAST):
            await together([read(item) for item in some])
        return found

    async def send(self, marks: Sequence[Mark], items: Mapping[int, MarkItem]) -> Sent:
        """Mark what is planned, `items` by the ids of `marks`. At most 500.

        Raises Unanswered or ServiceTrouble where some of it may have been taken.
        """
        episodes = [mark for mark in marks if _is_whole(mark, SubjectKind.EPISODE)]
        gone: list[Mark] = []
        for some in chunks([mark for mark in marks if mark not in episodes], ABREAST):
            taken = await together([self._send(mark, items[mark.id]) for mark in some])
            gone += [mark for mark, known in zip(some, taken, strict=True) if not known]
        if not episodes:
            return Sent(tuple(gone))
        ids = [mark.media_id for mark in episodes]
        marked = await self._pace.write(lambda: self._client.mark_episodes(ids))
        return Sent(tuple(gone), all_episodes=marked == len(ids))

    async def _send(self, mark: Mark, item: MarkItem) -> bool:
        if item.position_s is None:
            return await self._pace.write(lambda: self._client.mark_film(mark.media_id))
        position_s, duration_s = int(item.position_s), max(1, int(item.duration_s or 0))
        written = await self._pace.write(
            lambda: self._client.write_progress(mark.kind, mark.media_id, position_s, duration_s)
        )
        return written is not None

    async def held(self, marks: Sequence[Mark], *, all_episodes: bool) -> dict[int, Held]:
        """Read back marks that were answered, by their ids; those left out the server has not."""
        episodes = [mark for mark in marks if _is_whole(mark, SubjectKind.EPISODE)]
        found: dict[int, Held] = {}
        if all_episodes and len(episodes) > 2:
            # They were written in one go: the first and the last say when.
            ends = await self.read([episodes[0], episodes[-1]])
            times = [one.last_watched_at for one in ends.values() if one and one.completed]
            if len(times) == len(ends):
                until = max(times) + _SPREAD
                found |= {mark.id: Held(until) for mark in episodes}
        known: dict[str, Watched | None] = {}
        if any(_is_whole(mark, SubjectKind.MOVIE) for mark in marks):
            # The newest hundred of the history are these films, in one answer.
            newest = await self._pace.read(self._client.movie_history)
            known = {row.item.media_id: row.watched for row in newest}
        rest = [one for one in marks if one.id not in found and one.media_id not in known]
        known |= await self.read(rest)
        for mark in marks:
            watched = known.get(mark.media_id)
            if mark.id not in found and watched is not None:
                # In the history everything is watched to its end.
                ours = watched.completed is None or holds(watched, mark)
                found[mark.id] = Held(watched.last_watched_at if ours else None)
        return found

    async def restore(self, mark: Mark) -> datetime | None:
        """Put back what was there before; until when the server's word on it is then ours.

        Sent twice it does no more than once, so it is tried again like a question.
        """
        before = mark.before
        if before is None:
            await self._pace.read(lambda: self._client.forget_progress(mark.kind, mark.media_id))
            return mark.until
        written = await self._pace.read(
            lambda: self._client.write_progress(
                mark.kind, mark.media_id, before.progress_s, before.duration_s
            )
        )
        return mark.until if written is None else written.last_watched_at


def is_as_far(watched: Watched, item: MarkItem) -> bool:
    """Whether the server has an item as watched already, or as far as is asked for."""
    if watched.completed:
        return True
    return item.position_s is not None and int(item.position_s) <= (watched.progress_s or 0.0)


def before_of(watched: Watched | None) -> Before | None:
    """What is to be put back when the mark is undone."""
    if watched is None or watched.duration_s is None:
        return None
    return Before(int(watched.progress_s or 0), max(1, int(watched.duration_s)))


def holds(watched: Watched, mark: Mark) -> bool:
    """Whether the server's word on an item is what was marked."""
    if mark.position_s is None:
        return watched.completed is True
    return watched.progress_s == int(mark.position_s)


def is_restored(watched: Watched | None, mark: Mark) -> bool:
    """Whether the server has what it had before the mark."""
    if mark.before is None or watched is None:
        return watched is None
    return not watched.completed and watched.progress_s == mark.before.progress_s


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """`items` in order, at most `size` at a time."""
    return [items[at : at + size] for at in range(0, len(items), size)]


def _is_whole(mark: Mark, kind: SubjectKind) -> bool:
    return mark.kind is kind and mark.position_s is None
