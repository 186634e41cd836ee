"""Ratings, watchlist and collection at Trakt: what is sent, and what each answer means."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import (
    Delivered,
    Delivery,
    Outcome,
    Refused,
    TryLater,
    Unknown,
)
from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.core.media import Ids, Series
from revenge_companion.core.reasons import Reason
from revenge_companion.services.base import Secret, TakesChanges
from revenge_companion.services.trakt.service import Trakt
from tests.clock import START
from tests.unit.services.kit import (
    CUT,
    PORTAL,
    TOKEN,
    Answers,
    MemorySlot,
    QuickClock,
    a_change,
    an_account,
    answer,
    cassette,
    played,
)

BREAKING_BAD = Series("Breaking Bad", 2008, Ids(1396, "tt0903747", 81189))
FILM = Subject(SubjectKind.MOVIE, "Inception", 2010, Ids(27205, "tt1375666"))
SHOW = Subject(SubjectKind.SHOW, "Breaking Bad", 2008, BREAKING_BAD.ids)
SEASON = Subject(SubjectKind.SEASON, "", series=BREAKING_BAD, season_number=2)
EPISODE = Subject(
    SubjectKind.EPISODE, "Pilot", series=BREAKING_BAD, season_number=1, episode_number=3
)
HOUR_AGO = START - timedelta(days=1)
THERE = Delivered(note=Reason.ALREADY_THERE)
#: The shape of an answer in which nothing was done.
NOTHING: dict[str, Any] = {"movies": 0, "shows": 0, "seasons": 0, "episodes": 0}


def film(number: int) -> Subject:
    return Subject(SubjectKind.MOVIE, f"Film {number}", ids=Ids(number))


def rated(subject: Subject, rating: int | None = 90, verb: Verb = Verb.RATE) -> Change:
    return Change(verb, subject, HOUR_AGO, rating)


def a_client(answers: Answers) -> TakesChanges:
    slot = MemorySlot(Secret(TOKEN, client_id="an-app"))
    client = Trakt(answers.http, QuickClock(), {}).client(an_account("trakt"), slot)
    assert isinstance(client, TakesChanges)
    return client


async def sent(answers: Answers, *changes: Change) -> dict[int, Outcome]:
    rows = [a_change(change, number) for number, change in enumerate(changes, 1)]
    return dict(await a_client(answers).change(rows))


def done(status: int = 201, key: str = "added", **counts: int) -> httpx.Response:
    return answer(status, {key: NOTHING | counts, "not_found": {}})


def missing(**echo: list[dict[str, Any]]) -> httpx.Response:
    empty: dict[str, Any] = {"movies": [], "shows": [], "seasons": [], "episodes": []}
    return answer(201, {"added": NOTHING, "existing": NOTHING, "not_found": empty | echo})


async def test_ratings_are_one_request_in_trakts_steps() -> None:
    tape = cassette("trakt", "ratings_add")
    answers = Answers(played(tape))
    at = START.replace(day=28, month=2)
    changes = [
        rated(FILM, 90),
        rated(replace(SHOW, refs=(("trakt", "1388"),)), 100),
        rated(SEASON, 80),
        rated(EPISODE, 74),
        rated(replace(EPISODE, episode_number=4), 1),
        rated(replace(EPISODE, refs=(("trakt", "73482"),)), 55),
    ]
    outcomes = await sent(answers, *(replace(change, at=at) for change in changes))
    assert set(outcomes.values()) == {Delivered()}
    assert answers.json() == tape["request"]["json"]
    assert str(answers.requests[0].url) == tape["request"]["url"]


@pytest.mark.parametrize(
    ("rating", "points"), [(1, 1), (4, 1), (15, 2), (83, 8), (85, 9), (99, 10), (100, 10)]
)
async def test_a_rating_is_rounded_and_never_nothing(rating: int, points: int) -> None:
    answers = Answers(done(movies=1))
    await sent(answers, rated(FILM, rating))
    assert answers.json()["movies"][0]["rating"] == points


async def test_a_watchlist_answer_is_read_row_by_row() -> None:
    tape = cassette("trakt", "watchlist_add")
    answers = Answers(played(tape))
    outcomes = await sent(answers, Change(Verb.WANT, FILM, HOUR_AGO), Change(Verb.WANT, SHOW))
    assert answers.json() == tape["request"]["json"]
    assert outcomes == {1: Delivered(), 2: Refused(Reason.NOT_FOUND)}


@pytest.mark.parametrize(
    ("verb", "path", "key"),
    [
        (Verb.RATE, "/sync/ratings", "added"),
        (Verb.UNRATE, "/sync/ratings/remove", "deleted"),
        (Verb.WANT, "/sync/watchlist", "added"),
        (Verb.UNWANT, "/sync/watchlist/remove", "deleted"),
        (Verb.COLLECT, "/sync/collection", "added"),
    ],
)
async def test_each_verb_has_its_request(verb: Verb, path: str, key: str) -> None:
    answers = Answers(done(200, key, movies=1))
    assert await sent(answers, rated(FILM, verb=verb)) == {1: Delivered()}
    assert answers.paths == [f"POST {path}"]
    said = answers.json()["movies"][0]
    assert set(said) - {"ids"} == {
        Verb.RATE: {"rating", "rated_at"},
        Verb.COLLECT: {"collected_at"},
    }.get(verb, set())


@pytest.mark.parametrize("verb", [Verb.LOVE, Verb.UNLOVE, Verb.HATE])
async def test_a_verb_trakt_has_not_is_refused_without_asking(verb: Verb) -> None:
    answers = Answers(PORTAL)
    assert await sent(answers, Change(verb, FILM)) == {1: Refused(Reason.NOT_TAKEN)}
    assert answers.requests == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (rated(Subject(SubjectKind.BOOK, "Dune")), Reason.NOT_TAKEN),
        (rated(Subject(SubjectKind.TRACK, "Words", artist="Low")), Reason.NOT_TAKEN),
        (rated(Subject(SubjectKind.MOVIE, "Dune", 2021)), Reason.NOT_FOUND),
        (rated(replace(FILM, ids=Ids(), refs=(("trakt", "x"),))), Reason.NOT_FOUND),
        (rated(replace(EPISODE, series=Series("Only a title"))), Reason.NOT_FOUND),
        (rated(replace(SEASON, season_number=None)), Reason.NOT_FOUND),
        (rated(FILM, None), Reason.INVALID),
        (Change(Verb.COLLECT, SHOW), Reason.NOT_TAKEN),
        (Change(Verb.COLLECT, SEASON), Reason.NOT_TAKEN),
    ],
)
async def test_what_cannot_be_said_surely_is_not_said(change: Change, code: Reason) -> None:
    answers = Answers(done(movies=1))
    outcomes = await sent(answers, change, rated(FILM))
    assert isinstance(outcomes[1], Refused)
    assert outcomes[1].code == code
    assert outcomes[2] == Delivered()
    assert len(answers.requests) == 1


async def test_what_changed_twice_ends_as_it_was_said_last() -> None:
    answers = Answers(done(movies=2), done(200, "deleted", movies=1), done(movies=1))
    outcomes = await sent(
        answers,
        rated(FILM, 80),
        rated(FILM, verb=Verb.UNRATE),
        rated(film(2), 50),
        rated(FILM, 90),
    )
    assert set(outcomes.values()) == {Delivered()}
    bodies = [answers.json(n)["movies"] for n in range(3)]
    assert [[said.get("rating") for said in body] for body in bodies] == [[8, 5], [None], [9]]


# Answers


WHOLE: list[tuple[str, httpx.Response | Exception, type[CompanionError]]] = [
    ("400", answer(400), BatchRefused),
    ("401", answer(401), LinkExpired),
    ("403", answer(403), LaneBlocked),
    ("404", answer(404), LaneBlocked),
    ("405", answer(405), LaneBlocked),
    ("409", answer(409), ServiceTrouble),
    ("412", answer(412), ServiceTrouble),
    ("413", answer(413), BatchRefused),
    ("422", answer(422), BatchRefused),
    ("423", answer(423), LaneBlocked),
    ("429", answer(429, "", {"Retry-After": "10"}), RateLimited),
    *[(str(s), answer(s, "<html>"), ServiceTrouble) for s in (500, 502, 503, 504, 520, 521, 522)],
    ("portal", PORTAL, ServiceTrouble),
    ("cut", CUT, ServiceTrouble),
    ("204", answer(204), ServiceTrouble),
    ("other shape", answer(201, []), ServiceTrouble),
    ("no counts", answer(201, {"not_found": {}}), ServiceTrouble),
    ("silence", httpx.ReadTimeout("late"), Unanswered),
    ("no connection", httpx.ConnectTimeout("no"), Unreachable),
]


@pytest.mark.parametrize(
    ("reply", "error"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE]
)
@pytest.mark.parametrize("verb", [Verb.RATE, Verb.UNRATE, Verb.WANT, Verb.UNWANT, Verb.COLLECT])
async def test_every_answer_about_the_whole_request_has_its_error(
    verb: Verb, reply: httpx.Response | Exception, error: type[CompanionError]
) -> None:
    with pytest.raises(error) as caught:
        await sent(Answers(reply), rated(FILM, verb=verb), rated(film(2), verb=verb))
    assert "play" not in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refused_change_that_stands_alone_is_parked(status: int) -> None:
    outcomes = await sent(Answers(answer(status, {"message": "bad rating"})), rated(FILM))
    assert outcomes == {1: Refused(Reason.INVALID, "Trakt did not accept this change: bad rating")}


async def test_what_is_there_already_is_delivered_and_says_so() -> None:
    reply = answer(
        201, {"added": NOTHING, "existing": NOTHING | {"movies": 1}, "not_found": {"movies": []}}
    )
    assert await sent(Answers(reply), Change(Verb.WANT, FILM)) == {1: THERE}


@pytest.mark.parametrize("verb", [Verb.UNRATE, Verb.UNWANT])
async def test_what_is_not_there_need_not_be_removed(verb: Verb) -> None:
    assert await sent(Answers(done(200, "deleted")), Change(verb, FILM)) == {1: THERE}


@pytest.mark.parametrize("verb", [Verb.RATE, Verb.UNRATE, Verb.WANT, Verb.UNWANT, Verb.COLLECT])
async def test_what_is_named_as_unknown_is_refused_and_the_rest_stands(verb: Verb) -> None:
    key = "deleted" if verb in (Verb.UNRATE, Verb.UNWANT) else "added"
    reply = answer(
        200,
        {key: NOTHING | {"movies": 1}, "not_found": {"movies": [{"ids": {"tmdb": "27205"}}]}},
    )
    outcomes = await sent(Answers(reply), rated(FILM, verb=verb), rated(film(2), verb=verb))
    assert outcomes == {1: Refused(Reason.NOT_FOUND), 2: Delivered()}


@pytest.mark.parametrize(
    ("echo", "unknown"),
    [
        ({"shows": [{"ids": {"tvdb": 81189}}]}, {1, 2, 3}),
        ({"shows": [{"ids": {"tvdb": 81189}, "seasons": [{"number": 2}]}]}, {2}),
        (
            {
                "shows": [
                    {
                        "ids": {"tvdb": 81189},
                        "seasons": [{"number": 1, "episodes": [{"number": 3}]}],
                    }
                ]
            },
            {3},
        ),
        ({"seasons": [{"number": 2, "ids": {"tmdb": 1396}}]}, {2}),
        ({"episodes": [{"season": 1, "number": 3, "show": {"ids": {"tmdb": 1396}}}]}, {3}),
    ],
)
async def test_a_show_its_season_and_its_episode_are_told_apart(
    echo: dict[str, Any], unknown: set[int]
) -> None:
    reply = answer(201, {"added": NOTHING | {"shows": 3 - len(unknown)}, "not_found": echo})
    outcomes = await sent(Answers(reply), rated(SHOW), rated(SEASON), rated(EPISODE))
    assert {row for row, outcome in outcomes.items() if outcome != Delivered()} == unknown


async def test_an_echo_nobody_sent_splits_the_batch_until_it_stands_alone() -> None:
    reply = missing(movies=[{"ids": {"slug": "what"}}])
    with pytest.raises(BatchRefused):
        await sent(Answers(reply), Change(Verb.WANT, FILM), Change(Verb.WANT, SHOW))
    alone = await sent(Answers(reply), Change(Verb.WANT, FILM))
    assert alone == {1: Refused(Reason.NOT_FOUND)}


@pytest.mark.parametrize("verb", [Verb.WANT, Verb.COLLECT])
async def test_a_yes_in_which_nothing_was_done_is_no_delivery(verb: Verb) -> None:
    assert await sent(Answers(missing()), Change(verb, FILM)) == {1: Refused(Reason.IGNORED)}
    with pytest.raises(BatchRefused, match="0 of 2"):
        await sent(Answers(missing()), Change(verb, FILM), Change(verb, film(2)))


async def test_a_rating_that_was_not_counted_is_looked_for() -> None:
    lines = [
        {"type": "movie", "rating": 9, "rated_at": None, "movie": {"ids": {"trakt": 1, "tmdb": n}}}
        for n in (27205, 3)
    ]
    head = {"X-Pagination-Page": "1", "X-Pagination-Limit": "250", "X-Pagination-Item-Count": "2"}
    answers = Answers(done(movies=1), answer(200, lines, head))
    outcomes = await sent(answers, rated(FILM, 90), rated(film(2), 90), rated(film(3), 80))
    assert answers.paths == ["POST /sync/ratings", "GET /sync/ratings"]
    assert outcomes[1] == THERE
    assert [outcomes[n].code for n in (2, 3) if isinstance(outcomes[n], Refused)] == [
        Reason.IGNORED,
        Reason.IGNORED,
    ]


# Limits of the account


class Room:
    """A watchlist with room for some films; it takes all of a request or nothing."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.held: list[int] = []
        self.answers = Answers(PORTAL)
        self.answers.handle = self.handle  # type: ignore[method-assign]  # a server that counts

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.answers.requests.append(request)
        body = self.answers.json()
        wanted = [said["ids"]["tmdb"] for said in body["movies"]]
        if len(self.held) + len(wanted) > self.room:
            return answer(420)
        self.held += wanted
        return done(movies=len(wanted))


async def test_a_full_watchlist_takes_what_it_has_room_for_and_holds_no_lane() -> None:
    shop = Room(37)
    outcomes = await sent(shop.answers, *(Change(Verb.WANT, film(n)) for n in range(1, 101)))
    taken = [row for row, outcome in outcomes.items() if outcome == Delivered()]
    assert taken == shop.held == list(range(1, 38))
    full = outcomes[38]
    assert isinstance(full, Refused)
    assert (full.code, full.detail) == (Reason.ACCOUNT_LIMIT, "The watchlist at Trakt is full.")
    assert len(shop.answers.requests) < 20


async def test_without_any_room_the_rest_is_not_asked_for() -> None:
    answers = Answers(answer(420))
    outcomes = await sent(answers, *(rated(film(n)) for n in range(1, 101)))
    assert {type(outcome) for outcome in outcomes.values()} == {Refused}
    assert len(answers.requests) < 10


async def test_a_paid_feature_parks_the_rows_and_holds_no_lane() -> None:
    reply = answer(426, "", {"X-Upgrade-URL": "https://trakt.tv/vip"})
    outcomes = await sent(Answers(reply), rated(FILM), rated(film(2)))
    parked = Refused(Reason.VIP_NEEDED, "Trakt asks for a paid plan. https://trakt.tv/vip")
    assert outcomes == {1: parked, 2: parked}


# Several requests for one batch


AFTER: dict[str, tuple[httpx.Response | Exception, Outcome]] = {
    "limit": (
        answer(429, "", {"Retry-After": "7"}),
        TryLater(Reason.RATE_LIMITED, "Trakt asked to wait.", 7, counts=False),
    ),
    "silence": (
        httpx.ReadTimeout("late"),
        Unknown(Reason.UNANSWERED, "api.trakt.tv did not answer in time."),
    ),
    "link": (
        answer(401),
        TryLater(Reason.LINK_AGAIN, "Trakt does not accept this link any more.", 0, counts=False),
    ),
    "refused": (answer(422), Refused(Reason.INVALID, "Trakt did not accept this change.")),
}


@pytest.mark.parametrize(("reply", "second"), AFTER.values(), ids=AFTER)
async def test_what_the_first_request_achieved_stays(
    reply: httpx.Response | Exception, second: Outcome
) -> None:
    answers = Answers(done(movies=1), reply, done(movies=1))
    outcomes = await sent(answers, rated(FILM), Change(Verb.WANT, FILM), Change(Verb.COLLECT, FILM))
    assert outcomes[1] == Delivered()
    assert outcomes[2] == second
    # A refusal is about its own row; anything else keeps the rest waiting.
    refused = isinstance(second, Refused)
    assert isinstance(outcomes[3], Delivered if refused else TryLater)


async def test_a_hundred_ratings_are_one_request() -> None:
    answers = Answers(done(movies=100))
    outcomes = await sent(answers, *(rated(film(n)) for n in range(1, 101)))
    assert set(outcomes.values()) == {Delivered()}
    assert len(answers.requests) == 1


async def test_a_play_among_changes_is_a_mistake_that_shows() -> None:
    row = a_change(rated(FILM))
    play: Delivery = replace(row, scrobble=replace(row.scrobble, change=None))
    with pytest.raises(ValueError, match="not a change"):
        await a_client(Answers(done())).change([play])
