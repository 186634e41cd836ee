"""Questions about a few rows cost the same however many there are beside them."""

import sqlite3
from collections.abc import Awaitable, Callable

import pytest

from revenge_companion.core.status import PlayRecord
from revenge_companion.store import plays as plays_module
from revenge_companion.store.amendments import Amendments
from revenge_companion.store.database import Database, Link
from revenge_companion.store.flows import Flows
from revenge_companion.store.payload import scrobble_text
from revenge_companion.store.plays import Plays
from tests.clock import FakeClock
from tests.unit.store.builders import a_scrobble


async def fill(db: Database, first: int, end: int, accounts: list[int]) -> None:
    """Plays that counted, each delivered to every account."""
    payload = scrobble_text(a_scrobble())

    def work(connection: sqlite3.Connection) -> None:
        numbers = range(first, end)
        connection.executemany(
            "INSERT INTO play (id, play_key, kind, label, search, item, device_name, started_us, "
            "counted_us, played_s, position_s, reason_code, facts, snapshot) "
            "VALUES (?1, 'p' || ?1, 'track', 'x', 'x', '{}', '', ?1, ?1, 1, 1, '', '{}', '')",
            [(number,) for number in numbers],
        )
        connection.executemany(
            "INSERT INTO scrobble (id, key, rule, play_key, second, started_us, counted_us, "
            "payload) VALUES (?1, 'k' || ?1, '', 'p' || ?1, ?1, ?1, ?1, ?2)",
            [(number, payload) for number in numbers],
        )
        connection.executemany(
            "INSERT INTO delivery (scrobble_id, account_id, second, key, state, dated_us, "
            "queued_us) VALUES (?1, ?2, ?1, 'k' || ?1, 'delivered', ?1, ?1)",
            [(number, account) for account in accounts for number in numbers],
        )

    def job(link: Link) -> None:
        with link.atomic():
            work(link.connection)

    await db.run(job)


async def steps(db: Database, ask: Callable[[], Awaitable[object]]) -> int:
    """Hundreds of steps that SQLite takes for an answer, on either of its threads."""
    taken = 0

    def step() -> None:
        nonlocal taken
        taken += 1

    await db.run(lambda link: link.connection.set_progress_handler(step, 100))
    await db.read(lambda connection: connection.set_progress_handler(step, 100))
    await ask()
    await db.run(lambda link: link.connection.set_progress_handler(None, 100))
    await db.read(lambda connection: connection.set_progress_handler(None, 100))
    return taken


@pytest.mark.parametrize("of", ["all", "an account", "an account that has few"])
async def test_a_page_costs_the_same_however_many_plays_there_are(
    plays: Plays, db: Database, trakt: int, lastfm: int, of: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plays_module, "FEW", 50)
    account = {"all": None, "an account": trakt, "an account that has few": lastfm}[of]
    await fill(db, 1, 41, [trakt, lastfm])
    await fill(db, 41, 1000, [trakt])

    async def page() -> list[PlayRecord]:
        found = await plays.page(limit=20, account_id=account)
        assert len(found) == 20
        return found

    before = await steps(db, page)
    await fill(db, 1000, 10_000, [trakt])
    assert 0 < await steps(db, page) < 1.5 * before + 5


async def test_what_is_looked_for_is_found_in_the_index_alone(db: Database) -> None:
    sql = "EXPLAIN QUERY PLAN SELECT 1 FROM play WHERE " + plays_module.SOUGHT.format(
        where="id < :below AND instr(search, 'x') AND kind = 'track' AND counted_us IS NULL "
        "AND started_us >= 0"
    )
    values = {"below": 1 << 62, "limit": 200}
    plan = await db.read(lambda connection: connection.execute(sql, values).fetchall())
    assert any("COVERING INDEX play_sought" in row[3] for row in plan)


async def test_what_became_of_a_play_and_of_an_account_costs_the_same(
    db: Database, clock: FakeClock, trakt: int, lastfm: int
) -> None:
    amendments, flows = Amendments(db, clock), Flows(db)

    async def of_play() -> object:
        found = await amendments.of_play(7)
        assert len(found) == 2
        return found

    await fill(db, 1, 41, [trakt, lastfm])
    await fill(db, 41, 1000, [trakt])
    before = [await steps(db, ask) for ask in (of_play, flows.unconfirmed)]
    await fill(db, 1000, 10_000, [trakt])
    after = [await steps(db, ask) for ask in (of_play, flows.unconfirmed)]
    assert all(late <= early + 5 for early, late in zip(before, after, strict=True))

    async def forget() -> object:
        return await amendments.forget([3])

    assert await steps(db, forget) < 100
