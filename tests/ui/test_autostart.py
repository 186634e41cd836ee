"""Starting with the session is switched on and off where each system looks for it."""

import plistlib
import shlex
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from revenge_companion import APP_ID, APP_NAME
from revenge_companion.ui.autostart import (
    Autostart,
    DesktopEntry,
    LaunchAgent,
    RunKey,
    own_command,
    system_autostart,
)

COMMAND = ("/opt/Revenge Companion/run", "--home", 'a "b" $c 100%')


def made(kind: str, folder: Path) -> Autostart:
    if kind == "desktop":
        return DesktopEntry(folder / "autostart", COMMAND)
    if kind == "agent":
        return LaunchAgent(folder / "LaunchAgents", COMMAND)
    return RunKey(QSettings(str(folder / "run.ini"), QSettings.Format.IniFormat), COMMAND)


@pytest.mark.parametrize("kind", ["desktop", "agent", "key"])
def test_it_is_switched_on_and_off_and_twice_is_harmless(kind: str, tmp_path: Path) -> None:
    autostart = made(kind, tmp_path)
    assert not autostart.enabled()
    for enabled in (True, True, False, False):
        autostart.set_enabled(enabled)
        assert autostart.enabled() is enabled


@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled = false"])
def test_an_entry_that_the_desktop_switched_off_is_off(tmp_path: Path, line: str) -> None:
    autostart = made("desktop", tmp_path)
    autostart.set_enabled(True)
    (entry,) = (tmp_path / "autostart").iterdir()
    text = entry.read_text().replace("X-GNOME-Autostart-enabled=true\n", "")
    entry.write_text(f"{text}{line}\n")
    assert not autostart.enabled()
    autostart.set_enabled(True)
    assert autostart.enabled()


def test_an_appimage_starts_itself_and_not_where_it_is_mounted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.frozen", True, raising=False)
    monkeypatch.setenv("APPIMAGE", "/home/ann/Companion.AppImage")
    assert own_command() == ("/home/ann/Companion.AppImage",)
    monkeypatch.delenv("APPIMAGE")
    assert own_command() == (sys.executable,)


def test_the_desktop_entry_quotes_its_command(tmp_path: Path) -> None:
    DesktopEntry(tmp_path, COMMAND).set_enabled(True)
    text = (tmp_path / f"{APP_ID}.desktop").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("Exec=")]

    assert f"Name={APP_NAME}" in text
    # The file's own escaping, then the quoting of the command line, then the field codes.
    command = line.removeprefix("Exec=").replace("\\\\", "\\")
    assert [part.replace("\\$", "$").replace("%%", "%") for part in shlex.split(command)] == list(
        COMMAND
    )


def test_the_launch_agent_names_the_program(tmp_path: Path) -> None:
    LaunchAgent(tmp_path, COMMAND).set_enabled(True)
    agent = plistlib.loads((tmp_path / f"{APP_ID}.plist").read_bytes())

    assert agent == {"Label": APP_ID, "ProgramArguments": list(COMMAND), "RunAtLoad": True}


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    with pytest.raises(OSError, match="file"):
        DesktopEntry(tmp_path / "file" / "autostart", COMMAND).set_enabled(True)


def test_this_system_has_a_way_and_the_program_a_command() -> None:
    assert system_autostart() is not None
    assert own_command()
