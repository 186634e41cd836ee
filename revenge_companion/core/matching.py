"""Which item of the server an entry is about, and when two subjects are the same thing.

Ids decide, the surest first: TMDb, IMDb, TVDB, then the others. A title never decides: with its
year it is only good for a suggestion (`core.likeness`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from revenge_companion.core.library import Subject, SubjectKind, keys
from revenge_companion.core.reasons import Reason

#: Names of ids in a key of `core.library.keys`. Two subjects that both have one of these are the
#: same thing where it is the same, and are not where it is not; the surest that both have decides.
_SURE = ("tmdb", "imdb", "tvdb")
_SURE_KEYS = tuple(f"{name}:" for name in _SURE)
#: Kinds that today's server keeps.
_KEPT = (SubjectKind.MOVIE, SubjectKind.SHOW, SubjectKind.SEASON, SubjectKind.EPISODE)


@dataclass(frozen=True, slots=True)
class Match:
    """The item of the server an entry is about."""

    media_id: str


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Why there is none."""

    reason: Reason


def wanted_keys(subject: Subject, own: Sequence[str]) -> list[str]:
    """The keys to look up at the server for `match`; `own` are the subject's (`keys`)."""
    if subject.kind not in _KEPT:
        return []
    wanted = []
    for key in own:
        rest = key.partition("/")[2]
        if rest.startswith("show/"):
            # And the show itself, so that a missing episode can be told from a missing show.
            wanted += [key, rest.partition("/")[0] + "/" + rest[5:].partition("/")[0]]
        elif rest.startswith(_SURE_KEYS):
            wanted.append(key)
    return wanted


def match(
    subject: Subject, own: Sequence[str], found: Mapping[str, str], why: str = ""
) -> Match | NoMatch:
    """The item that `subject` is, by its `own` keys (`core.library.keys`).

    `found` is the server's item (its media id) for every one of `wanted_keys` that it has. `why` is
    the source's own reason where there is none (`Entry.reason`).
    """
    if subject.kind not in _KEPT:
        return NoMatch(Reason.SERVER_LACKS_KIND)
    if subject.media_id:
        return Match(subject.media_id)
    if not any(map(_is_sure, own)):
        return NoMatch(Reason(why) if why else Reason.NO_IDS)
    # An episode's own ids are surer than its number, which sources count differently.
    for by_place in (False, True):
        named = [found[key] for key in own if _is_place(key) is by_place and key in found]
        if named:
            # Where ids name different items, a careful person looks.
            agree = len(set(named)) == 1
            return Match(named[0]) if agree else NoMatch(Reason.IDS_DISAGREE)
    if why:
        return NoMatch(Reason(why))
    show = _show_of(subject)
    if show is not None and any(key in found for key in keys(show)):
        return NoMatch(Reason.EPISODE_MISSING)
    return NoMatch(Reason.NOT_ON_SERVER)


def same_thing(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two subjects are the same thing, by their keys.

    They share a key, and no surer one says otherwise: services repeat each other's mistakes, and
    one wrong IMDb id must not make one film of two whose TMDb ids differ.
    """
    by_name = _sure(other)
    for name, values in _sure(one).items():
        if name in by_name:
            return not values.isdisjoint(by_name[name])
    return not set(one).isdisjoint(other)


def _is_sure(key: str) -> bool:
    """Whether a key is made of an id that servers know, too."""
    return key.partition(":")[0].rpartition("/")[2] in _SURE


def _sure(own: Iterable[str]) -> dict[str, set[str]]:
    """The values of the sure ids among `own`, by kind and name, the surest first."""
    found: dict[str, set[str]] = {}
    for key in own:
        name, _, value = key.partition(":")
        if name.rpartition("/")[2] in _SURE:
            found.setdefault(name, set()).add(value)
    return found


def _is_place(key: str) -> bool:
    """Whether a key is a show's id with a number, and not the thing's own id."""
    return "/show/" in key


def _show_of(subject: Subject) -> Subject | None:
    if subject.series is None or subject.kind not in (SubjectKind.EPISODE, SubjectKind.SEASON):
        return None
    series = subject.series
    return Subject(SubjectKind.SHOW, series.title, series.year, series.ids)
