"""Reading what ListenBrainz gives its users to download: listens and feedback.

Today that is a ZIP file with JSON lines for each month and one file for the feedback; earlier it
was one JSON list of either.
"""

import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.imports import Unread
from revenge_companion.core.library import Entry, Facet, Subject
from revenge_companion.core.reasons import Reason
from revenge_companion.services import json_lines
from revenge_companion.services.archives import Archive, is_zip, refusing
from revenge_companion.services.importing import ImportPage, unread
from revenge_companion.services.json_lines import Broken, Value
from revenge_companion.services.listenbrainz import listens
from revenge_companion.services.reading import packed, place, unpacked

#: Lines of one page.
PAGE_ROWS = 1000
#: Lines are counted first in files up to this many bytes unpacked; that takes a second or two.
_COUNTED_BYTES = 1 << 30
#: Bytes, and values, that are looked at to tell what a file is.
_HEAD, _HEAD_VALUES = 1 << 16, 5
#: Feedback that is given the names of its recordings; the rest has their ids only.
_MOST_NAMED = 200_000
_RECORDINGS = ("recording_mbid", "recording_msid")
_MONTH = re.compile(r"(\d{4})/(\d{1,2})\.jsonl$")


@dataclass(frozen=True, slots=True)
class _Part:
    """One file of values: a member of an archive, or the whole file ("")."""

    name: str
    facet: Facet
    #: It is one JSON list, not lines.
    listed: bool = False


@dataclass(slots=True)
class _Open:
    """A part that is being read, and the byte where its next value begins."""

    part: _Part
    offset: int
    stream: BinaryIO
    values: Iterator[Value]


class ListenBrainzFile:
    """One opened file; see `services.importing.ImportFile`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: _Open | None = None
        with refusing():
            self._archive = Archive(path) if is_zip(path) else None
            if self._archive is not None:
                self._parts = _parts_of(self._archive.names)
            else:
                part = _whole(path)
                self._parts = () if part is None else (part,)
        if not self._parts:
            self.close()
            raise ImportRefused("This file holds no listens and no feedback of ListenBrainz.")
        #: What feedback is about, by the ids of recordings; None before it was looked for.
        self._named: dict[str, Subject] | None = None

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether `path` is such a file; see `services.file_formats.Reader`."""
        if not is_zip(path):
            return _whole(path) is not None
        archive = Archive(path)
        try:
            return bool(_parts_of(archive.names))
        finally:
            archive.close()

    @property
    def facets(self) -> tuple[Facet, ...]:
        held = {part.facet for part in self._parts}
        return tuple(facet for facet in (Facet.HISTORY, Facet.LOVED) if facet in held)

    def page(self, facet: Facet, cursor: str) -> ImportPage:
        """The page at `cursor`; see `services.importing.ImportFile`."""
        at = unpacked(cursor)
        number, offset, total = place(at, "part") or 0, place(at, "at") or 0, place(at, "total")
        parts = [part for part in self._parts if part.facet is facet]
        if number >= len(parts):
            raise ImportRefused("This file holds nothing of the kind.")
        with refusing():
            if not cursor:
                total = self._count(parts)
            part = parts[number]
            reading = self._at(part, offset, place(at, "line") or 0)
            found = list(islice(reading.values, PAGE_ROWS))
            made = [(one, self._read(facet, one.value)) for one in found]
        line: int | None = None
        if len(found) == PAGE_ROWS:
            reading.offset = offset = found[-1].ends
            line = found[-1].follows
        else:
            number, offset = number + 1, 0
        following = packed(part=number, at=offset, line=line, total=total)
        return ImportPage(
            tuple(read for _, read in made if isinstance(read, Entry)),
            following if number < len(parts) else "",
            total,
            tuple(_unread(part, one, read) for one, read in made if isinstance(read, str)),
        )

    def close(self) -> None:
        self._leave()
        if self._archive is not None:
            self._archive.close()

    def _read(self, facet: Facet, value: Any) -> Entry | str | None:
        if isinstance(value, Broken):
            return value.why
        if not isinstance(value, dict):
            return Reason.LINE_BROKEN
        if facet is Facet.HISTORY:
            return listens.play(value)
        return listens.love(value, self._names())

    def _at(self, part: _Part, offset: int, line: int) -> _Open:
        """`part` from the byte `offset` on; the page before has often left it there."""
        if self._open is None or (self._open.part, self._open.offset) != (part, offset):
            self._leave()
            stream = self._stream(part, offset)
            read = json_lines.elements if part.listed else json_lines.lines
            self._open = _Open(part, offset, stream, read(stream, offset, line))
        return self._open

    def _leave(self) -> None:
        if self._open is not None:
            self._open.stream.close()
        self._open = None

    def _stream(self, part: _Part, offset: int = 0) -> BinaryIO:
        if self._archive is not None:
            return self._archive.open(part.name, offset)
        stream = self._path.open("rb")
        stream.seek(offset)
        return stream

    def _count(self, parts: Sequence[_Part]) -> int | None:
        if any(part.listed for part in parts):
            return None
        sizes = self._path.stat().st_size
        if self._archive is not None:
            sizes = sum(self._archive.size(part.name) for part in parts)
        if sizes > _COUNTED_BYTES:
            return None
        found = 0
        for part in parts:
            with self._stream(part) as stream:
                found += json_lines.count(stream)
        return found

    def _names(self) -> dict[str, Subject]:
        """What the feedback is about; an archive names recordings in its listens only."""
        if self._named is None:
            self._named = {}
            wanted: set[str] = set()
            for row in self._rows(Facet.LOVED) if self._archive is not None else ():
                wanted.update(map(listens.first_id, map(row.get, _RECORDINGS)))
                if len(wanted) > _MOST_NAMED:
                    break
            wanted.discard("")
            for row in self._rows(Facet.HISTORY) if wanted else ():
                subject, ids = listens.named(row)
                if subject is not None:
                    for one in wanted.intersection(ids):
                        self._named.setdefault(one, subject)
        return self._named

    def _rows(self, facet: Facet) -> Iterator[dict[str, Any]]:
        for part in self._parts:
            if part.facet is facet:
                with self._stream(part) as stream:
                    for one in json_lines.lines(stream):
                        if isinstance(one.value, dict):
                            yield one.value


def _unread(part: _Part, one: Value, why: str) -> Unread:
    """A value that is no line of ours; what stands there is cut short."""
    said = one.value.text if isinstance(one.value, Broken) else json.dumps(one.value)
    name = PurePosixPath(part.name.replace("\\", "/")).name
    return unread(why, said, line=one.line, file=name)


def _parts_of(names: Sequence[str]) -> tuple[_Part, ...]:
    """The files of an archive that hold something, the earliest month first."""
    found: list[tuple[tuple[int, int, str], _Part]] = []
    for name in names:
        path = PurePosixPath(name.replace("\\", "/").casefold())
        if path.suffix != ".jsonl" or path.parts[0] == "__macosx":
            continue
        month = _MONTH.search(path.as_posix())
        order = (int(month[1]), int(month[2]), name) if month else (0, 0, name)
        if path.name == "feedback.jsonl":
            found.append((order, _Part(name, Facet.LOVED)))
        elif "listens" in path.parts or path.name.startswith("listens"):
            found.append((order, _Part(name, Facet.HISTORY)))
    return tuple(part for _, part in sorted(found, key=lambda one: one[0]))


def _whole(path: Path) -> _Part | None:
    """What a file that is no archive holds, told by its first values; None for nothing of ours."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    listed = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    read = json_lines.elements if listed else json_lines.lines
    for one in islice(read(io.BytesIO(head)), _HEAD_VALUES):
        if isinstance(one.value, dict):
            facet = _facet_of(one.value)
            return None if facet is None else _Part("", facet, listed)
    return None


def _facet_of(row: dict[str, Any]) -> Facet | None:
    if isinstance(row.get("track_metadata"), dict) and ("listened_at" in row or "timestamp" in row):
        return Facet.HISTORY
    if "score" in row and ("recording_msid" in row or "recording_mbid" in row):
        return Facet.LOVED
    return None
