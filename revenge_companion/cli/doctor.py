"""`doctor`: what works here and what does not, one line each."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from revenge_companion import __version__
from revenge_companion.cli.reach import answer
from revenge_companion.core.addresses import is_plain
from revenge_companion.core.errors import CompanionError, NameUnknown
from revenge_companion.core.reasons import SENTENCES, Reason
from revenge_companion.core.status import SignInState
from revenge_companion.engine.linker import VAULT_KEY_ENV
from revenge_companion.engine.start import LateSecrets, SystemClock
from revenge_companion.net.http import Http
from revenge_companion.paths import Paths, find_paths

#: A wall clock further off than this breaks dates at the services, in seconds.
_CLOCK_OFF_S = 120.0
#: What is told only by a server, and what to say without one.
_UNTOLD = (
    ("network", "No server was reached to try it out."),
    ("clock", "No server told the time to compare it with."),
)
#: States of an account that nobody has to look at: it works, is off, or its day is used up.
_FITS = {"linked": True, "off": None, "quota": None}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `ok` is None where it could not be told or does not matter."""

    name: str
    ok: bool | None
    says: str


def doctor(args: argparse.Namespace) -> int:
    """Look at everything; exit code 1 when something is wrong."""
    findings = asyncio.run(_all())
    wrong = any(finding.ok is False for finding in findings)
    if args.json:
        print(json.dumps({"ok": not wrong, "checks": [asdict(one) for one in findings]}))
    else:
        for finding in findings:
            mark = {True: "ok", False: "WRONG", None: "--"}[finding.ok]
            print(f"{mark:6} {finding.name}: {finding.says}")
    return 1 if wrong else 0


async def _all() -> list[Finding]:
    paths = find_paths()
    findings = [Finding("version", True, f"{__version__}, Python {sys.version.split()[0]}")]
    findings += _folders(paths)
    if findings[-1].ok is False:
        return findings
    findings += [_settings(paths), _database(paths), await _keyring(paths), _qt()]
    findings += [finding async for finding in _status()]
    found = {finding.name for finding in findings}
    return findings + [Finding(name, None, says) for name, says in _UNTOLD if name not in found]


def _folders(paths: Paths) -> list[Finding]:
    try:
        paths.create()
    except CompanionError as error:
        return [Finding("folders", False, str(error))]
    shut = [path for path in (paths.config, paths.data) if not os.access(path, os.W_OK)]
    if shut:
        return [Finding("folders", False, f"{shut[0]} cannot be written.")]
    return [Finding("folders", True, f"settings in {paths.config}, data in {paths.data}")]


def _settings(paths: Paths) -> Finding:
    from revenge_companion.store.settings_file import SettingsFile

    file = SettingsFile(paths.config_file)
    try:
        troubles = file.troubles()
    except CompanionError as error:
        return Finding("settings", False, str(error))
    if troubles:
        return Finding("settings", False, " ".join(troubles))
    says = "understood" if paths.config_file.exists() else "as they were at first"
    if file.aside.exists():
        return Finding("settings", None, f"{says}; {file.aside} is one that could not be used.")
    return Finding("settings", True, says)


def _database(paths: Paths) -> Finding:
    from revenge_companion.store.check import check

    if not paths.database.exists():
        return Finding("database", None, "There is none yet; it is made at the first start.")
    trouble = check(paths.database)
    return Finding("database", not trouble, trouble or "whole and readable")


async def _keyring(paths: Paths) -> Finding:
    late = LateSecrets(paths, os.environ, SystemClock())
    found = await late.find()
    if found is None and os.environ.get(VAULT_KEY_ENV):
        return Finding("keyring", False, f"{late.trouble} It is {paths.vault}.")
    if found is None:
        # A key that is there does not fit the vault.
        more = "" if os.environ.get(VAULT_KEY_ENV) else f" Or set {VAULT_KEY_ENV} for a vault."
        return Finding("keyring", False, late.trouble + more)
    return Finding("keyring", True, found.where)


def _qt() -> Finding:
    from importlib.util import find_spec

    if find_spec("PySide6") is None:
        return Finding("Qt", None, "PySide6 is not installed; `run --headless` works without.")
    from revenge_companion.app import has_display, qt_fits

    bad = qt_fits()
    if bad:
        return Finding("Qt", False, bad)
    if not has_display():
        return Finding("Qt", None, "No display here; `run --headless` works without.")
    return Finding("Qt", True, "The window can be shown here.")


async def _status() -> AsyncIterator[Finding]:
    """The server and the accounts, as the running instance or the profile knows them.

    Once each has its finding under these names, whatever else is found.
    """
    try:
        said = await asyncio.to_thread(answer, "status", timeout_s=10.0)
    except CompanionError as error:
        yield Finding("accounts", False, str(error))
        return
    if "error" in said:
        yield Finding("accounts", False, said["error"])
        return
    if said["sign_in"] == SignInState.SIGN_IN_AGAIN:
        yield Finding("server", False, SENTENCES[Reason.SIGN_IN_AGAIN])
    elif not said["signed_in"]:
        yield Finding("server", None, "Signed out.")
    else:
        async for finding in _server(said["server"], allow_http=said["allow_http"]):
            yield finding
        yield _offers(said)
        # A program of an older version may still run.
        if "library" in said:
            yield _library(said["library"])
    for account in said["accounts"]:
        ok = _FITS.get(account["state"], False)
        words = f"{account['state']}, {account['pending']} waiting, {account['parked']} parked"
        yield Finding(f"{account['service']} ({account['label']})", ok, words)
    linked = len(said["accounts"])
    ask = [one["service"] for one in said["accounts"] if one["state"] not in _FITS]
    if ask:
        yield Finding("accounts", False, f"{len(ask)} of {linked} need a look: {', '.join(ask)}.")
    else:
        words = f"{linked} linked, none needs a look." if linked else "None is linked."
        yield Finding("accounts", bool(linked) or None, words)
    names = [one["host"] for one in said["hosts"]]
    yield Finding("hosts", True, ", ".join(names) or "None is contacted.")


def _offers(said: Mapping[str, Any]) -> Finding:
    """What the server can beyond today's servers, and whether it doubles what is sent."""
    if said["doubled"]:
        names = ", ".join(said["doubled"])
        return Finding(
            "server offers", False, f"It sends plays by itself, too: {names}. Choose who does."
        )
    offers = ", ".join(said["server_offers"])
    kept = "Ratings and watchlists are kept here until the server can take them."
    return Finding("server offers", True, offers or kept)


def _library(known: Mapping[str, Any]) -> Finding:
    """What of the server imports can be matched with."""
    if known["trouble"]:
        return Finding("library", False, f"It could not be read: {known['trouble']}")
    if known["known"] == "nothing":
        return Finding("library", None, "It is read while the Companion runs.")
    names = ", ".join(f"{known[what]:,} {what}" for what in ("films", "shows", "episodes"))
    return Finding("library", True, f"Known for imports: {names}; other episodes when asked for.")


async def _server(url: str, *, allow_http: bool) -> AsyncIterator[Finding]:
    from email.utils import parsedate_to_datetime

    from revenge_companion.revenge.address import probe

    http = Http().plain(allow_http)
    clock = SystemClock()
    try:
        await probe(http, url)
        open_words = " It has no encryption." if is_plain(url) else ""
        yield Finding("server", True, f"{url} answers.{open_words}")
        yield Finding("network", True, "The server was reached.")
        answered = await http.request("GET", f"{url}/api/v1/oidc/providers", timeout_s=10.0)
        with suppress(ValueError, TypeError, KeyError):
            off = (parsedate_to_datetime(answered.headers["date"]) - clock.now()).total_seconds()
            right = abs(off) <= _CLOCK_OFF_S
            words = "agrees with the server's" if right else f"is {off:.0f} s off the server's"
            yield Finding("clock", right, f"This computer's clock {words}.")
    except CompanionError as error:
        yield Finding("server", False, str(error))
        if isinstance(error, NameUnknown):
            yield Finding("network", False, "Names cannot be looked up, or not this one.")
    finally:
        await http.close()
