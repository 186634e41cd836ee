from pathlib import Path

import pytest

from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.media import Kind
from revenge_companion.core.settings import Filters, Notify, Settings
from revenge_companion.core.thresholds import Thresholds
from revenge_companion.store.settings_file import SettingsFile

CHANGED = Settings(
    counting=Thresholds(0.6, 200.0, 0.9, 0.7, 0.95, True),
    filters=Filters(("TV",), ("lib",), (Kind.TRACK, Kind.MOVIE)),
    notify=Notify(False, False, True),
    theme="dark",
    language="de",
    start_minimised=True,
    autostart=True,
    paused=True,
    server_url="https://media.example",
    username="ann",
)


def test_every_setting_comes_back(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "conf" / "config.toml")
    file.save(CHANGED)
    assert file.load() == (CHANGED, [])
    assert (tmp_path / "conf" / "config.toml").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "conf").stat().st_mode & 0o777 == 0o700
    assert [one.name for one in (tmp_path / "conf").iterdir()] == ["config.toml"]


def test_a_missing_file_means_the_defaults(tmp_path: Path) -> None:
    assert SettingsFile(tmp_path / "config.toml").load() == (Settings(), [])


def test_what_an_older_version_kept_is_handed_on_and_then_removed(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('allow_plain_http = true  # at home\n# mine\ntheme = "dark"\n')
    file = SettingsFile(path)
    assert file.load() == (Settings(theme="dark"), [])
    assert file.retired == {"allow_plain_http": True}
    file.save(Settings(theme="dark"))
    assert "allow_plain_http" not in path.read_text()
    assert "# mine" in path.read_text()
    assert file.retired == {}


@pytest.mark.expected_logs("config.toml")
def test_broken_values_fall_back_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        """
theme = "pink"
username = "ann"
autostart = "yes"
later = 1
[counting]
movie_ratio = 7
track_ratio = 0.7
track_cap_s = nan
podcasts = 1
[filters]
ignored_devices = ["TV", 3]
ignored_kinds = ["movie", "opera"]
ignored_libraries = ["lib"]
"""
    )
    settings, troubles = SettingsFile(path).load()
    assert settings == Settings(
        username="ann",
        counting=Thresholds(track_ratio=0.7),
        filters=Filters(ignored_libraries=("lib",)),
    )
    named = [trouble.split(": ")[1].split(" ")[0] for trouble in troubles]
    assert named == [
        "theme",
        "autostart",
        "later",
        "counting.movie_ratio",
        "counting.track_cap_s",
        "counting.podcasts",
        "filters.ignored_devices",
        "filters.ignored_kinds",
    ]


@pytest.mark.expected_logs("config.toml")
def test_a_value_in_place_of_a_table_falls_back_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('notify = 3\nusername = "ann"\n')
    settings, troubles = SettingsFile(path).load()
    assert settings == Settings(username="ann")
    assert len(troubles) == 1
    SettingsFile(path).save(CHANGED)
    assert SettingsFile(path).load() == (CHANGED, [])


@pytest.mark.expected_logs("config.toml")
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"theme = ", "Invalid value (at end of document)"),
        (b"theme = 'dark'\n# caf\xe9", "it is not text in UTF-8"),
        (b"a = " + b"[" * 100_000, "it is nested too deeply"),
        (b"#" * 1_000_001, "it is too large"),
    ],
    ids=["no toml", "no text", "too deep", "too large"],
)
def test_a_file_that_is_no_toml_is_kept_aside(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    settings, troubles = SettingsFile(path).load()
    assert settings == Settings()
    assert troubles == [
        f"config.toml cannot be understood ({why}); it is kept as config.toml.broken "
        "and the defaults are used."
    ]
    assert (tmp_path / "config.toml.broken").read_bytes() == content
    assert not path.exists()


def test_comments_and_unknown_keys_stay(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('# mine\ntheme = "dark" # at night\nplugin = 5\n[counting]\nother = [1]\n')
    SettingsFile(path).save(Settings(theme="dark", username="ann"))
    text = path.read_text()
    for kept in ("# mine", 'theme = "dark" # at night', "plugin = 5", "other = [1]"):
        assert kept in text
    assert 'username = "ann"' in text


def test_a_folder_that_cannot_be_written_is_store_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreTrouble, match="cannot be written"):
        SettingsFile(tmp_path / "file" / "config.toml").save(Settings())


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.mkdir()
    with pytest.raises(StoreTrouble) as caught:
        SettingsFile(path).load()
    assert str(caught.value) == f"The settings in {path} cannot be read: Is a directory."


@pytest.mark.expected_logs("config.toml")
@pytest.mark.parametrize("value", ['"German"', '"../de"', "7", '""'])
def test_a_language_is_a_code(tmp_path: Path, value: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"language = {value}\n")

    settings, troubles = SettingsFile(path).load()

    assert settings.language == "system"
    assert len(troubles) == 1
