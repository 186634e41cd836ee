"""The anime section, its dialogs and the line above the pages, light and dark, as pictures.

REVENGE_COMPANION_SCREENSHOTS names the folder they go to.
"""

import asyncio
from dataclasses import replace

import pytest

from revenge_companion.core.animemap import Candidate, MapState, Override
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.errors import Unreachable
from revenge_companion.core.media import Ids, Item, Kind, Series
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import AccountStatus
from revenge_companion.engine.api import OutboxRow
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.anime_corrections import CorrectionsDialog
from revenge_companion.ui.dialogs.anime_entry import EntryDialog
from revenge_companion.ui.window import Window
from tests.clock import eventually, settle
from tests.ui.fake_engine import ANIME_LISTS, NOW, SIGNED_IN, SPECS, FakeEngine, account, waiting
from tests.ui.pictures import Shoot

FRIEREN = Series("Frieren: Beyond Journey's End", 2023, Ids(tvdb=424536))
LONG = Series(
    "That Time I Got Reincarnated as a Slime: The Complete Adventures <b>with Diaries & Digressions"
    "</b> of the Demon Lord",
    2018,
    Ids(tvdb=352408),
)
ROWS = (
    Override("tvdb:289882", 1, 13, 24, 20792, 22297, 12, "Fate/stay night: Unlimited Blade Works"),
    Override("tvdb:81797", None, anilist=21, mal=21, title="One Piece"),
    Override("tmdb_movie:10515", anilist=512, title="Castle in the Sky"),
    Override("tvdb:352408", 0, 1, 5, title=LONG.title),
)
FOUND = [
    Candidate("Frieren: Beyond Journey's End", 154587, 52991, 2023, 28, "TV"),
    Candidate("Frieren: Beyond Journey's End Season 2", 182255, 59978, 2026, 10, "TV"),
    Candidate("Frieren: Mini Anime", 170068, 56805, 2023, None, "ONA"),
]


def parked(number: int, series: Series, season: int, episode: int, detail: str) -> OutboxRow:
    item = Item(
        Kind.EPISODE,
        f"p{number}",
        "The Journey Goes On",
        series=series,
        season_number=season,
        episode_number=episode,
    )
    row = waiting(
        number, item, state=DeliveryState.PARKED, reason_code=Reason.UNMAPPED, detail=detail
    )
    return replace(row, service=("anilist", "mal")[number % 2])


@pytest.fixture
def engine() -> FakeEngine:
    made = FakeEngine()
    made.services = (*SPECS, *ANIME_LISTS)
    lists = tuple(AccountStatus(account(n, key)) for n, key in ((7, "anilist"), (8, "mal")))
    made.status = replace(SIGNED_IN, accounts=(*SIGNED_IN.accounts, *lists))
    no_season = "The anime map has no season 2 of this series."
    made.anime.parked = [
        parked(1, FRIEREN, 2, 2, no_season),
        parked(2, FRIEREN, 2, 1, no_season),
        parked(3, LONG, 3, 49, "The entry has 24 episodes, so it has no episode 49."),
    ]
    made.anime.rows = ROWS
    made.anime.items = [row.delivery.scrobble.item for row in made.anime.parked]
    made.anime.candidates = FOUND
    return made


async def test_the_section(context: Context, engine: FakeEngine, shoot: Shoot) -> None:
    window = Window(context, has_tray=lambda: True)
    window.show()
    engine.become(map_waiting=3)
    await settle()
    shoot(window, "anime-wanted")
    window.notices.map_wanted.action.click()
    section = window.settings.anime
    await eventually(lambda: not section.resume_dropped.visibleRegion().isEmpty())
    shoot(window, "anime-section-none")
    engine.fails = Unreachable("raw.githubusercontent.com cannot be reached.")
    section.download.click()
    await settle()
    shoot(window, "anime-section-failed")
    engine.fails, engine.gate = None, asyncio.Event()
    section.download.click()
    await settle()
    shoot(window, "anime-section-busy")
    engine.gate.set()
    await settle()
    engine.anime.state = MapState(1_740_000, NOW, 12_345)
    shoot(window, "anime-section-there")
    window.shut()
    window.deleteLater()


async def test_the_corrections(context: Context, engine: FakeEngine, shoot: Shoot) -> None:
    dialog = CorrectionsDialog(None, context=context)
    dialog.show()
    await settle()
    dialog.plays.selectRow(0)
    dialog.own.selectRow(1)
    shoot(dialog, "anime-corrections")
    engine.anime.parked, engine.anime.rows = [], ()
    dialog.reject()
    empty = CorrectionsDialog(None, context=context)
    empty.show()
    await settle()
    shoot(empty, "anime-corrections-none")
    empty.reject()
    for one in (dialog, empty):
        one.deleteLater()


async def test_one_correction(context: Context, engine: FakeEngine, shoot: Shoot) -> None:
    dialog = CorrectionsDialog(None, context=context)
    dialog.show()
    await settle()
    dialog.plays.selectRow(0)
    dialog.correct_button.click()
    await settle()
    (entry,) = dialog.findChildren(EntryDialog)
    shoot(entry, "anime-entry")
    entry.search_button.click()
    await settle()
    entry.results.setCurrentRow(1)
    shoot(entry, "anime-entry-found")
    engine.fails = Unreachable("This list cannot be reached.")
    entry.search_button.click()
    await settle()
    shoot(entry, "anime-entry-failed")
    engine.fails = None
    entry.left_out.click()
    shoot(entry, "anime-entry-left-out")
    entry.reject()
    await settle()
    dialog.add_button.click()
    await settle()
    added = next(one for one in dialog.findChildren(EntryDialog) if one.isVisible())
    added.subject.setCurrentIndex(added.subject.count() - 1)
    shoot(added, "anime-entry-number")
    added.database.setCurrentIndex(added.database.findData("tmdb_movie"))
    await settle()
    shoot(added, "anime-entry-film")
    added.reject()
    dialog.reject()
    await settle()
    dialog.deleteLater()
