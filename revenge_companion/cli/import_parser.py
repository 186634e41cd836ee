"""`import` and `export` with their arguments."""

import argparse
from collections.abc import Callable, Sequence

#: Reads a source or a file; the word that may be left out.
_FROM = "from"
ACTIONS = (
    _FROM, "sources", "runs", "show", "unread", "choose", "resume", "undo", "cancel", "forget",
    "unmatched", "candidates", "match", "never",
)  # fmt: skip
_FACETS = ("history", "ratings", "watchlist", "collection", "loved", "lists")
_VERDICTS = ("new", "there", "conflict", "unmatched")
_SORTS = ("read", "title", "what", "says", "date", "ours", "matched", "why", "choice")
_CHOICES = ("default", "theirs", "ours", "skip")


def add_imports(
    command: Callable[[str, str, str], argparse.ArgumentParser],
    lazy: Callable[[str], Callable[[argparse.Namespace], int]],
    count: Callable[[str], int],
) -> None:
    """Add `import` by `command`; `lazy` names what runs it, `count` reads a number of rows."""
    made = command("import", "imports:begin", "import what an account or a file knows about you")
    made.usage = (
        "revenge-companion import SOURCE|FILE [--what W,…] [--preview] [--yes] [--no-mark] [--json]"
        "\n       revenge-companion import ACTION …"
    )
    actions = made.add_subparsers(
        title="actions", metavar="ACTION", required=True, prog="revenge-companion import"
    )

    def action(name: str, place: str, says: str) -> argparse.ArgumentParser:
        one = actions.add_parser(name, help=says, description=says)
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        one.set_defaults(command=lazy(place if ":" in place else f"imports:{place}"))
        return one

    def numbered(name: str, place: str, says: str) -> argparse.ArgumentParser:
        one = action(name, place, says)
        one.add_argument("id", type=int, metavar="ID", help="its number in `import runs`")
        return one

    def listed(one: argparse.ArgumentParser) -> None:
        one.add_argument("--search", default="", metavar="TEXT", help="in titles")
        one.add_argument("--limit", type=count, default=50, metavar="N")
        one.add_argument("--after", type=int, default=0, metavar="ROW", help="go on after this one")
        one.add_argument("--sort", choices=_SORTS, default="", help="else as they were read")
        one.add_argument("--reverse", action="store_true", help="sort from the highest on")

    begin = action(_FROM, "begin", "read an account or a file; the word `from` may be left out")
    begin.add_argument(
        "source", metavar="SOURCE|FILE", help="an account's number, label or service, or a file"
    )
    begin.add_argument(
        "--what",
        type=_facets,
        default=[],
        metavar="W,…",
        help=f"some of {', '.join(_FACETS)}; else everything",
    )
    begin.add_argument("--preview", action="store_true", help="only look; nothing is written")
    begin.add_argument(
        "--no-mark", action="store_true", help="do not mark anything as watched on the server"
    )
    action("sources", "sources", "list what can be imported from")
    action("runs", "runs", "list imports").add_argument(
        "--limit", type=count, default=50, metavar="N"
    )
    show = numbered("show", "import_rows:rows", "list the lines of an import")
    show.add_argument("--verdict", choices=_VERDICTS, default="")
    show.add_argument("--what", choices=_FACETS, default="")
    listed(show)
    unread = numbered(
        "unread", "import_rows:unread", "list the lines that could not be read, and why"
    )
    unread.add_argument("--what", choices=_FACETS, default="")
    listed(unread)
    choose = numbered("choose", "choose", "choose what becomes of lines before they are written")
    choose.add_argument("choice", choices=_CHOICES)
    choose.add_argument(
        "rows", type=int, nargs="*", metavar="ROW", help="without one, all conflicts of the import"
    )
    go_on = numbered("resume", "resume", "go on with an import, or write what its preview shows")
    for one in (begin, go_on):
        one.add_argument("--yes", action="store_true", help="write without asking")
    numbered("undo", "undo", "take everything back that an import wrote")
    numbered("cancel", "cancel", "stop an import; it can be resumed or undone")
    numbered("forget", "forget", "take an import off the list; what it wrote stays")
    listed(
        action("unmatched", "import_rows:unmatched", "list the lines that no item was found for")
    )

    def row(name: str, place: str, says: str) -> argparse.ArgumentParser:
        one = action(name, place, says)
        one.add_argument("row", type=int, metavar="ROW", help="its number in `import unmatched`")
        return one

    row("candidates", "import_rows:candidates", "list items that a line might be").add_argument(
        "text", nargs="?", default="", metavar="TEXT", help="else its own title"
    )
    row("match", "import_rows:match", "say which item a line is").add_argument(
        "media", metavar="MEDIA_ID"
    )
    row("never", "import_rows:never", "say that a line is not to be matched")


def add_exports(command: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    """Add `export` by `command`."""
    made = command("export", "exports:export", "send an account what it does not have yet")
    made.add_argument(
        "account", nargs="?", default="", metavar="ACCOUNT", help="its number, label or service"
    )
    made.add_argument(
        "--library", default="", metavar="FILE", help="write the library instead: .csv or .json"
    )
    made.add_argument(
        "--what",
        type=_facets,
        default=[],
        metavar="W,…",
        help=f"some of {', '.join(_FACETS)}; else everything",
    )
    made.add_argument("--preview", action="store_true", help="only look; nothing is queued")
    made.add_argument("--yes", action="store_true", help="queue without asking")


def add_sync(
    command: Callable[[str, str, str], argparse.ArgumentParser],
    lazy: Callable[[str], Callable[[argparse.Namespace], int]],
) -> None:
    """Add `sync` by `command`."""
    made = command("sync", "exports:sync_state", "show or manage what is kept in step")
    actions = made.add_subparsers(title="actions", metavar="ACTION")
    for name, says in (
        ("now", "sync an account at once"),
        ("go-on", "let a sync go on that changes much"),
        ("leave", "leave everything as it is"),
    ):
        one = actions.add_parser(name, help=says, description=says)
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        one.set_defaults(command=lazy("exports:sync_now" if name == "now" else "exports:decide"))
        one.add_argument("account", metavar="ACCOUNT", help="its number, label or service")
        if name != "now":
            one.set_defaults(go_on=name == "go-on")
            one.add_argument("what", choices=("history", "ratings", "watchlist"))


def spelled_out(arguments: Sequence[str]) -> list[str]:
    """`import trakt …` as `import from trakt …`, which is what the parser knows."""
    spelled = list(arguments)
    if spelled[:1] == ["import"]:
        word = next((one for one in spelled[1:] if one != "--json"), "--help")
        if word not in (*ACTIONS, "-h", "--help"):
            spelled.insert(1, _FROM)
    return spelled


def _facets(text: str) -> list[str]:
    named = [part.strip() for part in text.split(",") if part.strip()]
    if not named or not set(named) <= set(_FACETS):
        raise argparse.ArgumentTypeError(f"takes some of {', '.join(_FACETS)}")
    return named
