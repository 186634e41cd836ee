"""The log tells what happened and never a secret."""

import json
import logging
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from revenge_companion import logs
from tests.conftest import LogGuard

CANARY = "c4nary-5ecret-value-0123456789"

_log = logging.getLogger("revenge_companion.some.part")


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "companion.log"
    undo = logs.configure(file)
    yield file
    undo()


@pytest.mark.parametrize(
    "line",
    [
        f"Authorization: Bearer {CANARY}",
        f"authorization: Token {CANARY}",
        f"{{'Authorization': 'Basic {CANARY}', 'accept': '*/*'}}",
        f"[(b'authorization', b'Bearer {CANARY}')]",
        f"sent Bearer {CANARY} and was refused",
        f"ListenBrainz took Token {CANARY}",
        f"Set-Cookie: session={CANARY}; HttpOnly",
        f"trakt-api-key: {CANARY}",
        f"X-Api-Key={CANARY}",
        f"api_key={CANARY}&method=auth.getMobileSession",
        f"{{'api_sig': '{CANARY}', 'sk': '{CANARY}'}}",
        json.dumps({"access_token": CANARY, "refresh_token": CANARY, "expires_in": 7}),
        json.dumps({"user": {"password": f'with \\ and " {CANARY}'}}),
        f"password: {CANARY}",
        f'passphrase="{CANARY}"',
        f"Secret(access_token='{CANARY}')",
        f"client_secret = {CANARY}",
        f"session_key={CANARY}",
        f"device_code: {CANARY}",
        f"https://user:{CANARY}@media.local/api",
        f"https://media.local/ws?token={CANARY}",
        f"wss://media.local/ws?since=1&t={CANARY}",
        f"https://media.local/callback#access={CANARY}",
        f"GET /callback?code={CANARY}&state=1 HTTP/1.1",
        f"eyJhbGciOiJIUzI1NiJ9.{CANARY}.{CANARY}",
    ],
)
def test_secrets_in_every_usual_form_are_taken_out(line: str) -> None:
    redacted = logs.redact(line)
    assert CANARY not in redacted
    assert logs.GONE in redacted or line.startswith("https://user:")


@pytest.mark.parametrize(
    "line",
    [
        "Trakt asked to wait 12 s; 3 pending",
        "GET https://media.local:8096/api/v1/users/me answered 401",
        "the token was refreshed before it ended",
        "no basic understanding of 7 frames",
        "signed in as anna at https://media.local/",
        "listening on ws://127.0.0.1:8096/api/v1/ws",
        "delivery 12 became parked: error code 29",
    ],
)
def test_what_a_stranger_needs_stays(line: str) -> None:
    assert logs.redact(line) == line


def test_a_secret_known_at_run_time_is_taken_out_in_any_spelling() -> None:
    logs.keep_out("p@ss word/1")
    for spelled in ("p@ss word/1", "p%40ss%20word%2F1", "p%40ss+word%2F1"):
        assert logs.redact(f"so: {spelled}.") == f"so: {logs.GONE}."


def test_a_short_secret_does_not_take_words_out() -> None:
    logs.keep_out("the")
    logs.keep_out("")
    assert logs.redact("the play counted") == "the play counted"


def test_long_lines_of_one_word_are_redacted_quickly() -> None:
    for piece in ("a", "token", "a-", "://", "eyJ", "?a", "api_", 'password="'):
        logs.redact(piece * 20_000)


def test_no_canary_reaches_the_file_by_any_way_of_logging(
    log_file: Path, expected_logs: LogGuard
) -> None:
    expected_logs.expect()
    logs.keep_out(CANARY)
    _log.info("plain %s", CANARY)
    _log.info("mapping %(a)s", {"a": CANARY})
    _log.warning("object %r", {"whatever": [CANARY]})
    try:
        raise ValueError(f"refused: {CANARY}")
    except ValueError:
        _log.exception("failed")
    _log.info("with a stack", stack_info=True, extra={"more": CANARY})
    written = log_file.read_text()
    assert CANARY not in written
    assert "ValueError: refused: [redacted]" in written


def test_a_line_says_when_in_utc_how_bad_and_where(log_file: Path) -> None:
    _log.info("linked %s", "Trakt")
    stamp, level, name, rest = log_file.read_text().rstrip().split(" ", 3)
    assert stamp.endswith("Z")
    assert (level, name, rest) == ("INFO", "revenge_companion.some.part:", "linked Trakt")


def test_no_text_can_forge_a_line(log_file: Path) -> None:
    _log.info("title %s", "a\n2026-01-01T00:00:00Z INFO x: forged\x1b[2J\u2028")
    assert len(log_file.read_text().splitlines()) == 1
    assert "\x1b" not in log_file.read_text()


def test_a_huge_line_is_cut(log_file: Path) -> None:
    _log.info("frame %s", "x" * 1_000_000)
    assert log_file.stat().st_size < 20_000


@pytest.mark.skipif(os.name != "posix", reason="modes mean nothing here")
def test_files_are_for_this_user_only_after_rotation_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES", 2000)
    file = tmp_path / "companion.log"
    file.write_text("older, and readable by all\n")
    file.chmod(0o644)
    before = os.umask(0)
    undo = logs.configure(file)
    try:
        for number in range(400):
            _log.info("line %d", number)
    finally:
        undo()
        os.umask(before)
    files = list(tmp_path.iterdir())
    assert len(files) == 1 + logs.OLD_FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_details_and_libraries_stay_out_unless_asked_for(log_file: Path) -> None:
    _log.debug("a frame")
    logging.getLogger("httpx").info("HTTP Request: GET https://media.local/")
    assert not log_file.exists()


def test_the_environment_sets_the_level(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVENGE_COMPANION_LOG", "debug")
    file = tmp_path / "companion.log"
    undo = logs.configure(file)
    _log.debug("a frame")
    undo()
    assert "a frame" in file.read_text()


@pytest.mark.expected_logs("REVENGE_COMPANION_LOG is not one of debug, info, warning, error")
def test_an_unknown_level_is_said_and_info_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVENGE_COMPANION_LOG", "loud")
    undo = logs.configure(tmp_path / "companion.log")
    _log.info("heard")
    undo()
    assert "heard" in (tmp_path / "companion.log").read_text()


def test_a_log_that_cannot_be_written_ends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undo = logs.configure(tmp_path / "missing" / "companion.log")
    _log.info("secret: %s", CANARY)
    undo()
    assert CANARY not in capsys.readouterr().err


def test_an_uncaught_exception_is_logged_and_told_without_its_secret(
    log_file: Path, capsys: pytest.CaptureFixture[str], expected_logs: LogGuard
) -> None:
    expected_logs.expect("Uncaught exception")
    try:
        raise RuntimeError(f"https://media.local/?token={CANARY}")
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)
    for told in (log_file.read_text(), capsys.readouterr().err):
        assert "RuntimeError: https://media.local/?[redacted]" in told
        assert CANARY not in told


def test_an_uncaught_exception_of_a_thread_is_logged(
    log_file: Path, capsys: pytest.CaptureFixture[str], expected_logs: LogGuard
) -> None:
    expected_logs.expect("Uncaught exception")

    def fail() -> None:
        raise RuntimeError("in a thread")

    hook: Callable[[threading.ExceptHookArgs], object] = threading.excepthook
    try:
        fail()
    except RuntimeError as error:
        hook(
            threading.ExceptHookArgs(
                (RuntimeError, error, error.__traceback__, threading.current_thread())
            )
        )
    assert "RuntimeError: in a thread" in log_file.read_text()


def test_undoing_leaves_no_trace(tmp_path: Path) -> None:
    before = (list(logging.getLogger().handlers), sys.excepthook, threading.excepthook)
    logs.configure(tmp_path / "companion.log", console=True)()
    assert (list(logging.getLogger().handlers), sys.excepthook, threading.excepthook) == before
