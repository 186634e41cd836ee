"""`import`: read an account or a file, preview, write and undo it."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from revenge_companion.cli.import_rows import row_text, unread_text
from revenge_companion.cli.parser import refused
from revenge_companion.cli.reach import Ask, answer, reached, show
from revenge_companion.core.errors import CompanionError

#: Seconds between two looks at a run that goes on.
_LOOK_S = 0.2
#: Seconds that a file may take to be recognised and copied.
_BEGIN_S = 600.0
#: Lines of each kind that a preview prints.
_SHOWN = 10
#: Lines that could not be read, and are kept, of one import.
_MOST_UNREAD = 1000
_VERDICTS = ("new", "there", "conflict", "unmatched")


class _Refused(CompanionError):
    """The engine's own answer, or ours, that ends a command."""


def begin(args: argparse.Namespace) -> int:
    """Read, show what was found, and write it once that is wanted."""
    if not args.preview and not _may_ask(args):
        return refused(
            args, "Nothing was imported: --yes imports without asking, --preview only looks."
        )
    asked: dict[str, object] = {"mark": not args.no_mark, "what": args.what or None}
    path = Path(args.source).expanduser()
    if path.is_file():
        asked["file"] = str(path.absolute())
    elif path.suffix or len(path.parts) > 1:
        return refused(args, f"There is no file {args.source}.")
    else:
        asked["source"] = args.source

    async def work() -> int:
        async with reached() as ask:
            said = _checked(await ask("import_begin", timeout_s=_BEGIN_S, **asked))
            return await _go_on(args, ask, said["run"])

    return _run(args, work)


def resume(args: argparse.Namespace) -> int:
    """Go on with a run: reading, writing or undoing; a preview is written once that is wanted."""

    async def work() -> int:
        async with reached() as ask:
            said = _checked(await ask("import_run", id=args.id))
            if said["run"]["state"] != "preview":
                said = _checked(await ask("import_resume", id=args.id))
            elif not _may_ask(args):
                raise _Refused("Nothing was imported: --yes imports without asking.")
            return await _go_on(args, ask, said["run"])

    return _run(args, work)


def undo(args: argparse.Namespace) -> int:
    async def work() -> int:
        async with reached() as ask:
            said = _checked(await ask("import_undo", id=args.id))
            return await _go_on(args, ask, said["run"])

    return _run(args, work)


def _run(args: argparse.Namespace, work: Any) -> int:
    try:
        code: int = asyncio.run(work())
    except CompanionError as error:
        return refused(args, str(error))
    return code


async def _go_on(args: argparse.Namespace, ask: Ask, run: dict[str, Any]) -> int:
    """Follow a run to its end, its preview being written where that is wanted."""
    run = await _followed(args, ask, run)
    if run["state"] == "preview":
        only_look = getattr(args, "preview", False)
        if not args.json and (only_look or _to_write(run)):
            await _print_preview(ask, run)
        if only_look or not await _wanted(args, run):
            return _ended(args, run, await _sample(ask, run) if args.json else None)
        said = _checked(await ask("import_write", id=run["id"]))
        run = await _followed(args, ask, said["run"])
    return _ended(args, run)


async def _followed(args: argparse.Namespace, ask: Ask, run: dict[str, Any]) -> dict[str, Any]:
    """The run once nothing of it goes on; Ctrl+C stops it, and it can be resumed."""
    line = _Line(shown=not args.json and sys.stderr.isatty())
    try:
        while run["running"]:
            line.show(_progress(run))
            # Between two looks only: the run itself goes on in the engine.
            await asyncio.sleep(_LOOK_S)
            run = _checked(await ask("import_run", id=run["id"]))["run"]
    except asyncio.CancelledError:
        line.end()
        run = _checked(await ask("import_cancel", id=run["id"]))["run"]
        print(_how_it_ended(run), file=sys.stderr, flush=True)
        raise
    finally:
        line.end()
    return run


def _may_ask(args: argparse.Namespace) -> bool:
    """Whether what is found can be written: it was said beforehand, or somebody can be asked."""
    return bool(args.yes) or sys.stdin.isatty()


async def _wanted(args: argparse.Namespace, run: dict[str, Any]) -> bool:
    """Ask whether to import what the preview shows; nothing new needs no question.

    That the source has what is there already is written down all the same: exports ask for it.
    """
    if args.yes or not _to_write(run):
        return True
    # On standard error: standard output may be read by a program.
    print(f"Import {_lines(_to_write(run))}? [y/N] ", end="", file=sys.stderr, flush=True)
    typed = await asyncio.to_thread(sys.stdin.readline)
    return typed.strip().casefold() in ("y", "yes")


def _to_write(run: dict[str, Any]) -> int:
    counts = run["counts"]
    return int(counts["new"] + counts["conflict"] + counts["unmatched"])


def _checked(said: dict[str, Any]) -> dict[str, Any]:
    if "error" in said:
        raise _Refused(str(said["error"]))
    return said


def _ended(
    args: argparse.Namespace, run: dict[str, Any], sample: dict[str, Any] | None = None
) -> int:
    """Print how a run stands; returns 1 where it did not come to its end."""
    if args.json:
        print(json.dumps({"run": run} | (sample or {}), ensure_ascii=False))
    else:
        print(_how_it_ended(run))
    return 0 if run["state"] in ("preview", "done", "undone") else 1


async def _sample(ask: Ask, run: dict[str, Any]) -> dict[str, Any]:
    """What a program that only looked should see: what needs a decision, or could not be read."""
    rows: list[dict[str, Any]] = []
    for verdict in ("conflict", "unmatched"):
        said = _checked(await ask("import_rows", id=run["id"], verdict=verdict, limit=500))
        rows += said["rows"]
    unread: dict[str, Any] = {"lines": [], "more": 0}
    if run["failed"]:
        unread = _checked(await ask("import_unread", id=run["id"], limit=_MOST_UNREAD))
    return {"rows": rows, "unread": {name: unread[name] for name in ("lines", "more")}}


async def _print_preview(ask: Ask, run: dict[str, Any]) -> None:
    print(f"{_name(run)}: {_counts(run)}. Nothing has been written yet.")
    for verdict, title in (("conflict", "Conflicts"), ("unmatched", "Unmatched")):
        count = run["counts"][verdict]
        if not count:
            continue
        print(f"{title}:")
        said = _checked(await ask("import_rows", id=run["id"], verdict=verdict, limit=_SHOWN))
        for row in said["rows"]:
            print(f"  {row_text(row)}")
        if count > len(said["rows"]):
            print(f"  and {count - len(said['rows']):,} more: `import show {run['id']}`")
    if run["failed"]:
        print("Could not be read:")
        said = _checked(await ask("import_unread", id=run["id"], limit=_SHOWN))
        for line in said["lines"]:
            print(f"  {unread_text(line)}")
        if run["failed"] > len(said["lines"]):
            more = run["failed"] - len(said["lines"])
            print(f"  and {more:,} more: `import unread {run['id']}`")


def _how_it_ended(run: dict[str, Any]) -> str:
    number, counts = run["id"], _counts(run)
    trouble = f" {run['trouble']}" if run["trouble"] else ""
    match run["state"]:
        case "preview" if not _to_write(run):
            return f"{_nothing_new(run)}: {counts}."
        case "preview":
            return (
                f"Nothing was written. `import resume {number}` imports it, `import forget "
                f"{number}` throws it away."
            )
        case "done" if not run["processed"]:
            return f"{_name(run)} has nothing of this.{trouble}"
        case "done" if not _to_write(run):
            return f"{_name(run)}: {counts}. {_nothing_new(run)}.{trouble}"
        case "done":
            marked = f" {_items(run['marked'])} marked as watched." if run["marked"] else ""
            return (
                f"Imported from {_name(run)}: {counts}.{marked}{trouble} "
                f"`import undo {number}` takes it back."
            )
        case "undone":
            return f"Undone: your library is as it was before.{trouble}"
    done = f"{run['processed']:,}" + (f" of {run['total']:,}" if run["total"] is not None else "")
    written = "" if run["written"] else " Nothing has been written."
    back = f", `import undo {number}` takes it back" if run["can_undo"] else ""
    return f"Stopped after {done} lines.{trouble}{written} `import resume {number}` goes on{back}."


def _nothing_new(run: dict[str, Any]) -> str:
    """Why there is nothing to write."""
    if not run["failed"]:
        return "Your library has all of this already"
    return (
        "Your library has the rest already"
        if run["counts"]["there"]
        else "None of it could be read"
    )


def _name(run: dict[str, Any]) -> str:
    """What a run is from; a file by its name, too, so that two of a kind are told apart."""
    name = str(run["source_name"])
    return f"{name} ({run['file_name']})" if run.get("file_name") else name


def _counts(run: dict[str, Any]) -> str:
    names = {"there": "already there", "conflict": "in conflict"}
    parts = [
        f"{run['counts'][verdict]:,} {names.get(verdict, verdict)}"
        for verdict in _VERDICTS
        if run["counts"][verdict]
    ]
    if run["failed"]:
        parts.append(f"{run['failed']:,} failed")
    return ", ".join(parts) or "nothing"


def _lines(count: int) -> str:
    return f"{count:,} line{'' if count == 1 else 's'}"


def _items(count: int) -> str:
    return f"{count:,} item{'' if count == 1 else 's'}"


def _progress(run: dict[str, Any]) -> str:
    """One line about a run that goes on."""
    doing = {"reading": "Reading", "writing": "Importing", "undoing": "Undoing"}
    parts = [f"{doing.get(run['state'], run['state'])}: {run['processed']:,}"]
    if run["total"] and run["processed"] >= run["total"]:
        # Every line is done; what follows takes as long as it takes.
        after = {"reading": "comparing", "writing": f"marking, {run['marked']:,} so far"}
        return f"{parts[0]}, {after.get(run['state'], 'taking marks back')}"
    if run["total"]:
        total = max(run["total"], run["processed"])
        parts[0] += f" of {total:,} ({100 * run['processed'] // total} %)"
    parts.append(f"{run['matched']:,} matched")
    if run["failed"]:
        parts.append(f"{run['failed']:,} failed")
    if run["rate"]:
        parts.append(f"{run['rate']:,.0f} a second")
    if run["left_seconds"] is not None:
        seconds = round(run["left_seconds"])
        parts.append(f"{seconds // 60}:{seconds % 60:02} left")
    return ", ".join(parts)


class _Line:
    """One line on a terminal that is written over until it ends."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._last = 0

    def show(self, text: str) -> None:
        if self._shown:
            print(f"\r{text:<{self._last}}", end="", file=sys.stderr, flush=True)
            self._last = len(text)

    def end(self) -> None:
        if self._last:
            print(file=sys.stderr, flush=True)
            self._last = 0


# Short questions


def sources(args: argparse.Namespace) -> int:
    return show(args, answer("import_sources"), _sources)


def _sources(said: dict[str, Any]) -> None:
    for one in said["sources"]:
        key = f"file {' '.join(one['suffixes'])}" if one["suffixes"] else one["key"]
        print(f"{one['name']} ({key}): {', '.join(one['what'])}")
        if one["note"]:
            print(f"   {one['note']}")
        if one["help_url"]:
            print(f"   {one['help_url']}")


def runs(args: argparse.Namespace) -> int:
    return show(args, answer("import_runs", limit=args.limit), _runs)


def _runs(said: dict[str, Any]) -> None:
    for run in said["runs"]:
        state = run["state"]
        if state in ("reading", "writing", "undoing") and not run["running"]:
            state = f"interrupted while {state}"
        print(f"{run['id']}: {run['started_at']}  {_name(run)}, {state}: {_counts(run)}")
        if run["trouble"]:
            print(f"   {run['trouble']}")
    if not said["runs"]:
        print("Nothing has been imported yet.")


def choose(args: argparse.Namespace) -> int:
    numbers: Sequence[int] | None = args.rows or None
    said = answer("import_choose", id=args.id, choice=args.choice, rows=numbers)
    what = "all conflicts" if numbers is None else _lines(len(numbers))
    return show(args, said, lambda said: print(f"Chosen for {what}: {args.choice}."))


def cancel(args: argparse.Namespace) -> int:
    return show(
        args, answer("import_cancel", id=args.id), lambda said: print(_how_it_ended(said["run"]))
    )


def forget(args: argparse.Namespace) -> int:
    said = answer("import_forget", id=args.id)
    return show(args, said, lambda said: print(f"Import {said['forgotten']} is forgotten."))
