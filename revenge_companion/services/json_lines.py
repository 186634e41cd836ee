"""JSON values in a file, one after the other, read with care from any of them on."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from revenge_companion.core.reasons import Reason
from revenge_companion.services.archives import DAMAGE

#: The longest value that is taken, in bytes.
MOST_BYTES = 1 << 20
_PIECE = 1 << 18
#: Bytes of a broken value that are kept to be shown.
_MOST_SHOWN = 1000
_BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")


@dataclass(frozen=True, slots=True)
class Broken:
    """What stands where a value should be: why it is none, and its beginning."""

    why: Reason
    text: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Value:
    """One value, or a `Broken`, and the byte of the file where the next one begins."""

    value: Any
    ends: int
    #: The line of the file in which it begins, from 1; 0 where nobody knows. With the byte where
    #: it ends that is the line which a walk goes on with, counted by `follows`.
    line: int = field(default=0, compare=False)
    #: The line in which the next one begins at the earliest.
    follows: int = field(default=0, compare=False)


def lines(stream: BinaryIO, offset: int = 0, number: int = 0) -> Iterator[Value]:
    """The values of a file that has one in each line; `stream` stands at the byte `offset`.

    `number` is that of the line there, from 1; 0 where nobody knows. A line that is none is broken
    and passed. Reading raises OSError.
    """
    number = number or int(offset == 0)
    try:
        while line := stream.readline(MOST_BYTES + 1):
            offset += len(line)
            follows = number and number + 1
            if len(line) > MOST_BYTES and not line.endswith(b"\n"):
                yield Value(_broken(Reason.LINE_TOO_LONG, line), offset, number, follows)
                offset = _past_line(stream, offset)
            elif (text := line.strip(b"\xef\xbb\xbf \t\r\n")) != b"":
                value = _value(text, cut=not line.endswith(b"\n"))
                yield Value(value, offset, number, follows)
            number = follows
    except DAMAGE:
        yield Value(Broken(Reason.LINE_REST_LOST), offset, number, number)


def elements(stream: BinaryIO, offset: int = 0, number: int = 0) -> Iterator[Value]:
    """The values of a file that is one list of them; `stream` stands at the byte `offset`.

    `number` is as in `lines`. What follows a broken one cannot be told apart, so it is the last.
    Reading raises OSError.
    """
    number = number or int(offset == 0)
    read = json.JSONDecoder().raw_decode
    text, position, over = "", 0, False
    while True:
        between = _BETWEEN.match(text, position)
        begins = position if between is None else between.end()
        try:
            value, ends = read(text, begins)
        except (ValueError, RecursionError):
            value, ends = Broken(Reason.LINE_REST_LOST, text[begins : begins + _MOST_SHOWN]), -1
        # A number may go on in the next piece.
        if ends >= 0 and (ends < len(text) or over):
            offset += _bytes(text[position:ends])
            line = number and number + text.count("\n", position, begins)
            number = line and line + text.count("\n", begins, ends)
            position = ends
            yield Value(value, offset, line, number)
        elif over or len(text) - begins > MOST_BYTES:
            if begins < len(text):
                line = number and number + text.count("\n", position, begins)
                yield Value(value, offset + _bytes(text[position:]), line, line)
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
        return _broken(Reason.LINE_CUT_OFF if cut else Reason.LINE_BROKEN, text)


def _broken(why: Reason, text: bytes) -> Broken:
    return Broken(why, text[:_MOST_SHOWN].decode("utf-8", "replace"))


def _past_line(stream: BinaryIO, offset: int) -> int:
    while line := stream.readline(MOST_BYTES):
        offset += len(line)
        if line.endswith(b"\n"):
            break
    return offset


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))
