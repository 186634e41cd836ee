"""Letterboxd's export: viewings once, films by address, reviews as text, and no bad archive."""

import csv
import io
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.library import Entry, Facet, Precision, SubjectKind, keys
from revenge_companion.core.matching import NoMatch, match
from revenge_companion.core.reasons import Reason
from revenge_companion.services.file_formats import FORMATS, recognised
from revenge_companion.services.importing import ImportFile
from revenge_companion.services.letterboxd import export
from revenge_companion.services.letterboxd.export import LetterboxdExport
from tests.unit.services.kit import utc
from tests.unit.services.test_listenbrainz_files import an_export as a_listenbrainz_export
from tests.unit.services.test_listenbrainz_files import read_of, said, walked

ZIP = next(one for one in FORMATS if one.key == "letterboxd-zip")
FILM = "Date,Name,Year,Letterboxd URI"
WATCHED = f"""{FILM}
2021-11-06,Dune,2021,https://boxd.it/dune
2021-11-07,"Good, the Bad and the Ugly, The",1966,https://boxd.it/ugly
2021-11-08,Alien,1979,https://boxd.it/alien
2021-11-09,Tampopo,1985,https://boxd.it/tampopo
"""
DIARY = f"""{FILM},Rating,Rewatch,Tags,Watched Date
2021-11-06,Dune,2021,https://boxd.it/e1,4.5,,"imax, sand",2021-11-05
2022-02-12,Dune,2021,https://boxd.it/e2,5,Yes,,2022-02-11
2022-03-01,Alien,1979,https://boxd.it/e3,,Yes,,2022-02-28
"""
RATINGS = f"""{FILM},Rating
2022-02-12,Dune,2021,https://boxd.it/dune,5
2021-11-09,Tampopo,1985,https://boxd.it/tampopo,0.5
"""
REVIEWS = f"""{FILM},Rating,Rewatch,Review,Tags,Watched Date
2022-02-12,Dune,2021,https://boxd.it/e2,5,Yes,"<b>Sand</b>, again.

And ""spice"" &amp; more.",,2022-02-11
2021-11-09,Tampopo,1985,https://boxd.it/r1,0.5,,Noodles.,,
2021-11-10,"Good, the Bad and the Ugly, The",1966,https://boxd.it/r2,,,"Long.
Very.",,
"""
WATCHLIST = f"""{FILM}
2023-04-05,Ran,1985,https://boxd.it/ran
"""
LIKES = f"""{FILM}
2022-02-12,Dune,2021,https://boxd.it/dune
"""
LIST = """Letterboxd list export v7
Date,Name,Tags,URL,Description
2021-11-06,My Favourites,"best, ever",https://boxd.it/list1,"A list,
over two lines."

Position,Name,Year,URL,Description
1,Dune,2021,https://letterboxd.com/film/dune-2021/,
2,Stalker,1979,https://boxd.it/stalker,Still <i>holds</i>
"""
WHOLE = {
    "watched.csv": WATCHED,
    "diary.csv": DIARY,
    "ratings.csv": RATINGS,
    "reviews.csv": REVIEWS,
    "watchlist.csv": WATCHLIST,
    "likes/films.csv": LIKES,
    "likes/reviews.csv": FILM,
    "lists/my-favourites.csv": LIST,
    "profile.csv": "Date Joined,Username,Email Address\n2019-10-03,me,secret@example.com\n",
    "comments.csv": "Date,Content\n2020-01-01,Hello\n",
    "deleted/diary.csv": DIARY.replace("Dune", "Thrown away"),
    "orphaned/reviews.csv": REVIEWS.replace("Dune", "Thrown away"),
}


def an_export(folder: Path, members: dict[str, str | bytes] | None = None, root: str = "") -> Path:
    path = folder / "letterboxd-me-2023-05-06-07-08-utc.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in (WHOLE if members is None else members).items():
            made.writestr(root + name, content)
    return path


def read(path: Path, facet: Facet) -> list[Entry]:
    opened = LetterboxdExport(path)
    try:
        pages = walked(opened, facet)
        assert not said(pages)
        assert pages[0].total == len(read_of(pages))
        return read_of(pages)
    finally:
        opened.close()


def shown(entries: Iterable[Entry]) -> list[tuple[Any, ...]]:
    return [
        (
            one.subject.label,
            dict(one.subject.refs).get("letterboxd", ""),
            one.at.date().isoformat() if one.at else "",
        )
        for one in entries
    ]


def test_everything_in_an_export_is_found(tmp_path: Path) -> None:
    path = an_export(tmp_path)
    kind = recognised(path)
    assert kind is ZIP
    assert kind.help_url.startswith("https://letterboxd.com/")
    opened: ImportFile = kind.open(path)
    assert set(opened.facets) == {
        Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST, Facet.LOVED, Facet.LISTS
    }  # fmt: skip
    assert set(opened.facets) == set(kind.facets)
    opened.close()


def test_viewings_are_the_diarys_and_what_it_does_not_say(tmp_path: Path) -> None:
    """A film that is in both files is one; one whose first viewing was none had another before."""
    found = read(an_export(tmp_path), Facet.HISTORY)
    assert shown(found) == [
        ("Dune (2021)", "dune", "2021-11-05"),
        ("Dune (2021)", "dune", "2022-02-11"),
        ("Alien (1979)", "alien", "2022-02-28"),
        ("Good, the Bad and the Ugly, The (1966)", "ugly", ""),
        ("Alien (1979)", "alien", ""),
        ("Tampopo (1985)", "tampopo", ""),
    ]
    assert {one.precision for one in found if one.at} == {Precision.DAY}
    assert {one.precision for one in found if not one.at} == {Precision.UNKNOWN}
    assert found[0].at == utc("2021-11-05T12:00:00+00:00")
    assert {one.plays for one in found} == {1}
    assert len({one.line for one in found}) == 6
    assert {one.subject.kind for one in found} == {SubjectKind.MOVIE}


def test_reviews_are_plain_text_and_stand_with_what_they_are_about(tmp_path: Path) -> None:
    path = an_export(tmp_path)
    plays = {one.line: one.note for one in read(path, Facet.HISTORY) if one.note}
    assert plays == {
        "diary/e2/2022-02-11": 'Sand, again.\n\nAnd "spice" & more.',
        "film/ugly": "Long.\nVery.",
    }
    ratings = {one.line: one.note for one in read(path, Facet.RATINGS)}
    assert ratings == {"dune": "", "tampopo": "Noodles."}


def test_ratings_likes_plans_and_lists_are_read(tmp_path: Path) -> None:
    path = an_export(tmp_path)
    rated = read(path, Facet.RATINGS)
    assert [(one.rating, one.steps) for one in rated] == [(100, 10), (10, 10)]
    assert shown(rated)[0] == ("Dune (2021)", "dune", "2022-02-12")
    assert shown(read(path, Facet.WATCHLIST)) == [("Ran (1985)", "ran", "2023-04-05")]
    assert shown(read(path, Facet.LOVED)) == [("Dune (2021)", "dune", "2022-02-12")]
    lists = read(path, Facet.LISTS)
    assert [(one.list_name, one.note) for one in lists] == [
        ("My Favourites", ""),
        ("My Favourites", "Still holds"),
    ]
    # The film's short address, although the list has the long one.
    assert shown(lists) == [("Dune (2021)", "dune", ""), ("Stalker (1979)", "stalker", "")]


def test_a_film_is_never_matched_by_its_title(tmp_path: Path) -> None:
    for one in read(an_export(tmp_path), Facet.HISTORY):
        own = keys(one.subject)
        assert own == (f"movie/letterboxd:{dict(one.subject.refs)['letterboxd']}",)
        assert match(one.subject, own, {}) == NoMatch(Reason.NO_IDS)


def test_nothing_private_is_read(tmp_path: Path) -> None:
    path = an_export(tmp_path)
    everything = [one for facet in ZIP.facets for one in read(path, facet)]
    assert "secret@example.com" not in repr(everything)
    assert "Thrown away" not in repr(everything)


@pytest.mark.parametrize(
    ("root", "names"),
    [
        ("letterboxd-me/", str),
        ("My Files\\letterboxd-me\\", lambda name: name.replace("/", "\\")),
        ("", str.upper),
        ("a/b/", str),
    ],
)
def test_an_export_that_was_packed_anew_is_the_same(tmp_path: Path, root: str, names: Any) -> None:
    path = an_export(tmp_path, {names(name): text for name, text in WHOLE.items()}, root)
    assert recognised(path).key == "letterboxd-zip"
    assert len(read(path, Facet.HISTORY)) == 6
    assert len(read(path, Facet.LISTS)) == 2


def test_one_viewing_is_one_line_however_the_diary_names_it(tmp_path: Path) -> None:
    """Two viewings on one day are two, also where the address is the film's."""
    diary = f"""{FILM},Rating,Rewatch,Tags,Watched Date
2022-01-02,Dune,2021,https://boxd.it/dune,,,,2022-01-01
2022-01-02,Dune,2021,https://boxd.it/dune,,Yes,,2022-01-01
2022-01-05,Dune,2021,https://boxd.it/dune,,Yes,,2022-01-04
"""
    found = read(an_export(tmp_path, {"diary.csv": diary, "watched.csv": WATCHED}), Facet.HISTORY)
    dune = [one for one in found if one.subject.title == "Dune"]
    assert [one.line for one in dune] == [
        "diary/dune/2022-01-01",
        "diary/dune/2022-01-01/2",
        "diary/dune/2022-01-04",
    ]
    assert {one.subject.refs for one in dune} == {(("letterboxd", "dune"),)}


def test_two_films_of_one_name_and_year_are_not_mixed_up(tmp_path: Path) -> None:
    watched = f"""{FILM}
2021-01-01,Twins,2000,https://boxd.it/one
2021-01-01,Twins,2000,https://boxd.it/two
"""
    diary = f"""{FILM},Rating,Rewatch,Tags,Watched Date
2021-01-01,Twins,2000,https://boxd.it/e1,,,,2021-01-01
"""
    path = an_export(tmp_path, {"watched.csv": watched, "diary.csv": diary})
    found = read(path, Facet.HISTORY)
    assert shown(found) == [
        ("Twins (2000)", "", "2021-01-01"),
        ("Twins (2000)", "one", ""),
        ("Twins (2000)", "two", ""),
    ]


def test_a_diary_alone_is_enough(tmp_path: Path) -> None:
    path = an_export(tmp_path, {"diary.csv": DIARY, "reviews.csv": REVIEWS})
    opened = LetterboxdExport(path)
    assert opened.facets == (Facet.HISTORY, Facet.RATINGS)
    opened.close()
    found = read(path, Facet.HISTORY)
    assert shown(found)[0] == ("Dune (2021)", "", "2021-11-05")
    assert keys(found[0].subject) == ()
    # What stands beside its viewings is its rating, the later one the last word.
    rated = read(path, Facet.RATINGS)
    assert [(one.line, one.rating, one.at) for one in rated] == [
        ("dune\t2021", 90, utc("2021-11-06T12:00+00:00")),
        ("dune\t2021", 100, utc("2022-02-12T12:00+00:00")),
    ]


def test_a_review_without_a_day_of_a_film_in_the_diary_is_not_lost(tmp_path: Path) -> None:
    reviews = f"{FILM},Review,Watched Date\n2022-01-01,Dune,2021,https://boxd.it/x,Undated.,\n"
    members = {"diary.csv": DIARY, "watched.csv": WATCHED, "reviews.csv": reviews}
    notes = {one.line: one.note for one in read(an_export(tmp_path, members), Facet.HISTORY)}
    assert {line for line, note in notes.items() if note} == {"diary/e1/2021-11-05"}


def test_pages_go_on_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", 2)
    path = an_export(tmp_path)
    for facet in ZIP.facets:
        whole = read(path, facet)
        cursor, lines = "", []
        for _ in range(20):
            opened = LetterboxdExport(path)
            page = opened.page(facet, cursor)
            opened.close()
            lines += [one.line for one in page.entries]
            cursor = page.next_cursor
            if not cursor:
                break
        assert lines == [one.line for one in whole]


def test_lines_that_make_no_sense_are_told_and_passed(tmp_path: Path) -> None:
    diary = f"""{FILM},Rating,Rewatch,Tags,Watched Date
2021-01-01,,2000,https://boxd.it/e1,,,,2021-01-01
2021-01-01,No day,2000,https://boxd.it/e2,,,,yesterday
2021-01-01,Fine,MM,https://evil.example/e3,,,,2021-01-02
2021-01-01,"Not closed,2000,https://boxd.it/e4,,,,2021-01-03
2021-01-01,Short
"""
    ratings = f"""{FILM},Rating
2021-01-01,Too good,2000,https://boxd.it/a,6
2021-01-01,None,2000,https://boxd.it/b,
2021-01-01,Not a number,2000,https://boxd.it/c,nan
someday,Undated,2000,https://boxd.it/d,3.5
"""
    opened = LetterboxdExport(an_export(tmp_path, {"diary.csv": diary, "ratings.csv": ratings}))
    pages = walked(opened, Facet.HISTORY)
    assert shown(read_of(pages)) == [("Fine", "", "2021-01-02")]
    assert said(pages) == [
        (Reason.LINE_NAMELESS, "diary.csv", 2, "2021-01-01, 2000, https://boxd.it/e1, 2021-01-01"),
        (
            Reason.LINE_UNDATED,
            "diary.csv",
            3,
            "2021-01-01, No day, 2000, https://boxd.it/e2, yesterday",
        ),
        (
            Reason.LINE_QUOTE_OPEN,
            "diary.csv",
            5,
            '2021-01-01,"Not closed,2000,https://boxd.it/e4,,,,2021-01-03',
        ),
        (Reason.LINE_UNDATED, "diary.csv", 6, "2021-01-01, Short"),
    ]
    pages = walked(opened, Facet.RATINGS)
    assert [(one.subject.title, one.rating, one.at) for one in read_of(pages)] == [
        ("Undated", 70, None)
    ]
    assert len(said(pages)) == 3
    opened.close()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_file_in_another_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    text = f"{FILM}\n2021-01-01,Am\u00e9lie,2001,https://boxd.it/amelie\n"
    path = an_export(tmp_path, {"watchlist.csv": WATCHLIST, "watched.csv": text.encode(encoding)})
    assert shown(read(path, Facet.HISTORY)) == [("Am\u00e9lie (2001)", "amelie", "")]


def test_a_formula_is_a_title_like_any_other(tmp_path: Path) -> None:
    text = f'{FILM}\n2021-01-01,"=HYPERLINK(""https://evil.example"")",2001,https://boxd.it/x\n'
    (one,) = read(an_export(tmp_path, {"watched.csv": text}), Facet.HISTORY)
    assert one.subject.title == '=HYPERLINK("https://evil.example")'


def test_other_archives_are_not_taken_for_one(tmp_path: Path) -> None:
    listens = a_listenbrainz_export(tmp_path / "a.zip", listens__2025__2='{"listened_at": 1}\n')
    assert not LetterboxdExport.recognises(listens)
    with pytest.raises(ImportRefused):
        LetterboxdExport(listens)
    stranger = an_export(tmp_path, {"watched.csv": "a,b,c\n1,2,3\n", "lists/x.csv": "a,b\n"})
    assert not LetterboxdExport.recognises(stranger)
    plain = tmp_path / "watched.csv"
    plain.write_text(WATCHED)
    assert not LetterboxdExport.recognises(plain)
    with pytest.raises(ImportRefused):
        recognised(plain)


def test_a_file_that_is_another_than_its_name_says_is_left_out(tmp_path: Path) -> None:
    path = an_export(tmp_path, {"watched.csv": WATCHED, "diary.csv": "a,b,c\n1,2,3\n"})
    assert len(read(path, Facet.HISTORY)) == 4


def test_paths_out_of_the_archive_are_never_used(tmp_path: Path) -> None:
    members = {
        "watched.csv": WATCHED,
        "../diary.csv": DIARY,
        "lists/../../x.csv": LIST,
        "/etc/ratings.csv": RATINGS,
    }
    inside = tmp_path / "inside"
    inside.mkdir()
    path = an_export(inside, members)
    opened = LetterboxdExport(path)
    assert opened.facets == (Facet.HISTORY,)
    assert len(read_of(walked(opened))) == 4
    opened.close()
    assert set(tmp_path.rglob("*")) == {inside, path}


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = an_export(tmp_path, {"watched.csv": f"{FILM}\n".encode() + b"0" * (8 << 20)})
    with pytest.raises(ImportRefused, match="far more than an export"):
        recognised(path)


def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_BYTES", 100)
    opened = LetterboxdExport(an_export(tmp_path))
    with pytest.raises(ImportRefused, match="larger"):
        opened.page(Facet.HISTORY, "")
    opened.close()


def test_a_file_of_too_many_lines_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_ROWS", 2)
    opened = LetterboxdExport(an_export(tmp_path))
    with pytest.raises(ImportRefused, match="more lines"):
        opened.page(Facet.HISTORY, "")
    opened.close()


def test_damage_inside_is_told(tmp_path: Path) -> None:
    path = an_export(tmp_path)
    data = bytearray(path.read_bytes())
    at = data.index(b"watched.csv") + 15
    data[at : at + 40] = b"\xff" * 40
    path.write_bytes(data)
    opened = LetterboxdExport(path)
    with pytest.raises(ImportRefused, match="damaged"):
        opened.page(Facet.HISTORY, "")
    opened.close()


@pytest.mark.parametrize("cursor", ["nonsense", '{"part": 7}', '{"at": -1}'])
def test_a_cursor_that_is_none_is_refused(tmp_path: Path, cursor: str) -> None:
    opened = LetterboxdExport(an_export(tmp_path))
    with pytest.raises(ImportRefused):
        opened.page(Facet.HISTORY, cursor)
    with pytest.raises(ImportRefused):
        opened.page(Facet.COLLECTION, "")
    opened.close()


TITLES = st.sampled_from(["Dune", "Alien", "Ran"])
DAYS = st.dates(datetime(2020, 1, 1, tzinfo=UTC).date(), datetime(2020, 1, 5, tzinfo=UTC).date())


@settings(max_examples=40)
@given(st.lists(st.tuples(TITLES, DAYS, st.booleans()), max_size=8), st.sets(TITLES, max_size=3))
def test_every_line_of_the_diary_is_a_play_and_every_film_is_there(
    tmp_path_factory: pytest.TempPathFactory,
    diary: list[tuple[str, Any, bool]],
    others: set[str],
) -> None:
    """Whatever is in which file: nothing is lost, doubled, or read differently the second time."""
    films = sorted({title for title, _, _ in diary} | others)
    watched = [("2021-01-01", film, "2000", f"https://boxd.it/{film}") for film in films]
    seen = [
        ("2021-01-01", film, "2000", f"https://boxd.it/e{n}", "", "Yes" if again else "", "", day)
        for n, (film, day, again) in enumerate(diary)
    ]
    members: dict[str, str | bytes] = {
        "watched.csv": table(FILM.split(","), watched),
        "diary.csv": table([*FILM.split(","), "Rating", "Rewatch", "Tags", "Watched Date"], seen),
    }
    path = an_export(tmp_path_factory.mktemp("export"), members)
    found = read(path, Facet.HISTORY)
    assert [one.at.date() for one in found if one.at] == [day for _, day, _ in diary]
    assert {one.subject.title for one in found} == set(films)
    assert len({one.line for one in found}) == len(found)
    assert read(path, Facet.HISTORY) == found
    for film in films:
        first = min(((day, again) for one, day, again in diary if one == film), default=None)
        undated = sum(one.at is None and one.subject.title == film for one in found)
        assert undated == (first is None or first[1])


def table(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue()
