"""What a service is to the rest of the program: data about it, and a client per linked account."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum
from types import TracebackType
from typing import Protocol, runtime_checkable

from revenge_companion.core.accounts import Account
from revenge_companion.core.changes import Verb
from revenge_companion.core.delivery import Delivery, Outcome
from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.live import LiveNotice
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.switching import Offer


class LinkMethod(StrEnum):
    """How an account is linked; the dialogs are chosen by it."""

    TOKEN = "token"
    DEVICE = "device"
    #: Last.fm's desktop flow: open a page, then wait for the approval.
    BROWSER_TOKEN = "browser_token"
    PASSWORD = "password"
    #: A page in the browser that comes back to a listener on 127.0.0.1 (state, PKCE).
    BROWSER = "browser"
    #: A page in the browser that shows a code or token to paste.
    PIN = "pin"
    #: Nothing to log in to: files are handed over by the user.
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A service described by data; screens and the engine read this and ask no names."""

    #: Stable key, such as "listenbrainz".
    key: str
    name: str
    kinds: tuple[Kind, ...]
    #: The first is the ordinary way.
    link: tuple[LinkMethod, ...]
    #: Whether it shows what is playing right now.
    live: bool
    #: Scrobbles one request may hold.
    batch_size: int
    #: True where resending the frozen payload is harmless, so an unanswered request is repeated;
    #: False where the service has to be read back first (`Client.find`).
    resend_is_safe: bool
    default_api_url: str
    default_auth_url: str = ""
    #: Whether the user may point it at a compatible server.
    custom_server: bool = False
    #: Environment variables that hold the client id (and secret where there is one).
    client_id_env: str = ""
    client_secret_env: str = ""
    #: Client id shipped with the program; empty where none is.
    client_id: str = ""
    #: Where the user finds or makes what the link needs.
    help_url: str = ""
    #: Scrobbles older than this are refused; None for no limit.
    max_age_s: float | None = None
    #: What a backlog may use of one account's day there; None for no limit. Fresh plays may use
    #: the rest of what the service allows.
    per_day: int | None = None
    #: Whether `per_day` counts requests; plays otherwise.
    day_counts_requests: bool = False
    #: When the service's day begins, in hours after midnight UTC.
    day_starts_utc_h: int = 0
    durable: bool = True
    #: Nothing is sent: the outbox collects until the user takes the files (`HandOff`).
    hand_off: bool = False
    #: The page where the user imports handed-over files.
    upload_url: str = ""
    #: What the user should know before they import there; one or two sentences.
    upload_note: str = ""
    #: Seconds one play and one change take at the service's own pace, each within a full batch; for
    #: saying how long a backlog takes. 0.0 where they go by the user's hand.
    play_s: float = 0.0
    change_s: float = 0.0
    #: What its clients read (they are `Readable`s), and what deliveries can carry there.
    imports: tuple[Facet, ...] = ()
    exports: tuple[Facet, ...] = ()
    #: Changes its clients take, and what they can be about.
    verbs: tuple[Verb, ...] = ()
    rated: tuple[SubjectKind, ...] = ()
    #: Whose own ids changes may name their thing by (`Subject.refs`), besides those all know.
    refs: tuple[str, ...] = ()
    #: It keeps one play of each item, and takes plays that nobody dates.
    one_play: bool = False
    undated: bool = False
    #: The dates of its ratings move with whatever else changes of an entry, such as its progress.
    dates_entries: bool = False
    #: The least time between two looks at what changed, in seconds.
    sync_every_s: float = 86_400.0
    #: What the user should know before importing from it; empty where there is nothing.
    import_note: str = ""
    #: Why what comes from here is never sent on to other services by itself; empty where it may be.
    keeps_to_itself: str = ""
    #: Its clients are `LoveClient`s: tracks can be loved there.
    loves: bool = False
    #: A sentence to read before linking, such as a limit of its plans; empty where none is needed.
    link_note: str = ""
    #: The field of `core.animemap.Override` that names its entries; empty for no anime list.
    anime_id: str = ""
    #: A login that is not used for some weeks ends there; asking who it is renews it.
    ends_unused: bool = False


def offer(spec: ServiceSpec) -> Offer:
    """What of an account at this service can be switched."""
    return Offer(spec.name, spec.kinds, spec.live, (*spec.imports, *spec.exports))


@dataclass(frozen=True, slots=True)
class Secret:
    """An account's tokens, as the keyring keeps them; `repr` shows none of it."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    #: Aware UTC end of `access`; None where it does not end.
    expires_at: datetime | None = None
    #: The client id the tokens belong to, so that a refresh uses the same.
    client_id: str = ""
    #: Last.fm's shared secret where the user brought their own; "" for the environment's.
    client_secret: str = field(default="", repr=False)


class SecretSlot(Protocol):
    """One account's place in the keyring; handed to its client."""

    async def get(self) -> Secret | None: ...

    async def put(self, secret: Secret) -> None:
        """Store durably; returns only when it is stored."""
        ...

    def exclusive(self) -> "AsyncLock":
        """A lock over threads and processes, for single-flight refresh."""
        ...


class AsyncLock(Protocol):
    async def __aenter__(self) -> object: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class RemoteUser:
    """Who an account belongs to, as the service says."""

    id: str
    name: str
    profile_url: str = ""


class Client(Protocol):
    """One linked account's line to its service.

    Methods raise the errors of `core.errors`; what they raise is about the whole request, what
    `submit` returns is about each row.
    """

    async def submit(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Deliver up to `ServiceSpec.batch_size` rows; an outcome for every delivery id."""
        ...

    async def find(self, delivery: Delivery) -> str | None:
        """The remote id of an unsure delivery that did arrive ("" where it has none), else None.

        Only called where `resend_is_safe` is False.
        """
        ...

    async def live(self, notice: LiveNotice) -> None:
        """Tell the service what is happening now; best effort, never repeated."""
        ...

    async def whoami(self) -> RemoteUser:
        """Ask the service whose account this is; raises LinkExpired when the link is gone."""
        ...

    async def revoke(self) -> None:
        """Give the tokens back where the service can; errors are the caller's to log."""
        ...


@runtime_checkable
class ReadsBack(Protocol):
    """A client of a service that keeps whatever it is sent, and can be read in ranges.

    A second Companion of the same user may have sent a play first; so what is not refused by the
    service when it is there already is looked for even before the first attempt.
    """

    def doubtful(self, batch: Sequence[Delivery]) -> Sequence[Delivery]:
        """Those of `batch` that would be doubled if they were there already; no request."""
        ...

    async def find_many(self, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
        """The remote ids ("" where there is none) of those that are there, by delivery id."""
        ...

    async def confirm(self, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
        """Remove what a second Companion sent at the same moment as these; ids as `find_many`.

        Of two Companions that both ask, both keep the same one.
        """
        ...


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """What the user brought to a linking: addresses, ids, and a secret where the method has one."""

    api_url: str = ""
    auth_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    username: str = ""
    #: The user has allowed plain http to another computer for this account.
    allow_http: bool = False
    #: Token or password; empty for flows in the browser.
    secret: str = field(default="", repr=False)
    #: Waits for what the user pastes after the prompt was shown: the code or token of a PIN flow,
    #: or the address a browser flow ended at. None where nobody can paste.
    pasted: "Callable[[], Awaitable[str]] | None" = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class LinkPrompt:
    """What to show while the user approves elsewhere."""

    url: str
    #: Code to type there; empty where the page needs none.
    code: str = ""
    #: The address with the code filled in; empty where there is none.
    complete_url: str = ""
    #: Seconds until the code ends.
    expires_in_s: float = 0.0
    #: Why the service cannot be asked right now, a sentence; asking goes on all the same. The same
    #: prompt is shown again when this changes.
    trouble: str = ""
    #: Why what was pasted is no good, a sentence; something else can be pasted.
    refused: str = ""
    #: What to do where the page shows an error instead, a sentence; and where that is done.
    note: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Linked:
    """A finished linking: who, and the tokens to store."""

    user: RemoteUser
    secret: Secret = field(repr=False)
    api_url: str = ""
    auth_url: str = ""
    client_id: str = ""


#: Called when the user has something to do elsewhere, and again when its `trouble` changes or what
#: was pasted is `refused`.
ShowPrompt = Callable[[LinkPrompt], Awaitable[None]]


class Service(Protocol):
    """One service: its data, how to link, and a client for an account."""

    spec: ServiceSpec

    async def link(self, request: LinkRequest, show: ShowPrompt) -> Linked:
        """Link an account; raises LinkRefused with a sentence, or an error of the network."""
        ...

    def client(self, account: Account, slot: SecretSlot) -> Client:
        """A client for `account`; makes no request."""
        ...


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What answers at an address, asked without any account."""

    #: What it is, such as "Maloja"; empty where it is none of those that are understood.
    kind: str = ""
    #: The root to link with, which may be longer than what was typed.
    address: str = ""
    #: Whether one request may hold several plays.
    batches: bool = False
    loves: bool = False
    #: The only way to link there; None where the service's ordinary one will do.
    link: LinkMethod | None = None
    #: Why it is none, one sentence; empty where there is a `kind`.
    trouble: str = ""


class Prober(Protocol):
    """A service of which `ServiceSpec.custom_server` is true: it tells what a server is."""

    async def probe(self, address: str, *, allow_http: bool = False) -> ProbeResult:
        """Ask the server at `address`; every trouble comes back as the result's sentence.

        `allow_http` as in `LinkRequest`.
        """
        ...


@runtime_checkable
class LoveClient(Protocol):
    """A client of a service of which `ServiceSpec.loves` is true."""

    async def love(self, item: Item, *, loved: bool) -> None:
        """Love a track, or take that back; doing it twice changes nothing.

        Raises LaneBlocked (not_taken) where the server keeps no loved tracks or does not know this
        one, and what the other calls raise.
        """
        ...


@runtime_checkable
class AgeLimited(Protocol):
    """A client of a service with a `ServiceSpec.max_age_s` that not all of its servers have."""

    @property
    def max_age_s(self) -> float | None:
        """The age in seconds past which this account's server refuses plays; None for none."""
        ...


@runtime_checkable
class TakesChanges(Protocol):
    """A client that takes ratings, watchlist changes and the like: `ServiceSpec.exports`."""

    async def change(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Deliver up to `ServiceSpec.batch_size` rows that carry a change (`Scrobble.change`).

        An outcome for every delivery id. What is so already is Delivered (already_there). Sending
        one twice is harmless, whatever `ServiceSpec.resend_is_safe` says of plays.
        """
        ...


@dataclass(frozen=True, slots=True)
class HandOffFile:
    """A file for the user to import at the service, and the deliveries that are in it."""

    #: A plain file name; no part of it comes from outside.
    name: str
    text: str
    delivery_ids: tuple[int, ...]


#: An item and the aware moment it was played.
Played = tuple[Item, datetime]


class HandOff(Protocol):
    """A service of which `ServiceSpec.hand_off` is true: it takes files from the user's hands."""

    def files(
        self, deliveries: Sequence[Delivery], zone: tzinfo | None, history: Sequence[Played] = ()
    ) -> list[HandOffFile]:
        """The files that hold `deliveries`, dated in `zone` (None is the system's own).

        `history` is every counted play this program knows of. A delivery that no file can hold
        is in none of them. Pure: the same values give the same files.
        """
        ...
