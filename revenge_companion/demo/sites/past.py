"""Years of made-up listening for the destinations that keep music, the same at every run."""

from collections.abc import Iterator
from dataclasses import dataclass

_ARTISTS = 240
_TRACKS = 12
#: Seconds from one play to the next; now and then two share a second, as imported ones do.
_APART_S = 1_700
_SHARED = 40


@dataclass(frozen=True, slots=True)
class PastPlay:
    """One track that was heard long before the demo began."""

    #: Unix seconds.
    at_s: int
    artist: str
    title: str
    album: str


def past_plays(count: int, before_s: int) -> Iterator[PastPlay]:
    """`count` plays, the newest first, all before the Unix second `before_s`."""
    at_s = before_s
    for number in range(count):
        if number % _SHARED or not number:
            at_s -= _APART_S
        # Steps without a common divisor, so that neighbours differ and all of them come up.
        track = number * 7919 % (_ARTISTS * _TRACKS)
        artist, place = divmod(track, _TRACKS)
        yield PastPlay(
            at_s,
            f"Past Artist {artist + 1}",
            f"Past Song {artist + 1}.{place + 1}",
            f"Past Album {artist + 1}",
        )
