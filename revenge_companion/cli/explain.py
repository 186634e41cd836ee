"""`explain`: recorded playback frames through the tracker, touching no account."""

import argparse
import dataclasses
import io
import json
import sys
from pathlib import Path
from typing import Any

from revenge_companion.cli.parser import refused
from revenge_companion.core.thresholds import Rules, Thresholds
from revenge_companion.engine.replay import Line, Replayed, read_lines, replay
from revenge_companion.engine.start import SystemClock

#: Largest recording that is read, in bytes.
_LIMIT = 512 * 1024 * 1024

_WORDS = {"true": True, "yes": True, "on": True, "1": True}
_WORDS |= {"false": False, "no": False, "off": False, "0": False}


def explain(args: argparse.Namespace) -> int:
    try:
        rules = Rules(_thresholds(args.settings))
    except ValueError as error:
        print(f"explain: {error}", file=sys.stderr)
        return 2
    try:
        text = _read(args.file)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        return refused(args, f"{args.file} cannot be read: {said}.")
    lines: list[Line] = []
    for line in read_lines(io.StringIO(text)):
        if isinstance(line, Line):
            lines.append(line)
        else:
            print(f"{line} It is skipped.", file=sys.stderr)
    if not lines:
        return refused(args, f"{args.file} holds no recorded frames.")
    result = replay(lines, rules, SystemClock().now())
    if args.json:
        print(json.dumps(dataclasses.asdict(result), ensure_ascii=False))
    else:
        _print(result)
    return 0


def _read(name: str) -> str:
    if name == "-":
        return sys.stdin.read(_LIMIT)
    path = Path(name)
    if path.stat().st_size > _LIMIT:
        raise ValueError("it is larger than 512 MiB")
    return path.read_text(encoding="utf-8", errors="replace")


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


def _print(result: Replayed) -> None:
    for entry in result.scrobbles:
        print(f"{entry['counted_at_s']:>10.1f}  {entry['title'] or entry['media_id']}: counts")
        print(f"            {entry['reason']}")
    for entry in result.rejected:
        print(f"            {entry['title'] or entry['media_id']}: does not count")
        print(f"            {entry['reason']}")
    for code, count in result.skipped.items():
        print(f"            {count} frames skipped ({code})")
    if not result.scrobbles and not result.rejected:
        print("Nothing counted, and nothing ended.")
