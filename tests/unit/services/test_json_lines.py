"""JSON values in files: broken lines, cut ends, damage, and going on from any value."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.reasons import Reason
from revenge_companion.services import json_lines
from revenge_companion.services.json_lines import MOST_BYTES, Broken, count, elements, lines

_values = st.dictionaries(
    st.text(max_size=4), st.text(max_size=6) | st.integers() | st.none(), max_size=3
)


def told(values: Any) -> list[Any]:
    return [one.value.why if isinstance(one.value, Broken) else one.value for one in values]


def test_lines_are_read_and_broken_ones_passed() -> None:
    content = b'\xef\xbb\xbf{"a": 1}\r\n\n  \nno\n{"b": \n\xff\xfe\n[2]\n{"c": "\xc3\xb6"}\n{"d": 1'
    assert told(lines(io.BytesIO(content))) == [
        {"a": 1},
        Reason.LINE_BROKEN,
        Reason.LINE_BROKEN,
        Reason.LINE_BROKEN,
        [2],
        {"c": "\u00f6"},
        Reason.LINE_CUT_OFF,
    ]


@pytest.mark.parametrize("nested", [b"[" * 200_000, b'{"a":' * 100_000])
def test_nesting_without_end_is_broken(nested: bytes) -> None:
    assert told(lines(io.BytesIO(nested + b"\n1\n"))) == [Reason.LINE_BROKEN, 1]


def test_a_line_without_end_is_passed() -> None:
    content = b'{"a": 1}\n"' + b"x" * (2 * MOST_BYTES) + b'"\n{"b": 2}\n'
    assert told(lines(io.BytesIO(content))) == [{"a": 1}, Reason.LINE_TOO_LONG, {"b": 2}]


def test_a_list_is_read_without_holding_it() -> None:
    rows = [{"n": n, "text": "Bj\u00f6rk \u65e5\u672c" * 300} for n in range(300)]
    for content in (json.dumps(rows), json.dumps(rows, indent=2, ensure_ascii=False)):
        assert told(elements(io.BytesIO(content.encode()))) == rows


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[]", []),
        (b"", []),
        (b" [ 1 , 22 ] ", [1, 22]),
        (b"12", [12]),
        (b'[{"a": 1}, {"b": ', [{"a": 1}, Reason.LINE_REST_LOST]),
        (b'[{"a": 1}, oops, {"b": 2}]', [{"a": 1}, Reason.LINE_REST_LOST]),
        (b'[{"a": "\xff"}]', [{"a": "\udcff"}]),
    ],
)
def test_a_list_that_is_odd_is_read_as_far_as_it_goes(content: bytes, expected: Any) -> None:
    assert told(elements(io.BytesIO(content))) == expected


def test_a_number_across_two_pieces_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "_PIECE", 3)
    assert told(elements(io.BytesIO(b'[1234567, "\xc3\xb6\xc3\xb6"]'))) == [1234567, "\u00f6\u00f6"]


@given(st.lists(_values, max_size=6), st.sampled_from([None, 1]))
def test_a_walk_goes_on_from_any_value(values: list[Any], indent: int | None) -> None:
    whole = json.dumps(values, indent=indent, ensure_ascii=bool(indent)).encode()
    by_line = b"".join(json.dumps(one).encode() + b"\n" for one in values)
    for read, content in ((elements, whole), (lines, by_line)):
        found = list(read(io.BytesIO(content)))
        assert told(found) == values
        for position, one in enumerate(found):
            text = content.splitlines()[one.line - 1].decode()
            assert json.dumps(values[position])[:1] in text
            stream = io.BytesIO(content)
            stream.seek(one.ends)
            rest = list(read(stream, one.ends, one.follows))
            assert told(rest) == values[position + 1 :]
            # Each value is in the line that it is in, wherever the walk began.
            assert [more.line for more in rest] == [more.line for more in found[position + 1 :]]


@pytest.mark.parametrize(("content", "found"), [(b"", 0), (b"a\n", 1), (b"a\nb", 2), (b"\n\n", 2)])
def test_lines_are_counted(content: bytes, found: int) -> None:
    assert count(io.BytesIO(content)) == found
