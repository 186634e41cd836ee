"""What this program itself wrote at the server, so that it is not taken for a play."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import Protocol

from revenge_companion.revenge.rows import Watched

#: From when to when, aware UTC by the server's clock.
Span = tuple[datetime, datetime]


class OwnWrites(Protocol):
    """Our own writes, as those who look for plays have to know them."""

    def still(self) -> AbstractAsyncContextManager[None]:
        """While it is held, nothing is being written."""
        ...

    async def until(self, media_ids: Iterable[str]) -> Mapping[str, datetime]:
        """For each item we wrote: until when (aware UTC, the server's time) it is our writing."""
        ...

    async def others(self) -> Sequence[Span]:
        """When another Companion of this user wrote there; asked of the server each time."""
        ...

    async def episodes(self) -> int:
        """By how many the server's counter of watched episodes is higher through us."""
        ...


class NoWrites:
    """Of a program that writes nothing."""

    def still(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def until(self, media_ids: Iterable[str]) -> Mapping[str, datetime]:
        return {}

    async def others(self) -> Sequence[Span]:
        return ()

    async def episodes(self) -> int:
        return 0


def is_ours(watched: Watched, own: Mapping[str, datetime], others: Sequence[Span] = ()) -> bool:
    """Whether the server's last word on an item is what we, or another Companion, wrote there."""
    at, until = watched.last_watched_at, own.get(watched.media_id)
    if until is not None and at <= until:
        return True
    return any(begin <= at <= end for begin, end in others)
