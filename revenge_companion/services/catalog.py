"""Every service by hand, in the order people see them."""

from collections.abc import Callable, Mapping
from functools import cache as once
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from revenge_companion.core.clock import Clock
from revenge_companion.core.watching import ListPolicy
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
    from revenge_companion.services.animemap.map import AnimeMap

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


_NAMES = {spec.key: spec.name for spec in SPECS}


def name_of(service: str) -> str:
    """What people call the service with this key; the key of one that is not known."""
    return _NAMES.get(service, service)


def build_services(
    http: "Http",
    clock: Clock,
    environ: Mapping[str, str],
    *,
    cache: Path,
    data: Path,
    lists: Callable[[], ListPolicy] = ListPolicy,
) -> tuple[Service, ...]:
    """Every service, in the order of `SPECS`; makes no request and opens no file.

    The code of one is loaded when more is asked of it than its data: who has linked two services
    need not wait for nine, nor keep them. The anime map and what Simkl sent are kept in `cache`,
    the user's own rows of the map in `data`; `lists` is asked at each play what watching may change
    on the anime lists.
    """

    @once
    def maps() -> "AnimeMap":
        from revenge_companion.services.animemap.map import AnimeMap

        return AnimeMap(http, clock, environ, cache=cache, data=data)

    def late(spec: ServiceSpec) -> Service:
        kind = _LateAnime if spec in (ANILIST, MYANIMELIST) else _Late
        return cast(
            Service,
            kind(spec, lambda: _built(spec.key, http, clock, environ, cache, maps, lists), maps),
        )

    return tuple(map(late, SPECS))


class _Late:
    """A service that is built when it is first asked for anything but its `spec`."""

    def __init__(
        self, spec: ServiceSpec, build: Callable[[], Service], maps: "Callable[[], AnimeMap]"
    ) -> None:
        self.spec = spec
        self._build = once(build)
        self._maps = maps

    def __getattr__(self, name: str) -> Any:
        # Called for what is not found here: every method of the service itself. Whether it asks
        # the anime map is asked of each at the start.
        if name.startswith("_") or name == "maps":
            raise AttributeError(name)
        return getattr(self._build(), name)


class _LateAnime(_Late):
    """One that asks the anime map."""

    @property
    def maps(self) -> "AnimeMap":
        return self._maps()


def _built(
    key: str,
    http: "Http",
    clock: Clock,
    environ: Mapping[str, str],
    cache: Path,
    maps: "Callable[[], AnimeMap]",
    lists: Callable[[], ListPolicy],
) -> Service:
    match key:
        case TRAKT.key:
            from revenge_companion.services.trakt.service import Trakt

            return Trakt(http, clock, environ)
        case SIMKL.key:
            from revenge_companion.services.simkl.service import Simkl

            return Simkl(http, clock, environ, cache=cache)
        case LASTFM.key:
            from revenge_companion.services.lastfm.service import LastFm

            return LastFm(http, clock, environ)
        case LISTENBRAINZ.key:
            from revenge_companion.services.listenbrainz.service import ListenBrainz

            return ListenBrainz(http, clock, environ)
        case ANILIST.key:
            from revenge_companion.services.anilist.service import AniList

            return AniList(http, clock, environ, maps(), policy=lists)
        case MYANIMELIST.key:
            from revenge_companion.services.myanimelist.service import MyAnimeList

            return MyAnimeList(http, clock, environ, maps(), policy=lists)
        case LETTERBOXD.key:
            from revenge_companion.services.letterboxd.service import Letterboxd

            return Letterboxd(http, clock, environ)
        case GOODREADS.key:
            from revenge_companion.services.goodreads.service import Goodreads

            return Goodreads(http, clock, environ)
        case HARDCOVER.key:
            from revenge_companion.services.hardcover.service import Hardcover

            return Hardcover(http, clock, environ)
    raise KeyError(key)
