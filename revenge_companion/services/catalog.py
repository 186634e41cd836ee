"""Every service by hand, in the order people see them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from revenge_companion.core.clock import Clock
from revenge_companion.services.anilist.spec import SPEC as ANILIST
from revenge_companion.services.base import Service, ServiceSpec
from revenge_companion.services.goodreads.spec import SPEC as GOODREADS
from revenge_companion.services.hardcover.spec import SPEC as HARDCOVER
from revenge_companion.services.lastfm.spec import SPEC as LASTFM
from revenge_companion.services.letterboxd.spec import SPEC as LETTERBOXD
from revenge_companion.services.listenbrainz.spec import SPEC as LISTENBRAINZ
from revenge_companion.services.myanimelist.spec import SPEC as MYANIMELIST
from revenge_companion.services.simkl.spec import SPEC as SIMKL
from revenge_companion.services.trakt.spec import SPEC as TRAKT

if TYPE_CHECKING:
    from revenge_companion.net.http import Http

#: The services as data; importing it loads no client.
SPECS: tuple[ServiceSpec, ...] = (
    TRAKT,
    SIMKL,
    LASTFM,
    LISTENBRAINZ,
    ANILIST,
    MYANIMELIST,
    LETTERBOXD,
    GOODREADS,
    HARDCOVER,
)


def build_services(
    http: "Http", clock: Clock, environ: Mapping[str, str], *, cache: Path, data: Path
) -> tuple[Service, ...]:
    """Every service, in the order of `SPECS`; makes no request and opens no file.

    The anime map is kept in `cache`, the user's own rows of it in `data`.
    """
    from revenge_companion.services.anilist.service import AniList
    from revenge_companion.services.animemap.map import AnimeMap
    from revenge_companion.services.goodreads.service import Goodreads
    from revenge_companion.services.hardcover.service import Hardcover
    from revenge_companion.services.lastfm.service import LastFm
    from revenge_companion.services.letterboxd.service import Letterboxd
    from revenge_companion.services.listenbrainz.service import ListenBrainz
    from revenge_companion.services.myanimelist.service import MyAnimeList
    from revenge_companion.services.simkl.service import Simkl
    from revenge_companion.services.trakt.service import Trakt

    maps = AnimeMap(http, clock, environ, cache=cache, data=data)
    return (
        Trakt(http, clock, environ),
        Simkl(http, clock, environ),
        LastFm(http, clock, environ),
        ListenBrainz(http, clock, environ),
        AniList(http, clock, environ, maps),
        MyAnimeList(http, clock, environ, maps),
        Letterboxd(http, clock, environ),
        Goodreads(http, clock, environ),
        Hardcover(http, clock, environ),
    )
