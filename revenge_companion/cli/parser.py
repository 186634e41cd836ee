"""The commands and their arguments; what a command does is imported when it is run."""

import argparse
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from revenge_companion import __version__
from revenge_companion.cli.import_parser import add_exports, add_imports, add_sync, spelled_out
from revenge_companion.core.errors import CompanionError

Command = Callable[[argparse.Namespace], int]

#: How argparse begins what it says of words it does not know.
_UNKNOWN = "unrecognized arguments: "


class _Parser(argparse.ArgumentParser):
    """Takes options in full only: an abbreviation that fits today may mean another tomorrow."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        known, mark, extra = message.partition(_UNKNOWN)
        if mark and not known:
            # What follows an option that does not exist may be a password.
            message = mark + " ".join(_option(word) for word in extra.split())
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {message}\n")


def _option(word: str) -> str:
    return word.partition("=")[0] if word.startswith("-") else "…"


def _lazy(place: str) -> Command:
    module, _, name = place.partition(":")

    def call(args: argparse.Namespace) -> int:
        command: Command = getattr(importlib.import_module(f"revenge_companion.cli.{module}"), name)
        return command(args)

    return call


def build() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = _Parser(
        prog="revenge-companion",
        description="Tells your scrobbling services what you play on your Revenge server. "
        "Without a command it opens the window.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument(
        "--minimised", action="store_true", help="open the window minimised to the tray"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, place: str, says: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=says, description=says)
        # SUPPRESS, here and below: what was said before the command is not undone.
        made.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object"
        )
        made.set_defaults(command=_lazy(place))
        return made

    run = command("run", "headless:run", "run without a window until stopped")
    run.add_argument("--headless", action="store_true", help="run the engine only, without Qt")

    signin = command("signin", "accounts:signin", "sign in to your Revenge server")
    signin.add_argument("--server", required=True, metavar="URL")
    signin.add_argument("--username", metavar="NAME")
    way = signin.add_mutually_exclusive_group()
    way.add_argument("--password-stdin", action="store_true", help="read the password from stdin")
    way.add_argument("--api-key-stdin", action="store_true", help="read an API key from stdin")
    signin.add_argument("--allow-http", action="store_true", help=_ALLOW_HTTP)
    command("signout", "accounts:signout", "sign out of your Revenge server")
    profiles = command("profiles", "profiles:listing", "list who is signed in here, or switch")
    profile_actions = profiles.add_subparsers(title="actions", metavar="ACTION")

    def profile_action(name: str, place: str, says: str) -> argparse.ArgumentParser:
        made = profile_actions.add_parser(name, help=says, description=says)
        made.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        made.set_defaults(command=_lazy(place))
        return made

    profile_action("list", "profiles:listing", "list who is signed in here")
    profile_action("use", "profiles:use", "follow another profile's plays").add_argument(
        "profile", type=_count, metavar="N", help="its number in `profiles`"
    )

    link = command("link", "accounts:link", "link an account at a service")
    link.add_argument("service", metavar="SERVICE")
    link.add_argument("--label", default="")
    link.add_argument("--api-url", default="", metavar="URL", help="a compatible server's address")
    link.add_argument("--auth-url", default="", metavar="URL")
    link.add_argument("--client-id", default="", metavar="ID")
    link.add_argument("--username", default="", metavar="NAME")
    link.add_argument(
        "--secret-stdin", action="store_true", help="read the token or password from stdin"
    )
    link.add_argument("--allow-http", action="store_true", help=_ALLOW_HTTP)
    link.add_argument(
        "--probe", action="store_true", help="only say what answers at --api-url, and link nothing"
    )
    love = command("love", "accounts:love", "love the track of a play where that is possible")
    love.add_argument("play", type=int, metavar="PLAY_ID", help="its number in `history`")
    love.add_argument("--undo", action="store_true", help="take it back")
    unlink = command("unlink", "accounts:unlink", "unlink an account")
    unlink.add_argument("account", metavar="ACCOUNT", help="its number, label or service")
    unlink.add_argument(
        "--keep-queued", action="store_true", help="keep waiting plays for linking again"
    )
    accounts = command("accounts", "accounts:accounts", "list linked accounts, or switch one")
    account_actions = accounts.add_subparsers(title="actions", metavar="ACTION")

    def account_action(name: str, place: str, says: str) -> argparse.ArgumentParser:
        made = account_actions.add_parser(name, help=says, description=says)
        made.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        made.set_defaults(command=_lazy(place))
        return made

    accounts.add_argument("--all", action="store_true", help=_ALL_ACCOUNTS)
    account_action("list", "accounts:accounts", "list linked accounts").add_argument(
        "--all", action="store_true", default=argparse.SUPPRESS, help=_ALL_ACCOUNTS
    )
    switch = account_action("set", "accounts:switch", "show or change what an account gets")
    switch.add_argument("account", metavar="ACCOUNT", help="its number, label or service")
    switch.add_argument(
        "changes",
        nargs="*",
        metavar="KEY=VALUE",
        help="such as threshold=0.9 or sync_ratings=true; without any, they are shown",
    )
    handoff = command(
        "handoff", "handoff:handoff", "write the files of a service that imports files only"
    )
    handoff.add_argument("account", metavar="ACCOUNT", help="its number, label or service")
    handoff.add_argument("--to", default="", metavar="FOLDER", help="write what waits to here")
    handoff.add_argument(
        "--done", action="store_true", help="the files were imported: mark their plays as delivered"
    )

    command("status", "status:status", "show what is going on")

    outbox = command("outbox", "outbox:listing", "show or manage what waits to be sent")
    outbox.set_defaults(state="", account="", limit=50)
    actions = outbox.add_subparsers(title="actions", metavar="ACTION")

    def action(name: str, place: str, says: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=says, description=says)
        made.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        made.set_defaults(command=_lazy(place))
        return made

    for made, default in (
        (outbox, None),
        (action("list", "outbox:listing", "list deliveries"), argparse.SUPPRESS),
    ):
        extra: dict[str, Any] = {} if default is None else {"default": default}
        made.add_argument("--state", choices=_STATES, **(extra or {"default": ""}))
        made.add_argument("--account", metavar="A", **(extra or {"default": ""}))
        made.add_argument("--limit", type=_count, metavar="N", **(extra or {"default": 50}))
    flush = action("flush", "outbox:flush", "send everything that waits now")
    flush.add_argument(
        "--account", metavar="A", default="", help="test this one, and go on where it was stopped"
    )
    for name, says in (
        ("retry", "try a delivery again"),
        ("discard", "give a delivery up"),
    ):
        action(name, f"outbox:{name}", says).add_argument("id", type=int, metavar="ID")
    action("export", "outbox:export", "write all deliveries to a file").add_argument(
        "file", metavar="FILE", help="ends in .csv or .json"
    )

    action("undo", "amend:undo", "take a play back wherever it went").add_argument(
        "play", type=int, metavar="PLAY", help="its number in `history`"
    )
    edit = action("edit", "amend:edit", "change what a delivery says before it is sent")
    edit.add_argument("id", type=int, metavar="ID")
    edit.add_argument(
        "--set",
        action="append",
        default=[],
        dest="changes",
        metavar="KEY=VALUE",
        help="such as title=Words; without it, what can be changed is shown",
    )

    rules = command("rules", "amend:rules", "show or manage correction rules and the block list")
    rule_actions = rules.add_subparsers(title="actions", metavar="ACTION")

    def rule_action(name: str, place: str, says: str) -> argparse.ArgumentParser:
        made = rule_actions.add_parser(name, help=says, description=says)
        made.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        made.set_defaults(command=_lazy(place))
        return made

    rule_action("list", "amend:rules", "list rules in their order")
    rule_action("preview", "amend:preview", "show what the rules would have made of past plays")
    read = rule_action("import", "amend:read", "add rules from a file, by their names")
    read.add_argument("file", metavar="FILE", help="ends in .toml or .json")
    read.add_argument(
        "--preview", action="store_true", help="only show what they would have made of past plays"
    )
    rule_action("export", "amend:export", "write all rules to a file").add_argument(
        "file", metavar="FILE", help="ends in .toml or .json"
    )

    anime = command("anime-map", "animemap:state", "show or manage the map anime lists need")
    maps = anime.add_subparsers(title="actions", metavar="ACTION")

    def map_action(to: Any, name: str, place: str, says: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = to.add_parser(name, help=says, description=says)
        made.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        made.set_defaults(command=_lazy(place))
        return made

    map_action(maps, "state", "animemap:state", "show the copy on this computer")
    map_action(maps, "download", "animemap:download", "fetch the map, and allow fetching it weekly")
    map_action(maps, "remove", "animemap:remove", "remove the copy and fetch it no more")
    own = map_action(maps, "overrides", "animemap:overrides", "your own corrections to the map")
    rows = own.add_subparsers(title="actions", metavar="ACTION")
    map_action(rows, "list", "animemap:overrides", "list them; the last that fits counts")
    for name, place, says in (
        ("import", "animemap:read", "add the corrections in a file"),
        ("export", "animemap:export", "write all corrections to a file"),
    ):
        map_action(rows, name, place, says).add_argument("file", metavar="FILE", help="JSON")

    add_imports(command, _lazy, _count)
    add_exports(command)
    add_sync(command, _lazy)

    pause = command("pause", "amend:pause", "scrobble nothing for a while")
    pause.add_argument(
        "--minutes", type=_count, default=None, metavar="N", help="else until it is started again"
    )
    pause.add_argument(
        "--drop-last-hour", action="store_true", help="also undo and forget the last hour"
    )
    command("resume", "amend:resume", "scrobble again")

    history = command("history", "outbox:history", "show plays with outcome and reason")
    history.add_argument("--limit", type=_count, default=50, metavar="N")
    history.add_argument("--search", default="", metavar="TEXT")
    history.add_argument(
        "--to", default="", metavar="FILE", help="write every play to a file (CSV or JSON) instead"
    )

    explain = command(
        "explain", "explain:explain", "replay recorded playback frames, touching no account"
    )
    explain.add_argument("file", metavar="FILE", help="JSON Lines of frames; - for stdin")
    explain.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="KEY=VALUE",
        help="another counting rule, such as podcasts=true or movie_ratio=0.9",
    )

    command("services", "services:services", "list the services and what each can do")

    demo = command("demo", "demo:demo", "try everything on an embedded server")
    demo.add_argument("--headless", action="store_true", help="without a window")
    demo.add_argument("--speed", type=_positive, default=None, metavar="N")
    demo.add_argument("--seconds", type=_positive, default=None, metavar="N")
    command("doctor", "doctor:doctor", "check folders, database, keyring, network, accounts")
    return parser


_ALL_ACCOUNTS = "also those of other profiles"
_ALLOW_HTTP = (
    "let the address be plain http on another computer, where anybody on the way can read the "
    "password or token"
)


_STATES = ("pending", "sending", "unsure", "delivered", "held", "parked", "undone")


def _count(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < value <= 5000:
        raise argparse.ArgumentTypeError("takes a whole number from 1 to 5000")
    return value


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError("takes a number above 0")
    return value


def run(arguments: Sequence[str]) -> int:
    """Parse and run one command; returns the exit code."""
    try:
        args = build().parse_args(spelled_out(arguments))
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    try:
        command: Command = args.command
        code = command(args)
        sys.stdout.flush()
        return code
    except CompanionError as error:
        return refused(args, str(error))
    except KeyboardInterrupt:
        return 1
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python flushes the rest when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def refused(args: argparse.Namespace, sentence: str) -> int:
    """Say why a command failed, as JSON where that was asked for; returns exit code 1."""
    if getattr(args, "json", False):
        print(json.dumps({"error": sentence}, ensure_ascii=False))
    else:
        print(sentence, file=sys.stderr)
    return 1
