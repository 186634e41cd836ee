"""`handoff`: files for services that take nothing else."""

import argparse
import sys
from pathlib import Path
from typing import Any

from revenge_companion.cli.reach import answer, show


def handoff(args: argparse.Namespace) -> int:
    if not args.to and not args.done:
        print("handoff: --to or --done is needed", file=sys.stderr)
        return 2
    said = answer(
        "handoff",
        timeout_s=600.0,
        account=args.account,
        folder=str(Path(args.to).absolute()) if args.to else "",
        done=args.done,
    )
    return show(args, said, lambda said: _words(said, done=args.done))


def _words(said: dict[str, Any], *, done: bool) -> None:
    for path in said["files"]:
        print(path)
    if done:
        print(f"{said['delivered']} plays are marked as delivered; {said['waiting']} wait.")
    elif not said["files"]:
        print("Nothing waits.")
    else:
        print(f"Import this at {said['upload_url']}")
        print(said["upload_note"])
        print(f"Then: revenge-companion handoff {said['account']} --done")
