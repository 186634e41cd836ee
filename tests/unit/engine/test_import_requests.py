"""Imports as the command line asks for them: plain values, and refusals in sentences."""

from pathlib import Path
from typing import Any

import pytest

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.imports import Candidate, Choice, RunState, Verdict
from revenge_companion.core.library import Facet
from revenge_companion.engine.requests import Requests
from tests.ui.fake_engine import SIGNED_IN, FakeEngine
from tests.ui.fake_imports import DAY, LETTERBOXD_ZIP, TRAKT, FakeImports, row, run


@pytest.fixture
def engine() -> FakeEngine:
    made = FakeEngine()
    made.status = SIGNED_IN
    return made


@pytest.fixture
def imports(engine: FakeEngine) -> FakeImports:
    return engine.imports


async def ask(engine: FakeEngine, do: str, **args: object) -> dict[str, Any]:
    requests = Requests(engine)
    try:
        return await requests.handle(do, args)
    finally:
        await requests.close()


@pytest.mark.parametrize("named", ["account:1", "1", "trakt"])
async def test_a_source_goes_by_key_number_or_service(
    engine: FakeEngine, imports: FakeImports, named: str
) -> None:
    said = await ask(engine, "import_begin", source=named)
    assert said["run"]["source"] == TRAKT.key
    assert (said["run"]["state"], said["run"]["running"]) == ("reading", True)
    assert imports.calls("begin") == [(TRAKT.key, TRAKT.facets, None, True)]


async def test_a_source_goes_by_the_accounts_label(engine: FakeEngine) -> None:
    said = await ask(engine, "import_begin", source="home")
    assert said["run"]["source"] == "account:3"


@pytest.mark.parametrize("named", ["", "nobody", "7", "letterboxd-zip", "anna"])
async def test_a_source_that_is_not_one_is_refused(
    engine: FakeEngine, imports: FakeImports, named: str
) -> None:
    said = await ask(engine, "import_begin", source=named)
    # "anna" is the label of two accounts.
    several = f"{named!r} means several accounts: say its number, as in `accounts`."
    none = f"There is no account {named!r}. `accounts` lists them."
    assert said == {"error": several if named == "anna" else none}
    assert imports.asked == []


async def test_an_account_that_gives_nothing_says_so(
    engine: FakeEngine, imports: FakeImports
) -> None:
    imports.kinds = (TRAKT,)
    said = await ask(engine, "import_begin", source="simkl")
    assert said == {"error": "Nothing can be imported from simkl."}


async def test_only_what_is_wanted_is_read_and_marking_can_be_left_out(
    engine: FakeEngine, imports: FakeImports
) -> None:
    await ask(engine, "import_begin", source="trakt", what=["ratings", "history"], mark=False)
    assert imports.calls("begin") == [
        (TRAKT.key, (Facet.HISTORY, Facet.RATINGS), None, False),
    ]
    said = await ask(engine, "import_begin", source="2", what=["lists"])
    assert said == {"error": "Simkl (anna) has history, ratings."}


async def test_a_file_needs_its_whole_path_and_is_recognised(
    engine: FakeEngine, imports: FakeImports
) -> None:
    assert "error" in await ask(engine, "import_begin", file="export.zip")
    path = Path("/home/anna/export.zip")
    await ask(engine, "import_begin", file=str(path))
    assert imports.calls("recognise") == [(path,)]
    assert imports.calls("begin") == [(LETTERBOXD_ZIP.key, LETTERBOXD_ZIP.facets, path, True)]


async def test_what_the_engine_refuses_is_said(engine: FakeEngine, imports: FakeImports) -> None:
    imports.fails = ImportRefused("letter.txt is not an export that the Companion knows.")
    said = await ask(engine, "import_begin", file="/letter.txt")
    assert said == {"error": "letter.txt is not an export that the Companion knows."}


@pytest.mark.parametrize("do", ["write", "cancel", "resume", "undo"])
async def test_a_run_is_moved_on_and_told(
    engine: FakeEngine, imports: FakeImports, do: str
) -> None:
    imports.become(run(1, written=True))
    said = await ask(engine, f"import_{do}", id=1)
    assert imports.calls(do) == [(1,)]
    assert said["run"]["id"] == 1
    assert said["run"]["counts"] == {"new": 3210, "there": 812, "conflict": 3, "unmatched": 5}
    assert "error" in await ask(engine, f"import_{do}", id="1")


async def test_runs_are_listed_and_forgotten(engine: FakeEngine, imports: FakeImports) -> None:
    imports.become(run(1, RunState.DONE, written=True))
    imports.become(run(2))
    said = await ask(engine, "import_runs", limit=1)
    assert [one["id"] for one in said["runs"]] == [2]
    assert await ask(engine, "import_forget", id=2) == {"forgotten": 2}
    assert (await ask(engine, "import_run", id=1))["run"]["can_undo"] is True


async def test_lines_are_found_and_told_whole(engine: FakeEngine, imports: FakeImports) -> None:
    imports.lines = [
        row(1, entry=DAY),
        row(2),
        row(3, Verdict.CONFLICT),
        row(5, Verdict.UNMATCHED),
    ]
    said = await ask(engine, "import_rows", id=1, verdict="new", limit=5)
    first, second = said["rows"]
    assert (first["at"], first["precision"]) == ("2024-02-29T12:00:00+00:00", "day")
    assert first["ids"] == {"tmdb": 2}
    assert (second["what"], second["rating"], second["matched"]) == ("ratings", 30, second["item"])
    said = await ask(engine, "import_rows", id=1, what="ratings", search="HARBOUR", after=2)
    assert [one["id"] for one in said["rows"]] == [5]
    (unmatched,) = (await ask(engine, "import_unmatched"))["rows"]
    assert unmatched["reason"] == "Your server does not know this item."
    assert unmatched["matched"] is None


@pytest.mark.parametrize(
    "args",
    [
        {"verdict": "newish"},
        {"what": "plays"},
        {"limit": 0},
        {"limit": 5001},
        {"after": "x"},
        {"search": "x" * 501},
        {"search": 5},
    ],
    ids=str,
)
async def test_odd_questions_are_refused(engine: FakeEngine, args: dict[str, object]) -> None:
    said = await ask(engine, "import_rows", id=1, **args)
    assert said.keys() == {"error"}


async def test_choices_are_for_some_lines_or_for_all_conflicts(
    engine: FakeEngine, imports: FakeImports
) -> None:
    imports.become(run(1))
    await ask(engine, "import_choose", id=1, rows=[3, 4], choice="skip")
    await ask(engine, "import_choose", id=1, choice="theirs")
    assert imports.calls("choose") == [(1, [3, 4], Choice.SKIP), (1, None, Choice.THEIRS)]
    for odd in ({}, {"choice": "mine"}, {"choice": "ours", "rows": ["3"]}):
        assert "error" in await ask(engine, "import_choose", id=1, **odd)


async def test_an_unmatched_line_is_matched_or_never(
    engine: FakeEngine, imports: FakeImports
) -> None:
    imports.found = [Candidate("m1", "Nosferatu (1922)", 0.912345)]
    said = await ask(engine, "import_candidates", row=5, text="nosferatu")
    assert said == {
        "candidates": [{"media_id": "m1", "item": "Nosferatu (1922)", "likeness": 0.912}]
    }
    assert await ask(engine, "import_match", row=5, media="m1") == {"row": 5, "media_id": "m1"}
    assert "error" in await ask(engine, "import_match", row=5)
    assert await ask(engine, "import_never", row=5) == {"row": 5, "never": True}
    assert (imports.calls("match"), imports.calls("never")) == ([(5, "m1")], [(5,)])


async def test_sources_are_told(engine: FakeEngine) -> None:
    said = await ask(engine, "import_sources")
    assert [one["key"] for one in said["sources"]][3] == "revenge"
    assert said["sources"][4] == {
        "key": "letterboxd-zip",
        "name": "Letterboxd export",
        "service": "letterboxd",
        "what": ["history", "ratings", "watchlist", "lists"],
        "suffixes": [".zip"],
        "note": "Letterboxd keeps days, not times of day.",
        "help_url": "https://letterboxd.com/settings/data/",
    }
