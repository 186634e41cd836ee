"""What a service says of its pace is what its gate allows: the time of a backlog is no guess."""

import pytest

from revenge_companion.services.anilist import wire as anilist
from revenge_companion.services.anilist.spec import SPEC as ANILIST
from revenge_companion.services.catalog import SPECS
from revenge_companion.services.hardcover import wire as hardcover
from revenge_companion.services.hardcover.spec import SPEC as HARDCOVER
from revenge_companion.services.lastfm import wire as lastfm
from revenge_companion.services.lastfm.spec import SPEC as LASTFM
from revenge_companion.services.myanimelist import wire as myanimelist
from revenge_companion.services.myanimelist.spec import SPEC as MYANIMELIST
from revenge_companion.services.simkl import wire as simkl
from revenge_companion.services.simkl.spec import SPEC as SIMKL
from revenge_companion.services.trakt import wire as trakt
from revenge_companion.services.trakt.spec import SPEC as TRAKT


def test_no_play_goes_faster_than_the_gate() -> None:
    assert TRAKT.play_s == trakt.WRITE_INTERVAL_S / TRAKT.batch_size
    assert SIMKL.play_s == simkl.WRITE_INTERVAL_S / SIMKL.batch_size
    assert LASTFM.play_s == lastfm.INTERVAL_S / LASTFM.batch_size
    # A love is a request of its own.
    assert LASTFM.change_s == lastfm.INTERVAL_S
    # These are read before they are written.
    assert ANILIST.play_s == 2 * anilist.INTERVAL_S
    assert MYANIMELIST.play_s == 2 * myanimelist.INTERVAL_S
    assert HARDCOVER.play_s == 3 * hardcover.INTERVAL_S


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.key)
def test_who_takes_something_says_how_fast(spec: object) -> None:
    assert bool(spec.play_s) is not spec.hand_off  # type: ignore[attr-defined]  # a ServiceSpec
