"""What watching an episode makes of an entry on an anime list: progress, status, dates, rewatches.

Progress never goes back, nothing the user set by hand (score, notes, a dropped series) is touched,
and a finished series becomes a rewatch only where the user asked for that. The services apply none
of these rules themselves.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

#: A finished entry is watched anew at the earliest this long after it was last changed: what comes
#: sooner is the same run, seen twice.
REWATCH_AFTER = timedelta(hours=12)


class WatchStatus(StrEnum):
    """Where an entry stands; REPEATING is MyAnimeList's "rewatching"."""

    CURRENT = "current"
    PLANNING = "planning"
    COMPLETED = "completed"
    DROPPED = "dropped"
    PAUSED = "paused"
    REPEATING = "repeating"


@dataclass(frozen=True, slots=True)
class ListPolicy:
    """What the user wants of the anime lists."""

    #: Watching a finished series again starts a rewatch; off, it changes nothing.
    rewatches: bool = False
    #: Watching a dropped series takes it up again; off, it stays dropped.
    resume_dropped: bool = False


@dataclass(frozen=True, slots=True)
class ListEntry:
    """An entry as the service has it."""

    status: WatchStatus
    progress: int = 0
    #: Finished rewatches; None where the service did not say.
    repeats: int | None = None
    has_start: bool = False
    has_end: bool = False
    #: Aware UTC time of its last change; None where the service did not say.
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An anime as the service has it."""

    id: int
    #: Planned episodes; None where unknown.
    episodes: int | None
    #: The user's entry of it; None where it is not on the list.
    entry: ListEntry | None


@dataclass(frozen=True, slots=True)
class Watched:
    """One counted play of episode `number` of an entry."""

    number: int
    at: datetime
    #: The day it was watched, where the user lives.
    on: date


@dataclass(frozen=True, slots=True)
class Change:
    """What to set. None leaves a field as it is; all values are absolute, so resending is safe."""

    status: WatchStatus
    progress: int
    #: The last episode of a rewatch: one more than the finished rewatches so far.
    ends_rewatch: bool = False
    started_on: date | None = None
    ended_on: date | None = None


class NoChange(StrEnum):
    """Why nothing is to be set."""

    ALREADY_THERE = "already_there"
    KEPT_DROPPED = "kept_dropped"
    #: The entry has fewer episodes: the map is wrong about it.
    NO_SUCH_EPISODE = "no_such_episode"


def after_watching(
    entry: ListEntry | None, total: int | None, watched: Watched, policy: ListPolicy
) -> Change | NoChange:
    """What watching makes of `entry` (None: not on the list) of `total` episodes (None: unknown).

    An unknown total never completes anything.
    """
    number, last = watched.number, total is not None and watched.number == total
    if number < 1 or (total is not None and number > total):
        return NoChange.NO_SUCH_EPISODE
    if entry is None:
        entry = ListEntry(WatchStatus.PLANNING)
    match entry.status:
        case WatchStatus.DROPPED if not policy.resume_dropped:
            return NoChange.KEPT_DROPPED
        case WatchStatus.COMPLETED:
            return _again(entry, total, watched, policy)
        case WatchStatus.REPEATING:
            if last:
                return Change(WatchStatus.COMPLETED, number, ends_rewatch=True)
            if number <= entry.progress:
                return NoChange.ALREADY_THERE
            return Change(WatchStatus.REPEATING, number)
    if number <= entry.progress and not (last and entry.status is WatchStatus.CURRENT):
        return NoChange.ALREADY_THERE
    return Change(
        WatchStatus.COMPLETED if last else WatchStatus.CURRENT,
        max(number, entry.progress),
        started_on=watched.on if number == 1 and not entry.has_start else None,
        ended_on=watched.on if last and not entry.has_end else None,
    )


def _again(
    entry: ListEntry, total: int | None, watched: Watched, policy: ListPolicy
) -> Change | NoChange:
    """A play of something finished: a rewatch where wanted and surely a later run."""
    if not policy.rewatches or entry.updated_at is None:
        return NoChange.ALREADY_THERE
    if watched.at < entry.updated_at + REWATCH_AFTER:
        return NoChange.ALREADY_THERE
    if total == 1:
        return Change(WatchStatus.COMPLETED, 1, ends_rewatch=True)
    if watched.number == total:
        # The end alone is somebody looking at the finale, not a run through the series.
        return NoChange.ALREADY_THERE
    return Change(WatchStatus.REPEATING, watched.number)
