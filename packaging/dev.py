#!/usr/bin/env python3
"""Sets Revenge Companion up inside this checkout, then runs it, tests it or checks its code.

    python3 packaging/dev.py run             the demo: a window, or text where there is no display
    python3 packaging/dev.py run ARGS …      the program itself, such as `run status --json`
    python3 packaging/dev.py test ARGS …     all tests; ARGS go to pytest
    python3 packaging/dev.py lint            style, types and import borders
    python3 packaging/dev.py setup           only the setting up

Python's own library is all it needs. Packages go into .venv, with their hashes checked against
requirements.lock. System libraries that are missing are named first; on Debian and its relatives
they are then installed, as root or through sudo.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "set-up.stamp"

OLDEST, TOO_NEW = (3, 11), (3, 14)

#: What the window loads, by the name the loader knows, and the Debian package that has it.
WINDOW = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}

#: What the tests start: an X server, a tray to dock in, a desktop bus, a real keyring.
TESTS = {
    "xvfb-run": "xvfb",
    "xauth": "xauth",
    "dbus-run-session": "dbus",
    "gnome-keyring-daemon": "gnome-keyring",
    "openbox": "openbox",
    "trayer": "trayer",
    "scrot": "scrot",
    "xdotool": "xdotool",
}


def say(text: str) -> None:
    print(f"dev: {text}", file=sys.stderr, flush=True)


def version_trouble(version: tuple[int, ...]) -> str:
    """Why this Python cannot be used; empty when it can."""
    if OLDEST <= version[:2] < TOO_NEW:
        return ""
    return f"this is Python {version[0]}.{version[1]}; 3.11, 3.12 or 3.13 is needed"


def is_loadable(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_packages(command: str, *, display: bool) -> list[str]:
    """Debian names of what `command` needs and this Linux has not."""
    wanted = []
    if command == "test" or (command == "run" and display):
        wanted += [package for name, package in WINDOW.items() if not is_loadable(name)]
    if command == "test":
        wanted += [package for name, package in TESTS.items() if shutil.which(name) is None]
    return wanted


def venv_package() -> str:
    """The Debian package that Python's `venv` lacks here; empty when it works."""
    if importlib.util.find_spec("ensurepip") is not None or usable_venv():
        return ""
    return f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"


def install_packages(packages: list[str]) -> bool:
    """Name `packages` and install them where that is possible; True when all is there."""
    if not packages:
        return True
    say("missing on this system: " + " ".join(packages))
    apt = shutil.which("apt-get")
    if apt is None:
        say("those are Debian's names; please install what your system calls them")
        return False
    command = [apt, "-y", "-q", "-o", "DPkg::Lock::Timeout=120"]
    if os.geteuid() != 0:
        if shutil.which("sudo") is None:
            say("please run as root: apt-get install --no-install-recommends " + " ".join(packages))
            return False
        command = ["sudo", "env", "DEBIAN_FRONTEND=noninteractive", *command]
    say("installing them with apt-get" + ("" if os.geteuid() == 0 else ", through sudo"))
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Lists that cannot be refreshed may still name everything.
    subprocess.run([*command, "update"], env=env, stdout=sys.stderr, check=False)
    install = [*command, "install", "--no-install-recommends", *packages]
    if subprocess.run(install, env=env, stdout=sys.stderr, check=False).returncode == 0:
        return True
    say("apt-get could not install all of them; its words are above")
    return False


def venv_program(name: str) -> Path:
    if os.name == "nt":
        return VENV / "Scripts" / f"{name}.exe"
    return VENV / "bin" / name


def usable_venv() -> bool:
    """Whether .venv holds a Python of this version that starts, and pip."""
    try:
        ran = subprocess.run(
            [venv_program("python"), "-c", "import pip, sys; print(sys.version_info[:2])"],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    except OSError:
        return False
    return ran.returncode == 0 and ran.stdout.strip() == str(tuple(sys.version_info[:2]))


def wanted_stamp() -> str:
    """What .venv is made from; another value means making it anew."""
    made_of = hashlib.sha256(repr(tuple(sys.version_info[:2])).encode())
    for file in (LOCK, ROOT / "pyproject.toml"):
        made_of.update(file.read_bytes())
    made_of.update(str(ROOT).encode())
    return made_of.hexdigest()


def is_set_up() -> bool:
    try:
        return STAMP.read_text() == wanted_stamp() and venv_program("python").exists()
    except OSError:
        return False


def link_checkout() -> None:
    """Let .venv import this checkout, and put `revenge-companion` beside its Python.

    An editable install would copy resources/ and need a build backend for the same two files.
    """
    if os.name == "nt":
        packages = VENV / "Lib" / "site-packages"
        start = venv_program("python").with_name("revenge-companion.cmd")
        start.write_text('@"%~dp0python.exe" -P -m revenge_companion %*\n')
    else:
        name = "python{}.{}".format(*sys.version_info)
        packages = VENV / "lib" / name / "site-packages"
        start = venv_program("revenge-companion")
        python = shlex.quote(str(venv_program("python")))
        start.write_text(f'#!/bin/sh\nexec {python} -P -m revenge_companion "$@"\n')
        start.chmod(0o755)
    (packages / "revenge-companion.pth").write_text(f"{ROOT}\n", encoding="utf-8")


def set_up() -> int:
    """Make .venv what requirements.lock says; 0 when it is."""
    if is_set_up():
        return 0
    if not usable_venv():
        say(f"making {VENV}")
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False)
        if made.returncode:
            say("the virtual environment could not be made; the words above say why")
            return 1
    say("installing the packages of requirements.lock into .venv (about 400 MB, once)")
    pip = [
        venv_program("python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--no-input", "--root-user-action=ignore",
    ]  # fmt: skip
    locked = ["--require-hashes", "--only-binary=:all:", "-r", LOCK]
    if subprocess.run([*pip, *locked], stdout=sys.stderr, check=False).returncode:
        say("pip could not install the packages; its words are above")
        return 1
    link_checkout()
    # As pip has done for the packages: where Python may write no bytecode (containers often say so)
    # every start would compile the whole program.
    compiling = [venv_program("python"), "-m", "compileall", "-q", ROOT / "revenge_companion"]
    subprocess.run(compiling, stdout=sys.stderr, check=False)
    STAMP.write_text(wanted_stamp())
    say("ready")
    return 0


def has_display() -> bool:
    """Whether a window can be shown; a DISPLAY that nobody serves is none."""
    if sys.platform in ("win32", "darwin"):
        return True
    wayland = os.environ.get("WAYLAND_DISPLAY")
    if wayland and Path(os.environ.get("XDG_RUNTIME_DIR", "/nowhere"), wayland).exists():
        return True
    host, _, number = os.environ.get("DISPLAY", "").rpartition(":")
    if host not in ("", "unix") or not number:
        return bool(host)
    with socket.socket(socket.AF_UNIX) as sock:
        return sock.connect_ex(f"/tmp/.X11-unix/X{number.partition('.')[0]}") == 0


def program_arguments(asked: list[str], *, display: bool) -> list[str]:
    """What the program is started with: what was asked, else the demo."""
    if asked:
        return asked
    return ["demo"] if display else ["demo", "--headless"]


def pytest_command(asked: list[str]) -> list[str]:
    """pytest, with an X server of its own where it can be had; tests start their own buses."""
    command = [str(venv_program("python")), "-m", "pytest", *asked]
    if shutil.which("xvfb-run") and shutil.which("xauth"):
        command = ["xvfb-run", "-a", "-s", "-screen 0 1280x800x24", *command]
    return command


def lint() -> int:
    for tool in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"],
                 ["lint-imports"]):  # fmt: skip
        say(" ".join(tool))
        code = subprocess.run([venv_program(tool[0]), *tool[1:]], cwd=ROOT, check=False).returncode
        if code:
            return code
    return 0


def replace_process(command: list[str]) -> int:
    """Become `command`, so that signals and its exit code are its own."""
    if os.name == "posix":
        sys.stdout.flush()
        os.execvp(command[0], command)
    return subprocess.run(command, check=False).returncode


def main(arguments: list[str]) -> int:
    command, asked = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command in ("-h", "--help", "help"):
        print(__doc__.strip())
        return 0
    if command not in ("run", "test", "lint", "setup"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if trouble := version_trouble(sys.version_info):
        say(trouble)
        return 2
    display = has_display()
    if sys.platform == "linux":
        packages = missing_packages(command, display=display)
        if not is_set_up() and (package := venv_package()):
            packages.append(package)
        if not install_packages(packages) and command == "run":
            display = False
    if code := set_up():
        return code
    if command == "run":
        if not asked and not display:
            say("no window can be shown here, so the demo runs as text; Ctrl+C ends it")
        program = [str(venv_program("python")), "-P", "-m", "revenge_companion"]
        return replace_process(program + program_arguments(asked, display=display))
    if command == "test":
        os.chdir(ROOT)
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        return replace_process(pytest_command(asked))
    return lint() if command == "lint" else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
