"""The user's word for the window's tests: it changes the fake library, and notes what was asked."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.reasons import Reason
from revenge_companion.core.saying import Hearer, Hears, Spoken, Word
from revenge_companion.core.shown import Shown

if TYPE_CHECKING:
    from tests.ui.fake_engine import FakeEngine

HEARERS = (
    Hearer(1, "Trakt (anna)", "Trakt", Hears.TOLD),
    Hearer(2, "Simkl (anna)", "Simkl", Hears.OFF),
    Hearer(4, "AniList (anna)", "AniList", Hears.NOT, Reason.NOT_TAKEN),
)


class FakeSaying:
    """Satisfies `SayingApi`. `fails` is raised by every call while it is set."""

    def __init__(self, engine: "FakeEngine") -> None:
        self._engine = engine
        self.asked: list[tuple[object, ...]] = []
        self.fails: CompanionError | None = None
        self.known: Sequence[Hearer] = HEARERS
        #: While it is set, who is told takes until then.
        self.gate: asyncio.Event | None = None
        self._before: list[list[Shown]] = []

    async def hearers(self, line_id: int, word: Word) -> Sequence[Hearer]:
        self._note("hearers", line_id, word)
        if self.gate is not None:
            await self.gate.wait()
        return self.known

    async def say(self, line_id: int, word: Word) -> Spoken:
        self._note("say", line_id, word)
        lines = self._engine.library.lines
        self._before.append(list(lines))
        (row,) = (one for one in lines if one.id == line_id)
        rest = [one for one in lines if one is not row]
        if not word.gone:
            # The latest word stands on top.
            top = max(one.place for one in lines) + (1 << 40)
            rest.insert(0, replace(row, id=1000 + line_id, place=top, rating=word.rating))
        self._engine.library.lines = rest
        return Spoken(len(self._before), row.label, word, tuple(self.known))

    async def unsay(self, number: int) -> Spoken:
        self._note("unsay", number)
        self._engine.library.lines = self._before[number - 1]
        (said,) = (one for one in self.asked if one[0] == "say" and one is self._said(number))
        _, line_id, word = said
        (row,) = (one for one in self._engine.library.lines if one.id == line_id)
        assert isinstance(word, Word)
        return Spoken(number, row.label, word, tuple(self.known))

    def _said(self, number: int) -> tuple[object, ...]:
        return [one for one in self.asked if one[0] == "say"][number - 1]

    def _note(self, *what: object) -> None:
        self.asked.append(what)
        if self.fails is not None:
            raise self.fails
