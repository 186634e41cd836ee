"""Rating, unrating and unlisting in the library, by mouse and keys, with undo; and pictures."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from revenge_companion.core.errors import EditRefused, StoreTrouble
from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.reasons import Reason
from revenge_companion.core.saying import Hearer, Hears, Spoken, Word
from revenge_companion.core.shown import Shown
from revenge_companion.ui import saying_words
from revenge_companion.ui.context import Context
from revenge_companion.ui.pages.library import LibraryPage
from revenge_companion.ui.places import Place
from revenge_companion.ui.window import Window
from tests.clock import settle
from tests.ui.fake_engine import FakeEngine
from tests.ui.fake_library import line
from tests.ui.fake_saying import HEARERS
from tests.ui.pictures import Shoot

RATINGS, WATCHLIST = Facet.RATINGS, Facet.WATCHLIST


def film(number: int, label: str, **changes: Any) -> Shown:
    return line(number, label, kind=SubjectKind.MOVIE, sources=("account:1",), **changes)


@pytest.fixture
async def window(context: Context, busy_engine: FakeEngine) -> AsyncIterator[Window]:
    busy_engine.library.lines = [
        film(3, "Dune: Part Two (2024)", facet=RATINGS, rating=80),
        film(2, "Nosferatu (1922)", facet=RATINGS, rating=100),
        film(1, "The General (1926)", facet=RATINGS, rating=70),
        film(5, "Stalker (1979)", facet=WATCHLIST),
        film(4, "Playtime (1967)", facet=WATCHLIST),
        film(7, "Low \N{EN DASH} Words", facet=Facet.LOVED, loved=False),
        film(8, "Emma (2020)"),
    ]
    made = Window(context, has_tray=lambda: True)
    made.show()
    made.sidebar.choose(Place.LIBRARY)
    await settle()
    yield made
    made.shut()
    made.deleteLater()
    await settle()


async def chosen(window: Window, facet: Facet, row: int) -> LibraryPage:
    page = window.library
    page.facet.setCurrentIndex(page.facet.findData(facet.value))
    await settle()
    page.view.selectRow(row)
    await settle()
    return page


def said(engine: FakeEngine) -> list[tuple[object, ...]]:
    return [one[1:] for one in engine.saying.asked if one[0] == "say"]


def labels(page: LibraryPage) -> list[str]:
    return [row.label for row in page.model.loaded_rows()]


async def test_who_is_told_is_said_before_anything_is(
    window: Window, busy_engine: FakeEngine
) -> None:
    page = await chosen(window, RATINGS, 0)
    assert page.saying.card.isVisible()
    assert page.saying.title.text() == "Dune: Part Two (2024) \N{MIDDLE DOT} 8 of 10"
    assert page.saying.truth.text() == (
        "Goes to Trakt (anna). Not to Simkl (anna): its sync of this is off. Not to AniList "
        "(anna): AniList does not take this kind of item."
    )
    assert said(busy_engine) == []
    # Plays are the ledger's.
    page = await chosen(window, Facet.HISTORY, 0)
    assert not page.saying.card.isVisible()


async def test_who_goes_down_the_table_fast_asks_for_the_last_line_only(
    window: Window, busy_engine: FakeEngine
) -> None:
    page = await chosen(window, RATINGS, 0)
    busy_engine.saying.asked.clear()
    busy_engine.saying.gate = asyncio.Event()
    page.view.selectRow(1)
    await settle()
    for row in (2, 1, 0, 2):
        page.view.selectRow(row)
        await settle()
    busy_engine.saying.gate.set()
    await settle()
    asked = [one[1] for one in busy_engine.saying.asked]
    # Both questions of the first line, then those of the last one.
    assert asked == [2, 2, 1, 1]
    assert "Goes to Trakt (anna)." in page.saying.truth.text()


async def test_a_rating_is_changed_and_removed_by_mouse_and_taken_back(
    window: Window, busy_engine: FakeEngine
) -> None:
    page = await chosen(window, RATINGS, 1)
    bar = page.saying
    assert bar.rating.currentText() == "10 of 10"
    bar.rating.setCurrentIndex(bar.rating.findData(60))
    bar.rating.activated.emit(bar.rating.currentIndex())
    await settle()
    assert said(busy_engine) == [(2, Word(RATINGS, rating=60))]
    assert bar.told.text().startswith("Nosferatu (1922) is rated 6 of 10. Goes to Trakt (anna).")
    # It is the latest now, and still the one that is chosen.
    assert labels(page)[0] == "Nosferatu (1922)"
    assert bar.title.text() == "Nosferatu (1922) \N{MIDDLE DOT} 6 of 10"
    bar.remove.click()
    await settle()
    assert said(busy_engine)[-1] == (1002, Word(RATINGS, gone=True))
    assert labels(page) == ["Dune: Part Two (2024)", "The General (1926)"]
    assert bar.told.text().startswith("The rating of Nosferatu (1922) is removed.")
    # Both words are taken back, the last one first.
    bar.undo.click()
    await settle()
    assert labels(page)[0] == "Nosferatu (1922)"
    assert bar.told.text() == (
        "Nosferatu (1922): as it was before. Not taken back at AniList (anna): look there."
    )
    bar.undo.click()
    await settle()
    assert [row.rating for row in page.model.loaded_rows()] == [80, 100, 70]
    assert not bar.undo.isVisible()


async def test_keys_rate_remove_and_undo(window: Window, busy_engine: FakeEngine) -> None:
    page = await chosen(window, RATINGS, 2)
    page.view.setFocus()
    QTest.keyClick(page.view, Qt.Key.Key_4)
    await settle()
    QTest.keyClick(page.view, Qt.Key.Key_0)
    await settle()
    assert [one[1] for one in said(busy_engine)] == [
        Word(RATINGS, rating=40),
        Word(RATINGS, rating=100),
    ]
    # Rating it as it is says nothing.
    QTest.keyClick(page.view, Qt.Key.Key_0)
    await settle()
    assert len(said(busy_engine)) == 2
    QTest.keyClick(page.view, Qt.Key.Key_Delete)
    await settle()
    assert said(busy_engine)[-1][1] == Word(RATINGS, gone=True)
    assert page.view.currentIndex().isValid()
    for left in (3, 2, 1):
        QTest.keyClick(page.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        await settle()
        undone = [one for one in busy_engine.saying.asked if one[0] == "unsay"]
        assert undone[-1] == ("unsay", left)
    assert labels(page)[2] == "The General (1926)"


async def test_a_wish_and_a_hate_are_taken_back(window: Window, busy_engine: FakeEngine) -> None:
    page = await chosen(window, WATCHLIST, 0)
    assert not page.saying.rating.isVisible()
    assert page.saying.remove.text() == "Take off the &watchlist"
    # A digit rates nothing here.
    QTest.keyClick(page.view, Qt.Key.Key_4)
    page.saying.remove.click()
    await settle()
    assert said(busy_engine) == [(5, Word(WATCHLIST, gone=True))]
    # The next one is chosen.
    assert page.saying.title.text() == "Playtime (1967)"
    page = await chosen(window, Facet.LOVED, 0)
    page.saying.remove.click()
    await settle()
    assert said(busy_engine)[-1] == (7, Word(Facet.LOVED, gone=True, loved=False))
    assert not page.saying.card.isVisible()


async def test_trouble_is_said_and_an_undo_that_failed_can_be_asked_again(
    window: Window, busy_engine: FakeEngine
) -> None:
    page = await chosen(window, RATINGS, 0)
    busy_engine.saying.fails = StoreTrouble("The disk is full.")
    page.saying.remove.click()
    await settle()
    assert page.saying.told.text() == "The disk is full."
    assert not page.saying.undo.isVisible()
    busy_engine.saying.fails = None
    page.saying.remove.click()
    await settle()
    busy_engine.saying.fails = StoreTrouble("The disk is full.")
    page.saying.undo.click()
    await settle()
    assert page.saying.undo.isVisible()
    busy_engine.saying.fails = EditRefused("Something else was said of it since.")
    page.saying.undo.click()
    await settle()
    assert page.saying.told.text() == "Something else was said of it since."
    assert not page.saying.undo.isVisible()


@pytest.mark.parametrize(
    ("hearers", "says"),
    [
        ((), "It changes here only: no linked account takes this."),
        (HEARERS[1:2], "It changes here, and no account is told now. Not to Simkl (anna): its sync "
                       "of this is off."),
        ((Hearer(1, "Trakt", "Trakt", Hears.LATER),),
         "It changes here, and no account is told now. To Trakt once you have linked again."),
        ((Hearer(1, "Trakt", "Trakt", Hears.NOT, Reason.SAYS_SO),),
         "It changes here, and no account is told now. Not to Trakt: Trakt says so already, as far "
         "as is known."),
    ],
    ids=["none", "off", "later", "so already"],
)  # fmt: skip
def test_nobody_is_said_to_be_told_who_is_not(hearers: tuple[Hearer, ...], says: str) -> None:
    assert saying_words.who(hearers) == says


def test_every_word_is_said_whole() -> None:
    for facet in (RATINGS, WATCHLIST, Facet.LOVED):
        for gone in (True, False):
            word = Word(facet, gone=gone, rating=None if gone else 80)
            told = saying_words.done(Spoken(1, "{Dune}", word, ()))
            assert told.count("{Dune}") == 1, told


async def test_pictures(window: Window, busy_engine: FakeEngine, shoot: Shoot) -> None:
    page = await chosen(window, RATINGS, 1)
    window.resize(980, 640)
    shoot(window, "library-rating")
    page.saying.rate(60)
    await settle()
    shoot(window, "library-rated")
    page = await chosen(window, WATCHLIST, 0)
    page.saying.remove.click()
    await settle()
    picture = shoot(window, "library-unwanted")
    assert picture.width() == 980
    for button in (page.saying.remove, page.saying.undo):
        assert button.width() >= button.sizeHint().width()
