"""`import` by command, asked of a running program over its socket; its engine is a fake."""

import argparse
import asyncio
import io
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from revenge_companion.cli import main, parser
from revenge_companion.cli.import_parser import ACTIONS
from revenge_companion.core.imports import Candidate, ImportRun, RunState, Verdict
from revenge_companion.core.ordering import Order, SortBy
from revenge_companion.core.reasons import Reason
from revenge_companion.engine.control import ControlServer
from revenge_companion.engine.requests import Requests
from revenge_companion.paths import find_paths
from tests.integration.cli.kit import run as said
from tests.ui.fake_engine import SIGNED_IN, FakeEngine
from tests.ui.fake_imports import COUNTS, LETTERBOXD_ZIP, TRAKT, FakeImports, broken, row, run


class Going(FakeImports):
    """A run moves on by a step each time that it is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = COUNTS
        #: Lines that could not be read.
        self.failed = 0
        #: Stops reading with this sentence, where it is one.
        self.stumbles = ""
        #: Somebody presses Ctrl+C while it is read.
        self.interrupts = False
        self.lines = [row(1, Verdict.CONFLICT), row(2, Verdict.UNMATCHED), row(3)]

    async def run(self, run_id: int) -> ImportRun:
        await super().run(run_id)
        now = self.known[run_id]
        if not now.running:
            return now
        if self.interrupts and now.processed:
            os.kill(os.getpid(), signal.SIGINT)
            return now
        if now.processed < 4030:
            self.become(
                replace(now, processed=now.processed + 2015, total=4030, rate=800.0, left_s=2.5)
            )
            return self.known[run_id]
        ends = {
            RunState.READING: RunState.PREVIEW,
            RunState.WRITING: RunState.DONE,
            RunState.UNDOING: RunState.UNDONE,
        }
        moved = replace(
            now, state=ends[now.state], running=False, counts=self.counts, failed=self.failed
        )
        if self.stumbles:
            moved = replace(now, state=RunState.STOPPED, running=False, trouble=self.stumbles)
        self.become(moved)
        return moved


class Program:
    """What answers at the control socket, on a loop of its own."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.engine.status = SIGNED_IN
        self.imports = Going()
        self.engine.imports = self.imports
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._done: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._work(),))

    def __enter__(self) -> "Program":
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._done is not None
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(5)
        self._loop.close()

    async def _work(self) -> None:
        self._done = asyncio.Event()
        requests = Requests(self.engine)
        control = ControlServer(find_paths().create().control, requests.handle)
        await control.start()
        self._ready.set()
        try:
            await self._done.wait()
        finally:
            await control.close()
            await requests.close()


@pytest.fixture
def imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[Going]:
    monkeypatch.setattr("revenge_companion.cli.imports._LOOK_S", 0.001)
    with Program() as program:
        yield program.imports


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_actions_are_those_that_the_parser_knows() -> None:
    built = parser.build()
    (commands,) = (a for a in built._actions if isinstance(a, argparse._SubParsersAction))  # noqa: SLF001  # no other way to ask
    (actions,) = (
        a
        for a in commands.choices["import"]._actions  # noqa: SLF001
        if isinstance(a, argparse._SubParsersAction)  # noqa: SLF001
    )
    assert tuple(sorted(actions.choices)) == tuple(sorted(ACTIONS))


def test_a_source_is_imported_without_asking(
    capsys: pytest.CaptureFixture[str], imports: Going
) -> None:
    code, told = said(capsys, "import", "trakt", "--yes", "--what", "history,ratings", "--no-mark")
    assert code == 0
    assert told.keys() == {"run"}
    assert (told["run"]["state"], told["run"]["written"]) == ("done", True)
    (asked,) = imports.calls("begin")
    assert (asked[0], [facet.value for facet in asked[1]], asked[3]) == (  # type: ignore[attr-defined]
        TRAKT.key,
        ["history", "ratings"],
        False,
    )


def test_what_could_not_be_read_is_told_with_its_place_and_why(
    capsys: pytest.CaptureFixture[str], imports: Going
) -> None:
    imports.broken = [broken(number) for number in range(1, 13)]
    imports.broken[1] = broken(2, Reason.LINE_QUOTE_OPEN, file="", line=0, text="")
    imports.failed = 1200
    code, told = said(capsys, "import", "trakt", "--preview")
    assert (code, told["run"]["failed"], told["unread"]["more"]) == (0, 1200, 200)
    assert len(told["unread"]["lines"]) == 12
    assert told["unread"]["lines"][0] == {
        "id": 1,
        "what": "history",
        "file": "diary.csv",
        "line": 17,
        "text": imports.broken[0].unread.text,
        "reason_code": "line_undated",
        "reason": "Its date is missing or cannot be read.",
    }
    assert told["unread"]["lines"][1]["file"] is None
    assert main(["import", "trakt", "--preview"]) == 0
    out = capsys.readouterr().out
    assert (
        "Could not be read:\n  diary.csv, line 17: Its date is missing or cannot be read. [" in out
    )
    assert "\n  history: A quotation mark is opened and never closed.\n" in out
    assert "  and 1,190 more: `import unread 2`\n" in out

    assert main(["import", "unread", "2", "--limit", "3", "--sort", "why", "--reverse"]) == 0
    assert imports.orders[-1] == Order(SortBy.WHY, down=True)
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 4
    assert out.endswith("200 more could not be read; they are only counted.\n")
    code, told = said(capsys, "import", "unread", "2", "--what", "ratings")
    assert (code, told) == (0, {"lines": [], "more": 200})


def test_lines_are_listed_in_an_order(capsys: pytest.CaptureFixture[str], imports: Going) -> None:
    said(capsys, "import", "trakt", "--preview")
    said(capsys, "import", "show", "1", "--sort", "date")
    assert imports.orders[-1] == Order(SortBy.DATE)
    said(capsys, "import", "unmatched", "--sort", "title", "--reverse")
    assert imports.orders[-1] == Order(SortBy.TITLE, down=True)


def test_a_preview_writes_nothing_and_shows_what_needs_a_decision(
    capsys: pytest.CaptureFixture[str], imports: Going
) -> None:
    code, told = said(capsys, "import", "trakt", "--preview")
    assert (code, told["run"]["state"]) == (0, "preview")
    assert [one["verdict"] for one in told["rows"]] == ["conflict", "unmatched"]
    assert main(["import", "--json", "1", "--preview"]) == 0
    capsys.readouterr()
    assert main(["import", "trakt", "--preview"]) == 0
    out = capsys.readouterr().out
    assert "Trakt (anna): 3,210 new, 812 already there, 3 in conflict, 5 unmatched. " in out
    assert "Nothing has been written yet." in out
    assert "and 2 more: `import show 3`" in out
    assert "`import resume 3` imports it" in out
    assert imports.calls("write") == []


def test_without_a_yes_it_is_refused_where_nobody_can_be_asked(
    capsys: pytest.CaptureFixture[str], imports: Going, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    code, told = said(capsys, "import", "trakt")
    assert code == 1
    assert "--yes" in told["error"]
    assert imports.asked == []
    imports.become(run(7))
    assert said(capsys, "import", "resume", "7")[0] == 1
    assert imports.calls("write") == []


@pytest.mark.parametrize(("typed", "written"), [("y\n", 1), ("\n", 0), ("no\n", 0), ("", 0)])
def test_on_a_terminal_it_asks(
    capsys: pytest.CaptureFixture[str],
    imports: Going,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    written: int,
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert main(["import", "trakt"]) == 0
    printed = capsys.readouterr()
    assert "Import 3,218 lines? [y/N]" in printed.err
    assert len(imports.calls("write")) == written
    assert ("Imported from Trakt (anna)" in printed.out) == bool(written)


def test_what_is_there_already_asks_nothing(
    capsys: pytest.CaptureFixture[str], imports: Going
) -> None:
    imports.counts = {Verdict.THERE: 812}
    assert main(["import", "trakt", "--yes"]) == 0
    printed = capsys.readouterr()
    assert "Trakt (anna): 812 already there. Your library has all of this already." in printed.out
    assert "[y/N]" not in printed.err
    # An export asks whether it was read.
    assert len(imports.calls("write")) == 1
    assert main(["import", "trakt", "--preview"]) == 0
    assert "Your library has all of this already: 812 already there." in capsys.readouterr().out
    assert len(imports.calls("write")) == 1


@pytest.mark.parametrize(
    ("there", "says"), [(5, "Your library has the rest already"), (0, "None of it could be read")]
)
@pytest.mark.parametrize("way", ["--preview", "--yes"])
def test_what_could_not_be_read_is_not_told_as_there_already(
    capsys: pytest.CaptureFixture[str], imports: Going, there: int, says: str, way: str
) -> None:
    imports.counts = {Verdict.THERE: there}
    imports.failed = 12
    main(["import", "trakt", way])
    out = capsys.readouterr().out
    assert says in out
    assert "12 failed" in out
    assert "all of this" not in out


def test_progress_is_one_line_on_a_terminal(
    capsys: pytest.CaptureFixture[str], imports: Going, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    assert main(["import", "trakt", "--yes"]) == 0
    lines = [line.strip() for line in screen.getvalue().replace("\n", "\r").split("\r")]
    assert "Reading: 2,015 of 4,030 (50 %), 0 matched, 800 a second, 0:02 left" in lines
    assert "Reading: 4,030, comparing" in lines
    assert "Importing: 4,030, marking, 0 so far" in lines


def test_a_file_is_imported_and_one_that_is_not_there_is_said(
    capsys: pytest.CaptureFixture[str], imports: Going, tmp_path: Path
) -> None:
    file = tmp_path / "letterboxd.zip"
    file.write_bytes(b"PK")
    assert said(capsys, "import", str(file), "--yes")[0] == 0
    assert imports.calls("begin")[0][0] == LETTERBOXD_ZIP.key
    gone = said(capsys, "import", str(tmp_path / "gone.zip"), "--yes")
    assert gone == (1, {"error": f"There is no file {tmp_path / 'gone.zip'}."})


def test_a_run_that_stops_says_how_to_go_on(
    capsys: pytest.CaptureFixture[str], imports: Going
) -> None:
    imports.stumbles = "Trakt is not answering."
    assert main(["import", "trakt", "--yes"]) == 1
    assert capsys.readouterr().out == (
        "Stopped after 4,030 of 4,030 lines. Trakt is not answering. Nothing has been written. "
        "`import resume 1` goes on.\n"
    )
    imports.stumbles = ""
    code, told = said(capsys, "import", "resume", "1", "--yes")
    assert (code, told["run"]["state"]) == (0, "done")


def test_ctrl_c_stops_the_run_and_says_how_to_go_on(
    capsys: pytest.CaptureFixture[str], imports: Going
) -> None:
    imports.interrupts = True
    assert main(["import", "trakt", "--yes"]) == 1
    assert imports.calls("cancel") == [(1,)]
    assert "Stopped after 2,015 of 4,030 lines." in capsys.readouterr().err
    assert imports.calls("write") == []


def test_an_import_is_undone_and_forgotten(
    capsys: pytest.CaptureFixture[str], imports: Going
) -> None:
    imports.become(run(4, RunState.DONE, written=True))
    assert said(capsys, "import", "undo", "4")[1]["run"]["state"] == "undone"
    assert said(capsys, "import", "runs")[1]["runs"][0]["state"] == "undone"
    assert main(["import", "runs"]) == 0
    assert "Trakt (anna), undone" in capsys.readouterr().out
    imports.become(run(5, source_name="Letterboxd export", file_name="anna.zip"))
    assert said(capsys, "import", "runs")[1]["runs"][0]["file_name"] == "anna.zip"
    assert main(["import", "runs"]) == 0
    assert "Letterboxd export (anna.zip), preview" in capsys.readouterr().out
    imports.known.pop(5)
    assert said(capsys, "import", "forget", "4") == (0, {"forgotten": 4})
    assert main(["import", "runs"]) == 0
    assert capsys.readouterr().out == "Nothing has been imported yet.\n"


def test_a_run_is_cancelled(capsys: pytest.CaptureFixture[str], imports: Going) -> None:
    imports.become(run(4, RunState.WRITING, written=True, running=True, processed=100))
    assert main(["import", "cancel", "4"]) == 0
    assert capsys.readouterr().out == (
        "Stopped after 100 of 4,030 lines. `import resume 4` goes on, `import undo 4` takes it "
        "back.\n"
    )


def test_lines_are_listed_chosen_and_matched(
    capsys: pytest.CaptureFixture[str], imports: Going
) -> None:
    imports.become(run(1))
    shown = said(capsys, "import", "show", "1", "--verdict", "conflict")[1]["rows"]
    assert [one["id"] for one in shown] == [1]
    assert said(capsys, "import", "choose", "1", "ours", "1")[0] == 0
    assert main(["import", "choose", "1", "theirs"]) == 0
    assert capsys.readouterr().out == "Chosen for all conflicts: theirs.\n"
    assert main(["import", "show", "1", "--verdict", "conflict"]) == 0
    assert "your library: 01/02/2026 21:05; chosen: theirs." in capsys.readouterr().out
    (line,) = said(capsys, "import", "unmatched")[1]["rows"]
    imports.found = [Candidate("m1", "Nosferatu (1922)", 0.9)]
    assert main(["import", "candidates", str(line["id"])]) == 0
    assert capsys.readouterr().out == "m1  Nosferatu (1922) (90% alike)\n"
    assert said(capsys, "import", "match", str(line["id"]), "m1")[0] == 0
    assert said(capsys, "import", "never", "2")[0] == 0
    assert main(["import", "unmatched"]) == 0
    assert capsys.readouterr().out == "There are no such lines.\n"


def test_sources_are_listed(capsys: pytest.CaptureFixture[str], imports: Going) -> None:
    assert main(["import", "sources"]) == 0
    out = capsys.readouterr().out
    assert "Trakt (anna) (account:1): history, ratings, watchlist, collection, lists" in out
    assert "Letterboxd export (file .zip): history, ratings, watchlist, lists" in out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("trakt", "--what", "plays", "--yes"),
        ("trakt", "--what", "", "--yes"),
        ("resume",),
        ("undo", "four"),
        ("match", "4"),
        ("choose", "1", "mine"),
        ("show", "1", "--verdict", "odd"),
        ("trakt", "simkl"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_two(arguments: tuple[str, ...]) -> None:
    assert main(["import", *arguments]) == 2


def test_refusals_are_one(capsys: pytest.CaptureFixture[str], imports: Going) -> None:
    code, told = said(capsys, "import", "nobody", "--yes")
    assert code == 1
    assert told["error"].startswith("There is no account 'nobody'.")
