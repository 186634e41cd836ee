"""The merged library as it is shown: one line for what all sources together say."""

from dataclasses import dataclass
from datetime import datetime

from revenge_companion.core.library import Facet, Precision, SubjectKind


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the merged library."""

    id: int
    #: Orders lines: the newest has the highest. Lines without a date come last.
    place: int
    label: str
    kind: SubjectKind
    facet: Facet
    #: Aware UTC; None where it is not known.
    at: datetime | None
    precision: Precision
    plays: int
    #: 1 to 100.
    rating: int | None
    loved: bool
    list_name: str
    note: str
    #: Every source that says the same, such as "companion" or "account:3".
    sources: tuple[str, ...]
    #: Revenge's id of the item; empty where the server has none.
    media_id: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What part of the library is asked for; the defaults ask for all of its history."""

    facet: Facet = Facet.HISTORY
    search: str = ""
    kind: str = ""
    source: str = ""
    #: Aware; `until` is left out.
    since: datetime | None = None
    until: datetime | None = None
