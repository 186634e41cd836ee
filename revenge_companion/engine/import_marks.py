"""Marking imported films and episodes as watched at the media server, and taking that back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from revenge_companion.core.marking import Marked, MarkItem, Unmarked
from revenge_companion.store.import_marks import ImportMarks

#: Lines marked or taken back in one call.
_BATCH = 100


class Marker(Protocol):
    """Marks at the server, by lines of imports; `engine.marking.Marking` is one."""

    async def mark(self, items: Sequence[MarkItem]) -> Mapping[int, Marked]:
        """Mark items as watched; what came of each line. Doing it again marks nothing twice."""
        ...

    async def unmark(self, row_ids: Sequence[int]) -> Mapping[int, Unmarked]:
        """Put back what the server had before these lines were marked."""
        ...


class Marking:
    """Marks what a run matched, from where it was left."""

    def __init__(
        self,
        marks: ImportMarks,
        marker: Callable[[], Marker | None],
        profile: Callable[[], int],
    ) -> None:
        """`marker` is None where nobody has signed in to a server; `profile` is the active one."""
        self._marks = marks
        self._marker = marker
        self._profile = profile

    async def mark(self, run_id: int, went: Callable[[int], None]) -> None:
        """Mark the films and episodes of the run's history; `went` is told how many are.

        What another profile began is noted down, and marked once that one is active. Raises errors
        of the server; what was marked is marked, and the next call goes on.
        """
        marker = self._marker()
        if marker is None:
            return
        await self._marks.collect(run_id)
        profile = self._profile()
        if not await self._marks.is_of(run_id, profile):
            return
        while items := await self._marks.due(run_id, _BATCH):
            if self._profile() != profile:
                return
            done = await marker.mark(items)
            marked = sum(one is Marked.MARKED for one in done.values())
            rows = [item.row_id for item in items]
            went(await self._marks.went(run_id, rows, marked))

    async def mark_later(self) -> None:
        """Mark what finished runs had no item for when they were written; as `mark`."""
        for run_id in await self._marks.waiting():
            await self.mark(run_id, lambda _: None)

    async def unmark(self, run_id: int) -> None:
        """Take back what the run marked. Raises errors of the server."""
        await self._marks.drop(run_id)
        marker = self._marker()
        while marker is not None and (rows := await self._marks.made(run_id, _BATCH)):
            await marker.unmark(rows)
