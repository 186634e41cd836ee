"""The anime map in the window: agreed to, corrected, and asked for where plays wait."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QAbstractButton, QApplication, QMessageBox, QWidget

from revenge_companion.core.animemap import Candidate, MapState, Override
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.errors import StoreTrouble, Unreachable
from revenge_companion.core.media import Ids, Item, Kind, Series
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import AccountStatus
from revenge_companion.core.watching import ListPolicy
from revenge_companion.engine.api import Change, OutboxRow
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.anime_corrections import CorrectionsDialog
from revenge_companion.ui.dialogs.anime_entry import EntryDialog, described
from revenge_companion.ui.models.anime import CorrectionsModel
from revenge_companion.ui.widgets.anime import AnimeSettings
from revenge_companion.ui.window import Window
from tests.clock import eventually, settle
from tests.ui.fake_engine import ANIME_LISTS, DUNE, NOW, SPECS, FakeEngine, account, waiting

SERIES = Series("Frieren: Beyond Journey's End", 2023, Ids(tvdb=424536))
THERE = MapState(1_740_000, NOW, 12_345)
FOUND = [
    Candidate("Frieren", 154587, 52991, 2023, 28, "TV"),
    Candidate("Frieren, second season", 182255, 59978, 2026, None, "TV"),
]


def episode(number: int, season: int | None = 2) -> Item:
    return Item(
        Kind.EPISODE,
        f"f{number}",
        f"Part {number}",
        series=SERIES,
        season_number=season,
        episode_number=number,
        duration_s=1440,
    )


def parked(number: int, item: Item) -> OutboxRow:
    row = waiting(
        number,
        item,
        state=DeliveryState.PARKED,
        reason_code=Reason.UNMAPPED,
        detail="The anime map has no season 2 of this series.",
    )
    return replace(row, service="anilist")


@pytest.fixture
def engine() -> FakeEngine:
    """Two anime lists in the catalogue, one of them linked, and two plays without an entry."""
    made = FakeEngine()
    made.services = (*SPECS, *ANIME_LISTS)
    linked = AccountStatus(account(2, "anilist"))
    made.status = replace(made.status, accounts=(linked,))
    made.anime.parked = [parked(1, episode(4)), parked(2, episode(3))]
    made.anime.items = [episode(4), DUNE]
    made.anime.candidates = FOUND
    return made


@pytest.fixture
async def section(context: Context) -> AsyncIterator[AnimeSettings]:
    made = AnimeSettings(context)
    made.show()
    yield made
    made.tasks.cancel()
    await settle()
    made.deleteLater()


@pytest.fixture
async def dialog(context: Context) -> AsyncIterator[CorrectionsDialog]:
    made = CorrectionsDialog(None, context=context)
    made.show()
    await settle()
    yield made
    made.reject()
    await settle()
    made.deleteLater()


def asked(kind: type[QWidget]) -> QWidget:
    """The dialog of that kind that is open."""
    open_now = [one for one in QApplication.topLevelWidgets() if isinstance(one, kind)]
    return next(one for one in open_now if one.isVisible())


async def entry_dialog() -> EntryDialog:
    await settle()
    found = asked(EntryDialog)
    assert isinstance(found, EntryDialog)
    return found


def press(box: QWidget, text: str) -> None:
    buttons = box.findChildren(QAbstractButton)
    next(one for one in buttons if one.text().replace("&", "") == text).click()


# The map


async def test_what_is_agreed_to_is_said_before(section: AnimeSettings) -> None:
    said = section.about.text()
    assert "AniList and MyAnimeList" in said
    assert "Kometa-Team/Anime-IDs (raw.githubusercontent.com)" in said
    assert section.state.text() == "Not downloaded."
    assert section.download.text() == "Download"
    assert not section.remove.isVisible()


async def test_a_download_is_shown_while_it_lasts_and_by_what_came(
    section: AnimeSettings, engine: FakeEngine
) -> None:
    engine.gate = asyncio.Event()
    section.download.click()
    await settle()
    assert section.state.text() == "Downloading\N{HORIZONTAL ELLIPSIS}"
    assert not section.download.isEnabled()
    engine.tell(Change.STATUS)
    assert section.state.text() == "Downloading\N{HORIZONTAL ELLIPSIS}"
    engine.gate.set()
    await settle()
    assert section.download.isEnabled()
    assert section.download.text() == "Update"
    assert "1.7 MB \N{MIDDLE DOT} 12,345 entries" in section.state.text()


async def test_a_download_that_fails_says_why_and_can_be_tried_again(
    section: AnimeSettings, engine: FakeEngine
) -> None:
    engine.fails = Unreachable("raw.githubusercontent.com cannot be reached.")
    section.download.click()
    await settle()
    assert section.trouble.text() == "raw.githubusercontent.com cannot be reached."
    assert section.download.isEnabled()
    engine.fails = None
    section.download.click()
    await settle()
    assert not section.trouble.isVisible()
    assert section.remove.isVisible()


async def test_removing_is_asked_about_first(section: AnimeSettings, engine: FakeEngine) -> None:
    engine.anime.state = THERE
    engine.become()
    for answer, calls in (("Cancel", 0), ("Remove", 1)):
        section.remove.click()
        await settle()
        press(asked(QMessageBox), answer)
        await settle()
        assert len(engine.calls("remove_map")) == calls
    assert section.state.text() == "Not downloaded."


async def test_what_watching_may_change_is_kept_at_once(
    section: AnimeSettings, engine: FakeEngine
) -> None:
    section.rewatches.click()
    await settle()
    assert engine.settings.anime == ListPolicy(rewatches=True)
    engine.fails = StoreTrouble("The disk is full.")
    section.resume_dropped.click()
    await settle()
    assert section.trouble.text() == "The disk is full."
    assert not section.resume_dropped.isChecked()


async def test_the_window_asks_for_the_map_while_plays_wait_for_it(
    context: Context, engine: FakeEngine
) -> None:
    window = Window(context, has_tray=lambda: True)
    window.show()
    engine.become(map_waiting=3)
    assert window.notices.map_wanted.isVisible()
    window.notices.map_wanted.action.click()
    await settle()
    assert window.settings.isVisible()
    section = window.settings.anime
    await eventually(lambda: not section.download.visibleRegion().isEmpty())
    assert section.state.text() == "Not downloaded. Waiting for it: 3 plays."
    section.download.click()
    await settle()
    assert not window.notices.map_wanted.isVisible()
    window.shut()
    window.deleteLater()


# Corrections


async def test_a_parked_play_is_corrected_by_a_title_and_a_choice(
    dialog: CorrectionsDialog, engine: FakeEngine
) -> None:
    dialog.plays.selectRow(0)
    dialog.correct_button.click()
    entry = await entry_dialog()
    assert entry.wanted.text() == SERIES.title
    assert not entry.save_button.isEnabled()
    entry.search_button.click()
    await settle()
    assert engine.calls("search") == [(2, SERIES.title)]
    entry.results.setCurrentRow(1)
    assert "Episode 3 is sent as episode 3" in entry.message.text()
    entry.save_button.click()
    await settle()
    row = Override(
        "tvdb:424536", 2, 3, anilist=182255, mal=59978, title="Frieren: Beyond Journey's End"
    )
    assert engine.anime.rows == (row,)
    assert dialog.message.text() == "Tried again: 2 plays."
    assert not dialog.plays.isVisible()
    assert dialog.corrections.shown == (row,)


async def test_a_number_the_entry_does_not_have_starts_it_anew(
    dialog: CorrectionsDialog, engine: FakeEngine
) -> None:
    engine.anime.parked = [parked(1, episode(29))]
    engine.tell(Change.OUTBOX)
    await settle()
    dialog.plays.selectRow(0)
    dialog.correct_button.click()
    entry = await entry_dialog()
    entry.search_button.click()
    await settle()
    entry.results.setCurrentRow(0)
    assert entry.start.value() == 1
    assert entry.last.value() == 56
    entry.reject()
    await settle()


async def test_a_series_is_added_by_its_number(
    dialog: CorrectionsDialog, engine: FakeEngine
) -> None:
    dialog.add_button.click()
    entry = await entry_dialog()
    names = [entry.subject.itemText(number) for number in range(entry.subject.count())]
    assert names[0] == SERIES.title
    entry.subject.setCurrentIndex(entry.subject.count() - 1)
    entry.database.setCurrentIndex(entry.database.findData("imdb"))
    entry.title.setText("A series")
    entry.entries["anilist"].setText("21")
    for number, good in (("", False), ("tt", False), ("twelve", False), ("tt0388629", True)):
        entry.number.setText(number)
        assert entry.save_button.isEnabled() is good
    entry.save_button.click()
    await settle()
    assert engine.anime.rows == (Override("imdb:tt0388629", anilist=21, title="A series"),)


async def test_a_film_has_no_episodes(dialog: CorrectionsDialog) -> None:
    dialog.add_button.click()
    entry = await entry_dialog()
    entry.subject.setCurrentIndex(entry.subject.count() - 1)
    assert entry.season.isVisible()
    entry.database.setCurrentIndex(entry.database.findData("tmdb_movie"))
    assert not entry.season.isVisible()
    assert not entry.first.isVisible()
    entry.reject()
    await settle()


async def test_episodes_are_left_out_without_an_entry(
    dialog: CorrectionsDialog, engine: FakeEngine
) -> None:
    dialog.plays.selectRow(1)
    dialog.plays.doubleClicked.emit(dialog.unmapped.index(1, 0))
    entry = await entry_dialog()
    entry.left_out.click()
    assert not entry.entries["anilist"].isEnabled()
    entry.save_button.click()
    await settle()
    (row,) = engine.anime.rows
    assert (row.anilist, row.mal, row.season, row.first) == (None, None, 2, 3)
    assert dialog.corrections.text(row, 5) == "left out"


async def test_a_correction_is_edited_in_its_place_and_removed(
    dialog: CorrectionsDialog, engine: FakeEngine
) -> None:
    engine.anime.rows = (
        Override("tvdb:1", 1, 13, 24, anilist=5, offset=12, title="One"),
        Override("tvdb:2", None, anilist=6, title="Two"),
    )
    engine.tell(Change.OUTBOX)
    await settle()
    dialog.own.selectRow(0)
    dialog.edit_button.click()
    entry = await entry_dialog()
    assert (entry.first.value(), entry.last.value(), entry.start.value()) == (13, 24, 1)
    entry.last.setValue(12)
    assert not entry.save_button.isEnabled()
    entry.last.setValue(25)
    entry.save_button.click()
    await settle()
    assert engine.anime.rows[0] == Override("tvdb:1", 1, 13, 25, 5, offset=12, title="One")
    dialog.own.selectRow(0)
    dialog.remove_button.click()
    await settle()
    assert [row.title for row in engine.anime.rows] == ["Two"]


async def test_troubles_stay_beside_what_was_typed(
    dialog: CorrectionsDialog, engine: FakeEngine
) -> None:
    dialog.plays.selectRow(0)
    dialog.correct_button.click()
    entry = await entry_dialog()
    engine.fails = Unreachable("AniList cannot be reached.")
    entry.search_button.click()
    await settle()
    assert entry.message.text() == "AniList cannot be reached."
    entry.entries["anilist"].setText("7")
    engine.fails = StoreTrouble("The disk is full.")
    entry.save_button.click()
    await settle()
    assert entry.isVisible()
    assert entry.message.text() == "The disk is full."
    entry.reject()
    await settle()


def test_a_found_anime_is_one_line() -> None:
    assert described(FOUND[0]) == " \N{MIDDLE DOT} ".join(("Frieren", "2023", "TV", "28 episodes"))
    assert described(Candidate("Only\na name", 1)) == "Only a name"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Override("tvdb:1", 2, anilist=1), ("tvdb:1", "2", "all", "1", "\u2013", "episode 1")),
        (
            Override("tvdb:1", None, 13, mal=9, offset=12, title="One"),
            ("One", "all", "13 and on", "\u2013", "9", "episode 1"),
        ),
        (
            Override("tmdb_movie:1"),
            ("tmdb_movie:1", "\u2013", "film", "\u2013", "\u2013", "left out"),
        ),
        (Override("tvdb:1", 0, 3, 3, 4), ("tvdb:1", "0", "3", "4", "\u2013", "episode 3")),
    ],
)
def test_a_correction_reads_as_a_row(row: Override, said: tuple[str, ...]) -> None:
    model = CorrectionsModel({"anilist": "AniList", "mal": "MyAnimeList"})
    model.set_rows([row])
    assert tuple(model.index(0, n).data() for n in range(model.columnCount())) == said
