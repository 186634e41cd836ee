"""Which engine a command talks to while another process has the profile open."""

from typing import Any

import pytest

from revenge_companion.cli import reach
from revenge_companion.core.errors import AlreadyRunning


class Turns:
    """Stands for the other process: silent at first, and never out of the profile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, answers_at: int | None) -> None:
        self.asked = 0
        self._answers_at = answers_at
        self._now_s = 0.0
        monkeypatch.setattr(reach, "ask", self._ask)
        monkeypatch.setattr(reach, "alone", self._alone)
        monkeypatch.setattr(reach.time, "monotonic", lambda: self._now_s)

    def _ask(self, _path: object, _do: str, **_args: object) -> dict[str, Any] | None:
        self.asked += 1
        return {"runs": []} if self.asked == self._answers_at else None

    def _alone(self, _do: str, _args: object, *, patience_s: float) -> dict[str, Any]:
        self._now_s += patience_s
        raise AlreadyRunning("Revenge Companion is already running (process 1).")


def test_who_only_gets_ready_to_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(monkeypatch, answers_at=3)
    assert reach.answer("import_runs") == {"runs": []}
    assert turns.asked == 3


def test_who_never_answers_is_waited_for_a_few_seconds_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns = Turns(monkeypatch, answers_at=None)
    with pytest.raises(AlreadyRunning):
        reach.answer("import_runs")
    assert 3 <= turns.asked <= 10
