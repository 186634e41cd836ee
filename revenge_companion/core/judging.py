"""Whether a line of the library is sent to an account, and why not: what is asked in which order.

See `core.exporting` for what is judged and by which terms.
"""

from collections.abc import Collection, Iterable

from revenge_companion.core.changes import Verb
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.exporting import ExportVerdict, Judged, Known, Terms, value_of
from revenge_companion.core.library import Facet, Precision, Subject, SubjectKind, item_of
from revenge_companion.core.lines import Line
from revenge_companion.core.ratings import agree
from revenge_companion.core.reasons import Reason

#: What is played, as opposed to shows and seasons, which are only rated and listed.
_PLAYED = (SubjectKind.MOVIE, SubjectKind.EPISODE, SubjectKind.TRACK, SubjectKind.PODCAST)
_HEARD = (SubjectKind.TRACK, SubjectKind.PODCAST)
#: How each facet is taken back where it was said.
_TAKES_BACK = {
    Facet.RATINGS: Verb.UNRATE, Facet.WATCHLIST: Verb.UNWANT, Facet.LOVED: Verb.UNLOVE,
}  # fmt: skip
_COLLECTED = (SubjectKind.MOVIE, SubjectKind.EPISODE)
#: A delivery that has arrived or will.
_GOES = (
    DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.UNSURE, DeliveryState.HELD,
)  # fmt: skip


def kinds_played(terms: Terms) -> tuple[SubjectKind, ...]:
    """What an account takes plays of."""
    return tuple(kind for kind in _PLAYED if item_of(Subject(kind, "")).kind in terms.kinds)


def judged(known: Known, terms: Terms) -> Judged:
    """What becomes of one line."""
    if known.facet is Facet.HISTORY:
        return _play(known, terms)
    return _change(known, terms)


def _play(known: Known, terms: Terms) -> Judged:
    if any(one.source == terms.source for one in known.said):
        # Also what was removed there: it is not put back.
        gone = all(one.removed for one in known.said if one.source == terms.source)
        return _left(Reason.REMOVED_THERE) if gone else Judged(ExportVerdict.THERE)
    sent = _sent(known, "")
    if sent is not None:
        return sent
    if terms.one_play and known.has_other:
        return Judged(ExportVerdict.THERE, Reason.KEEPS_ONE_PLAY)
    subject = known.subject
    if subject.kind not in _PLAYED or item_of(subject).kind not in terms.kinds:
        return _left(Reason.NOT_TAKEN)
    if terms.libraries and known.library_id and known.library_id not in terms.libraries:
        return _left(Reason.FILTERED)
    # A play is named by the ids that all services know, never by one service's own.
    if not has_identity(subject):
        return _left(Reason.NO_IDS)
    # What a source took back is no word of its own for what another must keep to itself.
    said = _free([one for one in known.said if not one.removed], terms)
    if said is None:
        return _left(Reason.KEPT_TO_ITSELF)
    if terms.one_play and known.has_earlier:
        return _left(Reason.KEEPS_ONE_PLAY)
    if said.at is None:
        if not terms.undated:
            return _left(Reason.DATE_UNKNOWN)
        return Judged(ExportVerdict.SEND, Reason.SENT_UNDATED, said)
    if said.precision is Precision.DAY and subject.kind in _HEARD:
        return _left(Reason.TIME_UNKNOWN)
    age_s = (terms.now - said.at).total_seconds()
    if terms.max_age_s is not None and age_s > terms.max_age_s:
        return _left(Reason.TOO_OLD)
    noon = Reason.SENT_AT_NOON if said.precision is Precision.DAY else ""
    return Judged(ExportVerdict.SEND, noon, said)


def _change(known: Known, terms: Terms) -> Judged:
    theirs = next(
        (one for one in known.said if one.source == terms.source and not one.removed), None
    )
    best = known.said[0]
    if known.taken_back:
        return _taken_back(known, terms)
    if theirs is not None and _agrees(known.facet, theirs, best):
        return Judged(ExportVerdict.THERE)
    verb = _verb(known.facet, best)
    if verb is None or verb not in terms.verbs or not _can_take(known.subject, verb, terms):
        return _left(Reason.NOT_TAKEN)
    if not has_identity(known.subject, terms.refs):
        return _left(Reason.NO_IDS)
    alike = [one for one in known.said if one is best or _agrees(known.facet, one, best)]
    said = _free(alike, terms)
    if said is None:
        return _left(Reason.KEPT_TO_ITSELF)
    sent = _sent(known, value_of(said, verb))
    if sent is not None:
        return sent
    return Judged(ExportVerdict.SEND, "" if theirs is None else Reason.CHANGED_HERE, said, verb)


def _taken_back(known: Known, terms: Terms) -> Judged:
    """A line of the account's that somebody took back elsewhere after it was made."""
    verb = _TAKES_BACK[known.facet]
    said = _free(known.taken_back, terms)
    if verb not in terms.verbs or not _can_take(known.subject, verb, terms):
        return _left(Reason.NOT_TAKEN)
    if said is None:
        return _left(Reason.KEPT_TO_ITSELF)
    sent = _sent(known, value_of(said, verb))
    if sent is not None:
        return sent
    return Judged(ExportVerdict.SEND, Reason.TAKEN_BACK, said, verb)


def _left(reason: Reason) -> Judged:
    return Judged(ExportVerdict.LEFT_OUT, reason)


def _sent(known: Known, value: str) -> Judged | None:
    """What earlier deliveries of the same say; None where there are none."""
    states = {state for said, state in known.sent if said == value and state}
    if DeliveryState.DELIVERED in states:
        return Judged(ExportVerdict.THERE, Reason.SENT_BEFORE)
    if not states.isdisjoint(_GOES):
        return Judged(ExportVerdict.THERE, Reason.ON_ITS_WAY)
    if DeliveryState.PARKED in states:
        return _left(Reason.PARKED_BEFORE)
    return _left(Reason.GIVEN_UP_BEFORE) if states else None


def _free(said: Iterable[Line], terms: Terms) -> Line | None:
    """The first line that may be sent on; the user's own word stands for what others say, too."""
    return next(
        (
            one
            for one in said
            if one.source not in terms.withheld and one.source != terms.source
        ),
        None,
    )  # fmt: skip


def _agrees(facet: Facet, one: Line, other: Line) -> bool:
    if facet is Facet.RATINGS:
        if one.rating is None or other.rating is None:
            return False
        return agree(one.rating, one.steps, other.rating, other.steps)
    return one.loved == other.loved


def _verb(facet: Facet, said: Line) -> Verb | None:
    match facet:
        case Facet.RATINGS:
            return Verb.RATE if said.rating is not None else None
        case Facet.WATCHLIST:
            return Verb.WANT
        case Facet.COLLECTION:
            return Verb.COLLECT
        case Facet.LOVED:
            return Verb.LOVE if said.loved else Verb.HATE
    return None


def _can_take(subject: Subject, verb: Verb, terms: Terms) -> bool:
    if verb is Verb.COLLECT and subject.kind not in _COLLECTED:
        return False
    return subject.kind in terms.rated


def has_identity(subject: Subject, refs: Collection[str] = ()) -> bool:
    """Whether a service can tell what it is: by an id, also of `refs`; music by its names."""
    if subject.kind in _HEARD:
        return bool(subject.title and (subject.artist or subject.kind is SubjectKind.PODCAST))
    series = subject.series
    if subject.kind in (SubjectKind.EPISODE, SubjectKind.SEASON) and series is not None:
        numbered = subject.season_number is not None
        if subject.kind is SubjectKind.EPISODE:
            numbered = numbered and subject.episode_number is not None
        return subject.ids.any() or (numbered and series.ids.any())
    return subject.ids.any() or any(name in refs for name, _ in subject.refs)
