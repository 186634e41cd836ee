"""`history --to`: every play as a file, over a real database."""

import asyncio
import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest

from revenge_companion.cli import main
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.paths import find_paths
from revenge_companion.store.database import Database
from revenge_companion.store.plays import Plays
from tests.clock import START, FakeClock
from tests.integration.cli.kit import run

MANY = 1203


@pytest.fixture
def plays(home: Path) -> None:
    def one(number: int) -> PlayUpdate:
        at = START + timedelta(minutes=number)
        title = "=SUM(1)" if number == 7 else f"Film {number}"
        return PlayUpdate(
            play_key=f"p{number}",
            item=Item(Kind.MOVIE, f"m{number}", title),
            device_name="TV",
            started_at=at,
            ended_at=at,
            counted_at=at if number % 2 else None,
            played_s=5.0,
            position_s=5.0,
            reason_code="by_hand" if number % 2 else "stopped_early",
            facts={"percent": 5, "needed": 80},
        )

    async def work() -> None:
        database = await Database.open(find_paths(str(home)).create().database, clock=FakeClock())
        await Plays(database, FakeClock()).save_many(one(number) for number in range(MANY))
        await database.close()

    asyncio.run(work())


@pytest.mark.usefixtures("plays")
@pytest.mark.parametrize("ending", ["csv", "json"])
def test_every_play_is_written_once_newest_first(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"all.{ending}"
    assert main(["history", "--to", str(path)]) == 0
    assert capsys.readouterr().out == "1,203 plays written.\n"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file)) if ending == "csv" else json.load(file)
    numbers = [int(row["id"]) for row in rows]
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(numbers) == MANY
    assert {row["outcome"] for row in rows} == {"counted", "not_counted"}
    assert all(row["reason"] for row in rows)
    formula = "'=SUM(1)" if ending == "csv" else "=SUM(1)"
    assert [row["item"] for row in rows if "SUM" in row["item"]] == [formula]


@pytest.mark.usefixtures("plays")
def test_what_is_searched_for_is_written_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "some.json"
    code, said = run(capsys, "history", "--search", "film 120", "--to", str(path))
    assert (code, said) == (0, {"exported": 5, "file": str(path)})
    labels = [row["item"] for row in json.loads(path.read_text(encoding="utf-8"))]
    assert labels == ["Film 1202", "Film 1201", "Film 1200", "Film 1120", "Film 120"]


@pytest.mark.usefixtures("plays")
def test_a_folder_that_is_not_there_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, said = run(capsys, "history", "--to", str(tmp_path / "no" / "all.csv"))
    assert code == 1
    assert "cannot be written" in said["error"]
