"""Reading what an account has at Simkl: asked for once, then only for what changed."""

import asyncio
import json
import stat
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from revenge_companion.core.errors import (
    CompanionError,
    ImportRefused,
    LaneBlocked,
    LinkExpired,
    QuotaExhausted,
    RateLimited,
    ServiceTrouble,
    StoreTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.library import Entry, Facet, Precision, Subject, SubjectKind, keys
from revenge_companion.core.media import Ids, Series
from revenge_companion.net.http import Http
from revenge_companion.services.base import Secret
from revenge_companion.services.importing import ImportPage, Readable
from revenge_companion.services.simkl import library
from revenge_companion.services.simkl.client import SimklClient
from revenge_companion.services.simkl.service import Simkl
from revenge_companion.services.simkl.spec import SPEC
from tests.clock import START
from tests.unit.services.kit import (
    CUT,
    PORTAL,
    TOKEN,
    Answers,
    MemorySlot,
    QuickClock,
    an_account,
    answer,
    cassette,
    played,
)

SECRET = Secret(TOKEN, "a-refresh", START + timedelta(days=300), "an-app")
BREAKING_BAD = Series("Breaking Bad", 2008, Ids(1396, "tt0903747", 81189))
SAID: dict[str, Any] = cassette("simkl", "activities")["response"]["json"]
FULL = [cassette("simkl", f"all_items_{kind}") for kind in ("movies", "shows", "anime")]
NOTHING = answer(200, "null")
KINDS = ("movies", "shows", "anime")


def a_client(
    http: Http,
    folder: Path,
    clock: QuickClock | None = None,
    slot: MemorySlot | None = None,
    **account: Any,
) -> SimklClient:
    service = Simkl(http, clock or QuickClock(), {}, cache=folder)
    return service.client(an_account("simkl", **account), slot or MemorySlot(SECRET))


def first_time(*more: httpx.Response | Exception) -> Answers:
    """What a first walk is answered, and what comes after."""
    return Answers(answer(200, SAID), *map(played, FULL), *more)


async def walked(client: SimklClient, facet: Facet) -> list[ImportPage]:
    pages = [await client.page(facet, "")]
    while pages[-1].next_cursor:
        assert len(pages) < 100
        pages.append(await client.page(facet, pages[-1].next_cursor))
    return pages


async def read(client: SimklClient, facet: Facet) -> list[Entry]:
    return [entry for page in await walked(client, facet) for entry in page.entries]


def moved(**sections: Mapping[str, str]) -> dict[str, Any]:
    """The activities with other times in some sections."""
    said: dict[str, Any] = json.loads(json.dumps(SAID))
    for section, times in sections.items():
        said[section] |= times
    return said


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


# What titles become


async def test_a_first_walk_asks_for_activities_and_then_each_part_once(tmp_path: Path) -> None:
    answers = first_time()
    client = a_client(answers.http, tmp_path)
    assert isinstance(client, Readable)
    for facet in SPEC.imports:
        await walked(client, facet)
    assert answers.paths == [
        "GET /sync/activities",
        *(f"GET /sync/all-items/{kind}" for kind in KINDS),
    ]
    common = {"client_id": "an-app", "app-name": "revenge-companion", "app-version": "0.1.0"}
    for request, tape in zip(answers.requests[1:], FULL, strict=True):
        assert dict(request.url.params) == common | tape["request"]["params"]


async def test_watched_films_and_episodes(tmp_path: Path) -> None:
    pages = await walked(a_client(first_time().http, tmp_path), Facet.HISTORY)
    found = {entry.line: entry for page in pages for entry in page.entries}
    assert list(found) == [
        "53536",
        "777",
        "11121/0/2",
        "11121/1/1",
        "11121/1/3",
        "831411/1/1",
        "831411/1/2",
        "546013",
    ]
    assert {page.total for page in pages} == {8}
    film = found["53536"]
    assert film.subject == Subject(
        SubjectKind.MOVIE, "Inception", 2010, Ids(27205, "tt1375666"), refs=(("simkl", "53536"),)
    )
    assert (film.at, film.precision) == (utc("2026-02-27T21:00:00Z"), Precision.SECOND)
    for line in ("777", "11121/1/1"):
        assert (found[line].at, found[line].precision) == (None, Precision.UNKNOWN)
    special = found["11121/0/2"].subject
    assert (special.series, special.season_number, special.episode_number) == (BREAKING_BAD, 0, 2)
    assert "episode/show/tvdb:81189/0/2" in keys(special)


async def test_anime_is_placed_by_tvdb_or_known_by_its_own_ids_alone(tmp_path: Path) -> None:
    entries = await read(a_client(first_time().http, tmp_path), Facet.HISTORY)
    mapped, unmapped, film = entries[-3:]
    assert keys(mapped.subject) == (
        "episode/anilist:104578/1",
        "episode/mal:38524/1",
        "episode/simkl:831411/1/1",
        "episode/show/tvdb:267440/3/13",
    )
    # Its second episode is not the second of the series.
    assert keys(unmapped.subject) == (
        "episode/anilist:104578/2",
        "episode/mal:38524/2",
        "episode/simkl:831411/1/2",
    )
    assert (unmapped.subject.season_number, unmapped.subject.episode_number) == (None, 2)
    assert film.subject == Subject(
        SubjectKind.MOVIE,
        "Your Name.",
        2016,
        Ids(372058, "tt5311514"),
        refs=(("mal", "32281"), ("simkl", "546013")),
    )
    assert film.at == utc("2026-02-10T08:00:00Z")


async def test_ratings_and_the_plan_to_watch(tmp_path: Path) -> None:
    client = a_client(first_time().http, tmp_path)
    ratings = await read(client, Facet.RATINGS)
    assert [(e.line, e.subject.kind, e.rating) for e in ratings] == [
        ("53536", SubjectKind.MOVIE, 90),
        ("779", SubjectKind.MOVIE, 30),
        ("11121", SubjectKind.SHOW, 100),
        ("831411", SubjectKind.SEASON, 80),
    ]
    assert ratings[0].at == utc("2026-02-27T21:05:00Z")
    season = ratings[3].subject
    assert season.series is not None
    assert (season.series.ids, season.season_number) == (Ids(tvdb=267440), 3)
    wanted = await read(client, Facet.WATCHLIST)
    assert [(e.line, e.subject.label, e.subject.ids.tvdb) for e in wanted] == [
        ("778", "Dune: Part Two (2024)", None),
        ("11122", "Severance (2022)", 371980),
        ("1579947", "Frieren (2023)", 424536),
        # An OVA has the ids of its series, and is not the series.
        ("1579948", "An OVA (2011)", None),
    ]
    assert wanted[1].at == utc("2026-02-01T00:00:00Z")


def a_show(number: int = 1, **values: Any) -> dict[str, Any]:
    return {
        "status": "watching",
        "show": {"title": f"Show {number}", "year": 2001, "ids": {"simkl": number, "tvdb": "5"}},
    } | values


def season(*episodes: dict[str, Any], number: int = 1) -> dict[str, Any]:
    return {"number": number, "episodes": list(episodes)}


@pytest.mark.parametrize(
    ("show", "lines", "unreadable"),
    [
        pytest.param(a_show(), [], 0, id="nothing watched"),
        pytest.param(
            a_show(watched_episodes_count=12, status="completed"), [], 1, id="none is listed"
        ),
        pytest.param(
            a_show(watched_episodes_count=2, seasons=[season({"number": 1}, {"number": 2})]),
            ["1/1/1", "1/1/2"],
            0,
            id="as many as watched",
        ),
        pytest.param(
            a_show(
                watched_episodes_count=1,
                seasons=[
                    season({"number": 1, "watched_at": "2026-01-01T00:00:00Z"}, {"number": 2})
                ],
            ),
            ["1/1/1"],
            0,
            id="unwatched ones are listed, too",
        ),
        pytest.param(
            a_show(seasons=[season({"number": 1, "watched_at": None}, {"number": 2})]),
            [],
            0,
            id="nothing says that they were watched",
        ),
        pytest.param(
            a_show(
                watched_episodes_count=9,
                seasons=[
                    season({"number": "x", "watched_at": "2026-01-01T00:00:00Z"}),
                    season({"number": 1, "watched_at": "2026-01-01T00:00:00Z"}, number=-1),
                    season({"number": 2, "watched_at": "not a date"}),
                    season({"number": 2, "watched_at": "2026-01-01T00:00:00Z"}),
                ],
            ),
            ["1/1/2"],
            0,
            id="nonsense",
        ),
    ],
)
async def test_which_episodes_were_watched(
    tmp_path: Path, show: dict[str, Any], lines: list[str], unreadable: int
) -> None:
    answers = Answers(answer(200, SAID), NOTHING, answer(200, {"shows": [show]}), NOTHING)
    pages = await walked(a_client(answers.http, tmp_path), Facet.HISTORY)
    assert [entry.line for page in pages for entry in page.entries] == lines
    said = [one for page in pages for one in page.unreadable]
    assert len(said) == unreadable
    assert {page.total for page in pages} == {len(lines) + unreadable}


@pytest.mark.parametrize(
    "junk", [None, 7, "x", [], {}, {"show": None}, {"show": {"ids": {"simkl": "x"}}}], ids=str
)
async def test_a_title_without_an_id_is_left_out(tmp_path: Path, junk: object) -> None:
    shows = [junk, a_show(2, user_rating=5), a_show(2, user_rating=6), a_show(3, user_rating=11)]
    answers = Answers(answer(200, SAID), NOTHING, answer(200, {"shows": shows}), NOTHING)
    ratings = await read(a_client(answers.http, tmp_path), Facet.RATINGS)
    assert [(e.line, e.rating) for e in ratings] == [("2", 50)]


# Marks


async def test_marks_are_the_times_of_each_facet(tmp_path: Path) -> None:
    async def marks(said: dict[str, Any]) -> Mapping[Facet, str]:
        return await a_client(Answers(answer(200, said)).http, tmp_path).marks()

    before = await marks(SAID)
    assert set(before) == set(SPEC.imports)
    later = "2026-03-01T00:00:00Z"
    for section, name, facets in [
        ("movies", "completed", {Facet.HISTORY, Facet.WATCHLIST}),
        ("anime", "hold", {Facet.HISTORY, Facet.WATCHLIST}),
        ("tv_shows", "rated_at", {Facet.RATINGS}),
        ("tv_shows", "removed_from_list", set(SPEC.imports)),
        ("tv_shows", "playback", set()),
    ]:
        after = await marks(moved(**{section: {name: later}}))
        assert {facet for facet in before if before[facet] != after[facet]} == facets


@pytest.mark.parametrize(
    "reply", [PORTAL, CUT, NOTHING, answer(200, ""), answer(200, []), answer(200, {"all": "x"})]
)
async def test_activities_that_cannot_be_read_are_trouble_and_nothing_more_is_asked(
    tmp_path: Path, reply: httpx.Response
) -> None:
    for facet in (None, Facet.HISTORY):
        answers = Answers(reply)
        client = a_client(answers.http, tmp_path)
        with pytest.raises(ServiceTrouble):
            await (client.marks() if facet is None else client.page(facet, ""))
        assert answers.paths == ["GET /sync/activities"]


STATUSES: dict[str, tuple[httpx.Response | Exception, type[CompanionError]]] = {
    "400": (answer(400, {"error": "wrong_parameter"}), ServiceTrouble),
    "401": (answer(401, {"error": "user_token_failed"}), LinkExpired),
    "401 client": (answer(401, {"error": "invalid_client"}), LaneBlocked),
    "403 scope": (answer(403, {"error": "insufficient_scope"}), LinkExpired),
    "403": (answer(403, {"error": "blocked"}), RateLimited),
    "404": (answer(404, {"error": "id_err"}), ServiceTrouble),
    "404 empty": (answer(404), LaneBlocked),
    "404 page": (answer(404, "<html>"), ServiceTrouble),
    "412": (answer(412, {"error": "client_id_failed"}), LaneBlocked),
    "429": (answer(429, {"error": "rate_limit"}, {"Retry-After": "3"}), RateLimited),
    "429 user": (answer(429, {"error": "user_limit_exceeded"}), QuotaExhausted),
    "429 app": (answer(429, {"error": "app_limit_exceeded"}), QuotaExhausted),
    "302": (answer(302, "", {"Location": "https://portal.example"}), ServiceTrouble),
    "500": (answer(500), ServiceTrouble),
    "502": (answer(502, "<html>"), ServiceTrouble),
    "503": (answer(503), ServiceTrouble),
    "portal": (PORTAL, ServiceTrouble),
    "cut": (CUT, ServiceTrouble),
    "cut in a list": (answer(200, '{"movies": [{"movie": {}}, {"mov'), ServiceTrouble),
    "empty body": (answer(200, ""), ServiceTrouble),
    "another list": (answer(200, {"shows": []}), ServiceTrouble),
    "an error in a yes": (answer(200, {"error": "x", "code": 1}), ServiceTrouble),
    "not text": (httpx.Response(200, content=b'{"movies": ["\xff"]}'), ServiceTrouble),
    "silence": (httpx.ReadTimeout("late"), Unanswered),
    "no connection": (httpx.ConnectTimeout("no"), Unreachable),
}


@pytest.mark.parametrize(("reply", "error"), STATUSES.values(), ids=STATUSES)
async def test_a_library_that_did_not_come_whole_is_trouble_and_never_empty(
    tmp_path: Path, reply: httpx.Response | Exception, error: type[CompanionError]
) -> None:
    slot = MemorySlot(Secret(TOKEN, client_id="an-app"))
    answers = Answers(answer(200, SAID), reply)
    with pytest.raises(error) as caught:
        await a_client(answers.http, tmp_path, slot=slot).page(Facet.HISTORY, "")
    assert "play" not in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert not list(tmp_path.rglob("*.lines*"))


async def test_a_quota_that_ends_in_mid_walk_keeps_the_parts_that_came(tmp_path: Path) -> None:
    gone = answer(429, {"error": "user_limit_exceeded"}, {"Retry-After": "36000"})
    answers = Answers(answer(200, SAID), played(FULL[0]), played(FULL[1]), gone)
    with pytest.raises(QuotaExhausted) as caught:
        await a_client(answers.http, tmp_path).page(Facet.HISTORY, "")
    assert caught.value.retry_after_s == 36000
    # The next day, after a restart, only what is missing is asked for.
    tomorrow = Answers(answer(200, SAID), played(FULL[2]))
    assert len(await read(a_client(tomorrow.http, tmp_path), Facet.HISTORY)) == 8
    assert tomorrow.paths == ["GET /sync/activities", "GET /sync/all-items/anime"]


async def test_our_own_count_of_the_day_stops_a_walk_before_simkl_does(tmp_path: Path) -> None:
    answers = Answers(answer(200, SAID))
    client = a_client(answers.http, tmp_path)
    for _ in range(375):
        await client.marks()
    with pytest.raises(QuotaExhausted):
        await client.page(Facet.HISTORY, "")
    assert len(answers.requests) == 375


async def test_a_login_that_ends_in_mid_walk_is_renewed_once(tmp_path: Path) -> None:
    fresh = {"access_token": "newer", "refresh_token": "next", "expires_in": 604_800}
    rest = (played(FULL[1]), played(FULL[2]))
    answers = Answers(answer(200, SAID), answer(401), answer(200, fresh), played(FULL[0]), *rest)
    slot = MemorySlot(SECRET)
    assert len(await read(a_client(answers.http, tmp_path, slot=slot), Facet.HISTORY)) == 8
    assert [secret.access for secret in slot.put_log] == ["newer"]


# What changed


async def known(folder: Path) -> None:
    """Have the account's library on disk."""
    await walked(a_client(first_time().http, folder), Facet.HISTORY)


async def test_nothing_is_asked_for_again_while_nothing_changed(tmp_path: Path) -> None:
    await known(tmp_path)
    answers = Answers(answer(200, SAID))
    client = a_client(answers.http, tmp_path)
    assert len(await read(client, Facet.HISTORY)) == 8
    assert len(await read(client, Facet.RATINGS)) == 4
    assert answers.paths == ["GET /sync/activities"]


async def test_activities_are_asked_for_again_after_some_minutes(tmp_path: Path) -> None:
    await known(tmp_path)
    answers, clock = Answers(answer(200, SAID)), QuickClock()
    client = a_client(answers.http, tmp_path, clock)
    await client.marks()
    await client.page(Facet.HISTORY, "")
    assert len(answers.requests) == 1
    clock.advance(library.GOOD_FOR_S)
    await client.page(Facet.RATINGS, "")
    assert answers.paths == ["GET /sync/activities"] * 2


async def test_only_what_changed_is_asked_for_and_takes_the_place_of_the_old(
    tmp_path: Path,
) -> None:
    await known(tmp_path)
    said = moved(tv_shows={"all": "2026-03-01T10:00:00Z", "watching": "2026-03-01T10:00:00Z"})
    show = a_show(
        11121,
        watched_episodes_count=1,
        seasons=[season({"number": 4, "watched_at": "2026-03-01T10:00:00Z"})],
    )
    new = a_show(99, status="plantowatch", added_to_watchlist_at="2026-03-01T10:00:00Z")
    answers = Answers(answer(200, said), answer(200, {"shows": [show, new]}))
    client = a_client(answers.http, tmp_path)
    lines = [entry.line for entry in await read(client, Facet.HISTORY)]
    assert "11121/1/4" in lines
    assert "11121/1/3" not in lines
    assert [e.line for e in await read(client, Facet.WATCHLIST)][-3:] == [
        "99",
        "1579947",
        "1579948",
    ]
    assert answers.paths == ["GET /sync/activities", "GET /sync/all-items/shows"]
    # Simkl sends what is later than that second; the second itself may have had more.
    assert answers.requests[1].url.params["date_from"] == "2026-02-28T20:10:00Z".replace(
        "10:00Z", "09:59Z"
    )


async def test_titles_that_left_the_lists_are_looked_for_by_their_ids(tmp_path: Path) -> None:
    await known(tmp_path)
    later = "2026-03-01T10:00:00Z"
    said = moved(movies={"all": later, "removed_from_list": later})
    left = {"movies": [{"movie": {"ids": {"simkl": n}}} for n in (53536, 778)]}
    answers = Answers(answer(200, said), NOTHING, answer(200, left))
    client = a_client(answers.http, tmp_path)
    lines = [entry.line for entry in await read(client, Facet.HISTORY)]
    assert ("53536" in lines, "777" in lines) == (True, False)
    assert [e.line for e in await read(client, Facet.RATINGS)] == ["53536", "11121", "831411"]
    assert answers.requests[2].url.params["extended"] == "simkl_ids_only"


async def test_ratings_that_changed_are_put_into_the_copy(tmp_path: Path) -> None:
    await known(tmp_path)
    later = "2026-03-01T10:00:00Z"
    said = moved(movies={"all": later, "rated_at": later})
    rated = {
        "user_rating": 2,
        "user_rated_at": later,
        "status": "completed",
        "movie": {"title": "The Third Man", "ids": {"simkl": 777}},
    }
    unlisted = rated | {"movie": {"title": "New", "ids": {"simkl": 1000}}}
    answers = Answers(answer(200, said), NOTHING, answer(200, {"movies": [rated, unlisted]}))
    client = a_client(answers.http, tmp_path)
    ratings = await read(client, Facet.RATINGS)
    assert [(e.line, e.rating) for e in ratings[:4]] == [
        ("53536", 90),
        ("777", 20),
        ("779", 30),
        ("1000", 20),
    ]
    assert answers.paths[1:] == ["GET /sync/all-items/movies", "GET /sync/ratings/movies"]
    assert "date_from" in answers.requests[2].url.params


async def test_a_rating_that_was_taken_back_is_gone_from_the_copy(tmp_path: Path) -> None:
    await known(tmp_path)
    later = "2026-03-01T10:00:00Z"
    said = moved(movies={"all": later, "rated_at": later})
    every = {"movies": [{"user_rating": 9, "movie": {"ids": {"simkl": 53536}}}]}
    answers = Answers(answer(200, said), NOTHING, answer(200, {"movies": []}), answer(200, every))
    ratings = await read(a_client(answers.http, tmp_path), Facet.RATINGS)
    assert [(e.line, e.rating) for e in ratings][:2] == [("53536", 90), ("11121", 100)]
    assert "date_from" not in answers.requests[3].url.params


@pytest.mark.parametrize("broken", [1, 2, 3])
@pytest.mark.parametrize("reply", [CUT, PORTAL, answer(200, {"code": 1}), answer(502)])
async def test_a_half_failed_refresh_leaves_the_copy_as_it_was(
    tmp_path: Path, broken: int, reply: httpx.Response
) -> None:
    await known(tmp_path)
    later = "2026-03-01T10:00:00Z"
    said = moved(movies={"all": later, "rated_at": later, "removed_from_list": later})
    replies: list[httpx.Response | Exception] = [answer(200, said)] + [NOTHING] * 3
    replies[broken] = reply
    with pytest.raises(ServiceTrouble):
        await a_client(Answers(*replies).http, tmp_path).page(Facet.HISTORY, "")
    assert len(await read(a_client(Answers(answer(200, SAID)).http, tmp_path), Facet.HISTORY)) == 8


# Pages of the copy


def a_library(episodes: int, films: int = 0) -> Answers:
    shows = []
    for number in range(1, episodes // 700 + 2):
        held = range((number - 1) * 700 + 1, min(number * 700, episodes) + 1)
        watched = [{"number": n, "watched_at": "2026-01-01T00:00:00Z"} for n in held]
        shows.append(a_show(number, seasons=[season(*watched)], watched_episodes_count=len(held)))
    movies = [
        {"status": "completed", "movie": {"title": f"Film {n}", "ids": {"simkl": 10_000 + n}}}
        for n in range(films)
    ]
    return Answers(
        answer(200, SAID), answer(200, {"movies": movies}), answer(200, {"shows": shows}), NOTHING
    )


async def test_a_walk_over_the_copy_has_each_line_once_and_goes_on_after_a_restart(
    tmp_path: Path,
) -> None:
    answers = a_library(1600, 37)
    page = await a_client(answers.http, tmp_path).page(Facet.HISTORY, "")
    pages = [page]
    offline = Answers(httpx.ConnectError("no network"))
    while page.next_cursor:
        # A page after a restart needs no request.
        page = await a_client(offline.http, tmp_path).page(Facet.HISTORY, page.next_cursor)
        pages.append(page)
    lines = [entry.line for page in pages for entry in page.entries]
    assert len(lines) == len(set(lines)) == 1637
    assert max(len(page.entries) for page in pages) == library.PAGE
    assert {page.total for page in pages} == {1637}
    assert offline.requests == []


async def test_a_copy_that_changed_under_a_walk_begins_it_anew(tmp_path: Path) -> None:
    page = await a_client(a_library(1600).http, tmp_path).page(Facet.HISTORY, "")
    page = await a_client(Answers(PORTAL).http, tmp_path).page(Facet.HISTORY, page.next_cursor)
    said = moved(tv_shows={"all": "2026-03-01T10:00:00Z", "watching": "2026-03-01T10:00:00Z"})
    show = a_show(1, seasons=[season({"number": 5000, "watched_at": "2026-03-01T10:00:00Z"})])
    changed = Answers(answer(200, said), answer(200, {"shows": [show]}))
    client = a_client(changed.http, tmp_path)
    # Another facet of the same run brought the copy up to date.
    await client.page(Facet.RATINGS, "")
    lines = []
    while page.next_cursor:
        page = await client.page(Facet.HISTORY, page.next_cursor)
        lines += [entry.line for entry in page.entries]
    assert lines[0] == "1/1/5000"
    assert len(lines) == len(set(lines)) == 901


async def test_a_copy_that_is_gone_is_asked_for_again(tmp_path: Path) -> None:
    page = await a_client(a_library(1600).http, tmp_path).page(Facet.HISTORY, "")
    for path in tmp_path.rglob("*.lines"):
        path.unlink()
    client = a_client(a_library(1600).http, tmp_path)
    lines = set()
    while page.next_cursor:
        page = await client.page(Facet.HISTORY, page.next_cursor)
        lines |= {entry.line for entry in page.entries}
    assert len(lines) == 1600


@pytest.mark.parametrize("damage", [b"", b"{", b'{"v": 2}', b"\xff" * 4000, b"[]"])
async def test_a_damaged_copy_is_asked_for_again(tmp_path: Path, damage: bytes) -> None:
    await known(tmp_path)
    for path in tmp_path.rglob("*-shows.lines"):
        path.write_bytes(damage)
    answers = Answers(answer(200, SAID), played(FULL[1]))
    assert len(await read(a_client(answers.http, tmp_path), Facet.HISTORY)) == 8


async def test_the_copy_is_for_this_user_only_and_names_nobody(tmp_path: Path) -> None:
    await walked(a_client(first_time().http, tmp_path, remote_id="anna"), Facet.HISTORY)
    files = list(tmp_path.rglob("*.lines"))
    assert len(files) == 3
    for path in files:
        assert "anna" not in path.name
        if sys.platform != "win32":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert TOKEN.encode() not in path.read_bytes()
    # Another account of the same service has a copy of its own.
    other = first_time()
    await walked(a_client(other.http, tmp_path, remote_id="bert"), Facet.HISTORY)
    assert len(other.requests) == 4


async def test_unlinking_removes_the_copy(tmp_path: Path) -> None:
    await known(tmp_path)
    await a_client(Answers(answer(200)).http, tmp_path).revoke()
    assert not list(tmp_path.rglob("*.lines"))


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "simkl").write_text("a file where the folder should be")
    with pytest.raises(StoreTrouble, match="cannot be kept"):
        await a_client(first_time().http, tmp_path).page(Facet.HISTORY, "")


async def test_two_facets_read_at_once_ask_once(tmp_path: Path) -> None:
    answers = first_time()
    client = a_client(answers.http, tmp_path)
    await asyncio.gather(*(walked(client, facet) for facet in SPEC.imports))
    assert len(answers.requests) == 4


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "[]",
        "{}",
        '{"v":2,"digests":[]}',
        '{"v":1,"digests":[],"part":3}',
        '{"v":1,"digests":[],"offset":-5}',
        '{"v":1,"digests":7}',
        '{"v":1,"digests":[],"what":1}',
    ],
)
async def test_a_cursor_that_is_none_is_refused_without_asking(tmp_path: Path, cursor: str) -> None:
    answers = Answers(PORTAL)
    with pytest.raises(ImportRefused):
        await a_client(answers.http, tmp_path).page(Facet.HISTORY, cursor)
    assert answers.requests == []


async def test_a_facet_simkl_does_not_have_is_refused_without_asking(tmp_path: Path) -> None:
    answers = Answers(PORTAL)
    with pytest.raises(ImportRefused):
        await a_client(answers.http, tmp_path).page(Facet.COLLECTION, "")
    assert answers.requests == []
