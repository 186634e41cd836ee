"""Regular expressions from users, kept to a subset that cannot run away.

Python's matcher tries every way to match, so a careless pattern ("(a+)+b") can take years. Here a
repeated group may not itself hold a repetition or a choice, nothing may look around or refer back,
and what is left is priced: every open repetition multiplies the worst case by the length of the
text, so the more of them a pattern has, the shorter the texts it is tried on. A pattern never costs
more than `_MOST_STEPS` steps of the matcher on one text.
"""

import math
import re
from dataclasses import dataclass

from revenge_companion.core.errors import RuleRefused

#: Characters of a pattern, and of a text that is searched.
LONGEST_PATTERN = 200
LONGEST_TEXT = 500
#: Steps of the matcher in the worst case: about half a second on a slow computer.
_MOST_STEPS = 2e7
#: A pattern that could only be tried on texts shorter than this is refused.
_SHORTEST_LIMIT = 60
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_PLAIN_GROUP = re.compile(r"\?(?::|P<\w+>)")
_BOUNDS = re.compile(r"\{(\d*)(,?)(\d*)\}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern and the longest text, in characters, that it may be tried on."""

    compiled: re.Pattern[str]
    limit: int

    def found_in(self, text: str) -> bool:
        """Whether it matches somewhere in `text`; never for a text that is too long for it."""
        return len(text) <= self.limit and self.compiled.search(text) is not None

    def replaced(self, text: str, template: str) -> str:
        """`text` with every match replaced; as it is when it is too long."""
        if len(text) > self.limit:
            return text
        return self.compiled.sub(template, text)[:LONGEST_TEXT]


@dataclass(slots=True)
class _Group:
    """What a group (or the whole pattern) holds, as far as cost goes."""

    #: Repetitions without an end, and the factor of choices and bounded repetitions.
    open: int = 0
    factor: float = 1.0
    choices: int = 1
    varies: bool = False

    def take(self, other: "_Group") -> None:
        self.open += other.open
        self.factor *= other.factor * other.choices
        self.varies = self.varies or other.varies or other.choices > 1


def compiled(text: str, *, ignore_case: bool = True) -> Pattern:
    """The pattern `text`. Raises RuleRefused with the reason, for one that is broken or unsafe."""
    if not text or len(text) > LONGEST_PATTERN:
        raise RuleRefused(f"A pattern has 1 to {LONGEST_PATTERN} characters.")
    try:
        pattern = re.compile(text, re.IGNORECASE if ignore_case else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise RuleRefused(f"This pattern is not valid: {error}.") from error
    cost = _Scanner(text).scan()
    anchored = text.startswith("^")
    limit = _limit(cost.open, cost.factor * cost.choices, anchored=anchored)
    if limit < _SHORTEST_LIMIT:
        raise RuleRefused("This pattern repeats or chooses too often. Make it simpler.")
    return Pattern(pattern, limit)


def literal(text: str, *, whole: bool, ignore_case: bool) -> Pattern:
    """A pattern that finds `text` itself, or with `whole` only texts that are nothing else."""
    escaped = re.escape(text)
    flags = re.IGNORECASE if ignore_case else 0
    shape = rf"\A{escaped}\Z" if whole else escaped
    return Pattern(re.compile(shape, flags), LONGEST_TEXT)


def check_template(pattern: Pattern, template: str) -> None:
    """Raise RuleRefused where `template` names a group that `pattern` does not have."""
    try:
        pattern.compiled.sub(template, "")
    except (re.error, IndexError) as error:
        raise RuleRefused(f"This replacement does not fit the pattern: {error}.") from error


def _limit(open_repeats: int, factor: float, *, anchored: bool) -> int:
    """The longest text on which the worst case stays under `_MOST_STEPS`."""
    # k overlapping repetitions split n characters in about n^k / k! ways, from n places.
    degree = open_repeats + (0 if anchored else 1)
    if degree <= 1 and factor <= 1000:
        return LONGEST_TEXT
    steps = _MOST_STEPS / factor * math.factorial(degree)
    return min(LONGEST_TEXT, int(steps ** (1 / max(degree, 1))))


class _Scanner:
    """Walks a pattern that `re` has accepted."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def scan(self) -> _Group:
        return self._group()

    def _group(self) -> _Group:
        """The alternatives up to the closing bracket or the end."""
        whole = _Group()
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == ")":
                break
            if char == "|":
                whole.choices += 1
                self._at += 1
                continue
            atom = self._atom(char)
            self._quantify(atom)
            whole.take(atom)
        return whole

    def _atom(self, char: str) -> _Group:
        if char == "\\":
            escaped = self._text[self._at + 1]
            if escaped.isdigit() and escaped != "0":
                raise RuleRefused("A pattern may not refer back to a group (\\1).")
            self._at += 2
            return _Group()
        if char == "[":
            found = _CLASS.match(self._text, self._at)
            self._at = found.end() if found is not None else self._at + 1
            return _Group()
        self._at += 1
        return self._bracket() if char == "(" else _Group()

    def _bracket(self) -> _Group:
        if self._text.startswith("?", self._at):
            named = _PLAIN_GROUP.match(self._text, self._at)
            if named is None:
                raise RuleRefused("A pattern may use groups, (?:…) and (?P<name>…), no other (?…).")
            self._at = named.end()
        inner = self._group()
        self._at += 1
        return inner

    def _quantify(self, atom: _Group) -> None:
        """Price the repetition that follows `atom`, if any does."""
        least, most = self._bounds()
        if (least, most) == (1, 1):
            return
        if most is None or most > 1:
            if atom.varies or atom.choices > 1 or atom.open:
                raise RuleRefused(
                    "A repeated group may not hold a repetition or a choice of its own."
                )
            if most is not None and most > LONGEST_TEXT:
                raise RuleRefused("A pattern repeats something too often.")
        if most is None:
            atom.open += 1
        else:
            atom.factor *= most - least + 1
        atom.varies = atom.varies or most != least

    def _bounds(self) -> tuple[int, int | None]:
        """The least and most repeats asked for here; (1, 1) for none."""
        char = self._text[self._at : self._at + 1]
        least: int
        most: int | None
        if char == "{":
            found = _BOUNDS.match(self._text, self._at)
            if found is None or found.group() == "{}":
                return 1, 1
            least = int(found.group(1) or 0)
            upper = found.group(3) if found.group(2) else found.group(1)
            most = int(upper) if upper else None
            self._at = found.end()
        elif char and char in "*+?":
            least = 1 if char == "+" else 0
            most = 1 if char == "?" else None
            self._at += 1
        else:
            return 1, 1
        # Lazy or possessive: the same price.
        if self._text.startswith(("?", "+"), self._at):
            self._at += 1
        return least, most
