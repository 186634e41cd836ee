"""Lines that sources say, apart from what they are about, and how far apart two of them are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from revenge_companion.core.library import Precision

#: Clocks of two programs, in seconds: plays that differ by no more are dated alike.
SLACK_S = 120.0
#: Of what a service cuts off that keeps whole minutes.
MINUTE_S = 60.0
_DATED = (Precision.SECOND, Precision.MINUTE)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry (`core.library.Entry`) as merging and exporting know it, and whose it is."""

    source: str
    line: str
    at: datetime | None = None
    precision: Precision = Precision.SECOND
    plays: int = 1
    rating: int | None = None
    steps: int = 10
    loved: bool = True
    list_name: str = ""
    removed: bool = False
    #: The user's word in a conflict: above 0 this line is right, below 0 the others are.
    preferred: int = 0
    #: A review or a note; only read for exports.
    note: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        return self.source, self.line


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the merged view."""

    line: Line
    #: Plays it stands for; less than its own where dated plays account for the rest.
    plays: int = 1
    #: Lines of other sources that say the same.
    same: tuple[Line, ...] = ()


def second_of(line: Line) -> float:
    return float("-inf") if line.at is None else line.at.timestamp()


def is_dated(line: Line) -> bool:
    return line.at is not None and line.precision in _DATED


def apart_s(one: Line, other: Line) -> float:
    return abs(second_of(one) - second_of(other))


def slack_s(one: Line, other: Line) -> float:
    minute = Precision.MINUTE in (one.precision, other.precision)
    return SLACK_S + (MINUTE_S if minute else 0.0)


def by_word(lines: Sequence[Line]) -> Sequence[Line]:
    for wanted in (1, 0):
        found = [line for line in lines if (line.preferred > 0) - (line.preferred < 0) == wanted]
        if found:
            return found
    return lines
