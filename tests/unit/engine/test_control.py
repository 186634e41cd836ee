"""The command line reaches the running program, and nobody else does."""

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.core.errors import CompanionError
from revenge_companion.engine import control
from revenge_companion.engine.control import (
    AlreadyAnswering,
    ControlServer,
    NotAnswering,
    ask,
    ask_async,
)
from tests.clock import within
from tests.conftest import LogGuard

Handle = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]

WAYS = pytest.mark.parametrize("tcp", [False, True], ids=["unix socket", "loopback port"])


async def echo(do: str, request: dict[str, Any]) -> dict[str, Any]:
    return {"did": do, "with": {k: v for k, v in request.items() if k != "do"}}


@asynccontextmanager
async def serving(
    path: Path, handle: Handle = echo, *, tcp: bool = False
) -> AsyncIterator[ControlServer]:
    server = ControlServer(path, handle, tcp=tcp)
    await server.start()
    try:
        yield server
    finally:
        await within(server.close())


async def raw_answer(path: Path, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(sent)
    if not sent.endswith(b"\n"):
        writer.write_eof()
    answer = await within(reader.read())
    writer.close()
    return answer


@WAYS
async def test_a_request_gets_its_answer(tmp_path: Path, tcp: bool) -> None:
    path = tmp_path / "control"
    async with serving(path, tcp=tcp):
        answers = await asyncio.gather(*(ask_async(path, "status", n=n) for n in range(5)))
    assert answers == [{"did": "status", "with": {"n": n}} for n in range(5)]


@WAYS
async def test_only_this_user_can_open_it_and_it_goes_away(tmp_path: Path, tcp: bool) -> None:
    path = tmp_path / "control"
    async with serving(path, tcp=tcp):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []
    assert ask(path, "status") is None


def test_nobody_there_is_none(tmp_path: Path) -> None:
    assert ask(tmp_path / "control", "status") is None
    (tmp_path / "folder").mkdir()
    assert ask(tmp_path / "folder", "status") is None


@pytest.mark.parametrize("text", ["", "junk", "[]", '{"port": 0}', '{"port": "x"}', "{" * 5000])
def test_a_broken_file_at_the_path_is_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "control").write_text(text)
    assert ask(tmp_path / "control", "status") is None


@WAYS
async def test_what_a_killed_program_left_behind_is_cleaned(tmp_path: Path, tcp: bool) -> None:
    path = tmp_path / "control"
    if tcp:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        path.write_text(json.dumps({"port": port, "token": "old"}))
    else:
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(path))
        left.close()
    assert ask(path, "status") is None
    async with serving(path, tcp=tcp):
        assert await ask_async(path, "status") is not None


@WAYS
async def test_a_second_server_finds_the_first(tmp_path: Path, tcp: bool) -> None:
    path = tmp_path / "control"
    async with serving(path, tcp=tcp):
        with pytest.raises(AlreadyAnswering):
            await ControlServer(path, echo, tcp=tcp).start()
        assert await ask_async(path, "status") is not None


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="no peer credentials here")
async def test_a_path_too_long_for_a_socket_still_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "missing"))
    path = tmp_path / ("long" * 30) / "control"
    path.parent.mkdir()
    async with serving(path):
        named = Path(json.loads(path.read_text())["unix"])
        assert stat.S_IMODE(named.parent.stat().st_mode) == 0o700
        # The client needs no environment of the server's to find it.
        monkeypatch.delenv("XDG_RUNTIME_DIR")
        assert await ask_async(path, "status") is not None
    assert not named.exists()


async def test_a_short_folder_that_somebody_else_prepared_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = tmp_path / "r"
    prepared = runtime / f"revenge-companion-{os.getuid()}"
    prepared.mkdir(parents=True)
    prepared.chmod(0o777)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    path = tmp_path / ("long" * 30) / "control"
    path.parent.mkdir()
    async with serving(path):
        assert list(prepared.iterdir()) == []
        assert await ask_async(path, "status") is not None


async def test_a_wrong_token_gets_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "control"
    asked: list[str] = []

    async def handle(do: str, request: dict[str, Any]) -> dict[str, Any]:
        asked.append(do)
        return {"token seen": "token" in request}

    async with serving(path, handle, tcp=True):
        assert await ask_async(path, "status") == {"token seen": False}
        named = json.loads(path.read_text())
        path.write_text(json.dumps(named | {"token": "guess"}))
        with pytest.raises(NotAnswering):
            await ask_async(path, "status")
    assert asked == ["status"]


async def test_a_refusal_is_a_sentence(tmp_path: Path) -> None:
    async def handle(do: str, request: dict[str, Any]) -> dict[str, Any]:
        raise CompanionError(f"There is no {request['id']}.")

    async with serving(tmp_path / "control", handle):
        answer = await ask_async(tmp_path / "control", "retry", id=7)
    assert answer == {"error": "There is no 7."}


@pytest.mark.parametrize("gives", [ZeroDivisionError("our bug"), {"not JSON": object()}])
async def test_a_bug_is_logged_and_answered(
    tmp_path: Path, gives: object, expected_logs: LogGuard
) -> None:
    expected_logs.expect("a control request failed: status")

    async def handle(do: str, request: dict[str, Any]) -> dict[str, Any]:
        if isinstance(gives, Exception):
            raise gives
        assert isinstance(gives, dict)
        return gives

    async with serving(tmp_path / "control", handle):
        answer = await ask_async(tmp_path / "control", "status")
        assert answer == {"error": "The running Companion failed; its log says why."}
    assert expected_logs.records


@pytest.mark.parametrize(
    "sent",
    [b"junk\n", b"[1]\n", b"{}\n", b'{"do": 7}\n', b"\xff\xfe\n", b"[" * 50_000 + b"\n"],
    ids=["junk", "a list", "nothing asked", "a number", "not text", "deep"],
)
async def test_nonsense_is_refused(tmp_path: Path, sent: bytes) -> None:
    async with serving(tmp_path / "control"):
        answer = json.loads(await raw_answer(tmp_path / "control", sent))
    assert answer == {"error": "The request was not understood."}


@pytest.mark.expected_logs("dropped a control request longer than 65536 bytes")
async def test_an_oversize_request_is_dropped(tmp_path: Path) -> None:
    async with serving(tmp_path / "control"):
        sent = b'{"do": "' + b"x" * (2 * control.REQUEST_BYTES) + b'"}\n'
        try:
            answer = await raw_answer(tmp_path / "control", sent)
        except ConnectionError:
            answer = b""
    assert answer == b""


async def test_half_a_request_is_not_carried_out(tmp_path: Path) -> None:
    async with serving(tmp_path / "control"):
        assert await raw_answer(tmp_path / "control", b'{"do": "flush"}') == b""


async def test_a_silent_peer_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "REQUEST_S", 0.02)
    async with serving(tmp_path / "control"):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "control"))
        assert b"took too long" in await within(reader.read())
        writer.close()


async def test_too_many_at_once_are_turned_away(tmp_path: Path) -> None:
    path = tmp_path / "control"
    go = asyncio.Event()

    async def handle(do: str, request: dict[str, Any]) -> dict[str, Any]:
        await go.wait()
        return {}

    async with serving(path, handle):
        peers = [await asyncio.open_unix_connection(str(path)) for _ in range(17)]
        for _, writer in peers:
            writer.write(b'{"do": "wait"}\n')
        refused, pending = await asyncio.wait(
            [asyncio.create_task(reader.read()) for reader, _ in peers],
            return_when=asyncio.FIRST_COMPLETED,
        )
        assert b"busy" in refused.pop().result()
        go.set()
        await within(asyncio.gather(*pending))
        for _, writer in peers:
            writer.close()


async def test_an_answer_too_long_to_carry_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ANSWER_BYTES", 100)

    async def handle(do: str, request: dict[str, Any]) -> dict[str, Any]:
        return {"rows": "x" * 1000}

    async with serving(tmp_path / "control", handle):
        answer = await ask_async(tmp_path / "control", "outbox")
    assert answer == {"error": "The answer is too long; ask for less."}


async def test_a_program_that_hangs_is_told_apart_from_none(tmp_path: Path) -> None:
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(path))
        hanging.listen()
        with pytest.raises(NotAnswering, match="does not answer"):
            await ask_async(path, "status", timeout_s=0.05)


async def test_a_program_that_dies_mid_answer_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "control"

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b'{"signed_in": ')
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_unix_server(half, str(path))
    with pytest.raises(NotAnswering, match="no usable answer"):
        await ask_async(path, "status")
    server.close()


async def test_an_answer_to_quit_arrives_before_the_server_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "control"

    async def handle(do: str, request: dict[str, Any]) -> dict[str, Any]:
        await server.close()
        return {"bye": True}

    server = ControlServer(path, handle)
    await server.start()
    assert await within(ask_async(path, "quit")) == {"bye": True}
    await server.close()


def test_asking_imports_no_event_loop_and_no_window() -> None:
    code = (
        "import sys, pathlib; from revenge_companion.engine.control import ask; "
        "assert ask(pathlib.Path('nowhere'), 'status') is None; "
        "print([m for m in ('asyncio', 'PySide6', 'httpx', 'peewee', 'keyring') "
        "if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert ran.stdout.strip() == "[]"
