"""Whatever a service answers to whatever call: an error of ours, or a result; never anything else.

The documented answers have their meanings in each service's own tests. Here every client is given
every answer, nonsense too, at every call: what it may raise is named by `core.errors`, and nothing
that makes no sense is taken for a delivery.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from revenge_companion.core.changes import FACETS, Change, Verb
from revenge_companion.core.delivery import Delivered, Skipped
from revenge_companion.core.errors import (
    CompanionError,
    LinkExpired,
    LinkRefused,
    QuotaExhausted,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.library import Facet, subject_of
from revenge_companion.core.live import LiveAction
from revenge_companion.core.media import Item, Kind
from revenge_companion.services.animemap.map import SearchesAnime
from revenge_companion.services.base import (
    Client,
    LinkRequest,
    LoveClient,
    Prober,
    ProbeResult,
    ReadsBack,
    Secret,
    Service,
    ServiceSpec,
    TakesChanges,
)
from revenge_companion.services.catalog import SPECS, build_services
from revenge_companion.services.importing import Readable
from revenge_companion.services.undo import Removal, UndoClient
from tests.clock import START
from tests.unit.services import kit
from tests.unit.services.anime import SMALL, anime
from tests.unit.services.kit import (
    TOKEN,
    Answers,
    MemorySlot,
    Prompts,
    QuickClock,
    a_delivery,
    a_movie,
    a_notice,
    a_track,
    an_account,
    answer,
)

ASKED = [spec for spec in SPECS if not spec.hand_off]
STATUSES = (200, 201, 204, 302, 400, 401, 403, 404, 405, 408, 409, 412, 413, 418, 420, 422, 423)
STATUSES += (426, 429, 500, 503, 521)
#: Bodies that never say that something was taken.
BODIES: dict[str, Any] = {
    "nothing": "",
    "a page": "<html><title>Sign in</title></html>",
    "a text": "error code: 1010",
    "broken": '{"status": "o',
    "half a character": "\\ud800",
    "deep": "[" * 2000 + "]" * 2000,
    "null": "null",
    "a number": "7",
    "true": "true",
    "words": '"ok"',
    "a list": [],
    "lists in lists": [[[]]],
    "an object": {},
    "nulls": {"status": None, "error": None, "data": None, "errors": None, "added": None},
    "numbers": {"status": 5, "error": 5, "data": 5, "errors": 5, "added": 5, "message": 5},
    "lists": {"error": [], "data": [], "errors": [[]], "added": [], "message": [], "session": []},
    "objects": {"error": {}, "data": {}, "errors": {}, "message": {}, "scrobbles": {}, "user": {}},
    "a long text": {"error": "x" * 100_000, "message": "y" * 100_000},
    "strange signs": {"error": "\0\x1b[31m\u202e", "message": "\ud83d", "error_description": "\n"},
    "an error": {"error": "invalid_grant", "error_description": "No.", "message": "No."},
    "a code": {"error": 29, "message": "Rate limit"},
    "graphql": {"errors": [{"message": "No", "status": 400}], "data": None},
    "huge numbers": '{"error": 1e999, "code": ' + "9" * 400 + ', "expires_in": -1e308}',
}
#: Headers that are no help, beside some of the bodies.
HEADERS: tuple[dict[str, str], ...] = (
    {"Retry-After": "nonsense", "X-RateLimit-Reset-In": "-5", "RateLimit": '"daily";r=x;t='},
    {"Retry-After": "1e400", "X-RateLimit-Remaining": "0", "Location": "http://portal.example/"},
)


def replies() -> Iterator[tuple[str, httpx.Response | Exception]]:
    for status in STATUSES:
        for name, body in BODIES.items():
            text = body if isinstance(body, str) else json.dumps(body)
            content = text.encode("utf-8", "surrogatepass")
            yield f"{status}, {name}", httpx.Response(status, content=content)
        for number, headers in enumerate(HEADERS):
            yield f"{status}, headers {number}", httpx.Response(status, headers=headers)
    yield "silence", httpx.ReadTimeout("x")
    yield "a reset", httpx.RemoteProtocolError("x")
    yield "no connection", httpx.ConnectError("x")
    yield "no pool", httpx.PoolTimeout("x")


def the_item(spec: ServiceSpec) -> Item:
    if spec.anime_id:
        return anime()
    if Kind.MOVIE in spec.kinds:
        return a_movie()
    if Kind.TRACK in spec.kinds:
        return a_track()
    return Item(Kind.AUDIOBOOK, "book-1", "A Book", artist="An Author", duration_s=3600.0)


def the_service(spec: ServiceSpec, answers: Answers, folder: Path) -> Service:
    keys = {name: "x" for one in ASKED for name in (one.client_id_env, one.client_secret_env)}
    keys["MAL_REDIRECT_PORT"] = "0"
    built = build_services(answers.http, QuickClock(), keys, cache=folder, data=folder)
    return built[SPECS.index(spec)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from revenge_companion.services.animemap.files import About, write_about

    (tmp_path / "anime_ids.json").write_bytes(SMALL)
    about = About('"one"', START, len(json.loads(SMALL)) - 1)
    write_about(tmp_path / "anime_ids.about.json", about)
    return tmp_path


def a_secret() -> Secret:
    return Secret(TOKEN, "a-refresh", START + timedelta(days=60), "an-app")


Call = Callable[[Client, ServiceSpec], Awaitable[object]]


def says_yes(spec: ServiceSpec, call: str, name: str) -> bool:
    """Whether what looks like nonsense is how a service says yes: Last.fm's for a love is `{}`."""
    body = BODIES.get(name.partition(", ")[2])
    loved = (spec.key, call) == ("lastfm", "change") and name.startswith("20")
    return loved and isinstance(body, dict) and "error" not in body


#: No answer makes a client ask for ever.
MOST_REQUESTS = 40


async def outcome(call: Awaitable[object], name: str) -> tuple[object, str]:
    """What came of a call, and what its error said; fails for an error that is not ours."""
    try:
        return await call, ""
    except CompanionError as error:
        return None, str(error)
    except Exception as error:  # the point of these tests
        raise AssertionError(f"{name}: {error!r}") from error


def is_sentence(said: str) -> bool:
    """Whether an error's text can be shown: not endless, and nothing that steers a terminal."""
    return len(said) < 1000 and all(sign.isprintable() for sign in said)


async def submits(client: Client, spec: ServiceSpec) -> object:
    row = a_delivery(the_item(spec), ago_s=2.0)
    return (await client.submit([row])).get(1)


async def changes(client: Client, spec: ServiceSpec) -> object:
    """Every kind of change the service takes, one after the other."""
    assert isinstance(client, TakesChanges)
    subject = subject_of(the_item(spec))
    for verb, facet in FACETS.items():
        if facet not in spec.exports:
            continue
        change = Change(verb, subject, START, 80 if verb is Verb.RATE else None)
        came = (await client.change([kit.a_change(change)])).get(1)
        if isinstance(came, Delivered):
            return came
    return None


async def reads(client: Client, spec: ServiceSpec) -> object:
    """The first page of everything that can be read."""
    assert isinstance(client, Readable)
    trouble: CompanionError | None = None
    for facet in spec.imports:
        try:
            page = await client.page(facet, "")
        except CompanionError as error:
            trouble = error
        else:
            # What made no sense was counted, and no line was made of it.
            assert not page.entries
    if trouble is not None:
        raise trouble
    return None


async def submits_late(client: Client, spec: ServiceSpec) -> object:
    rows = [a_delivery(the_item(spec), n, ago_s=4000.0 * n) for n in (1, 2)]
    outcomes = await client.submit(rows[: spec.batch_size])
    return next((one for one in outcomes.values() if isinstance(one, Delivered)), None)


CALLS: dict[str, Call] = {
    "submit": submits,
    "submit late": submits_late,
    "find": lambda client, spec: client.find(a_delivery(the_item(spec), unsure=True)),
    "live": lambda client, spec: client.live(a_notice(LiveAction.START, the_item(spec))),
    "whoami": lambda client, spec: client.whoami(),
    "revoke": lambda client, spec: client.revoke(),
    "change": changes,
    "page": reads,
    "marks": lambda client, spec: cast(Readable, client).marks(),
    "love": lambda client, spec: cast(LoveClient, client).love(the_item(spec), loved=True),
    "search": lambda client, spec: cast(SearchesAnime, client).search("a title"),
    "undo": lambda client, spec: cast(UndoClient, client).undo(a_delivery(the_item(spec))),
    "find many": lambda client, spec: cast(ReadsBack, client).find_many(
        [a_delivery(the_item(spec), ago_s=4000.0)]
    ),
    "confirm": lambda client, spec: cast(ReadsBack, client).confirm(
        [a_delivery(the_item(spec), ago_s=4000.0)]
    ),
}
#: Calls that only some services have.
SOME: dict[str, Callable[[ServiceSpec], bool]] = {
    "change": lambda spec: bool(set(spec.exports) - {Facet.HISTORY}),
    "page": lambda spec: bool(spec.imports),
    "marks": lambda spec: bool(spec.imports),
    "love": lambda spec: spec.loves,
    "search": lambda spec: bool(spec.anime_id),
    "undo": lambda spec: spec.key in ("trakt", "simkl", "listenbrainz"),
    "find many": lambda spec: not spec.resend_is_safe,
    "confirm": lambda spec: not spec.resend_is_safe,
}
EVERY = [
    pytest.param(spec, call, id=f"{spec.key} {call}")
    for spec in ASKED
    for call in CALLS
    if SOME.get(call, lambda spec: True)(spec)
]


@pytest.mark.parametrize(("spec", "call"), EVERY)
async def test_any_answer_to_any_call_ends_in_an_error_of_ours_or_a_result(
    spec: ServiceSpec, call: str, folder: Path
) -> None:
    answers = Answers(answer(200))
    service = the_service(spec, answers, folder)
    for name, reply in replies():
        answers.answers, answers.requests = [reply], []
        client = service.client(an_account(spec.key), MemorySlot(a_secret()))
        came, said = await outcome(CALLS[call](client, spec), name)
        assert is_sentence(said), f"{name}: {said}"
        if call.startswith("submit") or call == "change":
            assert not isinstance(came, Skipped), name
            taken = isinstance(came, Delivered) and not says_yes(spec, call, name)
            # Trakt and Simkl say 409 of what they have already.
            assert not taken or name.startswith("409"), f"{name}: {came}"
        if call == "undo":
            # What says nothing removes nothing.
            assert came in (None, Removal.NOT_THERE) or name.startswith("20"), f"{name}: {came}"
        if call == "find":
            assert came is None or not spec.resend_is_safe, name
        assert len(answers.requests) <= MOST_REQUESTS, f"{name}: {len(answers.requests)} requests"


@pytest.mark.parametrize("spec", ASKED, ids=[spec.key for spec in ASKED])
async def test_any_answer_to_a_link_links_nobody(spec: ServiceSpec, folder: Path) -> None:
    answers = Answers(answer(200))
    service = the_service(spec, answers, folder)

    async def pasted() -> str:
        return TOKEN

    for name, reply in replies():
        answers.answers, answers.requests = [reply], []
        ways = [LinkRequest(secret=TOKEN)]
        if spec.key == "lastfm":
            ways = [LinkRequest(), LinkRequest(username="anna", secret="secret")]
        if spec.key == "myanimelist":
            # The browser ended at an address, which is pasted.
            ways = [LinkRequest(pasted=pasted)]
        for request in ways:
            linked, said = await outcome(service.link(request, Prompts()), name)
            assert linked is None, f"{spec.name} linked {linked} by {name}"
            assert is_sentence(said), f"{name}: {said}"
            assert TOKEN not in said, name


@pytest.mark.parametrize("spec", [spec for spec in ASKED if spec.custom_server])
async def test_any_answer_to_a_probe_is_told(spec: ServiceSpec, folder: Path) -> None:
    answers = Answers(answer(200))
    service = cast(Prober, the_service(spec, answers, folder))
    for name, reply in replies():
        answers.answers, answers.requests = [reply], []
        found, said = await outcome(service.probe("https://music.example"), name)
        assert isinstance(found, ProbeResult), name
        assert said == ""
        assert bool(found.kind) is not bool(found.trouble), name
        assert is_sentence(found.trouble), name
        assert len(answers.requests) <= MOST_REQUESTS, name


#: What every service means by these, whatever else it says.
EVERYWHERE: list[tuple[str, httpx.Response | Exception, tuple[type[CompanionError], ...]]] = [
    *[
        (str(status), answer(status, "<html>"), (ServiceTrouble,))
        for status in (500, 502, 503, 504, 520, 521, 522)
    ],
    ("portal", answer(200, "<html>Sign in</html>"), (ServiceTrouble,)),
    ("cut", answer(200, '{"id": 5, "na'), (ServiceTrouble,)),
    ("another shape", answer(200, [1, 2]), (ServiceTrouble,)),
    ("429", answer(429, "", {"Retry-After": "7"}), (RateLimited,)),
    ("silence", httpx.ReadTimeout("x"), (Unanswered,)),
    ("no connection", httpx.ConnectError("x"), (Unreachable,)),
]


@pytest.mark.parametrize(
    ("reply", "errors"), [row[1:] for row in EVERYWHERE], ids=[row[0] for row in EVERYWHERE]
)
@pytest.mark.parametrize("spec", ASKED, ids=[spec.key for spec in ASKED])
async def test_what_every_service_means_by_these(
    spec: ServiceSpec,
    reply: httpx.Response | Exception,
    errors: tuple[type[CompanionError], ...],
    folder: Path,
) -> None:
    answers = Answers(reply)
    client = the_service(spec, answers, folder).client(an_account(spec.key), MemorySlot(a_secret()))
    with pytest.raises(errors) as caught:
        await client.whoami()
    # A login is never taken for gone, or a day for over, because a service has trouble.
    assert not isinstance(caught.value, LinkExpired | LinkRefused | QuotaExhausted)
    assert spec.name in str(caught.value) or "127.0.0.1" in str(caught.value) or answers.requests
