"""What can be read of a source, an account or a file: page by page, from where a walk was left."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.imports import MOST_SAID, Unread
from revenge_companion.core.library import Entry, Facet
from revenge_companion.core.reasons import Reason
from revenge_companion.services.reading import name

#: Characters of a line that are looked at to keep its beginning.
_LOOKED_AT = 4 * MOST_SAID


@dataclass(frozen=True, slots=True)
class ImportPage:
    """One answer of a walk through what a source has."""

    entries: tuple[Entry, ...]
    #: Where the walk goes on, for the next `page`; empty after the last one. It stays good over a
    #: restart of the program, and names everything the walk depends on, such as its end.
    next_cursor: str
    #: Lines in the whole walk, where the source says; None where it does not.
    total: int | None = None
    #: Lines that could not be used; they are counted as failed. Of a file each with its place, of
    #: an account a few words each.
    unreadable: tuple[Unread | str, ...] = ()


def unread(said: Unread | str, text: str = "", *, line: int = 0, file: str = "") -> Unread:
    """A line that cannot be used: for a reason, or for one that is `said` in a few words.

    `text` is what stands there, of which only the beginning is kept.
    """
    if isinstance(said, Unread):
        return said
    if isinstance(said, Reason):
        code = said
    else:
        code, text = Reason.LINE_UNUSABLE, said
    return Unread(code.value, name(text[:_LOOKED_AT], MOST_SAID), line, name(file, MOST_SAID))


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer of which no entries are made yet; where the walk goes on is known before them."""

    #: As `ImportPage.next_cursor`.
    next_cursor: str
    #: Lines in it.
    lines: int
    #: Makes its page; a few milliseconds of work that raises nothing.
    page: Callable[[], ImportPage]


@runtime_checkable
class Readable(Protocol):
    """A client that reads what its account has: `ServiceSpec.imports` names the facets.

    Both methods keep the service's pace and raise the errors of `core.errors`.
    """

    async def marks(self) -> Mapping[Facet, str]:
        """A text for each facet that changes when what is there changes.

        Of a service that has no such call, or for facets it does not cover, nothing is said. It is
        asked before a walk and kept when the walk has ended: what changes meanwhile is seen again.
        """
        ...

    async def page(self, facet: Facet, cursor: str) -> ImportPage:
        """The page at `cursor`, "" for the first.

        A line has the same `Entry.line` whenever it is read. Pages may overlap; nothing is left
        out between them while the account is changed during the walk.
        """
        ...


@runtime_checkable
class ReadsAhead(Readable, Protocol):
    """A client of whose next page can be asked while the entries of the last are made."""

    async def fetch(self, facet: Facet, cursor: str) -> Fetched:
        """The answer that `page` is made of."""
        ...


class ImportFile(Protocol):
    """An opened file that can be imported from. Its methods block, and may run on any thread."""

    @property
    def facets(self) -> tuple[Facet, ...]:
        """What is in it."""
        ...

    def page(self, facet: Facet, cursor: str) -> ImportPage:
        """As `Readable.page`. Raises ImportRefused with a sentence."""
        ...

    def close(self) -> None: ...


def lost() -> ImportRefused:
    """What to raise for a cursor that makes no sense."""
    return ImportRefused("Where this import stood cannot be read. Begin a new one.")
