"""Anime lists, shelves and a film diary through the importer: each line once in the library."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from revenge_companion.core.imports import ImportRun, RunState, Verdict
from revenge_companion.core.library import Facet, Subject, SubjectKind
from revenge_companion.core.reasons import Reason
from revenge_companion.engine.import_reading import RETRIES_S
from revenge_companion.services.anilist.spec import SPEC as ANILIST
from revenge_companion.services.base import Secret
from revenge_companion.services.file_formats import FORMATS
from revenge_companion.services.myanimelist.spec import SPEC as MYANIMELIST
from tests.unit.engine.import_kit import Desk, FakeCatalogue, desk, shown
from tests.unit.services.anime import a_mal
from tests.unit.services.kit import TOKEN, Answers, MemorySlot, QuickClock, an_account, played
from tests.unit.services.test_anilist_reading import LIST as AT_ANILIST
from tests.unit.services.test_anilist_reading import Site, an_entry, one_list
from tests.unit.services.test_anilist_reading import a_client as an_anilist
from tests.unit.services.test_hardcover_reading import Library
from tests.unit.services.test_hardcover_reading import a_client as a_hardcover
from tests.unit.services.test_letterboxd_export import an_export
from tests.unit.services.test_myanimelist_reading import LIST as AT_MAL

#: Plays the cassettes of both lists stand for.
PLAYS = 14
BOOKS = 250


@pytest.fixture
def site() -> Site:
    return Site(AT_ANILIST["response"]["json"]["data"]["MediaListCollection"]["lists"])


@pytest.fixture
async def imports(site: Site, tmp_path: Path) -> AsyncIterator[Desk]:
    """An importer; account 1 is at AniList, 2 at MyAnimeList, 3 at Hardcover."""
    clock = QuickClock()
    mal = a_mal(Answers(played(AT_MAL)), tmp_path, clock)
    clients: list[Any] = [
        an_anilist(site.http, tmp_path, clock),
        mal.client(an_account("myanimelist"), MemorySlot(Secret(TOKEN))),
        a_hardcover(Library(*range(1, BOOKS + 1))),
    ]
    catalogue = FakeCatalogue({"episode/show/tvdb:305089/2/14": "e214", "show/tvdb:305089": "s"})
    async with desk(tmp_path, *clients, clock=clock, formats=FORMATS, catalogue=catalogue) as made:
        yield made


async def whole(
    imports: Desk, source: str, facets: tuple[Facet, ...], path: Path | None = None
) -> ImportRun:
    """Read a source and write it; the run as its preview showed it."""
    run_id = await imports.importer.begin(source, facets, path=path)
    preview = await imports.reached(run_id, RunState.PREVIEW)
    await imports.importer.write(run_id)
    await imports.reached(run_id, RunState.DONE)
    return preview


@pytest.mark.parametrize(
    ("account", "facets", "every"),
    [
        pytest.param(1, ANILIST.imports, PLAYS + 2 + 1 + 2, id="AniList"),
        pytest.param(2, MYANIMELIST.imports, PLAYS + 2 + 1, id="MyAnimeList"),
        pytest.param(3, (Facet.HISTORY,), BOOKS, id="Hardcover"),
    ],
)
async def test_everything_is_in_the_library_once(
    imports: Desk, account: int, facets: tuple[Facet, ...], every: int
) -> None:
    run = await whole(imports, f"account:{account}", facets)
    assert (run.processed, run.failed) == (every, 0)
    again = await whole(imports, f"account:{account}", facets)
    assert again.counts.get(Verdict.THERE) == every


async def test_the_preview_says_why_something_was_not_found(imports: Desk) -> None:
    run_id = await imports.importer.begin("account:1", (Facet.HISTORY,))
    run = await imports.reached(run_id, RunState.PREVIEW)
    # The first episode of the second cour is the server's S2E14.
    assert (run.total, run.matched) == (PLAYS, 1)
    rows = {one.entry.line: one for one in await imports.importer.rows(run_id)}
    assert rows["119661/1"].entry.subject.media_id == "e214"
    assert rows["119661/2"].reason_code == Reason.EPISODE_MISSING
    assert rows["100049/1"].reason_code == Reason.ANIME_UNPLACED
    assert rows["21/2"].reason_code == Reason.ANIME_ABSOLUTE
    assert rows["909/1"].reason_code == Reason.NOT_ON_SERVER


async def test_two_lists_of_one_user_are_one_history(imports: Desk) -> None:
    """What AniList calls by its own id and by MyAnimeList's is the same thing there."""
    await whole(imports, "account:1", (Facet.HISTORY,))
    before = await shown(imports.db)
    await whole(imports, "account:2", (Facet.HISTORY,))
    after = await shown(imports.db)
    # One anime is on each that the other does not have.
    assert len(after) == len(before) + 1


async def test_a_list_that_broke_off_goes_on_and_misses_nothing(imports: Desk, site: Site) -> None:
    site.chunks = [one_list(*(an_entry(n) for n in range(at, at + 5))) for at in (1, 6, 11)]
    # Once more than the importer is patient.
    troubles = [httpx.ConnectError("no") for _ in range(len(RETRIES_S) + 1)]

    def gone() -> None:
        error = troubles.pop()
        if troubles:
            site.before[2] = gone
        raise error

    site.before[2] = gone
    run_id = await imports.importer.begin("account:1", (Facet.HISTORY,))
    stopped = await imports.until(run_id, RunState.STOPPED)
    assert (stopped.processed, bool(stopped.trouble)) == (5, True)
    await imports.importer.resume(run_id)
    run = await imports.reached(run_id, RunState.PREVIEW)
    assert (run.processed, run.failed) == (15, 0)


async def test_a_diary_waits_for_the_user_to_say_which_films_it_names(
    imports: Desk, tmp_path: Path
) -> None:
    dune = Subject(SubjectKind.MOVIE, "Dune", 2021, media_id="m1")
    imports.catalogue.labels["m1"] = dune
    path = an_export(tmp_path)
    assert (await imports.importer.recognise(path)).key == "letterboxd-zip"
    facets = (Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST, Facet.LOVED, Facet.LISTS)
    run = await whole(imports, "letterboxd-zip", facets, path)
    assert (run.total, run.processed, run.matched) == (12, 12, 0)
    rows = await imports.importer.unmatched()
    assert {one.reason_code for one in rows} == {Reason.NO_IDS}
    first = next(one for one in rows if one.entry.subject.title == "Dune")
    assert [one.media_id for one in await imports.importer.candidates(first.id)] == ["m1"]
    await imports.importer.match(first.id, "m1")
    # Every line about the film, whichever file it is from.
    left = await imports.importer.unmatched()
    assert "Dune" not in {one.entry.subject.title for one in left}
    assert len(rows) - len(left) == 5


async def test_an_export_is_offered_with_where_it_is_had(imports: Desk) -> None:
    offered = {one.key: one for one in imports.importer.sources()}["letterboxd-zip"]
    assert offered.is_file
    assert offered.help_url.startswith("https://letterboxd.com/")
    assert offered.note.startswith("In Letterboxd's settings")
