"""`import`: the lines of an import, those of all that found no match, and what they are."""

import argparse
from typing import Any

from revenge_companion.cli.lines import when
from revenge_companion.cli.reach import answer, show


def rows(args: argparse.Namespace) -> int:
    said = answer(
        "import_rows",
        id=args.id,
        verdict=args.verdict,
        what=args.what,
        **_which(args),
    )
    return show(args, said, _rows)


def unmatched(args: argparse.Namespace) -> int:
    said = answer(
        "import_unmatched",
        **_which(args),
    )
    return show(args, said, _rows)


def _which(args: argparse.Namespace) -> dict[str, Any]:
    """Which lines, and in what order: alike for every list of lines."""
    return {
        "search": args.search,
        "limit": args.limit,
        "after": args.after,
        "sort": args.sort,
        "down": args.reverse,
    }


def _rows(said: dict[str, Any]) -> None:
    for row in said["rows"]:
        print(row_text(row))
    if not said["rows"]:
        print("There are no such lines.")


def row_text(row: dict[str, Any]) -> str:
    says = [row["what"]]
    if row["rating"] is not None:
        says.append(f"{row['rating'] / 10:g} of 10")
    if row["at"]:
        says.append(when(row))
    text = f"{row['id']}: {row['item']} ({', '.join(says)}), {row['verdict']}"
    if row["ours"]:
        text += f"; your library: {row['ours']}"
    if row["choice"] != "default":
        text += f"; chosen: {row['choice']}"
    return f"{text}. {row['reason']}".rstrip()


def unread(args: argparse.Namespace) -> int:
    said = answer(
        "import_unread",
        id=args.id,
        what=args.what,
        **_which(args),
    )
    return show(args, said, _unreads)


def _unreads(said: dict[str, Any]) -> None:
    for line in said["lines"]:
        print(unread_text(line))
    if said["more"]:
        print(f"{said['more']:,} more could not be read; they are only counted.")
    if not said["lines"]:
        print("There are no such lines.")


def unread_text(line: dict[str, Any]) -> str:
    places = (line["file"], f"line {line['line']}" if line["line"] else "")
    place = ", ".join(filter(None, places)) or line["what"]
    says = f" [{line['text']}]" if line["text"] else ""
    return f"{place}: {line['reason']}{says}"


def candidates(args: argparse.Namespace) -> int:
    said = answer("import_candidates", timeout_s=120.0, row=args.row, text=args.text)
    return show(args, said, _candidates)


def _candidates(said: dict[str, Any]) -> None:
    for one in said["candidates"]:
        print(f"{one['media_id']}  {one['item']} ({one['likeness']:.0%} alike)")
    if not said["candidates"]:
        print("Nothing on your server is called like that.")


def match(args: argparse.Namespace) -> int:
    said = answer("import_match", timeout_s=120.0, row=args.row, media=args.media)
    return show(args, said, lambda said: print(f"Line {said['row']} is matched."))


def never(args: argparse.Namespace) -> int:
    said = answer("import_never", row=args.row)
    return show(args, said, lambda said: print(f"Line {said['row']} will not be matched."))
