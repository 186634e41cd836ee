"""A look at an export: every line with its verdict, progress, and a cancel that leaves nothing."""

import asyncio
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from revenge_companion.core.catalogue import ServerItem
from revenge_companion.core.changes import Verb
from revenge_companion.core.exporting import ExportRow, ExportVerdict, LastRead, Looked
from revenge_companion.core.library import Entry, Facet, Precision, Subject, SubjectKind
from revenge_companion.core.media import Ids, Kind, Series
from revenge_companion.core.ordering import Order, SortBy
from revenge_companion.core.reasons import Reason
from revenge_companion.engine.library_api import ExportLook
from revenge_companion.store import exporting
from revenge_companion.store.exporting import THINGS
from revenge_companion.store.index import ServerIndex
from tests.clock import START
from tests.unit.engine.import_kit import film, plays, rating
from tests.unit.engine.sync_kit import HISTORY, RATINGS, SPEC, WATCHLIST, FakeAccount, Home, home

SEND, THERE, LEFT_OUT = ExportVerdict.SEND, ExportVerdict.THERE, ExportVerdict.LEFT_OUT
FILE = "letterboxd-zip"


async def read(one: Home, *facets: Facet, account_id: int = 1) -> None:
    """Read an account, as the wizard does before it looks."""
    run_id = await one.importer.begin(f"account:{account_id}", facets, mark_watched=False)
    await one.importer.settled(run_id)
    await one.importer.write(run_id)
    await one.importer.settled(run_id)


async def every(look: ExportLook, verdict: ExportVerdict, **asked: object) -> list[ExportRow]:
    """All lines with a verdict, page by page."""
    rows: list[ExportRow] = []
    while page := await look.rows(
        verdict, limit=7, after_id=rows[-1].id if rows else 0, **asked  # type: ignore[arg-type]
    ):  # fmt: skip
        rows += page
    return rows


async def test_every_line_is_in_one_tab_and_can_be_found(tmp_path: Path) -> None:
    account = FakeAccount({HISTORY: plays(5)})
    async with home(tmp_path, account) as one:
        await read(one, HISTORY, RATINGS)
        undated = Entry(HISTORY, film(90), "u", None, Precision.UNKNOWN)
        await one.library.put(FILE, plays(30))
        await one.library.put(FILE, [undated, rating(film(50), 70)])
        look = await one.exporter.look(1, (HISTORY, RATINGS))
        counts = look.preview.counts
        assert counts[HISTORY, SEND, ""] == 25
        assert counts[HISTORY, THERE, ""] == 5
        assert counts[HISTORY, LEFT_OUT, Reason.DATE_UNKNOWN] == 1
        assert counts[RATINGS, SEND, ""] == 1
        for verdict in ExportVerdict:
            rows = await every(look, verdict)
            assert len(rows) == look.preview.count(verdict)
            assert [row.id for row in rows] == sorted({row.id for row in rows})
        (rated,) = await every(look, SEND, facet=RATINGS)
        assert (rated.rating, rated.verb, rated.label) == (70, Verb.RATE, film(50).label)
        words = film(18).label.upper()
        assert {row.label for row in await every(look, SEND, search=words)} == {film(18).label}
        assert await every(look, SEND, search="no such film") == []
        for order in (Order(by, down) for by in SortBy for down in (False, True)):
            rows = await every(look, SEND, order=order)
            assert len({row.id for row in rows}) == look.preview.count(SEND)
        titles = [
            row.label.casefold()
            for row in await every(look, SEND, order=Order(SortBy.TITLE, down=True))
        ]
        assert titles == sorted(titles, reverse=True)
        dates = [row.at for row in await every(look, SEND, order=Order(SortBy.DATE))]
        known = [at for at in dates if at is not None]
        assert known == sorted(known)
        assert dates[: len(known)] == known
        look.close()
        assert await look.rows(SEND) == []
        # It only looked.
        assert await one.deliver() == 0


async def test_progress_goes_on_to_the_end(tmp_path: Path) -> None:
    async with home(tmp_path, FakeAccount({})) as one:
        await read(one, HISTORY, RATINGS)
        await one.library.put(FILE, plays(2 * THINGS + 10))
        told: list[Looked] = []
        look = await one.exporter.look(1, (HISTORY, RATINGS), told.append)
        look.close()
        assert [said.lines for said in told][:3] == [THINGS, 2 * THINGS, 2 * THINGS + 10]
        shares = [said.share for said in told]
        assert shares == sorted(shares)
        assert 0 < shares[0] < 0.5
        assert shares[-1] == 1.0
        told.clear()
        assert await one.exporter.queue(1, (HISTORY, RATINGS), told.append) == 2 * THINGS + 10
        assert told[-1] == Looked(2 * THINGS + 10, 1.0)


async def test_a_cancelled_look_lets_go_of_its_lines(tmp_path: Path) -> None:
    async with home(tmp_path, FakeAccount({})) as one:
        await read(one, HISTORY)
        await one.library.put(FILE, plays(3 * THINGS))
        begun = asyncio.Event()
        task = asyncio.ensure_future(one.exporter.look(1, (HISTORY,), lambda _: begun.set()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # Its scratch file is closed (a forgotten one is a warning), and another look sees it all.
        look = await one.exporter.look(1, (HISTORY,))
        assert look.preview.count(SEND) == 3 * THINGS
        look.close()


async def test_what_cannot_be_read_need_not_be(tmp_path: Path) -> None:
    spec = replace(SPEC, imports=(RATINGS,), exports=(HISTORY, RATINGS))
    async with home(tmp_path, FakeAccount({}), specs=(spec,)) as one:
        await one.library.put(FILE, plays(1))
        assert await one.exporter.read_at(1) == {RATINGS: LastRead(None, False)}
        look = await one.exporter.look(1)
        assert look.preview.unread == (RATINGS,)
        assert look.preview.count(SEND) == 1
        look.close()
        await read(one, RATINGS)
        assert await one.exporter.read_at(1) == {RATINGS: LastRead(one.clock.now(), True)}
        # What was read too long ago is as good as not read.
        await one.clock.turn(timedelta(days=2).total_seconds())
        assert await one.exporter.read_at(1) == {RATINGS: LastRead(START, False)}
        look = await one.exporter.look(1)
        assert look.preview.unread == (RATINGS,)
        look.close()


async def test_a_wish_says_what_becomes_of_it(tmp_path: Path) -> None:
    account = FakeAccount({WATCHLIST: [Entry(WATCHLIST, film(1), "w1", START)]})
    async with home(tmp_path, account) as one:
        await read(one, WATCHLIST)
        await one.clock.turn(60.0)
        gone = Entry(WATCHLIST, film(1), "f1", one.clock.now(), removed=True)
        await one.library.put(FILE, [gone, Entry(WATCHLIST, film(2), "f2", START)])
        look = await one.exporter.look(1, (WATCHLIST,))
        said = {row.label: (row.verb, row.reason_code) for row in await every(look, SEND)}
        look.close()
        assert said == {
            film(1).label: (Verb.UNWANT, Reason.TAKEN_BACK),
            film(2).label: (Verb.WANT, ""),
        }


@pytest.mark.parametrize("sql", [exporting._MARKED, exporting._PLAYED])  # noqa: SLF001  # its plan
async def test_what_was_sent_before_is_found_by_its_key(tmp_path: Path, sql: str) -> None:
    """Also where 100,000 lines were sent: else each line is compared with all of them."""
    async with home(tmp_path, FakeAccount({})) as one:
        asked = {"account": 1, "facet": "history", "lines": '[["f", "1"]]', "plays": '["p"]'}

        def job(connection: sqlite3.Connection) -> list[str]:
            return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", asked)]

        plan = await one.db.read(job)
        assert not [step for step in plan if step.startswith("SCAN") and "VIRTUAL" not in step]
        assert any("(account_id=? AND second=? AND key=?)" in step for step in plan), plan
        if "export_mark" in sql:
            marks = "USING PRIMARY KEY (account_id=? AND facet=? AND source=? AND line=?)"
            assert any(marks in step for step in plan), plan


@pytest.mark.parametrize("indexed", [True, False])
async def test_what_the_user_said_it_is_goes_by_the_ids_of_the_servers_item(
    tmp_path: Path, indexed: bool
) -> None:
    bare = Subject(SubjectKind.MOVIE, "Nosferatu", 1922, refs=(("letterboxd", "2b0k"),))
    show = Subject(
        SubjectKind.EPISODE, "", series=Series("Babel"), season_number=1, episode_number=2
    )
    at_server = ServerItem(
        Subject(SubjectKind.MOVIE, "Nosferatu", 1922, Ids(tmdb=653), media_id="m1")
    )
    series = ServerItem(Subject(SubjectKind.SHOW, "Babel", ids=Ids(tvdb=9), media_id="s1"))
    episode = ServerItem(replace(show, media_id="e1"), series_id="s1")
    account = FakeAccount({})
    spec = replace(SPEC, kinds=(Kind.MOVIE, Kind.EPISODE))
    async with home(tmp_path, account, specs=(spec,)) as one:
        await read(one, HISTORY, RATINGS)
        if indexed:
            index = ServerIndex(one.db, "https://m.example/anna")
            await index.keep([at_server, series, episode], await index.begin())
        matched = replace(bare, media_id="m1")
        await one.library.put(
            FILE,
            [
                Entry(HISTORY, matched, "a", START - timedelta(days=9)),
                Entry(HISTORY, replace(show, media_id="e1"), "b", START - timedelta(days=8)),
                Entry(RATINGS, matched, "c", START - timedelta(days=9), rating=70),
            ],
        )
        look = await one.exporter.look(1, (HISTORY, RATINGS))
        assert look.preview.count(SEND) == (3 if indexed else 0)
        look.close()
        assert await one.exporter.queue(1, (HISTORY, RATINGS)) == (3 if indexed else 0)
        await one.deliver()
    found = {one.item.ids.tmdb or (one.item.series and one.item.series.ids.tvdb)
             for one in account.sent if one.change is None}  # fmt: skip
    assert found == ({653, 9} if indexed else set())
    rated = [one.change.subject.ids for one in account.sent if one.change is not None]
    assert rated == ([Ids(tmdb=653)] if indexed else [])
