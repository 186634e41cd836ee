"""`outbox undo`, `outbox edit`, `rules`, `pause` and `resume`: second thoughts by command."""

import argparse
from pathlib import Path
from typing import Any

from revenge_companion.cli.parser import refused
from revenge_companion.cli.reach import answer, show


def undo(args: argparse.Namespace) -> int:
    said = answer("undo", timeout_s=300.0, play=args.play)
    if said.get("undone") == []:
        return refused(
            args, f"Nothing of play {args.play} was queued, so there is nothing to undo."
        )
    code = show(args, said, lambda said: _results(said["undone"]))
    return code or int(not all(one["done"] for one in said["undone"]))


def _results(results: list[dict[str, Any]]) -> None:
    for one in results:
        print(f"{one['item']}: {one['reason']}" + (f" {one['detail']}" if one["detail"] else ""))


def edit(args: argparse.Namespace) -> int:
    changes = {}
    for text in args.changes:
        name, equals, value = text.partition("=")
        if not equals or not name:
            return refused(args, f"{text!r} is not KEY=VALUE.")
        changes[name.strip()] = value
    said = answer("edit", id=args.id, changes=changes)
    return show(args, said, _values)


def _values(said: dict[str, Any]) -> None:
    for name, value in said["values"].items():
        print(f"{name} = {value}")


def rules(args: argparse.Namespace) -> int:
    return show(args, answer("rules"), _rules)


def _rules(said: dict[str, Any]) -> None:
    for rule in said["rules"]:
        off = "" if rule["enabled"] else " (off)"
        does = "never scrobble" if rule["action"] == "block" else f"becomes {rule['replace']!r}"
        print(f"{rule['name']}{off}: {rule['field']} {rule['match']} {rule['find']!r}: {does}")
    if not said["rules"]:
        print("There are no rules.")


def preview(args: argparse.Namespace) -> int:
    return show(args, answer("rules_preview", timeout_s=300.0), _changed)


def _changed(said: dict[str, Any]) -> None:
    for one in said["changed"]:
        what = f"left out by {one['blocked_by']}" if one["blocked_by"] else one["becomes"]
        print(f"{one['item']} \N{RIGHTWARDS ARROW} {what}")
    print(f"{len(said['changed'])} past plays would have been changed.")


def read(args: argparse.Namespace) -> int:
    path = str(Path(args.file).absolute())
    said = answer("rules_import", timeout_s=300.0, file=path, preview=args.preview)
    return show(args, said, _changed if args.preview else _imported)


def _imported(said: dict[str, Any]) -> None:
    print(f"{said['imported']} rules imported.")


def export(args: argparse.Namespace) -> int:
    said = answer("rules_export", file=str(Path(args.file).absolute()))
    return show(args, said, lambda said: print(f"{said['exported']} rules written."))


def pause(args: argparse.Namespace) -> int:
    if (said := _running(args, "pause", minutes=args.minutes, drop=args.drop_last_hour)) is None:
        return 1
    return show(args, said, _paused)


def _paused(said: dict[str, Any]) -> None:
    until = said["paused_until"]
    print(f"Scrobbling is paused until {until or 'the program is started again'}.")
    if "not_removed" in said:
        print("The last hour is dropped." if not said["not_removed"] else "This is still there:")
        _results(said["not_removed"])


def resume(args: argparse.Namespace) -> int:
    if (said := _running(args, "resume")) is None:
        return 1
    return show(args, said, lambda said: print("Scrobbling goes on."))


def _running(
    args: argparse.Namespace, do: str, *, minutes: int | None = None, drop: bool = False
) -> dict[str, Any] | None:
    from revenge_companion.engine.control import ask
    from revenge_companion.paths import find_paths

    asked: dict[str, object] = {"minutes": minutes, "drop_last_hour": drop} if do == "pause" else {}
    said = ask(find_paths().control, do, timeout_s=300.0, **asked)
    if said is None:
        refused(args, "Revenge Companion is not running, so nothing is scrobbled now.")
    return said
