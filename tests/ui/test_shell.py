"""Tray and window over a fake engine."""

from datetime import timedelta

import pytest
from PySide6.QtWidgets import QApplication, QLabel

from revenge_companion.ui.shell import Shell
from revenge_companion.ui.tray_state import Do, TrayIcon
from tests.clock import FakeClock, settle
from tests.ui.fake_engine import SIGNED_IN, FakeEngine


@pytest.fixture
async def shell(busy_engine: FakeEngine, clock: FakeClock, qapp: QApplication):  # type: ignore[no-untyped-def]
    quits: list[None] = []
    made = Shell(busy_engine, clock=clock, app=qapp, quit_requested=lambda: quits.append(None))
    made.quits = quits
    yield made
    made.close()
    await settle()


async def test_the_tray_stands_before_any_window(shell: Shell) -> None:
    assert not shell.window_built
    assert shell.tray_state().icon is TrayIcon.ATTENTION


async def test_without_a_tray_the_window_shows_itself_even_when_minimised(shell: Shell) -> None:
    shell.show(minimised=True)
    await settle()

    assert shell.window.isMinimized()


async def test_the_menu_shows_the_last_scrobbles_once_they_are_read(shell: Shell) -> None:
    shell.show(minimised=False)
    await settle()

    lines = [line.text for line in shell.tray_state().lines]
    assert any(line.startswith("\N{HORIZONTAL ELLIPSIS} Severance S02E04") for line in lines)


async def test_pausing_for_half_an_hour_names_the_end(
    shell: Shell, busy_engine: FakeEngine, clock: FakeClock
) -> None:
    shell.tray.chosen.emit(Do.PAUSE, "30")
    shell.tray.chosen.emit(Do.PAUSE, "0")

    assert busy_engine.calls("pause") == [(clock.now() + timedelta(minutes=30),), (None,)]


async def test_quit_asks_the_program_and_closes_nothing_itself(shell: Shell) -> None:
    shell.tray.chosen.emit(Do.QUIT, "")

    assert shell.quits == [None]


async def test_send_now_flushes(shell: Shell, busy_engine: FakeEngine) -> None:
    shell.tray.chosen.emit(Do.FLUSH, "")
    await settle()

    assert busy_engine.calls("flush") == [()]


async def test_the_tray_follows_the_engine(shell: Shell, busy_engine: FakeEngine) -> None:
    busy_engine.become(accounts=SIGNED_IN.accounts[:1])

    assert shell.tray_state().icon is TrayIcon.WAITING


NOTES = ("The database was damaged; a copy was restored.", "config.toml: theme is not known.")


@pytest.mark.parametrize("notes", [(), NOTES])
async def test_what_the_start_has_to_say_stands_above_the_pages_until_it_was_read(
    busy_engine: FakeEngine, clock: FakeClock, qapp: QApplication, notes: tuple[str, ...]
) -> None:
    shell = Shell(busy_engine, clock=clock, app=qapp, quit_requested=lambda: None, notes=notes)
    window = shell.window
    window.show()
    texts = {
        label.text() for label in window.notices.opened.findChildren(QLabel) if label.isVisible()
    }
    assert texts == ({"\n".join(notes)} if notes else set())
    window.notices.opened.dismiss.click()
    assert not window.notices.opened.isVisible()
    shell.close()
    await settle()


@pytest.mark.parametrize(("notes", "told"), [((), []), (NOTES, [NOTES[0]])])
async def test_started_into_the_tray_it_says_it_there(
    busy_engine: FakeEngine,
    clock: FakeClock,
    qapp: QApplication,
    monkeypatch: pytest.MonkeyPatch,
    notes: tuple[str, ...],
    told: list[str],
) -> None:
    monkeypatch.setattr("revenge_companion.ui.shell.tray_available", lambda: True)
    shell = Shell(busy_engine, clock=clock, app=qapp, quit_requested=lambda: None, notes=notes)
    said: list[str] = []
    monkeypatch.setattr(shell.tray, "notify", lambda _title, text, **_: said.append(text))
    shell.show(minimised=True)
    await settle()
    assert said == told
    shell.close()
    await settle()
