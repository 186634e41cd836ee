"""A long answer piece by piece: the same as parsing it whole, and cut answers are known."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.services.simkl.pieces import elements

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=4), VALUES, max_size=4)


@given(OBJECTS, st.lists(VALUES, max_size=5), st.sampled_from([None, 1, "\t"]))
def test_it_finds_what_parsing_finds(
    others: dict[str, Any], wanted: list[Any], indent: int | str | None
) -> None:
    text = json.dumps({**others, "shows": wanted}, indent=indent)
    assert list(elements(f" \n{text}\r\n", "shows")) == wanted


@given(OBJECTS, st.lists(VALUES, max_size=5), st.data())
def test_a_cut_answer_is_never_taken_for_a_whole_one(
    others: dict[str, Any], wanted: list[Any], data: st.DataObject
) -> None:
    text = json.dumps({**others, "shows": wanted})
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(ValueError, match=r"."):
        list(elements(text[:cut], "shows"))


@pytest.mark.parametrize(
    "text", ["null", " null\n", "{}", " { } ", '{"shows": []}', '{"shows":null}']
)
def test_simkls_words_for_nothing(text: str) -> None:
    assert list(elements(text, "shows")) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nul",
        "[]",
        "7",
        "<html></html>",
        '{"movies": []}',
        '{"error": "rate_limit"}',
        '{"shows": {}}',
        '{"shows": [1,]}',
        '{"shows": [1 2]}',
        '{"shows": []} x',
        '{"shows": [] "anime": []}',
        "{7: []}",
        "[" * 100_000,
        '{"shows": ' + "[" * 100_000,
    ],
    ids=lambda text: text[:20] or "empty",
)
def test_what_is_no_such_answer_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(elements(text, "shows"))
