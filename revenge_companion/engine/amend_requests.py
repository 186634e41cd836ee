"""What the command line may ask about second thoughts and rules, as plain JSON values."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from revenge_companion.core.reasons import sentence
from revenge_companion.core.rule_files import as_values, merged
from revenge_companion.core.rules import Changed
from revenge_companion.core.undoing import UndoResult
from revenge_companion.engine.api import EngineApi
from revenge_companion.engine.asked import BadRequest, changes, number, whole_path
from revenge_companion.services.catalog import name_of

Answer = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]
#: The longest pause that ends by itself, in minutes: a week.
LONGEST_PAUSE_MIN = 7 * 24 * 60


class AmendRequests:
    """Answers for `engine.requests.Requests`."""

    def __init__(self, engine: EngineApi) -> None:
        self._engine = engine

    def answers(self) -> dict[str, Answer]:
        return {
            "undo": self._undo,
            "edit": self._edit,
            "rules": self._rules,
            "rules_preview": self._preview,
            "rules_import": self._import,
            "rules_export": self._export,
            "pause": self._pause,
            "resume": self._resume,
        }

    async def _undo(self, args: Mapping[str, Any]) -> dict[str, Any]:
        results = await self._engine.amending.undo(number(args, "play"))
        return {"undone": [undo_json(one) for one in results]}

    async def _edit(self, args: Mapping[str, Any]) -> dict[str, Any]:
        new, row = changes(args), number(args, "id")
        values = await self._engine.amending.editable(row)
        if new:
            # An edited row may be on its way before it could be read again.
            await self._engine.amending.edit(row, new)
        return {"id": row, "values": {**values, **new}}

    async def _rules(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {"rules": [as_values(rule) for rule in self._engine.amending.rules]}

    async def _preview(self, args: Mapping[str, Any]) -> dict[str, Any]:
        amending = self._engine.amending
        return {"changed": [changed_json(one) for one in await amending.preview(amending.rules)]}

    async def _import(self, args: Mapping[str, Any]) -> dict[str, Any]:
        amending = self._engine.amending
        new = await amending.read_rules(whole_path(args))
        rules = merged(amending.rules, new)
        if args.get("preview"):
            changed = [changed_json(one) for one in await amending.preview(rules)]
            return {"imported": 0, "read": len(new), "changed": changed}
        await amending.save_rules(rules)
        return {"imported": len(new), "read": len(new)}

    async def _export(self, args: Mapping[str, Any]) -> dict[str, Any]:
        path = whole_path(args)
        return {"exported": await self._engine.amending.export_rules(path), "file": str(path)}

    async def _pause(self, args: Mapping[str, Any]) -> dict[str, Any]:
        minutes = args.get("minutes")
        if minutes is not None:
            if isinstance(minutes, bool) or not isinstance(minutes, int):
                raise BadRequest("minutes is a whole number.")
            if not 0 < minutes <= LONGEST_PAUSE_MIN:
                raise BadRequest(f"A pause lasts 1 to {LONGEST_PAUSE_MIN} minutes.")
        self._engine.pause_for(None if minutes is None else timedelta(minutes=minutes))
        until = self._engine.status.paused_until if minutes is not None else None
        said: dict[str, Any] = {"paused_until": until.isoformat() if until else None}
        if args.get("drop_last_hour"):
            left = await self._engine.amending.drop_last_hour()
            said["not_removed"] = [undo_json(one) for one in left]
        return said

    async def _resume(self, args: Mapping[str, Any]) -> dict[str, Any]:
        self._engine.resume()
        return {"paused": False}


def undo_json(result: UndoResult) -> dict[str, Any]:
    """What came of undoing at one account."""
    return {
        "play": result.play_id,
        "id": result.delivery_id,
        "item": result.label,
        "account_id": result.account_id,
        "service": result.service,
        "label": result.account_label,
        "done": result.done,
        "reason_code": result.reason_code,
        "reason": sentence(result.reason_code, {"service": name_of(result.service)}),
        "detail": result.detail,
    }


def changed_json(changed: Changed) -> dict[str, Any]:
    """One past play that rules would have changed."""
    return {
        "play": changed.play.play_id,
        "item": changed.play.item.label,
        "started_at": changed.play.started_at.isoformat(),
        "becomes": changed.after.label,
        "blocked_by": changed.blocked_by or None,
        "corrected_by": list(changed.corrected_by),
        "changes": [
            {"field": one.field.value, "before": one.before, "after": one.after}
            for one in changed.changes
        ],
    }
