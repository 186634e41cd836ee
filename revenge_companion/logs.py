"""The program's log: a rotating file for this user only, with everything secret taken out.

Redaction runs on the finished line, traceback included, so that no way of logging gets around it.
"""

import logging
import logging.handlers
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import TextIO
from urllib.parse import quote, quote_plus

#: Environment variable with the level: debug, info, warning or error.
LEVEL_ENV = "REVENGE_COMPANION_LOG"

#: Size of one log file in bytes, and how many old ones are kept.
FILE_BYTES = 1_000_000
OLD_FILES = 4

#: What stands where a secret stood.
GONE = "[redacted]"

#: Known secrets shorter than this would take ordinary words out with them.
_SHORTEST_SECRET = 6

#: Longest line written, in characters; a hostile frame cannot fill the disk or the patterns.
_LONGEST_LINE = 16_000

_log = logging.getLogger(__name__)

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

#: The parts of names that say "the value is a secret". Prefix and suffix are bounded so that
#: long words cost no more than short ones.
_SECRET_NAME = (
    r"\b[\w-]{0,40}?(?:token|secret|password|passwd|passphrase|api[_-]?key|apikey|client[_-]?key"
    r"|session[_-]?key|vault[_-]?key|api[_-]?sig|device[_-]?code|user[_-]?code|\bsk)[\w-]{0,20}"
)

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Whole headers, written "Name: value", as a mapping or as a pair.
    (
        re.compile(
            r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)"
            r"(b?[\"']?\s*[:=]\s*|[\"'],\s*)b?[\"']?[^\"'\n]*"
        ),
        rf"\1\2{GONE}",
    ),
    # User and password in an address, and everything from the query on.
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,15}://)[^\s/@\"'<>?#]{1,300}@"), r"\1"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,15}://[^\s?#\"'<>]*)[?#][^\s\"'<>]*"), rf"\1?{GONE}"),
    (re.compile(r"\?[\w%.~\[\]-]{1,100}=[^\s\"'<>]*"), f"?{GONE}"),
    # Schemes of authorization in running text; a digit tells a token from a word.
    (re.compile(r"(?i)\b(bearer)\s+[\w.~+/=-]{6,}"), rf"\1 {GONE}"),
    (re.compile(r"(?i)\b(token|basic)\s+(?=[^\s\d]{0,200}\d)[\w.~+/=-]{8,}"), rf"\1 {GONE}"),
    # JSON Web Tokens, wherever they stand.
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{2,}(?:\.[\w-]*)?"), GONE),
    # name=value, name: value, "name": "value", ('name', 'value').
    (
        re.compile(
            rf"(?i)({_SECRET_NAME})(b?[\"']?\s*[:=]\s*|[\"'],\s*)"
            r"(?:b?\"(?:\\.|[^\"\\\n])*\"?|b?'(?:\\.|[^'\\\n])*'?|[^\s,;&\"'}\])]+)"
        ),
        rf"\1\2{GONE}",
    ),
)

#: C0 and C1 controls and the line separators, written out so that no text can forge a line.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}

_known_secrets: frozenset[str] = frozenset()
_known_lock = threading.Lock()


def keep_out(secret: str) -> None:
    """Never let `secret` into a log again, in plain or URL-quoted form.

    Values under six characters are left to the patterns: they would take ordinary words out.
    """
    global _known_secrets
    if len(secret) < _SHORTEST_SECRET:
        return
    with _known_lock:
        _known_secrets |= {secret, quote(secret, safe=""), quote_plus(secret)}


def redact(text: str) -> str:
    """`text` without known secrets and without anything that looks like one."""
    for secret in sorted(_known_secrets, key=len, reverse=True):
        text = text.replace(secret, GONE)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """One UTC line per record; secrets and control characters are taken out."""

    @staticmethod
    def converter(timestamp: float | None) -> time.struct_time:
        return time.gmtime(timestamp)

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return super().formatMessage(record).translate(_CONTROLS)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        # Cut after redacting: a cut could take the name away that marks the value as a secret.
        line = redact(line[: 4 * _LONGEST_LINE])
        return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]} …"


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """A rotating file with mode 0600 that stays silent when the disk is full."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path, maxBytes=FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8", delay=True
        )

    def _open(self) -> TextIOWrapper:
        def opener(path: str, flags: int) -> int:
            return os.open(path, flags, 0o600)

        with suppress(OSError):
            Path(self.baseFilename).chmod(0o600)
        return open(
            self.baseFilename, "a", encoding="utf-8", errors="backslashreplace", opener=opener
        )

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Drop the line: the default prints it to stderr with its secrets."""


class _Console(logging.StreamHandler[TextIO]):
    """Standard error, where a closed pipe ends nothing."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Drop the line, for the same reason."""


def configure(file: Path | None, *, console: bool = False) -> Callable[[], None]:
    """Send the log to `file` and, with `console`, to standard error; returns what undoes it.

    The level comes from REVENGE_COMPANION_LOG (default info) and is for our own modules; libraries
    are heard from warning up, because theirs hold addresses and frames. Uncaught exceptions of
    any thread are logged. A file that cannot be written is not an error.
    """
    asked = os.environ.get(LEVEL_ENV, "").strip().lower()
    ours = logging.getLogger("revenge_companion")
    root = logging.getLogger()
    before = (ours.level, root.level)
    ours.setLevel(_LEVELS.get(asked, logging.INFO))
    root.setLevel(logging.WARNING)

    handlers: list[logging.Handler] = []
    if file is not None:
        handlers.append(_PrivateFile(file))
    if console:
        handlers.append(_Console())
    for handler in handlers:
        handler.setFormatter(RedactingFormatter())
        root.addHandler(handler)
    unhook = _hook_exceptions(quiet=console)
    if asked and asked not in _LEVELS:
        _log.warning("%s is not one of %s; using info", LEVEL_ENV, ", ".join(_LEVELS))

    def undo() -> None:
        unhook()
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
        ours.setLevel(before[0])
        root.setLevel(before[1])

    return undo


def _hook_exceptions(*, quiet: bool) -> Callable[[], None]:
    """Log what nobody caught; unless `quiet`, also say it on standard error, redacted."""
    hooks = (sys.excepthook, threading.excepthook)

    def uncaught(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, traceback)
            return
        _log.critical("Uncaught exception", exc_info=(kind, error, traceback))
        if not quiet and sys.stderr is not None:
            told = logging.Formatter().formatException((kind, error, traceback))
            with suppress(OSError, ValueError):
                print(redact(told), file=sys.stderr)  # noqa: T201 - the log may be out of reach

    def uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            uncaught(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = uncaught
    threading.excepthook = uncaught_in_thread

    def undo() -> None:
        sys.excepthook, threading.excepthook = hooks

    return undo
