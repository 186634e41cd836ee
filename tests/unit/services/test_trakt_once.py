"""Who keeps one play of each item at Trakt is not sent a second one."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from revenge_companion.core.delivery import Delivered, Skipped
from revenge_companion.core.errors import LinkExpired, RateLimited
from revenge_companion.core.media import Ids
from revenge_companion.core.reasons import Reason
from revenge_companion.net.http import Http
from revenge_companion.services.base import Secret
from revenge_companion.services.trakt.client import TraktClient
from revenge_companion.services.trakt.service import Trakt
from tests.clock import START
from tests.unit.services.kit import (
    PORTAL,
    TOKEN,
    MemorySlot,
    QuickClock,
    a_delivery,
    a_movie,
    an_account,
    an_episode,
    answer,
)

SECRET = Secret(TOKEN, "a-refresh", START + timedelta(days=300), "an-app")
SKIPPED = Skipped(Reason.WATCHED_ONCE)
ONCE, EVERY = (
    answer(
        200,
        {
            "user": {"username": "anna", "ids": {"slug": "anna"}},
            "browsing": {"watch_only_once": wanted},
        },
    )
    for wanted in (True, False)
)
SHOW = "/sync/history/shows/1"


def an_entry(season: int, number: int) -> dict[str, Any]:
    return {
        "id": 9,
        "show": {"ids": {"trakt": 1, "tmdb": 1396}},
        "episode": {"season": season, "number": number, "ids": {"trakt": 5}},
    }


class Site:
    """A little Trakt: answers by the path, and notes what was asked."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings.get("settings", ONCE)
        self.watched_movies: list[dict[str, Any]] = []
        self.pages: list[list[dict[str, Any]]] = [[]]
        self.known = True
        self.asked: list[str] = []
        self.sent: list[Any] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        found = self._answer(request, request.url.path)
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    def _answer(self, request: httpx.Request, path: str) -> httpx.Response:
        self.asked.append(f"{request.method} {path}")
        if path == "/users/settings":
            assert dict(request.url.params) == {"extended": "browsing"}
            return self.settings  # type: ignore[no-any-return]
        if path == "/oauth/token":
            return answer(400, {"error": "invalid_grant"})
        if path.startswith("/search/"):
            kind = request.url.params["type"]
            return answer(200, [{"type": kind, kind: {"ids": {"trakt": 1}}}] if self.known else [])
        if path == "/sync/history/movies/1":
            return answer(200, self.watched_movies)
        if path == SHOW:
            page = int(request.url.params["page"])
            head = {"X-Pagination-Page-Count": str(len(self.pages))}
            return answer(200, self.pages[page - 1], head)
        self.sent.append(request.content)
        counts: Mapping[str, int] = {"movies": request.content.count(b"tt1375666"), "episodes": 9}
        return answer(201, {"added": counts, "not_found": {}})

    def client(self, clock: QuickClock | None = None) -> TraktClient:
        http = Http(transport=httpx.MockTransport(self))
        return Trakt(http, clock or QuickClock(), {}).client(
            an_account("trakt"), MemorySlot(SECRET)
        )


LATE_S = 3600.0


async def test_a_film_that_was_watched_is_not_sent_again() -> None:
    site = Site()
    site.watched_movies = [{"id": 1, "action": "watch"}]
    outcomes = await site.client().submit([a_delivery(a_movie(), ago_s=LATE_S)])

    assert outcomes == {1: SKIPPED}
    assert site.sent == []


@pytest.mark.parametrize("known", [True, False])
async def test_a_film_that_was_not_watched_is_sent(known: bool) -> None:
    site = Site()
    site.known = known
    outcomes = await site.client().submit([a_delivery(a_movie(), ago_s=LATE_S)])

    assert isinstance(outcomes[1], Delivered)
    assert len(site.sent) == 1


async def test_an_episode_is_looked_for_on_every_page_of_its_show() -> None:
    site = Site()
    site.pages = [[an_entry(1, 1), an_entry(1, 2)], [an_entry(1, 3)]]
    rows = [
        a_delivery(an_episode(3), 1, ago_s=LATE_S),
        a_delivery(an_episode(4), 2, ago_s=LATE_S),
    ]
    outcomes = await site.client().submit(rows)

    assert outcomes[1] == SKIPPED
    assert isinstance(outcomes[2], Delivered)
    assert site.asked.count(f"GET {SHOW}") == 4


async def test_the_same_item_twice_in_one_batch_is_sent_once() -> None:
    site = Site()
    rows = [a_delivery(a_movie(), n, ago_s=LATE_S * n) for n in (1, 2)]
    outcomes = await site.client().submit(rows)

    assert [type(outcomes[n]) for n in (1, 2)] == [Delivered, Skipped]


async def test_items_the_server_does_not_have_are_told_apart_by_their_ids() -> None:
    # An exported play need not be of anything the media server holds.
    site = Site()
    films = [a_movie(media_id=""), a_movie(media_id="", ids=Ids(tmdb=438631))]
    rows = [a_delivery(film, n, ago_s=LATE_S) for n, film in enumerate([*films, films[1]], 1)]
    rows.append(a_delivery(an_episode(1, media_id=""), 4, ago_s=LATE_S))
    outcomes = await site.client().submit(rows)

    assert [row for row, outcome in outcomes.items() if outcome == SKIPPED] == [3]


async def test_who_keeps_every_play_is_asked_once_a_day_only() -> None:
    site, clock = Site(settings=EVERY), QuickClock()
    client = site.client(clock)
    for _ in range(3):
        await client.submit([a_delivery(a_movie(), ago_s=LATE_S)])
    assert site.asked.count("GET /users/settings") == 1
    assert not any("/search/" in asked for asked in site.asked)

    site.settings, site.watched_movies = ONCE, [{"id": 1}]
    clock.advance(86_400)
    assert await client.submit([a_delivery(a_movie(), ago_s=LATE_S)]) == {1: SKIPPED}


async def test_a_test_of_the_account_learns_it_too() -> None:
    site = Site()
    site.watched_movies = [{"id": 1}]
    client = site.client()
    await client.whoami()
    await client.submit([a_delivery(a_movie(), ago_s=LATE_S)])

    assert site.asked.count("GET /users/settings") == 1


@pytest.mark.parametrize("reply", [answer(500), answer(403), PORTAL])
async def test_plays_do_not_wait_for_a_preference(reply: httpx.Response) -> None:
    site = Site(settings=reply)
    outcomes = await site.client().submit([a_delivery(a_movie(), ago_s=LATE_S)])
    assert isinstance(outcomes[1], Delivered)


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (401, LinkExpired)])
async def test_what_holds_the_account_holds_it_here_too(
    status: int, error: type[Exception]
) -> None:
    site = Site(settings=answer(status))
    client = site.client()
    with pytest.raises(error):
        await client.submit([a_delivery(a_movie(), ago_s=LATE_S)])
    assert site.sent == []
