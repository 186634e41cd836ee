"""A language's texts, as a gettext PO file holds them; whoever shows a text asks here.

Texts are found by their English, whatever part of the window asks; one that needs different words
in two places has an entry with a `msgctxt` for one of them. Sentences that are finished where they
come from (an error, a detail in the outbox) are found by their template: see `Catalog.sentence`.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from revenge_companion.core.reasons import FINISHED

_PLACE = re.compile(r"\{(\w+)\}")
_PLURALS = re.compile(r"Plural-Forms:.*?plural=([^;\n]+)")
#: How deep a sentence may stand within another one.
_DEEPEST = 3


class NotACatalog(ValueError):
    """The text is no PO file; says which line is wrong."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One text and its translations: one, or one for each plural form."""

    source: str
    forms: tuple[str, ...]
    context: str = ""
    plural: bool = False
    #: Marked as not yet looked at by a person; such entries are not used.
    fuzzy: bool = False


@dataclass(frozen=True)
class Catalog:
    """The texts of one language."""

    entries: Mapping[tuple[str, str], Entry]
    #: Which of the forms goes with a number.
    form: Callable[[int], int]
    _found: dict[str, str] = field(default_factory=dict)

    def text(self, source: str, context: str = "", n: int = -1) -> str:
        """The translation of `source`; "" where there is none.

        `n` from 0 chooses the plural form; `%n` stays for Qt to fill in.
        """
        entry = self.entries.get((context, source)) or self.entries.get(("", source))
        if entry is None:
            return ""
        if n >= 0 and entry.plural:
            return entry.forms[min(self.form(n), len(entry.forms) - 1)]
        return entry.forms[0]

    def sentence(self, text: str) -> str:
        """A finished English sentence in this language; unchanged where it is not known.

        The longest template that fits wins. What stands in its places is looked up in the same way,
        since an error may quote another one.
        """
        if text not in self._found:
            # Sentences with names and numbers in them do not come to an end.
            if len(self._found) > 500:
                self._found.clear()
            self._found[text] = self._sentence(text, _DEEPEST)
        return self._found[text]

    def _sentence(self, text: str, depth: int) -> str:
        known = self.entries.get((FINISHED, text))
        if known is not None:
            return known.forms[0]
        # A template that ends in a place is cut short where nothing more was said.
        for whole in (text, f"{text} ") if depth else ():
            for template in self._templates:
                said = template.places(whole)
                if said is not None:
                    parts = {name: self._part(part, depth - 1) for name, part in said.items()}
                    return template.filled(parts).rstrip()
        return text

    def _part(self, text: str, depth: int) -> str:
        # "… did not accept this play{said}", where what was said begins with its colon.
        colon = ": " if text.startswith(": ") else ""
        text = text.removeprefix(colon)
        said = self._sentence(text, depth)
        # A word of the window, such as the name of a field.
        return colon + (said if said != text else self.text(text) or text)

    @cached_property
    def _templates(self) -> "list[_Template]":
        templates = [
            _Template(entry.source, entry.forms[0])
            for (context, _), entry in self.entries.items()
            if context == FINISHED and _PLACE.search(entry.source)
        ]
        return sorted(templates, key=lambda one: -one.weight)


class _Template:
    """A sentence with places in it, such as "{host} did not answer in time."."""

    def __init__(self, source: str, translation: str) -> None:
        parts = _PLACE.split(source)
        self._texts, self._names = parts[::2], parts[1::2]
        self._translation = translation
        self.weight = sum(map(len, self._texts))

    def places(self, text: str) -> dict[str, str] | None:
        """What stands in the places of `text`; None where it is another sentence."""
        first, last = self._texts[0], self._texts[-1]
        if not text.startswith(first) or not text.endswith(last):
            return None
        at, end, found = len(first), len(text) - len(last), {}
        for name, following in zip(self._names[:-1], self._texts[1:-1], strict=True):
            there = text.find(following, at, end) if following else _stop(text, at, end)
            if there < 0:
                return None
            found[name] = text[at:there]
            at = there + len(following)
        if at > end:
            return None
        found[self._names[-1]] = text[at:end]
        return found

    def filled(self, places: Mapping[str, str]) -> str:
        return _PLACE.sub(lambda place: places.get(place[1], place[0]), self._translation)


def _stop(text: str, at: int, end: int) -> int:
    """Where the first of two places without anything between them ends: before ":" or "."."""
    found = [there for there in (text.find(one, at, end) for one in ":.") if there >= 0]
    return min(found, default=-1)


def parse(text: str) -> Catalog:
    """The catalog of a PO file; texts without a translation are left out. Raises NotACatalog."""
    entries = {}
    form: Callable[[int], int] = _germanic
    for entry in read(text):
        if not entry.source:
            said = _PLURALS.search(entry.forms[0])
            form = _plural_form(said[1]) if said else form
        elif all(entry.forms) and not entry.fuzzy:
            entries[entry.context, entry.source] = entry
    return Catalog(entries, form)


def _plural_form(formula: str) -> Callable[[int], int]:
    if formula.strip(" ()") == "n != 1":
        return _germanic
    # Loaded for the languages whose rule is not that of English.
    import gettext

    form: Callable[[int], int] = gettext.c2py(formula)
    return form


def _germanic(n: int) -> int:
    return int(n != 1)


def read(text: str) -> Iterator[Entry]:
    """The entries of a PO file in their order, the first (with no source) being its header.

    Raises NotACatalog.
    """
    fields: dict[str, str] = {}
    fuzzy, key = False, ""
    for number, line in enumerate([*text.splitlines(), ""], 1):
        line = line.strip()
        if not line:
            if "msgid" in fields:
                yield _entry(fields, fuzzy, number)
            fields, fuzzy, key = {}, False, ""
        elif line.startswith("#"):
            fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
        else:
            if not line.startswith('"'):
                key, _, line = line.partition(" ")
                fields[key] = ""
            fields[key] = fields.get(key, "") + _unquoted(line.strip(), number)


def _entry(fields: Mapping[str, str], fuzzy: bool, number: int) -> Entry:
    plural = "msgid_plural" in fields
    forms = [fields[key] for key in sorted(fields) if key.startswith("msgstr")]
    if not forms:
        raise NotACatalog(f"line {number}: a text has no msgstr")
    return Entry(fields["msgid"], tuple(forms), fields.get("msgctxt", ""), plural, fuzzy)


def _unquoted(text: str, number: int) -> str:
    if len(text) < 2 or not (text.startswith('"') and text.endswith('"')):
        raise NotACatalog(f"line {number}: a text has to stand in quotes")
    if "\\" not in text:
        return text[1:-1]
    try:
        # PO files escape as C does, and so does Python.
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise NotACatalog(f"line {number}: {error}") from error
    return str(value)
