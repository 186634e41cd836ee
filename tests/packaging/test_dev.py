"""The two commands of the README: what they look for, say, install and start."""

import ast
import importlib.util
import os
import re
import socket
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT / "packaging" / "dev.py"


@pytest.fixture
def dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev_under_test", DEV)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def add_program(folder: Path, name: str, script: str = "exit 0") -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def ran(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, DEV, *arguments],
        capture_output=True, text=True, check=False, timeout=30, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize("flag", ["-h", "--help", "help"])
def test_help_names_both_commands(flag: str) -> None:
    result = ran(flag)
    assert result.returncode == 0
    assert "dev.py run" in result.stdout
    assert "dev.py test" in result.stdout


@pytest.mark.parametrize("arguments", [(), ("dance",), ("--run",)])
def test_wrong_usage_is_told_and_ends_with_2(arguments: tuple[str, ...]) -> None:
    result = ran(*arguments)
    assert result.returncode == 2
    assert "dev.py run" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("version", "usable"),
    [((3, 10, 14), False), ((3, 11, 2), True), ((3, 13, 9), True), ((3, 14, 0), False)],
)
def test_only_a_python_that_works_is_used(
    dev: ModuleType, version: tuple[int, ...], usable: bool
) -> None:
    trouble = dev.version_trouble(version)
    assert (trouble == "") is usable
    assert usable or f"{version[0]}.{version[1]}" in trouble


def test_python_alone_is_enough() -> None:
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(DEV.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert imported <= sys.stdlib_module_names


def test_text_needs_no_system_library(dev: ModuleType, programs: Path) -> None:
    dev.is_loadable = lambda library: False
    assert dev.missing_packages("run", display=False) == []
    assert dev.missing_packages("lint", display=True) == []


def test_a_window_needs_what_qt_loads(dev: ModuleType, programs: Path) -> None:
    dev.is_loadable = lambda library: library != "libEGL.so.1"
    assert dev.missing_packages("run", display=True) == ["libegl1"]


def test_the_tests_need_their_programs_too(dev: ModuleType, programs: Path) -> None:
    dev.is_loadable = lambda library: True
    add_program(programs, "openbox")
    missing = dev.missing_packages("test", display=False)
    assert "openbox" not in missing
    assert {"xvfb", "dbus", "gnome-keyring", "trayer"} <= set(missing)


@pytest.mark.parametrize(
    ("has_ensurepip", "has_venv", "named"),
    [(True, False, False), (False, True, False), (False, False, True)],
)
def test_a_python_that_cannot_make_environments_is_completed(
    dev: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    has_ensurepip: bool,
    has_venv: bool,
    named: bool,
) -> None:
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: object() if has_ensurepip else None
    )
    dev.usable_venv = lambda: has_venv
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    assert dev.venv_package() == (package if named else "")


def test_nothing_missing_starts_nothing(dev: ModuleType, programs: Path) -> None:
    assert dev.install_packages([])


@pytest.mark.parametrize("root", [True, False], ids=["as root", "through sudo"])
def test_packages_are_named_and_then_installed(
    dev: ModuleType,
    programs: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    root: bool,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    add_program(programs, "apt-get", 'echo "apt-get $*"')
    add_program(programs, "sudo", 'echo "sudo $*"')
    assert dev.install_packages(["libegl1", "xvfb"])
    said = [line for line in capfd.readouterr().err.splitlines() if "update" not in line]
    assert said[0] == "dev: missing on this system: libegl1 xvfb"
    assert said[1].startswith("dev: installing them with apt-get")
    assert said[2].startswith("apt-get" if root else "sudo env DEBIAN_FRONTEND=noninteractive")
    assert said[2].endswith("install --no-install-recommends libegl1 xvfb")


def test_without_rights_the_command_to_run_is_told(
    dev: ModuleType,
    programs: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    add_program(programs, "apt-get", "echo must not run >&2")
    assert not dev.install_packages(["libegl1"])
    said = capfd.readouterr().err
    assert "please run as root: apt-get install --no-install-recommends libegl1" in said
    assert "must not run" not in said


def test_other_systems_are_told_what_is_missing(
    dev: ModuleType, programs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert not dev.install_packages(["libegl1"])
    assert "libegl1" in capfd.readouterr().err


def test_a_failed_installation_is_said(
    dev: ModuleType, programs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    add_program(programs, "apt-get", "exit 100")
    add_program(programs, "sudo", "exit 100")
    assert not dev.install_packages(["libegl1"])
    assert "could not install" in capfd.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="displays are told apart on Linux only")
@pytest.mark.parametrize(
    ("display", "there"), [(None, False), (":98765", False), ("", False), ("elsewhere:10.0", True)]
)
def test_a_display_that_nobody_serves_is_none(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, display: str | None, there: bool
) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    if display is None:
        monkeypatch.delenv("DISPLAY", raising=False)
    else:
        monkeypatch.setenv("DISPLAY", display)
    assert dev.has_display() is there


@pytest.mark.skipif(sys.platform != "linux", reason="displays are told apart on Linux only")
def test_a_wayland_socket_is_a_display(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert not dev.has_display()
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(tmp_path / "wayland-0"))
        assert dev.has_display()


@pytest.mark.parametrize(
    ("asked", "display", "started"),
    [
        ([], True, ["demo"]),
        ([], False, ["demo", "--headless"]),
        (["status", "--json"], False, ["status", "--json"]),
        (["demo"], False, ["demo"]),
    ],
)
def test_the_demo_runs_unless_something_else_is_asked(
    dev: ModuleType, asked: list[str], display: bool, started: list[str]
) -> None:
    assert dev.program_arguments(asked, display=display) == started


def test_the_tests_get_an_x_server_of_their_own_where_there_is_one(
    dev: ModuleType, programs: Path
) -> None:
    assert dev.pytest_command(["-x"])[1:] == ["-m", "pytest", "-x"]
    for name in ("xvfb-run", "xauth"):
        add_program(programs, name)
    command = dev.pytest_command(["-x"])
    assert command[0] == "xvfb-run"
    assert command[-3:] == ["-m", "pytest", "-x"]


def test_a_change_of_lock_sets_up_again(dev: ModuleType, tmp_path: Path) -> None:
    dev.LOCK = tmp_path / "requirements.lock"
    dev.STAMP = tmp_path / "stamp"
    dev.venv_program = lambda name: Path(sys.executable)
    dev.LOCK.write_text("one==1\n")
    assert not dev.is_set_up()
    dev.STAMP.write_text(dev.wanted_stamp())
    assert dev.is_set_up()
    dev.LOCK.write_text("one==2\n")
    assert not dev.is_set_up()


@pytest.mark.skipif(os.name != "posix", reason="the folders are other ones there")
def test_the_checkout_is_linked_into_the_environment(dev: ModuleType, tmp_path: Path) -> None:
    dev.VENV = tmp_path / "a folder" / ".venv"
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    packages = dev.VENV / "lib" / name / "site-packages"
    packages.mkdir(parents=True)
    (dev.VENV / "bin").mkdir()
    dev.link_checkout()
    assert (packages / "revenge-companion.pth").read_text() == f"{ROOT}\n"
    add_program(dev.VENV / "bin", "python", 'echo "$@"')
    told = subprocess.run(
        [dev.VENV / "bin" / "revenge-companion", "link", "--label", "two words"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout == "-P -m revenge_companion link --label two words\n"


# The files around it


def locked() -> dict[str, list[str]]:
    """Each locked package with its lines: version and marker first, then hashes."""
    packages: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if line.startswith(" "):
            current.append(line.strip())
        else:
            current = packages.setdefault(line.partition("==")[0], [])
            current.append(line)
    return packages


def test_the_lock_pins_and_hashes_everything_and_names_no_address() -> None:
    packages = locked()
    assert len(packages) > 40
    for name, lines in packages.items():
        assert re.match(r"[a-z0-9-]+==\S+", lines[0]), name
        assert any(line.startswith("--hash=sha256:") for line in lines[1:]), name
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    assert "index" not in text


def test_the_lock_holds_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        wanted += extra
    names = {re.split(r"[<>=;\s\[]", line)[0].lower() for line in wanted}
    assert names <= locked().keys()


def test_python_3_11_gets_a_qt_that_does_not_abort() -> None:
    pins = [line for line in locked()["pyside6-essentials"] if line.startswith("pyside6")]
    (old,) = [pin for pin in pins if "< '3.12'" in pin]
    version = re.search(r"==(\d+)\.(\d+)", old)
    assert version is not None
    assert (6, 8) <= (int(version[1]), int(version[2])) < (6, 12)


def test_ci_runs_the_command_of_the_readme() -> None:
    ci = ROOT / ".ci" / "run"
    assert ci.stat().st_mode & stat.S_IXUSR
    for file in (ci, ROOT / "README.md"):
        assert "python3 packaging/dev.py test" in file.read_text()
    assert "python3 packaging/dev.py run" in (ROOT / "README.md").read_text()
    subprocess.run(["/bin/bash", "-n", ci], check=True)
