"""Second thoughts for the window's tests: holds rules, notes what was asked, fails on demand."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from revenge_companion.core.rules import (
    Action,
    Changed,
    Field,
    Match,
    Rule,
    Seen,
    preview,
)
from revenge_companion.core.undoing import UndoResult

RULES = (
    Rule("Remasters", Action.CORRECT, Field.TITLE, r"\s*- Remastered.*$", Match.REGEX),
    Rule("Low in capitals", Action.CORRECT, Field.ARTIST, "low", replace="Low"),
    Rule("Children's music", Action.BLOCK, Field.ARTIST, "The Wiggles", enabled=False),
)


def undone(done: bool, code: str, service: str = "Trakt", detail: str = "") -> UndoResult:
    return UndoResult(1, 1, 1, service, "anna", "Dune: Part Two (2024)", done, code, detail)


class FakeAmending:
    def __init__(self) -> None:
        self.rules: tuple[Rule, ...] = ()
        self.asked: list[tuple[object, ...]] = []
        self.fails: Exception | None = None
        self.results = [undone(True, "removed")]
        self.values: dict[str, str] = {
            "title": "Dune",
            "year": "2024",
            "tmdb": "693134",
            "date": "2026-03-01T19:58:00+00:00",
        }
        self.file: tuple[Rule, ...] = ()
        self.past: list[Seen] = []

    def _note(self, *what: object) -> None:
        self.asked.append(what)
        if self.fails is not None:
            raise self.fails

    async def undo(self, play_id: int) -> list[UndoResult]:
        self._note("undo", play_id)
        return self.results

    async def drop_last_hour(self) -> list[UndoResult]:
        self._note("drop_last_hour")
        return [result for result in self.results if not result.done]

    async def editable(self, delivery_id: int) -> Mapping[str, str]:
        self._note("editable", delivery_id)
        return self.values

    async def edit(self, delivery_id: int, changes: Mapping[str, str]) -> None:
        self._note("edit", delivery_id, dict(changes))

    async def save_rules(self, rules: Sequence[Rule]) -> None:
        self._note("save_rules", tuple(rules))
        self.rules = tuple(rules)

    async def preview(self, rules: Sequence[Rule]) -> list[Changed]:
        self._note("preview", tuple(rules))
        return preview(rules, self.past)

    async def read_rules(self, path: Path) -> tuple[Rule, ...]:
        self._note("read_rules", path)
        return self.file

    async def export_rules(self, path: Path) -> int:
        self._note("export_rules", path)
        return len(self.rules)
