"""`sync` by command: asked of a running program over its socket, and with nothing running."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from revenge_companion.cli import main
from revenge_companion.core.errors import ExportRefused
from revenge_companion.core.library import Facet
from revenge_companion.core.syncing import FacetSync, Question, Way
from revenge_companion.demo.world import DemoWorld
from tests.faults.engine_process import at_home, environment, process
from tests.integration.cli.test_import_commands import Program, said
from tests.integration.cli.test_import_whole import cli_of
from tests.ui.fake_exports import SYNCED, SYNCS, FakeSyncs

HISTORY, RATINGS = Facet.HISTORY, Facet.RATINGS


@pytest.fixture
def syncs() -> Iterator[FakeSyncs]:
    with Program() as program:
        yield program.engine.syncs


def test_the_state_is_stable_for_scripts(
    capsys: pytest.CaptureFixture[str], syncs: FakeSyncs
) -> None:
    code, told = said(capsys, "sync")
    assert code == 0
    trakt, simkl = told["accounts"]
    assert trakt == {
        "id": 1,
        "name": "Trakt (anna)",
        "service": "trakt",
        "running": False,
        "next_at": "2026-03-02T18:05:00+00:00",
        "note": SYNCS[0].note,
        "what": [
            {"what": "history", "looked_at": "2026-03-01T18:02:00+00:00",
             "synced_at": "2026-03-01T18:02:00+00:00", "added": 12, "removed": 1, "sent": 3,
             "unread": 0, "trouble": "", "left": False, "question": None},
            {"what": "ratings", "looked_at": "2026-03-01T18:02:00+00:00", "synced_at": None,
             "added": 0, "removed": 0, "sent": 0, "unread": 0, "trouble": "", "left": False,
             "question": {"way": "take", "before": 900, "added": 3, "removed": 120, "run": 7}},
        ],
    }  # fmt: skip
    assert (simkl["what"], simkl["next_at"]) == ([], None)
    assert syncs.asked == []


def test_the_state_in_words_says_what_to_do(
    capsys: pytest.CaptureFixture[str], syncs: FakeSyncs
) -> None:
    assert main(["sync"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "Trakt (anna): synced, next 2026-03-02T18:05:00+00:00",
        "   history: in step since 2026-03-01T18:02:00+00:00; last: 12 taken over, 1 removed, "
        "3 sent.",
        "   ratings: 3 more and 120 fewer in your library, of 900. Nothing was changed: "
        "`sync go-on` or `sync leave`.",
        "Simkl (anna): off",
        "   `accounts set 2 sync_history=true` switches it on.",
    ]
    syncs.known = ()
    assert main(["sync"]) == 0
    assert "No account is linked that could be synced." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("facet", "words"),
    [
        (FacetSync(HISTORY), "not synced yet."),
        (
            FacetSync(HISTORY, SYNCED, SYNCED, added=12, unread=1200),
            f"in step since {SYNCED.isoformat()}; last: 12 taken over, 0 removed, 0 sent. "
            "1,200 lines could not be read.",
        ),
        (FacetSync(HISTORY, SYNCED, SYNCED, left="*"), "left as it is; `sync now` looks again."),
        (
            FacetSync(HISTORY, SYNCED, question=Question(Way.SEND, 5, 1200, 0)),
            "1,200 more and 0 fewer at the account, of 5.",
        ),
        (FacetSync(HISTORY, SYNCED, SYNCED, trouble="Simkl is down."), "Simkl is down."),
    ],
    ids=["new", "unread", "left", "asks to send", "trouble"],
)
def test_each_state_has_its_words(
    capsys: pytest.CaptureFixture[str], syncs: FakeSyncs, facet: FacetSync, words: str
) -> None:
    syncs.known = (replace(SYNCS[1], facets=(facet,)),)
    assert main(["sync"]) == 0
    assert f"history: {words}" in capsys.readouterr().out


def test_now_syncs_one_account_and_says_how_it_stands(
    capsys: pytest.CaptureFixture[str], syncs: FakeSyncs
) -> None:
    syncs.known = (replace(SYNCS[0], facets=SYNCS[0].facets[:1]), SYNCS[1])
    code, told = said(capsys, "sync", "now", "trakt")
    assert (code, told["account"]["id"]) == (0, 1)
    assert main(["sync", "now", "1"]) == 0
    assert "12 taken over" in capsys.readouterr().out
    assert syncs.asked == [("sync_now", 1)] * 2


@pytest.mark.parametrize(
    "facet",
    [SYNCS[0].facets[1], FacetSync(RATINGS, SYNCED, SYNCED, trouble="Trakt is down.")],
    ids=["question", "trouble"],
)
def test_what_is_not_in_step_is_no_success(
    capsys: pytest.CaptureFixture[str], syncs: FakeSyncs, facet: FacetSync
) -> None:
    syncs.known = (replace(SYNCS[0], facets=(SYNCS[0].facets[0], facet)), SYNCS[1])
    code, told = said(capsys, "sync", "now", "trakt")
    # The answer is whole all the same.
    assert (code, [one["what"] for one in told["account"]["what"]]) == (1, ["history", "ratings"])


@pytest.mark.parametrize(("word", "go_on"), [("go-on", True), ("leave", False)])
def test_a_question_is_decided(
    capsys: pytest.CaptureFixture[str], syncs: FakeSyncs, word: str, go_on: bool
) -> None:
    code, told = said(capsys, "sync", word, "trakt", "ratings")
    assert (code, told["account"]["what"][1]["question"]) == (0, None)
    assert syncs.asked == [("answer", 1, RATINGS, go_on)]


@pytest.mark.parametrize("arguments", [("now", "trakt"), ("go-on", "trakt", "history")], ids=str)
def test_a_refusal_is_said(
    capsys: pytest.CaptureFixture[str], syncs: FakeSyncs, arguments: tuple[str, ...]
) -> None:
    syncs.fails = ExportRefused("There is nothing to decide.")
    code, told = said(capsys, "sync", *arguments)
    assert (code, told) == (1, {"error": "There is nothing to decide."})
    assert main(["sync", *arguments]) == 1
    captured = capsys.readouterr()
    assert (captured.out, "There is nothing to decide." in captured.err) == ("", True)


def test_an_account_that_is_none_is_refused(
    capsys: pytest.CaptureFixture[str], syncs: FakeSyncs
) -> None:
    code, told = said(capsys, "sync", "now", "goodreads")
    assert (code, list(told)) == (1, ["error"])
    assert syncs.asked == []


@pytest.mark.parametrize(
    "arguments",
    [("now",), ("go-on", "trakt"), ("leave", "trakt", "loved"), ("often",)],
    ids=str,
)
def test_wrong_words_are_usage(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert main(["sync", *arguments]) == 2
    assert "usage:" in capsys.readouterr().err


async def test_with_nothing_running_it_syncs_and_asks_all_the_same(home: Path) -> None:
    async with DemoWorld(speed=50.0) as world:
        site = world.destinations.trakt
        site.preload(1200, rated=60)
        async with at_home(home, world) as house:
            (account,) = await house.link("trakt")
        cli = cli_of(home, world, "sync")
        code, told = await cli("now", "trakt")
        assert code == 1
        assert told["error"] == "Nothing of this account is switched on to be synced."
        words = ("accounts", "set", "trakt", "sync_history=true", "sync_ratings=true")
        async with process(
            home, "revenge_companion", *words, env=environment(home, world)
        ) as setting:
            assert await setting.ended() == 0
        code, told = await cli("now", "trakt")
        history, ratings = told["account"]["what"]
        assert (code, ratings["added"]) == (1, 60)
        assert history["question"] == {
            "way": "take", "before": 0, "added": 1200, "removed": 0,
            "run": history["question"]["run"],
        }  # fmt: skip
        code, told = await cli("go-on", "trakt", "history")
        assert (code, told["account"]["what"][0]["added"]) == (0, 1200)
        code, told = await cli("leave", "trakt", "history")
        assert (code, told) == (1, {"error": "There is nothing to decide."})
        code, told = await cli("now", str(account.id))
        assert (code, [one["sent"] for one in told["account"]["what"]]) == (0, [0, 0])
        # Whoever disconnects the program there is told so, and what to do.
        site.grants.end()
        code, told = await cli("now", "trakt")
        assert code == 1
        assert all("Trakt" in one["trouble"] for one in told["account"]["what"])
        asked = len(site.requests)
        code, told = await cli("now", "trakt")
        assert code == 1
        assert all("Link again" in one["trouble"] for one in told["account"]["what"])
        assert len(site.requests) == asked
