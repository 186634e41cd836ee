"""`export` and `sync`: what goes from the library to accounts, or into a file."""

import argparse
import sys
from pathlib import Path
from typing import Any

from revenge_companion.cli.lines import when
from revenge_companion.cli.parser import refused
from revenge_companion.cli.reach import answer, show

#: Seconds that looking through a large library may take.
_LOOK_S = 600.0
#: Lines that a preview prints.
_SHOWN = 20


def export(args: argparse.Namespace) -> int:
    if args.library:
        if args.account:
            return refused(args, "Name an account, or a file with --library; not both.")
        path = str(Path(args.library).expanduser().absolute())
        said = answer("export_library", timeout_s=_LOOK_S, file=path, what=args.what or None)
        return show(args, said, lambda said: print(f"{said['exported']:,} lines written."))
    if not args.account:
        return refused(args, "Name an account, or a file with --library.")
    if not args.preview and not (args.yes or sys.stdin.isatty()):
        return refused(
            args, "Nothing was queued: --yes exports without asking, --preview only looks."
        )
    asked = {"account": args.account, "what": args.what or None}
    said = answer("export_preview", timeout_s=_LOOK_S, **asked)
    if "error" in said or args.preview:
        return show(args, said, _preview)
    if said["unread"]:
        return refused(args, _unread(said))
    if not args.json:
        _preview(said)
    if not said["counts"]["send"]:
        return show(args, {"account": said["account"], "queued": 0}, lambda _: None)
    if not args.yes and not _wanted(said):
        return 0
    said = answer("export_queue", timeout_s=_LOOK_S, **asked)
    return show(
        args,
        said,
        lambda said: print(f"{said['queued']:,} queued. `outbox` shows how they are getting on."),
    )


def _wanted(said: dict[str, Any]) -> bool:
    # On standard error: standard output may be read by a program.
    print(f"Queue {said['counts']['send']:,} for {said['name']}? [y/N] ", end="", file=sys.stderr)
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def _unread(said: dict[str, Any]) -> str:
    what = ",".join(said["unread"])
    return (
        f"What {said['name']} has was not read within the last day ({what}). "
        f"`import account:{said['account']} --what {what}` reads it."
    )


def _preview(said: dict[str, Any]) -> None:
    if said["unread"]:
        print(_unread(said))
    counts = said["counts"]
    print(
        f"{said['name']}: {counts['send']:,} to send, {counts['there']:,} there already, "
        f"{counts['left_out']:,} left out. Nothing is queued yet."
    )
    for one in said["reasons"]:
        if one["reason"]:
            verdict = {"send": "sent", "there": "there", "left_out": "left out"}[one["verdict"]]
            print(f"  {one['count']:,} of {one['what']} {verdict}: {one['reason']}")
    rows = [row for row in said["rows"] if row["verdict"] == "send"]
    for row in rows[:_SHOWN]:
        at = f", {when(row)}" if row["at"] else ""
        rating = "" if row["rating"] is None else f", {row['rating'] / 10:g} of 10"
        print(f"  {row['item']} ({row['change'] or row['what']}{rating}{at})")
    if counts["send"] > _SHOWN:
        print(f"  and {counts['send'] - min(len(rows), _SHOWN):,} more")


def sync_state(args: argparse.Namespace) -> int:
    return show(args, answer("sync_state"), _states)


def sync_now(args: argparse.Namespace) -> int:
    """Exits with 1 where the account is not in step now: something failed, or waits for a word."""
    said = answer("sync_now", timeout_s=3600.0, account=args.account)
    code = show(args, said, lambda said: _state(said["account"]))
    return code or int(any(map(_is_behind, said["account"]["what"])))


def decide(args: argparse.Namespace) -> int:
    """Answer what a sync asked."""
    said = answer(
        "sync_answer", timeout_s=3600.0, account=args.account, what=args.what, go_on=args.go_on
    )
    code = show(args, said, lambda said: _state(said["account"]))
    return code or int(
        any(_is_behind(one) for one in said["account"]["what"] if one["what"] == args.what)
    )


def _is_behind(facet: dict[str, Any]) -> bool:
    return bool(facet["trouble"]) or facet["question"] is not None


def _states(said: dict[str, Any]) -> None:
    for one in said["accounts"]:
        _state(one)
    if not said["accounts"]:
        print("No account is linked that could be synced.")


def _state(one: dict[str, Any]) -> None:
    on = one["what"]
    again = f", next {one['next_at']}" if on and one["next_at"] else ""
    print(
        f"{one['name']}: {'being synced' if one['running'] else 'synced' if on else 'off'}{again}"
    )
    for facet in on:
        print(f"   {facet['what']}: {_facet(facet)}")
    if not on:
        print(f"   `accounts set {one['id']} sync_history=true` switches it on.")


def _facet(facet: dict[str, Any]) -> str:
    if facet["trouble"]:
        return str(facet["trouble"])
    asked = facet["question"]
    if asked is not None:
        where = "at the account" if asked["way"] == "send" else "in your library"
        return (
            f"{asked['added']:,} more and {asked['removed']:,} fewer {where}, of "
            f"{asked['before']:,}. Nothing was changed: `sync go-on` or `sync leave`."
        )
    if facet["left"]:
        return "left as it is; `sync now` looks again."
    if facet["synced_at"] is None:
        return "not synced yet."
    # A program of an older version may still run.
    unread = facet.get("unread", 0)
    lines = "1 line" if unread == 1 else f"{unread:,} lines"
    return (
        f"in step since {facet['synced_at']}; last: {facet['added']:,} taken over, "
        f"{facet['removed']:,} removed, {facet['sent']:,} sent."
        + (f" {lines} could not be read." if unread else "")
    )
