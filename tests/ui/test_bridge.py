"""The bridge tells every change, and a storm of them as a few."""

import asyncio

from revenge_companion.core.settings import Settings
from revenge_companion.engine.api import Change, Notice, Notification
from revenge_companion.ui.bridge import Bridge
from tests.clock import eventually
from tests.ui.fake_engine import FakeEngine


async def test_each_change_has_its_signal_and_value(engine: FakeEngine) -> None:
    bridge = Bridge(engine)
    told: list[object] = []
    for signal in (
        bridge.status_changed,
        bridge.now_playing_changed,
        bridge.accounts_changed,
        bridge.settings_changed,
        bridge.notified,
    ):
        signal.connect(told.append)
    bridge.plays_changed.connect(lambda: told.append("plays"))
    bridge.outbox_changed.connect(lambda: told.append("outbox"))
    engine.tell(*Change)
    notification = Notification(Notice.TROUBLE, "title", "", {})
    engine.notify(notification)

    status = engine.status
    assert told == [status, status, "plays", "outbox", status, Settings(), notification]


async def test_a_storm_is_told_as_its_first_and_its_last(engine: FakeEngine) -> None:
    bridge = Bridge(engine, gather_ms=20)
    told: list[str] = []
    bridge.status_changed.connect(lambda status: told.append(status.username))
    for number in range(1000):
        engine.become(username=f"user {number}")
    assert told == ["user 0"]
    await eventually(lambda: len(told) > 1)
    assert told == ["user 0", "user 999"]

    await asyncio.sleep(0.05)
    engine.become(username="later")
    assert told[-1] == "later"
