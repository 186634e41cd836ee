"""`explain`: recorded playback frames through the tracker, touching no account."""

import argparse
import dataclasses
import json
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

from revenge_companion.cli.parser import refused
from revenge_companion.core.thresholds import Rules, Thresholds
from revenge_companion.engine.replay import (
    LINE_LIMIT,
    Line,
    Outcome,
    beginning,
    outcomes,
    read_lines,
)
from revenge_companion.engine.start import SystemClock

#: Largest recording that is read, in bytes.
_LIMIT = 512 * 1024 * 1024
_TOO_LARGE = "it is larger than 512 MiB"
#: What is read of a pipe, or of a line that is too long, at a time.
_PART = 1024 * 1024
#: What came of a recording is kept in memory up to this many bytes.
_IN_MEMORY = 1024 * 1024
#: How many lines that cannot be read are named one by one.
_NAMED = 20

_WORDS = {"true": True, "yes": True, "on": True, "1": True}
_WORDS |= {"false": False, "no": False, "off": False, "0": False}


def explain(args: argparse.Namespace) -> int:
    try:
        rules = Rules(_thresholds(args.settings))
    except ValueError as error:
        print(f"explain: {error}", file=sys.stderr)
        return 2
    with ExitStack() as files:
        try:
            text = _recording(args.file, files)
            told = _Told(files)
            unread = _replay(text, rules, told)
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or str(error)
            return refused(args, f"{args.file} cannot be read: {said}.")
        if unread:
            return refused(args, f"{args.file} holds no recorded frames.")
        if args.json:
            told.print_json()
        else:
            told.print_words()
    return 0


def _replay(text: TextIOWrapper, rules: Rules, told: "_Told") -> bool:
    """Replay the recording, one line at a time; gives whether there was nothing to replay."""
    # Its first lines are read twice: whose plays they are, and when the recording began.
    lines = (line for line in _read(text) if isinstance(line, Line))
    begins = beginning(lines, SystemClock().now())
    text.seek(0)
    read = complained = 0

    def lines_in_turn() -> Iterator[Line]:
        nonlocal read, complained
        for line in _read(text):
            if isinstance(line, Line):
                read += 1
                yield line
                continue
            complained += 1
            if complained <= _NAMED:
                print(f"{line} It is skipped.", file=sys.stderr)

    for outcome in outcomes(lines_in_turn(), rules, begins, told.skipped):
        told.add(outcome)
    if complained > _NAMED:
        print(f"{complained - _NAMED} more lines are skipped.", file=sys.stderr)
    return not read


def _recording(name: str, files: ExitStack) -> TextIOWrapper:
    """The recording as text that can be read twice. Raises OSError or ValueError."""
    if name == "-":
        return _text(_kept(sys.stdin.buffer, files), files)
    path = Path(name)
    source = files.enter_context(path.open("rb"))
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        return _text(_kept(source, files), files)
    if state.st_size > _LIMIT:
        raise ValueError(_TOO_LARGE)
    return _text(source, files)


def _kept(piped: IO[bytes], files: ExitStack) -> IO[bytes]:
    """What comes through a pipe, on disk. Raises OSError or ValueError."""
    kept = files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - entered here
    left = _LIMIT
    while part := piped.read(_PART):
        left -= len(part)
        if left < 0:
            raise ValueError(_TOO_LARGE)
        kept.write(part)
    kept.seek(0)
    return kept


def _text(source: IO[bytes], files: ExitStack) -> TextIOWrapper:
    return files.enter_context(TextIOWrapper(source, encoding="utf-8-sig", errors="replace"))


def _read(text: TextIOWrapper) -> Iterator[Line | str]:
    return read_lines(_short_lines(text))


def _short_lines(text: TextIOWrapper) -> Iterator[str]:
    """The lines of `text`; of one that is too long only so much as shows that."""
    while line := text.readline(LINE_LIMIT + 1):
        rest = line
        while rest and not rest.endswith("\n"):
            rest = text.readline(_PART)
        yield line


class _Told:
    """What came of a recording, on disk until all of it is known: scrobbles are told first."""

    def __init__(self, files: ExitStack) -> None:
        self.skipped: dict[str, int] = {}
        self._scrobbles: IO[str] = files.enter_context(_spool())
        self._rejected: IO[str] = files.enter_context(_spool())

    def add(self, outcome: Outcome) -> None:
        kept = self._scrobbles if outcome.counted else self._rejected
        kept.write(json.dumps(outcome.entry, ensure_ascii=False) + "\n")

    def print_json(self) -> None:
        for name, kept in (("scrobbles", self._scrobbles), ("rejected", self._rejected)):
            sys.stdout.write("{" if kept is self._scrobbles else "], ")
            sys.stdout.write(f'"{name}": [')
            kept.seek(0)
            for number, entry in enumerate(kept):
                sys.stdout.write(f"{', ' if number else ''}{entry.rstrip()}")
        print(f'], "skipped": {json.dumps(self.skipped)}}}')

    def print_words(self) -> None:
        nothing = True
        for kept in (self._scrobbles, self._rejected):
            kept.seek(0)
            for text in kept:
                _print(json.loads(text))
                nothing = False
        for code, count in self.skipped.items():
            print(f"            {count} frames skipped ({code})")
        if nothing:
            print("Nothing counted, and nothing ended.")


def _spool() -> IO[str]:
    return tempfile.SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8", newline="\n")


def _thresholds(settings: list[str]) -> Thresholds:
    """The user's rules with `key=value` changes; raises ValueError with a sentence."""
    rules = Thresholds()
    known = {field.name: getattr(rules, field.name) for field in dataclasses.fields(rules)}
    for text in settings:
        key, found, value = text.partition("=")
        key = key.strip().removeprefix("counting.")
        if not found or key not in known:
            raise ValueError(f"--set takes KEY=VALUE with a KEY of {', '.join(known)}")
        if isinstance(known[key], bool):
            if value.lower() not in _WORDS:
                raise ValueError(f"{key} is true or false")
            rules = dataclasses.replace(rules, **{key: _WORDS[value.lower()]})
            continue
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"{key} is a number") from None
        most = 1.0 if key.endswith("_ratio") else 86400.0
        if not 0 < number <= most:
            raise ValueError(f"{key} is over 0 and at most {most:g}")
        changes: dict[str, Any] = {key: number}
        rules = dataclasses.replace(rules, **changes)
    return rules


def _print(entry: dict[str, Any]) -> None:
    title = entry["title"] or entry["media_id"]
    if "counted_at_s" in entry:
        print(f"{entry['counted_at_s']:>10.1f}  {title}: counts")
    else:
        print(f"            {title}: does not count")
    print(f"            {entry['reason']}")
