"""Commands in this process, for tests."""

import json
from typing import Any

import pytest

from revenge_companion.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """One command: its exit code and what it printed."""
    code = main([*arguments, "--json"])
    return code, dict(json.loads(capsys.readouterr().out))
