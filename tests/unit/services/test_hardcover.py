"""Hardcover: readings before status, every documented answer, its limits, linking."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from revenge_companion.core.delivery import Delivered, Delivery, DeliveryState, Outcome, Refused
from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    LinkRefused,
    QuotaExhausted,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.live import LiveAction
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.reasons import Reason
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.net.http import USER_AGENT, Http
from revenge_companion.services.base import LinkRequest, Secret
from revenge_companion.services.hardcover import payload
from revenge_companion.services.hardcover.client import HardcoverClient
from revenge_companion.services.hardcover.service import Hardcover
from revenge_companion.services.hardcover.spec import SPEC
from revenge_companion.services.hardcover.wire import Api
from tests.unit.services.kit import (
    CUT,
    PORTAL,
    TOKEN,
    Answers,
    MemorySlot,
    Prompts,
    QuickClock,
    a_movie,
    a_notice,
    an_account,
    answer,
    cassette,
    played,
)

ROOT = "https://api.hardcover.app"
BOOK = Item(
    Kind.AUDIOBOOK,
    "book-1",
    "Gideon the Ninth",
    artist="Tamsyn Muir",
    year=2019,
    duration_s=60_500.0,
)


class Shelf:
    """A Hardcover that holds one user's entry for one book, and keeps what it was asked."""

    def __init__(self, **entry: Any) -> None:
        self.entry: dict[str, Any] | None = entry or None
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.requests: list[httpx.Request] = []
        #: Answers given instead, by the field that was asked for; each once.
        self.instead: dict[str, httpx.Response | Exception] = {}
        #: Answers that are lost after the change was made, by field; each once.
        self.lost: set[str] = set()
        #: How many looks at the entry are still answered; None for all.
        self.silent_after: int | None = None
        #: A new entry with status 2 gets a reading that began today.
        self.begins_by_itself = True

    @property
    def http(self) -> Http:
        return Http(transport=httpx.MockTransport(self._handle))

    @property
    def changes(self) -> list[tuple[str, dict[str, Any]]]:
        return [one for one in self.log if one[0].startswith(("insert", "update", "delete"))]

    @property
    def reads(self) -> list[tuple[str | None, str | None]]:
        assert self.entry is not None
        return [(one["started_at"], one["finished_at"]) for one in self.entry["user_book_reads"]]

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        body = json.loads(request.content)
        field = body["query"].split("{")[1].split("(")[0].strip()
        self.log.append((field, body["variables"]))
        if field in self.instead:
            other = self.instead.pop(field)
            if isinstance(other, Exception):
                raise other
            return other
        data = getattr(self, f"_{field}")(body["variables"])
        if field in self.lost:
            self.lost.discard(field)
            raise httpx.ReadTimeout("lost")
        return answer(200, {"data": {field: data}})

    def _me(self, _: dict[str, Any]) -> Any:
        return cassette("hardcover", "me")["response"]["json"]["data"]["me"]

    def _search(self, _: dict[str, Any]) -> Any:
        return cassette("hardcover", "search")["response"]["json"]["data"]["search"]

    def _editions(self, _: dict[str, Any]) -> Any:
        return [
            {"id": 70, "audio_seconds": 12_000},
            {"id": 71, "audio_seconds": 60_600},
            {"id": 72, "audio_seconds": None},
        ]

    def _user_books(self, _: dict[str, Any]) -> Any:
        if self.silent_after is not None:
            self.silent_after -= 1
            if self.silent_after < 0:
                raise httpx.ReadTimeout("silence")
        return [self.entry] if self.entry else []

    def _insert_user_book(self, variables: dict[str, Any]) -> Any:
        made = variables["o"]
        self.entry = {"id": 12, "status_id": made["status_id"], "user_book_reads": []}
        if self.begins_by_itself and made["status_id"] == 2:
            self.entry["user_book_reads"] = [
                {"id": 50, "started_at": "2026-03-01", "finished_at": None}
            ]
        return {"id": 12, "error": None}

    def _delete_user_book(self, variables: dict[str, Any]) -> Any:
        assert self.entry is not None
        assert self.entry["id"] == variables["id"]
        self.entry = None
        return {"id": variables["id"]}

    def _update_user_book(self, variables: dict[str, Any]) -> Any:
        if self.entry is None or variables.get("id") != self.entry["id"]:
            return {"id": None, "error": "Not found"}
        self.entry |= variables["o"]
        return {"id": self.entry["id"], "error": None}

    def _insert_user_book_read(self, variables: dict[str, Any]) -> Any:
        assert self.entry is not None
        reads = self.entry["user_book_reads"]
        reads.append({"id": 60 + len(reads), "started_at": None, "finished_at": None})
        reads[-1] |= variables["r"]
        return {"id": reads[-1]["id"], "error": None}

    def _update_user_book_read(self, variables: dict[str, Any]) -> Any:
        assert self.entry is not None
        found = next(r for r in self.entry["user_book_reads"] if r["id"] == variables["id"])
        found |= variables["r"]
        return {"id": found["id"], "error": None}


def a_read(number: int, began: str | None, ended: str | None) -> dict[str, Any]:
    return {"id": number, "started_at": began, "finished_at": ended}


def an_entry(status: int, *reads: dict[str, Any]) -> Shelf:
    return Shelf(id=12, status_id=status, user_book_reads=list(reads))


def a_client(shelf: Shelf | Answers, zone: Any = UTC) -> HardcoverClient:
    api = Api(shelf.http, QuickClock(), ROOT)
    return HardcoverClient(api, MemorySlot(Secret(TOKEN)), zone=zone)


def a_book(item: Item = BOOK, at: str = "2026-02-20T23:30") -> Delivery:
    counted = datetime.fromisoformat(at).replace(tzinfo=UTC)
    scrobble = Scrobble(
        key="k",
        item=item,
        started_at=counted - timedelta(days=4),
        counted_at=counted,
        played_s=60_000,
        position_s=60_000,
        progress_pct=99,
    )
    return Delivery(1, 1, scrobble, DeliveryState.SENDING)


async def submitted(shelf: Shelf, item: Item = BOOK, *, zone: Any = UTC) -> Outcome:
    return (await a_client(shelf, zone).submit([a_book(item)]))[1]


async def test_a_book_on_no_shelf_gets_a_dated_reading_before_it_becomes_read() -> None:
    shelf = Shelf()
    assert await submitted(shelf) == Delivered("50")
    assert [name for name, _ in shelf.changes] == [
        "insert_user_book",
        "update_user_book_read",
        "update_user_book",
    ]
    assert shelf.changes[0][1]["o"] == {
        "book_id": 328,
        "status_id": 2,
        "privacy_setting_id": 2,
        "edition_id": 71,
    }
    # Hardcover began a reading by itself, dated today.
    assert shelf.reads == [("2026-02-16", "2026-02-20")]
    assert shelf.entry is not None
    assert shelf.entry["status_id"] == 3


async def test_a_new_book_without_a_reading_of_its_own_becomes_read() -> None:
    shelf = Shelf()
    shelf.begins_by_itself = False
    assert await submitted(shelf) == Delivered("60")
    assert shelf.reads == [("2026-02-16", "2026-02-20")]
    assert shelf.entry is not None
    assert shelf.entry["status_id"] == 3


async def test_a_reading_that_goes_on_ends_and_keeps_its_start() -> None:
    shelf = an_entry(2, a_read(5, "2026-01-10", None))
    assert await submitted(shelf) == Delivered("5")
    assert shelf.reads == [("2026-01-10", "2026-02-20")]
    assert shelf.changes == [
        (
            "update_user_book_read",
            {"id": 5, "r": {"started_at": "2026-01-10", "finished_at": "2026-02-20"}},
        ),
        ("update_user_book", {"id": 12, "o": {"status_id": 3}}),
    ]


async def test_a_reading_without_a_start_gets_ours() -> None:
    shelf = an_entry(2, a_read(5, None, None))
    await submitted(shelf)
    assert shelf.reads == [("2026-02-16", "2026-02-20")]


async def test_reading_a_book_again_is_a_new_reading() -> None:
    shelf = an_entry(3, a_read(5, "2024-01-01", "2024-02-01"))
    assert await submitted(shelf) == Delivered("61")
    assert shelf.reads == [("2024-01-01", "2024-02-01"), ("2026-02-16", "2026-02-20")]
    assert [name for name, _ in shelf.changes] == ["insert_user_book_read"]


@pytest.mark.parametrize("status", [1, 4, 5])
async def test_a_finished_book_is_read_whatever_shelf_it_was_on(status: int) -> None:
    shelf = an_entry(status)
    assert isinstance(await submitted(shelf), Delivered)
    assert shelf.entry is not None
    assert shelf.entry["status_id"] == 3


async def test_a_later_reading_that_goes_on_is_left_alone() -> None:
    shelf = an_entry(2, a_read(5, "2026-03-01", None))
    await submitted(shelf)
    assert shelf.reads == [("2026-03-01", None), ("2026-02-16", "2026-02-20")]
    assert shelf.entry is not None
    assert shelf.entry["status_id"] == 2


async def test_what_is_there_already_is_not_written_again() -> None:
    shelf = an_entry(3, a_read(5, "2026-02-16", "2026-02-20"))
    assert await submitted(shelf) == Delivered("5", Reason.ALREADY_THERE)
    assert shelf.changes == []


@pytest.mark.parametrize(
    "lost",
    ["insert_user_book", "insert_user_book_read", "update_user_book_read", "update_user_book"],
)
async def test_a_change_whose_answer_was_lost_is_made_once(lost: str) -> None:
    shelf = an_entry(2, a_read(5, None, None)) if lost == "update_user_book_read" else Shelf()
    shelf.begins_by_itself = False
    shelf.lost = {lost}
    client = a_client(shelf)
    with pytest.raises(Unanswered):
        await client.submit([a_book()])
    assert isinstance((await client.submit([a_book()]))[1], Delivered)
    assert shelf.reads == [("2026-02-16", "2026-02-20")]
    assert shelf.entry is not None
    assert shelf.entry["status_id"] == 3


async def test_days_are_the_users_own() -> None:
    shelf = an_entry(2)
    await submitted(shelf, zone=ZoneInfo("Europe/Berlin"))
    assert shelf.reads == [("2026-02-17", "2026-02-21")]


async def test_user_and_book_are_looked_up_once() -> None:
    shelf = an_entry(3, a_read(5, "2026-02-16", "2026-02-20"))
    client = a_client(shelf)
    for _ in range(2):
        await client.submit([a_book()])
    assert [name for name, _ in shelf.log] == ["me", "search", "user_books", "user_books"]


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (a_movie(), Reason.NOT_TAKEN),
        (Item(Kind.AUDIOBOOK, "b", "", artist="Tamsyn Muir"), Reason.NOT_FOUND),
        (Item(Kind.AUDIOBOOK, "b", "Gideon the Ninth"), Reason.NOT_FOUND),
        (Item(Kind.AUDIOBOOK, "b", "Harrow the Ninth", artist="Tamsyn Muir"), Reason.NOT_FOUND),
        (Item(Kind.AUDIOBOOK, "b", "Gideon the Ninth", artist="Someone"), Reason.NOT_FOUND),
    ],
    ids=["a film", "no title", "no author", "another title", "another author"],
)
async def test_what_is_no_certain_book_is_parked(item: Item, code: Reason) -> None:
    shelf = Shelf()
    outcome = await submitted(shelf, item)
    assert isinstance(outcome, Refused)
    assert outcome.code == code
    assert shelf.changes == []


def hits(*books: tuple[int, str, str]) -> dict[str, Any]:
    documents = [
        {"document": {"id": str(number), "title": title, "author_names": [author]}}
        for number, title, author in books
    ]
    return {"search": {"results": {"hits": documents}}}


def named(title: str, author: str = "Ann Leckie") -> Item:
    return Item(Kind.AUDIOBOOK, "b", title, artist=author)


@pytest.mark.parametrize(
    ("item", "books", "found"),
    [
        (named("ANCILLARY  Justice"), [(1, "Ancillary Justice", "Ann Leckie")], 1),
        (
            named("Ancillary Justice (Imperial Radch #1)"),
            [(1, "Ancillary Justice", "Ann Leckie")],
            1,
        ),
        (named("Ancillary Justice [Unabridged]"), [(1, "Ancillary Justice", "Ann Leckie")], 1),
        (named("Café Été", "René"), [(1, "Cafe Ete", "Rene")], 1),
        (named("It", "J. R. R. Tolkien"), [(1, "It", "J.R.R. Tolkien")], 1),
        (named("Sapiens", "Y. N. Harari"), [(1, "Sapiens: A Brief History", "Y. N. Harari")], 1),
        (named("Sapiens: A Brief History", "Y"), [(1, "Sapiens", "Y")], 1),
        # Two subtitles are two books, and one title before two subtitles is a guess.
        (named("Star Wars: Ahsoka", "E"), [(1, "Star Wars: Thrawn", "E")], None),
        (named("Dune", "F"), [(1, "Dune: One", "F"), (2, "Dune: Two", "F")], None),
        (named("Dune", "F"), [(1, "Dune: One", "F"), (2, "Dune", "F")], 2),
        (named("三体", "刘慈欣"), [(1, "三体", "刘慈欣")], 1),
        (named("???", "F"), [(1, "!!!", "F")], None),
        (named("Dune", "F"), [], None),
    ],
)
def test_a_book_is_taken_by_its_exact_title_and_author_only(
    item: Item, books: list[tuple[int, str, str]], found: int | None
) -> None:
    assert payload.found_book(hits(*books), item) == found


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"search": None},
        {"search": {"results": "[]"}},
        {"search": {"results": {"hits": [None, {"document": {"id": True, "author_names": 3}}]}}},
    ],
)
def test_results_of_another_shape_are_no_book(data: dict[str, Any]) -> None:
    assert payload.found_book(data, BOOK) is None


def test_an_edition_of_another_length_is_not_taken() -> None:
    rows = {"editions": [{"id": 1, "audio_seconds": 50_000}, {"id": 2, "audio_seconds": "x"}]}
    assert payload.best_edition(rows, BOOK) is None
    assert payload.best_edition(rows, Item(Kind.AUDIOBOOK, "b", "Gideon")) is None


async def test_requests_carry_the_token_and_our_name() -> None:
    shelf = an_entry(3)
    await submitted(shelf)
    request = shelf.requests[0]
    assert str(request.url) == "https://api.hardcover.app/v1/graphql"
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["User-Agent"] == USER_AGENT


def error(code: str, **more: Any) -> dict[str, Any]:
    return {"error": code} | more


def errors(message: str, code: str = "") -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


@pytest.mark.parametrize(
    ("given", "raised", "told"),
    [
        (answer(401, error("invalid_token")), LinkExpired, "does not accept"),
        (answer(401, error("Unable to verify token")), LinkExpired, "Unable to verify token"),
        (answer(401, "gone"), LinkExpired, "does not accept"),
        (answer(200, errors("Could not verify JWT", "invalid-jwt")), LinkExpired, "JWT"),
        (answer(400, errors("Unable to verify token")), LinkExpired, "verify"),
        (answer(403, error("insufficient_scope", scope="write:library")), LinkExpired,
         "scope write:library"),
        (answer(403, errors("insufficient_scope: needs read:me:content")), LinkExpired,
         "scope read:me:content"),
        (answer(403, error("insufficient_scope"),
                {"WWW-Authenticate": 'Bearer scope="read:catalog"'}), LinkExpired, "read:catalog"),
        (answer(403, error("insufficient_scope")), LinkExpired, "that this needs"),
        (answer(403, error("unsupported_operation")), BatchRefused, "unsupported_operation"),
        (answer(403, error("top_level_limit_exceeded")), BatchRefused, "top_level"),
        (answer(403, error("banned", message="Account suspended")), LaneBlocked, "suspended"),
        (answer(400, error("invalid_query", message="no such field")), BatchRefused, "no such"),
        (answer(200, errors("field 'x' not found in type: 'user_books'")), BatchRefused, "field"),
        (answer(200, {"data": None} | errors("query timed out")), BatchRefused, "timed out"),
        (answer(404, error("not found")), BatchRefused, "not found"),
        (answer(404, "<html>"), LaneBlocked, "No Hardcover answers"),
        (answer(403, "<html>challenge</html>"), ServiceTrouble, "403"),
        (answer(408, error("timeout")), ServiceTrouble, "408"),
        (answer(500, "oops"), ServiceTrouble, "500"),
        (answer(503, error("maintenance")), ServiceTrouble, "maintenance"),
        (answer(301, ""), ServiceTrouble, "301"),
        (answer(200, {"data": []}), ServiceTrouble, "200"),
        (answer(200, []), ServiceTrouble, "200"),
        (PORTAL, ServiceTrouble, "200"),
        (CUT, ServiceTrouble, "200"),
        (answer(429, error("throttled"), {"Retry-After": "7"}), RateLimited, "wait"),
        (answer(429, "", {"RateLimit": '"Free";r=0;t=20, "daily";r=4;t=9'}), RateLimited, "wait"),
        (answer(429, "", {"RateLimit": '"daily";r=0;t=5000'}), QuotaExhausted, "today"),
        (httpx.ReadTimeout("silence"), Unanswered, "in time"),
        (httpx.ConnectError("refused"), Unreachable, "reached"),
    ],
)  # fmt: skip
async def test_every_answer_is_read(
    given: httpx.Response | Exception, raised: type[CompanionError], told: str
) -> None:
    with pytest.raises(raised, match=told) as caught:
        await a_client(Answers(given)).submit([a_book()])
    assert type(caught.value) is raised
    assert TOKEN not in str(caught.value)


async def test_a_wait_and_a_quota_say_how_long() -> None:
    with pytest.raises(RateLimited) as wait:
        await a_client(Answers(answer(429, "", {"Retry-After": "7"}))).submit([a_book()])
    assert wait.value.retry_after_s == 7
    full = answer(429, "", {"RateLimit": '"daily";r=0;t=5000'})
    with pytest.raises(QuotaExhausted) as quota:
        await a_client(Answers(full)).submit([a_book()])
    assert quota.value.retry_after_s == 5000


async def test_a_quota_without_a_time_lasts_until_midnight_utc() -> None:
    full = answer(429, "", {"RateLimit": '"daily";r=0;t=0'})
    with pytest.raises(QuotaExhausted) as quota:
        await a_client(Answers(full)).submit([a_book()])
    # The tests' clock stands at 20:00.
    assert quota.value.retry_after_s == 4 * 3600


async def test_nothing_is_asked_after_the_days_last_request() -> None:
    last = answer(
        200,
        {"data": {"me": [{"id": 1, "username": "a"}]}},
        {"RateLimit": '"Free";r=9;t=1, "daily";r=0;t=600'},
    )
    answers = Answers(last)
    with pytest.raises(QuotaExhausted) as quota:
        await a_client(answers).submit([a_book()])
    assert quota.value.retry_after_s == 600
    assert len(answers.requests) == 1


async def test_a_minutes_last_request_is_waited_after() -> None:
    clock = QuickClock()
    answers = Answers(
        answer(200, {"data": {"me": [{"id": 1}]}}, {"RateLimit": '"Free";r=0;t=17'}),
        answer(200, {"data": hits()}),
    )
    client = HardcoverClient(Api(answers.http, clock, ROOT), MemorySlot(Secret(TOKEN)))
    await client.submit([a_book()])
    assert sum(clock.slept_s) == pytest.approx(17, abs=0.1)


@pytest.mark.parametrize("header", ["", "x", '"Free";r=-1;t=3', '"a";r=' + "9" * 40 + ";t=1"])
async def test_limits_that_are_nonsense_change_nothing(header: str) -> None:
    shelf = an_entry(3)
    shelf.instead["me"] = answer(200, {"data": {"me": [{"id": 1}]}}, {"RateLimit": header})
    assert isinstance(await submitted(shelf), Delivered)


@pytest.mark.parametrize(
    "field", ["insert_user_book_read", "update_user_book"], ids=["the reading", "the status"]
)
async def test_an_error_inside_a_200_is_no_delivery(field: str) -> None:
    shelf = an_entry(1)
    shelf.instead[field] = answer(
        200, {"data": {field: {"id": None, "error": "is not included in the list"}}}
    )
    with pytest.raises(BatchRefused, match="not included"):
        await submitted(shelf)


async def test_a_change_without_an_id_is_looked_for_again() -> None:
    shelf = an_entry(1)
    shelf.instead["insert_user_book_read"] = answer(200, {"data": {"insert_user_book_read": None}})
    with pytest.raises(Unanswered):
        await submitted(shelf)


async def test_one_bad_row_keeps_what_was_delivered_before_it() -> None:
    shelf = an_entry(3, a_read(5, "2026-02-16", "2026-02-20"))
    client = a_client(shelf)
    await client.submit([a_book()])
    rows = [a_book(), a_book(), a_book()]
    numbered = [Delivery(n, 1, row.scrobble, row.state) for n, row in enumerate(rows, 1)]
    shelf.silent_after = 1
    outcomes = await client.submit(numbered)
    assert [type(outcomes[n]).__name__ for n in (1, 2, 3)] == ["Delivered", "Unknown", "TryLater"]


async def test_an_account_without_a_token_asks_to_be_linked() -> None:
    answers = Answers(answer(500))
    client = HardcoverClient(Api(answers.http, QuickClock(), ROOT), MemorySlot())
    with pytest.raises(LinkExpired):
        await client.submit([a_book()])
    assert answers.requests == []


async def test_nothing_is_shown_live_or_given_back() -> None:
    answers = Answers(answer(500))
    client = a_client(answers)
    await client.live(a_notice(LiveAction.START, BOOK))
    await client.revoke()
    assert await client.find(a_book()) is None
    assert answers.requests == []


def a_service(shelf: Shelf | Answers) -> Hardcover:
    return Hardcover(shelf.http, QuickClock(), {})


@pytest.mark.parametrize("typed", [TOKEN, f"  Bearer {TOKEN}\n", f"bearer {TOKEN}"])
async def test_a_token_is_checked_while_it_is_linked(typed: str) -> None:
    shelf = Shelf()
    linked = await a_service(shelf).link(LinkRequest(secret=typed), Prompts())
    assert (linked.user.id, linked.user.name) == ("4711", "anna")
    assert linked.user.profile_url == "https://hardcover.app/@anna"
    assert linked.secret.access == TOKEN
    assert shelf.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert shelf.changes == [("update_user_book", {})]
    assert shelf.entry is None


@pytest.mark.parametrize(
    ("field", "given", "told"),
    [
        ("me", answer(401, error("invalid_token")), "does not accept"),
        ("me", answer(200, {"data": {"me": []}}), "whose token"),
        ("user_books", answer(403, error("insufficient_scope", scope="read:library")),
         "read:library"),
        ("update_user_book", answer(403, error("insufficient_scope", scope="write:library")),
         "write:library"),
    ],
)  # fmt: skip
async def test_a_token_that_is_no_good_is_refused_with_what_it_lacks(
    field: str, given: httpx.Response, told: str
) -> None:
    shelf = Shelf()
    shelf.instead[field] = given
    with pytest.raises(LinkRefused, match=told):
        await a_service(shelf).link(LinkRequest(secret=TOKEN), Prompts())


@pytest.mark.parametrize("typed", ["", "  ", "two words", "Bearer ", "x" * 5000])
async def test_what_is_no_token_is_refused_without_asking(typed: str) -> None:
    answers = Answers(answer(500))
    with pytest.raises(LinkRefused):
        await a_service(answers).link(LinkRequest(secret=typed), Prompts())
    assert answers.requests == []


async def test_trouble_while_linking_is_no_refusal() -> None:
    with pytest.raises(ServiceTrouble):
        await a_service(Answers(PORTAL)).link(LinkRequest(secret=TOKEN), Prompts())


async def test_a_linked_account_knows_who_it_is() -> None:
    answers = Answers(played(cassette("hardcover", "me")))
    client = a_service(answers).client(an_account("hardcover"), MemorySlot(Secret(TOKEN)))
    assert (await client.whoami()).name == "anna"
    assert answers.json() == cassette("hardcover", "me")["request"]["json"]


async def test_another_address_is_used_where_it_is_set() -> None:
    answers = Answers(played(cassette("hardcover", "me")))
    environ = {"REVENGE_COMPANION_HARDCOVER_API_URL": "http://127.0.0.1:9/"}
    service = Hardcover(answers.http, QuickClock(), environ)
    await service.client(an_account("hardcover"), MemorySlot(Secret(TOKEN))).whoami()
    assert str(answers.requests[0].url) == "http://127.0.0.1:9/v1/graphql"


def test_a_book_is_delivered_alone_and_never_live() -> None:
    assert (SPEC.batch_size, SPEC.live, SPEC.resend_is_safe) == (1, False, True)
