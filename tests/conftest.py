"""What every test gets: a home of its own, a clock to turn, and guards over network and logs."""

import ipaddress
import logging
import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.clock import FakeClock

#: Set before anything imports Qt or the program.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

#: What the machine says of services, proxies and secrets is no business of a test.
_FOREIGN = re.compile(
    r"REVENGE_COMPANION_(?!SCREENSHOTS).*|"
    r"(TRAKT|SIMKL|LASTFM|ANILIST|MAL)_(CLIENT|API)_.*|(https?|all|no)_proxy",
    re.IGNORECASE,
)
for _name in [name for name in os.environ if _FOREIGN.fullmatch(name)]:
    del os.environ[_name]
_home = tempfile.mkdtemp(prefix="revenge-companion-tests-")
os.environ["REVENGE_COMPANION_HOME"] = _home
# Nothing of the desktop that runs the tests is touched: no keyring, no autostart folder. A test
# that needs a bus starts one of its own with dbus-run-session.
os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)
for _name in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
    os.environ[_name] = _home

# Programs that a test starts speak English, whatever the desktop speaks.
for _name in [name for name in os.environ if name == "LANGUAGE" or name.startswith("LC_")]:
    del os.environ[_name]
os.environ["LANG"] = "C.UTF-8"

settings.register_profile("companion", deadline=None, derandomize=True, database=None)
settings.load_profile("companion")


def pytest_unconfigure() -> None:
    shutil.rmtree(_home, ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    for line in (
        "expected_logs(*patterns): records at warning or above are expected (all, or these)",
        "real_tray: starts a tray host on an X server",
        "real_keyring: starts a D-Bus session with gnome-keyring",
        "bench: measures; run by its own command",
    ):
        config.addinivalue_line("markers", line)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands at `tests.clock.START` until it is turned."""
    return FakeClock()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """REVENGE_COMPANION_HOME of this test; the folder itself is not made yet."""
    folder = tmp_path / "home"
    monkeypatch.setenv("REVENGE_COMPANION_HOME", str(folder))
    return folder


class LogGuard(logging.Handler):
    """Collects records at warning or above and knows which of them the test expects."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []
        self._expected: list[re.Pattern[str]] = []

    def expect(self, pattern: str = "") -> None:
        """Expect records whose "logger: message" contains `pattern`, a regular expression."""
        self._expected.append(re.compile(pattern))

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def lines(self) -> list[str]:
        """Each record as "logger: message", traceback included."""
        return [_line(record) for record in self.records]

    @property
    def unexpected(self) -> list[str]:
        return [line for line in self.lines if not any(p.search(line) for p in self._expected)]


def _line(record: logging.LogRecord) -> str:
    line = f"{record.name}: {record.getMessage()}"
    if record.exc_info and record.exc_info[0] is not None:
        line += "\n" + logging.Formatter().formatException(record.exc_info)
    return line


@pytest.fixture(autouse=True)
def log_guard(request: pytest.FixtureRequest) -> Iterator[LogGuard]:
    """Fails the test on a record at warning or above that it did not say it expects."""
    guard = LogGuard()
    for marker in request.node.iter_markers("expected_logs"):
        for pattern in marker.args or ("",):
            guard.expect(pattern)
    root = logging.getLogger()
    root.addHandler(guard)
    yield guard
    root.removeHandler(guard)
    if guard.unexpected:
        pytest.fail("unexpected log records:\n" + "\n".join(guard.unexpected))


@pytest.fixture
def expected_logs(log_guard: LogGuard) -> LogGuard:
    """For tests that read the records: `expected_logs.expect("pattern")`, then `.lines`."""
    return log_guard


class NetworkGuard:
    """Lets sockets reach this computer only, and remembers who tried to go farther."""

    def __init__(self) -> None:
        self.attempts: list[str] = []

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if event in ("socket.connect", "socket.sendto"):
            sock, address = args[0], args[1]
            inet = (socket.AF_INET, socket.AF_INET6)
            if isinstance(sock, socket.socket) and sock.family not in inet:
                return
            if isinstance(address, tuple) and address and not _is_loopback(str(address[0])):
                self._refuse(f"{event} {address}")
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            host = args[0].decode() if isinstance(args[0], bytes) else args[0]
            if host is None or _is_loopback(str(host)) or _is_address(str(host)):
                return
            # Names that can never exist (RFC 2606) do what they do everywhere: not resolve.
            if str(host).endswith((".invalid", ".test", ".example")):
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            self._refuse(f"{event} {host}")

    def _refuse(self, what: str) -> None:
        self.attempts.append(what)
        raise OSError(f"tests reach this computer only: {what}")


def _is_loopback(host: str) -> bool:
    if host in ("", "localhost"):
        return True
    return _is_address(host) and ipaddress.ip_address(host.partition("%")[0]).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


_network = NetworkGuard()
# An audit hook also sees sockets made in C or in other threads; it lasts as long as the process.
sys.addaudithook(_network)


@pytest.fixture(autouse=True)
def network_guard() -> Iterator[NetworkGuard]:
    """Fails the test when a socket tried to leave this computer."""
    _network.attempts.clear()
    yield _network
    if _network.attempts:
        pytest.fail("left this computer:\n" + "\n".join(_network.attempts))
