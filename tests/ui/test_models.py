"""Tables read pages as they are scrolled to, and keep the reader's place."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QAction, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from revenge_companion.core.accounts import AccountState, Switches
from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.status import AccountStatus, PlayRecord
from revenge_companion.ui.models.outbox import OutboxColumn, OutboxModel
from revenge_companion.ui.models.paged import PAGE
from revenge_companion.ui.models.plays import PlayColumn, PlaysModel
from revenge_companion.ui.style import Theme
from revenge_companion.ui.widgets.search_field import SearchField
from revenge_companion.ui.widgets.sort_header import SortHeader
from revenge_companion.ui.widgets.table import table
from tests.clock import FakeClock, eventually, settle
from tests.ui.fake_engine import NOW, SPECS, FakeEngine, account, not_counted, play, waiting

NAMES = {spec.key: spec.name for spec in SPECS}
ROOT = QModelIndex()


@pytest.fixture
def model(clock: FakeClock) -> PlaysModel:
    return PlaysModel(clock, NAMES)


async def test_both_tables_satisfy_qts_own_examination(
    model: PlaysModel, clock: FakeClock, qtmodeltester: object
) -> None:
    outbox = OutboxModel(clock, NAMES)
    qtmodeltester.check(model)  # type: ignore[attr-defined]  # pytest-qt has no types
    qtmodeltester.check(outbox)  # type: ignore[attr-defined]
    model.set_rows([play(1), not_counted(2)])
    model.set_rows([play(0), play(1), not_counted(2)])
    model.set_rows([play(7)])
    outbox.set_rows([waiting(1), waiting(2)])
    outbox.sort(OutboxColumn.TITLE)


def endless(asked: list[int | None]) -> object:
    async def read(before_id: int | None, limit: int) -> Sequence[PlayRecord]:
        asked.append(before_id)
        start = 1 if before_id is None else 10_000_000 - before_id + 1
        return [play(number) for number in range(start, min(start + limit, 1_000_001))]

    return read


async def test_a_million_rows_are_read_a_page_at_a_time(model: PlaysModel) -> None:
    asked: list[int | None] = []
    model.show_pages(endless(asked))  # type: ignore[arg-type]
    await eventually(lambda: model.rowCount() == PAGE)
    assert model.canFetchMore(ROOT)

    for pages in range(2, 6):
        model.fetchMore(ROOT)
        # Asking twice does not read twice.
        model.fetchMore(ROOT)
        await eventually(lambda pages=pages: model.rowCount() == pages * PAGE)

    assert len(asked) == 5
    ids = [model.row(model.index(row, 0)).id for row in range(model.rowCount())]  # type: ignore[union-attr]
    assert ids == sorted(set(ids), reverse=True)


async def test_the_end_is_noticed(model: PlaysModel, engine: FakeEngine) -> None:
    engine.ledger = [play(number) for number in range(1, PAGE + 11)]
    model.show_pages(lambda before, limit: engine.plays(limit=limit, before_id=before))
    await settle()
    model.fetchMore(ROOT)
    await settle()

    assert model.rowCount() == PAGE + 10
    assert not model.canFetchMore(ROOT)


async def test_new_plays_come_in_on_top_and_a_selection_moves_along(
    model: PlaysModel, engine: FakeEngine
) -> None:
    engine.ledger = [play(number) for number in range(5, 3 * PAGE)]
    model.show_pages(lambda before, limit: engine.plays(limit=limit, before_id=before))
    await settle()
    model.fetchMore(ROOT)
    await settle()
    kept = QPersistentModelIndex(model.index(3, 0))
    chosen = model.row(kept)

    engine.ledger.insert(0, play(4))
    model.refresh()
    await settle()

    assert model.row(kept) == chosen
    assert kept.row() == 4
    assert model.rowCount() == 2 * PAGE + 1


async def test_a_changed_row_is_changed_in_place(model: PlaysModel, qtbot: object) -> None:
    model.set_rows([play(1), play(2)])
    told: list[int] = []
    model.dataChanged.connect(lambda first, _last: told.append(first.row()))
    model.set_rows([play(1), replace(play(2), label="Another title")])

    assert told == [1]


async def test_rows_that_went_are_gone(model: PlaysModel) -> None:
    model.set_rows([play(1), play(2), play(3)])
    model.set_rows([play(1), play(3)])
    assert model.rowCount() == 2
    model.set_rows([play(1)])
    assert model.rowCount() == 1
    model.set_rows([])
    assert model.rowCount() == 0


async def test_an_answer_to_an_older_question_is_dropped(model: PlaysModel) -> None:
    gate = asyncio.Event()

    async def slow(before_id: int | None, limit: int) -> Sequence[PlayRecord]:
        await gate.wait()
        return [play(1)]

    async def quick(before_id: int | None, limit: int) -> Sequence[PlayRecord]:
        return [play(2), play(3)]

    model.show_pages(slow)
    model.show_pages(quick)
    await settle()
    gate.set()
    await settle()

    assert model.rowCount() == 2


async def test_another_question_leaves_nothing_of_the_older_answer(
    model: PlaysModel, engine: FakeEngine
) -> None:
    engine.ledger = [play(n) if n <= PAGE else not_counted(n) for n in range(1, 2 * PAGE)]
    model.show_pages(lambda before, limit: engine.plays(limit=limit, before_id=before))
    await settle()
    model.fetchMore(ROOT)
    await settle()
    assert model.rowCount() == 2 * PAGE - 1

    # The first page of both answers is the same.
    counted = engine.ledger[:PAGE]
    model.show_pages(
        lambda before, limit: engine.plays(limit=limit, before_id=before, counted=True)
    )
    await settle()

    assert list(model.loaded_rows()) == counted


async def test_trouble_is_told_and_the_rows_stay(model: PlaysModel, engine: FakeEngine) -> None:
    told: list[str] = []
    model.failed.connect(told.append)
    engine.ledger = [play(1)]
    model.show_pages(lambda before, limit: engine.plays(limit=limit, before_id=before))
    await settle()
    engine.fails = StoreTrouble("The database is locked.")
    model.refresh()
    await settle()

    assert told == ["The database is locked."]
    assert model.rowCount() == 1


async def test_a_play_is_told_in_words(model: PlaysModel) -> None:
    model.set_rows([play(1), not_counted(2)])
    text = [[model.index(row, c).data() for c in PlayColumn] for row in range(2)]

    assert text[0] == ["19:13", "Severance S02E04", "counted 19:46", "Trakt ✓   Simkl …"]
    assert text[1][2] == "Stopped at 34\u00a0%: it counts from 80\u00a0%"
    spoken = model.index(0, PlayColumn.DESTINATIONS).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith("Trakt (anna): delivered.\nSimkl (anna): waiting. Simkl has trouble.")
    assert model.index(0, PlayColumn.WHEN).data(Qt.ItemDataRole.ToolTipRole) == "01/03/2026 19:13"


async def test_the_outbox_sorts_by_what_is_meant_not_by_what_is_written(clock: FakeClock) -> None:
    model = OutboxModel(clock, NAMES)
    soon = waiting(1, due_at=NOW.replace(hour=21))
    sooner = waiting(2, due_at=NOW.replace(hour=20, minute=1))
    model.set_rows([soon, sooner])
    model.sort(OutboxColumn.NEXT)
    assert model.row(model.index(0, 0)) == sooner
    model.sort(OutboxColumn.NEXT, Qt.SortOrder.DescendingOrder)
    assert model.row(model.index(0, 0)) == soon
    model.sort(-1)
    assert model.row(model.index(0, 0)) == soon


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "in 60 seconds"),
        ({"state": AccountState.LINK_AGAIN}, "\N{EN DASH}"),
        ({"state": AccountState.HELD}, "\N{EN DASH}"),
        ({"switches": Switches(enabled=False)}, "\N{EN DASH}"),
        ({"state": AccountState.QUOTA, "held_until": NOW.replace(hour=20, minute=30)}, "in 30 min"),
        ({"state": AccountState.HELD, "held_until": NOW.replace(hour=19)}, "in 60 seconds"),
    ],
)
async def test_the_outbox_says_no_time_at_which_nothing_will_be_tried(
    clock: FakeClock, changes: dict[str, Any], said: str
) -> None:
    model = OutboxModel(clock, NAMES)
    row = waiting(1, due_at=NOW.replace(hour=20, minute=1))
    model.set_rows([row])
    lane = replace(account(), id=row.delivery.account_id, **changes)
    model.heed([AccountStatus(lane)])
    assert model.index(0, OutboxColumn.NEXT).data() == said
    model.heed([AccountStatus(replace(account(), id=row.delivery.account_id))])
    assert model.index(0, OutboxColumn.NEXT).data() == "in 60 seconds"


class OldestFirst(PlaysModel):
    newest_first = False


async def test_rows_can_stand_in_the_order_they_were_read(
    clock: FakeClock, engine: FakeEngine
) -> None:
    model = OldestFirst(clock, NAMES)
    ledger = [play(number) for number in range(3 * PAGE, 0, -1)]
    asked: list[int | None] = []

    async def read(after_id: int | None, limit: int) -> Sequence[PlayRecord]:
        asked.append(after_id)
        return [one for one in ledger if one.id > (after_id or 0)][:limit]

    model.show_pages(read)
    await settle()
    model.fetchMore(ROOT)
    await settle()

    assert list(model.loaded_rows()) == ledger[: 2 * PAGE]
    assert asked == [None, ledger[PAGE - 1].id]


class SortedElsewhere(PlaysModel):
    newest_first = False
    read_sorted = True


async def test_rows_of_which_not_all_are_loaded_are_read_in_the_order_that_is_wanted(
    clock: FakeClock, engine: FakeEngine
) -> None:
    model = SortedElsewhere(clock, NAMES)
    ledger = [play(number) for number in range(3 * PAGE, 0, -1)]
    asked: list[tuple[int | None, tuple[int, bool] | None]] = []
    gate = asyncio.Event()
    gate.set()

    async def read(after_id: int | None, limit: int) -> Sequence[PlayRecord]:
        asked.append((after_id, model.sorted_by))
        down = model.sorted_by is not None and model.sorted_by[1]
        rows = ledger[::-1] if down else ledger
        start = 1 + next((n for n, one in enumerate(rows) if one.id == after_id), -1)
        await gate.wait()
        return rows[start : start + limit]

    model.show_pages(read)
    await settle()
    model.fetchMore(ROOT)
    await settle()
    assert list(model.loaded_rows()) == ledger[: 2 * PAGE]

    gate.clear()
    model.sort(1, Qt.SortOrder.DescendingOrder)
    await settle()
    # What is shown still is not what the next page would follow.
    assert not model.canFetchMore(ROOT)
    gate.set()
    await settle()
    assert list(model.loaded_rows()) == ledger[::-1][:PAGE]
    model.fetchMore(ROOT)
    await settle()
    assert list(model.loaded_rows()) == ledger[::-1][: 2 * PAGE]
    # Narrowing it, and reading it again, keep the order.
    model.show_pages(read)
    model.refresh()
    await settle()
    assert {order for _, order in asked[2:]} == {(1, True)}

    before = len(asked)
    model.sort(1, Qt.SortOrder.DescendingOrder)
    await settle()
    assert len(asked) == before
    model.sort(-1)
    await settle()
    assert list(model.loaded_rows()) == ledger[:PAGE]


async def test_a_header_is_sorted_by_keyboard_and_says_so(
    clock: FakeClock, engine: FakeEngine, shown: Callable[[QWidget], None], qtbot: QtBot
) -> None:
    model = SortedElsewhere(clock, NAMES)
    names = list(model.headers())
    view = table(model, name="Lines", widths=[12] * len(names), stretch=1, sortable=True)
    shown(view)
    view.activateWindow()
    header = view.horizontalHeader()
    assert isinstance(header, SortHeader)
    assert model.sorted_by is None
    header.setFocus()
    await eventually(header.hasFocus)
    assert header.accessibleName() == f"Lines, {names[0]}"
    qtbot.keyClick(header, Qt.Key.Key_Right)
    qtbot.keyClick(header, Qt.Key.Key_Space)
    assert (header.chosen, model.sorted_by) == (1, (1, False))
    assert header.accessibleName() == f"Lines, {names[1]}, sorted ascending"
    said = model.headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.AccessibleTextRole)
    assert said == f"{names[1]}, sorted ascending"
    qtbot.keyClick(header, Qt.Key.Key_Return)
    assert model.sorted_by == (1, True)
    assert header.accessibleName() == f"Lines, {names[1]}, sorted descending"
    qtbot.keyClick(header, Qt.Key.Key_Space)
    assert model.sorted_by is None
    assert header.accessibleName() == f"Lines, {names[1]}"
    for key, place in (
        (Qt.Key.Key_End, len(names) - 1), (Qt.Key.Key_Right, len(names) - 1),
        (Qt.Key.Key_Home, 0), (Qt.Key.Key_Left, 0),
    ):  # fmt: skip
        qtbot.keyClick(header, key)
        assert header.chosen == place
    qtbot.keyClick(header, Qt.Key.Key_Down)
    assert view.hasFocus()


async def test_the_button_that_empties_a_search_is_seen_in_the_dark(qapp: QApplication) -> None:
    theme = Theme(qapp)
    field = SearchField("Search titles")
    assert (field.placeholderText(), field.accessibleName()) == ("Search titles", "Search titles")
    brightness = []
    for wanted in ("light", "dark"):
        theme.want(wanted)
        await settle()
        (action,) = field.findChildren(QAction)
        image = action.icon().pixmap(16).toImage()
        colours = [image.pixelColor(x, y) for x in range(16) for y in range(16)]
        drawn = [one.lightness() for one in colours if one.alpha() > 128]
        brightness.append(sum(drawn) / len(drawn))
    light, dark = brightness
    assert light < 128 < dark
    theme.want("light")
    theme.deleteLater()
    field.deleteLater()


@pytest.mark.parametrize("wanted", ["light", "dark"])
async def test_the_cells_of_a_chosen_row_look_alike(
    wanted: str, qapp: QApplication, shown: Callable[[QWidget], None]
) -> None:
    theme = Theme(qapp)
    theme.want(wanted)
    model = QStandardItemModel(2, 2)
    for column in range(2):
        model.setItem(1, column, QStandardItem("The General (1926)"))
    view = table(model, name="Films", widths=(20, 20), stretch=1)
    view.resize(2 * view.columnWidth(0) + 2 * view.frameWidth(), 200)
    shown(view)
    view.activateWindow()
    view.setFocus()
    view.selectRow(1)
    # Only where the keyboard is a frame would be drawn.
    await eventually(view.hasFocus)
    cells = [view.visualRect(model.index(1, column)) for column in range(2)]
    size = cells[0].size().boundedTo(cells[1].size())
    picture = view.viewport().grab().toImage()
    first, second = (picture.copy(QRect(cell.topLeft(), size)) for cell in cells)
    assert first == second
    theme.want("light")
    theme.deleteLater()
