"""The map on this computer: only on the user's word, checked, renewed, never lost to nonsense."""

import asyncio
import json
import stat
from pathlib import Path

import httpx
import pytest

from revenge_companion.core.animemap import MapState, Match, Miss, NoMatch, Override
from revenge_companion.core.delivery import Refused, Skipped, TryLater
from revenge_companion.core.errors import ServiceTrouble, StoreTrouble, Unanswered, Unreachable
from revenge_companion.core.watching import NoChange
from revenge_companion.services.animemap.map import (
    MAX_BYTES,
    RENEW_AFTER,
    SOURCE_URL,
    TRY_AGAIN_AFTER,
    URL_ENV,
    AnimeMap,
)
from revenge_companion.services.animemap.placing import (
    MAP_WAIT_S,
    doubtful,
    local_day,
    missed,
    placed,
    unchanged,
)
from tests.clock import START, FakeClock
from tests.conftest import LogGuard
from tests.unit.services.anime import ENTRIES, SMALL, a_map, anime, anime_film, no_anime_film
from tests.unit.services.kit import CUT, PORTAL, Answers, answer

FRESH = answer(200, SMALL.decode(), {"ETag": '"two"'})
WEEK_S = RENEW_AFTER.total_seconds()


def none_yet(folder: Path, answers: Answers, clock: FakeClock) -> AnimeMap:
    return a_map(folder, answers.http, clock, body=b"")


async def test_nothing_is_fetched_before_the_user_agrees(tmp_path: Path, clock: FakeClock) -> None:
    answers = Answers(FRESH)
    maps = none_yet(tmp_path, answers, clock)
    assert maps.state.missing
    assert await maps.index() is None
    assert await maps.resolve(anime()) is None
    clock.jump(10 * WEEK_S)
    assert await maps.resolve(anime()) is None
    assert not answers.requests
    assert not list(tmp_path.iterdir())


async def test_a_download_is_kept_for_this_user_and_used_at_once(
    tmp_path: Path, clock: FakeClock
) -> None:
    answers = Answers(FRESH)
    folder = tmp_path / "new"
    maps = none_yet(folder, answers, clock)
    told: list[bool] = []
    maps.on_change = lambda: told.append(True)
    assert await maps.download() == MapState(len(SMALL), START, ENTRIES)
    assert str(answers.requests[0].url) == SOURCE_URL
    assert "if-none-match" not in answers.requests[0].headers
    assert told == [True]
    assert isinstance(await maps.resolve(anime()), Match)
    file = folder / "anime_ids.json"
    assert file.read_bytes() == SMALL
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(tmp_path.rglob("*.new"))


async def test_a_restart_finds_the_copy(tmp_path: Path, clock: FakeClock) -> None:
    answers = Answers(FRESH)
    maps = a_map(tmp_path, answers.http, clock)
    assert maps.state == MapState(len(SMALL), START, ENTRIES)
    assert isinstance(await maps.resolve(anime()), Match)
    assert not answers.requests


async def test_the_address_may_be_another(tmp_path: Path, clock: FakeClock) -> None:
    answers = Answers(FRESH)
    environ = {URL_ENV: "http://127.0.0.1:9/map.json"}
    maps = AnimeMap(answers.http, clock, environ, cache=tmp_path, data=tmp_path)
    await maps.download()
    assert str(answers.requests[0].url) == "http://127.0.0.1:9/map.json"


async def test_a_week_later_it_is_renewed_where_it_changed(
    tmp_path: Path, clock: FakeClock
) -> None:
    answers = Answers(answer(304), FRESH)
    maps = a_map(tmp_path, answers.http, clock)
    clock.jump(WEEK_S - 1)
    await maps.resolve(anime())
    assert not answers.requests
    clock.jump(1)
    assert isinstance(await maps.resolve(anime()), Match)
    assert answers.requests[0].headers["if-none-match"] == '"one"'
    assert maps.state == MapState(len(SMALL), clock.now(), ENTRIES)
    clock.jump(WEEK_S)
    await maps.resolve(anime())
    assert answers.requests[1].headers["if-none-match"] == '"one"'
    # A restart asks with what the last answer said.
    again = a_map(tmp_path, answers.http, clock, body=b"")
    assert again.state.fetched_at == clock.now()
    await again.download()
    assert answers.requests[2].headers["if-none-match"] == '"two"'


async def test_a_clock_set_back_renews_it(tmp_path: Path, clock: FakeClock) -> None:
    answers = Answers(FRESH)
    maps = a_map(tmp_path, answers.http, clock)
    clock.jump(-86_400)
    await maps.resolve(anime())
    assert len(answers.requests) == 1


BROKEN: list[tuple[str, httpx.Response | Exception, type[Exception]]] = [
    ("a portal", PORTAL, ServiceTrouble),
    ("cut short", CUT, ServiceTrouble),
    ("another shape", answer(200, []), ServiceTrouble),
    ("nothing in it", answer(200, {}), ServiceTrouble),
    ("nonsense in it", answer(200, {str(n): "x" for n in range(1, 50)}), ServiceTrouble),
    ("deep nesting", answer(200, "[" * 100_000), ServiceTrouble),
    ("half of it gone", answer(200, dict(list(json.loads(SMALL).items())[:8])), ServiceTrouble),
    ("moved", answer(301, "", {"Location": "https://example.com/"}), ServiceTrouble),
    ("gone", answer(404, "404: Not Found"), ServiceTrouble),
    ("not asked for", answer(304), ServiceTrouble),
    ("too many", answer(429), ServiceTrouble),
    ("down", answer(503), ServiceTrouble),
    ("too big", answer(200, " " * (MAX_BYTES + 1)), Unanswered),
    ("no answer", httpx.ReadTimeout("x"), Unanswered),
    ("no network", httpx.ConnectError("x"), Unreachable),
]


@pytest.mark.parametrize(("came", "error"), [row[1:] for row in BROKEN], ids=[r[0] for r in BROKEN])
async def test_a_broken_download_keeps_the_old_copy(
    tmp_path: Path, clock: FakeClock, came: httpx.Response | Exception, error: type[Exception]
) -> None:
    answers = Answers(came)
    maps = a_map(tmp_path, answers.http, clock)
    if isinstance(came, httpx.Response) and came.status_code == 304:
        # Only an answer to a question with an ETag.
        (tmp_path / "anime_ids.about.json").unlink()
    before = maps.state
    with pytest.raises(error):
        await maps.download()
    assert maps.state == before
    assert (tmp_path / "anime_ids.json").read_bytes() == SMALL
    assert isinstance(await maps.resolve(anime()), Match)


async def test_a_failed_renewal_is_not_tried_all_the_time(tmp_path: Path, clock: FakeClock) -> None:
    answers = Answers(answer(503))
    maps = a_map(tmp_path, answers.http, clock)
    clock.jump(WEEK_S)
    for _ in range(3):
        assert isinstance(await maps.resolve(anime()), Match)
    assert len(answers.requests) == 1
    clock.jump(TRY_AGAIN_AFTER.total_seconds())
    await maps.resolve(anime())
    assert len(answers.requests) == 2


async def test_two_accounts_fetch_it_once(tmp_path: Path, clock: FakeClock) -> None:
    answers = Answers(FRESH)
    maps = a_map(tmp_path, answers.http, clock)
    clock.jump(WEEK_S)
    await asyncio.gather(*(maps.resolve(anime()) for _ in range(5)))
    assert len(answers.requests) == 1


async def test_a_copy_that_broke_on_disk_is_fetched_again(
    tmp_path: Path, clock: FakeClock, expected_logs: LogGuard
) -> None:
    expected_logs.expect("is broken and is fetched again")
    answers = Answers(FRESH)
    maps = a_map(tmp_path, answers.http, clock, body=SMALL[:500])
    assert isinstance(await maps.resolve(anime()), Match)
    # Without the old ETag: there would be nothing for "not changed" to be about.
    assert "if-none-match" not in answers.requests[0].headers
    assert (tmp_path / "anime_ids.json").read_bytes() == SMALL


async def test_a_copy_that_broke_and_cannot_be_had_is_missing(
    tmp_path: Path, clock: FakeClock, expected_logs: LogGuard
) -> None:
    expected_logs.expect("anime map")
    maps = a_map(tmp_path, Answers(answer(503)).http, clock, body=b"{")
    assert await maps.resolve(anime()) is None
    assert maps.state.missing


@pytest.mark.parametrize(
    "about",
    [
        "",
        "[]",
        "{}",
        '{"etag": 5, "fetched_at": "2026-03-01T00:00:00+00:00", "entries": 1}',
        '{"etag": "", "fetched_at": "2026-03-01", "entries": 1}',
    ],
)
async def test_a_copy_of_unknown_age_is_renewed(
    tmp_path: Path, clock: FakeClock, about: str
) -> None:
    answers = Answers(FRESH)
    maps = a_map(tmp_path, answers.http, clock)
    (tmp_path / "anime_ids.about.json").write_text(about)
    assert maps.state.fetched_at is None
    assert isinstance(await maps.resolve(anime()), Match)
    assert len(answers.requests) == 1


async def test_taking_it_back_ends_the_consent(tmp_path: Path, clock: FakeClock) -> None:
    answers = Answers(FRESH)
    maps = a_map(tmp_path, answers.http, clock)
    await maps.resolve(anime())
    await maps.set_overrides([Override("tvdb:1", anilist=5)])
    await maps.remove()
    assert maps.state.missing
    clock.jump(WEEK_S)
    assert await maps.resolve(anime()) is None
    assert not answers.requests
    assert [file.name for file in tmp_path.iterdir()] == ["anime_overrides.json"]


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, clock: FakeClock) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    maps = AnimeMap(Answers(FRESH).http, clock, {}, cache=blocked, data=blocked)
    with pytest.raises(StoreTrouble, match="cannot be written"):
        await maps.download()
    with pytest.raises(StoreTrouble, match="cannot be written"):
        await maps.set_overrides([])


async def test_the_users_rows_are_kept_and_need_no_map(tmp_path: Path, clock: FakeClock) -> None:
    maps = none_yet(tmp_path, Answers(FRESH), clock)
    told: list[bool] = []
    maps.on_change = lambda: told.append(True)
    rows = (
        Override("tvdb:305089", season=1, first=2, last=9, anilist=7, mal=8, offset=1),
        Override("tvdb:1"),
    )
    await maps.set_overrides(rows)
    assert told == [True]
    again = none_yet(tmp_path, Answers(FRESH), clock)
    assert await again.overrides() == rows
    assert await again.resolve(anime(3)) == Match(7, (8,), 2, by_hand=True)
    left_out = await again.resolve(anime(1, tvdb=1))
    assert isinstance(left_out, NoMatch)
    assert left_out.miss is Miss.LEFT_OUT
    assert await again.resolve(anime(1)) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('[{"key": "tvdb:1", "mal": 5}, {"key": 5}, {"mal": 5}, 7, {"key": "x", "mal": "5"}]', 1),
        ('[{"key": "tvdb:1", "first": true}]', 0),
        ('{"key": "tvdb:1"}', 0),
    ],
)
async def test_rows_that_make_no_sense_are_not_used(
    tmp_path: Path, clock: FakeClock, expected_logs: LogGuard, text: str, kept: int
) -> None:
    expected_logs.expect("make no sense")
    (tmp_path / "anime_overrides.json").write_text(text)
    assert len(await none_yet(tmp_path, Answers(FRESH), clock).overrides()) == kept


async def test_rows_that_cannot_be_read_are_put_aside(
    tmp_path: Path, clock: FakeClock, expected_logs: LogGuard
) -> None:
    expected_logs.expect("kept aside")
    (tmp_path / "anime_overrides.json").write_text("[{")
    maps = none_yet(tmp_path, Answers(FRESH), clock)
    assert await maps.overrides() == ()
    await maps.set_overrides([Override("tvdb:1", mal=1)])
    assert (tmp_path / "anime_overrides.json.broken").read_text() == "[{"


async def test_without_a_map_rows_wait_and_say_what_for(tmp_path: Path, clock: FakeClock) -> None:
    outcome = await placed(none_yet(tmp_path, Answers(FRESH), clock), no_anime_film(), "AniList")
    assert isinstance(outcome, TryLater)
    assert (outcome.code, outcome.after_s, outcome.counts) == ("map_needed", MAP_WAIT_S, False)
    assert outcome.detail.startswith("AniList needs the anime map.")


async def test_what_is_no_anime_is_skipped(tmp_path: Path, clock: FakeClock) -> None:
    maps = a_map(tmp_path, Answers(FRESH).http, clock)
    outcome = await placed(maps, no_anime_film(), "AniList")
    assert outcome == Skipped("not_taken", "The film is not in the anime map.")
    assert isinstance(await placed(maps, anime_film(), "AniList"), Match)


@pytest.mark.parametrize("miss", list(Miss))
def test_every_miss_is_skipped_or_parked_with_its_sentence(miss: Miss) -> None:
    outcome = missed(NoMatch(miss, "Why."))
    harmless = {Miss.NOT_ANIME, Miss.NO_ID, Miss.LEFT_OUT, Miss.SPECIAL}
    assert isinstance(outcome, Skipped if miss in harmless else Refused)
    assert outcome.detail == "Why."


@pytest.mark.parametrize(
    ("match", "total", "kind"),
    [
        (Match(1, (), 5), 12, None),
        (Match(1, (), 1, film=True), 1, None),
        (Match(1, (), 1, film=True), None, None),
        (Match(1, (), 1, film=True), 12, Refused),
        (Match(1, (), 1, film=True, by_hand=True), 12, None),
        (Match(1, (), 2, special=True), 2, None),
        (Match(1, (), 3, special=True), 2, Skipped),
        (Match(1, (), 1, special=True), None, Skipped),
    ],
)
def test_films_and_specials_have_to_fit_their_entry(
    match: Match, total: int | None, kind: type | None
) -> None:
    doubt = doubtful(match, total)
    assert doubt is None if kind is None else isinstance(doubt, kind)


def test_an_episode_beyond_the_end_is_parked() -> None:
    outcome = unchanged(NoChange.NO_SUCH_EPISODE, 12, 13)
    assert outcome == Refused("unmapped", "The entry has 12 episodes, so it has no episode 13.")
    assert unchanged(NoChange.KEPT_DROPPED, 12, 1) == Skipped("kept_dropped")
    assert unchanged(NoChange.ALREADY_THERE, 12, 1) is None


def test_days_are_those_of_this_computers_time_zone() -> None:
    assert local_day(START) == START.astimezone().date()
