"""The ledger of plays as a file of the user's own: CSV or JSON by the file's ending."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from revenge_companion.core.status import PlayRecord
from revenge_companion.engine.files import Sheet

#: Plays that are read and written at a time.
_PAGE = 500
#: The columns of a table; JSON has everything that `history --json` has.
_COLUMNS = (
    "id", "started_at", "ended_at", "counted_at", "item", "kind", "device", "outcome", "reason",
    "played_seconds", "position_seconds", "duration_seconds", "sent_to",
)  # fmt: skip

Page = Callable[..., Awaitable[list[PlayRecord]]]


async def export(
    page: Page, as_row: Callable[[PlayRecord], dict[str, Any]], path: Path, search: str = ""
) -> int:
    """Write every play, counted or not, to `path`, newest first; returns how many.

    `page` is `EngineApi.plays`. Raises StoreTrouble; what was at `path` stays then.
    """
    sheet = await asyncio.to_thread(Sheet, path, _COLUMNS)
    try:
        before: int | None = None
        while plays := await page(limit=_PAGE, search=search, before_id=before):
            await asyncio.to_thread(_write, sheet, plays, as_row)
            before = plays[-1].id
        return await asyncio.to_thread(sheet.finish)
    except BaseException:
        sheet.drop()
        raise


def _write(
    sheet: Sheet, plays: Sequence[PlayRecord], as_row: Callable[[PlayRecord], dict[str, Any]]
) -> None:
    sheet.write(
        {
            **as_row(play),
            "sent_to": ", ".join(f"{one.service}: {one.state}" for one in play.destinations),
        }
        for play in plays
    )
