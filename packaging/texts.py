#!/usr/bin/env python3
"""Collects the texts of the window, and keeps a language's file in step with them.

    python3 packaging/texts.py update de     adds new texts, removes gone ones, keeps the rest
    python3 packaging/texts.py check de      says what is missing or wrong; exit code 1 if anything
    python3 packaging/texts.py list          every text, with the files it is in

A language is one file, resources/languages/CODE.po; `update` makes it where there is none. Python's
own library is all it needs.
"""

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
LANGUAGES = ROOT / "resources" / "languages"
sys.path.insert(0, str(ROOT))

from revenge_companion.core import catalog  # noqa: E402  # this checkout's, not an installed one
from revenge_companion.core.catalog import Entry  # noqa: E402
from revenge_companion.core.reasons import FINISHED  # noqa: E402

#: Where sentences come from that the window shows as they are. The command line stays English.
BELOW = ("core", "engine", "net", "revenge", "services", "store")
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
    "services/file_formats.py": (
        "ListenBrainz export",
        "Last.fm plays (CSV)",
        "Letterboxd export",
        "Goodreads library",
        "StoryGraph library",
    ),
    "services/trakt/changes.py": ("this change",),
    "services/trakt/wire.py": ("this play", "a question"),
}
#: Functions that translate, by name, and which of their arguments is the text.
TRANSLATE = {"tr": 0, "_tr": 0, "say": 0, "translate": 1}

_PLACES = re.compile(r"%L?n|%\d|\{\w*\}")
_KEY = re.compile(r"(?<!&)&(?![& ])")
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
    for path in (package / "app.py", *_below(package)):
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
    for folder in BELOW:
        yield from sorted((package / folder).rglob("*.py"))


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
    plain = _PLACES.sub("x", text)
    return (
        (plain[:1].isupper() or text.startswith("{"))
        and len(re.findall(r"[A-Za-z']{2,}", _PLACES.sub(" ", text))) >= 2
        and re.search(r"[A-Za-z,:}] [a-z{A-Z]", text) is not None
        and not _SQL.match(text)
        and not re.search(r"[\n\t=?_]|\b(AND|LIMIT|ORDER BY|WHERE|DESC|INDEXED)\b", plain)
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


def troubles(found: Collected, entries: list[Entry]) -> Iterator[str]:
    """What is missing or wrong in a language's entries, one line each."""
    header = next((entry for entry in entries if not entry.source), None)
    said = re.search(r"nplurals=(\d+)", header.forms[0]) if header else None
    forms = int(said[1]) if said else 2
    known = {(entry.context, entry.source) for entry in entries}
    yield from (f"cannot be collected: {place}" for place in found.untold)
    for key, text in found.texts.items():
        if key not in known:
            yield f"not translated: {_named(text.context, text.source)} ({', '.join(text.files)})"
    for entry in entries:
        if entry.source:
            for why in _wrong(found, entry, forms):
                yield f"{why}: {_named(entry.context, entry.source)}"


def _wrong(found: Collected, entry: Entry, forms: int) -> Iterator[str]:
    text = _text_of(found, entry)
    if text is None:
        yield "no such text any more"
        return
    if not all(entry.forms):
        yield "not translated"
        return
    if entry.fuzzy:
        yield "not looked at (fuzzy)"
    if text.plural != entry.plural or len(entry.forms) != (forms if entry.plural else 1):
        yield f"needs {forms if text.plural else 1} form(s)"
    for form in entry.forms:
        wanted, has = (set(_PLACES.findall(one)) for one in (entry.source, form))
        # One play may be called so without its number.
        if has != wanted and not (entry.plural and has | {"%n"} == wanted | {"%n"}):
            yield f"has other places ({' '.join(sorted(has))})"
        keys = [len(_KEY.findall(one)) for one in (entry.source, form)]
        if entry.context != FINISHED and keys[0] != keys[1]:
            yield "has an access key where the English has none, or none where it has one"
        if "!" in form and "!" not in entry.source:
            yield "has an exclamation mark"
        ends = "\N{HORIZONTAL ELLIPSIS}"
        if entry.source.endswith(ends) != form.endswith(ends):
            yield "ends in an ellipsis where the English does not, or the other way round"
        if (entry.source[:1] == " ") != (form[:1] == " "):
            yield "begins with a space where the English does not, or the other way round"


def _text_of(found: Collected, entry: Entry) -> Text | None:
    text = found.texts.get((entry.context, entry.source))
    if text is None and entry.context != FINISHED:
        text = found.texts.get(("", entry.source))
        if text is not None and entry.context not in text.classes:
            return None
    return text


def _named(context: str, source: str) -> str:
    return f"[{context}] {source!r}" if context else repr(source)


def updated(found: Collected, old: str) -> str:
    """A language's file with every text of the program, each with what `old` has for it."""
    head = old.split('msgid ""', 1)[0]
    entries = list(catalog.read(old))
    header = next((entry.forms[0] for entry in entries if not entry.source), "")
    forms = int(re.search(r"nplurals=(\d+)", header)[1])  # type: ignore[index]  # the header has it
    by_key = {(entry.context, entry.source): entry for entry in entries}
    blocks = [head + _block(Entry("", (header,)), Text("")).lstrip("\n")]
    for key, text in found.texts.items():
        wanted = forms if text.plural else 1
        entry = by_key.get(key)
        values = ((*entry.forms, *[""] * wanted) if entry else ("",) * wanted)[:wanted]
        fuzzy = entry.fuzzy if entry else False
        blocks.append(_block(Entry(text.source, values, text.context, text.plural, fuzzy), text))
        blocks.extend(
            _block(other, text)
            for other in entries
            if other.source == text.source
            and not text.context
            and other.context in text.classes - {""}
        )
    return "\n".join(blocks)


def _block(entry: Entry, text: Text) -> str:
    lines = [f"#: {' '.join(text.files)}"] if text.files else []
    if entry.fuzzy:
        lines.append("#, fuzzy")
    if entry.context:
        lines.append(f"msgctxt {_quoted(entry.context)}")
    lines.append(f"msgid {_quoted(entry.source)}")
    if entry.plural:
        lines.append(f"msgid_plural {_quoted(entry.source)}")
        lines += [f"msgstr[{i}] {_quoted(form)}" for i, form in enumerate(entry.forms)]
    elif not entry.source:
        lines.append('msgstr ""')
        lines += [_quoted(line) for line in entry.forms[0].splitlines(keepends=True)]
    else:
        lines.append(f"msgstr {_quoted(entry.forms[0])}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


#: What a new language begins with.
EMPTY = """\
# Revenge Companion in another language.
msgid ""
msgstr ""
"Language: {code}\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""


def main(arguments: list[str]) -> int:
    match arguments:
        case ["list"]:
            for text in collect().texts.values():
                print(f"{_named(text.context, text.source)}  {' '.join(text.files)}")
            return 0
        case ["update" | "check" as do, code]:
            path = LANGUAGES / f"{code}.po"
            found = collect()
            if do == "update":
                old = path.read_text("utf-8") if path.exists() else EMPTY.format(code=code)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(updated(found, old), encoding="utf-8")
            wrong = list(troubles(found, list(catalog.read(path.read_text("utf-8")))))
            print("\n".join([*wrong, f"{len(found.texts)} texts, {len(wrong)} to look at"]))
            return 1 if wrong and do == "check" else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
