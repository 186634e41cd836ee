"""The fault suite's scenarios in a small size; all of it is `python -m tests.faults.suite`."""

from pathlib import Path

import pytest

from tests.faults import damage, import_kills, kills, network, scenarios, space, sync_kills
from tests.faults.suite import Sizes, main, runs

SEED = 20261121
#: Faults are what the program is to warn of here.
warned = pytest.mark.expected_logs()


async def test_a_clean_run_sends_no_request_too_many(tmp_path: Path) -> None:
    made = await scenarios.clean(tmp_path, SEED, plays=8)
    assert made.ok, made
    assert made.sent == made.least


@warned
async def test_killed_anywhere_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    made = await kills.killed(tmp_path, SEED, kills=6, profiles=1)
    assert made.ok, made


@warned
@pytest.mark.parametrize("service", network.SITES)
async def test_over_a_bad_line_every_play_arrives_once(tmp_path: Path, service: str) -> None:
    made = await network.bad_line(tmp_path, SEED, service, requests=80)
    assert made.ok, made
    assert made.sent is not None
    assert made.sent >= 80


@warned
async def test_damaged_files_lose_and_double_nothing(tmp_path: Path) -> None:
    made = await damage.damaged(tmp_path, SEED, rounds=3)
    assert made.ok, made


@warned
@pytest.mark.parametrize("seconds", [86_400.0, -86_400.0], ids=["forward", "back"])
async def test_a_clock_that_is_set_by_a_day_changes_no_count(
    tmp_path: Path, seconds: float
) -> None:
    made = await scenarios.stepped(tmp_path, SEED, seconds)
    assert made.ok, made


@warned
@pytest.mark.parametrize("seconds", [0.0, 3600.0, -3600.0], ids=["right", "ahead", "behind"])
async def test_lost_answers_double_nothing_whatever_the_clock_says(
    tmp_path: Path, seconds: float
) -> None:
    made = await scenarios.unheard(tmp_path, SEED, seconds, plays=8, computers=1)
    assert made.ok, made


@warned
@pytest.mark.parametrize("seconds", [0.0, 3600.0], ids=["right", "ahead"])
async def test_lost_answers_to_two_computers_double_nothing(tmp_path: Path, seconds: float) -> None:
    made = await scenarios.unheard(tmp_path, SEED, seconds, plays=8)
    assert made.ok, made


@warned
async def test_nothing_waits_for_days_that_a_wrong_clock_was_ahead(tmp_path: Path) -> None:
    made = await scenarios.days_ahead(tmp_path, SEED)
    assert made.ok, made


@warned
async def test_a_night_asleep_in_a_film_changes_no_count(tmp_path: Path) -> None:
    made = await scenarios.suspended(tmp_path, SEED)
    assert made.ok, made


async def test_summer_time_changes_no_count(tmp_path: Path) -> None:
    made = await scenarios.daylight(tmp_path, SEED)
    assert made.ok, made


@warned
async def test_a_thousand_repeats_are_one_play(tmp_path: Path) -> None:
    made = await scenarios.replayed(tmp_path, SEED, times=1000)
    assert made.ok, made


@warned
@pytest.mark.parametrize("restarts", [False, True], ids=["goes on", "restarted"])
async def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path, restarts: bool) -> None:
    made = await space.full(tmp_path, SEED, plays=4, restarts=restarts)
    assert made.ok, made


async def test_a_second_program_on_the_profile_is_refused(tmp_path: Path) -> None:
    made = await scenarios.one_profile_twice(tmp_path, SEED)
    assert made.ok, made


@warned
async def test_two_computers_on_one_account_deliver_once(tmp_path: Path) -> None:
    made = await scenarios.twins(tmp_path, SEED, plays=6)
    assert made.ok, made


@warned
async def test_a_computer_that_was_off_doubles_nothing(tmp_path: Path) -> None:
    made = await scenarios.late_twin(tmp_path, SEED, plays=6)
    assert made.ok, made


def test_the_command_prints_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--only", "replay"]) == 0
    table = capsys.readouterr().out
    assert "scenario" in table
    assert "one event 1000 times" in table
    assert "0 lost, 0 doubled." in table


def test_every_service_shape_and_fault_is_in_the_table() -> None:
    names = [name for name, _ in runs(Sizes())]
    assert len(names) == len(set(names))
    assert {f"bad line {service}" for service in network.SITES} < set(names)


async def test_an_import_that_is_killed_anywhere_brings_each_play_once(tmp_path: Path) -> None:
    made = await import_kills.killed(tmp_path, SEED, kills=12)
    assert made.ok, made
    assert (made.lost, made.doubled) == (0, 0)


@warned
@pytest.mark.parametrize("share", [0.0, 0.25], ids=["good line", "bad line"])
async def test_a_sync_that_is_killed_anywhere_brings_both_sides_the_union(
    tmp_path: Path, share: float
) -> None:
    made = await sync_kills.killed(tmp_path, SEED, kills=8, share=share)
    assert made.ok, made
