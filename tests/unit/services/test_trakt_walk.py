"""Reading what an account has at Trakt: every kind of line, whole pages only, nothing left out."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenge_companion.core.errors import (
    CompanionError,
    ImportRefused,
    LaneBlocked,
    LinkExpired,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.library import Entry, Facet, Precision, Subject, SubjectKind, keys
from revenge_companion.core.media import Ids, Series
from revenge_companion.net.http import Http
from revenge_companion.services.base import Secret
from revenge_companion.services.importing import ImportPage, Readable
from revenge_companion.services.trakt.client import TraktClient
from revenge_companion.services.trakt.service import Trakt
from revenge_companion.services.trakt.spec import SPEC
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

SECRET = Secret(TOKEN, "a-refresh", START + timedelta(days=6), "an-app")
BREAKING_BAD = Series("Breaking Bad", 2008, Ids(1396, "tt0903747", 81189))


def a_client(
    http: Http, clock: QuickClock | None = None, slot: MemorySlot | None = None
) -> TraktClient:
    service = Trakt(http, clock or QuickClock(), {})
    return service.client(an_account("trakt"), slot or MemorySlot(SECRET))


async def one_page(reply: httpx.Response | Exception, facet: Facet = Facet.HISTORY) -> ImportPage:
    return await a_client(Answers(reply).http).page(facet, "")


def headers(page: object = 1, count: object = 1, limit: object = 250) -> dict[str, str]:
    return {
        "X-Pagination-Page": str(page),
        "X-Pagination-Limit": str(limit),
        "X-Pagination-Page-Count": "1",
        "X-Pagination-Item-Count": str(count),
    }


def a_line(number: int = 1, at: str = "2026-02-01T10:00:00.000Z", **values: Any) -> dict[str, Any]:
    movie = {"title": f"Film {number}", "year": 2000, "ids": {"trakt": number, "tmdb": number}}
    return {"id": number, "watched_at": at, "type": "movie", "movie": movie} | values


# What lines become


async def test_plays_become_entries_with_every_id_and_their_minute() -> None:
    tape = cassette("trakt", "history_page")
    answers = Answers(played(tape))
    client = a_client(answers.http)
    assert isinstance(client, Readable)
    page = await client.page(Facet.HISTORY, "")
    special = Subject(
        SubjectKind.EPISODE,
        "Inside the Episode",
        ids=Ids(62085, None, 349232),
        series=BREAKING_BAD,
        season_number=0,
        episode_number=3,
        refs=(("trakt", "73482"),),
    )
    film = Subject(
        SubjectKind.MOVIE,
        "Inception",
        2010,
        Ids(27205, "tt1375666"),
        refs=(("trakt", "16662"),),
    )
    at, minute = datetime(2026, 2, 28, 20, 10, tzinfo=UTC), Precision.MINUTE
    assert page.entries == (
        Entry(Facet.HISTORY, special, "9223372036854775000", at, minute),
        Entry(Facet.HISTORY, film, "1982346", datetime(2026, 2, 27, 21, 0, tzinfo=UTC), minute),
        Entry(Facet.HISTORY, film, "1982345", None, Precision.UNKNOWN),
    )
    assert (page.next_cursor, page.total, page.unreadable) == ("", 3, ())
    request = answers.requests[0]
    assert str(request.url.copy_with(query=None)) == tape["request"]["url"]
    assert dict(request.url.params) == tape["request"]["params"]
    assert request.headers["trakt-api-key"] == "an-app"
    assert "episode/show/tvdb:81189/0/3" in keys(special)


async def test_ratings_of_films_shows_seasons_and_episodes() -> None:
    page = await one_page(played(cassette("trakt", "ratings_page")), Facet.RATINGS)
    assert [(e.subject.kind, e.subject.label, e.rating, e.line) for e in page.entries] == [
        (SubjectKind.MOVIE, "Inception (2010)", 90, "movie/16662"),
        (SubjectKind.SHOW, "Breaking Bad (2008)", 100, "show/1388"),
        (SubjectKind.SEASON, "Breaking Bad S00", 80, "season/3949"),
        (SubjectKind.EPISODE, "Breaking Bad S01E01", 10, "episode/73482"),
    ]
    first = page.entries[0]
    assert (first.at, first.precision) == (
        datetime(2026, 2, 27, 21, 5, 31, tzinfo=UTC),
        Precision.SECOND,
    )
    assert page.entries[2].subject.series == BREAKING_BAD
    assert page.entries[2].subject.ids == Ids(3577, None, 439371)


async def test_the_watchlist_with_its_notes() -> None:
    page = await one_page(played(cassette("trakt", "watchlist_page")), Facet.WATCHLIST)
    (entry,) = page.entries
    assert entry.line == "show/1388"
    assert entry.note == "Need to catch up before TRON 2 is out.\nWith Ann."
    assert entry.at == datetime(2026, 2, 1, tzinfo=UTC)


async def test_the_collection_is_films_and_then_episodes() -> None:
    film = {"collected_at": "2025-01-01T00:00:00.000Z", "movie": a_line(7)["movie"]}
    show = {"title": "S", "ids": {"trakt": 5, "tvdb": 50}}
    episode = {"season": 1, "number": 2, "ids": {"trakt": 9}}
    answers = Answers(
        answer(200, [film], headers()),
        answer(
            200,
            [{"collected_at": "2025-01-02T00:00:00Z", "episode": episode, "show": show}],
            headers(),
        ),
    )
    client = a_client(answers.http)
    films = await client.page(Facet.COLLECTION, "")
    episodes = await client.page(Facet.COLLECTION, films.next_cursor)
    assert answers.paths == ["GET /sync/collection/movies", "GET /sync/collection/episodes"]
    assert [e.line for e in (*films.entries, *episodes.entries)] == ["movie/7", "episode/9"]
    assert (films.total, episodes.total, episodes.next_cursor) == (None, 2, "")


async def test_every_list_of_the_user_is_read_one_after_the_other() -> None:
    lists = [
        {"name": "Best of\u0000 2025", "item_count": 2, "ids": {"trakt": 11, "slug": "b"}},
        {"name": "Gone meanwhile", "item_count": 1, "ids": {"trakt": 12, "slug": "g"}},
        {"name": "", "item_count": 1, "ids": {"trakt": 13, "slug": "e"}},
        {"name": "No id", "item_count": 1, "ids": {}},
    ]
    listed = {"listed_at": "2025-12-24T18:00:00.000Z", "watched_at": None}
    person = {"type": "person", "person": {"name": "A"}, "listed_at": None}
    answers = Answers(
        answer(200, lists, headers(count=4)),
        answer(200, [a_line(1) | listed, person], headers(count=2)),
        answer(404),
        answer(200, [a_line(1) | listed], headers(count=1)),
    )
    client = a_client(answers.http)
    pages = [await client.page(Facet.LISTS, "")]
    while pages[-1].next_cursor:
        pages.append(await client.page(Facet.LISTS, pages[-1].next_cursor))
    assert answers.paths[1:] == [f"GET /users/me/lists/{n}/items" for n in (11, 12, 13)]
    found = [entry for page in pages for entry in page.entries]
    assert [(e.line, e.list_name) for e in found] == [
        ("11/movie/1", "Best of 2025"),
        ("13/movie/1", ""),
    ]
    assert [page.unreadable for page in pages] == [(), ("a line about person",), (), ()]
    assert {page.total for page in pages} == {4}


async def test_an_account_without_lists_has_an_empty_walk() -> None:
    page = await one_page(answer(200, [], headers(count=0)), Facet.LISTS)
    assert page == ImportPage((), "", 0)


@pytest.mark.parametrize(
    "row",
    [
        "text",
        None,
        {},
        a_line(type="person"),
        a_line(type=7),
        a_line(movie=None),
        a_line(movie=[]),
        a_line(movie={"title": "", "ids": {}}),
        a_line(movie={"title": None, "ids": {"trakt": "many"}}),
        a_line(movie={"ids": {"trakt": -4}}),
        a_line(at="yesterday"),
        a_line(at="2026-02-01T10:00:00"),
        a_line(at="0001-01-01T00:00:00+14:00"),
        a_line(watched_at=12),
        a_line(id=None),
        a_line(id="x"),
    ],
    ids=str,
)
async def test_a_line_that_makes_no_sense_is_counted_and_stops_nothing(row: object) -> None:
    page = await one_page(answer(200, [row, a_line(2)], headers(count=2)))
    assert [entry.line for entry in page.entries] == ["2"]
    assert len(page.unreadable) == 1
    assert len(page.unreadable[0]) < 400


async def test_a_line_without_trakts_own_id_is_known_by_the_others() -> None:
    film = {"title": "Inception", "year": 2010, "ids": {"trakt": None, "tmdb": 27205}}
    (play,) = (await one_page(answer(200, [a_line(movie=film)], headers()))).entries
    assert (play.line, play.subject.ids, play.subject.refs) == ("1", Ids(27205), ())
    rated = a_line(movie=film) | {"rating": 8, "rated_at": "2026-02-01T10:00:00.000Z"}
    (rating,) = (await one_page(answer(200, [rated], headers()), Facet.RATINGS)).entries
    assert (rating.line, rating.rating) == ("movie/tmdb:27205", 80)
    # A title alone names a play that the user can match, and no line of a list.
    named = a_line(movie={"title": "Inception", "ids": {}})
    page = await one_page(answer(200, [named], headers()))
    assert [entry.subject.title for entry in page.entries] == ["Inception"]
    page = await one_page(answer(200, [named | {"rating": 8}], headers()), Facet.RATINGS)
    assert (page.entries, page.unreadable) == ((), ("Inception: without any id",))


@pytest.mark.parametrize("rating", [None, 0, 11, -3, "ten", True])
async def test_a_rating_that_is_none_is_not_made_up(rating: object) -> None:
    line = a_line() | {"rating": rating, "rated_at": "2026-02-01T10:00:00.000Z"}
    page = await one_page(answer(200, [line], headers()), Facet.RATINGS)
    assert (page.entries, len(page.unreadable)) == ((), 1)


@pytest.mark.parametrize(
    ("ids", "kept"),
    [
        ({"tmdb": "27205", "tvdb": "81189"}, Ids(27205, None, 81189)),
        ({"tmdb": 0, "tvdb": "a-slug", "imdb": "nm0000001"}, Ids()),
        ({"tmdb": True, "imdb": 17, "tvdb": -1}, Ids()),
        ({"imdb": "tt1375666 OR 1"}, Ids()),
    ],
    ids=str,
)
async def test_ids_that_are_none_are_left_out(ids: dict[str, Any], kept: Ids) -> None:
    line = a_line(movie={"title": "x", "year": 99999, "ids": {"trakt": 1} | ids})
    (entry,) = (await one_page(answer(200, [line], headers()))).entries
    assert (entry.subject.ids, entry.subject.year) == (kept, None)


# Whole pages only


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(answer(200, [a_line()], headers(count=2)), id="a short page"),
        pytest.param(answer(200, [], headers(count=2)), id="an empty page"),
        pytest.param(answer(200, [a_line()] * 3, headers(count=2)), id="a long page"),
        pytest.param(answer(200, [a_line()], headers(page=2)), id="another page"),
        pytest.param(answer(200, [a_line()], headers(count="many")), id="no count"),
        pytest.param(answer(200, [a_line()], headers(count=-1)), id="a negative count"),
        pytest.param(answer(200, [a_line()], headers(limit=0)), id="a page of nothing"),
        pytest.param(answer(200, [a_line()]), id="no headers"),
        pytest.param(answer(200, {"a": 1}, headers()), id="another shape"),
        pytest.param(answer(204, None, headers(count=0)), id="no content"),
        pytest.param(answer(200, "", headers(count=0)), id="an empty body"),
        pytest.param(PORTAL, id="portal"),
        pytest.param(CUT, id="cut"),
        pytest.param(answer(200, '[{"id": 1}, {"id"', headers(count=2)), id="cut in a list"),
        pytest.param(answer(302, "", {"Location": "https://portal.example"}), id="redirect"),
    ],
)
@pytest.mark.parametrize("facet", list(SPEC.imports))
async def test_what_is_not_a_whole_page_is_trouble_and_never_an_end(
    reply: httpx.Response, facet: Facet
) -> None:
    with pytest.raises(ServiceTrouble):
        await one_page(reply, facet)


STATUSES: list[tuple[httpx.Response | Exception, type[CompanionError], dict[str, Any]]] = [
    (answer(400), ServiceTrouble, {}),
    (answer(401), LinkExpired, {}),
    (answer(403), LaneBlocked, {"code": "app_key_refused"}),
    (answer(403, "error code: 1010"), LaneBlocked, {"code": "app_key_refused"}),
    (answer(404), LaneBlocked, {"code": "wrong_address"}),
    (answer(405), LaneBlocked, {"code": "wrong_address"}),
    (answer(409, {}), ServiceTrouble, {}),
    (answer(412), ServiceTrouble, {}),
    (answer(420), LaneBlocked, {"code": "account_limit"}),
    (answer(422), ServiceTrouble, {}),
    (answer(423), LaneBlocked, {"code": "account_locked"}),
    (answer(426, "", {"X-Upgrade-URL": "https://x"}), LaneBlocked, {"code": "vip_needed"}),
    (answer(429, "", {"Retry-After": "10"}), RateLimited, {"retry_after_s": 10.0}),
    (answer(429, "<html>"), RateLimited, {"retry_after_s": None}),
    *[(answer(s, "<html>"), ServiceTrouble, {}) for s in (500, 502, 503, 504, 520, 521, 522)],
    (httpx.ReadTimeout("late"), Unanswered, {}),
    (httpx.ConnectTimeout("no"), Unreachable, {}),
]


@pytest.mark.parametrize(
    ("reply", "error", "facts"),
    STATUSES,
    ids=[f"{n} {getattr(row[0], 'status_code', 'none')}" for n, row in enumerate(STATUSES)],
)
async def test_every_status_of_a_read_has_its_error(
    reply: httpx.Response | Exception, error: type[CompanionError], facts: dict[str, Any]
) -> None:
    slot = MemorySlot(Secret(TOKEN, client_id="an-app"))
    for ask in ("page", "marks"):
        client = a_client(Answers(reply).http, slot=slot)
        with pytest.raises(error) as caught:
            await (client.page(Facet.RATINGS, "") if ask == "page" else client.marks())
        assert "play" not in str(caught.value)
        for name, value in facts.items():
            assert getattr(caught.value, name) == value


# Marks


async def test_marks_are_the_times_of_each_facet() -> None:
    tape = cassette("trakt", "last_activities")
    marks = await a_client(Answers(played(tape)).http).marks()
    assert set(marks) == set(SPEC.imports)
    assert marks[Facet.HISTORY] == "2026-02-27T21:00:00.000Z|2026-02-28T20:10:00.000Z"
    for section, name, facet in [
        ("episodes", "watched_at", Facet.HISTORY),
        ("seasons", "rated_at", Facet.RATINGS),
        ("watchlist", "updated_at", Facet.WATCHLIST),
        ("movies", "collected_at", Facet.COLLECTION),
        ("lists", "updated_at", Facet.LISTS),
    ]:
        moved = json.loads(json.dumps(tape))
        moved["response"]["json"][section][name] = "2026-03-01T00:00:00.000Z"
        after = await a_client(Answers(played(moved)).http).marks()
        assert {one for one in marks if marks[one] != after[one]} == {facet}


async def test_what_trakt_does_not_say_has_no_mark() -> None:
    marks = await a_client(Answers(answer(200, {"all": "x", "movies": None})).http).marks()
    assert marks == {}


@pytest.mark.parametrize("reply", [PORTAL, CUT, answer(200, {}), answer(200, []), answer(500)])
async def test_marks_that_cannot_be_read_are_trouble(reply: httpx.Response) -> None:
    with pytest.raises(ServiceTrouble):
        await a_client(Answers(reply).http).marks()


# Walks


@dataclass
class Shelf:
    """A list at Trakt that may change between two answers; newest first, by time and number."""

    rows: list[dict[str, Any]]
    #: The most lines of a page, whatever is asked.
    clamp: int = 250
    #: Headers that are not there.
    silent: tuple[str, ...] = ()
    #: Called with the number of each request before it is answered.
    before: Callable[[int], None] = lambda number: None
    asked: list[httpx.Request] = field(default_factory=list)

    @property
    def http(self) -> Http:
        return Http(transport=httpx.MockTransport(self.handle))

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.before(len(self.asked))
        self.asked.append(request)
        query = request.url.params
        rows = sorted(self.rows, key=lambda row: (row["watched_at"], row["id"]), reverse=True)
        if "end_at" in query:
            rows = [row for row in rows if row["watched_at"] <= query["end_at"]]
        page, limit = int(query["page"]), min(int(query["limit"]), self.clamp)
        shown = rows[(page - 1) * limit : page * limit]
        said = headers(page, len(rows), limit)
        said["X-Pagination-Page-Count"] = str(-(-len(rows) // limit))
        return answer(200, shown, {k: v for k, v in said.items() if k not in self.silent})

    async def walk(self, client: TraktClient | None = None, most: int = 200) -> list[ImportPage]:
        client = client or a_client(self.http)
        pages = [await client.page(Facet.HISTORY, "")]
        while pages[-1].next_cursor:
            assert len(pages) < most
            # Each page by a client of its own, as after a restart.
            pages.append(await a_client(self.http).page(Facet.HISTORY, pages[-1].next_cursor))
        return pages


def minute(number: int) -> str:
    at = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(minutes=number)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plays(count: int) -> list[dict[str, Any]]:
    return [a_line(number, minute(number)) for number in range(1, count + 1)]


def lines(pages: list[ImportPage]) -> list[str]:
    return [entry.line for page in pages for entry in page.entries]


async def test_a_walk_takes_250_a_page_and_ends_where_the_headers_say() -> None:
    shelf = Shelf(plays(600))
    pages = await shelf.walk()
    assert lines(pages) == [str(number) for number in range(600, 0, -1)]
    assert [len(page.entries) for page in pages] == [250, 250, 100]
    assert {page.total for page in pages} == {600}
    assert {request.url.params["limit"] for request in shelf.asked} == {"250"}


async def test_a_last_page_that_is_full_is_the_last() -> None:
    assert len(await Shelf(plays(500)).walk()) == 2


async def test_an_empty_history_is_one_page() -> None:
    assert await Shelf([]).walk() == [ImportPage((), "", 0)]


async def test_a_smaller_page_than_asked_for_is_followed_in_its_own_numbers() -> None:
    shelf = Shelf(plays(250), clamp=100)
    assert lines(await shelf.walk()) == [str(number) for number in range(250, 0, -1)]
    assert len(shelf.asked) == 3


@pytest.mark.parametrize("count", [0, 60, 100, 101, 250])
@pytest.mark.parametrize(
    "silent",
    [("Page",), ("Limit",), ("Page", "Limit"), ("Item-Count",), ("Page", "Limit", "Item-Count"),
     ("Page-Count",), ("Page", "Limit", "Page-Count")],
    ids="+".join,
)  # fmt: skip
async def test_headers_that_are_missing_hide_no_line(silent: tuple[str, ...], count: int) -> None:
    shelf = Shelf(plays(count), 100, tuple(f"X-Pagination-{name}" for name in silent))
    assert lines(await shelf.walk()) == [str(number) for number in range(count, 0, -1)]


async def test_plays_that_come_during_the_walk_shift_nothing() -> None:
    shelf = Shelf(plays(600))

    def watch(number: int) -> None:
        new = range(10 * number, 10 * number + 10)
        shelf.rows += [a_line(9000 + n, minute(5000 + n)) for n in new]

    shelf.before = watch
    pages = await shelf.walk()
    seen = lines(pages)
    assert len(seen) == len(set(seen)) == 610
    # The end is the newest line's own minute, whatever the clock here says.
    ends = [request.url.params.get("end_at") for request in shelf.asked]
    assert ends == [None] + [minute(5009).replace(":00.000Z", ":59.000Z")] * 2


async def test_a_play_in_the_future_is_read_as_well() -> None:
    shelf = Shelf([*plays(300), a_line(301, "2031-01-01T00:00:00.000Z")])
    assert len(lines(await shelf.walk())) == 301


async def test_what_is_removed_during_the_walk_hides_nothing_else() -> None:
    shelf = Shelf(plays(900), clamp=100)

    def tidy(number: int) -> None:
        if number in (3, 6):
            # The newest lines go; what comes after moves up into pages that were read.
            newest = sorted(shelf.rows, key=lambda row: row["id"], reverse=True)[:130]
            shelf.rows = [row for row in shelf.rows if row not in newest]

    shelf.before = tidy
    seen = set(lines(await shelf.walk()))
    assert {str(row["id"]) for row in shelf.rows} <= seen
    assert len(shelf.asked) > 9


async def test_a_list_that_never_stops_shrinking_is_given_up_in_a_sentence() -> None:
    shelf = Shelf(plays(2000), clamp=10)
    shelf.before = lambda number: shelf.rows.pop() and None
    with pytest.raises(ServiceTrouble, match="changes faster"):
        await shelf.walk(most=1000)


@given(
    count=st.integers(0, 60),
    changes=st.lists(
        st.tuples(st.integers(0, 20), st.sampled_from(["add", "remove"]), st.integers(0, 59)),
        max_size=12,
    ),
    clamp=st.integers(3, 20),
)
@settings(max_examples=150, deadline=None)
def test_no_line_that_stays_is_left_out_whatever_else_changes(
    count: int, changes: list[tuple[int, str, int]], clamp: int
) -> None:
    shelf = Shelf(plays(count), clamp=clamp)
    kept = {str(row["id"]) for row in shelf.rows}
    # Of one moment, lines only come or only go: the length of the list cannot tell more apart.
    kinds = {moment: what for moment, what, _ in changes}

    def change(number: int) -> None:
        for moment, what, which in changes:
            if moment != number or kinds[moment] != what:
                continue
            if what == "add":
                # Later than everything: a new play.
                shelf.rows.append(a_line(1000 + moment * 100 + which, minute(3000 + moment)))
            elif which < len(shelf.rows):
                kept.discard(str(shelf.rows.pop(which)["id"]))

    shelf.before = change
    seen = asyncio.run(shelf.walk(most=1000))
    assert kept <= set(lines(seen))


async def test_a_half_failed_walk_goes_on_from_its_cursor() -> None:
    shelf = Shelf(plays(600))
    first = await a_client(shelf.http).page(Facet.HISTORY, "")
    for reply in (answer(502, "<html>"), PORTAL, answer(200, [], headers(2, 600)), CUT):
        with pytest.raises(ServiceTrouble):
            await a_client(Answers(reply).http).page(Facet.HISTORY, first.next_cursor)
    second = await a_client(shelf.http).page(Facet.HISTORY, first.next_cursor)
    assert second.entries[0].line == "350"


async def test_a_login_that_ends_in_mid_walk_is_renewed_once() -> None:
    shelf = Shelf(plays(600))
    fresh = {"access_token": "newer", "refresh_token": "next", "expires_in": 604_800}

    async def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return answer(200, fresh)
        if len(shelf.asked) >= 1 and request.headers["authorization"] != "Bearer newer":
            return answer(401)
        return await shelf.handle(request)

    slot = MemorySlot(SECRET)
    client = a_client(Http(transport=httpx.MockTransport(handle)), slot=slot)
    page = await client.page(Facet.HISTORY, "")
    found = list(page.entries)
    while page.next_cursor:
        page = await client.page(Facet.HISTORY, page.next_cursor)
        found += page.entries
    assert len(found) == 600
    assert [secret.access for secret in slot.put_log] == ["newer"]


async def test_a_limit_in_mid_walk_closes_the_gate_and_leaves_the_cursor_good() -> None:
    shelf = Shelf(plays(600))
    limited = [answer(429, "", {"Retry-After": "42"})]

    async def handle(request: httpx.Request) -> httpx.Response:
        if len(shelf.asked) == 1 and limited:
            return limited.pop()
        return await shelf.handle(request)

    clock = QuickClock()
    client = a_client(Http(transport=httpx.MockTransport(handle)), clock)
    page = await client.page(Facet.HISTORY, "")
    with pytest.raises(RateLimited) as caught:
        await client.page(Facet.HISTORY, page.next_cursor)
    assert caught.value.retry_after_s == 42
    second = await client.page(Facet.HISTORY, page.next_cursor)
    assert second.entries[0].line == "350"
    assert sum(clock.slept_s) == pytest.approx(42, abs=0.1)


async def test_pages_are_read_at_trakts_pace() -> None:
    clock = QuickClock()
    shelf = Shelf(plays(900), clamp=10)
    client = a_client(shelf.http, clock)
    page = await client.page(Facet.HISTORY, "")
    while page.next_cursor:
        page = await client.page(Facet.HISTORY, page.next_cursor)
    # 90 requests, the first ten at once: at most 500 in five minutes.
    assert sum(clock.slept_s) == pytest.approx(80 * 0.6, abs=1)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "[]",
        "{}",
        '{"v":2}',
        '{"v":1,"page":0}',
        '{"v":1,"page":"x"}',
        '{"v":1,"what":1}',
        '{"v":1,"lists":[[1]]}',
        '{"v":1,"part":-1}',
        '{"v":1,"part":7}',
    ],
)
@pytest.mark.parametrize("facet", [Facet.HISTORY, Facet.LISTS])
async def test_a_cursor_that_is_none_is_refused_without_asking(facet: Facet, cursor: str) -> None:
    answers = Answers(PORTAL)
    if (facet, cursor) == (Facet.LISTS, '{"v":1,"part":7}'):
        cursor = '{"v":1,"part":7,"lists":[[1,"a",2]]}'
    with pytest.raises(ImportRefused):
        await a_client(answers.http).page(facet, cursor)
    assert answers.requests == []


async def test_a_facet_trakt_does_not_have_is_refused_without_asking() -> None:
    answers = Answers(PORTAL)
    with pytest.raises(ImportRefused):
        await a_client(answers.http).page(Facet.LOVED, "")
    assert answers.requests == []
