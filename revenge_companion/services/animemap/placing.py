"""A delivery's place on an anime list, or what becomes of it without one."""

from datetime import date, datetime

from revenge_companion.core import watching
from revenge_companion.core.animemap import Match, Miss, NoMatch
from revenge_companion.core.animeplaces import Places
from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import Delivered, Outcome, Refused, Skipped, TryLater
from revenge_companion.core.library import SubjectKind
from revenge_companion.core.media import Item
from revenge_companion.core.reasons import Reason, sentence
from revenge_companion.core.watching import Listed, ListPolicy, NoChange, Watched, after_watching
from revenge_companion.services.animemap.map import AnimeMap

#: How long a row rests that waits for the map, in seconds; a download wakes it sooner.
MAP_WAIT_S = 3600.0

#: Nothing is wrong and nothing is to be done: most films and series are no anime.
_SKIPPED = {
    Miss.NOT_ANIME: Reason.NOT_TAKEN,
    Miss.NO_ID: Reason.NOT_TAKEN,
    Miss.LEFT_OUT: Reason.NOT_TAKEN,
    # Specials belong to their series' entry, which does not count them.
    Miss.SPECIAL: Reason.UNMAPPED,
}


async def placed(maps: AnimeMap, item: Item, service: str) -> Match | Outcome:
    """Where `item` belongs, or the outcome of a row that belongs nowhere (yet)."""
    return _told(await maps.resolve(item), service)


async def changed(maps: AnimeMap, change: Change, service: str) -> Match | Outcome:
    """The entry a change is about, or the outcome of a row that no list takes (yet)."""
    verb, subject = change.verb, change.subject
    if verb not in (Verb.RATE, Verb.UNRATE, Verb.WANT, Verb.UNWANT):
        return Refused(Reason.NOT_TAKEN)
    if subject.kind is SubjectKind.EPISODE:
        return Refused(Reason.NOT_TAKEN, f"{service} rates and lists whole entries, not episodes.")
    if subject.kind not in (SubjectKind.MOVIE, SubjectKind.SHOW, SubjectKind.SEASON):
        return Refused(Reason.NOT_TAKEN)
    if verb is Verb.RATE and change.rating is None:
        return Refused(Reason.INVALID, "There is no rating in it.")
    places = Places(await maps.index(), await maps.overrides())
    # Who wants to watch a show wants to begin with its first entry; who rates it rates all of it.
    first = verb in (Verb.WANT, Verb.UNWANT)
    return _told(places.entry_of(subject, first=first), service)


def _told(found: Match | NoMatch | None, service: str) -> Match | Outcome:
    if isinstance(found, Match):
        return found
    if found is None:
        detail = sentence(Reason.MAP_NEEDED, {"service": service})
        return TryLater(Reason.MAP_NEEDED, detail, MAP_WAIT_S, counts=False)
    return missed(found)


def missed(miss: NoMatch) -> Outcome:
    """The outcome of a row that has no entry: skipped where all is well, parked where not."""
    skipped = _SKIPPED.get(miss.miss)
    if skipped is not None:
        return Skipped(skipped, miss.detail)
    return Refused(Reason.UNMAPPED, miss.detail)


def doubtful(match: Match, total: int | None) -> Outcome | None:
    """The outcome where the entry turned out to be another than the map says; None where it fits.

    A film is an entry of one episode, and a special is believed only where its number fits.
    """
    if match.by_hand:
        return None
    if match.film and total is not None and total != 1:
        detail = f"The entry has {total} episodes, so it is not this film."
        return Refused(Reason.UNMAPPED, detail)
    if match.special and (total is None or match.episode > total):
        return Skipped(Reason.UNMAPPED, "The anime map does not place this special.")
    return None


def forward(
    match: Match, anime: Listed, watched: Watched, policy: ListPolicy
) -> watching.Change | Outcome:
    """What brings an entry on to what was watched, or the outcome of a row that changes nothing."""
    doubt = doubtful(match, anime.episodes)
    if doubt is not None:
        return doubt
    change = after_watching(anime.entry, anime.episodes, watched, policy)
    if not isinstance(change, NoChange):
        return change
    left = unchanged(change, anime.episodes, watched.number)
    return left or Delivered(str(anime.id), Reason.ALREADY_THERE)


def unchanged(why: NoChange, total: int | None, number: int) -> Outcome | None:
    """The outcome where the list needs no change; None for what is delivered already."""
    match why:
        case NoChange.NO_SUCH_EPISODE:
            detail = f"The entry has {total} episodes, so it has no episode {number}."
            return Refused(Reason.UNMAPPED, detail)
        case NoChange.KEPT_DROPPED:
            return Skipped(Reason.KEPT_DROPPED)
    return None


def local_day(at: datetime) -> date:
    """The day of `at` in this computer's time zone: lists keep days, not moments."""
    return at.astimezone().date()
