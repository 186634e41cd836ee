"""Lines that cannot be read are told with the same place wherever a walk through a file begins."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from revenge_companion.core.library import Facet
from revenge_companion.core.reasons import Reason
from revenge_companion.services import books
from revenge_companion.services.goodreads.library import GoodreadsFile
from revenge_companion.services.importing import ImportFile
from revenge_companion.services.lastfm import files as lastfm_files
from revenge_companion.services.lastfm.files import LastFmFile
from revenge_companion.services.letterboxd import export
from revenge_companion.services.letterboxd.export import LetterboxdExport
from revenge_companion.services.listenbrainz import files as listenbrainz_files
from revenge_companion.services.listenbrainz.files import ListenBrainzFile
from tests.unit.services.test_letterboxd_export import FILM, an_export
from tests.unit.services.test_listenbrainz_files import a_line, said, walked

#: Rows of a file: every fifth cannot be read, one spans two lines, and some lines are empty.
COUNT = 23


def _rows(good: Callable[[int], str], bad: Callable[[int], str]) -> tuple[str, list[int]]:
    """The rows of a file behind its header, and in which lines the bad ones are."""
    text, at, lines = "", 2, []
    for number in range(COUNT):
        row = bad(number) if number % 5 == 3 else good(number)
        if number % 5 == 3:
            lines.append(at)
        row += "\n\n" if number % 7 == 2 else "\n"
        text += row
        at += row.count("\n")
    return text, lines


def a_library(folder: Path) -> tuple[Path, list[int]]:
    rows, lines = _rows(
        lambda n: f'{n},Book {n},"A writer\nof two lines",4,2024/01/20,read,',
        lambda n: f"{n},,A writer,4,2024/01/20,read,",
    )
    path = folder / "books.csv"
    path.write_text(f"Book Id,Title,Author,My Rating,Date Read,Exclusive Shelf,Bookshelves\n{rows}")
    return path, lines


def a_table(folder: Path) -> tuple[Path, list[int]]:
    rows, lines = _rows(
        lambda n: f"{1_700_000_000 + 1000 * n},Low,Words {n}", lambda n: f"never,Low,Words {n}"
    )
    path = folder / "plays.csv"
    # Windows ends lines with two characters.
    path.write_bytes(f"uts,artist,track\n{rows}".replace("\n", "\r\n").encode())
    return path, lines


def a_diary(folder: Path) -> tuple[Path, list[int]]:
    rows, lines = _rows(
        lambda n: f"2021-01-01,Film {n},2000,https://boxd.it/e{n},,,,2021-02-{1 + n:02}",
        lambda n: f"2021-01-01,Film {n},2000,https://boxd.it/e{n},,,,someday",
    )
    diary = f"{FILM},Rating,Rewatch,Tags,Watched Date\n{rows}"
    return an_export(folder, {"diary.csv": diary}), lines


def a_list(folder: Path) -> tuple[Path, list[int]]:
    rows, lines = _rows(lambda n: f"{json.dumps(a_line(n))},", lambda n: f'{{"listened_at": {n}}},')
    path = folder / "listens.json"
    path.write_text(f"[\n{rows.rstrip().rstrip(',')}\n]\n")
    return path, lines


@pytest.mark.parametrize(
    ("made", "reader", "why"),
    [
        (a_library, GoodreadsFile, Reason.LINE_NAMELESS),
        (a_table, LastFmFile, Reason.LINE_UNDATED),
        (a_diary, LetterboxdExport, Reason.LINE_UNDATED),
        (a_list, ListenBrainzFile, Reason.LINE_UNUSABLE),
    ],
    ids=["Goodreads", "Last.fm", "Letterboxd", "ListenBrainz"],
)
def test_a_walk_tells_of_the_same_lines_wherever_it_goes_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    made: Callable[[Path], tuple[Path, list[int]]],
    reader: Callable[[Path], ImportFile],
    why: Reason,
) -> None:
    for module in (books, lastfm_files, export, listenbrainz_files):
        monkeypatch.setattr(module, "PAGE_ROWS", 4)
    path, lines = made(tmp_path)
    opened = reader(path)
    pages = walked(opened, Facet.HISTORY)
    opened.close()
    assert len(pages) > 4
    told = said(pages)
    assert [(code, line) for code, _, line, _ in told] == [(why, line) for line in lines]
    for position, page in enumerate(pages[:-1]):
        fresh = reader(path)
        rest = walked(fresh, Facet.HISTORY, page.next_cursor)
        fresh.close()
        assert said(rest) == said(pages[position + 1 :])
