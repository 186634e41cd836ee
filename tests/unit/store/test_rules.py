"""Rules on disk."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from revenge_companion.core.errors import RuleRefused
from revenge_companion.core.rules import Action, Field, Rule
from revenge_companion.store.database import Database
from revenge_companion.store.migrations import MIGRATIONS, migrate
from revenge_companion.store.rules import Rules
from tests.clock import FakeClock

RULE = Rule("caps", Action.CORRECT, Field.ARTIST, "low", replace="Löw \N{MUSICAL SYMBOL G CLEF}")


async def test_rules_come_back_in_their_order(db: Database) -> None:
    rules = Rules(db)
    assert await rules.all() == ()
    kept = (replace(RULE, name="z"), replace(RULE, name="a", enabled=False))
    await rules.replace_all(kept)
    assert await rules.all() == kept
    await rules.replace_all(kept[::-1])
    assert await rules.all() == kept[::-1]


async def test_rules_that_cannot_be_kept_change_nothing(db: Database) -> None:
    rules = Rules(db)
    await rules.replace_all((RULE,))
    with pytest.raises(RuleRefused):
        await rules.replace_all((RULE, RULE))
    assert await rules.all() == (RULE,)


@pytest.mark.expected_logs("A rule cannot be used: 'mood'")
async def test_a_rule_of_a_newer_program_is_passed_over(db: Database) -> None:
    rules = Rules(db)
    await rules.replace_all((RULE,))
    sql = 'INSERT INTO rule VALUES (7, \'later\', \'{"name":"later","mood":"good"}\')'
    await db.run(lambda link: link.connection.execute(sql))
    assert await rules.all() == (RULE,)


async def test_a_file_of_the_first_version_gets_the_table(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "companion.db"
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, MIGRATIONS[:1])
    connection.execute("INSERT INTO meta VALUES ('a', 'b')")
    connection.close()
    db = await Database.open(path, clock=clock)
    assert await Rules(db).all() == ()
    assert await db.get_meta("a") == "b"
    await db.close()
