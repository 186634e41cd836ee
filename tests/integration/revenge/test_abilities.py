"""Asking what a server has learnt, where what is not there answers in many ways."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from revenge_companion.core.abilities import Abilities, Ability
from revenge_companion.core.library import SubjectKind
from revenge_companion.demo.large import large_library
from revenge_companion.net.http import Http
from revenge_companion.revenge.abilities import ask
from revenge_companion.revenge.client import RevengeClient
from revenge_companion.revenge.pushing import NotKept, Pusher
from revenge_companion.revenge.session import Session
from tests.clock import FakeClock
from tests.integration.revenge.line import Line, a_line

LIBRARY = large_library(films=3, shows=2, episodes=2)
FILM, SHOW = LIBRARY.movies[0].media_id, LIBRARY.shows[0].id
EVERYTHING = frozenset(Ability)


@pytest.fixture
async def line(clock: FakeClock) -> AsyncIterator[Line]:
    async with a_line(LIBRARY, clock) as line:
        yield line


async def asked(line: Line, before: Abilities | None = None) -> Abilities:
    return await line.come(ask(line.client, line.clock, before or Abilities(), FILM))


async def test_todays_server_offers_nothing(line: Line) -> None:
    found = await asked(line)
    assert found == Abilities(asked_at=line.clock.now())


async def test_what_it_learns_is_found_and_what_it_forgets_is_gone(line: Line) -> None:
    line.server.learned.learn(["ratings", "watchlist", "scrobbles"])
    line.server.learned.connections = [
        {"service": "Trakt", "enabled": True},
        {"service": "last.fm", "enabled": True},
        {"service": "simkl", "enabled": False},
    ]
    found = await asked(line)
    assert found.offers == EVERYTHING
    assert found.serves == ("lastfm", "trakt")
    line.server.learned.learn(["ratings"])
    assert await asked(line, found) == Abilities(
        frozenset({Ability.RATINGS}), asked_at=line.clock.now()
    )


async def test_a_server_that_could_scrobble_and_is_connected_to_nothing_does_not(
    line: Line,
) -> None:
    line.server.learned.learn(["scrobbles"])
    assert not (await asked(line)).scrobbles


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_trouble_changes_nothing_that_was_known(line: Line, status: int) -> None:
    before = Abilities(EVERYTHING, ("trakt",))
    for path in ("/scrobble", "/users/me/scrobbling", "/user/services", "/watchlist", "/rate"):
        line.server.faults.answer(status, to=path)
    found = await asked(line, before)
    assert (found.offers, found.serves) == (before.offers, before.serves)


def answering(**answers: tuple[int, str, str]) -> Http:
    """A server with one answer for paths that hold a word, and "other" for all others."""

    def answer(request: httpx.Request) -> httpx.Response:
        word = next((key for key in answers if key in request.url.path), "other")
        status, kind, text = answers[word]
        return httpx.Response(status, headers={"content-type": kind}, text=text)

    return Http(transport=httpx.MockTransport(answer))


PAGE = (200, "text/html", "<!doctype html><title>Revenge</title>")
TEXT = (404, "text/plain", "404 page not found\n")
PROXY = (404, "application/json", '{"error": "no such route"}')
OURS = (404, "application/json", '{"code": 404, "message": "No rating"}')
LIST = (200, "application/json", "[]")


@pytest.mark.parametrize(
    ("other", "rate", "offers"),
    [
        (PAGE, PAGE, False),
        (TEXT, TEXT, False),
        (PROXY, PROXY, False),
        (TEXT, OURS, True),
        (PAGE, OURS, True),
        (PAGE, LIST, True),
        (TEXT, (405, "text/plain", "Method Not Allowed\n"), True),
        (TEXT, (403, "application/json", '{"code": 403, "message": "no"}'), True),
        (TEXT, (501, "application/json", '{"code": 501, "message": "later"}'), False),
        (TEXT, (401, "application/json", '{"code": 401, "message": "no"}'), False),
        ((403, "text/html", "blocked"), (403, "text/html", "blocked"), False),
    ],
    ids=[
        "web page", "text", "proxy", "own 404", "own 404 beside pages", "list beside pages",
        "other method", "forbidden", "not yet", "not for us", "blocked",
    ],
)  # fmt: skip
async def test_what_is_not_there_is_told_apart(
    clock: FakeClock, other: tuple[int, str, str], rate: tuple[int, str, str], offers: bool
) -> None:
    http = answering(rate=rate, other=other)
    session = Session(http, "http://127.0.0.1:9", clock, api_key="rv_key")
    client = RevengeClient(http, session.base_url, session)
    found = await ask(client, clock, Abilities(), FILM)
    assert (Ability.RATINGS in found.offers) == offers
    assert found.offers <= {Ability.RATINGS}
    await http.close()


@pytest.mark.parametrize(
    ("body", "serves"),
    [
        ({"connections": [{"service": "trakt"}]}, ("trakt",)),
        ({"items": [{"name": "Last.fm", "enabled": True}]}, ("lastfm",)),
        ({"what": "ever"}, ()),
        ("text", ()),
    ],
)
async def test_connections_are_read_in_several_shapes(
    clock: FakeClock, body: object, serves: tuple[str, ...]
) -> None:
    http = answering(services=(200, "application/json", json.dumps(body)), other=TEXT)
    session = Session(http, "http://127.0.0.1:9", clock, api_key="rv_key")
    found = await ask(RevengeClient(http, session.base_url, session), clock, Abilities())
    assert found.scrobbles
    assert found.serves == serves
    await http.close()


async def test_ratings_and_wishes_are_written_and_proven_once(line: Line) -> None:
    line.server.learned.learn(["ratings", "watchlist"])
    pusher = Pusher(line.client, line.pace)
    assert await line.come(pusher.rating(SubjectKind.MOVIE, FILM)) is None
    await line.come(pusher.rate(SubjectKind.MOVIE, FILM, 4.5))
    await line.come(pusher.rate(SubjectKind.SHOW, SHOW, 0.5))
    assert line.server.learned.ratings == {FILM: 4.5, SHOW: 0.5}
    assert await line.come(pusher.rating(SubjectKind.SHOW, SHOW)) == 0.5
    await line.come(pusher.wish(SubjectKind.SHOW, SHOW))
    await line.come(pusher.wish(SubjectKind.SHOW, SHOW))
    assert line.server.learned.wishes == [{"media_type": "series", "media_id": SHOW}]
    assert await line.come(pusher.wishes()) == {SHOW}
    # Read before the first, read back after it, and not again.
    assert line.asked(f"GET /api/v1/movies/{FILM}/rate") == 2


async def test_a_server_that_means_something_else_gets_no_second_rating(line: Line) -> None:
    line.server.learned.learn(["ratings"])
    line.server.learned.misreads_ratings = True
    with pytest.raises(NotKept):
        await line.come(Pusher(line.client, line.pace).rate(SubjectKind.MOVIE, FILM, 2.0))
