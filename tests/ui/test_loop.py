"""The probe of the mended loop: each fault of qasync that it mends has its test here."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from revenge_companion.ui.loop import SWEEP_FROM, THREADS, CompanionLoop
from tests.clock import eventually, within


def the_loop() -> CompanionLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, CompanionLoop)
    return loop


async def test_tests_run_on_the_programs_own_loop() -> None:
    assert the_loop().is_running()


@pytest.mark.parametrize("wait_s", [0.0, 0.001, 0.02, 0.1])
async def test_a_sleep_never_ends_early_and_hardly_late(wait_s: float) -> None:
    before = time.monotonic()
    await asyncio.sleep(wait_s)
    took = time.monotonic() - before

    assert wait_s <= took < wait_s + 0.05


async def test_callbacks_run_in_the_order_they_were_given() -> None:
    ran: list[int] = []
    for number in range(50):
        the_loop().call_soon(ran.append, number)
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert ran == list(range(50))


async def test_timers_fire_in_the_order_they_are_due() -> None:
    ran: list[str] = []
    the_loop().call_later(0.02, ran.append, "later")
    the_loop().call_later(0.001, ran.append, "sooner")
    cancelled = the_loop().call_later(0.005, ran.append, "never")
    cancelled.cancel()
    await asyncio.sleep(0.05)

    assert ran == ["sooner", "later"]


async def test_a_cancelled_timer_leaves_nothing_behind() -> None:
    loop = the_loop()
    for _ in range(1000):
        loop.call_later(3600, print).cancel()

    assert (loop.timers, loop.next_timer_s) == (0, None)


async def test_cancelled_timers_behind_a_living_one_are_swept_out() -> None:
    loop = the_loop()
    living = loop.call_later(60, print)
    for _ in range(1000):
        loop.call_later(3600, print).cancel()

    assert loop.timers <= SWEEP_FROM + 1
    assert loop.next_timer_s == living.when()
    living.cancel()


async def test_a_timer_may_be_years_away() -> None:
    handle = the_loop().call_later(10 * 365 * 86_400, print)
    await asyncio.sleep(0)

    assert the_loop().next_timer_s is not None
    handle.cancel()


async def test_an_idle_loop_does_not_wake() -> None:
    loop = the_loop()
    await asyncio.sleep(0.01)
    before = loop.batches
    # Only the sleep's own end: its timer, the task's step, and what those post.
    await asyncio.sleep(0.1)

    assert loop.batches - before <= 4


async def test_threads_start_one_by_one() -> None:
    before = threading.active_count()
    await asyncio.to_thread(int)
    assert threading.active_count() <= before + 1

    gate = threading.Event()
    works = [asyncio.create_task(asyncio.to_thread(gate.wait, 5)) for _ in range(12)]
    await asyncio.sleep(0.02)
    assert threading.active_count() <= before + THREADS
    gate.set()
    await asyncio.gather(*works)


async def test_a_thread_can_wake_the_loop() -> None:
    woken = asyncio.Event()
    loop = the_loop()
    thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(woken.set))
    thread.start()
    await within(woken.wait())
    thread.join()


async def test_other_tasks_go_on_while_a_nested_loop_runs_inside_one() -> None:
    steps: list[int] = []
    nested = QEventLoop()

    async def other() -> None:
        for number in range(3):
            await asyncio.sleep(0.001)
            steps.append(number)
        nested.quit()

    async def modal() -> None:
        QTimer.singleShot(2000, nested.quit)
        # What a modal dialog's exec() does, in a test only.
        nested.exec()
        assert asyncio.current_task() is me

    me = asyncio.create_task(modal())
    task = asyncio.create_task(other())
    await within(asyncio.gather(me, task))

    assert steps == [0, 1, 2]


async def test_tasks_that_were_ready_with_it_go_on_inside_the_nested_loop() -> None:
    nested = QEventLoop()
    ran: list[str] = []

    async def modal() -> None:
        nested.exec()
        ran.append("modal")

    async def neighbour() -> None:
        ran.append("neighbour")
        nested.quit()

    QTimer.singleShot(2000, nested.quit)
    await within(asyncio.gather(modal(), neighbour()))

    assert ran == ["neighbour", "modal"]


async def test_a_dropped_async_generator_is_closed() -> None:
    closed = asyncio.Event()

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.set()

    async def take_one() -> None:
        async for _ in numbers():
            break

    await take_one()
    await eventually(closed.is_set)


def test_a_loop_can_be_made_run_and_closed_again(qapp: QApplication) -> None:
    for _ in range(2):
        loop = CompanionLoop(qapp)
        assert loop.run_until_complete(asyncio.sleep(0.001, "done")) == "done"
        loop.close()
        loop.close()
        with pytest.raises(RuntimeError):
            loop.call_soon(print)


async def test_an_error_in_a_callback_reaches_the_handler() -> None:
    seen: list[dict[str, object]] = []
    loop = the_loop()
    loop.set_exception_handler(lambda _loop, context: seen.append(context))
    loop.call_soon(lambda: 1 / 0)
    await eventually(lambda: bool(seen))

    assert isinstance(seen[0]["exception"], ZeroDivisionError)
