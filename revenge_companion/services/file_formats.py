"""Every kind of file that can be imported from, by hand, in the order in which they are tried.

A kind is told by what is in a file, never by its name. The code of one is loaded when a file is
looked at. Everything here that reads a file blocks, and may run on any thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.library import Facet
from revenge_companion.services.archives import unreadable
from revenge_companion.services.importing import ImportFile


class Reader(ImportFile, Protocol):
    """The class that reads one kind of file."""

    def __init__(self, path: Path) -> None:
        """Open `path`; raises ImportRefused for what cannot be read."""

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether `path` is of this kind; raises ImportRefused for one that must not be read."""
        ...


@dataclass(frozen=True, slots=True)
class FileFormat:
    """One kind of file, described by data."""

    #: Stable key, such as "listenbrainz-export".
    key: str
    name: str
    #: The service's key, for its icon; empty where it is none of ours.
    service: str
    #: What such a file can hold; an opened one says what it does hold.
    facets: tuple[Facet, ...]
    suffixes: tuple[str, ...]
    #: Where the user gets the file.
    help_url: str
    #: How, in one sentence.
    how_to: str
    load: Callable[[], type[Reader]]

    def recognises(self, path: Path) -> bool:
        """Whether `path` is of this kind; raises ImportRefused for one that must not be read."""
        return self.load().recognises(path)

    def open(self, path: Path) -> ImportFile:
        """`path`, to be read and closed; raises ImportRefused for what is none of this kind."""
        return self.load()(path)


def _listenbrainz() -> type[Reader]:
    from revenge_companion.services.listenbrainz.files import ListenBrainzFile

    return ListenBrainzFile


def _lastfm() -> type[Reader]:
    from revenge_companion.services.lastfm.files import LastFmFile

    return LastFmFile


def _goodreads() -> type[Reader]:
    from revenge_companion.services.goodreads.library import GoodreadsFile

    return GoodreadsFile


def _storygraph() -> type[Reader]:
    from revenge_companion.services.storygraph import StoryGraphFile

    return StoryGraphFile


def _letterboxd() -> type[Reader]:
    from revenge_companion.services.letterboxd.export import LetterboxdExport

    return LetterboxdExport


_BOOKS = (Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST, Facet.LISTS)

FORMATS: tuple[FileFormat, ...] = (
    FileFormat(
        key="listenbrainz-export",
        name="ListenBrainz export",
        service="listenbrainz",
        facets=(Facet.HISTORY, Facet.LOVED),
        suffixes=(".zip", ".jsonl", ".json"),
        help_url="https://listenbrainz.org/settings/export/",
        how_to="Ask for an export in your ListenBrainz settings, and download it when it is ready.",
        load=_listenbrainz,
    ),
    FileFormat(
        key="lastfm-csv",
        name="Last.fm plays (CSV)",
        service="lastfm",
        facets=(Facet.HISTORY,),
        suffixes=(".csv", ".tsv", ".txt"),
        help_url="https://lastfm.ghan.nl/export/",
        how_to="Last.fm writes no such file itself; several sites do, from a user name.",
        load=_lastfm,
    ),
    FileFormat(
        key="letterboxd-zip",
        name="Letterboxd export",
        service="letterboxd",
        facets=(Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST, Facet.LOVED, Facet.LISTS),
        suffixes=(".zip",),
        help_url="https://letterboxd.com/settings/data/",
        how_to="In Letterboxd's settings, under Data, export yours, and keep the file as it is.",
        load=_letterboxd,
    ),
    FileFormat(
        key="goodreads-csv",
        name="Goodreads library",
        service="goodreads",
        facets=_BOOKS,
        suffixes=(".csv",),
        help_url="https://www.goodreads.com/review/import",
        how_to="On Goodreads' page for import and export, choose Export Library.",
        load=_goodreads,
    ),
    FileFormat(
        key="storygraph-csv",
        name="StoryGraph library",
        service="",
        facets=_BOOKS,
        suffixes=(".csv",),
        help_url="https://app.thestorygraph.com/",
        how_to="In The StoryGraph's settings, export your library and download the file.",
        load=_storygraph,
    ),
)


def recognised(path: Path, formats: Sequence[FileFormat] = FORMATS) -> FileFormat:
    """What kind of file `path` is; raises ImportRefused where it is none, with a sentence."""
    try:
        if not path.is_file():
            raise ImportRefused("This is not a file.")
        if path.stat().st_size == 0:
            raise ImportRefused("This file is empty.")
        for one in formats:
            if one.recognises(path):
                return one
    except OSError as error:
        raise unreadable(error) from error
    names = ", ".join(one.name for one in formats)
    raise ImportRefused(f"This is none of the files that can be imported: {names}.")
