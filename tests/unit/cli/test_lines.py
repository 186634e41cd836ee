"""How a line of an import or an export is written on a terminal."""

import time
from collections.abc import Iterator

import pytest

from revenge_companion.cli.lines import when


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("tokyo")
@pytest.mark.parametrize(
    ("at", "precision", "says"),
    [
        ("2024-05-31T23:59:00+00:00", "second", "2024-06-01 08:59"),
        ("2024-06-01T08:59:00+09:00", "minute", "2024-06-01 08:59"),
        # A day is the same everywhere.
        ("2024-06-01T23:59:00+00:00", "day", "2024-06-01"),
        ("9999-12-31T23:59:00+00:00", "second", "9999-12-31 23:59"),
        (None, "second", ""),
    ],
)
def test_a_date_is_in_this_computers_time(at: str | None, precision: str, says: str) -> None:
    assert when({"at": at, "precision": precision}) == says
