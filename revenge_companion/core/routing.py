"""Which plays are left out, and which accounts get what counted."""

from collections.abc import Iterable, Mapping

from revenge_companion.core.accounts import Account, AccountState, takes, wants
from revenge_companion.core.live import LiveNotice
from revenge_companion.core.media import Kind
from revenge_companion.core.playback import PlaybackEvent
from revenge_companion.core.reasons import Reason
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.core.settings import Filters
from revenge_companion.core.thresholds import Rules, Thresholds, rule_name


def left_out(event: PlaybackEvent, filters: Filters) -> Reason | None:
    """Why the user's filters keep this play from being scrobbled; None where they do not.

    A device is named by its id, its name or its client, without regard to case.
    """
    if event.item.kind in filters.ignored_kinds:
        return Reason.FILTERED
    if filters.ignored_devices:
        device = event.device
        names = {name.casefold() for name in (device.id, device.name, device.client) if name}
        if any(ignored.casefold() in names for ignored in filters.ignored_devices):
            return Reason.FILTERED
    library = event.item.library_id
    if library and library.casefold() in {name.casefold() for name in filters.ignored_libraries}:
        return Reason.FILTERED
    return None


def rules_for(own: Thresholds, accounts: Iterable[Account]) -> Rules:
    """The user's thresholds and those of every account that has its own."""
    named = {
        rule_name(account.switches.threshold): own.with_video_ratio(account.switches.threshold)
        for account in accounts
        if account.switches.threshold is not None
    }
    return Rules(own, named)


def follows(account: Account, kind: Kind) -> str:
    """The rule an account counts this kind by: its own threshold is for films and episodes."""
    return rule_name(account.switches.threshold) if kind.is_video else ""


def destinations(
    scrobble: Scrobble, accounts: Iterable[Account], kinds: Mapping[str, tuple[Kind, ...]]
) -> list[int]:
    """The accounts that get `scrobble`, by id; `kinds` says what each service takes.

    Music counts once, under the user's own rule, whatever video threshold an account has.
    """
    item = scrobble.item
    return [
        account.id
        for account in accounts
        if wants(account, item, kinds.get(account.service, ()))
        and follows(account, item.kind) == scrobble.rule
    ]


def hears_live(
    account: Account,
    notice: LiveNotice,
    kinds: tuple[Kind, ...],
    counted_rules: frozenset[str],
) -> bool:
    """Whether `account` is told of `notice`.

    A video that counted has had its one terminal outcome there: it hears no more of it.
    """
    switches, item = account.switches, notice.item
    if not (switches.enabled and switches.now_playing) or account.state is not AccountState.LINKED:
        return False
    if item.kind.is_video and follows(account, item.kind) in counted_rules:
        return False
    return takes(account, item, kinds)
