"""Libraries of books from Goodreads and The StoryGraph."""

import csv
import io
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.library import NOTE_LIMIT, Entry, Facet, Precision, keys
from revenge_companion.core.ratings import stars_of
from revenge_companion.core.reasons import Reason
from revenge_companion.services import books, tables
from revenge_companion.services.books import isbn13, names_no_day
from revenge_companion.services.file_formats import recognised
from revenge_companion.services.goodreads.library import GoodreadsFile
from revenge_companion.services.importing import ImportFile
from revenge_companion.services.reading import day_of
from revenge_companion.services.reviews import plain
from revenge_companion.services.storygraph import StoryGraphFile
from tests.unit.services.test_listenbrainz_files import read_of, said, walked

GOODREADS = (
    "Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Average Rating,"
    "Publisher,Binding,Number of Pages,Year Published,Original Publication Year,Date Read,"
    "Date Added,Bookshelves,Bookshelves with positions,Exclusive Shelf,My Review,Spoiler,"
    "Private Notes,Read Count,Owned Copies"
)
OLDER = GOODREADS.replace(
    "Owned Copies",
    "Recommended For,Recommended By,Owned Copies,Original Purchase Date,"
    "Original Purchase Location,Condition,Condition Description,BCID",
)
STORYGRAPH = (
    "Title,Authors,Contributors,ISBN/UID,Format,Read Status,Date Added,Last Date Read,Dates Read,"
    "Read Count,Moods,Pace,Character- or Plot-Driven?,Strong Character Development?,"
    "Loveable Characters?,Diverse Characters?,Flawed Characters?,Star Rating,Review,"
    "Content Warnings,Content Warning Description,Tags,Owned?"
)
DUNE = {
    "Book Id": "44767458",
    "Title": "Dune (Dune, #1)",
    "Author": "Frank Herbert",
    "ISBN": '="0441172717"',
    "ISBN13": '="9780441172719"',
    "My Rating": "5",
    "Date Read": "2024/02/20",
    "Date Added": "2024/01/02",
    "Exclusive Shelf": "read",
    "Read Count": "1",
}
GIDEON = {
    "Title": "Gideon the Ninth",
    "Authors": "Tamsyn Muir, Moira Quirk",
    "ISBN/UID": "9781250313195",
    "Read Status": "read",
    "Date Added": "2024/01/02",
    "Read Count": "1",
}


def noon(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T12:00:00").replace(tzinfo=UTC)


def a_file(folder: Path, header: str, *rows: dict[str, str], delimiter: str = ",") -> Path:
    """A table with `header`'s columns and the cells that `rows` name."""
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, header.split(","), delimiter=delimiter)
    table.writeheader()
    table.writerows(rows)
    path = folder / "library.csv"
    path.write_bytes(out.getvalue().encode())
    return path


def everything(opened: ImportFile) -> dict[Facet, list[Entry]]:
    found = {facet: read_of(walked(opened, facet)) for facet in opened.facets}
    opened.close()
    return found


def goodreads(folder: Path, *rows: dict[str, str]) -> dict[Facet, list[Entry]]:
    return everything(GoodreadsFile(a_file(folder, GOODREADS, *rows)))


def storygraph(folder: Path, *rows: dict[str, str]) -> dict[Facet, list[Entry]]:
    return everything(StoryGraphFile(a_file(folder, STORYGRAPH, *rows)))


@pytest.mark.parametrize(
    "header",
    [GOODREADS, OLDER, GOODREADS.replace("Average Rating,", ""), "Author,Title,Exclusive Shelf"],
)
def test_every_export_of_goodreads_is_told(tmp_path: Path, header: str) -> None:
    row = {key: value for key, value in DUNE.items() if key in header.split(",")}
    assert recognised(a_file(tmp_path, header, row)).key == "goodreads-csv"


def test_a_book_that_was_read_and_rated(tmp_path: Path) -> None:
    found = goodreads(tmp_path, DUNE | {"Original Publication Year": "1965", "My Review": "Sand."})
    assert list(found) == [Facet.HISTORY, Facet.RATINGS]
    (play,), (rating,) = found[Facet.HISTORY], found[Facet.RATINGS]
    assert (play.at, play.precision, play.plays) == (noon("2024-02-20"), Precision.DAY, 1)
    assert (rating.rating, rating.steps, rating.note, rating.at) == (100, 5, "Sand.", None)
    assert play.note == ""
    subject = play.subject
    assert (subject.title, subject.authors, subject.year) == (
        "Dune (Dune, #1)",
        ("Frank Herbert",),
        1965,
    )
    assert keys(subject) == ("book/goodreads:44767458", "book/isbn:9780441172719")


def test_readings_without_their_dates_are_counted(tmp_path: Path) -> None:
    again = DUNE | {"Read Count": "3"}
    undated = DUNE | {"Book Id": "2", "Date Read": "", "Read Count": "0"}
    plays = goodreads(tmp_path, again, undated)[Facet.HISTORY]
    assert [(one.line, one.at, one.plays) for one in plays] == [
        ("44767458\t2024-02-20", noon("2024-02-20"), 1),
        ("44767458\treads", None, 2),
        ("2\treads", None, 1),
    ]
    assert plays[1].precision is Precision.UNKNOWN


def test_shelves_are_what_goodreads_means_by_them(tmp_path: Path) -> None:
    rows = [
        {"Exclusive Shelf": "to-read", "Bookshelves": "to-read, sci-fi", "Date Read": ""},
        {"Exclusive Shelf": "currently-reading", "Bookshelves": "currently-reading",
         "Date Read": ""},
        {"Exclusive Shelf": "did-not-finish", "Bookshelves": "did-not-finish, Sci-Fi"},
        {"Exclusive Shelf": "read", "Bookshelves with positions": "owned (#3), read (#9)"},
        {"Exclusive Shelf": "currently-reading", "Date Read": "2019/05/06"},
    ]  # fmt: skip
    made = [
        DUNE | {"Book Id": str(number), "My Rating": "0"} | row
        for number, row in enumerate(rows, start=1)
    ]
    found = goodreads(tmp_path, *made)
    # The day on "did-not-finish" is when it was laid aside.
    assert [one.line for one in found[Facet.HISTORY]] == ["4\t2024-02-20", "5\t2019-05-06"]
    assert [(one.line, one.at) for one in found[Facet.WATCHLIST]] == [("1", noon("2024-01-02"))]
    assert [(one.list_name, one.line) for one in found[Facet.LISTS]] == [
        ("sci-fi", "sci-fi\t1"),
        ("currently-reading", "currently-reading\t2"),
        ("did-not-finish", "did-not-finish\t3"),
        ("Sci-Fi", "Sci-Fi\t3"),
        ("owned", "owned\t4"),
        ("currently-reading", "currently-reading\t5"),
    ]
    assert Facet.RATINGS not in found


def test_a_review_without_a_rating_stays_with_the_reading(tmp_path: Path) -> None:
    review = {"My Rating": "0", "My Review": "<b>Sand</b>&amp;<br/>spice", "Private Notes": "mine"}
    found = goodreads(tmp_path, DUNE | review)
    assert found[Facet.HISTORY][0].note == "Sand&\nspice"
    assert "mine" not in repr(found)


def test_rows_that_cannot_be_used_say_why_once(tmp_path: Path) -> None:
    path = a_file(
        tmp_path,
        GOODREADS,
        DUNE,
        DUNE | {"Title": ""},
        DUNE | {"Book Id": "9", "Date Read": "20.2.24"},
        DUNE | {"Book Id": "10", "Date Read": "2024/02"},
    )
    path.write_bytes(path.read_bytes() + b'11,"Broken\n')
    opened = GoodreadsFile(path)
    told = {facet: said(walked(opened, facet)) for facet in opened.facets}
    assert [(code, line) for code, _, line, _ in told[Facet.HISTORY]] == [
        (Reason.LINE_NAMELESS, 3),
        (Reason.LINE_UNDATED, 4),
        (Reason.LINE_QUOTE_OPEN, 6),
    ]
    assert told[Facet.RATINGS] == []
    # A month is less than a day, and no date is made of it.
    assert [one.at for one in read_of(walked(opened, Facet.HISTORY))] == [noon("2024-02-20"), None]
    opened.close()


def test_a_table_that_went_through_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = a_file(tmp_path, GOODREADS, DUNE | {"ISBN13": "9.78044E+12"}, delimiter=";")
    path.write_bytes(path.read_text("utf-8").replace("Frank", "Fr\u00e4nk").encode("utf-16"))
    opened = recognised(path).open(path)
    (play,) = everything(opened)[Facet.HISTORY]
    assert play.subject.authors == ("Fr\u00e4nk Herbert",)
    # The shorter number is whole still.
    assert dict(play.subject.refs)["isbn"] == "9780441172719"


def test_a_book_without_any_number_is_known_by_its_names(tmp_path: Path) -> None:
    bare = DUNE | {"Book Id": "", "ISBN": '=""', "ISBN13": '=""'}
    (play,) = goodreads(tmp_path, bare)[Facet.HISTORY]
    assert play.line == "dune (dune, #1)\tfrank herbert\t2024-02-20"
    assert play.subject.refs == ()


def test_every_reading_of_a_book_has_its_day(tmp_path: Path) -> None:
    row = GIDEON | {
        "Dates Read": "2024/02/12-2024/02/20, 2021/03/04, 2026/01/01-",
        "Last Date Read": "2024/02/20",
        "Read Count": "3",
        "Star Rating": "4.25",
        "Review": "<div>Bones.</div>",
        "Tags": "sci-fi, gothic",
    }
    found = storygraph(tmp_path, row)
    assert [(one.line, one.plays) for one in found[Facet.HISTORY]] == [
        ("9781250313195\t2024-02-20", 1),
        ("9781250313195\t2021-03-04", 1),
        ("9781250313195\treads", 1),
    ]
    (rating,) = found[Facet.RATINGS]
    assert (rating.rating, rating.steps, rating.note) == (85, 20, "Bones.")
    assert stars_of(85) == 4.5
    assert [one.list_name for one in found[Facet.LISTS]] == ["sci-fi", "gothic"]
    subject = rating.subject
    assert subject.authors == ("Tamsyn Muir", "Moira Quirk")
    assert keys(subject) == ("book/isbn:9781250313195",)


@pytest.mark.parametrize("status", ["currently-reading", "did-not-finish", "paused"])
def test_what_is_not_read_to_its_end_is_a_list(tmp_path: Path, status: str) -> None:
    row = GIDEON | {"Read Status": status, "Dates Read": "2024/02/12-2024/02/20"}
    found = storygraph(tmp_path, row)
    assert list(found) == [Facet.LISTS]
    assert [one.list_name for one in found[Facet.LISTS]] == [status]


def test_what_is_to_be_read_is_wanted_since_it_was_added(tmp_path: Path) -> None:
    found = storygraph(tmp_path, GIDEON | {"Read Status": "to-read", "ISBN/UID": "abc-def"})
    (wanted,) = found[Facet.WATCHLIST]
    assert (wanted.at, wanted.precision, wanted.line) == (
        noon("2024-01-02"),
        Precision.DAY,
        "abc-def",
    )
    assert wanted.subject.refs == ()


@pytest.mark.parametrize(
    ("dates", "last", "days"),
    [
        ("", "2024/02/20", ["2024-02-20"]),
        ("", "", []),
        ("2024", "", []),
        ("2024/02/20, 2024/02/20", "", ["2024-02-20", "2024-02-20"]),
        ("2024-02-12-2024-02-20", "", ["2024-02-20"]),
    ],
)
def test_days_are_taken_as_far_as_they_are_known(
    tmp_path: Path, dates: str, last: str, days: list[str]
) -> None:
    row = GIDEON | {"Dates Read": dates, "Last Date Read": last}
    plays = storygraph(tmp_path, row)[Facet.HISTORY]
    assert [f"{one.at:%Y-%m-%d}" for one in plays if one.at] == days
    assert len({one.line for one in plays}) == len(plays) == max(len(days), 1)


def test_an_export_without_moods_is_read(tmp_path: Path) -> None:
    header = "Title,Authors,ISBN/UID,Read Status,Last Date Read,Star Rating"
    row = {key: value for key, value in GIDEON.items() if key in header.split(",")}
    path = a_file(tmp_path, header, row)
    assert recognised(path).key == "storygraph-csv"
    assert list(everything(StoryGraphFile(path))) == [Facet.HISTORY]


def test_a_date_nobody_writes_so_is_told_of(tmp_path: Path) -> None:
    opened = StoryGraphFile(
        a_file(tmp_path, STORYGRAPH, GIDEON | {"Dates Read": "last May", "Star Rating": "3"})
    )
    assert opened.facets == (Facet.RATINGS,)
    ((code, _, line, text),) = said(walked(opened, Facet.HISTORY))
    assert (code, line) == (Reason.LINE_UNDATED, 2)
    assert text.startswith("Gideon the Ninth, Tamsyn Muir")
    opened.close()


def test_a_walk_goes_on_from_any_of_its_cursors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "PAGE_ROWS", 3)
    rows = [DUNE | {"Book Id": str(n), "My Review": "Sand.\nMore."} for n in range(1, 12)]
    path = a_file(tmp_path, GOODREADS, *rows)
    opened = GoodreadsFile(path)
    whole = walked(opened, Facet.HISTORY)
    assert len(read_of(whole)) == 11
    assert {page.total for page in whole} == {11}
    opened.close()
    for position, page in enumerate(whole[:-1]):
        fresh = GoodreadsFile(path)
        rest = walked(fresh, Facet.HISTORY, page.next_cursor)
        assert read_of(rest) == read_of(whole[position + 1 :])
        fresh.close()


def test_another_table_is_refused(tmp_path: Path) -> None:
    path = a_file(tmp_path, "Title,Author,ISBN")
    for kind in (GoodreadsFile, StoryGraphFile):
        assert not kind.recognises(path)
        with pytest.raises(ImportRefused, match="no library of"):
            kind(path)


@pytest.mark.parametrize(
    ("text", "isbn"),
    [
        ('="0441172717"', "9780441172719"),
        ("080442957X", "9780804429573"),
        ("0-8044-2957-x", "9780804429573"),
        ('="9780441172719"', "9780441172719"),
        ("978-0-441-17271-9", "9780441172719"),
        ('=""', ""),
        ("9780441172710", ""),
        ("0441172718", ""),
        ("1234567890123", ""),
        ("9.78044E+12", ""),
        ("\u0669\u0667\u0668\u0660\u0664\u0664\u0661\u0661\u0667\u0662\u0667\u0661\u0669", ""),
    ],
)
def test_an_isbn_has_thirteen_digits(text: str, isbn: str) -> None:
    assert isbn13(text) == isbn


@given(st.text(max_size=20))
def test_no_text_breaks_what_reads_it(text: str) -> None:
    assert len(isbn13(text)) in (0, 13)
    assert "<br" not in plain(f"<br/>{text.replace('<', '')}")
    day_of(text)
    names_no_day(text)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Sand.", "Sand."),
        ("<b>Sand</b> &amp; <i>spice</i>", "Sand & spice"),
        ("one<br/>two<br /><br/>\n\n<br/>three", "one\ntwo\n\nthree"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("a < b", "a < b"),
        ("<script>x</script>y", "xy"),
        ("I <3 it > all<!-- not --> of it", "I <3 it > all of it"),
        ("&lt;b&gt; is no tag\x00\u202e", "<b> is no tag"),
        ("<P>one</P>\r\n<blockquote cite='x'>two</blockquote>", "one\n\ntwo"),
    ],
)
def test_a_review_is_plain_text(html: str, text: str) -> None:
    assert plain(html) == text


@pytest.mark.parametrize(
    ("text", "day"), [("2024/02/30", None), ("0000/01/01", None), ("2024-2-3", "2024-02-03")]
)
def test_a_day_is_one_of_the_calendar(text: str, day: str | None) -> None:
    assert day_of(text) == (None if day is None else noon(day))


@pytest.mark.parametrize("piece", ["<a ", "<!--", "<a href='", "</", "<?", "&#", "<br", "&lt;"])
def test_markup_without_an_end_is_no_work(piece: str) -> None:
    """A cell of it is as long as a cell may be, and what is kept of it is not."""
    began = time.perf_counter()
    assert len(plain(piece * (tables.MOST_BYTES // len(piece)))) <= NOTE_LIMIT
    assert time.perf_counter() - began < 2.0
