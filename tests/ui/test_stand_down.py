"""A server that sends plays by itself: said above the pages, decided in the settings."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from revenge_companion.core.abilities import Abilities, Ability, StandDown
from revenge_companion.ui.style import Theme
from revenge_companion.ui.window import Window
from tests.clock import START, settle
from tests.ui.fake_engine import SIGNED_IN, FakeEngine

SCROBBLES = Abilities(frozenset({Ability.SCROBBLES}), ("trakt",), START)


async def test_today_nothing_is_asked(window: Window, busy_engine: FakeEngine) -> None:
    window.show_settings()
    busy_engine.become(abilities=Abilities(asked_at=START))
    await settle()
    assert not window.notices.doubled.isVisible()
    assert not window.settings.who_sends.isVisible()
    assert window.settings.offers.text() == (
        "Your server takes no dates of plays, ratings or watchlist yet, so they are kept here. "
        "Ratings and watchlist are sent to it once it takes them."
    )


@pytest.mark.parametrize(
    ("offers", "kept"),
    [
        ({Ability.RATINGS}, "Dates of plays and the watchlist are kept here."),
        ({Ability.WATCHLIST}, "Dates of plays and ratings are kept here."),
        ({Ability.RATINGS, Ability.WATCHLIST}, "Dates of plays are kept here."),
    ],
)
async def test_what_the_server_has_learnt_is_said(
    window: Window, busy_engine: FakeEngine, offers: set[Ability], kept: str
) -> None:
    busy_engine.become(abilities=Abilities(frozenset(offers), asked_at=START))
    assert window.settings.offers.text().endswith(kept)


async def test_the_user_is_asked_who_sends_and_the_answer_is_kept(
    window: Window, busy_engine: FakeEngine
) -> None:
    busy_engine.become(abilities=SCROBBLES, doubled=("Trakt",))
    assert window.notices.doubled.isVisible()
    window.notices.doubled.action.click()
    await settle()
    chosen = window.settings.stand_down
    assert chosen.isVisible()
    assert chosen.currentData() == StandDown.ASK
    chosen.setCurrentIndex(chosen.findData(StandDown.YES))
    await settle()
    assert busy_engine.settings.stand_down is StandDown.YES
    busy_engine.become(doubled=())
    assert not window.notices.doubled.isVisible()
    # It stays where it can be changed, also while the server does not scrobble.
    busy_engine.become(abilities=Abilities(asked_at=START))
    assert window.settings.who_sends.isVisible()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_pictures(
    window: Window, busy_engine: FakeEngine, tmp_path: Path, theme: str, qapp: QApplication
) -> None:
    made = Theme(qapp)
    made.want(theme)
    busy_engine.become(abilities=SCROBBLES, doubled=("Trakt", "Last.fm"))
    busy_engine.status = replace(busy_engine.status, sign_in=SIGNED_IN.sign_in)
    window.show_settings()
    await settle()
    folder = Path(os.environ.get("REVENGE_COMPANION_SCREENSHOTS") or tmp_path)
    assert window.grab().save(str(folder / f"stand-down-{theme}.png"))
    made.want("light")
    made.deleteLater()
