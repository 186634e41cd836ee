import sqlite3
from pathlib import Path

import pytest

from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.imports import Unread
from revenge_companion.core.library import Facet
from revenge_companion.core.profiles import Profile
from revenge_companion.core.reasons import Reason
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.import_lines import ImportLines, Preparing, Seen
from revenge_companion.store.import_marks import ImportMarks
from revenge_companion.store.import_runs import ImportRuns, Walk
from revenge_companion.store.import_unread import ImportUnread
from revenge_companion.store.migrations import MIGRATIONS, m014_profiles, migrate, version
from revenge_companion.store.outbox import Outbox
from revenge_companion.store.plays import Plays
from revenge_companion.store.profiles import Profiles
from tests.clock import FakeClock
from tests.unit.store.builders import a_scrobble


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    return sqlite3.connect(tmp_path / "x.db", isolation_level=None)


def test_a_fresh_file_gets_every_version(connection: sqlite3.Connection) -> None:
    migrate(connection)
    migrate(connection)
    assert version(connection) == len(MIGRATIONS)
    connection.close()


def test_a_migration_that_fails_leaves_the_version_before(
    connection: sqlite3.Connection,
) -> None:
    def m002_broken(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (a)")
        raise sqlite3.OperationalError("no room")

    with pytest.raises(sqlite3.OperationalError, match="no room"):
        migrate(connection, (*MIGRATIONS, m002_broken))
    assert version(connection) == len(MIGRATIONS)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    assert "half" not in names
    connection.close()


async def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "companion.db"
    newer = sqlite3.connect(path)
    newer.execute("CREATE TABLE later (a)")
    newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(StoreTrouble, match="newer version of the Companion"):
        await Database.open(path, clock=clock)
    assert [one.name for one in tmp_path.iterdir()] == ["companion.db"]
    after = sqlite3.connect(path)
    assert after.execute("SELECT name FROM sqlite_schema").fetchall() == [("later",)]
    after.close()
    assert len(path.read_bytes()) == len(before)


async def test_a_backup_is_made_before_migrating(tmp_path: Path, clock: FakeClock) -> None:
    def m002_more(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE more (a)")

    path = tmp_path / "companion.db"
    db = await Database.open(path, clock=clock)
    await db.set_meta("a", "b")
    await db.close()
    db = await Database.open(path, clock=clock, migrations=(*MIGRATIONS, m002_more))
    assert await db.get_meta("a") == "b"
    await db.close()
    (copy,) = (tmp_path / "backups").iterdir()
    before = sqlite3.connect(copy)
    assert version(before) == len(MIGRATIONS)
    assert before.execute("SELECT value FROM meta").fetchone() == ("b",)
    before.close()
    with pytest.raises(StoreTrouble, match="newer version"):
        await Database.open(path, clock=clock)


async def test_delivered_rows_of_an_older_file_are_listed(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "companion.db"
    # Today's accounts need the profiles to be written at all.
    before = (*MIGRATIONS[:7], m014_profiles)
    older = await Database.open(path, clock=clock, migrations=before)
    account = await Accounts(older, clock).add(service="trakt", remote_id="t1")
    await Outbox(older, clock).add(a_scrobble(), [account.id])
    await older.run(lambda link: link.connection.execute("UPDATE delivery SET state = 'delivered'"))
    await older.close()
    others = tuple(one for one in MIGRATIONS[7:] if one is not m014_profiles)
    db = await Database.open(path, clock=clock, migrations=(*before, *others))
    (row,) = await Outbox(db, clock).page(state="delivered")
    assert row.scrobble == a_scrobble()
    await db.close()


async def test_plays_of_an_older_file_have_the_moments_their_checkpoint_has(
    tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "companion.db"
    older = await Database.open(path, clock=clock, migrations=MIGRATIONS[:12])
    for key, snapshot in (("old", '{"v":1}'), ("new", '{"moments":[1]}'), ("none", "")):
        await older.run(
            lambda link, key=key, snapshot=snapshot: link.connection.execute(
                "INSERT INTO play (play_key, kind, label, search, item, device_name, started_us, "
                "played_s, position_s, reason_code, facts, snapshot) "
                "VALUES (?, 'movie', '', '', '{}', '', 0, 0, 0, '', '{}', ?)",
                (key, snapshot),
            )
        )
    await older.close()
    db = await Database.open(path, clock=clock)
    rows = await Plays(db, clock).page()
    assert {row.play_key: row.moments_text for row in rows} == {
        "old": "",
        "new": "[1]",
        "none": "",
    }
    await db.close()


#: Runs of the version with ten migrations: state, stage, options, and the line marked last.
_RUNS = {
    1: ("done", "done", '{"mark_watched": true}', 12),
    2: ("stopped", "writing", '{"mark_watched": true}', 21),
    3: ("done", "done", '{"mark_watched": false}', 0),
    4: ("undone", "undone", '{"mark_watched": true}', 41),
    5: ("preview", "preview", '{"mark_watched": true}', 0),
}


def _an_old_import(connection: sqlite3.Connection, run_id: int) -> None:
    """Three films of a run: one matched and marked, one the server had, one matched by hand."""
    state, stage, options, marked_id = _RUNS[run_id]
    connection.execute(
        "INSERT INTO import_run (id, source, source_name, facets, options, state, started_us, "
        "cursors, marks, stage, marked_id, marked) VALUES "
        "(?, 'account:1', 'Fake', '[]', ?, ?, 0, '{}', '{}', ?, ?, 1)",
        (run_id, options, state, stage, marked_id),
    )
    for number in (1, 2, 3):
        row_id = 10 * run_id + number
        connection.execute(
            "INSERT INTO import_item (id, run_id, digest, kind, label, search, subject, keys, "
            "media_id, chosen) VALUES (?, ?, ?, 'movie', '', '', '{}', '[]', ?, ?)",
            (row_id, run_id, bytes([number]), f"m{number}", number == 3),
        )
        connection.execute(
            "INSERT INTO import_entry (id, run_id, item_id, facet, line, precision, plays, steps, "
            "loved, list_name, note, removed, verdict) VALUES "
            "(?, ?, ?, 'history', ?, 'second', 1, 10, 1, '', '', 0, 'new')",
            (row_id, run_id, row_id, str(number)),
        )
    if marked_id:
        connection.execute(
            "INSERT INTO server_mark (profile, row_id, media_id, kind, state, planned_us) "
            "VALUES ('p', ?, 'm1', 'movie', 'done', 0)",
            (10 * run_id + 1,),
        )


async def test_an_import_of_an_older_file_has_no_lines_that_could_not_be_read(
    tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "companion.db"
    run_id = 7
    older = await Database.open(path, clock=clock, migrations=MIGRATIONS[:14])
    await older.run(
        lambda link: link.connection.execute(
            "INSERT INTO import_run (id, source, source_name, facets, options, state, started_us, "
            "cursors, marks, stage) VALUES (7, 'goodreads-csv', 'Goodreads library', "
            """'["history"]', '{}', 'reading', 0, '{}', '{}', 'reading')"""
        )
    )
    await older.close()
    db = await Database.open(path, clock=clock)
    lines, unread = ImportLines(db), ImportUnread(db)
    assert await unread.page(run_id) == []
    # It goes on with what it reads from now on.
    broken = Unread(Reason.LINE_UNDATED, "Emma, in spring", 4)
    walks = {Facet.HISTORY: Walk("", done=True)}
    one = [(Facet.HISTORY, broken)]
    await lines.stage(run_id, Preparing(Seen()).whole(), [], walks, total=1, unread=one)
    assert [line.unread for line in await unread.page(run_id)] == [broken]
    stored = await ImportRuns(db).get(run_id)
    assert stored is not None
    assert (stored.run.failed, stored.run.file_name) == (1, "")
    await db.close()


async def test_what_an_older_version_had_not_marked_is_noted_down(
    tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "companion.db"
    older = await Database.open(path, clock=clock, migrations=MIGRATIONS[:10])
    for run_id in _RUNS:
        await older.run(lambda link, run_id=run_id: _an_old_import(link.connection, run_id))
    await older.close()
    db = await Database.open(path, clock=clock)
    marks = ImportMarks(db)
    assert await marks.waiting() == [1]
    due = {}
    for run_id in _RUNS:
        # As before marking: what was seen to already is not noted down once more.
        await marks.collect(run_id)
        due[run_id] = [item.row_id for item in await marks.due(run_id, 10)]
    # Of a finished run what was matched by hand; the stopped one goes on where it was, and the one
    # in preview begins.
    assert due == {1: [13], 2: [22, 23], 3: [], 4: [], 5: [51, 52, 53]}
    await db.close()


def _a_file_without_profiles(path: Path, *, signed_in: bool) -> None:
    """As the version with thirteen migrations left it: an account, and a play that waits for it."""
    older = sqlite3.connect(path, isolation_level=None)
    migrate(older, MIGRATIONS[:13])
    if signed_in:
        older.execute(
            "INSERT INTO meta VALUES ('signed_in', "
            """'{"server": "http://media:8096", "username": "ann", "allow_http": true}')"""
        )
    older.execute(
        "INSERT INTO account (service, remote_id, api_url, label, remote_name, profile_url, "
        "auth_url, client_id, switches, state, state_detail) "
        "VALUES ('trakt', 't1', '', 'ann', 'ann', '', '', '', '{}', 'linked', '')"
    )
    older.execute(
        "INSERT INTO play (play_key, kind, label, search, item, device_name, started_us, "
        "played_s, position_s, reason_code, facts, snapshot) "
        "VALUES ('p1', 'movie', '', '', '{}', '', 0, 0, 0, 'playing', '{}', '{\"v\":1}')"
    )
    older.execute(
        "INSERT INTO scrobble (key, rule, play_key, second, started_us, counted_us, payload) "
        "VALUES ('k1', '', 'p1', 0, 0, 0, '{}')"
    )
    older.execute(
        "INSERT INTO delivery (scrobble_id, account_id, second, key, state, dated_us, queued_us) "
        "VALUES (1, 1, 0, 'k1', 'pending', 0, 0)"
    )
    older.execute("UPDATE tally SET pending = 1")
    older.close()


@pytest.mark.parametrize("signed_in", [True, False])
async def test_what_there_was_before_profiles_is_the_first_ones(
    tmp_path: Path, clock: FakeClock, signed_in: bool
) -> None:
    path = tmp_path / "companion.db"
    _a_file_without_profiles(path, signed_in=signed_in)
    db = await Database.open(path, clock=clock)
    profiles, accounts = Profiles(db), Accounts(db, clock)
    known = [Profile(1, "http://media:8096", "ann")] if signed_in else []
    assert await profiles.all() == known
    # Who was signed in, or signs in first, has them; whoever comes next has none of it.
    ann = await profiles.enter("http://media:8096", "u-ann", "ann")
    ben = await profiles.enter("http://media:8096", "u-ben", "ben")
    assert (ann, ben) == (1, 2)
    (account,) = await accounts.all()
    assert account.profile == ann
    assert await Plays(db, clock).snapshots(clock.now()) == [(ann, '{"v":1}')]
    outbox = Outbox(db, clock)
    assert (await outbox.counts())[account.id].pending == 1
    # The same user at the same server is the same profile, by the id and not the name.
    assert await profiles.enter("http://media:8096", "u-ann", "anna") == ann
    await db.close()
