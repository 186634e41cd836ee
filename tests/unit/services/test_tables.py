"""Rows of tables as text: quotes, encodings, what is broken, and going on from any row."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenge_companion.core.errors import ImportRefused
from revenge_companion.services.tables import (
    MOST_BYTES,
    MOST_LINES,
    Row,
    Table,
    cell,
    column,
    first_lines,
)


def a_table(folder: Path, content: bytes | str, delimiter: str = ",") -> Table:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Table(path, delimiter)


def rows_of(table: Table, offset: int = 0) -> list[Row]:
    rows = list(table.rows(offset))
    table.close()
    return rows


def test_cells_may_hold_commas_quotes_and_lines(tmp_path: Path) -> None:
    rows = rows_of(a_table(tmp_path, 'a,"b, c","d ""e"""\r\n\r\n"f\ng",,h\n'))
    assert [row.cells for row in rows] == [("a", "b, c", 'd "e"'), ("f\ng", "", "h")]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_encodings_are_told_apart(tmp_path: Path, encoding: str) -> None:
    text = 'J\u00f3ga,"Bj\u00f6rk"\nB\u00e9ton,Br\u00fbl\u00e9\n'
    mark = "\ufeff" if encoding.endswith(("le", "be")) else ""
    rows = rows_of(a_table(tmp_path, (mark + text).encode(encoding)))
    assert [row.cells for row in rows] == [
        ("J\u00f3ga", "Bj\u00f6rk"),
        ("B\u00e9ton", "Br\u00fbl\u00e9"),
    ]


def test_a_file_of_two_encodings_is_read_line_by_line(tmp_path: Path) -> None:
    content = "Bj\u00f6rk,1\n".encode() + "Bj\u00f6rk,2\n".encode("cp1252") + b"\x81\x00x,3\n"
    rows = rows_of(a_table(tmp_path, content))
    assert [row.cells[0] for row in rows] == ["Bj\u00f6rk", "Bj\u00f6rk", "\ufffdx"]


def test_a_quote_that_nobody_closed_costs_one_line(tmp_path: Path) -> None:
    lines = [f"artist {n},title {n}" for n in range(MOST_LINES + 50)]
    lines[3] = '"artist 3,title 3'
    rows = rows_of(a_table(tmp_path, "\n".join(lines)))
    assert [row.broken for row in rows] == [n == 3 for n in range(len(lines))]
    assert rows[4].cells == ("artist 4", "title 4")


def test_a_quote_that_nobody_closed_before_the_end_costs_one_line(tmp_path: Path) -> None:
    rows = rows_of(a_table(tmp_path, 'a,b\n"c,d\ne,f\n'))
    assert [(row.cells, row.broken) for row in rows] == [
        (("a", "b"), False),
        ((), True),
        (("e", "f"), False),
    ]


def test_a_quote_inside_of_a_cell_is_a_character(tmp_path: Path) -> None:
    rows = rows_of(a_table(tmp_path, 'Blue Monday 12" Mix,1\nAtmosphere,2\n'))
    assert [row.cells for row in rows] == [('Blue Monday 12" Mix', "1"), ("Atmosphere", "2")]


def test_a_line_without_end_is_passed(tmp_path: Path) -> None:
    content = b"a,b\n" + b"x" * (3 * MOST_BYTES) + b"\nc,d\n"
    rows = rows_of(a_table(tmp_path, content))
    assert rows[0].cells == ("a", "b")
    assert rows[-1].cells == ("c", "d")
    assert all(row.broken or len(row.cells) < 3 for row in rows)


def test_the_last_line_needs_no_end(tmp_path: Path) -> None:
    table = a_table(tmp_path, "a,b\nc,d")
    assert table.count() == 2
    assert [row.cells for row in rows_of(table)] == [("a", "b"), ("c", "d")]


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    table = a_table(tmp_path, b"")
    assert table.count() == 0
    assert rows_of(table) == []


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="cannot be read"):
        Table(tmp_path / "gone.csv")


_cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@given(st.lists(st.lists(_cells, min_size=2, max_size=4), max_size=8), st.booleans())
@settings(max_examples=150)
def test_what_a_csv_writer_wrote_is_read_from_every_row_on(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], marked: bool
) -> None:
    out = io.StringIO(newline="")
    # A bare return ends no line for everybody, so writers quote it.
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(table)
    folder = tmp_path_factory.mktemp("tables")
    content = out.getvalue().encode("utf-8-sig" if marked else "utf-8")
    rows = rows_of(a_table(folder, content))
    expected = [tuple(row) for row in table if any(row)]
    assert [row.cells for row in rows] == expected
    for position, row in enumerate(rows):
        rest = rows_of(a_table(folder, content), row.ends)
        assert [one.cells for one in rest] == expected[position + 1 :]


def test_a_column_is_found_however_it_is_written() -> None:
    header = ["Artist", " TRACK ", "Date"]
    assert column(header, "title", "track") == 1
    assert column(header, "album") is None
    assert cell(["a", " b "], 1) == "b"
    assert cell(["a"], 1) == cell(["a"], None) == ""


def test_what_is_no_text_has_no_first_lines(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"SQLite format 3\0\n")
    assert first_lines(path) == []
    path.write_bytes("\ufeffBj\u00f6rk\r\nLow\n".encode("utf-16-le"))
    assert first_lines(path) == ["Bj\u00f6rk", "Low"]
