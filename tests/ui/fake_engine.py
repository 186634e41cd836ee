"""An engine for the window's tests: it holds values, notes what was asked, and fails on demand."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from revenge_companion.core.accounts import Account, AccountState, Switches
from revenge_companion.core.animemap import Candidate, MapState, Override, keys_of
from revenge_companion.core.catalogue import IndexState
from revenge_companion.core.delivery import Delivery, DeliveryState
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.imports import ImportRun
from revenge_companion.core.live import NowPlaying
from revenge_companion.core.media import Item, Kind, Series
from revenge_companion.core.playback import Source
from revenge_companion.core.reasons import Reason
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.core.settings import Settings
from revenge_companion.core.status import (
    AccountStatus,
    DestinationFate,
    EngineStatus,
    Host,
    Library,
    OutboxCounts,
    PlayRecord,
    SignInState,
    SourceStatus,
)
from revenge_companion.engine.api import Change, Notification, OutboxRow
from revenge_companion.services.base import (
    LinkMethod,
    LinkPrompt,
    LinkRequest,
    ProbeResult,
    ServiceSpec,
    ShowPrompt,
)
from tests.ui.fake_amending import FakeAmending
from tests.ui.fake_exports import FakeExports, FakeSyncs
from tests.ui.fake_imports import FakeImports
from tests.ui.fake_library import FakeLibrary
from tests.ui.fake_saying import FakeSaying

VIDEO = (Kind.MOVIE, Kind.EPISODE)
SPECS = (
    ServiceSpec(
        "trakt",
        "Trakt",
        VIDEO,
        (LinkMethod.DEVICE,),
        live=True,
        batch_size=100,
        resend_is_safe=False,
        default_api_url="https://api.trakt.tv",
        default_auth_url="https://auth.trakt.tv",
        client_id_env="TRAKT_CLIENT_ID",
        help_url="https://app.trakt.tv/settings/apps/api",
        link_note="A free Trakt account has room for one app.",
    ),
    ServiceSpec(
        "simkl",
        "Simkl",
        VIDEO,
        (LinkMethod.DEVICE,),
        live=True,
        batch_size=100,
        resend_is_safe=True,
        default_api_url="https://api.simkl.com",
        client_id_env="SIMKL_CLIENT_ID",
    ),
    ServiceSpec(
        "lastfm",
        "Last.fm",
        (Kind.TRACK,),
        (LinkMethod.BROWSER_TOKEN, LinkMethod.PASSWORD),
        live=True,
        batch_size=50,
        resend_is_safe=True,
        default_api_url="https://ws.audioscrobbler.com/2.0/",
        custom_server=True,
        loves=True,
        client_id_env="LASTFM_API_KEY",
        client_secret_env="LASTFM_API_SECRET",
    ),
    ServiceSpec(
        "listenbrainz",
        "ListenBrainz",
        (Kind.TRACK, Kind.PODCAST),
        (LinkMethod.TOKEN,),
        live=True,
        batch_size=1000,
        resend_is_safe=True,
        default_api_url="https://api.listenbrainz.org",
        custom_server=True,
        loves=True,
        help_url="https://listenbrainz.org/settings/",
    ),
)

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
DUNE = Item(Kind.MOVIE, "m1", "Dune: Part Two", year=2024, duration_s=9960)
SEVERANCE = Item(
    Kind.EPISODE,
    "e1",
    "Woe's Hollow",
    series=Series("Severance"),
    season_number=2,
    episode_number=4,
    duration_s=3000,
)
WORDS = Item(Kind.TRACK, "t1", "Words", artist="Low", duration_s=348)
LONG = Item(
    Kind.MOVIE,
    "m2",
    "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb, the Restored "
    "Roadshow Presentation <b>with Overture & Intermission</b>",
    year=1964,
    duration_s=5700,
)


def playing(item: Item = DUNE, **changes: object) -> NowPlaying:
    made = NowPlaying(
        play_key="play-1",
        item=item,
        device_name="Living room TV",
        state="playing",
        position_s=0.61 * (item.duration_s or 0),
        played_s=600,
        rate=1.0,
        counted=False,
        counts_in_s=0.19 * (item.duration_s or 0),
        counts_at=0.8,
        as_of_s=1000.0,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a test names only its own fields


def account(number: int = 1, service: str = "trakt", **changes: object) -> Account:
    made = Account(number, service, "anna", remote_id=f"r{number}", remote_name="anna")
    return replace(made, **changes)  # type: ignore[arg-type]


def play(number: int, item: Item = SEVERANCE, **changes: object) -> PlayRecord:
    started = NOW - timedelta(minutes=47 * number)
    made = PlayRecord(
        id=10_000_000 - number,
        play_key=f"k{number}",
        label=item.label,
        kind=item.kind,
        device_name="Living room TV",
        started_at=started,
        ended_at=started + timedelta(minutes=40),
        counted_at=started + timedelta(minutes=33),
        played_s=2400,
        position_s=2950,
        duration_s=item.duration_s,
        reason_code=Reason.POSITION_REACHED,
        facts={"percent": 80, "needed": 80},
        destinations=(
            DestinationFate(1, "trakt", "anna", DeliveryState.DELIVERED),
            DestinationFate(2, "simkl", "anna", DeliveryState.PENDING, Reason.SERVICE_DOWN),
        ),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def not_counted(number: int, item: Item = DUNE) -> PlayRecord:
    return play(
        number,
        item,
        counted_at=None,
        destinations=(),
        reason_code=Reason.STOPPED_EARLY,
        facts={"percent": 34, "needed": 80},
    )


def waiting(number: int, item: Item = SEVERANCE, **changes: object) -> OutboxRow:
    scrobble = Scrobble(f"key{number}", item, NOW, NOW, 2400, 2400, 80, "Living room TV")
    made = Delivery(
        10_000_000 - number,
        2,
        scrobble,
        DeliveryState.PENDING,
        attempts=2,
        due_at=NOW + timedelta(minutes=4),
        reason_code=Reason.SERVICE_DOWN,
        queued_at=NOW,
    )
    return OutboxRow(replace(made, **changes), "simkl", "anna")  # type: ignore[arg-type]


SIGNED_IN = EngineStatus(
    sign_in=SignInState.SIGNED_IN,
    server_url="https://media.example.org",
    username="anna",
    source=SourceStatus(Source.WEBSOCKET, connected=True),
    accounts=(
        AccountStatus(
            account(1, "trakt", last_delivery_at=NOW - timedelta(minutes=4)),
            OutboxCounts(delivered=812),
        ),
        AccountStatus(
            account(2, "simkl", state=AccountState.LINK_AGAIN), OutboxCounts(pending=3, parked=1)
        ),
        AccountStatus(
            account(3, "listenbrainz", label="Home", last_delivery_at=NOW - timedelta(hours=2)),
            OutboxCounts(),
        ),
    ),
    now_playing=(playing(),),
    outbox=OutboxCounts(pending=3, parked=1),
)


ANIME_LISTS = tuple(
    ServiceSpec(
        key,
        name,
        VIDEO,
        (LinkMethod.TOKEN,),
        live=False,
        batch_size=1,
        resend_is_safe=True,
        default_api_url="https://lists.example.org",
        anime_id=field,
    )
    for key, name, field in (("anilist", "AniList", "anilist"), ("mal", "MyAnimeList", "mal"))
)


class FakeAnime:
    """Satisfies `AnimeApi`, over the same notes as its engine."""

    def __init__(self, engine: "FakeEngine") -> None:
        self._engine = engine
        self.state: MapState | None = MapState()
        self.rows: tuple[Override, ...] = ()
        self.parked: list[OutboxRow] = []
        self.items: list[Item] = []
        self.candidates: list[Candidate] = []

    async def download(self) -> MapState:
        await self._engine.note("download_map")
        self.state = MapState(1_740_000, NOW, 12_345)
        self._engine.become(map_waiting=0)
        return self.state

    async def remove(self) -> None:
        await self._engine.note("remove_map")
        self.state = MapState()
        self._engine.become()

    async def overrides(self) -> tuple[Override, ...]:
        await self._engine.note("overrides")
        return self.rows

    async def set_overrides(self, rows: Sequence[Override]) -> int:
        await self._engine.note("set_overrides", tuple(rows))
        keys = {row.key for row in set(rows).symmetric_difference(self.rows)}
        self.rows, before = tuple(rows), len(self.parked)
        self.parked = [
            row for row in self.parked if keys.isdisjoint(keys_of(row.delivery.scrobble.item))
        ]
        return before - len(self.parked)

    async def import_overrides(self, path: Path) -> int:
        await self._engine.note("import_overrides", path)
        return 2

    async def export_overrides(self, path: Path) -> int:
        await self._engine.note("export_overrides", path)
        return len(self.rows)

    async def search(self, account_id: int, title: str) -> list[Candidate]:
        await self._engine.note("search", account_id, title)
        return self.candidates

    async def unmapped(self) -> list[OutboxRow]:
        await self._engine.note("unmapped")
        return self.parked

    async def seen(self) -> list[Item]:
        await self._engine.note("seen")
        return self.items


class FakeEngine:
    """Satisfies `EngineApi`. `fails` is raised by every awaited call while it is set."""

    def __init__(self) -> None:
        self.status = EngineStatus()
        self.settings = Settings()
        self.amending = FakeAmending()
        self.imports = FakeImports()
        self.exports = FakeExports()
        self.syncs = FakeSyncs()
        self.saying = FakeSaying(self)
        self.services: Sequence[ServiceSpec] = SPECS
        self.ledger: list[PlayRecord] = []
        self.deliveries: list[OutboxRow] = []
        self.asked: list[tuple[object, ...]] = []
        self.fails: CompanionError | None = None
        #: Awaited by calls that take their time; None answers at once.
        self.gate: asyncio.Event | None = None
        self.prompt: LinkPrompt | None = None
        #: What `hand_off` writes.
        self.written: list[Path] = []
        #: Shown after `prompt`, before the gate.
        self.later_prompts: list[LinkPrompt] = []
        #: What the last sign-in or probe said of plain http.
        self.allowed_http = False
        self.probed = ProbeResult(trouble="Nothing answers.")
        self.server_libraries: tuple[Library, ...] = ()
        self.anime = FakeAnime(self)
        self.library = FakeLibrary(self)
        self.contacted: tuple[Host, ...] = ()
        self._told: list[Callable[[Change], None]] = []
        self._notified: list[Callable[[Notification], None]] = []

    def tell(self, *changes: Change) -> None:
        for change in changes:
            for told in self._told:
                told(change)

    def notify(self, notification: Notification) -> None:
        for told in self._notified:
            told(notification)

    def become(self, **changes: object) -> None:
        """Change the status and say so."""
        self.status = replace(self.status, **changes)  # type: ignore[arg-type]
        self.tell(Change.STATUS, Change.ACCOUNTS, Change.NOW_PLAYING)

    async def note(self, *what: object) -> None:
        self.asked.append(what)
        if self.gate is not None:
            await self.gate.wait()
        if self.fails is not None:
            raise self.fails

    def on_change(self, told: Callable[[Change], None]) -> None:
        self._told.append(told)

    def on_import(self, told: Callable[[ImportRun], None]) -> None:
        self.imports.on_progress(told)

    def on_notification(self, told: Callable[[Notification], None]) -> None:
        self._notified.append(told)

    async def unlock(self, passphrase: str) -> None:
        await self.note("unlock", passphrase)

    async def sign_in(
        self, server: str, username: str, password: str, *, allow_http: bool = False
    ) -> None:
        self.allowed_http = allow_http
        await self.note("sign_in", server, username, password)

    async def sign_in_with_key(
        self, server: str, api_key: str, *, allow_http: bool = False
    ) -> None:
        self.allowed_http = allow_http
        await self.note("sign_in_with_key", server, api_key)

    async def sign_out(self) -> None:
        await self.note("sign_out")

    async def use_profile(self, profile: int) -> None:
        await self.note("use_profile", profile)
        self.become(
            profiles=tuple(
                replace(one, active=one.profile.id == profile) for one in self.status.profiles
            )
        )

    async def link(
        self, service: str, request: LinkRequest, label: str, show: ShowPrompt
    ) -> Account:
        self.asked.append(("link", service, request, label))
        if self.prompt is not None:
            await show(self.prompt)
        for prompt in self.later_prompts:
            await show(prompt)
        if self.gate is not None:
            await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        return account(9, service)

    async def probe(self, service: str, address: str, *, allow_http: bool = False) -> ProbeResult:
        self.allowed_http = allow_http
        await self.note("probe", service, address)
        return self.probed

    async def whose(self, service: str, request: LinkRequest) -> str:
        await self.note("whose", service, request.secret)
        return "anna"

    def hosts(self) -> tuple[Host, ...]:
        return self.contacted

    async def server_index(self) -> IndexState:
        return IndexState()

    async def libraries(self) -> tuple[Library, ...]:
        await self.note("libraries")
        return self.server_libraries

    async def love(self, play_id: int, *, loved: bool = True) -> list[str]:
        await self.note("love", play_id, loved)
        return ["ListenBrainz"]

    async def unlink(self, account_id: int, *, keep_queued: bool = False) -> None:
        await self.note("unlink", account_id, keep_queued)

    async def set_switches(self, account_id: int, switches: Switches) -> None:
        await self.note("set_switches", account_id, switches)

    async def rename(self, account_id: int, label: str) -> None:
        await self.note("rename", account_id, label)

    async def test_account(self, account_id: int) -> str:
        await self.note("test_account", account_id)
        return "anna"

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
        await self.note("plays", limit, before_id, search, kind, counted, account_id, since, until)
        found = [
            record
            for record in self.ledger
            if account_id in (None, *(fate.account_id for fate in record.destinations))
            and (since is None or record.started_at >= since)
            and (until is None or record.started_at < until)
            and (before_id is None or record.id < before_id)
            and search.casefold() in record.label.casefold()
            and kind in ("", record.kind)
            and counted in (None, record.counted_at is not None)
        ]
        return found[:limit]

    async def outbox(
        self,
        *,
        state: str = "",
        account_id: int | None = None,
        limit: int = 200,
        before_id: int | None = None,
    ) -> list[OutboxRow]:
        await self.note("outbox", state, account_id, limit, before_id)
        found = [
            row
            for row in self.deliveries
            if (before_id is None or row.delivery.id < before_id)
            and state in ("", row.delivery.state)
            and account_id in (None, row.delivery.account_id)
        ]
        return found[:limit]

    async def flush(self) -> None:
        await self.note("flush")

    async def retry(self, delivery_id: int) -> bool:
        await self.note("retry", delivery_id)
        return True

    async def discard(self, delivery_id: int) -> bool:
        await self.note("discard", delivery_id)
        self.deliveries = [row for row in self.deliveries if row.delivery.id != delivery_id]
        return True

    async def export_outbox(self, path: Path) -> int:
        await self.note("export_outbox", path)
        return len(self.deliveries)

    async def hand_off(self, account_id: int, folder: Path) -> list[Path]:
        await self.note("hand_off", account_id, folder)
        return self.written

    async def hand_off_done(self, account_id: int) -> int:
        await self.note("hand_off_done", account_id)
        return 3

    async def scrobble_anyway(self, play_id: int) -> bool:
        await self.note("scrobble_anyway", play_id)
        return True

    def dont_scrobble(self, play_key: str) -> None:
        self.asked.append(("dont_scrobble", play_key))

    async def save_settings(self, settings: Settings) -> None:
        await self.note("save_settings", settings)
        self.settings = settings
        self.tell(Change.SETTINGS)

    def pause(self, until: datetime | None) -> None:
        self.asked.append(("pause", until))

    def pause_for(self, length: timedelta | None) -> None:
        self.asked.append(("pause_for", length))

    def resume(self) -> None:
        self.asked.append(("resume",))

    def calls(self, name: str) -> list[tuple[object, ...]]:
        """What was asked under that name, in order."""
        return [asked[1:] for asked in self.asked if asked[0] == name]
