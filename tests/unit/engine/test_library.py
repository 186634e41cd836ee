import csv
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from revenge_companion.core.accounts import Account
from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.shown import Asked
from revenge_companion.core.statistics import Bucket
from revenge_companion.engine.library import LibraryView
from revenge_companion.services.catalog import SPECS
from revenge_companion.store.database import Database
from revenge_companion.store.migrations import MIGRATIONS, m014_profiles, m016_libraries
from revenge_companion.store.plays import Plays
from tests.clock import START, FakeClock
from tests.unit.store.builders import EPISODE, a_play, a_scrobble
from tests.unit.store.test_history import fill


@pytest.fixture
async def library(tmp_path: Path, clock: FakeClock) -> object:
    db = await Database.open(tmp_path / "data" / "companion.db", clock=clock)
    await fill(
        db,
        [
            (1, START - timedelta(days=1), "companion", None),
            (2, START - timedelta(days=2), "account:1", None),
            (4, None, "account:7", None),
        ],
    )
    await fill(db, [(1, START, "account:1", None)], Facet.WATCHLIST)
    account = Account(1, "trakt", "anna", "r1")
    specs = {spec.key: spec for spec in SPECS}
    yield LibraryView(db, clock, accounts=lambda: (account,), specs=specs)
    await db.close()


async def test_sources_have_the_names_people_know(library: LibraryView) -> None:
    assert await library.sources() == {
        "account:1": "Trakt (anna)",
        "account:7": "account:7",
        "companion": "Revenge Companion",
    }
    assert library.name("letterboxd-zip") == "Letterboxd export"


async def test_what_just_counted_is_a_source_as_soon_as_it_is_shown(
    tmp_path: Path, clock: FakeClock
) -> None:
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    await Plays(db, clock).save(a_play("p1", counted_at=START, profile=2))
    view = LibraryView(db, clock, accounts=tuple, specs={}, profile=lambda: 2)
    names = await view.sources()
    (line,) = await view.page(Asked())
    assert [names.get(source) for source in line.sources] == ["Revenge Companion"]
    await db.close()


async def test_everything_is_written_with_its_ids_and_sources(
    library: LibraryView, tmp_path: Path
) -> None:
    assert await library.export(tmp_path / "all.json") == 4
    rows = json.loads((tmp_path / "all.json").read_text())
    assert [(row["facet"], row["label"]) for row in rows] == [
        ("history", "Dune (2021)"),
        ("history", "Severance S01E01"),
        ("history", "Low - Words"),
        ("watchlist", "Dune (2021)"),
    ]
    assert rows[1]["sources"] == "Trakt (anna)"
    assert rows[1]["subject"]["series"]["title"] == "Severance"
    assert rows[2]["at"] is None
    assert await library.export(tmp_path / "some.csv", (Facet.WATCHLIST,)) == 1
    (row,) = csv.DictReader((tmp_path / "some.csv").read_text().splitlines())
    assert (row["title"], row["kind"], row["at"]) == ("Dune", "movie", START.isoformat())


async def test_a_file_that_cannot_be_written_is_said(library: LibraryView, tmp_path: Path) -> None:
    with pytest.raises(StoreTrouble, match="cannot be written"):
        await library.export(tmp_path / "nowhere" / "all.csv")
    assert not (tmp_path / "nowhere").exists()


async def test_figures_come_with_every_account(library: LibraryView, tmp_path: Path) -> None:
    statistics = await library.statistics(Bucket.DAY)
    assert statistics.total == 2
    assert [one.account_id for one in statistics.health] == [1]
    assert await library.export_statistics(tmp_path / "s.csv", statistics) == 60
    text = (tmp_path / "s.csv").read_text()
    assert text.startswith("from,until,kind,plays")


async def test_a_page_is_a_page(library: LibraryView) -> None:
    first = await library.page(Asked(), limit=2)
    rest = await library.page(Asked(), limit=2, before=first[-1].place)
    assert [line.label for line in (*first, *rest)] == [
        "Dune (2021)",
        "Severance S01E01",
        "Low - Words",
    ]


async def test_what_counted_meanwhile_is_there(tmp_path: Path, clock: FakeClock) -> None:
    db = await Database.open(tmp_path / "data" / "companion.db", clock=clock)
    view = LibraryView(db, clock, accounts=tuple, specs={})
    plays = Plays(db, clock)
    await plays.save(a_play("p1", counted_at=START))
    await plays.save(a_play("p2", counted_at=None))
    (line,) = await view.page(Asked())
    assert (line.kind, line.sources) == (SubjectKind.TRACK, ("companion",))
    assert (await view.statistics(Bucket.DAY)).total == 1
    await db.close()


async def test_of_a_file_with_several_episodes_the_ones_that_counted_are_there(
    tmp_path: Path, clock: FakeClock
) -> None:
    db = await Database.open(tmp_path / "data" / "companion.db", clock=clock)
    view = LibraryView(db, clock, accounts=tuple, specs={})
    plays = Plays(db, clock)
    file = replace(EPISODE, episode_number=4, episode_number_end=6)
    play = a_play("p1", item=file, counted_at=START)

    async def count(number: int, rule: str = "") -> None:
        one = replace(file, episode_number=number, episode_number_end=None)
        scrobble = a_scrobble(f"k{number}", item=one, rule=rule)
        await plays.count(play, [(scrobble, ())])

    async def episodes() -> list[str]:
        return sorted(line.label[-6:] for line in await view.page(Asked()))

    await count(5)
    assert await episodes() == ["S02E05"]
    await count(6)
    await count(6, "0.9")
    assert await episodes() == ["S02E05", "S02E06"]
    await db.close()


async def test_an_older_library_forgets_episodes_that_did_not_count(
    tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "data" / "companion.db"
    # What is looked at came with the tenth; today's ledger needs the profiles to write at all.
    profiles = (m014_profiles, m016_libraries)
    others = tuple(one for one in MIGRATIONS[8:] if one not in profiles)
    before = (*MIGRATIONS[:8], *profiles)
    file = replace(EPISODE, episode_number=4, episode_number_end=6)
    play = a_play("p1", item=file, counted_at=START)
    older = await Database.open(path, clock=clock, migrations=before)
    plays = Plays(older, clock)
    await plays.save(play)
    assert len(await LibraryView(older, clock, accounts=tuple, specs={}).page(Asked())) == 3
    one = replace(file, episode_number=5, episode_number_end=None)
    await plays.count(play, [(a_scrobble("k5", item=one), ())])
    await older.close()
    db = await Database.open(path, clock=clock, migrations=(*before, *others))
    (line,) = await LibraryView(db, clock, accounts=tuple, specs={}).page(Asked())
    assert line.label.endswith("S02E05")
    await db.close()
