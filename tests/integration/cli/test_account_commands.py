"""What an account gets, and addresses without encryption, by command."""

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.cli import main
from revenge_companion.core.accounts import Account, Switches
from revenge_companion.paths import find_paths
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from tests.clock import FakeClock
from tests.integration.cli.kit import run


def an_account(home: Path, service: str = "trakt", **values: Any) -> None:
    async def work() -> None:
        database = await Database.open(find_paths(str(home)).create().database, clock=FakeClock())
        await Accounts(database, FakeClock()).add(service=service, remote_id="1", **values)
        await database.close()

    asyncio.run(work())


def the_accounts(home: Path) -> list[Account]:
    async def work() -> list[Account]:
        database = await Database.open(find_paths(str(home)).database, clock=FakeClock())
        found = await Accounts(database, FakeClock()).all()
        await database.close()
        return found

    return asyncio.run(work())


def test_switches_are_shown_set_and_kept(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    an_account(home, label="anna")
    code, said = run(capsys, "accounts", "set", "anna")
    assert code == 0
    assert said["switches"] == {
        "enabled": True,
        "scrobble": True,
        "now_playing": True,
        **{name: value for name, value in said["switches"].items() if name.startswith("sync_")},
        "threshold": None,
        "kinds": [],
        "libraries": [],
        "allow_http": False,
    }
    code, said = run(capsys, "accounts", "set", "trakt", "threshold=90%", "kinds=movie")
    assert (code, said["switches"]["threshold"], said["switches"]["kinds"]) == (0, 0.9, ["movie"])
    (account,) = the_accounts(home)
    assert account.switches.threshold == 0.9
    code, said = run(capsys, "accounts")
    assert said["accounts"][0]["switches"]["threshold"] == 0.9
    assert run(capsys, "accounts", "list") == (code, said)

    assert main(["accounts", "set", "1", "enabled=no", "threshold="]) == 0
    shown = capsys.readouterr().out
    assert "enabled = no\n" in shown
    assert "threshold = as in the settings\n" in shown
    assert "kinds = movie\n" in shown
    assert "libraries = all\n" in shown


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("set", "1", "colour=red"), 1, "no switch 'colour'"),
        (("set", "1", "enabled=perhaps"), 1, "true or false"),
        (("set", "2"), 1, "no account"),
        (("set", "1", "enabled"), 2, "not KEY=VALUE"),
        (("set", "1", "=x"), 2, "not KEY=VALUE"),
        (("set",), 2, "ACCOUNT"),
    ],
)
def test_what_cannot_be_set_says_why(
    home: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    an_account(home)
    assert main(["accounts", *words]) == code
    assert says in capsys.readouterr().err
    (account,) = the_accounts(home)
    assert account.switches == Switches()


@pytest.mark.parametrize(
    "words",
    [
        ("signin", "--server", "http://media.home", "--username", "a", "--password-stdin"),
        ("signin", "--server", "http://media.home:8096", "--api-key-stdin"),
        ("link", "listenbrainz", "--api-url", "http://music.home", "--secret-stdin"),
        ("link", "listenbrainz", "--api-url", "http://music.home", "--probe"),
    ],
)
def test_plain_http_is_refused_with_the_option_that_allows_it(
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    """The guard against leaving this computer would fail the test if anything were asked."""
    monkeypatch.setattr("sys.stdin", io.StringIO("secret"))
    assert main([*words]) == 1
    said = capsys.readouterr().err
    assert "encryption" in said
    assert ("--allow-http" in said) is ("--probe" not in words)
    assert the_accounts(home) == []


def test_a_permission_can_be_taken_back_and_given_by_command(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    an_account(home, "listenbrainz", api_url="http://music.home", allow_http=True)
    code, said = run(capsys, "accounts", "set", "listenbrainz", "allow_http=no")
    assert (code, said["switches"]["allow_http"]) == (0, False)
    (account,) = the_accounts(home)
    assert not account.switches.allow_http


def test_an_empty_input_holds_no_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    command = ("signin", "--server", "m.example", "--username", "anna", "--password-stdin")
    assert run(capsys, *command) == (1, {"error": "Standard input held no password."})


class Terminal(io.StringIO):
    """Standard input that somebody sits at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("as_json", [False, True])
def test_what_a_page_shows_is_asked_for_at_a_terminal(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    monkeypatch.setenv("ANILIST_CLIENT_ID", "12345")
    monkeypatch.setattr("sys.stdin", Terminal())
    asked: list[str] = []

    def typed(words: str) -> str:
        asked.append(words)
        return "t\u00f6ken"

    monkeypatch.setattr("getpass.getpass", typed)
    if as_json:
        code, said = run(capsys, "link", "anilist")
        assert (code, asked) == (1, [])
        assert "link again with the token it shows" in said["error"]
        return
    assert main(["link", "anilist"]) == 1
    out, err = capsys.readouterr()
    assert "https://anilist.co/api/v2/oauth/authorize?client_id=12345" in out
    assert asked == ["Token: "]
    assert "not an AniList token" in err
