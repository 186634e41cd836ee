"""A copy of the account's library on disk, so that Simkl is asked only for what changed.

Its whole library comes in one answer, and asking for it too often ends the app's access. One file
for each part holds a title in each line, after a head of fixed length; it is replaced in one step.
Every method blocks and belongs on a thread.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from revenge_companion.core.errors import ServiceTrouble, StoreTrouble
from revenge_companion.core.library import Entry, Facet
from revenge_companion.services.simkl import entries
from revenge_companion.services.simkl.pieces import elements

#: Bytes before the first title.
_HEAD = 2048
#: The longest title with all its episodes, in bytes; a longer one is left out.
_LONGEST_LINE = 16 << 20
_VERSION = 1


@dataclass(frozen=True, slots=True)
class About:
    """What the head of a file says."""

    #: The times of /sync/activities that the file is as new as, as Simkl wrote them.
    mark: Mapping[str, str]
    #: Another one for other titles; the same titles are at the same places.
    digest: str
    #: Lines of each facet.
    counts: Mapping[Facet, int]


@dataclass(frozen=True, slots=True)
class Title:
    """One kept title."""

    kind: str
    id: int
    item: Mapping[str, Any]


class Kept:
    """The files of one account."""

    def __init__(self, folder: Path, name: str) -> None:
        """`name` tells accounts apart; nothing of it reaches the file's name."""
        self._folder = folder
        self._stem = hashlib.sha256(name.encode()).hexdigest()[:16]

    def about(self, kind: str) -> About | None:
        """What is known of one part; None where there is no file that can be used."""
        try:
            with self._path(kind).open("rb") as file:
                head = json.loads(file.read(_HEAD))
            if head["v"] != _VERSION:
                return None
            counts = {facet: int(head["counts"][facet.value]) for facet in entries.FACETS}
            mark = {str(key): str(value) for key, value in head["mark"].items()}
            return About(mark, str(head["digest"]), counts)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def take(self, kind: str, mark: Mapping[str, str], answer: bytes) -> None:
        """Keep a whole part as an answer brought it.

        Raises ServiceTrouble, with the old file as it was, for an answer that is not whole, and
        StoreTrouble.
        """
        self._write(kind, mark, _lines(kind, answer))

    def update(
        self,
        kind: str,
        mark: Mapping[str, str],
        changed: bytes,
        *,
        members: bytes | None = None,
        rated: bytes | None = None,
        every_rating: bool = False,
    ) -> None:
        """Put titles that changed in the place of the old ones; raises as `take`.

        `members` is an answer with every title that is left, where some are gone. `rated` holds
        titles whose rating changed, or all that have one (`every_rating`).
        """
        new = dict(_lines(kind, changed))
        left = None if members is None else set(dict(_lines(kind, members)))
        ratings = {} if rated is None else dict(_titles(kind, rated))
        self._write(kind, mark, self._merged(kind, new, left, ratings, every_rating=every_rating))

    def page(
        self, facet: Facet, kind: str, offset: int, skip: int, most: int
    ) -> tuple[list[Entry | str], int, int]:
        """`most` entries from the title at `offset` (0 for the first), `skip` of it left out.

        Returns them with where the next page begins; its offset is -1 at the end. A title's
        entries may be spread over pages.
        """
        found: list[Entry | str] = []
        try:
            with self._path(kind).open("rb") as file:
                file.seek(offset or _HEAD)
                while line := file.readline(_LONGEST_LINE):
                    for title in _read(kind, line):
                        for number, one in enumerate(
                            entries.made(facet, kind, title.id, title.item)
                        ):
                            if number < skip:
                                continue
                            if len(found) == most:
                                return found, file.tell() - len(line), number
                            found.append(one)
                    skip = 0
        except OSError as error:
            raise _unreadable(error) from error
        return found, -1, 0

    def titles(self, kind: str) -> Iterator[Title]:
        """Every title of a part; raises StoreTrouble."""
        try:
            with self._path(kind).open("rb") as file:
                file.seek(_HEAD)
                while line := file.readline(_LONGEST_LINE):
                    yield from _read(kind, line)
        except OSError as error:
            raise _unreadable(error) from error

    def remove(self) -> None:
        """Remove every file of the account; best effort."""
        for kind in entries.KINDS:
            with suppress(OSError):
                self._path(kind).unlink()

    def _merged(
        self,
        kind: str,
        new: dict[int, bytes],
        left: set[int] | None,
        ratings: dict[int, dict[str, Any]],
        *,
        every_rating: bool,
    ) -> Iterator[tuple[int, bytes]]:
        done: set[int] = set()
        for title in self.titles(kind):
            if left is not None and title.id not in left and title.id not in new:
                continue
            done.add(title.id)
            line = new.get(title.id)
            if line is None:
                line = _line(title.id, _rated(title.item, ratings.get(title.id), every_rating))
            yield title.id, line
        yield from ((number, line) for number, line in new.items() if number not in done)
        done |= set(new)
        for number, item in ratings.items():
            if number not in done and (left is None or number in left):
                yield number, _line(number, item)

    def _write(
        self, kind: str, mark: Mapping[str, str], lines: Iterable[tuple[int, bytes]]
    ) -> None:
        path = self._path(kind)
        beside = path.with_name(path.name + ".new")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    _fill(file, kind, mark, lines)
                beside.replace(path)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
        except OSError as error:
            said = error.strerror or str(error)
            raise StoreTrouble(f"What Simkl sent cannot be kept: {said}") from error

    def _path(self, kind: str) -> Path:
        return self._folder / f"{self._stem}-{kind}.lines"


def _fill(
    file: BinaryIO, kind: str, mark: Mapping[str, str], lines: Iterable[tuple[int, bytes]]
) -> None:
    digest = hashlib.sha256()
    counts = dict.fromkeys(entries.FACETS, 0)
    file.write(b" " * _HEAD)
    for _, line in lines:
        if len(line) >= _LONGEST_LINE:
            continue
        file.write(line)
        digest.update(line)
        for title in _read(kind, line):
            for facet in entries.FACETS:
                counts[facet] += entries.count(facet, kind, title.item)
    head = {
        "v": _VERSION,
        "mark": dict(mark),
        "digest": digest.hexdigest()[:32],
        "counts": {facet.value: number for facet, number in counts.items()},
    }
    written = json.dumps(head).encode()
    assert len(written) < _HEAD
    file.seek(0)
    file.write(written.ljust(_HEAD - 1) + b"\n")
    file.flush()
    os.fsync(file.fileno())


def _titles(kind: str, answer: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """The titles of an answer, each once; raises ServiceTrouble."""
    seen: set[int] = set()
    try:
        for raw in elements(answer.decode(), kind):
            number = entries.title_id(raw)
            if number is not None and number not in seen:
                seen.add(number)
                yield number, entries.kept(raw)
    except ValueError as error:
        raise ServiceTrouble("Simkl did not send the whole library.") from error


def _lines(kind: str, answer: bytes) -> Iterator[tuple[int, bytes]]:
    return ((number, _line(number, item)) for number, item in _titles(kind, answer))


def _line(number: int, item: Mapping[str, Any]) -> bytes:
    return f"{number}\t{json.dumps(item, separators=(',', ':'))}\n".encode()


def _read(kind: str, line: bytes) -> Iterator[Title]:
    """The title in a line; none in one that was damaged."""
    with suppress(ValueError, RecursionError):
        number, _, item = line.partition(b"\t")
        yield Title(kind, int(number), json.loads(item))


def _rated(
    item: Mapping[str, Any], rated: Mapping[str, Any] | None, every_rating: bool
) -> Mapping[str, Any]:
    """`item` with the rating of `rated`; without one where all ratings are known."""
    if rated is None and not every_rating:
        return item
    fields = ("user_rating", "user_rated_at")
    rest = {key: value for key, value in item.items() if key not in fields}
    return rest | {key: rated[key] for key in fields if rated and key in rated}


def _unreadable(error: OSError) -> StoreTrouble:
    return StoreTrouble(f"What Simkl sent before cannot be read: {error.strerror or error}")
