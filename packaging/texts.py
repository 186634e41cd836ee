#!/usr/bin/env python3
"""Collects the texts of the window, and keeps a language's file in step with them.

    python3 packaging/texts.py update de     adds new texts, removes gone ones, keeps the rest
    python3 packaging/texts.py check de      says what is missing or wrong; exit code 1 if anything
    python3 packaging/texts.py list          every text, with the files it is in

A language is one file, resources/languages/CODE.po; `update` makes it where there is none. Python's
own library is all it needs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ROOT / "resources" / "languages"
sys.path[:0] = [str(ROOT), str(ROOT / "packaging")]

from text_sources import PLACES, Collected, Text, collect  # noqa: E402  # beside this file

from revenge_companion.core import catalog  # noqa: E402  # this checkout's, not an installed one
from revenge_companion.core.catalog import Entry  # noqa: E402
from revenge_companion.core.reasons import FINISHED  # noqa: E402

_KEY = re.compile(r"(?<!&)&(?![& ])")


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
        wanted, has = (set(PLACES.findall(one)) for one in (entry.source, form))
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
