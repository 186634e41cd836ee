"""What the engine shows of itself: values for the tray, the window and `status`."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from revenge_companion.core.abilities import Abilities
from revenge_companion.core.accounts import Account
from revenge_companion.core.live import NowPlaying
from revenge_companion.core.passed_over import PassedOver
from revenge_companion.core.playback import Source
from revenge_companion.core.profiles import KnownProfile
from revenge_companion.core.quota import DayUse


class SignInState(StrEnum):
    SIGNED_OUT = "signed_out"
    SIGNED_IN = "signed_in"
    #: The session ended; signing in resumes.
    SIGN_IN_AGAIN = "sign_in_again"


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """Which live source is used and why."""

    source: Source | None = None
    connected: bool = False
    #: Reason code of `core.reasons` for the choice or the trouble; empty when all is well.
    reason_code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """Rows by state, over all accounts or for one."""

    pending: int = 0
    sending: int = 0
    unsure: int = 0
    delivered: int = 0
    held: int = 0
    parked: int = 0
    undone: int = 0

    @property
    def waiting(self) -> int:
        """Rows that will still be sent."""
        return self.pending + self.sending + self.unsure + self.held


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """One account and its part of the outbox."""

    account: Account
    counts: OutboxCounts = OutboxCounts()
    #: Its plays are handed over by the user, as files; nothing is sent.
    hand_off: bool = False
    #: Rows that are in files the user has and has not yet said to be imported.
    written: int = 0
    #: When what waits is through (aware UTC), where a day's budget slows it down; else None.
    eta: datetime | None = None
    #: Since when plays go there and none is confirmed, although no trouble is known.
    silent_since: datetime | None = None
    #: What was used of its service's day budget; None where there is none.
    day: DayUse | None = None
    #: It is set to plain http on another computer, which its switch `allow_http` has to allow.
    unencrypted: bool = False


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """One moment of the engine."""

    sign_in: SignInState = SignInState.SIGNED_OUT
    server_url: str = ""
    username: str = ""
    #: The user allows plain http to the server that is signed in to.
    allow_http: bool = False
    #: Every server and user that was signed in to, the active one among them.
    profiles: tuple[KnownProfile, ...] = ()
    source: SourceStatus = SourceStatus()
    #: Accounts of the active profile, or of the one that was last.
    accounts: tuple[AccountStatus, ...] = ()
    #: Accounts of the other profiles, which get nothing new while theirs is not active.
    others: tuple[AccountStatus, ...] = ()
    now_playing: tuple[NowPlaying, ...] = ()
    outbox: OutboxCounts = OutboxCounts()
    #: Scrobbling is paused until then; `datetime.max` for "until switched on again".
    paused_until: datetime | None = None
    #: Storage trouble as a sentence; empty when all is well.
    trouble: str = ""

    @property
    def all_accounts(self) -> tuple[AccountStatus, ...]:
        """Accounts of every profile: whose rows the outbox holds."""
        return (*self.accounts, *self.others)

    @property
    def profile(self) -> KnownProfile | None:
        """Who is signed in; None where nobody is."""
        return next((one for one in self.profiles if one.active), None)

    @property
    def to_send(self) -> int:
        """Rows that will be sent; those the user hands over as files are not among them."""
        by_hand = sum(one.counts.waiting for one in self.all_accounts if one.hand_off)
        return max(0, self.outbox.waiting - by_hand)

    #: The system has no password store: secrets can be kept once a passphrase is given.
    needs_passphrase: bool = False
    #: Rows that cannot be sent before the user lets the anime map be downloaded.
    map_waiting: int = 0
    #: What the server offers beyond what today's servers can.
    abilities: Abilities = field(default_factory=Abilities)
    #: Names of services that get each play from the server, too, and the user has not said who is
    #: to send it.
    doubled: tuple[str, ...] = ()


class HostUse(StrEnum):
    SERVER = "server"
    SERVICE = "service"
    ANIME_MAP = "anime_map"


@dataclass(frozen=True, slots=True)
class Host:
    """A host that is contacted."""

    #: With its port where it is not the usual one.
    name: str
    use: HostUse
    #: The service's name; empty for other uses.
    service: str = ""


@dataclass(frozen=True, slots=True)
class Library:
    """One library of the Revenge server."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class DestinationFate:
    """What became of one play at one account, for the ledger."""

    account_id: int
    service: str
    account_label: str
    state: str
    #: Of the last answer, and the service's own words; may be empty.
    reason_code: str = ""
    detail: str = ""
    #: How often it was tried, when it was last answered or moved, and when it is tried next.
    attempts: int = 0
    settled_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlayRecord:
    """One line of the ledger: a play, counted or not."""

    id: int
    play_key: str
    label: str
    kind: str
    device_name: str
    started_at: datetime
    ended_at: datetime | None
    counted_at: datetime | None
    played_s: float
    position_s: float
    duration_s: float | None
    #: Reason code of `core.reasons`, with its numbers in `facts`.
    reason_code: str
    facts: dict[str, str | float | int] = field(default_factory=dict)
    destinations: tuple[DestinationFate, ...] = ()
    #: Accounts that it did not go to although it counted; known once it has ended.
    passed_over: tuple[PassedOver, ...] = ()
    #: Still playing.
    open: bool = False
    #: What happened during it, as `core.moments.read_course` reads it; empty for an old play.
    moments_text: str = ""
