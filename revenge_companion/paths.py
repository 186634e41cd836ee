"""Where the program keeps things: the user's own folders, or one folder for everything."""

import os
from dataclasses import dataclass
from pathlib import Path

from revenge_companion.core.errors import StoreTrouble

#: Environment variable that moves everything into one folder.
HOME_ENV = "REVENGE_COMPANION_HOME"

_FOLDER = "revenge-companion"


@dataclass(frozen=True, slots=True)
class Paths:
    """The four folders, and the one place where the files in them are named."""

    config: Path
    data: Path
    cache: Path
    logs: Path

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def database(self) -> Path:
        return self.data / "companion.db"

    @property
    def vault(self) -> Path:
        """The encrypted vault, used where the system has no keyring."""
        return self.data / "vault"

    @property
    def lock(self) -> Path:
        """Held by the one process that has the database open."""
        return self.data / "companion.lock"

    @property
    def control(self) -> Path:
        """Where the running program answers the command line (`engine.control`)."""
        return self.data / "control"

    @property
    def log_file(self) -> Path:
        return self.logs / "companion.log"

    def create(self) -> "Paths":
        """Make what is missing, for this user only (0700), and return self.

        Folders of ours that others may read are closed to them. Raises StoreTrouble.
        """
        for folder in (self.config, self.data, self.cache, self.logs):
            try:
                # Not `parents=True`: it makes those above open to everybody where the umask is.
                for missing in reversed([one for one in folder.parents if not one.exists()]):
                    missing.mkdir(mode=0o700, exist_ok=True)
                folder.mkdir(mode=0o700, exist_ok=True)
                if os.name == "posix" and folder.stat().st_mode & 0o077:
                    folder.chmod(0o700)
            except OSError as error:
                said = error.strerror or str(error)
                raise StoreTrouble(f"The folder {folder} cannot be used: {said}") from error
        return self


def find_paths(home: str | None = None) -> Paths:
    """The folders under `home`, else under REVENGE_COMPANION_HOME, else the platform's own.

    Nothing is created; see `Paths.create`.
    """
    home = home or os.environ.get(HOME_ENV)
    if home:
        root = Path(home).expanduser().absolute()
        return Paths(root / "config", root / "data", root / "cache", root / "logs")
    # Imported here: 20 ms that a program with a home of its own need not spend.
    from platformdirs import PlatformDirs

    dirs = PlatformDirs(_FOLDER, appauthor=False)
    return Paths(
        dirs.user_config_path, dirs.user_data_path, dirs.user_cache_path, dirs.user_log_path
    )
