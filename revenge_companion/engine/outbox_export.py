"""The outbox as a file of the user's own: CSV or JSON by the file's ending."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from revenge_companion.core.delivery import DeliveryState
from revenge_companion.engine.api import OutboxRow
from revenge_companion.engine.files import Sheet

_PAGE = 1000
_FIELDS = (
    "id",
    "service",
    "account",
    "state",
    "kind",
    "change",
    "item",
    "started_at",
    "counted_at",
    "attempts",
    "reason",
    "detail",
    "remote_id",
)


def as_row(row: OutboxRow) -> dict[str, Any]:
    """One delivery as plain values, for files and for `--json`."""
    delivery, scrobble = row.delivery, row.delivery.scrobble
    return {
        "id": delivery.id,
        "service": row.service,
        "account": row.account_label,
        "account_id": delivery.account_id,
        "state": delivery.state.value,
        "kind": scrobble.item.kind.value,
        "change": scrobble.change.verb.value if scrobble.change is not None else "",
        "item": scrobble.label,
        "media_id": scrobble.item.media_id,
        "started_at": scrobble.started_at.isoformat(),
        "counted_at": scrobble.counted_at.isoformat(),
        "due_at": delivery.due_at.isoformat() if delivery.due_at else None,
        "attempts": delivery.attempts,
        "reason": delivery.reason_code,
        "detail": delivery.detail,
        "remote_id": delivery.remote_id,
    }


async def export(page: Callable[..., Awaitable[list[OutboxRow]]], path: Path) -> int:
    """Write every delivery to `path`, newest first; returns how many. Raises StoreTrouble."""
    rows: list[dict[str, Any]] = []
    for state in ("", DeliveryState.DELIVERED, DeliveryState.UNDONE):
        before: int | None = None
        while True:
            got = await page(state=state, limit=_PAGE, before_id=before)
            rows += [as_row(row) for row in got]
            if len(got) < _PAGE:
                break
            before = got[-1].delivery.id
    rows.sort(key=lambda row: int(row["id"]), reverse=True)
    return await asyncio.to_thread(_write, rows, path)


def _write(rows: list[dict[str, Any]], path: Path) -> int:
    sheet = Sheet(path, _FIELDS)
    sheet.write(rows)
    return sheet.finish()
