"""`outbox` and `history`: what waits, what was sent, and what was played."""

import argparse
from pathlib import Path
from typing import Any

from revenge_companion.cli.reach import alone, answer, show
from revenge_companion.core.reasons import sentence
from revenge_companion.services.catalog import name_of


def listing(args: argparse.Namespace) -> int:
    said = answer("outbox", state=args.state or "", account=args.account or "", limit=args.limit)
    return show(args, said, _deliveries)


def _deliveries(said: dict[str, Any]) -> None:
    for row in said["deliveries"]:
        facts = {"service": name_of(row["service"])}
        reason = sentence(row["reason"], facts) if row["reason"] else ""
        print(f"{row['id']}: {row['item']} \N{RIGHTWARDS ARROW} {row['service']}, {row['state']}")
        for line in (reason, row["detail"]):
            if line:
                print(f"   {line}")
    if not said["deliveries"]:
        print("Nothing waits.")


def flush(args: argparse.Namespace) -> int:
    from revenge_companion.engine.control import ask
    from revenge_companion.paths import find_paths

    said = ask(find_paths().control, "flush", timeout_s=60.0, account=args.account)
    if said is not None:
        return show(args, said, lambda said: print(f"Sending {said['waiting']} waiting plays."))
    # Nothing runs: they are sent by this command, which ends when nothing more can be sent now.
    return show(args, alone("flush", {"account": args.account}), _flushed)


def _flushed(said: dict[str, Any]) -> None:
    print(f"Sent: {said['sent']}. Waiting: {said['waiting']}.")


def retry(args: argparse.Namespace) -> int:
    return _one(args, "retry", "will be tried again")


def discard(args: argparse.Namespace) -> int:
    return _one(args, "discard", "is given up")


def _one(args: argparse.Namespace, do: str, done: str) -> int:
    said = answer(do, id=args.id)
    if said.get("done") is False:
        said = {
            "error": f"There is no delivery {args.id} that this can be done with: `outbox` shows "
            "what there is, and its state."
        }
    return show(args, said, lambda said: print(f"Delivery {args.id} {done}."))


def export(args: argparse.Namespace) -> int:
    said = answer("export", timeout_s=600.0, file=str(Path(args.file).absolute()))
    return show(args, said, lambda said: print(f"{said['exported']} deliveries written."))


def history(args: argparse.Namespace) -> int:
    if args.to:
        path = str(Path(args.to).expanduser().absolute())
        said = answer("history_export", timeout_s=600.0, file=path, search=args.search)
        return show(args, said, lambda said: print(f"{said['exported']:,} plays written."))
    none = "No play matches." if args.search else "Nothing has been played yet."
    said = answer("history", limit=args.limit, search=args.search)
    return show(args, said, lambda said: _plays(said, none))


def _plays(said: dict[str, Any], none: str) -> None:
    for play in said["plays"]:
        sent = ", ".join(f"{fate['service']}: {fate['state']}" for fate in play["destinations"])
        print(
            f"{play['started_at']}  {play['item']}: {play['reason']}"
            + (f"  [{sent}]" if sent else "")
        )
        # A program of an older version may still run.
        for one in play.get("not_sent", ()):
            print(f"   {one['reason']}")
    if not said["plays"]:
        print(none)
