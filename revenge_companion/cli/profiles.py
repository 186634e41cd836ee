"""`profiles`: who was signed in on this computer, and whose plays are heard."""

import argparse
from typing import Any

from revenge_companion.cli.reach import answer, show


def listing(args: argparse.Namespace) -> int:
    return show(args, answer("profiles"), _list)


def _list(said: dict[str, Any]) -> None:
    for one in said["profiles"]:
        print(_line(one))
    if not said["profiles"]:
        print("Nobody has signed in yet. `revenge-companion signin` does.")


def _line(one: dict[str, Any]) -> str:
    who = one["username"] or "an API key"
    line = f"{one['id']}: {who} at {one['server']}"
    if one["active"]:
        line += ", active"
    elif not one["kept"]:
        line += ", signed out"
    return line


def use(args: argparse.Namespace) -> int:
    def words(said: dict[str, Any]) -> None:
        print(f"Plays of {said['username'] or 'an API key'} at {said['server']} are followed now.")

    return show(args, answer("profile_use", profile=args.profile), words)
