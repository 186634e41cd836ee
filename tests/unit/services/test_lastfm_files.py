"""Tables of plays as the sites write them that copy them from Last.fm."""

from pathlib import Path

import pytest

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.library import Facet, Precision
from revenge_companion.core.reasons import Reason
from revenge_companion.services.file_formats import recognised
from revenge_companion.services.lastfm import files
from revenge_companion.services.lastfm.files import LastFmFile, date_of
from tests.unit.services.kit import utc
from tests.unit.services.test_listenbrainz_files import read_of, said, walked

GHAN = """uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid
"1767217094","31 Dec 2025, 21:38","Bj\u00f6rk","9cea062d","Homogenic","","J\u00f3ga",""
"1767217001","31 Dec 2025, 21:36","Low","","I Could Live, in Hope","","Words ""Live\""",""
"""
BARE = """Bj\u00f6rk,Homogenic,J\u00f3ga,31 Dec 2025 21:38
Low,,Words,31 Dec 2025 21:36
"""
STATS = """"Artist";"Album";"AlbumId";"Track";"Date#rj"
"Bj\u00f6rk";"Homogenic";"";"J\u00f3ga";"1767217094000"
"""
TABBED = "1767217094\tJ\u00f3ga\tBj\u00f6rk\tHomogenic\t\t\t\n1767217001\tWords\tLow\t\t\t\t\n"


def a_file(folder: Path, content: str | bytes) -> Path:
    path = folder / "scrobbles.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "precision"),
    [
        (GHAN, Precision.SECOND),
        (BARE, Precision.MINUTE),
        ("artist,album,track,date\n" + BARE, Precision.MINUTE),
        ("Low,,Playing now,\n" + BARE, Precision.MINUTE),
        (STATS, Precision.SECOND),
        (TABBED, Precision.SECOND),
    ],
)
def test_every_known_table_is_read(tmp_path: Path, content: str, precision: Precision) -> None:
    path = a_file(tmp_path, content)
    kind = recognised(path)
    assert kind.key == "lastfm-csv"
    opened = kind.open(path)
    assert opened.facets == (Facet.HISTORY,)
    pages = walked(opened)
    entries = read_of(pages)
    first = entries[0]
    assert (first.subject.artist, first.subject.title, first.subject.album) == (
        "Bj\u00f6rk",
        "J\u00f3ga",
        "Homogenic",
    )
    second = 14 if precision is Precision.SECOND else 0
    assert first.at == utc(f"2025-12-31T21:38:{second:02}+00:00")
    assert {one.precision for one in entries} == {precision}
    assert pages[0].total == len(entries) + len(said(pages))
    opened.close()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1767217094", "2025-12-31T21:38:14"),
        ("1767217094123", "2025-12-31T21:38:14"),
        ("31 Dec 2025, 21:38", "2025-12-31T21:38:00"),
        ("1 March 2025 01:02:03", "2025-03-01T01:02:03"),
        ("2025-12-31 21:38:14", "2025-12-31T21:38:14"),
        ("2025-12-31T21:38:14Z", "2025-12-31T21:38:14"),
        ("2025-12-31T21:38:14.123+00:00", "2025-12-31T21:38:14"),
    ],
)
def test_dates_are_read_as_they_are_written(text: str, at: str) -> None:
    dated = date_of(text)
    assert dated is not None
    assert dated[0] == utc(f"{at}+00:00")


@pytest.mark.parametrize(
    "text",
    ["", "0", "yesterday", "31 Feb 2025 21:38", "31 Foo 2025 21:38", "2025-13-01 00:00", "9" * 40,
     "31 Dec 1969 23:59", "01/02/2025 10:00", "\u0663\u0663"],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    assert date_of(text) is None


def test_plays_of_one_minute_stay_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PAGE_ROWS", 2)
    row = "Napalm Death,,You Suffer,31 Dec 2025 21:38\n"
    opened = LastFmFile(a_file(tmp_path, row * 5 + "Low,,Words,31 Dec 2025 21:36\n"))
    pages = walked(opened)
    lines = [one.line for one in read_of(pages)]
    assert len(set(lines)) == 6
    # A minute is never cut by the end of a page, so reading it again gives the same.
    assert [len(page.entries) for page in pages] == [5, 1]
    assert [one.line for one in read_of(walked(opened))] == lines
    opened.close()


def test_a_second_is_the_same_play_however_often_it_stands_there(tmp_path: Path) -> None:
    opened = LastFmFile(a_file(tmp_path, GHAN + GHAN.split("\n", 1)[1]))
    assert len({one.line for one in read_of(walked(opened))}) == 2
    opened.close()


def test_a_walk_goes_on_from_any_of_its_cursors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PAGE_ROWS", 3)
    header = "uts,artist,album,track\r\n"
    rows = [f'{1_767_217_094 - n},"L\u00f6w","a\nb",Song {n}\r\n' for n in range(11)]
    for content in ((header + "".join(rows)).encode(), (header + "".join(rows)).encode("utf-16")):
        path = a_file(tmp_path, content)
        opened = LastFmFile(path)
        whole = walked(opened)
        assert [one.subject.title for one in read_of(whole)] == [f"Song {n}" for n in range(11)]
        opened.close()
        for position, page in enumerate(whole[:-1]):
            fresh = LastFmFile(path)
            assert read_of(walked(fresh, cursor=page.next_cursor)) == read_of(whole[position + 1 :])
            fresh.close()


def test_rows_that_are_none_are_counted_with_their_reasons(tmp_path: Path) -> None:
    bad = ',,Words,31 Dec 2025 21:30\nLow,,Words,never\nLow\n"Low,,Words,31 Dec 2025 21:30\n'
    opened = LastFmFile(a_file(tmp_path, BARE * 9 + bad + BARE.replace("2025", "2024")))
    pages = walked(opened)
    assert len(read_of(pages)) == 20
    assert said(pages) == [
        (Reason.LINE_NAMELESS, "", 19, "Words, 31 Dec 2025 21:30"),
        (Reason.LINE_UNDATED, "", 20, "Low, Words, never"),
        (Reason.LINE_NAMELESS, "", 21, "Low"),
        (Reason.LINE_QUOTE_OPEN, "", 22, '"Low,,Words,31 Dec 2025 21:30'),
    ]
    opened.close()


def test_a_table_from_windows_is_read(tmp_path: Path) -> None:
    opened = LastFmFile(a_file(tmp_path, BARE.replace("\n", "\r\n").encode("cp1252")))
    assert read_of(walked(opened))[0].subject.artist == "Bj\u00f6rk"
    opened.close()


@pytest.mark.parametrize(
    "content",
    ["", "Title,Author,Exclusive Shelf\n", "Date,Name,Year,Letterboxd URI\n2024-01-01,D,2021,x\n",
     "a,b,c,d\n", "[1, 2]", "artist,track\nLow,Words\n", "SQLite format 3\0\n"],
)  # fmt: skip
def test_other_tables_are_not_taken_for_one(tmp_path: Path, content: str) -> None:
    path = a_file(tmp_path, content)
    assert not LastFmFile.recognises(path)
    with pytest.raises(ImportRefused, match="no table of plays"):
        LastFmFile(path)


def test_a_file_that_is_nothing_we_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"none of the files .*Last\.fm plays \(CSV\)"):
        recognised(a_file(tmp_path, "hello\n"))
    with pytest.raises(ImportRefused, match="empty"):
        recognised(a_file(tmp_path, ""))
    with pytest.raises(ImportRefused, match="not a file"):
        recognised(tmp_path)
    with pytest.raises(ImportRefused, match="not a file"):
        recognised(tmp_path / "gone.csv")


@pytest.mark.parametrize(
    "text",
    [
        "Book Id;Title;Author;My Rating;Date Read\n1;Walden;Thoreau;4;2023/02/03\n",
        "Buch-ID,Titel,Autor,Meine Bewertung,Gelesen am\n1,Der Prozess,Kafka,5,03.02.2023\n",
        "1,2,3,4\n5,6,7,8\n",
    ],
    ids=["books", "books in German", "numbers"],
)
def test_small_numbers_are_no_dates_of_plays(tmp_path: Path, text: str) -> None:
    assert not LastFmFile.recognises(a_file(tmp_path, text))
