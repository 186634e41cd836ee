"""Tables as files: no cell is a formula."""

import csv
from pathlib import Path

import pytest

from revenge_companion.engine.files import Sheet, cell

WIDE_EQUALS, WIDE_PLUS = "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}"


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@x", "\t=1", "\rx", " =1", "\n=1", f"{WIDE_EQUALS}1", f"{WIDE_PLUS}1"],
)
def test_what_begins_like_a_formula_is_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["", "Dune", "a=b", "'quoted", 7, None, 1.5])
def test_everything_else_stays_as_it_is(value: object) -> None:
    assert cell(value) is value


def test_a_table_is_written_with_such_cells(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path / "table.csv", ["title", "rating"])
    sheet.write([{"title": "=HYPERLINK()", "rating": -1}])
    assert sheet.finish() == 1
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["title", "rating"], ["'=HYPERLINK()", "-1"]]
