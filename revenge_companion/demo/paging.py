"""Pages as the server cuts them: rows that tie are in any order, so pages overlap."""

import random
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, TypeVar

from revenge_companion.core.media import Item

T = TypeVar("T")
#: Things that are scanned in one go share the moment they were added.
_SCANNED_TOGETHER = 4


class Pages:
    """Cuts lists into pages; each request sorts what ties anew, repeatably."""

    def __init__(self) -> None:
        self._turn = 0

    def cut(
        self, things: Iterable[T], key: Callable[[T], Any], offset: int, limit: int
    ) -> Sequence[T]:
        """The page at `offset` of `things` sorted by `key`."""
        self._turn += 1
        order = random.Random(self._turn)
        listed: list[T] = []
        for _, ties in groupby(sorted(things, key=key), key=key):
            tied = list(ties)
            order.shuffle(tied)
            listed += tied
        return listed[offset : offset + limit]


def film_order(movies: Sequence[Item], order_by: str) -> Callable[[Item], Any]:
    """The key that films are sorted by for `order_by`; what is unknown is sorted by title."""
    added = {movie.media_id: at // _SCANNED_TOGETHER for at, movie in enumerate(movies)}
    if order_by == "added":
        return lambda movie: -added[movie.media_id]
    if order_by == "year":
        return lambda movie: -(movie.year or 0)
    if order_by == "rating":
        return lambda movie: 0
    return lambda movie: movie.title


def newest_first(count: int) -> Callable[[tuple[int, Any]], int]:
    """The key of numbered shows, the last one added first; scans add some at a time."""
    return lambda numbered: (count - numbered[0]) // _SCANNED_TOGETHER
