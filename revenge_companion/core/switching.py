"""An account's switches by name and value, as people and scripts set them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from revenge_companion.core.accounts import Switches
from revenge_companion.core.errors import EditRefused
from revenge_companion.core.library import Facet
from revenge_companion.core.media import Kind

#: What of a source each sync switch is about. What is loved is how music is rated.
SYNCS: Mapping[str, tuple[Facet, ...]] = {
    "sync_history": (Facet.HISTORY,),
    "sync_ratings": (Facet.RATINGS, Facet.LOVED),
    "sync_watchlist": (Facet.WATCHLIST,),
}
#: An own threshold is within these shares of the runtime.
LEAST_THRESHOLD, MOST_THRESHOLD = 0.05, 1.0
#: Most libraries that are named, and the longest id of one, in characters.
_MOST_LIBRARIES, _LONGEST_ID = 1000, 200

_YES = ("true", "yes", "on", "1")
_NO = ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Offer:
    """What of an account can be switched: what its service takes and can."""

    service: str
    kinds: tuple[Kind, ...]
    live: bool
    #: What can be read there or sent there.
    facets: Collection[Facet]

    @property
    def names(self) -> tuple[str, ...]:
        """The switches there are, in the order to show them."""
        names = ["enabled", "scrobble"]
        names += ["now_playing"] if self.live else []
        names += [name for name, facets in SYNCS.items() if {*facets} & {*self.facets}]
        names += ["threshold"] if any(kind.is_video for kind in self.kinds) else []
        return (*names, "kinds", "libraries", "allow_http")


def values_of(switches: Switches, offer: Offer) -> dict[str, Any]:
    """The switches that `offer` has, as plain values; an empty list means all, None the usual."""
    values = {name: getattr(switches, name) for name in offer.names}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}


def switched(switches: Switches, changes: Mapping[str, str], offer: Offer) -> Switches:
    """`switches` with `changes` by name; an empty value is the usual one.

    Raises EditRefused with a sentence for a name or a value that cannot be.
    """
    values: dict[str, Any] = {}
    for name, text in changes.items():
        if name not in offer.names:
            known = ", ".join(offer.names)
            raise EditRefused(f"{offer.service} has no switch {name[:40]!r}. There are {known}.")
        read = _READ.get(name, _switch)
        values[name] = read(name, text.strip(), offer)
    return replace(switches, **values)


def _switch(name: str, text: str, offer: Offer) -> bool:
    word = text.lower()
    if not text:
        return bool(getattr(Switches(), name))
    if word not in _YES + _NO:
        raise EditRefused(f"{name} is true or false, not {text[:40]!r}.")
    return word in _YES


def _threshold(name: str, text: str, offer: Offer) -> float | None:
    if not text:
        return None
    try:
        value = float(text.rstrip("% ")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        value = 0.0
    if not LEAST_THRESHOLD <= value <= MOST_THRESHOLD:
        raise EditRefused(
            f"threshold is a share of the runtime from {LEAST_THRESHOLD:g} to {MOST_THRESHOLD:g}, "
            f"or empty for the one in the settings; not {text[:40]!r}."
        )
    return value


def _kinds(name: str, text: str, offer: Offer) -> tuple[Kind, ...]:
    words = _words(text)
    known = {kind.value: kind for kind in offer.kinds}
    for word in words:
        if word not in known:
            raise EditRefused(f"{offer.service} takes {', '.join(known)}; not {word[:40]!r}.")
    chosen = tuple(known[word] for word in words)
    return () if len(chosen) == len(known) else chosen


def _libraries(name: str, text: str, offer: Offer) -> tuple[str, ...]:
    ids = _words(text)
    if len(ids) > _MOST_LIBRARIES or any(len(one) > _LONGEST_ID for one in ids):
        raise EditRefused("libraries are the ids of libraries with commas between.")
    return ids


def _words(text: str) -> tuple[str, ...]:
    """The words in a list; none for "all", as it is shown."""
    if text.lower() == "all":
        return ()
    return tuple(dict.fromkeys(filter(None, (part.strip() for part in text.split(",")))))


_READ: Mapping[str, Callable[[str, str, Offer], Any]] = {
    "threshold": _threshold,
    "kinds": _kinds,
    "libraries": _libraries,
}
