"""In what order the lines of a preview are looked at."""

from dataclasses import dataclass
from enum import StrEnum


class SortBy(StrEnum):
    """What lines can be sorted by; a preview without such a value leaves them as they were read."""

    #: As they were read; upwards that is the order of lines that are not sorted.
    READ = "read"
    TITLE = "title"
    WHAT = "what"
    #: The rating, the list, how often.
    SAYS = "says"
    DATE = "date"
    #: In a conflict: what the library says.
    OURS = "ours"
    #: Lines that have an item at the server stand together.
    MATCHED = "matched"
    #: Lines with the same reason stand together.
    WHY = "why"
    #: Lines with the same choice stand together.
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Order:
    """Lines in the order of a value; what is alike stands in the order it was read."""

    by: SortBy
    #: From the highest value on. What has no date comes last either way.
    down: bool = False
