"""Where things live, and that nobody else can read it."""

import os
import stat
from pathlib import Path

import pytest

from revenge_companion.core.errors import StoreTrouble
from revenge_companion.paths import Paths, find_paths

posix = pytest.mark.skipif(os.name != "posix", reason="modes mean nothing here")


def test_the_environment_moves_everything_into_one_folder(home: Path) -> None:
    paths = find_paths()
    assert [paths.config, paths.data, paths.cache, paths.logs] == [
        home / name for name in ("config", "data", "cache", "logs")
    ]
    assert paths.config_file == home / "config" / "config.toml"
    assert paths.log_file.parent == paths.logs
    assert {paths.database.parent, paths.lock.parent, paths.control.parent} == {paths.data}


def test_finding_creates_nothing(home: Path) -> None:
    find_paths()
    assert not home.exists()


def test_a_relative_home_does_not_move_with_the_working_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = find_paths("here")
    monkeypatch.chdir("/")
    assert paths.data == tmp_path / "here" / "data"


@pytest.mark.parametrize("home_value", ["", None])
def test_without_an_override_the_platform_decides(
    monkeypatch: pytest.MonkeyPatch, home_value: str | None
) -> None:
    if home_value is None:
        monkeypatch.delenv("REVENGE_COMPANION_HOME")
    else:
        monkeypatch.setenv("REVENGE_COMPANION_HOME", home_value)
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    paths = find_paths()
    assert all("revenge-companion" in str(p) for p in (paths.config, paths.data, paths.logs))
    assert paths.config.is_absolute()


@posix
def test_folders_are_for_this_user_only(home: Path) -> None:
    before = os.umask(0)
    try:
        paths = find_paths().create()
    finally:
        os.umask(before)
    for folder in (paths.config, paths.data, paths.cache, paths.logs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@posix
def test_folders_made_on_the_way_are_for_this_user_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        find_paths(str(tmp_path / "above" / "home")).create()
    finally:
        os.umask(before)
    for folder in (tmp_path / "above", tmp_path / "above" / "home"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@posix
def test_a_folder_that_others_could_read_is_closed_to_them(home: Path) -> None:
    data = home / "data"
    data.mkdir(parents=True, mode=0o755)
    data.chmod(0o755)
    find_paths().create()
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_a_file_in_the_way_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    paths = Paths(tmp_path / "c", tmp_path / "data", tmp_path / "cache", tmp_path / "logs")
    with pytest.raises(StoreTrouble, match=r"The folder .*data cannot be used: File exists"):
        paths.create()
