"""An anime list's entries as lines of the library: episodes, a score, a plan, the user's own lists.

A list keeps how far the user is, not when each episode was watched: the first and the last are
dated where it says so, and all others are not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from revenge_companion.core.animeplaces import Listed, Placed, Places
from revenge_companion.core.library import Entry, Facet, Precision
from revenge_companion.core.watching import WatchStatus

#: Episodes of one entry, and runs through it, that are believed.
MOST_EPISODES = 5000
MOST_RUNS = 1000


@dataclass(frozen=True, slots=True)
class ListLine:
    """One entry of a list."""

    #: The list's own id of it.
    key: str
    anime: Listed
    status: WatchStatus
    #: Episodes watched, of the present run where it is a rewatch.
    progress: int = 0
    #: Finished rewatches.
    repeats: int = 0
    #: 1 to 100, and the steps of the user's scale (`core.ratings.Scale`).
    rating: int | None = None
    steps: int = 10
    #: The days it was begun and ended on the first time.
    started_on: date | None = None
    ended_on: date | None = None
    #: Aware UTC: when it was put on the list, and when anything of it was changed last.
    listed_at: datetime | None = None
    changed_at: datetime | None = None
    #: Names of the user's own lists it is on.
    lists: tuple[str, ...] = ()


def lines(facet: Facet, line: ListLine, places: Places) -> Iterator[Entry | str]:
    """What `line` says of `facet`; a text for what cannot be used."""
    match facet:
        case Facet.HISTORY:
            yield from _history(line, places)
        case Facet.RATINGS if line.rating is not None:
            yield _entry(facet, line, places.whole(line.anime), line.changed_at, rating=line.rating)
        case Facet.WATCHLIST if line.status is WatchStatus.PLANNING:
            placed = places.whole(line.anime, opens_show=True)
            yield _entry(facet, line, placed, line.listed_at)
        case Facet.LISTS if line.lists:
            whole = places.whole(line.anime)
            for name in line.lists:
                yield _entry(facet, line, whole, None, list_name=name)


def count(facet: Facet, line: ListLine) -> int:
    """How many lines `lines` gives."""
    match facet:
        case Facet.HISTORY:
            seen = _seen(line)
            return 0 if isinstance(seen, str) else sum(1 + bool(_more(line, n)) for n in seen)
        case Facet.RATINGS:
            return int(line.rating is not None)
        case Facet.WATCHLIST:
            return int(line.status is WatchStatus.PLANNING)
        case Facet.LISTS:
            return len(line.lists)
    return 0


def _history(line: ListLine, places: Places) -> Iterator[Entry | str]:
    seen = _seen(line)
    if isinstance(seen, str):
        yield seen
        return
    for number in seen:
        placed = places.episode(line.anime, number)
        at = _noon(_day(line, number))
        precision = Precision.UNKNOWN if at is None else Precision.DAY
        key, more = f"{line.key}/{number}", _more(line, number)
        yield Entry(Facet.HISTORY, placed.subject, key, at, precision, reason=placed.reason or "")
        if more:
            yield Entry(
                Facet.HISTORY,
                placed.subject,
                f"{key}/again",
                None,
                Precision.UNKNOWN,
                plays=more,
                reason=placed.reason or "",
            )


def _seen(line: ListLine) -> range | str:
    """The episodes that were watched, or why that cannot be told."""
    total, seen = line.anime.total, max(line.progress, 0)
    if line.status in (WatchStatus.COMPLETED, WatchStatus.REPEATING):
        if total is None and not seen:
            return f"{line.anime.title}: how many episodes it has is not known"
        # Whoever watches it again has seen all of it. MyAnimeList keeps "completed" at 0 of 26.
        seen = max(seen, total or 0)
    # No list keeps a number behind the end for long; the total may have been corrected since.
    seen = seen if total is None else min(seen, total)
    if seen > MOST_EPISODES:
        return f"{line.anime.title}: {seen} episodes are more than a series has"
    return range(1, seen + 1)


def _more(line: ListLine, number: int) -> int:
    """Plays of an episode besides the first."""
    going_on = line.status is WatchStatus.REPEATING and number <= line.progress
    return min(max(line.repeats, 0), MOST_RUNS) + going_on


def _day(line: ListLine, number: int) -> date | None:
    """The day an episode was watched on the first time, where the list says so."""
    total = line.anime.total
    last = total if total is not None else line.progress
    ended = line.status in (WatchStatus.COMPLETED, WatchStatus.REPEATING)
    if ended and number == last and line.ended_on is not None:
        return line.ended_on
    return line.started_on if number == 1 else None


def _noon(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(12), UTC)


def _entry(
    facet: Facet,
    line: ListLine,
    placed: Placed,
    at: datetime | None,
    *,
    rating: int | None = None,
    list_name: str = "",
) -> Entry:
    return Entry(
        facet,
        placed.subject,
        f"{line.key}/{list_name}" if list_name else line.key,
        at,
        Precision.UNKNOWN if at is None else Precision.SECOND,
        rating=rating,
        steps=10 if rating is None else line.steps,
        list_name=list_name,
        reason=placed.reason or "",
    )
