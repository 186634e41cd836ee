"""`export` by command, asked of a running program over its socket; its engine is a fake."""

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from revenge_companion.cli import main
from revenge_companion.core.library import Facet
from tests.integration.cli.test_import_commands import Program, said
from tests.ui.fake_exports import PREVIEW, FakeExports


@pytest.fixture
def exports() -> Iterator[FakeExports]:
    with Program() as program:
        yield program.engine.exports


def test_a_preview_queues_nothing(capsys: pytest.CaptureFixture[str], exports: FakeExports) -> None:
    code, told = said(capsys, "export", "trakt", "--preview", "--what", "history,ratings")
    assert code == 0
    assert told["counts"] == {"send": 243, "there": 3870, "left_out": 13}
    assert told["what"] == ["history", "ratings"]
    assert {"what": "history", "verdict": "left_out", "reason_code": "date_unknown", "count": 4,
            "reason": "Nobody knows its date, and Trakt takes no play without one.",
            } in told["reasons"]  # fmt: skip
    assert main(["export", "trakt", "--preview"]) == 0
    out = capsys.readouterr().out
    assert "Trakt (anna): 243 to send, 3,870 there already, 13 left out." in out
    assert "and 231 more" in out
    assert [one[0] for one in exports.asked] == ["preview", "preview"]


def test_yes_queues(capsys: pytest.CaptureFixture[str], exports: FakeExports) -> None:
    assert main(["export", "trakt", "--yes"]) == 0
    assert "243 queued." in capsys.readouterr().out
    code, told = said(capsys, "export", "trakt", "--yes")
    assert (code, told) == (0, {"account": 1, "queued": 243})


def test_without_a_terminal_it_asks_for_a_word(
    capsys: pytest.CaptureFixture[str], exports: FakeExports
) -> None:
    code, told = said(capsys, "export", "trakt")
    assert (code, exports.asked) == (1, [])
    assert "--yes" in told["error"]


def test_what_was_not_read_is_said_with_what_to_do(
    capsys: pytest.CaptureFixture[str], exports: FakeExports
) -> None:
    exports.preview_is = replace(PREVIEW, unread=(Facet.RATINGS,))
    code, told = said(capsys, "export", "trakt", "--yes")
    assert code == 1
    assert "`import account:1 --what ratings` reads it." in told["error"]
    assert exports.asked == [("preview", 1, ())]


def test_the_library_goes_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Nothing runs: the command opens the profile itself.
    path = tmp_path / "library.csv"
    assert main(["export", "--library", str(path)]) == 0
    assert "0 lines written." in capsys.readouterr().out
    with path.open(newline="") as file:
        assert next(csv.reader(file))[:3] == ["facet", "kind", "label"]
    assert main(["export", "--library", str(tmp_path / "l.json"), "--what", "ratings"]) == 0
    assert json.loads((tmp_path / "l.json").read_text()) == []


@pytest.mark.parametrize("arguments", [(), ("trakt", "--library", "x.csv")], ids=str)
def test_an_account_or_a_file_is_named(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", *arguments]) == 1
    assert "Name an account" in capsys.readouterr().err
