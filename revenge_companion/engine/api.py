"""The engine as the window and the command line see it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Nothing here runs: the tray does not wait for what only some pages need.
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from revenge_companion.core.accounts import Account, Switches
    from revenge_companion.core.animemap import Candidate, MapState, Override
    from revenge_companion.core.catalogue import IndexState
    from revenge_companion.core.delivery import Delivery
    from revenge_companion.core.imports import ImportRun
    from revenge_companion.core.media import Item
    from revenge_companion.core.rules import Changed, Rule
    from revenge_companion.core.settings import Settings
    from revenge_companion.core.status import EngineStatus, Host, Library, PlayRecord
    from revenge_companion.core.undoing import UndoResult
    from revenge_companion.engine.library_api import (
        ExportsApi,
        ImportsApi,
        LibraryApi,
        SayingApi,
        SyncApi,
    )
    from revenge_companion.services.base import LinkRequest, ProbeResult, ServiceSpec, ShowPrompt


class Change(StrEnum):
    """What changed; a view decides whether it cares."""

    STATUS = "status"
    NOW_PLAYING = "now_playing"
    PLAYS = "plays"
    OUTBOX = "outbox"
    ACCOUNTS = "accounts"
    SETTINGS = "settings"
    LIBRARY = "library"
    SYNC = "sync"


class Notice(StrEnum):
    """Something to tell the user once."""

    ACCOUNT_TROUBLE = "account_trouble"
    SIGNED_OUT = "signed_out"
    SCROBBLED = "scrobbled"
    TROUBLE = "trouble"
    HAND_OFF = "hand_off"
    #: The server does what the Companion does.
    DOUBLED = "doubled"


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification: `reason` and `facts` make its sentence (core.reasons)."""

    notice: Notice
    title: str
    reason: str
    facts: Mapping[str, str | float | int]


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One delivery with the names a person needs."""

    delivery: Delivery
    service: str
    account_label: str


class AmendingApi(Protocol):
    """The user's second thoughts and rules; see `engine.amending`."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that are used, in their order."""
        ...

    async def undo(self, play_id: int) -> list[UndoResult]:
        """Take one play back everywhere; what came of it at each account."""
        ...

    async def drop_last_hour(self) -> list[UndoResult]:
        """Undo and forget the last hour; what could not be removed. Only while paused."""
        ...

    async def editable(self, delivery_id: int) -> Mapping[str, str]:
        """What can be edited of a delivery, with its values now. Raises EditRefused."""
        ...

    async def edit(self, delivery_id: int, changes: Mapping[str, str]) -> None:
        """Change what one delivery says. Raises EditRefused."""
        ...

    async def save_rules(self, rules: Sequence[Rule]) -> None:
        """Keep and use `rules` in place of those there are. Raises RuleRefused."""
        ...

    async def preview(self, rules: Sequence[Rule]) -> list[Changed]:
        """What `rules` would have made of past plays, newest first."""
        ...

    async def read_rules(self, path: Path) -> tuple[Rule, ...]:
        """The rules in a file, TOML by its ending and else JSON. Raises RuleRefused."""
        ...

    async def export_rules(self, path: Path) -> int:
        """Write the rules to `path`; returns how many."""
        ...


class AnimeApi(Protocol):
    """The anime map and the user's corrections to it; see `core.animemap`."""

    @property
    def state(self) -> MapState | None:
        """The copy of the map on this computer; None where no service asks a map."""
        ...

    async def download(self) -> MapState:
        """Fetch the newest map, which is the user's consent to fetching it from then on."""
        ...

    async def remove(self) -> None:
        """Forget the copy and the consent; corrections stay."""
        ...

    async def overrides(self) -> tuple[Override, ...]:
        """The user's corrections; of several that fit, the last counts."""
        ...

    async def set_overrides(self, rows: Sequence[Override]) -> int:
        """Keep these corrections instead; how many parked plays are tried again for it."""
        ...

    async def import_overrides(self, path: Path) -> int:
        """Add the corrections in a file after those there are; how many it holds."""
        ...

    async def export_overrides(self, path: Path) -> int:
        """Write the corrections to `path` as JSON; returns how many."""
        ...

    async def search(self, account_id: int, title: str) -> list[Candidate]:
        """At most ten anime like `title` at an account's service, best first."""
        ...

    async def unmapped(self) -> list[OutboxRow]:
        """Recent plays that are parked because no entry was found, newest first."""
        ...

    async def seen(self) -> list[Item]:
        """An item of each series and film that was lately bound for an anime list."""
        ...


class EngineApi(Protocol):
    """What the window and the command line may ask of the engine.

    Every awaited call may raise `core.errors.CompanionError` with one sentence to show.
    """

    @property
    def status(self) -> EngineStatus: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def services(self) -> Sequence[ServiceSpec]: ...

    @property
    def amending(self) -> AmendingApi: ...

    @property
    def anime(self) -> AnimeApi: ...

    @property
    def library(self) -> LibraryApi: ...

    @property
    def imports(self) -> ImportsApi: ...

    @property
    def exports(self) -> ExportsApi: ...

    @property
    def syncs(self) -> SyncApi: ...

    @property
    def saying(self) -> SayingApi: ...

    def on_change(self, told: Callable[[Change], None]) -> None:
        """`told` is called on the loop's thread after each change."""
        ...

    def on_import(self, told: Callable[[ImportRun], None]) -> None:
        """`told` is called as by `ImportsApi.on_progress`; nothing is loaded before an import is.

        Also for runs that go on by themselves after the program was ended.
        """
        ...

    def on_notification(self, told: Callable[[Notification], None]) -> None: ...

    async def unlock(self, passphrase: str) -> None:
        """Keep secrets in the encrypted vault, where the system has no password store.

        Raises SecretsUnavailable for a passphrase that does not open the vault there is.
        """
        ...

    async def sign_in(
        self, server: str, username: str, password: str, *, allow_http: bool = False
    ) -> None:
        """Sign in to a Revenge server.

        Raises LaneBlocked (plain_http) where only an address without encryption is left to try and
        `allow_http` does not say that the user allows that for this server.
        """
        ...

    async def sign_in_with_key(
        self, server: str, api_key: str, *, allow_http: bool = False
    ) -> None: ...
    async def sign_out(self) -> None:
        """Sign the active profile out; nobody is active then, and others' sign-ins are kept."""
        ...

    async def use_profile(self, profile: int) -> None:
        """Make another profile the active one (`EngineStatus.profiles`); nothing queued is lost.

        Raises SignInRefused where its sign-in is not kept.
        """
        ...

    async def link(
        self, service: str, request: LinkRequest, label: str, show: ShowPrompt
    ) -> Account:
        """Link an account, or relink the same remote account, which resumes its lane."""
        ...

    async def probe(self, service: str, address: str, *, allow_http: bool = False) -> ProbeResult:
        """What answers at `address`, for a service that can be pointed at a server of one's own."""
        ...

    async def whose(self, service: str, request: LinkRequest) -> str:
        """Whose a pasted token is, asked before anybody links: nothing is stored.

        Raises LinkRefused where it is nobody's, or for a service that takes no token.
        """
        ...

    async def unlink(self, account_id: int, *, keep_queued: bool = False) -> None: ...
    async def set_switches(self, account_id: int, switches: Switches) -> None: ...
    async def rename(self, account_id: int, label: str) -> None: ...

    async def test_account(self, account_id: int) -> str:
        """Ask the service who the account is; returns the remote name."""
        ...

    def hosts(self) -> tuple[Host, ...]:
        """Every host that is contacted; no others are."""
        ...

    async def libraries(self) -> tuple[Library, ...]:
        """The server's libraries that this user may see; none where it lists none."""
        ...

    async def server_index(self) -> IndexState:
        """How much of the server's films, shows and episodes is known, for matching."""
        ...

    async def love(self, play_id: int, *, loved: bool = True) -> list[str]:
        """Love a play's track wherever that is possible, or take it back; the services' names.

        Raises the first trouble where no account took it.
        """
        ...

    async def plays(
        self,
        *,
        limit: int = 200,
        before_id: int | None = None,
        search: str = "",
        kind: str = "",
        counted: bool | None = None,
        account_id: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[PlayRecord]:
        """The ledger, newest first; `search` looks in titles without case.

        `account_id` leaves plays that were bound for that account, `since` and `until` (aware)
        those that started in between, `until` itself left out.
        """
        ...

    async def outbox(
        self,
        *,
        state: str = "",
        account_id: int | None = None,
        limit: int = 200,
        before_id: int | None = None,
    ) -> list[OutboxRow]:
        """Deliveries, newest first; without `state`, those that are not delivered or undone."""
        ...

    async def flush(self) -> None:
        """Try everything that waits now, whatever its due time."""
        ...

    async def retry(self, delivery_id: int) -> bool: ...
    async def discard(self, delivery_id: int) -> bool: ...

    async def export_outbox(self, path: Path) -> int:
        """Write every delivery to `path` (CSV or JSON by its ending); returns how many."""
        ...

    async def hand_off(self, account_id: int, folder: Path) -> list[Path]:
        """Write what waits for a `ServiceSpec.hand_off` account into files in `folder`.

        Returns the files, none where nothing waits; the rows keep waiting for `hand_off_done`.
        """
        ...

    async def hand_off_done(self, account_id: int) -> int:
        """The user imported the files written last; returns how many rows became delivered."""
        ...

    async def scrobble_anyway(self, play_id: int) -> bool:
        """Count a play by hand; False when it already counted or is gone."""
        ...

    def dont_scrobble(self, play_key: str) -> None:
        """Leave one play session that is in progress out."""
        ...

    async def save_settings(self, settings: Settings) -> None: ...

    def pause(self, until: datetime | None) -> None:
        """Pause scrobbling until `until` (aware UTC), or with None until the program ends.

        A time outlasts a restart of the program.
        """
        ...

    def pause_for(self, length: timedelta | None) -> None:
        """`pause` for a length of time from now."""
        ...

    def resume(self) -> None: ...
