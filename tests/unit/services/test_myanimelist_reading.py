"""Reading a MyAnimeList list: every status, pages that change, and what is refused."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

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
from revenge_companion.core.library import Facet, Precision
from revenge_companion.core.reasons import Reason
from revenge_companion.services.base import Secret
from revenge_companion.services.importing import Readable
from revenge_companion.services.myanimelist import reading
from revenge_companion.services.myanimelist.client import MyAnimeListClient
from revenge_companion.services.myanimelist.spec import SPEC
from tests.unit.services.anime import a_mal
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
from tests.unit.services.test_anilist_reading import said

LIST = cassette("myanimelist", "list")


class Site(Answers):
    """A MyAnimeList with a list of numbers, in pages of a thousand."""

    def __init__(self, *numbers: int) -> None:
        super().__init__()
        self.numbers = list(numbers)
        #: The most entries of a page, whatever is asked for.
        self.most = reading.PER_PAGE
        self.offsets: list[int] = []
        #: The list as it is from the second page on; None for no other.
        self.after_first: list[int] | None = None

    async def handle(self, request: httpx.Request) -> httpx.Response:
        asked = dict(parse_qsl(request.url.query.decode()))
        offset, limit = int(asked["offset"]), min(int(asked["limit"]), self.most)
        self.offsets.append(offset)
        rows = [an_entry(number) for number in self.numbers[offset : offset + limit]]
        more = offset + limit < len(self.numbers)
        if self.after_first is not None:
            self.numbers, self.after_first = self.after_first, None
        paging = {"next": "https://elsewhere.example/?offset=7"} if more else {}
        return answer(200, {"data": rows, "paging": paging})


def an_entry(number: int, **status: Any) -> dict[str, Any]:
    known = {"status": "watching", "score": 0, "num_episodes_watched": 1}
    node = {"id": number, "title": f"Anime {number}", "num_episodes": 12, "media_type": "tv"}
    return {"node": node, "list_status": known | status}


def a_client(answers: Answers, folder: Path, clock: QuickClock | None = None) -> MyAnimeListClient:
    service = a_mal(answers, folder, clock)
    return service.client(an_account("myanimelist"), MemorySlot(Secret(TOKEN)))


async def test_the_list_is_asked_for_as_documented(tmp_path: Path) -> None:
    answers = Answers(played(LIST))
    client = a_client(answers, tmp_path)
    assert isinstance(client, Readable)
    assert await client.marks() == {}
    (page,) = await walk(client)
    (request,) = answers.requests
    asked, documented = request.url, httpx.URL(LIST["request"]["url"])
    assert (asked.path, dict(asked.params)) == (documented.path, dict(documented.params))
    for key, value in LIST["request"]["headers"].items():
        assert request.headers[key] == value
    assert page.total == len(page.entries)
    for facet in SPEC.imports[1:]:
        await walk(client, facet)
    assert len(answers.requests) == 1


async def test_pages_that_are_smaller_than_asked_for_are_read_to_their_end(tmp_path: Path) -> None:
    site = Site(*range(1, 251))
    site.most = 100
    found = entries_of(await walk(a_client(site, tmp_path)))
    assert {one.line for one in found} == {f"{number}/1" for number in range(1, 251)}
    assert site.offsets[:3] == [0, 100, 200]
    # After a restart in the middle the size of a page is asked for anew.
    site.offsets.clear()
    page = await a_client(site, tmp_path).page(Facet.HISTORY, '{"chunk":3}')
    assert [one.line for one in page.entries] == [f"{number}/1" for number in range(201, 251)]
    assert site.offsets == [0, 200]


async def test_progress_becomes_plays_of_episodes(tmp_path: Path) -> None:
    found = entries_of(await walk(a_client(Answers(played(LIST)), tmp_path)))
    assert said(found) == {
        "31240/1": (305089, 1, 1, 1, "2020-01-02"),
        "31240/1/again": (305089, 1, 1, 1, ""),
        "31240/2": (305089, 1, 2, 1, ""),
        "31240/2/again": (305089, 1, 2, 1, ""),
        "31240/3": (305089, 1, 3, 1, "2020-03-04"),
        "31240/3/again": (305089, 1, 3, 1, ""),
        # The second cour, begun in some February.
        "42203/1": (305089, 2, 14, 1, ""),
        "42203/2": (305089, 2, 15, 1, ""),
        "909/1": ("tt0900009", None, None, 1, ""),
        "910/1": (None, None, 1, 1, ""),
        "912/1": (None, None, 1, 1, ""),
        # "completed" and rewatching: all of it once, and the first again.
        "21/1": (81797, 1, 1, 1, ""),
        "21/1/again": (81797, 1, 1, 1, ""),
        "21/2": (81797, 1, 2, 1, ""),
    }
    by_line = {one.line: one for one in found}
    assert by_line["31240/3"].precision is Precision.DAY
    assert by_line["31240/3"].subject.refs == (("mal", "31240/3"),)
    assert by_line["912/1"].reason == Reason.ANIME_UNPLACED


async def test_scores_and_plans_are_as_old_as_the_entrys_last_change(tmp_path: Path) -> None:
    client = a_client(Answers(played(LIST)), tmp_path)
    ratings = {one.line: one for one in entries_of(await walk(client, Facet.RATINGS))}
    assert {key: (one.rating, one.steps) for key, one in ratings.items()} == {
        "31240": (80, 10),
        "909": (100, 10),
    }
    assert ratings["31240"].at == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    (plan,) = entries_of(await walk(client, Facet.WATCHLIST))
    assert (plan.line, plan.at) == ("39587", datetime(2024, 7, 3, 9, 46, 40, tzinfo=UTC))


async def test_pages_are_counted_and_no_address_is_followed(tmp_path: Path) -> None:
    site = Site(*range(1, 2501))
    pages = await walk(a_client(site, tmp_path))
    assert site.offsets == [0, 1000, 2000, 0, 1000]
    assert len(entries_of(pages)) == pages[-1].total == 2500


async def test_an_entry_that_slips_through_between_pages_is_found(tmp_path: Path) -> None:
    site = Site(*range(1, 1501))
    site.after_first = list(range(2, 1501))
    found = entries_of(await walk(a_client(site, tmp_path)))
    assert {one.line for one in found} == {f"{number}/1" for number in range(1, 1501)}


async def test_entries_that_make_no_sense_are_told_and_passed(tmp_path: Path) -> None:
    rows = [
        {"node": {"id": 1}},
        {},
        an_entry(2, status="dreaming"),
        an_entry(3, num_episodes_watched=None, start_date="2024-02-30", score="many"),
        7,
    ]
    answers = Answers(answer(200, {"data": rows, "paging": {}}))
    client = a_client(answers, tmp_path)
    (page,) = await walk(client)
    assert page.entries == ()
    assert sorted(page.unreadable) == [
        "Anime 2: an entry without a status",
        "an entry: without a title or a number",
        "an entry: without a title or a number",
        "an entry: without a title or a number",
    ]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-02-29", date(2024, 2, 29)),
        ("2024-02", None),
        ("2024", None),
        ("0000-00-00", None),
        ("2024-02-30", None),
        ("1024-02-20", None),
        (20240229, None),
        (None, None),
    ],
)
def test_only_whole_dates_are_days(text: object, day: date | None) -> None:
    assert reading.read_day(text) == day


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        (answer(400, {"error": "bad_request"}), ServiceTrouble),
        (answer(403, {"message": "", "error": "forbidden"}), RateLimited),
        (answer(403, "<html>"), RateLimited),
        (answer(404, "<html>"), LaneBlocked),
        (answer(429, None, {"Retry-After": "9"}), RateLimited),
        (answer(504, ""), ServiceTrouble),
        (PORTAL, ServiceTrouble),
        (CUT, ServiceTrouble),
        (answer(200, {"paging": {}}), ServiceTrouble),
        (httpx.ConnectError("no"), Unreachable),
    ],
)
async def test_a_list_that_is_not_there_is_never_an_empty_one(
    tmp_path: Path, given: httpx.Response | Exception, raised: type[CompanionError]
) -> None:
    with pytest.raises(raised):
        await a_client(Answers(given), tmp_path).page(Facet.HISTORY, "")


async def test_an_expired_link_is_told(tmp_path: Path) -> None:
    with pytest.raises(LinkExpired):
        await a_client(Answers(answer(401, {"error": "invalid_token"})), tmp_path).page(
            Facet.HISTORY, ""
        )


async def test_what_myanimelist_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused):
        await a_client(Answers(played(LIST)), tmp_path).page(Facet.LISTS, "")


async def test_the_pace_of_the_service_is_kept(tmp_path: Path) -> None:
    site, clock = Site(*range(1, 4001)), QuickClock()
    began_s = clock.monotonic_s()
    await walk(a_client(site, tmp_path, clock))
    assert clock.monotonic_s() - began_s >= len(site.offsets) - 1
