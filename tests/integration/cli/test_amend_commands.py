"""Rules, edits, undo and pauses by command, where no program runs."""

import json
from pathlib import Path

import pytest

from revenge_companion.cli import main
from tests.integration.cli.kit import run


@pytest.mark.parametrize("ending", ["toml", "json"])
def test_rules_go_in_and_out_of_files(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, ending: str
) -> None:
    assert run(capsys, "rules") == (0, {"rules": []})
    row = {"name": "caps", "action": "correct", "field": "artist", "find": "low", "replace": "Low"}
    body = {"format": "revenge-companion-rules", "version": 1, "rules": [row]}
    source = tmp_path / "in.json"
    source.write_text(json.dumps(body))
    assert run(capsys, "rules", "import", str(source), "--preview")[1]["imported"] == 0
    assert run(capsys, "rules", "list")[1]["rules"] == []
    assert run(capsys, "rules", "import", str(source))[1]["imported"] == 1
    target = tmp_path / f"out.{ending}"
    assert run(capsys, "rules", "export", str(target))[1]["exported"] == 1
    assert run(capsys, "rules", "import", str(target))[0] == 0
    assert [one["name"] for one in run(capsys, "rules")[1]["rules"]] == ["caps"]
    assert run(capsys, "rules", "preview") == (0, {"changed": []})


def test_a_file_that_is_no_rules_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "x.json"
    file.write_text('{"format": "other"}')
    assert run(capsys, "rules", "import", str(file)) == (
        1,
        {"error": "This is not a file of rules."},
    )
    code, said = run(capsys, "rules", "import", str(tmp_path / "none.toml"))
    assert code == 1
    assert "cannot be read" in said["error"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("outbox", "undo", "7"), "nothing to undo"),
        (("outbox", "edit", "7", "--set", "title=X"), "There is no delivery 7"),
        (("outbox", "edit", "7", "--set", "title"), "not KEY=VALUE"),
        (("pause",), "not running"),
        (("resume",), "not running"),
    ],
)
def test_what_is_not_there_is_refused_with_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    code, said = run(capsys, *arguments)
    assert code == 1
    assert says in said["error"]


def test_wrong_words_are_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outbox", "undo", "x"]) == 2
    assert main(["pause", "--minutes", "0"]) == 2
    assert main(["rules", "burn"]) == 2
    capsys.readouterr()


def test_rules_read_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    assert capsys.readouterr().out == "There are no rules.\n"
