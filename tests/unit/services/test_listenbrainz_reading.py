"""Reading listens and feedback from ListenBrainz: pages, borders, refusals, compatible servers."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from revenge_companion.core.changes import Verb
from revenge_companion.core.delivery import Delivered, Refused
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
from revenge_companion.core.library import Facet, Precision
from revenge_companion.core.media import MusicIds
from revenge_companion.net.http import Answer
from revenge_companion.services.base import AgeLimited, Secret, TakesChanges
from revenge_companion.services.importing import Readable
from revenge_companion.services.listenbrainz import listens
from revenge_companion.services.listenbrainz.client import ListenBrainzClient
from revenge_companion.services.listenbrainz.reading import Reading
from revenge_companion.services.listenbrainz.service import ListenBrainz
from tests.unit.services.kit import (
    CUT,
    PORTAL,
    TOKEN,
    Answers,
    MemorySlot,
    QuickClock,
    a_told,
    a_track,
    an_account,
    answer,
    cassette,
    entries_of,
    played,
    utc,
    walk,
)

RECORDING = "52f8f9ee-1ab2-4c52-9ac5-1c1d1f8e4f6a"
SPAN_S = 30 * 86_400
NEWEST_S = 1_772_395_000


def a_client(answers: Answers, **account: Any) -> ListenBrainzClient:
    known = {"remote_id": "rj & co"} | account
    slot = MemorySlot(Secret(TOKEN))
    return ListenBrainz(answers.http, QuickClock(), {}).client(
        an_account("listenbrainz", **known), slot
    )


def failed(status: int, words: str = "prose", **more: str) -> httpx.Response:
    return answer(status, {"code": status, "error": words}, more)


def a_listen(at_s: int, title: str) -> dict[str, Any]:
    return {
        "listened_at": at_s,
        "recording_msid": str(uuid5(NAMESPACE_URL, title)),
        "track_metadata": {"artist_name": "Low", "track_name": title},
    }


class Server:
    """Listens and feedback of one user as the server gives them, spans and all."""

    def __init__(self, listens: list[tuple[int, str]], *, ranges: bool = True) -> None:
        #: Unix seconds and title, in no order.
        self.listens = listens
        self.loved: list[str] = []
        #: Whether a range with both ends is answered.
        self.ranges = ranges
        #: What the server counts beyond what there is: listens that will be deleted.
        self.ghosts = 0
        self.most = 1000
        self.asked: list[dict[str, str]] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: dict[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        live: bool = True,
    ) -> Answer:
        assert (method, json, live) == ("GET", None, False)
        if self.asked:
            self.meanwhile()
        self.asked.append(dict(params or {}))
        if path.endswith("/listen-count"):
            return _answer({"payload": {"count": len(self.listens) + self.ghosts}})
        if path.endswith("/get-feedback"):
            return self._feedback(dict(params or {}))
        return self._listens({key: int(value) for key, value in (params or {}).items()})

    def _feedback(self, asked: Mapping[str, str]) -> Answer:
        offset, count = int(asked["offset"]), min(int(asked["count"]), self.most)
        page = [
            {"recording_mbid": str(uuid5(NAMESPACE_URL, name)), "score": 1, "created": 5}
            for name in self.loved[offset : offset + count]
        ]
        return _answer(
            {"feedback": page, "count": len(page), "total_count": len(self.loved), "offset": 0}
        )

    def _listens(self, asked: Mapping[str, int]) -> Answer:
        count = min(asked["count"], self.most)
        rows = sorted(self.listens, key=lambda one: -one[0])
        times = [at_s for at_s, _ in rows] or [0]
        if "min_ts" in asked:
            if "max_ts" in asked and not self.ranges:
                return Answer(400, {}, b'{"code": 400, "error": "No ranges."}', "lb.example")
            since_s, end_s = asked["min_ts"], asked.get("max_ts", 1 << 40)
            found = [one for one in rows if since_s < one[0] < end_s][-count:]
        else:
            found, end_s, span_s = [], asked.get("max_ts", times[0] + 1), SPAN_S
            while len(found) < count and end_s > times[-1]:
                # Both ends are left out, so what lies on one is in no span.
                found += [one for one in rows if end_s - span_s < one[0] < end_s]
                end_s, span_s = end_s - span_s, span_s * 3
            found = found[:count]
        return _answer(
            {
                "payload": {
                    "count": len(found),
                    "latest_listen_ts": times[0],
                    "oldest_listen_ts": times[-1],
                    "listens": [a_listen(at_s, title) for at_s, title in found],
                }
            }
        )

    def reading(self, page_rows: int) -> Reading:
        return Reading(self.send, "https://lb.example", "rj", page_rows=page_rows)


def _answer(body: object) -> Answer:
    return Answer(200, {}, json.dumps(body).encode(), "lb.example")


async def test_listens_are_asked_for_and_read_as_documented() -> None:
    count, tape = cassette("listenbrainz", "listen_count"), cassette("listenbrainz", "listens")
    answers = Answers(played(count), played(tape))
    page = await a_client(answers).page(Facet.HISTORY, "")

    assert [str(one.url) for one in answers.requests] == [
        count["request"]["url"],
        tape["request"]["url"],
    ]
    request = answers.requests[1]
    assert request.headers["authorization"] == tape["request"]["headers"]["authorization"]
    assert (page.next_cursor, page.total, page.unreadable) == ("", 2, ())
    first, second = page.entries
    assert (first.at, first.precision) == (utc("2026-03-01T19:56:40+00:00"), Precision.SECOND)
    assert first.line == "1772395000\t57a0b8f2-1a3c-4e5e-9d48-3b1fe1d0a9d4"
    subject = first.subject
    assert (subject.artist, subject.title, subject.album) == (
        "Low",
        "Words",
        "I Could Live in Hope",
    )
    assert subject.duration_s == 345.0
    assert subject.music_ids == MusicIds(
        recording_mbid=RECORDING,
        release_mbid="6c1c8c9a-26b7-4a3e-9f0d-3a8c6c2f9a11",
        artist_mbids=("bdb7b7e9-9ad3-4e9c-9d6f-2f1b2d5b8c60",),
    )
    # What the server maps a listen to is a guess, not what was submitted.
    assert second.subject.music_ids.recording_mbid is None
    assert second.subject.duration_s == 305.0


async def test_feedback_is_asked_for_and_read_as_documented() -> None:
    tape = cassette("listenbrainz", "feedback")
    answers = Answers(played(tape))
    page = await a_client(answers).page(Facet.LOVED, "")
    assert str(answers.requests[0].url) == tape["request"]["url"]
    assert (page.next_cursor, page.total) == ("", 4)
    read = [(one.line, one.loved, one.subject.label) for one in page.entries]
    assert read == [
        (RECORDING, True, "Low \N{EN DASH} Words"),
        ("0a5c2c0e-43c4-4c3c-8c39-3a4f2df8d2d5", False, "Bj\u00f6rk \N{EN DASH} J\u00f3ga"),
        (
            "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae",
            True,
            "Recording 8f3471b5-7e6a-48da-86a9-c1c07a0f47ae",
        ),
    ]
    assert page.entries[0].subject.music_ids.recording_mbid == RECORDING
    assert page.entries[0].at == utc("2026-03-01T19:56:40+00:00")
    assert page.unreadable == ("a recording without a name: 3b3f2df8-43c4-4c3c-8c39-0a5c2c0ed2d5",)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, "without artist or title"),
        ({"listened_at": 5}, "without artist or title"),
        ({"listened_at": 5, "track_metadata": {"artist_name": "Low"}}, "without artist or title"),
        (a_listen(0, "Words"), "without a date: Low \N{EN DASH} Words"),
        (a_listen(5, "Words") | {"listened_at": "soon"}, "without a date: Low \N{EN DASH} Words"),
        (a_listen(5, "Words") | {"listened_at": 1e300}, "without a date: Low \N{EN DASH} Words"),
        (a_listen(5, "Words") | {"listened_at": None}, "without a date: Low \N{EN DASH} Words"),
        (a_listen(5, "Words") | {"listened_at": [5]}, "without a date: Low \N{EN DASH} Words"),
    ],
)
def test_what_is_no_listen_says_why(row: dict[str, Any], words: str) -> None:
    assert listens.play(row) == words


@pytest.mark.parametrize("at", [1772395000, "1772395000 ", 1772395000.5, "1772395000.000000"])
def test_a_second_is_read_however_it_is_written(at: object) -> None:
    entry = listens.play(a_listen(5, "Words") | {"listened_at": at})
    assert not isinstance(entry, str)
    assert entry.at == utc("2026-03-01T19:56:40+00:00")
    assert entry.line.startswith(f"{NEWEST_S}\t")


@given(st.lists(st.integers(1, 12), max_size=16), st.integers(1, 6))
@settings(max_examples=150)
def test_a_walk_reads_every_listen_that_fits_a_page_with_its_second(
    seconds: list[int], page_rows: int
) -> None:
    # A page has to hold one more than share a second: there is no asking inside of one.
    found = [(NEWEST_S - at_s, f"Song {n}") for n, at_s in enumerate(seconds)]
    found = [one for one in found if [at_s for at_s, _ in found].count(one[0]) < page_rows]
    pages = asyncio.run(walk(Server(found).reading(page_rows)))
    assert {one.subject.title for one in entries_of(pages)} == {name for _, name in found}
    assert [said for page in pages for said in page.unreadable] == []


@given(st.lists(st.sampled_from([0, 1, SPAN_S - 1, SPAN_S, SPAN_S + 1, 4 * SPAN_S]), max_size=9))
@example([0, SPAN_S - 1])
@settings(max_examples=60)
def test_a_listen_between_two_spans_of_the_server_is_read(steps: list[int]) -> None:
    at_s, found = NEWEST_S, []
    for number, step in enumerate(steps):
        at_s -= step
        found.append((at_s, f"Song {number}"))
    pages = asyncio.run(walk(Server(found).reading(20)))
    assert {one.subject.title for one in entries_of(pages)} == {name for _, name in found}


async def test_a_server_that_counts_too_many_is_walked_twice_and_no_more() -> None:
    server = Server([(NEWEST_S - n, f"Song {n}") for n in range(9)])
    server.ghosts = 3
    pages = await walk(server.reading(4))
    assert len(entries_of(pages)) == 9
    assert len(server.asked) == 1 + 3 + 3
    server = Server(server.listens, ranges=False)
    server.ghosts = 3
    pages = await walk(server.reading(4))
    assert (len(entries_of(pages)), pages[-1].entries) == (9, ())


async def test_a_second_that_fills_a_page_is_told_of_and_passed() -> None:
    found = [(NEWEST_S, f"Song {n}") for n in range(5)] + [(NEWEST_S - 1, "Before")]
    pages = await walk(Server(found).reading(3))
    assert "Before" in {one.subject.title for one in entries_of(pages)}
    assert any(f"in the second {NEWEST_S}" in said for page in pages for said in page.unreadable)


async def test_a_server_that_gives_less_than_asked_is_read_to_its_end() -> None:
    server = Server([(NEWEST_S - n, f"Song {n}") for n in range(30)])
    server.most = 7
    assert len(entries_of(await walk(server.reading(20)))) == 30


async def test_a_walk_goes_on_from_any_of_its_cursors() -> None:
    server = Server([(NEWEST_S - n // 2, f"Song {n}") for n in range(20)])
    whole = await walk(server.reading(4))
    for position, page in enumerate(whole[:-1]):
        rest = await walk(server.reading(4), cursor=page.next_cursor)
        assert [one.entries for one in rest] == [one.entries for one in whole[position + 1 :]]
    assert {page.total for page in whole} == {20}


async def test_listens_that_come_meanwhile_move_nothing() -> None:
    server = Server([(NEWEST_S - n, f"Song {n}") for n in range(20)])

    def meanwhile() -> None:
        server.listens.append((NEWEST_S + len(server.asked), f"New {len(server.asked)}"))

    server.meanwhile = meanwhile
    read = {one.subject.title for one in entries_of(await walk(server.reading(6)))}
    assert {f"Song {n}" for n in range(20)} <= read


async def test_a_server_that_does_not_look_at_the_time_is_left() -> None:
    body = {"payload": {"listens": [a_listen(NEWEST_S, "Words")]}}
    client = a_client(Answers(answer(200, body)), api_url="https://other.example")
    with pytest.raises(ImportRefused, match="does not keep to the time"):
        await client.page(Facet.HISTORY, '{"max":500}')
    server = Server([(NEWEST_S, f"Song {n}") for n in range(3)])
    again = await server.reading(3).page(
        Facet.HISTORY, f'{{"min":{NEWEST_S - 1},"end":{NEWEST_S}}}'
    )
    assert again.next_cursor == ""


async def test_recordings_unloved_meanwhile_hide_no_others() -> None:
    server = Server([])
    server.loved = [f"Song {n}" for n in range(20)]
    stay = {str(uuid5(NAMESPACE_URL, name)) for name in server.loved[6:]}

    def meanwhile() -> None:
        if len(server.asked) < 4:
            del server.loved[:2]

    server.meanwhile = meanwhile
    pages = await walk(server.reading(3), Facet.LOVED)
    assert stay <= {one.line for one in entries_of(pages)}


async def test_recordings_loved_meanwhile_come_twice_at_most() -> None:
    server = Server([])
    server.loved = [f"Song {n}" for n in range(20)]
    server.most = 5
    before = {str(uuid5(NAMESPACE_URL, name)) for name in server.loved}
    server.meanwhile = lambda: server.loved.insert(0, f"New {len(server.asked)}")
    pages = await walk(server.reading(3), Facet.LOVED)
    assert before <= {one.line for one in entries_of(pages)}


async def test_marks_tell_how_much_there_is_and_of_when() -> None:
    server = Server([(100, "One"), (200, "Two")])
    server.loved = ["One"]
    before = await server.reading(200).marks()
    assert before == {Facet.HISTORY: "2/200/100", Facet.LOVED: "1/5"}
    server.listens.append((150, "Three"))
    assert (await server.reading(200).marks())[Facet.HISTORY] == "3/200/100"


PASSING: list[httpx.Response | Exception] = [
    *[failed(status) for status in (500, 502, 503, 504)],
    answer(500, "<html>"),
    answer(302),
    PORTAL,
    CUT,
    answer(200, [1]),
    answer(200, {"status": "ok"}),
    answer(200, {"payload": {"listens": None}}),
    httpx.ReadTimeout("late"),
]


@pytest.mark.parametrize("reply", PASSING)
async def test_trouble_that_may_pass_is_told_as_such(
    reply: httpx.Response | Exception,
) -> None:
    client = a_client(Answers(reply))
    with pytest.raises((ServiceTrouble, Unanswered)):
        await client.page(Facet.HISTORY, f'{{"max":{NEWEST_S + 1}}}')


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (failed(401), LinkExpired, "does not accept this token"),
        (failed(401, "The account is paused."), LaneBlocked, "paused"),
        (failed(403), LaneBlocked, "prose"),
        (failed(404, "Cannot find user: rj"), ImportRefused, "does not know a user rj & co"),
        (failed(400), ImportRefused, "did not answer: prose"),
        (httpx.ConnectError("no"), Unreachable, "cannot be reached"),
    ],
)
@pytest.mark.parametrize("facet", [Facet.HISTORY, Facet.LOVED])
async def test_trouble_that_stays_is_said_at_once(
    reply: httpx.Response | Exception, error: type[CompanionError], words: str, facet: Facet
) -> None:
    answers = Answers(reply)
    with pytest.raises(error, match=words):
        await a_client(answers).page(facet, "")
    assert len(answers.requests) == 1


async def test_a_limit_in_the_middle_says_how_long_and_the_walk_goes_on() -> None:
    limit = answer(429, {"code": 429}, {"X-RateLimit-Reset-In": "7"})
    answers = Answers(limit, played(cassette("listenbrainz", "listens")))
    client = a_client(answers)
    cursor = f'{{"max":{NEWEST_S + 1}}}'
    with pytest.raises(RateLimited) as caught:
        await client.page(Facet.HISTORY, cursor)
    assert caught.value.retry_after_s == 7.0
    assert len((await client.page(Facet.HISTORY, cursor)).entries) == 2


@pytest.mark.parametrize(
    ("api_url", "reply", "asked"),
    [
        (
            "https://m.example/apis/listenbrainz",
            answer(200, {"code": 200, "error": "Invalid Method"}),
            1,
        ),
        ("https://k.example/apis/listenbrainz", answer(404, "<html>"), 1),
        ("https://k.example", answer(405, "<html>"), 1),
        ("https://ms.example", failed(404), 1),
        ("https://ms.example/api/listenbrainz/me", answer(200), 0),
    ],
)
@pytest.mark.parametrize("facet", [Facet.HISTORY, Facet.LOVED])
async def test_a_server_that_shows_nothing_says_so(
    api_url: str, reply: httpx.Response, asked: int, facet: Facet
) -> None:
    answers = Answers(reply)
    client = a_client(answers, api_url=api_url)
    with pytest.raises(ImportRefused, match="does not show programs what was played"):
        await client.page(facet, "")
    assert len(answers.requests) == asked
    assert await client.marks() == {}


async def test_what_listenbrainz_does_not_keep_is_refused() -> None:
    answers = Answers(answer(200))
    with pytest.raises(ImportRefused):
        await a_client(answers).page(Facet.RATINGS, "")
    assert not answers.requests


def test_a_client_is_what_its_spec_promises() -> None:
    client = a_client(Answers(answer(200)))
    assert isinstance(client, Readable)
    assert isinstance(client, TakesChanges)
    assert not isinstance(client, AgeLimited)


@pytest.mark.parametrize(("verb", "score"), [(Verb.LOVE, 1), (Verb.HATE, -1), (Verb.UNLOVE, 0)])
async def test_a_told_is_a_score_by_the_same_call(verb: Verb, score: int) -> None:
    answers = Answers(answer(200, {"status": "ok"}))
    known = a_track(music_ids=MusicIds(recording_mbid=RECORDING))
    assert await a_client(answers).change([a_told(verb, known, 7)]) == {7: Delivered()}
    assert answers.paths == ["POST /1/feedback/recording-feedback"]
    assert answers.json() == {"recording_mbid": RECORDING, "score": score}


async def test_changes_that_cannot_be_told_are_said_row_by_row() -> None:
    answers = Answers(answer(200, {}), answer(200, {"status": "ok"}), failed(400))
    known = a_track(3, music_ids=MusicIds(recording_mbid=RECORDING))
    batch = [
        a_told(Verb.LOVE, a_track(1), 1),
        a_told(Verb.RATE, a_track(2), 2),
        a_told(Verb.LOVE, known, 3),
        a_told(Verb.HATE, known, 4),
    ]
    outcomes = await a_client(answers).change(batch)
    unknown = "ListenBrainz does not know this recording, so it cannot be loved there."
    assert outcomes == {
        1: Refused("not_taken", unknown),
        2: Refused("not_taken"),
        3: Delivered(),
        4: Refused("invalid", "prose"),
    }


async def test_a_server_that_keeps_no_loves_is_asked_nothing() -> None:
    answers = Answers(answer(200, {"status": "ok"}))
    client = a_client(answers, api_url="https://m.example/apis/listenbrainz")
    refused = Refused("not_taken", "m.example keeps no loved tracks.")
    assert await client.change([a_told(Verb.LOVE, a_track(), 1)]) == {1: refused}
    assert answers.requests == []
