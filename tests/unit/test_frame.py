"""The guards every other test relies on do guard."""

import asyncio
import logging
import os
import socket
from pathlib import Path

import pytest

from tests.clock import START, FakeClock, eventually
from tests.conftest import LogGuard, NetworkGuard


async def test_turning_the_clock_runs_whoever_wakes_as_often_as_it_wakes(clock: FakeClock) -> None:
    ticks: list[float] = []

    async def every_ten_seconds() -> None:
        while True:
            await clock.sleep(10)
            ticks.append((clock.now() - START).total_seconds())

    task = asyncio.create_task(every_ten_seconds())
    await clock.turn(35)
    task.cancel()
    assert ticks == [10, 20, 30]
    assert clock.monotonic_s() == 1035


async def test_sleepers_wake_in_the_order_of_their_times(clock: FakeClock) -> None:
    woken: list[int] = []

    async def sleep(seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.create_task(sleep(seconds)) for seconds in (30, 10, 20)]
    await clock.turn(0)
    assert clock.sleeping == 3
    assert clock.next_wake_s == 10
    await clock.turn(30)
    await asyncio.gather(*tasks)
    assert woken == [10, 20, 30]


async def test_a_wall_clock_that_jumps_wakes_nobody(clock: FakeClock) -> None:
    task = asyncio.create_task(clock.sleep(60))
    await clock.turn(0)
    clock.jump(3600)
    await clock.turn(0)
    assert not task.done()
    clock.advance(60)
    await eventually(task.done)


def test_a_socket_cannot_leave_this_computer(network_guard: NetworkGuard) -> None:
    with socket.socket() as sock, pytest.raises(OSError, match="this computer only"):
        sock.connect(("192.0.2.1", 9))
    assert network_guard.attempts
    network_guard.attempts.clear()


def test_a_name_is_not_looked_up(network_guard: NetworkGuard) -> None:
    with pytest.raises(OSError, match="this computer only"):
        socket.getaddrinfo("scrobbler.revenge-companion.org", 443)
    network_guard.attempts.clear()
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nowhere.invalid", 443)


def test_loopback_and_unix_sockets_are_open(tmp_path: Path) -> None:
    with socket.socket() as listener, socket.socket() as sock:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        sock.connect(listener.getsockname())


def test_an_unexpected_warning_is_noticed(expected_logs: LogGuard) -> None:
    logging.getLogger("a.part").warning("strange: %d", 7)
    assert expected_logs.unexpected == ["a.part: strange: 7"]
    expected_logs.expect(r"^a\.part: strange")
    assert expected_logs.unexpected == []


@pytest.mark.expected_logs("strange")
def test_a_warning_a_test_asked_for_is_no_failure() -> None:
    logging.getLogger("a.part").warning("strange")


def test_the_home_is_a_throw_away_folder(home: Path) -> None:
    assert os.environ["REVENGE_COMPANION_HOME"] == str(home)
    assert not home.exists()
