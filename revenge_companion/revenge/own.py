"""What this program itself wrote at the server, so that it is not taken for a play."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import Protocol

from revenge_companion.revenge.rows import Watched


class OwnWrites(Protocol):
    """Our own writes, as those who look for plays have to know them."""

    def still(self) -> AbstractAsyncContextManager[None]:
        """While it is held, nothing is being written."""
        ...

    async def until(self, media_ids: Iterable[str]) -> Mapping[str, datetime]:
        """For each item we wrote: until when (aware UTC, the server's time) it is our writing."""
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

    async def episodes(self) -> int:
        return 0


def is_ours(watched: Watched, own: Mapping[str, datetime]) -> bool:
    """Whether the server's last word on an item is what we wrote there."""
    until = own.get(watched.media_id)
    return until is not None and watched.last_watched_at <= until
