"""Collects what `texts.py` keeps: every text of the program that the window shows."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "revenge_companion"
sys.path.insert(0, str(ROOT))

from revenge_companion.core.reasons import FINISHED  # noqa: E402  # this checkout's

#: Where sentences come from that the window shows as they are. The command line stays English.
BELOW = ("app.py", "paths.py", "core", "engine", "net", "revenge", "services", "store")
#: What these say is read in a terminal or a file only.
TERMINAL = {
    "core/catalog.py",
    "engine/account_requests.py",
    "engine/amend_requests.py",
    "engine/asked.py",
    "engine/control.py",
    "engine/import_requests.py",
    "engine/library_requests.py",
    "engine/replay.py",
    "engine/requests.py",
    "engine/sync_requests.py",
}
#: What stands within sentences and is none by itself.
FRAGMENTS = {
    "core/counting.py": ("a track", "a podcast episode", "an episode", "a film"),
    "core/rules.py": ("name", "text to find"),
    "core/animeplaces.py": ("several entries",),
    "engine/import_sources.py": ("An account that is no longer linked",),
    "services/archives.py": ("unknown reason",),
    "services/file_formats.py": (
        "ListenBrainz export",
        "Last.fm plays (CSV)",
        "Letterboxd export",
        "Goodreads library",
        "StoryGraph library",
    ),
    "services/trakt/changes.py": ("this change",),
    "services/trakt/wire.py": ("this play", "a question"),
    "store/settings_file.py": (
        "true or false",
        "a list of texts",
        "a number from 0.05 to 1",
        "a number of seconds from 1 to 86400",
        "a whole number of minutes from 0 to 10",
        "a whole number of hours from 1 to 168",
        "it is not text in UTF-8",
        "it is nested too deeply",
        "it is too large",
    ),
    "store/trouble.py": ("The data folder",),
}
#: Functions that translate, by name, and which of their arguments is the text.
TRANSLATE = {"tr": 0, "_tr": 0, "say": 0, "translate": 1}

#: What is filled in later: by Qt, or by `str.format`.
PLACES = re.compile(r"%L?n|%\d|\{\w*\}")
_SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|FROM|WITH|WHERE|PRAGMA)\b")


@dataclass
class Text:
    """A text of the program."""

    source: str
    #: "" for texts that are looked up by the window, `FINISHED` for finished ones.
    context: str = ""
    files: list[str] = field(default_factory=list)
    #: The classes that ask for it, where a language may tell them apart.
    classes: set[str] = field(default_factory=set)
    plural: bool = False


class Collected:
    """Every text of the program, and the places where a text cannot be told."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], Text] = {}
        self.untold: list[str] = []

    def add(self, source: str, file: str, context: str = "", within: str = "") -> None:
        text = self.texts.setdefault((context, source), Text(source, context))
        if file not in text.files:
            text.files.append(file)
        text.classes.add(within)
        text.plural = text.plural or "%n" in source or "%Ln" in source or "(s)" in source


def collect(package: Path = PACKAGE) -> Collected:
    """Look through the whole program."""
    found = Collected()
    for path in sorted((package / "ui").rglob("*.py")):
        _Window(found, path.relative_to(package).as_posix()).visit(_tree(path))
    for path in _below(package):
        name, tree = path.relative_to(package).as_posix(), _tree(path)
        if name == "core/reasons.py":
            _reasons(found, tree, name)
        elif name not in TERMINAL:
            for source in _sentences(tree):
                found.add(source, name, FINISHED)
    _fragments(found, package)
    return found


def _fragments(found: Collected, package: Path) -> None:
    for name, fragments in FRAGMENTS.items():
        said = {
            node.value for node in ast.walk(_tree(package / name)) if isinstance(node, ast.Constant)
        }
        for fragment in fragments:
            if fragment in said:
                found.add(fragment, name, FINISHED)


def _below(package: Path) -> Iterator[Path]:
    for name in BELOW:
        if name.endswith(".py"):
            yield package / name
        else:
            yield from sorted((package / name).rglob("*.py"))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


class _Window(ast.NodeVisitor):
    """Finds what the window translates."""

    def __init__(self, found: Collected, file: str) -> None:
        self._found, self._file = found, file
        self._class: list[str] = [""]
        self._function: list[str] = [""]

    def visit_ClassDef(self, node: ast.ClassDef) -> None:  # ast's name
        self._class.append(node.name)
        self.generic_visit(node)
        self._class.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:  # ast's name
        self._function.append(node.name)
        self.generic_visit(node)
        self._function.pop()

    def visit_Call(self, node: ast.Call) -> None:  # ast's name
        self.generic_visit(node)
        place = self._place(node)
        # The doors themselves pass on what they are given.
        if place is None or place >= len(node.args) or (self._file, self._function[-1]) in DOORS:
            return
        sources = _literals(node.args[place])
        if sources is None:
            self._found.untold.append(f"{self._file}:{node.lineno}: {ast.unparse(node)}")
        for source in sources or ():
            self._found.add(source, self._file, within=self._class[-1])

    def _place(self, node: ast.Call) -> int | None:
        called = node.func
        if isinstance(called, ast.Name):
            return TRANSLATE.get(called.id)
        if isinstance(called, ast.Attribute):
            if called.attr == "say":
                on_words = isinstance(called.value, ast.Name) and called.value.id == "words"
                return 0 if on_words else None
            return TRANSLATE.get(called.attr) if called.attr != "_tr" else None
        return None


#: Functions that hand a text of somebody else to Qt, and where they are.
DOORS = {
    ("ui/words.py", "say"),
    ("ui/words.py", "reason"),
    ("ui/words.py", "told"),
    ("ui/language.py", "translate"),
    ("ui/import_asking.py", "_tr"),
    ("ui/last_hour.py", "_tr"),
}


def _literals(node: ast.expr) -> list[str] | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        one, other = _literals(node.body), _literals(node.orelse)
        return None if one is None or other is None else [*one, *other]
    return None


def _reasons(found: Collected, tree: ast.Module, file: str) -> None:
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "SENTENCES":
            assert isinstance(node.value, ast.Dict)
            for value in node.value.values:
                for source in _literals(value) or ():
                    found.add(source, file)


def _sentences(tree: ast.AST) -> Iterator[str]:
    """Whole sentences among a module's texts: errors, notes and the like, no log lines.

    What stands in the braces of an f-string becomes the name of a place.
    """
    passed: set[int] = set()
    for node in ast.walk(tree):
        if id(node) in passed:
            passed.update(map(id, ast.iter_child_nodes(node)))
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(id(node.value))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).startswith("_log."):
            passed.update(map(id, ast.iter_child_nodes(node)))
        elif isinstance(node, ast.JoinedStr):
            passed.update(id(part) for part in node.values if isinstance(part, ast.Constant))
            source = _template(node)
            if _is_sentence(source):
                yield source
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and _is_sentence(node.value)
        ):
            yield node.value


def _is_sentence(text: str) -> bool:
    plain = PLACES.sub("x", text)
    return (
        (plain[:1].isupper() or text.startswith("{"))
        and len(re.findall(r"[A-Za-z']{2,}", PLACES.sub(" ", text))) >= 2
        and re.search(r"[A-Za-z,:}] [a-z{A-Z]", text) is not None
        and not _SQL.match(text)
        and not re.search(r"[\n\t=_]|\b(AND|LIMIT|ORDER BY|WHERE|DESC|INDEXED)\b", plain)
        and (text.endswith(".") or text.startswith("{") or "{" in text)
        and not text.startswith("Bearer ")
    )


def _template(node: ast.JoinedStr) -> str:
    """An f-string with names in its braces, such as "{host} did not answer."."""
    names: dict[str, str] = {}
    parts = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value).replace("{", "(").replace("}", ")"))
        else:
            assert isinstance(part, ast.FormattedValue)
            said = ast.unparse(part.value)
            if said not in names:
                name = _place_name(part.value)
                taken = Counter(re.sub(r"\d+$", "", one) for one in names.values())[name]
                names[said] = f"{name}{taken + 1}" if taken else name
            parts.append(f"{{{names[said]}}}")
    return "".join(parts)


def _place_name(node: ast.expr) -> str:
    """The name in an expression that says most about it."""
    if isinstance(node, ast.Attribute):
        inner = node.value
        if node.attr in ("name", "label", "year") and isinstance(inner, ast.Name):
            return f"{inner.id.strip('_')}_{node.attr}".lower()
        return node.attr.strip("_").lower()
    if isinstance(node, ast.BoolOp):
        return _place_name(node.values[0])
    if isinstance(node, ast.Subscript):
        return _place_name(node.value)
    names = [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]
    return names[-1].strip("_").lower() if names else "text"
