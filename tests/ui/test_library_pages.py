"""Library and Statistics, over a fake engine; their pictures too."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.library import Facet, Precision, SubjectKind
from revenge_companion.core.shown import Asked
from revenge_companion.core.statistics import Bucket
from revenge_companion.ui import ask
from revenge_companion.ui.models.shown import ShownColumn, ShownModel
from revenge_companion.ui.places import Place
from revenge_companion.ui.widgets.chart import nice_ceiling, scale
from revenge_companion.ui.window import Window
from tests.clock import FakeClock, settle
from tests.ui.fake_engine import FakeEngine
from tests.ui.fake_library import NOW, figures, line
from tests.ui.pictures import Shoot


async def at(window: Window, place: Place) -> None:
    window.sidebar.choose(place)
    await settle()


def cell(window: Window, row: int, column: ShownColumn) -> str:
    model = window.library.model
    return str(model.data(model.index(row, column)))


async def test_lines_are_shown_with_all_their_sources(
    window: Window, busy_engine: FakeEngine
) -> None:
    busy_engine.library.lines = [
        line(3),
        line(2, "Dune (2021)", kind=SubjectKind.MOVIE, precision=Precision.DAY, sources=("x",)),
        line(1, "Emma", kind=SubjectKind.BOOK, at=None, precision=Precision.UNKNOWN, plays=2),
    ]
    await at(window, Place.LIBRARY)
    assert cell(window, 0, ShownColumn.SOURCES) == "Revenge Companion, Trakt (ann)"
    # A day is a day: no time is invented for it.
    assert cell(window, 1, ShownColumn.WHEN) == "19/01/2026"
    assert cell(window, 1, ShownColumn.SOURCES) == "x"
    assert cell(window, 2, ShownColumn.WHEN) == "date unknown"
    assert cell(window, 2, ShownColumn.VALUE) == "2 times"


async def test_what_is_chosen_is_what_is_asked(window: Window, busy_engine: FakeEngine) -> None:
    busy_engine.library.lines = [line(1)]
    await at(window, Place.LIBRARY)
    page = window.library
    page.facet.setCurrentIndex(page.facet.findData(Facet.RATINGS.value))
    page.kind.setCurrentIndex(page.kind.findData(SubjectKind.BOOK.value))
    page.source.setCurrentIndex(page.source.findData("account:1"))
    await settle()
    wanted = Asked(Facet.RATINGS, kind="book", source="account:1")
    assert busy_engine.asked[-1] == ("library_page", wanted, None)
    assert page.empty.isVisible()
    assert "matches" in page.empty.text()
    for box in (page.kind, page.source):
        box.setCurrentIndex(0)
    page.facet.setCurrentIndex(page.facet.findData(Facet.WATCHLIST.value))
    await settle()
    assert page.empty.text() == "Nothing here yet. Import it from your accounts and files."


async def test_the_table_goes_on_where_its_page_ended(
    window: Window, busy_engine: FakeEngine
) -> None:
    busy_engine.library.lines = [line(number) for number in range(1, 451)]
    await at(window, Place.LIBRARY)
    model = window.library.model
    assert model.rowCount() == 200
    while model.canFetchMore(model.index(-1, -1)):
        model.fetchMore(model.index(-1, -1))
        await settle()
    assert model.rowCount() == 450
    places = [model.row(model.index(row, 0)) for row in range(450)]
    assert [one.id for one in places if one] == list(range(450, 0, -1))


def test_the_model_keeps_qts_rules(qtmodeltester: Any, clock: FakeClock) -> None:
    model = ShownModel(clock)
    model.set_rows([line(2), line(1)])
    qtmodeltester.check(model)


async def test_trouble_is_said_where_the_lines_would_be(
    window: Window, busy_engine: FakeEngine
) -> None:
    busy_engine.fails = StoreTrouble("The disk is full.")
    await at(window, Place.LIBRARY)
    assert window.library.empty.text() == "The disk is full."
    await at(window, Place.STATISTICS)
    assert window.statistics.empty.text() == "The disk is full."


async def test_the_library_is_exported(
    window: Window, busy_engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def chosen(*_: object, **__: object) -> Path:
        return tmp_path / "all.json"

    monkeypatch.setattr(ask, "save_path", chosen)
    busy_engine.library.lines = [line(1)]
    await at(window, Place.LIBRARY)
    window.library.export.click()
    await settle()
    assert ("export_library", tmp_path / "all.json") in busy_engine.asked
    (box,) = window.findChildren(QMessageBox)
    assert box.text() == "1 row written to all.json."
    box.accept()
    await settle()


async def test_figures_are_said_in_words_too(window: Window, busy_engine: FakeEngine) -> None:
    busy_engine.library.figures = figures()
    await at(window, Place.STATISTICS)
    page = window.statistics
    total = figures().total
    assert page.total.text() == f"{total} plays in the last 30 days."
    said = page.chart.accessibleDescription()
    assert said.startswith(f"{page.total.text()} Films: 4, Episodes: ")
    assert " Most: 2" in said
    assert page.legend.accessibleName().startswith("Films 4, Episodes ")
    page.bucket.setCurrentIndex(page.bucket.findData(Bucket.YEAR.value))
    await settle()
    assert page.total.text().endswith("the last 20 years.")


# The tip is a window of its own, which the offscreen platform cannot put in front.
@pytest.mark.qt_log_ignore("does not support raise", extend=True)
async def test_a_bar_is_reached_by_mouse_and_by_keyboard(
    window: Window, busy_engine: FakeEngine
) -> None:
    busy_engine.library.figures = figures()
    await at(window, Place.STATISTICS)
    chart = window.statistics.chart
    chart.setFocus()
    QTest.keyClick(chart, Qt.Key.Key_Left)
    assert chart.chosen == 29
    assert chart.text_of(29).splitlines()[0] == "Sunday, 1 March 2026"
    QTest.keyClick(chart, Qt.Key.Key_Left)
    assert chart.chosen == 28
    assert "Episodes: 4" in chart.accessibleDescription()
    # Where the mouse may be already: only a move is told of.
    QTest.mouseMove(chart, QPoint(chart.width() // 2, 60))
    QTest.mouseMove(chart, QPoint(chart.width() - 10, 50))
    await settle()
    assert chart.chosen == 29
    QTest.keyClick(chart, Qt.Key.Key_Home)
    assert chart.chosen == 0
    QTest.keyClick(chart, Qt.Key.Key_End)
    assert chart.chosen == 29
    assert chart.number_at(QPointF(1, 1)) == -1, "where the scale is, no bar is"


async def test_what_was_played_long_ago_is_reached_from_a_month_without_plays(
    window: Window, busy_engine: FakeEngine
) -> None:
    library = busy_engine.library
    await at(window, Place.STATISTICS)
    page = window.statistics
    assert page.empty.isVisible()
    # Something of years ago has been imported.
    library.figures = figures()
    library.empty = (Bucket.DAY, Bucket.WEEK)
    page._read()  # noqa: SLF001  # as a change would
    await settle()
    assert page.bucket.isVisible()
    assert page.total.text() == "Nothing was played in the last 30 days."
    assert page.chart.accessibleDescription() == page.total.text()


async def test_pictures_and_tables_are_saved(
    window: Window, busy_engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter((tmp_path / "a.png", tmp_path / "a.csv"))

    async def chosen(*_: object, **__: object) -> Path:
        return next(answers)

    monkeypatch.setattr(ask, "save_path", chosen)
    busy_engine.library.figures = figures()
    await at(window, Place.STATISTICS)
    window.statistics.image.click()
    await settle()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    window.statistics.table.click()
    await settle()
    assert ("export_statistics", tmp_path / "a.csv", Bucket.DAY) in busy_engine.asked
    for box in window.findChildren(QMessageBox):
        box.accept()
    await settle()


async def test_nothing_is_counted_for_a_page_nobody_sees(
    window: Window, busy_engine: FakeEngine
) -> None:
    busy_engine.library.figures = figures()
    await at(window, Place.STATISTICS)
    await at(window, Place.ACTIVITY)
    busy_engine.asked.clear()
    window.statistics.statistics = None
    busy_engine.become()
    await settle()
    assert ("statistics", Bucket.DAY) not in busy_engine.asked


@pytest.mark.parametrize(
    ("most", "ceiling"),
    [
        (0, 4),
        (1, 4),
        (4, 4),
        (5, 8),
        (9, 12),
        (17, 20),
        (21, 24),
        (33, 40),
        (81, 120),
        (2300, 2400),
    ],
)
def test_the_scale_ends_at_a_round_number(most: int, ceiling: int) -> None:
    assert nice_ceiling(most) == ceiling
    assert scale(ceiling)[-1] == ceiling
    assert all(isinstance(value, int) for value in scale(ceiling))


async def test_pictures(window: Window, busy_engine: FakeEngine, shoot: Shoot) -> None:
    busy_engine.library.lines = [
        line(
            n,
            ("Severance S02E04", "Low \N{EN DASH} Words", "Dune: Part Two (2024)")[n % 3],
            kind=(SubjectKind.EPISODE, SubjectKind.TRACK, SubjectKind.MOVIE)[n % 3],
            precision=Precision.DAY if n % 5 == 0 else Precision.SECOND,
        )
        for n in range(960, 1000)
    ]
    await at(window, Place.LIBRARY)
    shoot(window, "library")
    await at(window, Place.STATISTICS)
    shoot(window, "statistics-empty")
    for bucket in Bucket:
        busy_engine.library.figures = figures(bucket)
        window.statistics.bucket.setCurrentIndex(window.statistics.bucket.findData(bucket.value))
        busy_engine.become()
        window.statistics._read()  # noqa: SLF001  # as a change would
        await settle()
        shoot(window, f"statistics-{bucket}")
    assert NOW.year == 2026
