"""`explain`: recordings through the tracker, with its exit codes."""

import io
import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.cli import main
from revenge_companion.core.thresholds import Rules
from revenge_companion.engine.replay import Beginning, Line, outcomes

KEYS = {
    "media_id",
    "kind",
    "started_at",
    "counted_at",
    "counted_at_s",
    "played_seconds",
    "position_seconds",
    "reason",
}


def frame(at: float, name: str, position: float, **data: Any) -> str:
    minute, second = divmod(int(at), 60)
    body = {
        "session_id": "s",
        "user_id": "u",
        "media_type": "track",
        "media_id": "m",
        "position_seconds": position,
        "duration_seconds": 200,
        "state": "stopped" if name in ("stopped", "completed") else "playing",
        "media": {"title": "Words", "artist": "Low"},
        **data,
    }
    envelope = {
        "type": f"playback.{name}",
        "id": f"{at}-{name}",
        "timestamp": f"2026-11-20T20:{minute:02}:{second:02}Z",
        "data": body,
    }
    return json.dumps({"at": at, "frame": envelope})


def play(until: int, **data: Any) -> list[str]:
    lines = [frame(0, "started", 0, **data)]
    return lines + [frame(at, "progress", at, **data) for at in range(10, until + 1, 10)]


def recording(folder: Path, lines: list[str]) -> str:
    path = folder / "tape.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return dict(json.loads(capsys.readouterr().out))


def test_what_counts_is_told_with_its_moment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", recording(tmp_path, play(120)), "--json"]) == 0
    (entry,) = said(capsys)["scrobbles"]
    assert entry.keys() >= KEYS
    assert (entry["media_id"], entry["kind"]) == ("m", "track")
    assert entry["counted_at_s"] == 100.0
    assert entry["counted_at"] == "2026-11-20T20:01:40.000Z"
    assert "?" not in entry["reason"]


def test_what_did_not_count_is_told_with_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = recording(tmp_path, [*play(40), frame(45, "stopped", 45)])
    assert main(["explain", tape, "--json"]) == 0
    answer = said(capsys)
    assert answer["scrobbles"] == []
    (entry,) = answer["rejected"]
    assert entry.keys() >= {"media_id", "kind", "reason_code", "reason"}
    assert entry["reason_code"] == "played_too_little"


def test_the_end_of_the_file_ends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", recording(tmp_path, play(40)), "--json"]) == 0
    answer = said(capsys)
    assert (answer["scrobbles"], answer["rejected"]) == ([], [])


@pytest.mark.parametrize("control", ["disconnect", "reconnect", "restart"])
def test_controls_neither_lose_nor_double(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], control: str
) -> None:
    lines = play(180)
    lines.insert(8, json.dumps({"at": 75, "control": control}))
    assert main(["explain", recording(tmp_path, lines), "--json"]) == 0
    assert len(said(capsys)["scrobbles"]) == 1


def test_junk_lines_are_named_and_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junk = ["no json", "[]", '{"at": "x"}', '{"at": 3}', '{"at": 3, "control": "dance"}', ""]
    junk += ['{"at": NaN, "frame": {}}', '{"at": 5, "frame": 7}', "[" * 5000]
    assert main(["explain", recording(tmp_path, [*junk, *play(120)]), "--json"]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)["scrobbles"]) == 1
    assert "Line 1 is not JSON." in err
    assert "Line 5 has neither" in err
    assert "Traceback" not in err


def test_podcasts_count_once_switched_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = recording(tmp_path, play(400, media_type="podcast_episode", duration_seconds=400))
    assert main(["explain", tape, "--json"]) == 0
    assert said(capsys)["scrobbles"] == []
    assert main(["explain", tape, "--set", "podcasts=true", "--json"]) == 0
    assert len(said(capsys)["scrobbles"]) == 1


def test_a_ratio_can_be_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tape = recording(tmp_path, play(190))
    assert main(["explain", tape, "--set", "track_ratio=0.9", "--json"]) == 0
    assert [entry["counted_at_s"] for entry in said(capsys)["scrobbles"]] == [180.0]


@pytest.mark.parametrize(
    "setting", ["nothing", "unknown=1", "podcasts=maybe", "track_ratio=2", "track_ratio=x"]
)
def test_a_wrong_setting_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], setting: str
) -> None:
    assert main(["explain", recording(tmp_path, play(10)), "--set", setting]) == 2
    assert "explain:" in capsys.readouterr().err


@pytest.mark.parametrize("text", [None, "", "\n\nnot json\n"])
def test_what_holds_no_recording_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    path = tmp_path / "tape.jsonl"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert main(["explain", str(path), "--json"]) == 1
    assert "error" in said(capsys)


def test_a_file_that_is_no_text_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tape.jsonl"
    path.write_bytes(bytes(range(256)) * 20)
    assert main(["explain", str(path), "--json"]) == 1
    assert "holds no recorded frames" in said(capsys)["error"]


def test_words_for_people_name_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", recording(tmp_path, play(120))]) == 0
    assert "Low \N{EN DASH} Words: counts" in capsys.readouterr().out


def test_a_line_of_any_length_is_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = play(120)
    lines.insert(3, '{"at": 25, "frame": "' + "x" * (3 * 1024 * 1024) + '"}')
    assert main(["explain", recording(tmp_path, [*lines, "y" * 2_000_000]), "--json"]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)["scrobbles"]) == 1
    assert err.splitlines() == [
        "Line 4 is longer than 1 MiB. It is skipped.",
        f"Line {len(lines) + 1} is longer than 1 MiB. It is skipped.",
    ]


def test_only_some_bad_lines_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", recording(tmp_path, [*["junk"] * 500, *play(120)]), "--json"]) == 0
    err = capsys.readouterr().err.splitlines()
    assert (len(err), err[-1]) == (21, "480 more lines are skipped.")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_a_recording_may_come_through_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mark: bytes
) -> None:
    piped = io.BytesIO(mark + "\n".join(play(120)).encode() + b"\n\xff\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(piped, encoding="utf-8"))
    assert main(["explain", "-", "--json"]) == 0
    assert [entry["counted_at_s"] for entry in said(capsys)["scrobbles"]] == [100.0]


def test_a_recording_may_come_through_a_named_pipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("\n".join(play(120)),))
    writer.start()
    assert main(["explain", str(pipe), "--json"]) == 0
    writer.join(timeout=10)
    assert len(said(capsys)["scrobbles"]) == 1


def test_a_recording_is_replayed_as_it_is_read() -> None:
    def endless() -> Iterator[Line]:
        for number in count():
            for text in (*play(120), frame(121, "stopped", 121)):
                line = json.loads(text)
                line["frame"]["data"]["media_id"] = f"m{number}"
                line["frame"].pop("id")
                yield Line(200.0 * number + line["at"], line["frame"])

    begins = Beginning("u", datetime(2026, 11, 20, 20, 0, tzinfo=UTC))
    some = islice(outcomes(endless(), Rules(), begins, {}), 3)
    assert [outcome.entry["media_id"] for outcome in some] == ["m0", "m1", "m2"]


@pytest.mark.parametrize("at", [9.9e11, -9.9e11, 1e-300])
def test_any_second_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str], at: float) -> None:
    lines = [json.loads(line) for line in play(120)]
    for line in lines:
        line["at"] += at
        line["frame"]["timestamp"] = "soon"
    tape = recording(tmp_path, [json.dumps(line) for line in lines])
    assert main(["explain", tape, "--json"]) == 0
    assert len(said(capsys)["scrobbles"]) == 1


def test_half_a_character_in_a_title_is_no_trouble(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    media = {"title": "Words \ud83d", "artist": "Low"}
    assert main(["explain", recording(tmp_path, play(120, media=media)), "--json"]) == 0
    assert said(capsys)["scrobbles"][0]["title"].startswith("Low")
