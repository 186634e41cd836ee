"""Ratings and the plan to watch at Simkl: what is sent, and what is never lost with it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import (
    Delivered,
    Outcome,
    Refused,
    Skipped,
    TryLater,
)
from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    QuotaExhausted,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.core.media import Ids, Series
from revenge_companion.core.reasons import Reason
from revenge_companion.services.base import Secret, TakesChanges
from revenge_companion.services.simkl.service import Simkl
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

IDS = Ids(1396, "tt0903747", 81189)
FILM = Subject(SubjectKind.MOVIE, "Inception", 2010, Ids(27205, "tt1375666"))
SHOW = Subject(SubjectKind.SHOW, "Breaking Bad", 2008, IDS)
SEASON = Subject(SubjectKind.SEASON, "", series=Series("Breaking Bad", 2008, IDS), season_number=2)
EPISODE = replace(SEASON, kind=SubjectKind.EPISODE, season_number=1, episode_number=3)
AT = START.replace(day=28, month=2)
THERE = Delivered(note=Reason.ALREADY_THERE)
SAID = cassette("simkl", "activities")["response"]["json"]
NOTHING = answer(200, "null")


def film(number: int) -> Subject:
    return Subject(SubjectKind.MOVIE, f"Film {number}", ids=Ids(number))


def rated(subject: Subject, rating: int | None = 90, verb: Verb = Verb.RATE) -> Change:
    return Change(verb, subject, AT, rating)


def a_client(answers: Answers, folder: Path) -> TakesChanges:
    slot = MemorySlot(Secret(TOKEN, client_id="an-app"))
    service = Simkl(answers.http, QuickClock(), {}, cache=folder)
    client = service.client(an_account("simkl"), slot)
    assert isinstance(client, TakesChanges)
    return client


async def sent(answers: Answers, folder: Path, *changes: Change) -> dict[int, Outcome]:
    rows = [a_change(change, number) for number, change in enumerate(changes, 1)]
    return dict(await a_client(answers, folder).change(rows))


def a_title(
    number: int, status: str, tmdb: int = 0, *, of: str = "movie", **values: Any
) -> dict[str, Any]:
    ids = {"simkl": number} | ({"tmdb": str(tmdb)} if tmdb else {"tvdb": "81189"})
    return {"status": status, of: {"title": "T", "ids": ids}} | values


def holding(
    *,
    movies: list[dict[str, Any]] | None = None,
    shows: list[dict[str, Any]] | None = None,
    anime: list[dict[str, Any]] | None = None,
) -> list[httpx.Response]:
    """What an account says of its library when it is asked the first time."""
    parts = {"movies": movies, "shows": shows, "anime": anime}
    return [answer(200, SAID), *(answer(200, {key: part or []}) for key, part in parts.items())]


def done(key: str = "added", status: int = 201, **counts: Any) -> httpx.Response:
    empty: dict[str, Any] = {"movies": 0, "shows": 0, "statuses": []}
    return answer(status, {key: empty | counts, "not_found": {"movies": [], "shows": []}})


def listed(*numbers: int, to: str = "plantowatch") -> httpx.Response:
    added = [{"to": to, "ids": {"tmdb": str(n), "simkl": n}, "type": "movie"} for n in numbers]
    return answer(201, {"added": {"movies": added, "shows": []}, "not_found": {}})


# Ratings


async def test_ratings_are_one_request_in_simkls_steps(tmp_path: Path) -> None:
    tape = cassette("simkl", "ratings_add")
    answers = Answers(played(tape))
    show = replace(SHOW, refs=(("mal", "not-a-number"), ("simkl", "11121")))
    outcomes = await sent(answers, tmp_path, rated(FILM, 91), rated(show, 100))
    assert outcomes == {1: Delivered(), 2: Delivered()}
    assert answers.json() == tape["request"]["json"]
    assert answers.requests[0].url.path == tape["request"]["path"]
    assert answers.requests[0].url.params["app-name"] == "revenge-companion"


@pytest.mark.parametrize(("rating", "points"), [(1, 1), (4, 1), (15, 2), (84, 8), (100, 10)])
async def test_a_rating_is_rounded_and_never_nothing(
    tmp_path: Path, rating: int, points: int
) -> None:
    answers = Answers(done(movies=1))
    await sent(answers, tmp_path, rated(FILM, rating))
    assert answers.json()["movies"][0]["rating"] == points


async def test_a_rating_that_was_not_counted_is_looked_for(tmp_path: Path) -> None:
    library = holding(movies=[a_title(1, "completed", 27205, user_rating=9)])
    answers = Answers(done(), *library)
    outcomes = await sent(answers, tmp_path, rated(FILM, 90), rated(film(5), 90))
    assert outcomes == {1: THERE, 2: Refused(Reason.IGNORED)}
    assert answers.paths[:2] == ["POST /sync/ratings", "GET /sync/activities"]


async def test_what_simkl_does_not_know_is_refused_and_the_rest_stands(tmp_path: Path) -> None:
    reply = answer(
        201,
        {
            "added": {"movies": 1, "shows": 0, "statuses": []},
            # Where unresolved anime is named, too.
            "not_found": {"movies": [], "shows": [{"rating": 9, "ids": {"tvdb": "81189"}}]},
        },
    )
    outcomes = await sent(Answers(reply), tmp_path, rated(FILM), rated(SHOW))
    assert outcomes == {1: Delivered(), 2: Refused(Reason.NOT_FOUND)}


async def test_an_echo_nobody_sent_splits_the_batch_until_it_stands_alone(tmp_path: Path) -> None:
    reply = answer(201, {"added": {}, "not_found": {"movies": [{"ids": {"imdb": "tt7"}}]}})
    with pytest.raises(BatchRefused):
        await sent(Answers(reply), tmp_path, rated(FILM), rated(film(5)))
    assert await sent(Answers(reply), tmp_path, rated(FILM)) == {1: Refused(Reason.NOT_FOUND)}


@pytest.mark.parametrize(("count", "outcome"), [(1, Delivered()), (0, THERE)])
async def test_a_rating_is_taken_back(tmp_path: Path, count: int, outcome: Outcome) -> None:
    answers = Answers(done("deleted", 200, movies=count))
    assert await sent(answers, tmp_path, rated(FILM, verb=Verb.UNRATE)) == {1: outcome}
    assert answers.paths == ["POST /sync/ratings/remove"]
    assert answers.json() == {
        "movies": [
            {"title": "Inception", "year": 2010, "ids": {"imdb": "tt1375666", "tmdb": 27205}}
        ]
    }


# The plan to watch


async def test_the_plan_to_watch_is_added_to_as_documented(tmp_path: Path) -> None:
    tape = cassette("simkl", "add_to_list")
    answers = Answers(*holding(), played(tape))
    changes = (Change(Verb.WANT, FILM, AT), Change(Verb.WANT, SHOW))
    assert await sent(answers, tmp_path, *changes) == {1: Delivered(), 2: Delivered()}
    assert answers.json() == tape["request"]["json"]
    assert answers.requests[-1].url.path == tape["request"]["path"]


async def test_what_is_on_another_list_is_not_moved(tmp_path: Path) -> None:
    library = holding(
        movies=[a_title(1, "completed", 1), a_title(2, "dropped", 2), a_title(3, "plantowatch", 3)],
        shows=[a_title(11121, "hold", of="show")],
    )
    answers = Answers(*library, listed(4))
    wanted = [Change(Verb.WANT, subject) for subject in (film(1), film(2), film(3), SHOW, film(4))]
    kept = Skipped(Reason.KEPT_LISTED)
    assert await sent(answers, tmp_path, *wanted) == {
        1: kept,
        2: kept,
        3: THERE,
        4: kept,
        5: Delivered(),
    }
    assert [said["ids"] for said in answers.json()["movies"]] == [{"tmdb": 4}]


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (listed(4, to="completed"), Refused(Reason.IGNORED, "Simkl put it under “completed”.")),
        (listed(), Refused(Reason.IGNORED, "Simkl did not say that it listed it.")),
        (done(), Refused(Reason.IGNORED, "Simkl did not say that it listed it.")),
        (
            answer(201, {"added": {}, "not_found": {"movies": [{"ids": {"tmdb": 4}}]}}),
            Refused(Reason.NOT_FOUND),
        ),
    ],
    ids=["another list", "none", "zeros", "unknown"],
)
async def test_the_list_an_answer_names_is_compared(
    tmp_path: Path, reply: httpx.Response, outcome: Outcome
) -> None:
    assert await sent(Answers(*holding(), reply), tmp_path, Change(Verb.WANT, film(4))) == {
        1: outcome
    }


async def test_what_is_only_planned_is_removed_by_simkls_own_id(tmp_path: Path) -> None:
    library = holding(
        movies=[a_title(1, "plantowatch", 27205)],
        anime=[a_title(9, "plantowatch", of="show", anime_type="tv", watched_episodes_count=0)],
    )
    answers = Answers(*library, done("deleted", 200, movies=1, shows=1))
    outcomes = await sent(answers, tmp_path, Change(Verb.UNWANT, FILM), Change(Verb.UNWANT, SHOW))
    assert outcomes == {1: Delivered(), 2: Delivered()}
    # Anime stands among the shows where something is removed.
    assert answers.json() == {
        "movies": [{"ids": {"simkl": 1}}],
        "shows": [{"ids": {"simkl": 9}}],
    }


@pytest.mark.parametrize(
    "title",
    [
        pytest.param({"user_rating": 7}, id="a rating"),
        pytest.param({"last_watched_at": "2020-01-01T00:00:00Z"}, id="a watch"),
        pytest.param({"last_watched_at": "1970-01-01T00:00:01Z"}, id="an old watch"),
        pytest.param({"watched_episodes_count": 1}, id="episodes that are not listed"),
        pytest.param(
            {
                "seasons": [
                    {
                        "number": 1,
                        "episodes": [{"number": 1, "watched_at": "2020-01-01T00:00:00Z"}],
                    }
                ]
            },
            id="an episode",
        ),
    ],
)
async def test_a_removal_never_takes_a_history_or_a_rating_with_it(
    tmp_path: Path, title: dict[str, Any]
) -> None:
    library = holding(shows=[a_title(11121, "plantowatch", of="show") | title])
    answers = Answers(*library, done("deleted", 200, shows=1))
    outcomes = await sent(answers, tmp_path, Change(Verb.UNWANT, SHOW))
    assert outcomes == {1: Refused(Reason.KEPT_HISTORY)}
    assert not [path for path in answers.paths if path.startswith("POST")]


async def test_what_may_be_either_of_two_titles_is_not_removed(tmp_path: Path) -> None:
    # Every cour of an anime has the ids of its series.
    cours = [a_title(n, "plantowatch", of="show", anime_type="tv") for n in (8, 9)]
    answers = Answers(*holding(anime=cours))
    outcomes = await sent(answers, tmp_path, Change(Verb.UNWANT, SHOW))
    assert outcomes == {1: Refused(Reason.UNMAPPED)}


@pytest.mark.parametrize("status", ["completed", "watching", "hold", "dropped", None])
async def test_what_is_not_planned_need_not_be_removed(tmp_path: Path, status: str | None) -> None:
    library = holding(shows=[] if status is None else [a_title(11121, status, of="show")])
    answers = Answers(*library)
    assert await sent(answers, tmp_path, Change(Verb.UNWANT, SHOW)) == {1: THERE}
    assert len(answers.requests) == 4


async def test_what_was_watched_meanwhile_is_seen_before_anything_is_removed(
    tmp_path: Path,
) -> None:
    library = holding(shows=[a_title(11121, "plantowatch", of="show")])
    await sent(Answers(*library), tmp_path, Change(Verb.WANT, SHOW))
    later = "2026-03-01T10:00:00Z"
    said = SAID | {"tv_shows": SAID["tv_shows"] | {"all": later, "watching": later}}
    changed = {"shows": [a_title(11121, "watching", of="show", watched_episodes_count=1)]}
    answers = Answers(answer(200, said), answer(200, changed))
    assert await sent(answers, tmp_path, Change(Verb.UNWANT, SHOW)) == {1: THERE}
    assert answers.paths == ["GET /sync/activities", "GET /sync/all-items/shows"]


async def test_a_library_that_cannot_be_seen_keeps_the_row_waiting(tmp_path: Path) -> None:
    for verb in (Verb.WANT, Verb.UNWANT):
        answers = Answers(answer(200, SAID), CUT)
        with pytest.raises(ServiceTrouble):
            await sent(answers, tmp_path, Change(verb, SHOW))
        assert not [path for path in answers.paths if path.startswith("POST")]


# What is not taken


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (rated(SEASON), Reason.NOT_TAKEN),
        (rated(EPISODE), Reason.NOT_TAKEN),
        (Change(Verb.WANT, EPISODE), Reason.NOT_TAKEN),
        (Change(Verb.COLLECT, FILM), Reason.NOT_TAKEN),
        (Change(Verb.LOVE, FILM), Reason.NOT_TAKEN),
        (rated(Subject(SubjectKind.BOOK, "Dune")), Reason.NOT_TAKEN),
        (rated(Subject(SubjectKind.MOVIE, "Dune", 2021)), Reason.NOT_FOUND),
        (rated(FILM, None), Reason.INVALID),
    ],
)
async def test_what_cannot_be_said_surely_is_not_said(
    tmp_path: Path, change: Change, code: Reason
) -> None:
    answers = Answers(done(movies=1))
    outcomes = await sent(answers, tmp_path, change, rated(FILM))
    assert isinstance(outcomes[1], Refused)
    assert outcomes[1].code == code
    assert outcomes[2] == Delivered()
    assert len(answers.requests) == 1


# Answers about the whole request


WHOLE: dict[str, tuple[httpx.Response | Exception, type[CompanionError]]] = {
    "400": (answer(400, {"error": "empty_field"}), BatchRefused),
    "400 items": (answer(400, {"error": "max_items"}), BatchRefused),
    "401": (answer(401, {"error": "user_token_failed"}), LinkExpired),
    "403 scope": (answer(403, {"error": "insufficient_scope"}), LinkExpired),
    "403": (answer(403, {"error": "blocked"}), RateLimited),
    "404": (answer(404, {"error": "id_err"}), BatchRefused),
    "404 empty": (answer(404), LaneBlocked),
    "412": (answer(412, {"error": "client_id_failed"}), LaneBlocked),
    "413": (answer(413), BatchRefused),
    "429": (answer(429, {"error": "rate_limit"}), RateLimited),
    "429 user": (answer(429, {"error": "user_limit_exceeded"}), QuotaExhausted),
    "500": (answer(500), ServiceTrouble),
    "503": (answer(503, "<html>"), ServiceTrouble),
    "portal": (PORTAL, ServiceTrouble),
    "cut": (CUT, ServiceTrouble),
    "empty": (answer(200, ""), ServiceTrouble),
    "other shape": (answer(201, []), ServiceTrouble),
    "no counts": (answer(201, {"not_found": {}}), ServiceTrouble),
    "silence": (httpx.ReadTimeout("late"), Unanswered),
    "no connection": (httpx.ConnectTimeout("no"), Unreachable),
}


@pytest.mark.parametrize(("reply", "error"), WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("verb", [Verb.RATE, Verb.UNRATE])
async def test_every_answer_about_the_whole_request_has_its_error(
    tmp_path: Path, verb: Verb, reply: httpx.Response | Exception, error: type[CompanionError]
) -> None:
    with pytest.raises(error) as caught:
        await sent(Answers(reply), tmp_path, rated(FILM, verb=verb), rated(film(2), verb=verb))
    assert "play" not in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (answer(400, {"error": "empty_field", "message": "no to"}), Reason.INVALID),
        (answer(404, {"error": "id_err"}), Reason.NOT_FOUND),
    ],
    ids=["invalid", "unknown"],
)
async def test_a_refused_change_that_stands_alone_is_parked(
    tmp_path: Path, reply: httpx.Response, code: Reason
) -> None:
    (outcome,) = (await sent(Answers(reply), tmp_path, rated(FILM))).values()
    assert isinstance(outcome, Refused)
    assert outcome.code == code


async def test_what_the_first_request_achieved_stays(tmp_path: Path) -> None:
    limited = answer(429, {"error": "user_limit_exceeded"}, {"Retry-After": "7200"})
    answers = Answers(done(movies=1), limited)
    outcomes = await sent(
        answers, tmp_path, rated(FILM), rated(film(2), verb=Verb.UNRATE), Change(Verb.WANT, FILM)
    )
    assert outcomes[1] == Delivered()
    assert outcomes[2] == TryLater(
        Reason.QUOTA, "Simkl takes no more requests today.", 7200, counts=False
    )
    assert isinstance(outcomes[3], TryLater)


async def test_requests_keep_simkls_pace(tmp_path: Path) -> None:
    answers, clock = Answers(done(movies=1)), QuickClock()
    service = Simkl(answers.http, clock, {}, cache=tmp_path)
    client = service.client(an_account("simkl"), MemorySlot(Secret(TOKEN, client_id="an-app")))
    before = clock.now()
    for _ in range(5):
        await client.change([a_change(rated(FILM))])
    assert clock.now() - before >= timedelta(seconds=4)
