"""What answers at an address, and loving a track, by command over a real little server."""

import asyncio
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from revenge_companion.cli import main
from revenge_companion.core.media import Item, Kind, MusicIds
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.paths import find_paths
from revenge_companion.store.database import Database
from revenge_companion.store.plays import Plays
from tests.clock import START, FakeClock
from tests.integration.cli.kit import run

MBID = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
TOKEN = "a-token-of-the-test"


class Site(ThreadingHTTPServer):
    """Enough of ListenBrainz to be recognised, linked and told of loves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.loves: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:  # the base class's name
        valid = self.headers["Authorization"] == f"Token {TOKEN}"
        self._say({"code": 200, "valid": valid, "user_name": "anna"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.loves.append(body)
        self._say({"status": "ok"})

    def _say(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Silence."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        running = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        running.start()
        yield made
        made.shutdown()
        running.join()


async def a_play() -> None:
    item = Item(Kind.TRACK, "t1", "Words", artist="Low", music_ids=MusicIds(recording_mbid=MBID))
    play = PlayUpdate("k1", item, "", START, START, START, 200.0, 200.0, "played_share", {}, "")
    database = await Database.open(find_paths().create().database, clock=FakeClock())
    await Plays(database, FakeClock()).save(play)
    await database.close()


def test_a_server_is_told_of_without_linking(
    capsys: pytest.CaptureFixture[str], site: Site
) -> None:
    asked = ("link", "listenbrainz", "--probe", "--api-url", site.url)
    expected = {
        "kind": "ListenBrainz",
        "address": site.url,
        "batches": True,
        "loves": True,
        "link": None,
        "trouble": "",
    }
    assert run(capsys, *asked) == (0, {"probe": expected})
    assert run(capsys, "accounts")[1] == {"accounts": []}
    assert main(list(asked)) == 0
    assert capsys.readouterr().out.startswith(f"ListenBrainz answers at {site.url}: it takes ")

    gone = ("link", "listenbrainz", "--probe", "--api-url", "http://127.0.0.1:9")
    assert main(list(gone)) == 1
    assert capsys.readouterr().err == "127.0.0.1:9 cannot be reached.\n"
    assert run(capsys, "link", "trakt", "--probe", "--api-url", site.url)[0] == 1
    assert main(["link", "listenbrainz", "--probe"]) == 2
    capsys.readouterr()


def test_a_track_is_loved_and_that_is_taken_back(
    capsys: pytest.CaptureFixture[str], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVENGE_COMPANION_VAULT_KEY", "correct horse battery")
    asyncio.run(a_play())
    assert run(capsys, "love", "1")[1]["error"].startswith("No linked account keeps loved")

    monkeypatch.setattr("sys.stdin", io.StringIO(TOKEN))
    code, said = run(capsys, "link", "listenbrainz", "--api-url", site.url, "--secret-stdin")
    assert (code, said["account"]["user"], said["probe"]["kind"]) == (0, "anna", "ListenBrainz")
    assert run(capsys, "love", "1") == (0, {"loved": True, "services": ["ListenBrainz"]})
    assert main(["love", "1", "--undo"]) == 0
    assert capsys.readouterr().out == "No longer loved at ListenBrainz.\n"
    assert site.loves == [
        {"recording_mbid": MBID, "score": 1},
        {"recording_mbid": MBID, "score": 0},
    ]
    assert run(capsys, "love", "99") == (1, {"error": "There is no play 99."})
