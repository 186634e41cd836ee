"""Reading plays and loved tracks from Last.fm: pages, borders, refusals, compatible servers."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenge_companion.core.changes import Verb
from revenge_companion.core.delivery import Delivered, Refused, Skipped
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
from revenge_companion.core.library import Facet, Precision, SubjectKind
from revenge_companion.net.http import Answer
from revenge_companion.services.base import AgeLimited, Secret, TakesChanges
from revenge_companion.services.importing import Readable
from revenge_companion.services.lastfm.client import LastFmClient
from revenge_companion.services.lastfm.reading import Reading
from revenge_companion.services.lastfm.service import LastFm
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

KEYS = {"LASTFM_API_KEY": "a-key", "LASTFM_API_SECRET": "a-shared-one"}
GNU = "https://fm.example/2.0"


def a_client(answers: Answers, **account: Any) -> LastFmClient:
    service = LastFm(answers.http, QuickClock(), KEYS)
    known = {"remote_name": "rj"} | account
    return service.client(an_account("lastfm", **known), MemorySlot(Secret(TOKEN)))


def failed(code: object, status: int = 200) -> httpx.Response:
    return answer(status, {"error": code, "message": "prose"})


class Server:
    """Plays and loves of one user behind the two readings, as Last.fm or as GNU FM gives them."""

    def __init__(self, plays: list[tuple[int, str]], *, gnu: bool, included: bool) -> None:
        #: Unix seconds and title, in no order.
        self.plays = plays
        self.loved: list[str] = []
        self.gnu = gnu
        #: Whether the end of a range is part of it.
        self.included = included
        self.asked: list[dict[str, str]] = []
        #: Called before each answer but the first.
        self.meanwhile: Callable[[], None] = lambda: None

    async def call(self, method: str, fields: dict[str, str]) -> Answer:
        if self.asked:
            self.meanwhile()
        self.asked.append(fields)
        size, number = int(fields["limit"]), int(fields["page"])
        if method == "user.getLovedTracks":
            found = [{"name": name, "artist": {"name": "Low"}} for name in self.loved]
            return self._listed("lovedtracks", found, len(found), size, number)
        first, last = int(fields.get("from", 0)), int(fields.get("to", 1 << 40)) + self.included
        rows = sorted(self.plays, key=lambda play: -play[0])
        within = [_row(at_s, name) for at_s, name in rows if first <= at_s < last]
        return self._listed("recenttracks", within, len(rows), size, number)

    def _listed(
        self, root: str, found: list[dict[str, Any]], everything: int, size: int, number: int
    ) -> Answer:
        page = found[(number - 1) * size : number * size]
        about = {"user": "RJ", "total": str(len(found)), "totalPages": str(-(-len(found) // size))}
        playing: dict[str, Any] = {**_row(1, "Playing"), "@attr": {"nowplaying": "true"}}
        if self.gnu:
            about = {"totalPages": str(-(-everything // size))}
            if not page:
                return _answer({"error": {"#text": "Invalid resource", "code": "7"}})
        else:
            del playing["date"]
        if root == "recenttracks":
            page = [playing, *page]
        return _answer({root: {"track": page[0] if len(page) == 1 else page, "@attr": about}})

    def reading(self, page_rows: int) -> Reading:
        return Reading(self.call, "rj", custom=self.gnu, page_rows=page_rows)


def _row(at_s: int, title: str) -> dict[str, Any]:
    return {"name": title, "artist": {"#text": "Low"}, "album": "", "date": {"uts": str(at_s)}}


def _answer(body: object) -> Answer:
    return Answer(200, {}, json.dumps(body).encode(), "fm.example")


async def test_plays_are_asked_for_and_read_as_documented() -> None:
    tape = cassette("lastfm", "recent_tracks")
    answers = Answers(played(tape))
    page = await a_client(answers).page(Facet.HISTORY, "")

    assert str(answers.requests[0].url) == tape["request"]["url"]
    form = answers.form()
    assert len(form.pop("api_sig")) == 32
    assert form == tape["request"]["form"]
    assert (page.next_cursor, page.total, page.unreadable) == ("", 2, ())
    first, second = page.entries
    assert (first.facet, first.at, first.precision) == (
        Facet.HISTORY,
        utc("2026-03-01T19:56:40+00:00"),
        Precision.SECOND,
    )
    subject = first.subject
    assert (subject.kind, subject.artist, subject.title, subject.album) == (
        SubjectKind.TRACK,
        "Bj\u00f6rk",
        "J\u00f3ga",
        "Homogenic",
    )
    # The id is of a MusicBrainz track at best.
    assert subject.music_ids.track_mbid is None
    assert first.line == "1772395000\tBj\u00f6rk\tJ\u00f3ga"
    assert second.subject.album == ""


async def test_one_play_comes_without_its_list() -> None:
    page = await a_client(Answers(played(cassette("lastfm", "recent_tracks_one")))).page(
        Facet.HISTORY, ""
    )
    assert [one.line for one in page.entries] == ["1772394000\tLow\tWords"]


async def test_loved_tracks_have_the_date_they_were_loved() -> None:
    answers = Answers(played(cassette("lastfm", "loved_tracks")))
    page = await a_client(answers).page(Facet.LOVED, "")
    assert answers.form()["method"] == "user.getLovedTracks"
    assert [(one.line, one.loved, one.at) for one in page.entries] == [
        ("Low\tWords", True, utc("2026-03-01T19:56:40+00:00")),
        ("Dream Theater\tThe Glass Prison", True, utc("2008-07-18T08:58:34+00:00")),
    ]


@pytest.mark.parametrize("track", [[], "", None])
async def test_an_account_without_plays_is_read_at_once(track: object) -> None:
    body: dict[str, Any] = {"@attr": {"user": "rj", "total": "0", "totalPages": "0"}}
    if track is not None:
        body["track"] = track
    page = await a_client(Answers(answer(200, {"recenttracks": body}))).page(Facet.HISTORY, "")
    assert (page.entries, page.next_cursor, page.total) == ((), "", 0)


async def test_what_cannot_be_read_is_counted_with_its_reason() -> None:
    rows = [
        _row(1_772_394_000, "Fine"),
        _row(1_772_394_000, "") | {"name": None},
        _row(0, "From 1970"),
        _row(1 << 50, "From the far future"),
        {"name": "No artist", "artist": [], "date": {"uts": "1772394000"}},
    ]
    body = {"track": rows, "@attr": {"user": "rj", "total": "5", "totalPages": "1"}}
    page = await a_client(Answers(answer(200, {"recenttracks": body}))).page(Facet.HISTORY, "")
    assert [one.subject.title for one in page.entries] == ["Fine"]
    assert sorted(page.unreadable) == [
        "without a date: Low \N{EN DASH} From 1970",
        "without a date: Low \N{EN DASH} From the far future",
        "without artist or title",
        "without artist or title",
    ]


@given(
    st.lists(st.integers(1, 6), max_size=14),
    st.integers(1, 5),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=150)
def test_a_walk_reads_every_play_whatever_the_page_and_the_seconds(
    seconds: list[int], page_rows: int, gnu: bool, included: bool
) -> None:
    plays = [(at_s * 100, f"Song {n}") for n, at_s in enumerate(seconds)]
    server = Server(plays, gnu=gnu, included=included)
    pages = asyncio.run(walk(server.reading(page_rows)))
    read = [(one.subject.title, one.at) for one in entries_of(pages)]
    assert sorted(title for title, _ in read) == sorted(name for _, name in plays)
    assert {one.line for one in entries_of(pages)} == {f"{s}\tLow\t{n}" for s, n in plays}


@given(
    st.lists(st.integers(1, 6), min_size=6, max_size=14),
    st.integers(2, 4),
    st.data(),
)
@settings(max_examples=80)
def test_plays_that_come_and_go_meanwhile_hide_no_others(
    seconds: list[int], page_rows: int, data: st.DataObject
) -> None:
    plays = [(at_s * 100 + n, f"Song {n}") for n, at_s in enumerate(seconds)]
    server = Server(list(plays), gnu=False, included=data.draw(st.booleans()))
    gone: set[str] = set()

    def meanwhile() -> None:
        server.plays.append((10_000 + len(server.asked), f"New {len(server.asked)}"))
        victim = server.plays.pop(data.draw(st.integers(0, len(server.plays) - 2)))
        gone.add(victim[1])

    server.meanwhile = meanwhile
    read = {one.subject.title for one in entries_of(asyncio.run(walk(server.reading(page_rows))))}
    assert {name for _, name in plays} - gone <= read
    assert read <= {name for _, name in plays}


async def test_a_walk_goes_on_from_any_of_its_cursors() -> None:
    server = Server([(100 + n // 3, f"Song {n}") for n in range(20)], gnu=False, included=False)
    whole = await walk(server.reading(4))
    for position, page in enumerate(whole[:-1]):
        rest = await walk(server.reading(4), cursor=page.next_cursor)
        assert [one.entries for one in rest] == [one.entries for one in whole[position + 1 :]]
    assert {page.total for page in whole} == {20}


@pytest.mark.parametrize("cursor", ["{", "[]", '{"page":-1}', '{"to":"x"}', '{"page":true}'])
async def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    answers = Answers(answer(200))
    with pytest.raises(ImportRefused, match="Begin a new one"):
        await a_client(answers).page(Facet.HISTORY, cursor)
    assert not answers.requests


@pytest.mark.parametrize("gnu", [False, True])
async def test_tracks_loved_and_unloved_meanwhile_hide_no_others(gnu: bool) -> None:
    server = Server([], gnu=gnu, included=False)
    server.loved = [f"Song {n}" for n in range(20)]
    stay = set(server.loved[6:])

    def meanwhile() -> None:
        # Two go from what was read, and the later pages move up by two.
        if len(server.asked) < 4 and not gnu:
            del server.loved[:2]

    server.meanwhile = meanwhile
    pages = await walk(server.reading(3), Facet.LOVED)
    assert stay <= {one.subject.title for one in entries_of(pages)}


async def test_a_server_that_gives_the_same_page_for_ever_is_left() -> None:
    track = [_row(100, "One"), _row(100, "Two")]
    answers = Answers(answer(200, {"lovedtracks": {"track": track}}))
    assert len(await walk(a_client(answers, api_url=GNU), Facet.LOVED)) == 2
    newer = [_row(500 - n, f"Song {n}") for n in range(200)]
    answers = Answers(answer(200, {"recenttracks": {"track": newer}}))
    with pytest.raises(ImportRefused, match="does not keep to the time"):
        await walk(a_client(answers, api_url=GNU), cursor='{"to":200,"page":1}')


async def test_a_page_that_is_short_is_no_end_while_the_server_counts_more() -> None:
    about = {"user": "rj", "total": "400", "totalPages": "2"}
    short = answer(200, {"recenttracks": {"track": [_row(100, "One")], "@attr": about}})
    page = await a_client(Answers(short)).page(Facet.HISTORY, '{"to":101,"page":1,"total":400}')
    assert json.loads(page.next_cursor) == {"to": 101, "page": 2, "total": 400}


async def test_marks_tell_how_much_there_is_and_of_when() -> None:
    server = Server([(100, "One"), (200, "Two")], gnu=False, included=False)
    reading = server.reading(200)
    before = await reading.marks()
    assert before == {Facet.HISTORY: "2/200", Facet.LOVED: "0/None"}
    assert await reading.marks() == before
    server.plays.append((150, "Three"))
    assert (await reading.marks())[Facet.HISTORY] != before[Facet.HISTORY]


async def test_a_server_that_shows_nothing_has_no_marks() -> None:
    assert await a_client(Answers(failed(3)), api_url=GNU).marks() == {}


async def test_an_answer_about_somebody_else_is_trouble() -> None:
    tape = cassette("lastfm", "recent_tracks_one")
    tape["response"]["json"]["recenttracks"]["@attr"]["user"] = "somebody"
    with pytest.raises(ServiceTrouble, match="somebody else"):
        await a_client(Answers(played(tape))).page(Facet.HISTORY, "")


PASSING: list[httpx.Response | Exception] = [
    *[failed(code, 500) for code in (2, 8, 11, 16)],
    failed(7),
    answer(400, "<html>"),
    answer(500, "<html>"),
    answer(503),
    PORTAL,
    CUT,
    answer(200, [1]),
    answer(200, {"recenttracks": "none"}),
    answer(200, {"recenttracks": {"track": [], "@attr": {"total": "5", "totalPages": "1"}}}),
    httpx.ReadTimeout("late"),
]


@pytest.mark.parametrize("reply", PASSING)
async def test_trouble_that_may_pass_is_told_as_such(reply: httpx.Response | Exception) -> None:
    answers = Answers(reply)
    with pytest.raises((ServiceTrouble, Unanswered)):
        await a_client(answers).page(Facet.HISTORY, "")
    assert len(answers.requests) == 1


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (failed(9, 403), LinkExpired, "does not accept this link"),
        (failed(17, 403), ImportRefused, "hides what rj plays"),
        (failed(6, 404), ImportRefused, "does not know a user rj"),
        (failed(10, 403), LaneBlocked, "API key"),
        (failed(26, 403), LaneBlocked, "API key"),
        (httpx.ConnectError("no"), Unreachable, "cannot be reached"),
    ],
)
async def test_trouble_that_stays_is_said_at_once(
    reply: httpx.Response | Exception, error: type[CompanionError], words: str
) -> None:
    answers = Answers(reply)
    with pytest.raises(error, match=words):
        await a_client(answers).page(Facet.HISTORY, "")
    assert len(answers.requests) == 1


@pytest.mark.parametrize(
    ("reply", "wait_s"),
    [
        (failed(29, 429), 60.0),
        (answer(429, {"error": 29, "message": "x"}, {"Retry-After": "9"}), 9.0),
        (answer(429, "", {"Retry-After": "9"}), 9.0),
    ],
)
async def test_a_limit_in_the_middle_says_how_long_and_the_walk_goes_on(
    reply: httpx.Response, wait_s: float
) -> None:
    rows = [_row(1_772_394_000 - n, f"Song {n}") for n in range(200)]
    about = {"user": "rj", "total": "201", "totalPages": "2"}
    last = {"track": [_row(1, "Last")], "@attr": {"user": "rj", "total": "1", "totalPages": "1"}}
    answers = Answers(
        answer(200, {"recenttracks": {"track": rows, "@attr": about}}),
        reply,
        answer(200, {"recenttracks": last}),
    )
    client = a_client(answers)
    first = await client.page(Facet.HISTORY, "")
    with pytest.raises(RateLimited) as caught:
        await client.page(Facet.HISTORY, first.next_cursor)
    assert caught.value.retry_after_s == wait_s
    second = await client.page(Facet.HISTORY, first.next_cursor)
    assert [one.subject.title for one in second.entries] == ["Last"]
    form = answers.form()
    assert (form["from"], form["to"], form["page"]) == ("1", str(1_772_394_000 - 198), "1")


@pytest.mark.parametrize(
    ("api_url", "reply"),
    [
        ("https://m.example/apis/audioscrobbler/2.0", failed(3)),
        ("https://ms.example/api/lastfm", answer(400, {"error": "Unknown method"})),
        ("https://proxy.example/2.0", failed(6)),
        ("https://other.example/2.0", answer(404, "<html>")),
        ("https://other.example/2.0", answer(405)),
    ],
)
@pytest.mark.parametrize("facet", [Facet.HISTORY, Facet.LOVED])
async def test_a_server_that_shows_nothing_says_so(
    api_url: str, reply: httpx.Response, facet: Facet
) -> None:
    answers = Answers(reply)
    with pytest.raises(ImportRefused, match="does not show programs what was played"):
        await a_client(answers, api_url=api_url).page(facet, "")
    assert len(answers.requests) == 1


async def test_what_lastfm_does_not_keep_is_refused() -> None:
    answers = Answers(answer(200))
    with pytest.raises(ImportRefused):
        await a_client(answers).page(Facet.RATINGS, "")
    assert not answers.requests


def test_a_client_is_what_its_spec_promises() -> None:
    client = a_client(Answers(answer(200)))
    assert isinstance(client, Readable)
    assert isinstance(client, TakesChanges)
    assert isinstance(client, AgeLimited)


async def test_the_age_limit_is_lastfms_own() -> None:
    own, gnu = a_client(Answers(answer(200))), a_client(Answers(answer(200)), api_url=GNU)
    assert own.max_age_s == timedelta(days=14).total_seconds()
    assert gnu.max_age_s is None


@pytest.mark.parametrize(
    ("verb", "method"), [(Verb.LOVE, "track.love"), (Verb.UNLOVE, "track.unlove")]
)
async def test_a_told_loves_by_the_same_call(verb: Verb, method: str) -> None:
    answers = Answers(answer(200, {}))
    outcomes = await a_client(answers).change([a_told(verb, a_track(), 7)])
    assert outcomes == {7: Delivered()}
    form = answers.form()
    assert (form["method"], form["artist"], form["track"]) == (method, "Low", "Words 1")


async def test_changes_that_cannot_be_told_are_said_row_by_row() -> None:
    answers = Answers(failed(6), answer(200, {}))
    batch = [
        a_told(Verb.LOVE, a_track(1), 1),
        a_told(Verb.HATE, a_track(2), 2),
        a_told(Verb.RATE, a_track(3), 3),
        a_told(Verb.LOVE, a_track(4, artist=None), 4),
        a_told(Verb.LOVE, a_track(5), 5),
    ]
    outcomes = await a_client(answers).change(batch)
    assert outcomes == {
        1: Refused("not_taken", "Last.fm did not accept this track: prose"),
        2: Skipped("not_taken", "Last.fm keeps no hated tracks."),
        3: Refused("not_taken"),
        4: Refused("not_taken", "It has no artist or no title."),
        5: Delivered(),
    }


async def test_changes_stop_at_trouble_and_at_fifty() -> None:
    batch = [a_told(Verb.LOVE, a_track(n), n) for n in range(1, 61)]
    answers = Answers(answer(200, {}))
    outcomes = await a_client(answers).change(batch)
    assert sum(one == Delivered() for one in outcomes.values()) == len(answers.requests) == 50
    assert len(outcomes) == 60
    with pytest.raises(LinkExpired):
        await a_client(Answers(failed(9, 403))).change(batch)
