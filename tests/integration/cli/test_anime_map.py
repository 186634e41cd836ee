"""`anime-map` without a running program: the copy and the corrections of a new home."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.cli import main

SMALL = (Path(__file__).parents[2] / "data/animemap/small.json").read_bytes()
ROW = {"key": "tvdb:305089", "season": 2, "last": 13, "anilist": 108632, "title": "Re:ZERO"}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["anime-map", *arguments, "--json"])
    return code, dict(json.loads(capsys.readouterr().out))


@contextmanager
def serving(body: bytes) -> Iterator[str]:
    """The address of a map on this computer, served from a loop of its own."""
    loop, ready, roots = asyncio.new_event_loop(), threading.Event(), []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    def serve() -> None:
        server = loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", 0))
        roots.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/map.json")
        ready.set()
        loop.run_forever()
        server.close()
        loop.run_until_complete(server.wait_closed())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    ready.wait(10)
    try:
        yield roots[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def test_the_map_is_fetched_on_the_users_word_and_removed_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = run(capsys)
    assert (code, said["downloaded"], said["waiting"]) == (0, False, 0)
    with serving(SMALL) as url:
        monkeypatch.setenv("REVENGE_COMPANION_ANIMEMAP_URL", url)
        code, said = run(capsys, "download")
    assert (code, said["downloaded"], said["size_bytes"]) == (0, True, len(SMALL))
    assert run(capsys, "state")[1] == said
    assert main(["anime-map"]) == 0
    assert f"{said['entries']} entries" in capsys.readouterr().out
    code, said = run(capsys, "remove")
    assert (code, said["downloaded"], said["fetched_at"]) == (0, False, None)
    assert main(["anime-map"]) == 0
    assert "anime-map download" in capsys.readouterr().out


def test_a_map_that_cannot_be_had_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(b"<html>Sign in to this network</html>") as url:
        monkeypatch.setenv("REVENGE_COMPANION_ANIMEMAP_URL", url)
        code, said = run(capsys, "download")
    assert (code, said["error"].count(".") >= 1) == (1, True)
    assert run(capsys)[1]["downloaded"] is False


def test_corrections_go_out_to_a_file_and_come_back(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file, copy = tmp_path / "mine.json", tmp_path / "copy.json"
    file.write_text(json.dumps([ROW, {"key": "tvdb:1", "first": 3}]), encoding="utf-8")
    assert run(capsys, "overrides") == (0, {"overrides": []})
    assert run(capsys, "overrides", "import", str(file)) == (0, {"imported": 2})
    # The same file again adds nothing.
    assert run(capsys, "overrides", "import", str(file)) == (0, {"imported": 2})
    _, said = run(capsys, "overrides", "list")
    assert [row["key"] for row in said["overrides"]] == ["tvdb:305089", "tvdb:1"]
    assert run(capsys, "overrides", "export", str(copy))[1]["exported"] == 2
    assert json.loads(copy.read_text("utf-8"))[0] == ROW | {"first": 1, "offset": 0}
    assert main(["anime-map", "overrides"]) == 0
    out = capsys.readouterr().out
    assert "Re:ZERO (tvdb:305089), season 2, episodes 1 to 13: AniList 108632" in out
    assert "tvdb:1, every season, episodes 3 on: left out" in out


@pytest.mark.parametrize(
    "text", ["no json", '{"key": "tvdb:1"}', '[{"key": 1}]', '[{"key": "tvdb:1", "first": "2"}]']
)
def test_a_file_of_anything_else_changes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str
) -> None:
    file = tmp_path / "mine.json"
    file.write_text(text, encoding="utf-8")
    code, said = run(capsys, "overrides", "import", str(file))
    assert code == 1
    assert "mine.json" in said["error"]
    assert run(capsys, "overrides")[1] == {"overrides": []}
