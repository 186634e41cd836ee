"""Linked accounts: who they are, what the user wants of them, and how they are doing."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from revenge_companion.core.media import Item, Kind
from revenge_companion.core.profiles import FIRST

#: Services close a lane for two days at the most.
LONGEST_HOLD = timedelta(days=3)


class AccountState(StrEnum):
    """Whether a lane may send, worst last."""

    LINKED = "linked"
    #: A day's budget is used up; `held_until` says when it is back.
    QUOTA = "quota"
    #: Something only the user can mend at the service (app key, plan, locked account).
    HELD = "held"
    #: The login is gone; relinking resumes.
    LINK_AGAIN = "link_again"
    #: Switched off by the user.
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Switches:
    """What the user wants of one account; an empty tuple means "all"."""

    enabled: bool = True
    scrobble: bool = True
    now_playing: bool = True
    sync_history: bool = False
    sync_ratings: bool = False
    sync_watchlist: bool = False
    #: Own video threshold, 0.05 to 1.0 of the runtime; None follows the settings.
    threshold: float | None = None
    #: Kinds it takes of those the service can; empty means all of them.
    kinds: tuple[Kind, ...] = ()
    #: Revenge library ids; empty means all.
    libraries: tuple[str, ...] = ()
    #: Its server may be reached without encryption, where its address says so.
    allow_http: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """One linked account. Holds no secret: those are in the keyring under `secret_name`."""

    #: Row id in the database; what people type on the command line.
    id: int
    #: Key of the service in the catalogue, such as "trakt".
    service: str
    #: What the user calls it; the remote name if they did not say.
    label: str
    #: The service's own stable id for the account.
    remote_id: str
    remote_name: str = ""
    profile_url: str = ""
    #: Custom API root; empty for the service's own.
    api_url: str = ""
    #: Custom OAuth root; empty for the service's own.
    auth_url: str = ""
    #: The user's own client id; empty for the built-in or the environment's.
    client_id: str = ""
    switches: Switches = field(default_factory=Switches)
    state: AccountState = AccountState.LINKED
    #: Why the lane is held, a sentence; empty while it is not.
    state_detail: str = ""
    held_until: datetime | None = None
    last_delivery_at: datetime | None = None
    #: Whose plays go there; `core.profiles.NOBODY` until somebody signs in.
    profile: int = FIRST

    @property
    def is_stopped(self) -> bool:
        """Stopped by the runaway breaker: it goes on only when the user says so."""
        return self.state is AccountState.HELD and self.held_until is None

    @property
    def secret_name(self) -> str:
        """Where the keyring keeps this account's tokens."""
        return f"account/{self.service}/{self.remote_id}@{self.api_url or 'default'}"


def may_ask(account: Account, now: datetime, *, force: bool = False) -> bool:
    """Whether its service may be asked for anything now; `force` is the user's word."""
    if account.state in (AccountState.OFF, AccountState.LINK_AGAIN):
        return False
    if account.state is AccountState.LINKED:
        return True
    # Without an end it was stopped by the breaker: only the user's word about it goes on.
    if force and account.state is AccountState.HELD and not account.is_stopped:
        return True
    return account.held_until is not None and _is_over(account.held_until, now)


def _is_over(until: datetime, now: datetime) -> bool:
    """Whether a hold has ended, or was set by a clock that was ahead: none lasts that long."""
    return now >= until or until - now > LONGEST_HOLD


def wants(account: Account, item: Item, kinds: tuple[Kind, ...]) -> bool:
    """Whether `account`, at a service that takes `kinds`, is to get scrobbles of `item`."""
    switches = account.switches
    if not (switches.enabled and switches.scrobble) or account.state is AccountState.OFF:
        return False
    return takes(account, item, kinds)


def takes(account: Account, item: Item, kinds: tuple[Kind, ...]) -> bool:
    """Whether `item`'s kind and library are ones that `account` is switched on for."""
    switches = account.switches
    if item.kind not in kinds or (switches.kinds and item.kind not in switches.kinds):
        return False
    return not switches.libraries or item.library_id in switches.libraries
