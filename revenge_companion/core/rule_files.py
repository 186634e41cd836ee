"""Rules as a file of the user's own, JSON or TOML: written whole, read with every value checked."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from revenge_companion.core.errors import RuleRefused
from revenge_companion.core.media import Kind
from revenge_companion.core.rules import MOST_RULES, Action, Field, Match, Rule, checked

#: Larger is no file of rules, in bytes.
LARGEST_FILE = 1_000_000
_FORMAT = "revenge-companion-rules"
_VERSION = 1
_WORDS = {"name": str, "find": str, "replace": str, "enabled": bool, "ignore_case": bool}
_CHOICES = {"action": Action, "field": Field, "match": Match}


def as_values(rule: Rule) -> dict[str, Any]:
    """`rule` as plain values, which `from_values` reads."""
    return {
        "name": rule.name,
        "action": rule.action.value,
        "field": rule.field.value,
        "match": rule.match.value,
        "find": rule.find,
        "replace": rule.replace,
        "ignore_case": rule.ignore_case,
        "kinds": [kind.value for kind in rule.kinds],
        "enabled": rule.enabled,
    }


def from_values(values: object) -> Rule:
    """The rule in plain values from outside. Raises RuleRefused with what is wrong."""
    if not isinstance(values, Mapping):
        raise RuleRefused("A rule has to be a table of values.")
    read: dict[str, Any] = {}
    for key, value in values.items():
        if key in _WORDS:
            if not isinstance(value, _WORDS[key]):
                wanted = "true or false" if _WORDS[key] is bool else "a text"
                raise RuleRefused(f"{key} has to be {wanted}.")
            read[key] = value
        elif key in _CHOICES:
            read[key] = _choice(key, value)
        elif key == "kinds":
            known = [kind.value for kind in Kind]
            if not isinstance(value, list) or not all(one in known for one in value):
                raise RuleRefused(f"kinds has to be a list of {', '.join(Kind)}.")
            read[key] = tuple(Kind(one) for one in value)
        else:
            raise RuleRefused(f"{str(key)[:40]!r} is not a part of a rule.")
    missing = [key for key in ("name", "action", "field", "find") if key not in read]
    if missing:
        raise RuleRefused(f"A rule needs {', '.join(missing)}.")
    rule = Rule(**read)
    checked(rule)
    return rule


def _choice(key: str, value: object) -> object:
    known = _CHOICES[key]
    if not isinstance(value, str) or value not in set(known):
        raise RuleRefused(f"{key} has to be one of {', '.join(known)}.")
    return known(value)


def write(rules: Sequence[Rule], *, toml: bool) -> str:
    """`rules` as the text of a file."""
    rows = [as_values(rule) for rule in rules]
    if not toml:
        body = {"format": _FORMAT, "version": _VERSION, "rules": rows}
        return json.dumps(body, ensure_ascii=False, indent=1) + "\n"
    lines = [f'format = "{_FORMAT}"', f"version = {_VERSION}"]
    for row in rows:
        lines += ["", "[[rules]]", *(f"{key} = {_toml(value)}" for key, value in row.items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    # A JSON value is a TOML value, but for one control character that JSON leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def read(text: str, *, toml: bool) -> tuple[Rule, ...]:
    """The rules in a file's text. Raises RuleRefused where any of it is not as it has to be."""
    try:
        data = tomllib.loads(text) if toml else json.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "TOML" if toml else "JSON"
        raise RuleRefused(f"This is not a {kind} file: {str(error)[:200]}.") from error
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise RuleRefused("This is not a file of rules.")
    version, rows = data.get("version"), data.get("rules", [])
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise RuleRefused("This file of rules does not say its version.")
    if version > _VERSION:
        raise RuleRefused("This file of rules was made by a newer version of the Companion.")
    if not isinstance(rows, list) or len(rows) > MOST_RULES:
        raise RuleRefused(f"A file holds a list of up to {MOST_RULES} rules.")
    rules = []
    for number, row in enumerate(rows, 1):
        try:
            rules.append(from_values(row))
        except RuleRefused as error:
            raise RuleRefused(f"Rule {number}: {error}") from error
    return tuple(rules)


def merged(known: Sequence[Rule], new: Sequence[Rule]) -> tuple[Rule, ...]:
    """`known` with `new`: a rule of the same name is replaced in its place, others follow.

    Raises RuleRefused where they are too many.
    """
    rules = {rule.name: rule for rule in known} | {rule.name: rule for rule in new}
    if len(rules) > MOST_RULES:
        raise RuleRefused(f"There is room for {MOST_RULES} rules.")
    return tuple(rules.values())
