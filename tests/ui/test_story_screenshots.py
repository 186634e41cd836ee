"""The story of each kind of play, light and dark, wide, narrow and in large text, to look at."""

from collections.abc import AsyncIterator

import pytest
from PySide6.QtWidgets import QApplication

from revenge_companion.core.status import PlayRecord
from revenge_companion.ui.context import Context
from revenge_companion.ui.places import Place
from revenge_companion.ui.window import Window
from tests.clock import settle
from tests.ui.fake_engine import FakeEngine
from tests.ui.pictures import Shoot
from tests.ui.stories import STORIES


@pytest.fixture
async def window(context: Context, busy_engine: FakeEngine) -> AsyncIterator[Window]:
    busy_engine.ledger = [play for _, play in STORIES]
    busy_engine.become(now_playing=())
    made = Window(context, has_tray=lambda: True)
    made.sidebar.choose(Place.ACTIVITY)
    made.show()
    await settle()
    yield made
    made.shut()
    made.deleteLater()
    await settle()


@pytest.mark.parametrize(("name", "play"), STORIES, ids=[name for name, _ in STORIES])
async def test_story(window: Window, name: str, play: PlayRecord, shoot: Shoot) -> None:
    window.show_play(play.id)
    await settle()
    shoot(window, f"story-{name}")


async def test_narrow_story(window: Window, shoot: Shoot) -> None:
    window.resize(window.minimumSize())
    window.show_play(STORIES[1][1].id)
    await settle()
    picture = shoot(window, "story-narrow")
    assert picture.size() == window.minimumSize()
    window.activity.story.body.verticalScrollBar().setValue(10_000)
    shoot(window, "story-narrow-end")


async def test_story_in_large_text(
    context: Context, busy_engine: FakeEngine, qapp: QApplication, shoot: Shoot
) -> None:
    before, large = qapp.font(), qapp.font()
    large.setPointSizeF(before.pointSizeF() * 1.6)
    qapp.setFont(large)
    busy_engine.ledger = [play for _, play in STORIES]
    busy_engine.become(now_playing=())
    made = Window(context, has_tray=lambda: True)
    made.sidebar.choose(Place.ACTIVITY)
    made.show()
    await settle()
    made.show_play(STORIES[1][1].id)
    await settle()
    made.activity.story.chart.setFocus()
    made.activity.story.chart.choose(3)
    shoot(made, "story-large")
    qapp.setFont(before)
    made.shut()
    made.deleteLater()
    await settle()
