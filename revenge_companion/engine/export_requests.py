"""What the command line may ask about exports, as plain JSON values."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from revenge_companion.core.exporting import ExportPreview, ExportRow, ExportVerdict
from revenge_companion.core.library import Facet
from revenge_companion.core.reasons import sentence
from revenge_companion.core.syncing import AccountSync
from revenge_companion.engine.account_requests import find_account
from revenge_companion.engine.api import EngineApi
from revenge_companion.engine.asked import BadRequest, iso, whole_path

Answer = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


class ExportRequests:
    """Answers for `engine.requests.Requests`."""

    def __init__(self, engine: EngineApi) -> None:
        self._engine = engine

    def answers(self) -> dict[str, Answer]:
        return {
            "export_preview": self._preview,
            "export_queue": self._queue,
            "export_library": self._library,
            "sync_state": self._sync_state,
            "sync_now": self._sync_now,
            "sync_answer": self._sync_answer,
        }

    async def _preview(self, args: Mapping[str, Any]) -> dict[str, Any]:
        account = find_account(self._engine, args.get("account"))
        preview = await self._engine.exports.preview(account.id, _facets(args.get("what")))
        spec = next(one for one in self._engine.services if one.key == account.service)
        return preview_json(preview, spec.name)

    async def _queue(self, args: Mapping[str, Any]) -> dict[str, Any]:
        account = find_account(self._engine, args.get("account"))
        queued = await self._engine.exports.queue(account.id, _facets(args.get("what")))
        return {"account": account.id, "queued": queued}

    async def _library(self, args: Mapping[str, Any]) -> dict[str, Any]:
        path = whole_path(args)
        count = await self._engine.library.export(path, _facets(args.get("what")))
        return {"exported": count, "file": str(path)}

    async def _sync_state(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {"accounts": [sync_json(one) for one in await self._engine.syncs.statuses()]}

    async def _sync_now(self, args: Mapping[str, Any]) -> dict[str, Any]:
        account = find_account(self._engine, args.get("account"))
        return {"account": sync_json(await self._engine.syncs.sync_now(account.id))}

    async def _sync_answer(self, args: Mapping[str, Any]) -> dict[str, Any]:
        account = find_account(self._engine, args.get("account"))
        (facet,) = _facets([args.get("what")])
        go_on = args.get("go_on") is True
        return {
            "account": sync_json(await self._engine.syncs.answer(account.id, facet, go_on=go_on))
        }


def sync_json(one: AccountSync) -> dict[str, Any]:
    """How an account is kept in step, stable for scripts."""
    return {
        "id": one.account_id,
        "name": one.name,
        "service": one.service,
        "running": one.running,
        "next_at": iso(one.next_at),
        "note": one.note,
        "what": [
            {
                "what": facet.facet.value,
                "looked_at": iso(facet.looked_at),
                "synced_at": iso(facet.synced_at),
                "added": facet.added,
                "removed": facet.removed,
                "sent": facet.sent,
                "unread": facet.unread,
                "trouble": facet.trouble,
                "left": facet.left is not None,
                "question": None
                if facet.question is None
                else {
                    "way": facet.question.way.value,
                    "before": facet.question.before,
                    "added": facet.question.added,
                    "removed": facet.question.removed,
                    "run": facet.question.run_id,
                },
            }
            for facet in one.facets
        ],
    }


def preview_json(preview: ExportPreview, service: str) -> dict[str, Any]:
    """What an export would do, stable for scripts; `service` is named in the reasons."""
    return {
        "account": preview.target.account_id,
        "name": preview.target.name,
        "what": [facet.value for facet in preview.facets],
        "unread": [facet.value for facet in preview.unread],
        "counts": {verdict.value: preview.count(verdict) for verdict in ExportVerdict},
        "reasons": [
            {
                "what": facet.value,
                "verdict": verdict.value,
                "reason_code": code,
                "reason": sentence(code, {"service": service}) if code else "",
                "count": count,
            }
            for (facet, verdict, code), count in preview.counts.items()
        ],
        "rows": [_row_json(row, service) for row in preview.rows],
    }


def _row_json(row: ExportRow, service: str) -> dict[str, Any]:
    return {
        "what": row.facet.value,
        "kind": row.kind.value,
        "item": row.label,
        "at": iso(row.at),
        "precision": row.precision.value,
        "rating": row.rating,
        "verdict": row.verdict.value,
        "change": row.verb or None,
        "reason_code": row.reason_code,
        "reason": sentence(row.reason_code, {"service": service}) if row.reason_code else "",
    }


def _facets(wanted: object) -> Sequence[Facet]:
    """Facets by their names; none means all. Raises BadRequest."""
    if wanted is None:
        return ()
    known = {facet.value: facet for facet in Facet}
    if not isinstance(wanted, list) or not all(one in known for one in wanted):
        raise BadRequest(f"what is some of {', '.join(known)}.")
    return tuple(known[one] for one in wanted)
