"""Reading an AniList list: every status, cours, films, chunks that change, and what is refused."""

import copy
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from revenge_companion.core.errors import (
    CompanionError,
    ImportRefused,
    LaneBlocked,
    LinkExpired,
    RateLimited,
    ServiceTrouble,
    Unreachable,
)
from revenge_companion.core.library import Entry, Facet, Precision, SubjectKind
from revenge_companion.core.ratings import Scale
from revenge_companion.core.reasons import Reason
from revenge_companion.net.http import Http
from revenge_companion.services.anilist.client import AniListClient
from revenge_companion.services.anilist.service import AniList
from revenge_companion.services.anilist.spec import SPEC
from revenge_companion.services.animemap.walk import GOOD_FOR_S
from revenge_companion.services.base import Secret
from revenge_companion.services.importing import Readable
from tests.unit.services.anime import a_map, anilist_error
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
    entries_of,
    played,
    walk,
)

VIEWER = cassette("anilist", "viewer")
LIST = cassette("anilist", "collection")


class Site:
    """An AniList that answers with chunks of lists, and keeps what it was asked."""

    def __init__(self, *chunks: list[dict[str, Any]], score_format: str = "POINT_100") -> None:
        self.chunks = list(chunks)
        self.score_format = score_format
        self.asked: list[dict[str, Any]] = []
        #: Called before a chunk is answered, with its number.
        self.before: dict[int, Any] = {}

    @property
    def http(self) -> Http:
        return Http(transport=httpx.MockTransport(self.handle))

    @property
    def numbers(self) -> list[int]:
        """The chunks that were asked for, in order."""
        return [one["chunk"] for one in self.asked if "chunk" in one]

    async def handle(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.asked.append(body["variables"])
        if "Viewer" in body["query"]:
            options = {"scoreFormat": self.score_format}
            return answer(200, {"data": {"Viewer": {"id": 7, "mediaListOptions": options}}})
        number = body["variables"]["chunk"]
        if number in self.before:
            self.before.pop(number)()
        lists = self.chunks[number - 1] if number <= len(self.chunks) else []
        collection = {"hasNextChunk": number < len(self.chunks), "lists": lists}
        return answer(200, {"data": {"MediaListCollection": collection}})


def one_list(*entries: dict[str, Any], own: str = "") -> list[dict[str, Any]]:
    return [{"name": own or "Watching", "isCustomList": bool(own), "entries": list(entries)}]


def an_entry(number: int, **values: Any) -> dict[str, Any]:
    about = {"id": number, "format": "TV", "episodes": 12, "title": {"english": f"Anime {number}"}}
    known = {"mediaId": number, "status": "CURRENT", "progress": 1, "media": about}
    return known | values


def a_client(
    http: Http, folder: Path, clock: QuickClock | None = None, **values: Any
) -> AniListClient:
    clock = clock or QuickClock()
    service = AniList(http, clock, {}, a_map(folder, clock=clock, **values))
    return service.client(an_account("anilist"), MemorySlot(Secret(TOKEN)))


async def read(client: Readable, facet: Facet) -> list[Entry]:
    return entries_of(await walk(client, facet))


def said(entries: Iterable[Entry]) -> dict[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    for one in entries:
        subject = one.subject
        series = subject.series.ids.tvdb if subject.series is not None else None
        place = (series, subject.season_number, subject.episode_number)
        if subject.kind is SubjectKind.MOVIE:
            place = (subject.ids.imdb, None, None)
        found[one.line] = (*place, one.plays, one.at.date().isoformat() if one.at else "")
    return found


async def test_the_list_is_asked_for_as_documented(tmp_path: Path) -> None:
    answers = Answers(played(VIEWER), played(LIST))
    client = a_client(answers.http, tmp_path)
    assert isinstance(client, Readable)
    assert await client.marks() == {}
    (page,) = await walk(client)
    request = answers.requests[1]
    assert str(request.url) == LIST["request"]["url"]
    for key, value in LIST["request"]["headers"].items():
        assert request.headers[key] == value
    assert answers.json(1)["variables"] == LIST["request"]["json"]["variables"]
    assert answers.json(1)["query"].startswith("query ($userId: Int!")
    assert page.total == len(page.entries)
    assert page.unreadable == ()


async def test_progress_becomes_plays_of_episodes_where_the_map_knows_them(tmp_path: Path) -> None:
    client = a_client(Answers(played(VIEWER), played(LIST)).http, tmp_path)
    found = await read(client, Facet.HISTORY)
    assert said(found) == {
        "21355/1": (305089, 1, 1, 1, "2020-01-02"),
        "21355/1/again": (305089, 1, 1, 1, ""),
        "21355/2": (305089, 1, 2, 1, ""),
        "21355/2/again": (305089, 1, 2, 1, ""),
        "21355/3": (305089, 1, 3, 1, "2020-03-04"),
        "21355/3/again": (305089, 1, 3, 1, ""),
        # The second cour of a season.
        "119661/1": (305089, 2, 14, 1, ""),
        "119661/2": (305089, 2, 15, 1, ""),
        # A film of which only the year is known.
        "909/1": ("tt0900009", None, None, 1, ""),
        # A special the map does not place, and what it does not know at all.
        "100049/1": (None, None, 1, 1, ""),
        "912/1": (None, None, 1, 1, ""),
        # Seen once, and again as far as the first of two; counted through all seasons.
        "21/1": (81797, 1, 1, 1, ""),
        "21/1/again": (81797, 1, 1, 1, ""),
        "21/2": (81797, 1, 2, 1, ""),
    }
    reasons = {one.line: one.reason for one in found if one.reason}
    assert reasons == {
        "100049/1": Reason.ANIME_UNPLACED,
        "912/1": Reason.ANIME_UNPLACED,
        "21/1": Reason.ANIME_ABSOLUTE,
        "21/1/again": Reason.ANIME_ABSOLUTE,
        "21/2": Reason.ANIME_ABSOLUTE,
    }
    by_line = {one.line: one for one in found}
    assert by_line["21355/3"].precision is Precision.DAY
    assert by_line["21355/3"].subject.refs == (("anilist", "21355/3"), ("mal", "31240/3"))
    assert by_line["912/1"].subject.label == "\u96a0 E01"


async def test_scores_plans_and_own_lists_are_read(tmp_path: Path) -> None:
    client = a_client(Answers(played(VIEWER), played(LIST)).http, tmp_path)
    ratings = {one.line: one for one in await read(client, Facet.RATINGS)}
    assert {key: (one.rating, one.steps) for key, one in ratings.items()} == {
        "21355": (83, 100),
        "909": (100, 100),
    }
    assert ratings["21355"].at == datetime.fromtimestamp(1710000000, UTC)
    assert ratings["21355"].subject.season_number == 1
    (plan,) = await read(client, Facet.WATCHLIST)
    assert plan.at == datetime.fromtimestamp(1720000000, UTC)
    assert plan.subject.refs == (("anilist", "108632"), ("mal", "39587"))
    assert plan.reason == Reason.ANIME_PART
    lists = await read(client, Facet.LISTS)
    assert {(one.list_name, one.line) for one in lists} == {
        ("With the cat", "21355/With the cat"),
        ("With the cat", "912/With the cat"),
    }


async def test_without_a_map_entries_stand_for_themselves(tmp_path: Path) -> None:
    answers = Answers(played(VIEWER), played(LIST))
    client = a_client(answers.http, tmp_path, body=b"")
    for facet in SPEC.imports:
        found = await read(client, facet)
        assert {one.reason for one in found} == {Reason.ANIME_MAP_MISSING}
        assert all(dict(one.subject.refs)["anilist"] for one in found)


async def test_one_reading_is_good_for_every_facet_of_an_import(tmp_path: Path) -> None:
    site, clock = Site(one_list(an_entry(1))), QuickClock()
    client = a_client(site.http, tmp_path, clock)
    for facet in SPEC.imports:
        await walk(client, facet)
    assert len(site.asked) == 2
    await client.marks()
    await walk(client)
    assert len(site.asked) == 4
    clock.advance(GOOD_FOR_S + 1)
    await walk(client)
    assert site.numbers == [1, 1, 1]


@pytest.mark.parametrize(
    ("score_format", "score", "native", "rating", "steps"),
    [
        ("POINT_100", 83, 83, 83, Scale.HUNDRED),
        ("POINT_10_DECIMAL", 83, 8.3, 83, Scale.HUNDRED),
        ("POINT_10", 80, 8, 80, Scale.TEN),
        # The raw value of four stars is 70.
        ("POINT_5", 70, 4, 80, Scale.STARS),
        ("POINT_3", 60, 2, 60, Scale.SMILEYS),
        ("something new", 83, 9, 83, Scale.HUNDRED),
    ],
)
async def test_scores_are_read_in_the_users_own_format(
    tmp_path: Path, score_format: str, score: int, native: float, rating: int, steps: int
) -> None:
    entry = an_entry(1, score=score, native=native)
    site = Site(one_list(entry, an_entry(2, score=0, native=0)), score_format=score_format)
    (one,) = await read(a_client(site.http, tmp_path), Facet.RATINGS)
    assert (one.rating, one.steps) == (rating, steps)


async def test_chunks_are_read_a_second_time_but_the_last(tmp_path: Path) -> None:
    site = Site(*(one_list(an_entry(number)) for number in (1, 2, 3)))
    pages = await walk(a_client(site.http, tmp_path))
    assert site.numbers == [1, 2, 3, 1, 2]
    assert {one.line for one in entries_of(pages)} == {"1/1", "2/1", "3/1"}
    assert [page.total for page in pages] == [None, None, 3, 3, 3]


async def test_an_entry_that_slips_through_between_chunks_is_found(tmp_path: Path) -> None:
    """Somebody removes the first entry after the first chunk was read: all others move up."""
    site = Site(
        one_list(an_entry(1), an_entry(2)),
        one_list(an_entry(3), an_entry(4)),
        one_list(an_entry(5)),
    )

    def removed() -> None:
        site.chunks = [
            one_list(an_entry(2), an_entry(3)),
            one_list(an_entry(4), an_entry(5)),
        ]

    site.before[2] = removed
    found = entries_of(await walk(a_client(site.http, tmp_path)))
    assert {one.line for one in found} == {f"{number}/1" for number in range(1, 6)}


async def test_an_entry_in_two_chunks_is_one(tmp_path: Path) -> None:
    site = Site(one_list(an_entry(1)), one_list(an_entry(1), an_entry(2), own="Best"))
    client = a_client(site.http, tmp_path)
    pages = await walk(client)
    assert len(entries_of(pages)) == 2
    assert pages[-1].total == 2
    lists = await walk(client, Facet.LISTS)
    assert {one.line for one in entries_of(lists)} == {"1/Best", "2/Best"}
    assert lists[-1].total == 2


async def test_what_was_changed_meanwhile_is_read_as_it_is_then(tmp_path: Path) -> None:
    """The second way tells what is new to it, and nothing twice."""
    site = Site(one_list(an_entry(1), an_entry(2)), one_list(an_entry(3)))

    def watched() -> None:
        site.chunks[0] = one_list(an_entry(1, progress=2), an_entry(2))

    site.before[2] = watched
    pages = await walk(a_client(site.http, tmp_path))
    assert [[one.line for one in page.entries] for page in pages] == [
        ["1/1", "2/1"],
        ["3/1"],
        ["1/1", "1/2"],
    ]


async def test_a_long_chunk_comes_in_pages_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    entries = [
        an_entry(n, progress=400, media={"title": {"romaji": f"Long {n}"}}) for n in range(1, 8)
    ]
    site = Site(one_list(*entries))
    pages = await walk(a_client(site.http, tmp_path))
    assert [len(page.entries) for page in pages] == [1200, 1200, 400]
    # Another program, and the same list in another order.
    site.chunks = [one_list(*reversed(entries))]
    rest = await walk(a_client(site.http, tmp_path), cursor=pages[0].next_cursor)
    lines = [one.line for page in (pages[0], *rest) for one in page.entries]
    assert sorted(lines) == sorted(one.line for one in entries_of(pages))


async def test_a_page_of_a_list_that_is_another_by_now_begins_its_chunk_anew(
    tmp_path: Path,
) -> None:
    entries = [
        an_entry(n, progress=400, media={"title": {"romaji": f"Long {n}"}}) for n in range(1, 5)
    ]
    site = Site(one_list(*entries))
    first = (await walk(a_client(site.http, tmp_path)))[0]
    site.chunks = [one_list(an_entry(5), *entries)]
    rest = await walk(a_client(site.http, tmp_path), cursor=first.next_cursor)
    assert {one.line.partition("/")[0] for one in entries_of(rest)} == set("12345")


async def test_entries_that_make_no_sense_are_told_and_passed(tmp_path: Path) -> None:
    wrong = [
        an_entry(1, status="DREAMING"),
        an_entry(2, media=None),
        an_entry(0),
        {},
        an_entry(
            3, progress="many", startedAt="yesterday", completedAt={"year": 2020, "month": 13}
        ),
        an_entry(4, status="COMPLETED", progress=0, media={"title": {"native": "Four"}}),
    ]
    (page,) = await walk(a_client(Site(one_list(*wrong)).http, tmp_path))
    assert [one.line for one in page.entries] == []
    assert sorted(page.unreadable) == [
        "2: an entry without a title or a status",
        "Anime 1: an entry without a title or a status",
        "Four: how many episodes it has is not known",
        "an entry without its number",
        "an entry without its number",
    ]


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        (anilist_error(400, "Invalid token"), LinkExpired),
        (anilist_error(400, "Invalid token", sent_as=200), LinkExpired),
        (anilist_error(404, "User not found"), ServiceTrouble),
        (anilist_error(400, 'Cannot query field "x"'), ServiceTrouble),
        (anilist_error(403, "The API is temporarily disabled"), ServiceTrouble),
        (answer(403, "Go away"), LaneBlocked),
        (answer(429, None, {"Retry-After": "30"}), RateLimited),
        (answer(502, "<html>"), ServiceTrouble),
        (PORTAL, ServiceTrouble),
        (CUT, ServiceTrouble),
        (answer(200, {"data": {"MediaListCollection": None}}), ServiceTrouble),
        (answer(200, {"data": {}}), ServiceTrouble),
        (httpx.ConnectError("no"), Unreachable),
    ],
)
async def test_a_list_that_is_not_there_is_never_an_empty_one(
    tmp_path: Path, given: httpx.Response | Exception, raised: type[CompanionError]
) -> None:
    client = a_client(Answers(played(VIEWER), given).http, tmp_path)
    with pytest.raises(raised):
        await client.page(Facet.HISTORY, "")


async def test_a_walk_that_broke_off_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = Site(*(one_list(an_entry(number)) for number in (1, 2, 3)))
    first = await a_client(whole.http, tmp_path).page(Facet.HISTORY, "")
    broken = Answers(played(VIEWER), answer(502, ""))
    with pytest.raises(ServiceTrouble):
        await a_client(broken.http, tmp_path).page(Facet.HISTORY, first.next_cursor)
    rest = await walk(a_client(whole.http, tmp_path), cursor=first.next_cursor)
    lines = {one.line for one in (*first.entries, *entries_of(rest))}
    assert lines == {"1/1", "2/1", "3/1"}


@pytest.mark.parametrize("cursor", ["nonsense", "[]", '{"chunk": -1}', '{"chunk": "two"}'])
async def test_a_cursor_that_is_none_is_refused(tmp_path: Path, cursor: str) -> None:
    with pytest.raises(ImportRefused):
        await a_client(Site(one_list()).http, tmp_path).page(Facet.HISTORY, cursor)


async def test_what_anilist_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused):
        await a_client(Site(one_list()).http, tmp_path).page(Facet.LOVED, "")


async def test_a_list_without_an_end_is_given_up(tmp_path: Path) -> None:
    site = Site(*([one_list(an_entry(1))] * 300))
    client = a_client(site.http, tmp_path)
    with pytest.raises(ServiceTrouble):
        await walk(client)
    assert len(site.numbers) == 200


async def test_the_pace_of_the_service_is_kept(tmp_path: Path) -> None:
    """25 requests a minute, whatever its headers promise."""
    site, clock = Site(*(one_list(an_entry(number)) for number in range(1, 30))), QuickClock()
    began_s = clock.monotonic_s()
    await walk(a_client(site.http, tmp_path, clock))
    assert len(site.asked) == 1 + 29 + 28
    assert clock.monotonic_s() - began_s >= (len(site.asked) - 3) * 60 / 25


async def test_private_notes_stay_where_they_are(tmp_path: Path) -> None:
    """Private notes are not even asked for."""
    tape = copy.deepcopy(LIST)
    lists = tape["response"]["json"]["data"]["MediaListCollection"]["lists"]
    lists[0]["entries"][0]["notes"] = "my secret"
    answers = Answers(played(VIEWER), played(tape))
    client = a_client(answers.http, tmp_path)
    for facet in SPEC.imports:
        assert "my secret" not in repr(await read(client, facet))
    assert "notes" not in answers.json(1)["query"]
