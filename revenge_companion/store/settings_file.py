"""`config.toml`: read leniently, one value at a time; written beside and put in place."""

import logging
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from revenge_companion.core.abilities import StandDown
from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.media import Kind
from revenge_companion.core.settings import Filters, Notify, Settings
from revenge_companion.core.thresholds import Thresholds
from revenge_companion.core.watching import ListPolicy
from revenge_companion.store.files import replace_file

_log = logging.getLogger(__name__)

#: Larger is no settings file of ours, in bytes.
_LARGEST = 1_000_000
_LANGUAGE = re.compile(r"system|[a-z]{2,3}(_[A-Z]{2})?")
_THEMES = ("system", "light", "dark")


class _Broken(Exception):
    """What a value should have been, as the end of a sentence."""


class _TooLarge(Exception):
    """The file is larger than any of ours."""


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Broken("true or false")
    return value


def _ratio(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.05 <= value <= 1:
        raise _Broken("a number from 0.05 to 1")
    return float(value)


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 86400:
        raise _Broken("a number of seconds from 1 to 86400")
    return float(value)


def _hold(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10:
        raise _Broken("a whole number of minutes from 0 to 10")
    return value


def _hours(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 168:
        raise _Broken("a whole number of hours from 1 to 168")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 2000:
        raise _Broken("a text")
    return value


def _theme(value: Any) -> str:
    if value not in _THEMES:
        raise _Broken(f"one of {', '.join(_THEMES)}")
    return str(value)


def _language(value: Any) -> str:
    # Which there are is known to the window, whose files they are.
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise _Broken('"system" or the code of a language, such as "de"')
    return value


def _stand_down(value: Any) -> StandDown:
    if value not in set(StandDown):
        raise _Broken(f"one of {', '.join(StandDown)}")
    return StandDown(value)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _Broken("a list of texts")
    return tuple(_text(one) for one in value)


def _kinds(value: Any) -> tuple[Kind, ...]:
    known = set(Kind)
    if not isinstance(value, list) or not all(one in known for one in value):
        raise _Broken(f"a list of {', '.join(Kind)}")
    return tuple(Kind(one) for one in value)


#: What `_read` meets in a file that is of no use at all.
_UNUSABLE = (tomllib.TOMLDecodeError, UnicodeDecodeError, _TooLarge, RecursionError)

_Check = Callable[[Any], Any]

#: Every value by its table in the file; "" is the top. The names are those of the dataclasses.
_SHAPE: Mapping[str, Mapping[str, _Check]] = {
    "": {
        "theme": _theme,
        "language": _language,
        "start_minimised": _switch,
        "autostart": _switch,
        "welcomed": _switch,
        "paused": _switch,
        "stand_down": _stand_down,
        "hold_minutes": _hold,
        "sync_hours": _hours,
        "server_url": _text,
        "username": _text,
    },
    "counting": {
        "track_ratio": _ratio,
        "track_cap_s": _seconds,
        "movie_ratio": _ratio,
        "episode_ratio": _ratio,
        "podcast_ratio": _ratio,
        "podcasts": _switch,
    },
    "filters": {
        "ignored_devices": _texts,
        "ignored_libraries": _texts,
        "ignored_kinds": _kinds,
    },
    "notify": {
        "account_trouble": _switch,
        "signed_out": _switch,
        "scrobbled": _switch,
        "hand_off": _switch,
    },
    "anime": {
        "rewatches": _switch,
        "resume_dropped": _switch,
    },
}


#: What older versions kept at the top: `SettingsFile.retired` until it is carried over.
_RETIRED = ("allow_plain_http",)


class SettingsFile:
    """The settings file at one path."""

    def __init__(self, path: Path) -> None:
        self._path = path
        #: Values of an older version that have no setting any more; `save` removes them.
        self.retired: dict[str, Any] = {}

    def load(self) -> tuple[Settings, list[str]]:
        """The settings, and a sentence for each value that could not be used.

        A missing file means the defaults. A file that is no TOML is kept aside. Never raises for
        what the file holds; raises StoreTrouble where it cannot be read at all.
        """
        troubles: list[str] = []
        try:
            data = self._read()
        except _UNUSABLE as error:
            troubles.append(self._keep_aside(error))
            data = {}
        self.retired = {name: data.pop(name) for name in _RETIRED if name in data}
        settings = _settings(data, self._path.name, troubles)
        for trouble in troubles:
            _log.warning("%s", trouble)
        return settings, troubles

    def troubles(self) -> list[str]:
        """The sentences `load` would have; moves nothing. Raises StoreTrouble as it does."""
        found: list[str] = []
        try:
            data = self._read()
        except _UNUSABLE as error:
            return [f"{self._path.name} cannot be understood ({_why(error)})."]
        _settings({k: v for k, v in data.items() if k not in _RETIRED}, self._path.name, found)
        return found

    @property
    def aside(self) -> Path:
        """Where a file goes that cannot be understood."""
        return self._path.with_name(f"{self._path.name}.broken")

    def save(self, settings: Settings) -> None:
        """Write `settings`; comments and keys we do not know stay, retired ones go.

        Raises StoreTrouble.
        """
        # Costs 26 ms and is needed for the first change only.
        import tomlkit
        from tomlkit.exceptions import TOMLKitError

        try:
            text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
            document = tomlkit.parse(text)
        except OSError as error:
            raise self._unreadable(error) from error
        except (TOMLKitError, UnicodeDecodeError, RecursionError) as error:
            _log.warning("%s", self._keep_aside(error))
            document = tomlkit.document()
        for name in _RETIRED:
            document.pop(name, None)
        for table, names in _SHAPE.items():
            values = settings if not table else getattr(settings, table)
            place: Any = document
            if table:
                if not isinstance(document.get(table), dict):
                    document[table] = tomlkit.table()
                place = document[table]
            for name in names:
                new = _plain(getattr(values, name))
                # Untouched values keep their spelling and the comment behind them.
                if name not in place or place[name] != new:
                    place[name] = new
        replace_file(self._path, tomlkit.dumps(document).encode())
        self.retired = {}

    def _read(self) -> dict[str, Any]:
        try:
            with self._path.open("rb") as file:
                text = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unreadable(error) from error
        if len(text) > _LARGEST:
            raise _TooLarge
        return tomllib.loads(text.decode())

    def _unreadable(self, error: OSError) -> StoreTrouble:
        said = error.strerror or str(error)
        return StoreTrouble(f"The settings in {self._path} cannot be read: {said}.")

    def _keep_aside(self, error: Exception) -> str:
        aside = self.aside
        try:
            self._path.replace(aside)
        except OSError as trouble:
            raise StoreTrouble(f"The settings cannot be kept: {trouble.strerror}.") from trouble
        return (
            f"{self._path.name} cannot be understood ({_why(error)}); it is kept as {aside.name} "
            "and the defaults are used."
        )


def _why(error: Exception) -> str:
    """Why a whole file is of no use, in words of ours where the library has none for people."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not text in UTF-8"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return "it is too large" if isinstance(error, _TooLarge) else str(error)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [str(one) for one in value]
    # The file's library keeps texts, not what is made of them.
    return str(value) if isinstance(value, str) else value


def _settings(data: Mapping[str, Any], file: str, troubles: list[str]) -> Settings:
    read: dict[str, dict[str, Any]] = {}
    for table, checks in _SHAPE.items():
        values = data if not table else data.get(table, {})
        read[table] = {}
        if not isinstance(values, dict):
            troubles.append(f"{file}: {table} has to be a table; its defaults are used.")
            continue
        for name, value in values.items():
            if not table and name in _SHAPE:
                continue
            shown = f"{table}.{name}" if table else name
            if name not in checks:
                troubles.append(f"{file}: {shown} is not known; it is left as it is.")
                continue
            try:
                read[table][name] = checks[name](value)
            except _Broken as wanted:
                troubles.append(f"{file}: {shown} has to be {wanted}; the default is used.")
    return Settings(
        counting=Thresholds(**read["counting"]),
        filters=Filters(**read["filters"]),
        notify=Notify(**read["notify"]),
        anime=ListPolicy(**read["anime"]),
        **read[""],
    )
