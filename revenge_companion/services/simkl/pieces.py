"""A long JSON answer taken apart piece by piece, so that it is never held whole in parsed form."""

import json
import re
from collections.abc import Iterator
from typing import Any

_BLANK = re.compile(r"[ \t\n\r]*")


def elements(text: str, name: str) -> Iterator[Any]:
    """The elements of the list `name` in the JSON object that `text` is, one after the other.

    There are none in `null` and `{}`, which is how Simkl says that nothing is there. Raises
    ValueError for text that is cut, is no such object, or has other lists only; that is known at
    its end, so what came before must not be used until then.
    """
    try:
        yield from _Reader(text).elements(name)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._decode = json.JSONDecoder().raw_decode
        self._at = 0

    def elements(self, name: str) -> Iterator[Any]:
        if self._next("n"):
            if self._value() is not None:
                raise self._wrong()
        else:
            yield from self._members(name)
        self._blank()
        if self._at != len(self._text):
            raise self._wrong()

    def _members(self, name: str) -> Iterator[Any]:
        self._take("{")
        if self._next("}"):
            self._take("}")
            return
        found = False
        while True:
            key = self._value()
            self._take(":")
            if key == name and self._next("["):
                found = True
                yield from self._list()
            elif self._value() is None and key == name:
                found = True
            if self._next("}"):
                break
            self._take(",")
        self._take("}")
        if not found:
            raise self._wrong()

    def _list(self) -> Iterator[Any]:
        self._take("[")
        if not self._next("]"):
            yield self._value()
            while self._next(","):
                self._take(",")
                yield self._value()
        self._take("]")

    def _value(self) -> Any:
        self._blank()
        value, self._at = self._decode(self._text, self._at)
        return value

    def _next(self, sign: str) -> bool:
        self._blank()
        return self._text.startswith(sign, self._at)

    def _take(self, sign: str) -> None:
        if not self._next(sign):
            raise self._wrong()
        self._at += len(sign)

    def _blank(self) -> None:
        blank = _BLANK.match(self._text, self._at)
        assert blank is not None
        self._at = blank.end()

    def _wrong(self) -> ValueError:
        return ValueError(f"not what was asked for, at {self._at} of {len(self._text)}")
