"""Every command: its JSON, its exit codes, with and without a running program."""

import asyncio
import json
import os
import socket
import sys
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from revenge_companion import app
from revenge_companion.cli import doctor, main, status
from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.linker import VAULT_KEY_ENV
from revenge_companion.engine.start import SystemClock, take_lock
from revenge_companion.net.http import Http
from revenge_companion.paths import find_paths
from revenge_companion.services.catalog import SPECS
from tests.faults.engine_process import at_home, environment, process
from tests.integration.cli.kit import run

STATUS = {"signed_in", "server", "source", "connected", "accounts", "now_playing", "outbox"}
OUTBOX = {"pending", "sending", "unsure", "delivered", "held", "parked"}
ACCOUNT = {"id", "service", "label", "state", "pending", "parked", "last_delivery"}


def test_status_of_a_new_home(capsys: pytest.CaptureFixture[str]) -> None:
    code, status = run(capsys, "status")
    assert code == 0
    assert status.keys() >= STATUS
    assert status["outbox"].keys() == OUTBOX
    assert (status["signed_in"], status["server"], status["source"]) == (False, None, None)
    assert (status["connected"], status["accounts"], status["now_playing"]) == (False, [], [])


def test_services_is_the_catalogue_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "services")
    assert code == 0
    assert [one["key"] for one in said["services"]] == [spec.key for spec in SPECS]
    keys = {"key", "name", "kinds", "link", "live", "durable", "imports", "exports"}
    assert all(one.keys() >= keys for one in said["services"])
    assert {"trakt", "simkl", "lastfm", "listenbrainz"} <= {s["key"] for s in said["services"]}


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("accounts",), "accounts"),
        (("outbox",), "deliveries"),
        (("outbox", "list", "--state", "parked", "--limit", "5"), "deliveries"),
        (("history", "--limit", "3"), "plays"),
    ],
)
def test_lists_of_a_new_home_are_empty(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], key: str
) -> None:
    code, said = run(capsys, *arguments)
    assert (code, said) == (0, {key: []})


@pytest.mark.parametrize(
    "arguments",
    [
        ("outbox", "flush", "--account", "nobody"),
        ("outbox", "retry", "7"),
        ("outbox", "discard", "7"),
        ("unlink", "nobody"),
        ("link", "nothing"),
        ("outbox", "--account", "nobody"),
        ("import", "show", "99"),
        ("anime-map", "overrides", "import", "missing.json"),
    ],
)
def test_what_cannot_be_done_is_refused_with_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    code, said = run(capsys, *arguments)
    assert code == 1
    assert said["error"].endswith(".")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("outbox", "retry"),
        ("outbox", "retry", "x"),
        ("outbox", "--state", "lost"),
        ("outbox", "--limit", "0"),
        ("history", "--limit", "many"),
        ("signin",),
        ("signin", "--server", "http://127.0.0.1:9"),
        ("link",),
        ("unlink",),
        ("explain",),
        ("demo", "--speed", "-1"),
        ("status", "--wrong"),
    ],
)
def test_wrong_words_are_usage_errors(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize("command", ["status", "outbox", "demo", "explain", "link", "run"])
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert main([command, "--help"]) == 0
    assert "usage:" in capsys.readouterr().out


def test_a_search_that_finds_nothing_does_not_say_that_nothing_was_played(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["history", "--search", "no such title"]) == 0
    assert capsys.readouterr().out == "No play matches.\n"


#: What `doctor` always looks at, by the contract of the command line.
CHECKS = {
    "folders", "settings", "database", "keyring", "clock", "Qt", "network", "server", "accounts",
}  # fmt: skip


def test_doctor_looks_at_everything_it_promises(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "doctor")
    found = {one["name"]: one for one in told["checks"]}
    assert found.keys() >= CHECKS
    # Without a keyring and a key for the vault there is nowhere to keep secrets.
    assert (code, told["ok"], found["keyring"]["ok"]) == (1, False, False)


@pytest.mark.parametrize("key", ["", "a passphrase"])
def test_doctor_says_what_helps_where_secrets_cannot_be_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    paths = find_paths().create()
    paths.vault.write_text("{")
    monkeypatch.setenv("REVENGE_COMPANION_VAULT_KEY", key)
    _, told = run(capsys, "doctor")
    says = {one["name"]: one["says"] for one in told["checks"]}["keyring"]
    assert (str(paths.vault) in says, "Or set" in says) == (bool(key), not key)


@pytest.mark.expected_logs("config.toml")
@pytest.mark.parametrize(
    ("content", "ok", "says"),
    [
        (None, True, "as they were at first"),
        ('theme = "dark"', True, "understood"),
        ('theme = "pink"', False, "config.toml: theme has to be one of system, light, dark"),
        ("theme = ", False, "config.toml cannot be understood"),
    ],
)
def test_doctor_tells_settings_that_cannot_be_used(
    capsys: pytest.CaptureFixture[str], content: str | None, ok: bool, says: str
) -> None:
    file = find_paths().create().config_file
    if content is not None:
        file.write_text(content)
    _, told = run(capsys, "doctor")
    found = {one["name"]: one for one in told["checks"]}
    assert found["settings"]["ok"] is ok
    assert found["settings"]["says"].startswith(says)


def test_doctor_tells_settings_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    find_paths().create().config_file.mkdir()
    code, told = run(capsys, "doctor")
    found = {one["name"]: one for one in told["checks"]}
    assert (code, found["settings"]["ok"]) == (1, False)
    assert "cannot be read: Is a directory." in found["settings"]["says"]
    assert found["accounts"]["ok"] is not True


@pytest.mark.parametrize(
    ("state", "ok", "says"),
    [
        ("linked", True, "1 linked, none needs a look."),
        ("off", True, "1 linked, none needs a look."),
        ("quota", True, "1 linked, none needs a look."),
        ("link_again", False, "1 of 1 need a look: trakt."),
        ("held", False, "1 of 1 need a look: trakt."),
    ],
)
def test_doctor_tells_an_account_that_needs_a_look(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    ok: bool,
    says: str,
) -> None:
    _, said = run(capsys, "status")
    account = {"service": "trakt", "label": "Anna", "state": state, "pending": 0, "parked": 0}
    monkeypatch.setattr(doctor, "answer", lambda *args, **kwargs: said | {"accounts": [account]})
    _, told = run(capsys, "doctor")
    found = {one["name"]: (one["ok"], one["says"]) for one in told["checks"]}
    assert found["accounts"] == (ok, says)


def test_a_window_without_a_display_is_refused_as_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "has_display", lambda: False)
    code, said = run(capsys, "run")
    assert (code, said) == (1, {"error": app.NO_DISPLAY})


def test_doctor_tells_a_sign_in_that_is_over(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, said = run(capsys, "status")
    over = {"sign_in": "sign_in_again", "server": "https://m.example"}
    monkeypatch.setattr(doctor, "answer", lambda *args, **kwargs: said | over)
    _, told = run(capsys, "doctor")
    found = {one["name"]: (one["ok"], one["says"]) for one in told["checks"]}
    assert found["server"][0] is False
    assert "Sign in again" in found["server"][1]


def test_status_says_once_that_the_sign_in_is_over(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, said = run(capsys, "status")
    again = "Your server signed you out. Sign in again to go on."
    over = {"sign_in": "sign_in_again", "server": "https://m.example", "source_reason": again}
    monkeypatch.setattr(status, "answer", lambda *args, **kwargs: said | over)
    assert main(("status",)) == 0
    assert capsys.readouterr().out.count("ign in again") == 1


@pytest.mark.parametrize("arguments", [("--json", "status"), ("status", "--json")])
def test_json_may_be_asked_for_on_either_side(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["signed_in"] is False


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("signin", "--server", "x", "--password", "hush"), "arguments: --password …"),
        (("signin", "--server", "x", "--password=hush"), "arguments: --password"),
        (("link", "listenbrainz", "hush"), "arguments: …"),
        (("history", "--lim", "3"), "arguments: --lim …"),
        (("history", "--limit", "many"), "takes a whole number from 1 to 5000"),
        (("outbox", "--limit", "-1"), "takes a whole number from 1 to 5000"),
        (("demo", "--speed", "fast"), "takes a number above 0"),
    ],
)
def test_a_usage_error_names_no_secret_and_takes_no_abbreviation(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[-1].endswith(says), "hush" in err) == ("", True, False)


@pytest.mark.parametrize(
    ("off_s", "error", "found"),
    [
        (0, None, {"server": True, "network": True, "clock": True}),
        (-600, None, {"server": True, "network": True, "clock": False}),
        (None, None, {"server": True, "network": True}),
        (0, "refused", {"server": False}),
        (0, "no name", {"server": False, "network": False}),
    ],
)
async def test_doctor_tells_server_network_and_clock_apart(
    monkeypatch: pytest.MonkeyPatch,
    off_s: int | None,
    error: str | None,
    found: dict[str, bool],
) -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        if error is not None:
            cause = socket.gaierror(socket.EAI_AGAIN, "") if error == "no name" else OSError(error)
            raise httpx.ConnectError(error, request=request) from cause
        at = SystemClock().now() + timedelta(seconds=off_s or 0)
        headers = {} if off_s is None else {"date": format_datetime(at, usegmt=True)}
        return httpx.Response(200, json={"providers": []}, headers=headers)

    monkeypatch.setattr(doctor, "Http", lambda: Http(transport=httpx.MockTransport(answers)))
    server = doctor._server("https://m.example", allow_http=False)  # noqa: SLF001  # alone
    assert {one.name: one.ok async for one in server} == found


def test_doctor_asks_an_older_program_that_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, said = run(capsys, "status")
    older = {**said, "signed_in": True, "server": "http://127.0.0.1:9"}
    older.pop("library", None)
    monkeypatch.setattr(doctor, "answer", lambda *args, **kwargs: older)
    _, told = run(capsys, "doctor")
    assert "server" in {one["name"] for one in told["checks"]}


def test_an_export_of_nothing_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "outbox.json"
    code, said = run(capsys, "outbox", "export", str(path))
    assert (code, said["exported"]) == (0, 0)
    assert json.loads(path.read_text()) == []
    assert path.stat().st_mode & 0o077 == 0


def test_an_export_that_cannot_be_written_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(capsys, "outbox", "export", str(tmp_path / "missing" / "outbox.csv"))
    assert code == 1
    assert "cannot be written" in said["error"]


async def test_a_whole_life_on_the_command_line(home: Path, tmp_path: Path) -> None:
    """Sign in, link, look, export, unlink, sign out: alone, then beside a running program."""
    async with DemoWorld() as world:
        site = world.destinations.listenbrainz

        async def cli(*arguments: str, given: str = "") -> tuple[int, dict[str, Any]]:
            env = environment(home, world)
            words = ("revenge_companion", *arguments, "--json")
            async with process(home, *words, env=env, given=given) as one:
                out, err = await one.output()
                assert "Traceback" not in err
                # A link shows what to do before its result.
                return await one.ended(), json.loads(out.splitlines()[-1])

        signin = ("signin", "--server", world.server_url, "--username", world.username)
        code, said = await cli(*signin, "--password-stdin", given="wrong")
        assert (code, said["error"]) == (1, "The server did not accept this name and password.")
        code, said = await cli(*signin, "--password-stdin", given=world.password + "\n")
        assert (code, said["username"]) == (0, world.username)
        code, said = await cli("link", "listenbrainz", "--secret-stdin", given="wrong")
        assert code == 1
        code, said = await cli("link", "listenbrainz", "--secret-stdin", given=site.link_secret)
        assert (code, said["account"]["id"]) == (0, 1)

        env = environment(home, world)
        headless = ("revenge_companion", "run", "--headless", "--json")
        async with process(home, *headless, env=env) as running:
            assert json.loads(await running.line())["signed_in"] is True
            await running.connected()
            code, said = await cli("status")
            assert (code, said["source"], said["connected"]) == (0, "websocket", True)
            (account,) = said["accounts"]
            assert account.keys() >= ACCOUNT
            codes = await asyncio.gather(
                cli("accounts"),
                cli("history"),
                cli("outbox", "flush"),
                cli("link", "lastfm", "--label", "second"),
                cli("outbox", "export", str(tmp_path / "all.csv")),
            )
            assert [code for code, _ in codes] == [0] * 5
            code, said = await cli("unlink", "second")
            assert (code, said["unlinked"]) == (0, 2)
            code, said = await cli("signout")
            assert (code, said["signed_in"]) == (0, False)
            code, said = await cli("status")
            assert (said["signed_in"], said["server"], said["source"]) == (False, None, None)
            running.terminate()
            assert await running.ended() == 0
        code, said = await cli("unlink", "1")
        assert code == 0


async def test_an_api_key_signs_in_from_standard_input(home: Path) -> None:
    async with DemoWorld() as world:
        words = ("revenge_companion", "signin", "--server", world.server_url, "--api-key-stdin")
        env = environment(home, world)
        key = world.server.accounts.api_key
        for given, wanted in ((key, 0), ("rv_wrong", 1), ("", 1)):
            async with process(home, *words, "--json", env=env, given=given) as one:
                await one.output()
                assert await one.ended() == wanted


async def test_a_count_shows_in_history_and_outbox(home: Path, tmp_path: Path) -> None:
    async with DemoWorld(speed=500.0) as world:
        async with at_home(home, world) as house:
            await house.sign_in()
            await house.link("listenbrainz")
            await house.play(world.server.library.albums[0].tracks[0])
            await house.until(lambda: house.engine.status.outbox.delivered == 1)
        for words, key in (("outbox --state delivered", "deliveries"), ("history", "plays")):
            arguments = ("revenge_companion", *words.split(), "--json")
            async with process(home, *arguments, env=environment(home, world)) as one:
                out, _ = await one.output()
            (row,) = json.loads(out)[key]
            assert "Harbour Morning" in row["item"]


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("", "This system has no password store."),
        ("wrong", "The passphrase does not open the encrypted vault."),
    ],
)
async def test_a_program_that_cannot_open_its_secrets_says_so_and_runs_on(
    home: Path, key: str, says: str
) -> None:
    async with DemoWorld(speed=500.0) as world:
        signin = ("signin", "--server", world.server_url, "--username", world.username)
        words = ("revenge_companion", *signin, "--password-stdin")
        async with process(home, *words, env=environment(home, world), given=world.password) as one:
            assert await one.ended() == 0
        env = {**environment(home, world), VAULT_KEY_ENV: key}
        async with process(home, "revenge_companion", "run", "--headless", env=env) as running:
            await running.running()
            status = await running.status()
            assert status["trouble"].startswith(says)
            running.terminate()
            _, told = await running.output()
        more = f"Without a window the passphrase is read from {VAULT_KEY_ENV}."
        assert told == f"{status['trouble']} {more}\n"
        async with process(home, "revenge_companion", "doctor", "--json", env=env) as one:
            out, _ = await one.output()
        found = {one["name"]: one["says"] for one in json.loads(out)["checks"]}
        assert found["keyring"].startswith(says)
        assert ("Or set" in found["keyring"]) is (key == "")


async def test_commands_that_meet_wait_for_each_other(home: Path) -> None:
    async def status() -> int:
        words = ("revenge_companion", "status", "--json")
        async with process(home, *words, env=environment(home)) as one:
            await one.output()
            return await one.ended()

    assert await asyncio.gather(*(status() for _ in range(3))) == [0, 0, 0]


async def test_a_reader_that_goes_away_is_no_fault(home: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        made = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "revenge_companion",
            "services",
            stdout=writer,
            stderr=asyncio.subprocess.PIPE,
            env=environment(home),
        )
    finally:
        os.close(writer)
    _, err = await made.communicate()
    assert (made.returncode, err) == (1, b"")


async def test_a_program_that_starts_waits_for_a_command(home: Path) -> None:
    lock = take_lock(find_paths(str(home)))
    words = ("revenge_companion", "run", "--headless", "--json")
    async with process(home, *words, env=environment(home)) as one:
        try:
            await asyncio.sleep(0.6)
        finally:
            lock.release()
        assert json.loads(await one.line())["running"] == one.pid
        one.terminate()
        assert await one.ended() == 0
