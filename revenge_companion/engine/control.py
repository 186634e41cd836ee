"""The line between the running program and the command line: local, and for the same user only.

Where there are Unix sockets, `path` is one (0600, in a 0700 folder, and the peer's user id is
checked). Elsewhere `path` is a 0600 file that names a port on loopback and a random token, which
every request has to carry. A path too long for a Unix socket is such a file too and names a
shorter one.

One connection carries one request, `{"do": "status", …}`, and one answer, a JSON object; each is
one line. The client imports nothing heavy: `status` has 250 ms, interpreter included.
"""

import json
import logging
import os
import secrets
import socket
import stat
import struct
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from revenge_companion.core.errors import CompanionError

if TYPE_CHECKING:
    import asyncio

#: Answers one request: its "do", and the whole of it. What it raises as CompanionError becomes
#: `{"error": sentence}`.
Handle = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]

#: Largest request and answer in bytes.
REQUEST_BYTES = 64 * 1024
ANSWER_BYTES = 16 * 1024 * 1024

#: Seconds a peer has for its request, and a handler for its answer (a link waits for the user).
REQUEST_S = 5.0
HANDLE_S = 900.0

#: Connections served at once; more are turned away.
_MOST_CONNECTIONS = 16

#: `sun_path` holds 108 bytes on Linux and 104 on macOS, the ending zero included.
_LONGEST_SOCKET_PATH = 100

_log = logging.getLogger(__name__)


class NotAnswering(CompanionError):
    """A running program was reached, but gave no usable answer in time."""


class AlreadyAnswering(CompanionError):
    """Another program of this user answers at that path."""


class _Address:
    """Where a server listens: a Unix socket's path, or a port on loopback with its token."""

    def __init__(self, unix: str = "", port: int = 0, token: str = "") -> None:
        self.unix = unix
        self.port = port
        self.token = token

    def connect(self, timeout_s: float) -> socket.socket:
        """A connected socket of a peer that is this user; raises OSError."""
        family = socket.AF_UNIX if self.unix else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(timeout_s)
            sock.connect(self.unix or ("127.0.0.1", self.port))
            if self.unix and not _is_same_user(sock):
                raise ConnectionRefusedError("somebody else answers")
        except BaseException:
            sock.close()
            raise
        return sock


class ControlServer:
    """Answers the command line while the program runs; start it only while holding the lock."""

    def __init__(self, path: Path, handle: Handle, *, tcp: bool | None = None) -> None:
        """`tcp` chooses loopback over a Unix socket; by default where there are none."""
        self._path = path
        self._handle = handle
        self._tcp = not hasattr(socket, "AF_UNIX") if tcp is None else tcp
        self._token = secrets.token_urlsafe(32) if self._tcp else ""
        self._socket: Path | None = None
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to answer. Raises AlreadyAnswering; OSError when the folder cannot be written."""
        import asyncio

        if _answers(self._path):
            raise AlreadyAnswering("Revenge Companion is already running.")
        self._path.unlink(missing_ok=True)
        if self._tcp:
            self._server = await asyncio.start_server(
                self._accept, "127.0.0.1", 0, limit=REQUEST_BYTES
            )
            port = self._server.sockets[0].getsockname()[1]
            named: dict[str, object] = {"port": port, "token": self._token}
        else:
            self._socket = _socket_path(self._path)
            self._server = await asyncio.start_unix_server(
                self._accept, sock=_bound(self._socket), limit=REQUEST_BYTES
            )
            named = {"unix": str(self._socket)}
        if self._socket != self._path:
            try:
                _write_private(self._path, json.dumps(named))
            except OSError:
                await self.close()
                raise

    async def close(self) -> None:
        """Stop answering; what is being answered has one second. A second call does nothing."""
        import asyncio

        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        self._path.unlink(missing_ok=True)
        if self._socket is not None:
            self._socket.unlink(missing_ok=True)
        # The answer to a request to quit may be what closes us: it does not wait for itself.
        others = self._open - {asyncio.current_task()}
        if others:
            _, late = await asyncio.wait(others, timeout=1.0)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _accept(self, reader: "asyncio.StreamReader", writer: "asyncio.StreamWriter") -> None:
        import asyncio

        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: "asyncio.StreamReader", writer: "asyncio.StreamWriter") -> None:
        import asyncio

        try:
            answer = await self._answer(reader, writer)
            if answer is not None:
                writer.write(answer)
                async with asyncio.timeout(REQUEST_S):
                    await writer.drain()
        except (OSError, TimeoutError):
            _log.debug("the command line went away before its answer")
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(
        self, reader: "asyncio.StreamReader", writer: "asyncio.StreamWriter"
    ) -> bytes | None:
        """The line to send back; None for a peer that gets nothing."""
        import asyncio

        sock = writer.get_extra_info("socket")
        if not self._tcp and not _is_same_user(sock):
            _log.warning("refused a control connection from another user")
            return None
        try:
            async with asyncio.timeout(REQUEST_S):
                raw = await reader.readline()
        except TimeoutError:
            return _line({"error": "The request took too long."})
        except ValueError:
            _log.warning("dropped a control request longer than %d bytes", REQUEST_BYTES)
            return None
        if not raw.endswith(b"\n"):
            return None
        if len(self._open) > _MOST_CONNECTIONS:
            return _line({"error": "The running Companion is busy; try again."})
        request = _parse(raw)
        if request is None:
            return _line({"error": "The request was not understood."})
        token = request.pop("token", "") if self._tcp else ""
        if not secrets.compare_digest(str(token).encode(), self._token.encode()):
            return None
        do = request.get("do")
        if not isinstance(do, str):
            return _line({"error": "The request was not understood."})
        return await self._handled(do, request)

    async def _handled(self, do: str, request: dict[str, Any]) -> bytes:
        import asyncio

        try:
            async with asyncio.timeout(HANDLE_S):
                answer = _line(await self._handle(do, request))
        except CompanionError as error:
            answer = _line({"error": str(error)})
        except TimeoutError:
            answer = _line({"error": "The running Companion took too long."})
        except Exception:
            _log.exception("a control request failed: %.40s", do)
            answer = _line({"error": "The running Companion failed; its log says why."})
        if len(answer) > ANSWER_BYTES:
            answer = _line({"error": "The answer is too long; ask for less."})
        return answer


def ask(
    path: Path, do: str, /, *, timeout_s: float = 10.0, **args: object
) -> dict[str, Any] | None:
    """What the running program answers; None when none runs.

    `{"error": sentence}` is a refusal. Raises NotAnswering when one runs but gives no usable
    answer within `timeout_s`.
    """
    address = _find(path)
    if address is None:
        return None
    end = time.monotonic() + timeout_s
    try:
        sock = address.connect(timeout_s)
    except TimeoutError as error:
        raise NotAnswering("The running Companion does not answer.") from error
    except OSError:
        return None
    request = {"do": do, **args}
    if address.token:
        request["token"] = address.token
    received = bytearray()
    try:
        with sock:
            sock.sendall(_line(request))
            while not received.endswith(b"\n"):
                sock.settimeout(max(end - time.monotonic(), 0.001))
                chunk = sock.recv(65536)
                received += chunk
                if not chunk or len(received) > ANSWER_BYTES:
                    break
    except OSError as error:
        raise NotAnswering("The running Companion does not answer.") from error
    answer = _parse(bytes(received))
    if answer is None:
        raise NotAnswering("The running Companion gave no usable answer.")
    return answer


async def ask_async(
    path: Path, do: str, /, *, timeout_s: float = 10.0, **args: object
) -> dict[str, Any] | None:
    """`ask`, without blocking the event loop."""
    import asyncio

    return await asyncio.to_thread(lambda: ask(path, do, timeout_s=timeout_s, **args))


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _parse(raw: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _find(path: Path) -> _Address | None:
    """Where the server of `path` listens; None when there is none or it is not this user's."""
    try:
        found = path.lstat()
        if hasattr(os, "getuid") and found.st_uid != os.getuid():
            return None
        if stat.S_ISSOCK(found.st_mode):
            return _Address(unix=str(path))
        if not stat.S_ISREG(found.st_mode) or found.st_size > 4096:
            return None
        named = _parse(path.read_bytes()) or {}
    except OSError:
        return None
    unix, port, token = named.get("unix"), named.get("port"), named.get("token")
    if isinstance(unix, str) and hasattr(socket, "AF_UNIX"):
        return _Address(unix=unix)
    if isinstance(port, int) and 0 < port < 65536 and isinstance(token, str):
        return _Address(port=port, token=token)
    return None


def _answers(path: Path) -> bool:
    address = _find(path)
    if address is None:
        return False
    try:
        address.connect(1.0).close()
    except TimeoutError:
        return True
    except OSError:
        return False
    return True


def _is_same_user(sock: socket.socket) -> bool:
    """Whether the peer of a Unix socket runs as this user; the folder's mode says so elsewhere."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(uid == os.getuid())


def _socket_path(path: Path) -> Path:
    """`path`, or where it is too long, a name made from it in a short folder of this user alone."""
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    import tempfile
    from hashlib import sha256

    name = sha256(os.fsencode(path)).hexdigest()[:16]
    for base in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"):
        folder = Path(base, f"revenge-companion-{os.getuid()}")
        if not base or len(os.fsencode(folder)) > _LONGEST_SOCKET_PATH - 20:
            continue
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            # In a folder for everybody, somebody else may have been there first.
            found = folder.lstat()
            private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
            if private and found.st_uid == os.getuid():
                return folder / name
    raise OSError("no folder has a name short enough for a socket")


def _bound(path: Path) -> socket.socket:
    """A new Unix socket at `path`, in place of what was there; it does not listen yet."""
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.bind(str(path))
        # Nobody can connect before listen(), so there is no moment with a wider mode.
        path.chmod(0o600)
    except BaseException:
        sock.close()
        raise
    return sock


def _write_private(path: Path, text: str) -> None:
    """Replace `path` by a 0600 file holding `text`."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with open(beside, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
    beside.replace(path)
