"""What arrived at a destination, and the count of what was lost or doubled on the way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from revenge_companion.core.media import Item, Kind
from revenge_companion.demo.frames import wire_ids
from revenge_companion.demo.plays import Play

#: A play may be dated this much before its start (whole minutes) and after its end (delivered
#: late by a live stop, which services date by its arrival).
_BEFORE = timedelta(minutes=1)
_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Received:
    """One play that a destination holds."""

    service: str
    label: str
    #: Everything the item is known by; two that share one are the same item.
    names: frozenset[str]
    #: Aware UTC time it is held under.
    at: datetime
    #: How it came: "single", "import", "scrobble" or "history".
    how: str
    remote_id: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """Plays that should have arrived: those that did, those that did not, and what is too much."""

    delivered: int = 0
    lost: int = 0
    doubled: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.delivered + other.delivered,
            self.lost + other.lost,
            self.doubled + other.doubled,
        )


def tally(plays: Iterable[Play], held: Sequence[Received], *, once_per_item: bool = False) -> Tally:
    """Count what is `held` against what was played.

    A record that belongs to no play, to one that should not have counted, or to one that already
    has a record is doubled. A play that is not over yet may or may not have a record. With
    `once_per_item` the destination keeps one record of an item however often it is played.
    """
    waiting = [(play, names_of(play.item)) for play in plays]
    matched: set[int] = set()
    delivered = doubled = 0
    for received in sorted(held, key=lambda one: one.at):
        index = _best(received, waiting, matched)
        if index is None:
            doubled += 1
            continue
        matched.add(index)
        delivered += waiting[index][0].must_count is True
    lost = 0
    for index, (play, names) in enumerate(waiting):
        if play.must_count is not True or index in matched:
            continue
        if once_per_item and any(names & received.names for received in held):
            delivered += 1
        else:
            lost += 1
    return Tally(delivered, lost, doubled)


def _best(
    received: Received, waiting: list[tuple[Play, frozenset[str]]], matched: set[int]
) -> int | None:
    fitting = [
        (abs(received.at - play.started_at), index)
        for index, (play, names) in enumerate(waiting)
        if index not in matched
        and play.must_count is not False
        and names & received.names
        and play.started_at - _BEFORE <= received.at
        and (play.ended_at is None or received.at <= play.ended_at + _AFTER)
    ]
    return min(fitting)[1] if fitting else None


def names_of(item: Item) -> frozenset[str]:
    """Everything `item` is known by at any destination."""
    match item.kind:
        case Kind.MOVIE:
            return movie_names(wire_ids(item.ids))
        case Kind.EPISODE:
            series = {} if item.series is None else wire_ids(item.series.ids)
            numbered = numbered_names(series, item.season_number, item.episode_number)
            return numbered | episode_names(wire_ids(item.ids))
    return track_names(item.artist or item.show or "", item.title)


def movie_names(ids: Mapping[str, Any]) -> frozenset[str]:
    """Names of a film with these ids."""
    return _named("movie", ids)


def episode_names(ids: Mapping[str, Any]) -> frozenset[str]:
    """Names of an episode by its own ids."""
    return _named("episode", ids)


def numbered_names(series: Mapping[str, Any], season: Any, number: Any) -> frozenset[str]:
    """Names of an episode by its series' ids and its place in the series."""
    return frozenset(f"{name}/{season}x{number}" for name in _named("show", series))


def show_names(ids: Mapping[str, Any]) -> frozenset[str]:
    """Names of a whole show with these ids."""
    return _named("show", ids)


def season_names(series: Mapping[str, Any], season: Any) -> frozenset[str]:
    """Names of a season by its series' ids."""
    return frozenset(f"{name}/{season}" for name in _named("show", series))


def track_names(artist: str, title: str) -> frozenset[str]:
    """The name of a track; capitals do not matter."""
    return frozenset({f"track/{artist.casefold()}/{title.casefold()}"})


def _named(what: str, ids: Mapping[str, Any]) -> frozenset[str]:
    known = ("tmdb", "imdb", "tvdb", "trakt", "simkl", "mal")
    return frozenset(f"{what}/{key}/{ids[key]}" for key in known if ids.get(key))
