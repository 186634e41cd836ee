"""Marking imported films and episodes as watched at the media server, and taking that back."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from revenge_companion.store.import_marks import ImportMarks

#: Items asked about at once.
_BATCH = 100


class Marker(Protocol):
    """Marks at the server. What it does is no play of the user's and comes back as none."""

    async def watched(self, media_ids: Sequence[str]) -> Collection[str]:
        """Those of the items that are watched there already."""
        ...

    async def mark(self, media_ids: Sequence[str]) -> None:
        """Mark items as watched that are not; doing it twice changes nothing.

        Items the server does not have are passed over. Raises errors of the server's calls.
        """
        ...

    async def unmark(self, media_ids: Sequence[str]) -> None:
        """Mark items as not watched; as `mark`."""
        ...


class Marking:
    """Marks what a run matched; what is asked for is written down first, for the undo."""

    def __init__(self, marks: ImportMarks, marker: Callable[[], Marker | None]) -> None:
        """`marker` is None while nobody is signed in to a server that takes marks."""
        self._marks = marks
        self._marker = marker

    async def mark(self, run_id: int, went: Callable[[], None]) -> None:
        """Mark what the run matched and is not watched yet. Raises errors of the server."""
        marker = self._marker()
        if marker is None:
            return
        await self._marks.collect(run_id)
        while media_ids := await self._marks.some(run_id, "asked", _BATCH):
            # Asked for before a crash, perhaps: it was not watched then.
            await marker.mark(media_ids)
            await self._marks.set(run_id, media_ids, "marked")
            went()
        while media_ids := await self._marks.some(run_id, "due", _BATCH):
            before = set(await marker.watched(media_ids))
            await self._marks.set(run_id, [one for one in media_ids if one in before], "there")
            asked = [one for one in media_ids if one not in before]
            await self._marks.set(run_id, asked, "asked")
            if asked:
                await marker.mark(asked)
                await self._marks.set(run_id, asked, "marked")
            went()

    async def unmark(self, run_id: int, went: Callable[[], None]) -> None:
        """Take back what the run marked. Raises errors of the server."""
        marker = self._marker()
        for state in ("marked", "asked"):
            while media_ids := await self._marks.some(run_id, state, _BATCH):
                if marker is None:
                    # Nobody is signed in any more: the server keeps what it was told.
                    await self._marks.set(run_id, media_ids, "kept")
                    continue
                await marker.unmark(media_ids)
                await self._marks.set(run_id, media_ids, "undone")
                went()
