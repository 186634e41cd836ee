"""`demo`: the whole product on an embedded server, with local destinations in a throw-away home."""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from revenge_companion.cli.parser import refused
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.reasons import sentence
from revenge_companion.demo.plays import Play
from revenge_companion.demo.report import DemoReport, Outage
from revenge_companion.demo.world import DemoWorld
from revenge_companion.demo_profile import LINKED, demo_engine
from revenge_companion.engine.api import Change
from revenge_companion.engine.start import SystemClock
from revenge_companion.engine.supervisor import Engine

#: How fast the demo's time runs: an evening of about an hour in half a minute, or comfortably.
HEADLESS_SPEED = 120.0
WINDOW_SPEED = 20.0
#: Seconds of playing in one evening of the viewer, with a reserve for a slow machine.
_EVENING_S = 4600.0
#: The network is cut after this many plays have ended, and comes back after this many more.
_CUT_AFTER, _CUT_FOR = 2, 5
#: Real seconds to wait for the outbox to empty at the end.
_DRAIN_S = 60.0


class Story:
    """Tells what happens, in sentences or as JSON lines."""

    def __init__(self, clock_started_s: float, world: DemoWorld, *, as_json: bool) -> None:
        self._world = world
        self._started_s = clock_started_s
        self._json = as_json

    def tell(self, event: str, words: str, **facts: Any) -> None:
        """One thing that happened, with the demo's minutes and seconds before it."""
        at = int(self._world.clock.monotonic_s() - self._started_s)
        if self._json:
            print(json.dumps({"event": event, "at": at, **facts}), flush=True)
        else:
            print(f"{at // 60:3}:{at % 60:02}  {words}", flush=True)


class Evening:
    """One headless demo: plays, an outage, and the count at the end."""

    def __init__(self, world: DemoWorld, engine: Engine, story: Story) -> None:
        self._world = world
        self._engine = engine
        self._story = story
        self._over = 0
        self._outage = Outage()
        self._moves: set[asyncio.Task[None]] = set()

    def on_play(self, play: Play) -> None:
        """The viewer began or ended a play."""
        if play.ended_at is None:
            self._story.tell("play", f"Playing {play.label}", item=play.label, kind=play.kind)
            return
        self._over += 1
        if self._over == _CUT_AFTER:
            self.cut()
        elif self._over == _CUT_AFTER + _CUT_FOR:
            self._moves.add(asyncio.create_task(self.restore()))

    def cut(self) -> None:
        self._world.destinations.cut()
        self._story.tell("cut", "The network to the services is cut")

    async def restore(self) -> None:
        waiting = await self._engine.outbox(limit=5000)
        queued = [row.delivery.id for row in waiting if row.delivery.state not in _OVER]
        self._story.tell(
            "outage", f"{len(queued)} scrobbles wait in the outbox", queued=len(queued)
        )
        await self._world.destinations.restore()
        self._engine.network_is_back()
        self._story.tell("restore", "The network is back")
        await self.drain(queued)
        rows = await self._engine.outbox(state=DeliveryState.DELIVERED, limit=5000)
        flushed = len({row.delivery.id for row in rows} & set(queued))
        self._outage = Outage(len(queued), flushed)
        self._story.tell(
            "flushed", f"{flushed} of them are delivered; the outbox is empty", flushed=flushed
        )

    async def drain(self, wanted: list[int] | None = None) -> None:
        """Wait until nothing (or nothing of `wanted`) waits; bounded in real time."""
        changed = asyncio.Event()
        self._engine.on_change(lambda change: changed.set() if change is Change.OUTBOX else None)
        try:
            async with asyncio.timeout(_DRAIN_S):
                while True:
                    changed.clear()
                    rows = await self._engine.outbox(limit=5000)
                    open_ids = {r.delivery.id for r in rows if r.delivery.state not in _OVER}
                    if not (open_ids if wanted is None else open_ids & set(wanted)):
                        return
                    await changed.wait()
        except TimeoutError:
            self._story.tell("late", "The outbox did not empty in time")

    async def finish(self) -> DemoReport:
        """Wait for what is under way, then count what the destinations really hold."""
        await asyncio.gather(*self._moves)
        await self.drain()
        return self._world.report(LINKED, self._outage)


_OVER = (DeliveryState.PARKED, DeliveryState.DELIVERED, DeliveryState.UNDONE)


def tell_counts(engine: Engine, story: Story) -> Callable[[], Any]:
    """Tell each play's outcome once, when the ledger has it; returns what to await at changes."""
    told: set[int] = set()

    async def look() -> None:
        for play in reversed(await engine.plays(limit=20)):
            if play.id in told or (play.open and play.counted_at is None):
                continue
            told.add(play.id)
            mark = "counts" if play.counted_at else "does not count"
            reason = sentence(play.reason_code, play.facts)
            story.tell(
                "outcome",
                f"{play.label} {mark}. {reason}",
                item=play.label,
                counted=play.counted_at is not None,
                reason_code=play.reason_code,
            )

    return look


def demo(args: argparse.Namespace) -> int:
    """Run the demo with the window, or without where that is asked for."""
    if not args.headless:
        from revenge_companion.app import run_demo_window

        return run_demo_window(speed=args.speed or WINDOW_SPEED, seconds=args.seconds)
    report = asyncio.run(headless(args))
    if args.json:
        print(json.dumps(report.as_json()), flush=True)
    else:
        print(
            f"{report.plays} plays, {report.scrobbles} of them counted; {report.delivered} "
            f"deliveries arrived, {report.lost} lost, {report.doubled} doubled. "
            f"{report.outage.queued} waited while the network was cut, "
            f"{report.outage.flushed} of them were sent when it came back."
        )
    if report.lost or report.doubled:
        return refused(args, "The demo lost or doubled a play. Please report this.")
    return 0


async def headless(args: argparse.Namespace) -> DemoReport:
    """Play at least one evening, and further ones until `--seconds` have passed."""
    speed = args.speed or HEADLESS_SPEED
    if args.seconds is not None and args.speed is None:
        speed = max(1.0, _EVENING_S / args.seconds)
    clock = SystemClock()
    until_s = clock.monotonic_s() + (args.seconds or 0.0)
    async with AsyncExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="revenge-companion-demo-"))
        tellers: list[Callable[[Play], None]] = []
        world = await stack.enter_async_context(
            DemoWorld(speed=speed, told=lambda play: [tell(play) for tell in tellers].clear())
        )
        story = Story(world.clock.monotonic_s(), world, as_json=args.json)
        story.tell("server", f"An embedded Revenge server runs at {world.server_url}")
        engine = await stack.enter_async_context(demo_engine(world, Path(home)))
        for one in engine.status.accounts:
            words = f"Linked {one.account.service} as {one.account.remote_name}"
            story.tell("linked", words, service=one.account.service)
        evening = Evening(world, engine, story)
        tellers.append(evening.on_play)
        look = tell_counts(engine, story)
        looks: set[asyncio.Task[None]] = set()

        def changed(change: Change) -> None:
            if change is Change.PLAYS:
                task = asyncio.create_task(look())
                looks.add(task)
                task.add_done_callback(looks.discard)

        engine.on_change(changed)
        await world.viewer.run()
        while args.seconds is not None and args.speed and clock.monotonic_s() < until_s:
            await world.viewer.run(world.viewer.rounds + 1)
        report = await evening.finish()
        await asyncio.gather(*looks)
        return report
