"""The accounts that a play which counted did not go to, and why: found when it ends, and kept."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from revenge_companion.core.accounts import Account, AccountState
from revenge_companion.core.media import Kind
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.reasons import Fact, Reason
from revenge_companion.core.routing import follows
from revenge_companion.core.thresholds import Thresholds

#: Where they stand among a play's facts, as text.
FACT = "passed_over"
_MOST = 50


@dataclass(frozen=True, slots=True)
class PassedOver:
    """One account that a play which counted did not go to."""

    account_id: int
    service: str
    account_label: str
    reason_code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


def passed_over(
    update: PlayUpdate,
    accounts: Iterable[Account],
    kinds: Mapping[str, tuple[Kind, ...]],
    own: Thresholds,
    counted_rules: frozenset[str],
) -> list[PassedOver]:
    """The accounts that take the kind of a play that ended, and did not get this one.

    `own` are the user's thresholds and `counted_rules` those under which it counted; what a service
    never takes goes without saying.
    """
    found = []
    for account in accounts:
        if update.item.kind in kinds.get(account.service, ()):
            why = _why(update, account, own, counted_rules)
            if why is not None:
                code, facts = why
                found.append(PassedOver(account.id, account.service, account.label, code, facts))
    return found[:_MOST]


def _why(
    update: PlayUpdate, account: Account, own: Thresholds, counted_rules: frozenset[str]
) -> tuple[Reason, dict[str, Fact]] | None:
    switches, item = account.switches, update.item
    if not (switches.enabled and switches.scrobble) or account.state is AccountState.OFF:
        return Reason.SCROBBLES_OFF, {}
    if switches.kinds and item.kind not in switches.kinds:
        return Reason.KIND_OFF, {}
    if switches.libraries and item.library_id not in switches.libraries:
        return (Reason.LIBRARY_OFF if item.library_id else Reason.LIBRARY_UNKNOWN), {}
    rule = follows(account, item.kind)
    if rule in counted_rules or update.reason_code == Reason.BY_HAND:
        return None
    needed = switches.threshold if rule else own.ratio(item.kind)
    if needed is None or not item.duration_s:
        return None
    # Never rounded up to what it did not reach.
    percent = min(int(100 * update.position_s / item.duration_s), max(round(100 * needed) - 1, 0))
    return Reason.OWN_THRESHOLD, {"percent": percent, "needed": round(100 * needed)}


def to_text(found: Sequence[PassedOver]) -> str:
    """`found` as one fact of a play."""
    rows = [[p.account_id, p.service, p.account_label, p.reason_code, p.facts] for p in found]
    return json.dumps(rows, separators=(",", ":"))


def from_text(text: object) -> tuple[PassedOver, ...]:
    """What `to_text` wrote; nothing for anything else."""
    try:
        rows = json.loads(text) if isinstance(text, str) else []
        return tuple(
            PassedOver(int(number), str(service), str(label), str(code), dict(facts))
            for number, service, label, code, facts in rows[:_MOST]
        )
    except (ValueError, TypeError):
        return ()
