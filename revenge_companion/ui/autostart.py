"""Starting with the desktop session: a desktop entry, a Run key or a launch agent."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QSettings, QStandardPaths

from revenge_companion import APP_ID, APP_NAME

_SWITCHED_OFF = ("hidden=true", "x-gnome-autostart-enabled=false")


class Autostart(Protocol):
    """Starts the program with the session, or no longer; raises OSError where it may not."""

    def enabled(self) -> bool: ...

    def set_enabled(self, enabled: bool) -> None: ...


class DesktopEntry:
    """Linux and BSD: an entry in the XDG autostart folder."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self._file = folder / f"{APP_ID}.desktop"
        self._command = command

    def enabled(self) -> bool:
        try:
            text = self._file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        # The desktop's own list of programs to start switches an entry off and leaves it there.
        lines = (line.replace(" ", "").casefold() for line in text.splitlines())
        return not any(line in _SWITCHED_OFF for line in lines)

    def set_enabled(self, enabled: bool) -> None:
        if not enabled:
            self._file.unlink(missing_ok=True)
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        lines = (
            "[Desktop Entry]",
            "Type=Application",
            f"Name={APP_NAME}",
            f"Exec={' '.join(_quoted(part) for part in self._command)}",
            f"Icon={APP_ID}",
            "Terminal=false",
            "X-GNOME-Autostart-enabled=true",
        )
        self._file.write_text("\n".join(lines) + "\n", encoding="utf-8")


class LaunchAgent:
    """macOS: a property list in the user's LaunchAgents folder."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self._file = folder / f"{APP_ID}.plist"
        self._command = command

    def enabled(self) -> bool:
        return self._file.is_file()

    def set_enabled(self, enabled: bool) -> None:
        if not enabled:
            self._file.unlink(missing_ok=True)
            return
        # Only macOS comes here; elsewhere the window opens without it.
        import plistlib

        self._file.parent.mkdir(parents=True, exist_ok=True)
        agent = {"Label": APP_ID, "ProgramArguments": list(self._command), "RunAtLoad": True}
        self._file.write_bytes(plistlib.dumps(agent))


class RunKey:
    """Windows: a value under the user's Run key."""

    def __init__(self, settings: QSettings, command: Sequence[str]) -> None:
        self._settings = settings
        self._command = command

    def enabled(self) -> bool:
        return bool(self._settings.contains(APP_NAME))

    def set_enabled(self, enabled: bool) -> None:
        if enabled:
            self._settings.setValue(APP_NAME, " ".join(f'"{part}"' for part in self._command))
        else:
            self._settings.remove(APP_NAME)
        self._settings.sync()
        if self._settings.status() is not QSettings.Status.NoError:
            raise OSError("The list of programs to start could not be written.")


def own_command() -> tuple[str, ...]:
    """The command that starts this very installation."""
    if getattr(sys, "frozen", False):
        # An AppImage is mounted anew, somewhere else, at each start.
        return (os.environ.get("APPIMAGE") or sys.executable,)
    return (sys.executable, "-m", "revenge_companion")


def system_autostart() -> Autostart:
    """The way of the system this runs on."""
    command = own_command()
    if sys.platform == "win32":
        key = "HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run"
        return RunKey(QSettings(key, QSettings.Format.NativeFormat), command)
    if sys.platform == "darwin":
        return LaunchAgent(Path.home() / "Library" / "LaunchAgents", command)
    config = QStandardPaths.StandardLocation.GenericConfigLocation
    return DesktopEntry(Path(QStandardPaths.writableLocation(config)) / "autostart", command)


def _quoted(part: str) -> str:
    """One argument as the desktop entry specification wants it."""
    if part and not any(sign in part for sign in " \t\n\"'\\><~|&;$*?#()`%"):
        return part
    escaped = part.replace("\\", "\\\\")
    for sign in ('"', "`", "$"):
        escaped = escaped.replace(sign, f"\\{sign}")
    # Once more for the entry file itself, and "%" is a field code there.
    return '"' + escaped.replace("\\", "\\\\").replace("%", "%%") + '"'
