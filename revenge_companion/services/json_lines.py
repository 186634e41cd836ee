"""JSON values in a file, one after the other, read with care from any of them on."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from revenge_companion.services.archives import DAMAGE

#: The longest value that is taken, in bytes.
MOST_BYTES = 1 << 20
_PIECE = 1 << 18
_BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")


@dataclass(frozen=True, slots=True)
class Broken:
    """What stands where a value should be, in a few words."""

    why: str


@dataclass(frozen=True, slots=True)
class Value:
    """One value, or a `Broken`, and the byte of the file where the next one begins."""

    value: Any
    ends: int


def lines(stream: BinaryIO, offset: int = 0) -> Iterator[Value]:
    """The values of a file that has one in each line; `stream` stands at the byte `offset`.

    A line that is none is broken and passed. Reading raises OSError.
    """
    try:
        while line := stream.readline(MOST_BYTES + 1):
            offset += len(line)
            if len(line) > MOST_BYTES and not line.endswith(b"\n"):
                yield Value(Broken("a line that is too long"), offset)
                offset = _past_line(stream, offset)
            elif (text := line.strip(b"\xef\xbb\xbf \t\r\n")) != b"":
                yield Value(_value(text, cut=not line.endswith(b"\n")), offset)
    except DAMAGE:
        yield Value(Broken("the rest of a file that is damaged"), offset)


def elements(stream: BinaryIO, offset: int = 0) -> Iterator[Value]:
    """The values of a file that is one list of them; `stream` stands at the byte `offset`.

    What follows a broken one cannot be told apart, so it is the last. Reading raises OSError.
    """
    read = json.JSONDecoder().raw_decode
    text, position, over = "", 0, False
    while True:
        between = _BETWEEN.match(text, position)
        begins = position if between is None else between.end()
        try:
            value, ends = read(text, begins)
        except (ValueError, RecursionError):
            value, ends = Broken("the rest of a file that breaks off"), -1
        # A number may go on in the next piece.
        if ends >= 0 and (ends < len(text) or over):
            offset += _bytes(text[position:ends])
            position = ends
            yield Value(value, offset)
        elif over or len(text) - begins > MOST_BYTES:
            if begins < len(text):
                yield Value(value, offset + _bytes(text[position:]))
            return
        else:
            piece = stream.read(_PIECE)
            # Never cut inside of a character.
            while piece and piece[-1] >= 0x80 and (more := stream.read(1)):
                piece += more
            over = not piece
            text, position = text[position:] + piece.decode("utf-8", "surrogateescape"), 0


def count(stream: BinaryIO) -> int:
    """Lines from where `stream` stands; as far as they can be read."""
    found, last = 0, b"\n"
    try:
        while piece := stream.read(1 << 20):
            found += piece.count(b"\n")
            last = piece[-1:]
    except DAMAGE:
        pass
    return found + (last != b"\n")


def _value(text: bytes, *, cut: bool) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return Broken("a line that is cut off" if cut else "a line that is no JSON")


def _past_line(stream: BinaryIO, offset: int) -> int:
    while line := stream.readline(MOST_BYTES):
        offset += len(line)
        if line.endswith(b"\n"):
            break
    return offset


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))
