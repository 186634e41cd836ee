"""The engine: owns every long task, answers the window and the command line, and ends in order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from revenge_companion.core.accounts import Account, AccountState, Switches
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import (
    CompanionError,
    LinkExpired,
    LinkRefused,
    SecretsUnavailable,
    StoreTrouble,
)
from revenge_companion.core.live import LiveNotice
from revenge_companion.core.reasons import Reason
from revenge_companion.core.routing import hears_live
from revenge_companion.core.session import Decision
from revenge_companion.core.settings import Settings
from revenge_companion.core.status import (
    AccountStatus,
    EngineStatus,
    Host,
    Library,
    OutboxCounts,
    PlayRecord,
    SignInState,
)
from revenge_companion.engine.alarms import Alarms
from revenge_companion.engine.amending import Amending
from revenge_companion.engine.anime import Anime
from revenge_companion.engine.api import Change, Notice, Notification, OutboxRow
from revenge_companion.engine.dispatcher import Lane, LaneEvent
from revenge_companion.engine.handoff import HandOffs
from revenge_companion.engine.hosts import hosts
from revenge_companion.engine.limits import Limits
from revenge_companion.engine.linker import Linker, SecretStore
from revenge_companion.engine.listener import Listener
from revenge_companion.engine.outbox_export import export
from revenge_companion.engine.pausing import Pausing
from revenge_companion.engine.signin import SignIn
from revenge_companion.engine.telling import Telling
from revenge_companion.engine.upkeep import Upkeep
from revenge_companion.net.http import Http
from revenge_companion.revenge.signals import Signal
from revenge_companion.services.base import (
    Client,
    LinkRequest,
    ProbeResult,
    Service,
    ServiceSpec,
    ShowPrompt,
)
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.flows import Flows
from revenge_companion.store.hand_off import HandOffRows
from revenge_companion.store.outbox import Outbox, total
from revenge_companion.store.plays import Plays
from revenge_companion.store.settings_file import SettingsFile

if TYPE_CHECKING:
    # The map is loaded once an account asks it.
    from revenge_companion.services.animemap.map import AnimeMap, AsksMap

_log = logging.getLogger(__name__)


#: Seconds between two tries to read the sign-in from a keyring that did not answer.
_KEYRING_RETRY_S = 60.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What the engine is put together from; built by `engine.start`."""

    clock: Clock
    http: Http
    database: Database
    settings_file: SettingsFile
    settings: Settings
    secrets: SecretStore
    services: Mapping[str, Service]
    #: Where addresses of services are overridden.
    environ: Mapping[str, str]
    #: Folder for the locks of token refreshes.
    locks: Path
    #: Why secrets cannot be kept here, a sentence; empty when they can.
    secrets_trouble: Callable[[], str]
    #: Uses the encrypted vault with a passphrase from now on.
    unlock: Callable[[str], Awaitable[None]]


class Engine:
    """Implements `engine.api.EngineApi` over the parts it is given."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._clock = parts.clock
        self._settings = parts.settings
        self._tell = Telling(parts.services, lambda: self._settings)
        self._outbox = Outbox(parts.database, parts.clock)
        self._plays = Plays(parts.database, parts.clock)
        self._accounts = Accounts(parts.database, parts.clock)
        self._linker = Linker(
            dict(parts.services), self._accounts, parts.secrets, parts.clock, parts.locks
        )
        self._hand_offs = HandOffs(
            parts.services,
            self._accounts,
            HandOffRows(parts.database),
            parts.database,
            parts.clock,
        )
        self._alarms = Alarms(Flows(parts.database), parts.database, parts.clock)
        self._limits = Limits(parts.services, parts.database, parts.clock, parts.environ)
        self._kinds = {key: service.spec.kinds for key, service in parts.services.items()}
        self._listener = Listener(
            plays=self._plays,
            meta=parts.database,
            clock=parts.clock,
            settings=parts.settings,
            kinds=self._kinds,
            recorded=self._recorded,
            tell_live=self._tell_live,
            trouble=self._trouble_is,
        )
        self.amending = Amending(
            parts.database,
            self._outbox,
            parts.clock,
            client_of=self._client_of,
            names_of=self._names_of,
            use_rules=self._listener.use_rules,
            forget_playing=self._listener.forget_playing,
            amended=self._amended,
        )
        self.anime = Anime(
            parts.services,
            self._outbox,
            parts.clock,
            maps=lambda: self.maps,
            linked=lambda: self._linked,
            rows=self.outbox,
            client_of=self._client_of,
            map_changed=self._map_changed,
            retried=lambda: self._outbox_changed(wake=True),
        )
        self._upkeep = Upkeep(
            parts.services,
            parts.database,
            parts.clock,
            secret_of=self._linker.secret,
            use=self.test_account,
            tell=self._tell.link_ends,
        )
        self._sign_in = SignIn(
            parts.http,
            parts.secrets,
            parts.clock,
            take=self._hear,
            changed=self._sign_in_changed,
            last_event_id=lambda: self._listener.last_event_id,
            history=self._listener,
            meta=parts.database,
        )
        self._pausing = Pausing(
            parts.clock,
            parts.database,
            begun=self._pause_begun,
            ended=self._pause_ended,
            chore=self._chore,
            trouble=self._trouble_is,
        )
        self._lanes: dict[int, Lane] = {}
        self._linked: tuple[Account, ...] = ()
        self._counts: dict[int, OutboxCounts] = {}
        self._trouble = ""
        self._chores: set[asyncio.Task[None]] = set()
        self._was_signed_in = False
        self._running = False

    # Life

    async def peek(self) -> None:
        """Read what there is, for one question; nothing is listened to or sent."""
        await self._refresh_accounts()
        await self.amending.load_rules()
        self._counts = await self._outbox.counts()
        await self._sign_in.peek()

    async def start(self) -> None:
        """Recover, go on with plays and lanes, and listen if signed in. Raises StoreTrouble."""
        self._running = True
        recovered = await self._outbox.recover(self._clock.now())
        if recovered:
            _log.info("%d deliveries were cut off while sending; they are made sure of", recovered)
        await self._refresh_accounts()
        self._counts = await self._outbox.counts()
        for play_key in await self._listener.start():
            await self.amending.forget(play_key)
        await self.amending.load_rules()
        self._parts.http.on_answer = self._answered
        if self._settings.paused:
            self.pause(None)
        else:
            await self._pausing.stay()
        self._chore(self._hand_offs.keep_reminding(lambda: self._linked, self._tell.hand_off_due))
        await self._alarms.load()
        self._chore(
            self._alarms.keep_looking(
                lambda: self._linked, self._tell.nothing_confirmed, self._alarms_changed
            )
        )
        self._chore(self._upkeep.keep(lambda: self._linked))
        if not await self._resumed():
            self._chore(self._resume_later())

    async def _resumed(self) -> bool:
        """Go on with the stored sign-in; False where the keyring may give it out later."""
        try:
            await self._sign_in.resume()
        except SecretsUnavailable as error:
            self._trouble_is(str(error))
            return False
        except CompanionError as error:
            self._trouble_is(str(error))
            return True
        return not self._parts.secrets_trouble()

    async def _resume_later(self) -> None:
        """A keyring that is locked while the desktop starts opens when its user gets to it."""
        while True:
            await self._clock.sleep(_KEYRING_RETRY_S)
            if self._sign_in.state is not SignInState.SIGNED_OUT:
                return
            if await self._resumed():
                self._trouble_is("")
                return

    async def close(self) -> None:
        """Stop listening, let what is being sent settle, close HTTP and the database."""
        await self._sign_in.stop()
        await self._listener.stop()
        self._pausing.close()
        await asyncio.gather(*(lane.stop() for lane in self._lanes.values()))
        for chore in list(self._chores):
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        await self._parts.http.close()
        await self._parts.database.close()

    # What it shows

    @property
    def status(self) -> EngineStatus:
        accounts = tuple(
            AccountStatus(
                account,
                self._counts.get(account.id, OutboxCounts()),
                self._hand_offs.is_hand_off(account),
                self._hand_offs.written.get(account.id, 0),
                eta=self._limits.eta(account, self._counts.get(account.id, OutboxCounts()).waiting),
                silent_since=self._alarms.since.get(account.id),
            )
            for account in self._linked
        )
        return EngineStatus(
            sign_in=self._sign_in.state,
            server_url=self._sign_in.server_url,
            username=self._sign_in.username,
            source=self._sign_in.source,
            accounts=accounts,
            now_playing=self._listener.now_playing(),
            outbox=total(self._counts.values()),
            paused_until=self._pausing.until,
            trouble=self._trouble or self._parts.secrets_trouble(),
            needs_passphrase=bool(self._parts.secrets_trouble()),
            map_waiting=self.anime.waiting(self._counts),
        )

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def services(self) -> Sequence[ServiceSpec]:
        return [service.spec for service in self._parts.services.values()]

    @property
    def maps(self) -> "AnimeMap | None":
        """The anime map that services share, loaded now; None where no service asks one."""
        asking = (one for one in self._parts.services.values() if _asks_map(one))
        first = next(asking, None)
        return None if first is None else cast("AsksMap", first).maps

    def _map_changed(self) -> None:
        """Plays that waited for the map, or for the user's own rows, are tried again."""
        for account in self._linked:
            lane = self._lanes.get(account.id)
            if lane is not None and _asks_map(self._parts.services[account.service]):
                lane.wake(force=True)
        self._tell.changed(Change.ACCOUNTS, Change.STATUS)

    def on_change(self, told: Callable[[Change], None]) -> None:
        self._tell.told.append(told)

    def on_notification(self, told: Callable[[Notification], None]) -> None:
        self._tell.notified.append(told)

    async def unlock(self, passphrase: str) -> None:
        await self._parts.unlock(passphrase)
        if self._running and self._sign_in.state is SignInState.SIGNED_OUT:
            await self._sign_in.resume()
        for lane in self._lanes.values():
            lane.wake(force=True)
        self._tell.changed(Change.STATUS, Change.ACCOUNTS)

    # Signing in

    async def sign_in(self, server: str, username: str, password: str) -> None:
        await self._sign_in.with_password(server, username, password)

    async def sign_in_with_key(self, server: str, api_key: str) -> None:
        await self._sign_in.with_key(server, api_key)

    async def sign_out(self) -> None:
        await self._sign_in.sign_out()

    def _sign_in_changed(self) -> None:
        again = self._sign_in.state is SignInState.SIGN_IN_AGAIN
        if again and self._was_signed_in:
            self._tell.notify(Notice.SIGNED_OUT, "Revenge", Reason.SIGN_IN_AGAIN)
        self._was_signed_in = self._sign_in.state is SignInState.SIGNED_IN
        self._tell.changed(Change.STATUS)

    # Playback

    async def _hear(self, signal: Signal) -> None:
        await self._listener.take(signal)
        self._tell.changed(Change.NOW_PLAYING)

    async def _recorded(self, new: int, decisions: Sequence[Decision]) -> None:
        counted = [decision.update for decision in decisions if decision.scrobbles]
        if new or counted:
            for lane in self._lanes.values():
                lane.wake()
            for update in counted:
                self._tell.notify(
                    Notice.SCROBBLED, update.item.label, update.reason_code, **update.facts
                )
            try:
                self._counts = await self._outbox.counts()
            except StoreTrouble as error:
                self._trouble_is(str(error))
            self._tell.changed(Change.OUTBOX)
        self._tell.changed(Change.PLAYS, Change.NOW_PLAYING)

    def _tell_live(self, notice: LiveNotice, counted_rules: frozenset[str]) -> None:
        for lane in self._lanes.values():
            if lane.spec.live and hears_live(lane.account, notice, lane.spec.kinds, counted_rules):
                lane.tell(notice)

    def _trouble_is(self, sentence: str) -> None:
        if sentence == self._trouble:
            return
        self._trouble = sentence
        if sentence:
            _log.warning("Storage trouble: %s", sentence)
            self._tell.notify(Notice.TROUBLE, "Revenge Companion", sentence)
        self._tell.changed(Change.STATUS)

    def pause(self, until: datetime | None) -> None:
        self._pausing.pause(until)

    def pause_for(self, length: timedelta | None) -> None:
        self._pausing.pause_for(length)

    def resume(self) -> None:
        self._pausing.resume()

    def _pause_begun(self) -> None:
        self._listener.pause()
        self._tell.changed(Change.STATUS)

    def _pause_ended(self) -> None:
        self._listener.resume()
        self._sign_in.look_back()
        self._tell.changed(Change.STATUS)

    def dont_scrobble(self, play_key: str) -> None:
        self._chore(self._keep_private(play_key))

    async def _keep_private(self, play_key: str) -> None:
        if await self._listener.leave_out(play_key):
            try:
                await self.amending.forget(play_key)
            except StoreTrouble as error:
                self._trouble_is(str(error))
        self._tell.changed(Change.PLAYS, Change.NOW_PLAYING)

    # Second thoughts

    def _client_of(self, account_id: int) -> Client | None:
        lane = self._lanes.get(account_id)
        if lane is not None:
            return lane.client
        found = next((a for a in self._linked if a.id == account_id), None)
        return None if found is None else self._linker.client(found)

    def _names_of(self, account_id: int) -> tuple[str, str]:
        found = next((a for a in self._linked if a.id == account_id), None)
        if found is None:
            return "", ""
        return self._parts.services[found.service].spec.name, found.label

    async def _amended(self) -> None:
        await self._outbox_changed(wake=True)
        self._tell.changed(Change.PLAYS, Change.SETTINGS)

    # Accounts

    async def link(
        self, service: str, request: LinkRequest, label: str, show: ShowPrompt
    ) -> Account:
        account = await self._linker.link(service, request, label, show)
        lane = self._lanes.pop(account.id, None)
        if lane is not None:
            await lane.stop()
            # What the old lane was told of the old tokens says nothing about the new ones.
            await self._accounts.set_state(account.id, AccountState.LINKED)
        await self._refresh_accounts()
        self._tell.forget(account.id)
        self._wake_lane(account.id)
        self._tell.changed(Change.ACCOUNTS, Change.STATUS)
        return account

    async def probe(self, service: str, address: str) -> ProbeResult:
        return await self._linker.probe(service, address)

    async def unlink(self, account_id: int, *, keep_queued: bool = False) -> None:
        account = self._account(account_id)
        lane = self._lanes.pop(account_id, None)
        if lane is not None:
            await lane.stop()
        await self._linker.unlink(account, keep_queued=keep_queued)
        await self._hand_offs.forget(account_id)
        await self._refresh_accounts()
        self._counts = await self._outbox.counts()
        self._tell.changed(Change.ACCOUNTS, Change.OUTBOX, Change.STATUS)

    async def set_switches(self, account_id: int, switches: Switches) -> None:
        await self._accounts.set_switches(account_id, switches)
        await self._accounts_changed()

    async def rename(self, account_id: int, label: str) -> None:
        await self._accounts.rename(account_id, label)
        await self._accounts_changed()

    async def test_account(self, account_id: int) -> str:
        account = self._account(account_id)
        try:
            user = await self._linker.client(account).whoami()
        except LinkExpired as error:
            await self._lane_event(
                LaneEvent(
                    account_id, (), AccountState.LINK_AGAIN, Reason.LINK_AGAIN, str(error), None
                )
            )
            raise
        if account.state in (AccountState.HELD, AccountState.LINK_AGAIN):
            await self._limits.trust(account)
            await self._accounts.set_state(account_id, AccountState.LINKED)
            self._tell.forget(account_id)
            await self._accounts_changed()
            self._wake_lane(account_id)
        return user.name

    def _wake_lane(self, account_id: int) -> None:
        lane = self._lanes.get(account_id)
        if lane is not None:
            lane.wake(force=True)

    def _account(self, account_id: int) -> Account:
        for account in self._linked:
            if account.id == account_id:
                return account
        raise LinkRefused(f"There is no linked account {account_id}.")

    async def _accounts_changed(self) -> None:
        await self._refresh_accounts()
        self._tell.changed(Change.ACCOUNTS, Change.STATUS)

    async def _refresh_accounts(self) -> None:
        """Read the accounts anew and give each its lane."""
        known = await self._accounts.all()
        self._linked = tuple(a for a in known if a.service in self._parts.services)
        self._listener.use(self._settings, self._linked)
        await self._hand_offs.load(self._linked)
        await self._limits.load(self._linked)
        for account in self._linked if self._running else ():
            if self._hand_offs.is_hand_off(account):
                continue
            lane = self._lanes.get(account.id)
            if lane is not None:
                lane.use(account)
                continue
            spec = self._parts.services[account.service].spec
            lane = Lane(
                account,
                spec,
                self._linker.client(account),
                self._outbox,
                self._clock,
                self._lane_event,
                breaker=self._limits.breaker(account.id),
                quota=self._limits.quota(account.id),
                note=self._limits.note(account.id),
            )
            self._lanes[account.id] = lane
            if _asks_map(self._parts.services[account.service]) and self.maps is not None:
                self.maps.on_change = self._map_changed
            lane.start()

    async def _lane_event(self, event: LaneEvent) -> None:
        """A lane settled rows or changed its state."""
        if event.state is not None:
            try:
                await self._accounts.set_state(
                    event.account_id, event.state, event.detail, event.held_until
                )
            except StoreTrouble as error:
                self._trouble_is(str(error))
            self._tell.warn(self._account(event.account_id), event.state, event.code)
        try:
            self._counts = await self._outbox.counts()
            if event.state is not None or event.delivered:
                self._linked = tuple(
                    a for a in await self._accounts.all() if a.service in self._parts.services
                )
                await self._calm(event.account_id)
        except StoreTrouble as error:
            self._trouble_is(str(error))
        if event.state is not None:
            self._tell.changed(Change.ACCOUNTS)
        self._tell.changed(Change.OUTBOX, Change.PLAYS, Change.STATUS)

    def _answered(self, host: str) -> None:
        """Some request was answered: lanes that rest because the network was gone may go on."""
        for lane in self._lanes.values():
            lane.heard_from(host)

    def network_is_back(self) -> None:
        """The system says that the network is reachable again."""
        self._sign_in.nudge()
        for lane in self._lanes.values():
            lane.recovered()

    def hosts(self) -> tuple[Host, ...]:
        return hosts(
            self._sign_in.server_url,
            self._linked,
            self._parts.services,
            self._parts.environ,
            map_url=self.anime.map_url,
        )

    async def libraries(self) -> tuple[Library, ...]:
        return await self._sign_in.libraries()

    # The ledger and the outbox

    async def love(self, play_id: int, *, loved: bool = True) -> list[str]:
        play = await self._plays.saved(play_id)
        if play is None:
            raise LinkRefused(f"There is no play {play_id}.")
        enabled = [account for account in self._linked if account.switches.enabled]
        return await self._linker.love(enabled, play.item, loved=loved)

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
        return await self._plays.page(
            limit=limit,
            before_id=before_id,
            search=search,
            kind=kind,
            counted=counted,
            account_id=account_id,
            since=since,
            until=until,
        )

    async def outbox(
        self,
        *,
        state: str = "",
        account_id: int | None = None,
        limit: int = 200,
        before_id: int | None = None,
    ) -> list[OutboxRow]:
        rows = await self._outbox.page(
            state=state, account_id=account_id, limit=limit, before_id=before_id
        )
        names = {account.id: account for account in await self._accounts.all()}
        return [
            OutboxRow(
                row,
                names[row.account_id].service if row.account_id in names else "",
                names[row.account_id].label if row.account_id in names else "",
            )
            for row in rows
        ]

    async def flush(self) -> None:
        for lane in self._lanes.values():
            lane.wake(force=True)

    async def retry(self, delivery_id: int) -> bool:
        done = await self._outbox.retry(delivery_id, self._clock.now())
        await self._outbox_changed(wake=True)
        return done

    async def discard(self, delivery_id: int) -> bool:
        done = await self._outbox.discard(delivery_id)
        await self._outbox_changed(wake=False)
        return done

    async def export_outbox(self, path: Path) -> int:
        return await export(self.outbox, path)

    async def hand_off(self, account_id: int, folder: Path) -> list[Path]:
        paths = await self._hand_offs.write(account_id, folder)
        await self._handed_off()
        return paths

    async def hand_off_done(self, account_id: int) -> int:
        done = await self._hand_offs.confirm(account_id)
        self._linked = tuple(
            a for a in await self._accounts.all() if a.service in self._parts.services
        )
        await self._handed_off()
        return done

    async def _handed_off(self) -> None:
        await self._outbox_changed(wake=False)
        self._tell.changed(Change.ACCOUNTS, Change.PLAYS)

    async def _calm(self, account_id: int) -> None:
        """A delivery, or a trouble with a name, ends the warning about an account."""
        if account_id in self._alarms.since:
            for account in await self._alarms.look(self._linked):
                self._tell.nothing_confirmed(account)
            self._alarms_changed()

    def _alarms_changed(self) -> None:
        self._tell.changed(Change.ACCOUNTS, Change.STATUS)

    async def scrobble_anyway(self, play_id: int) -> bool:
        update = await self._plays.saved(play_id)
        if update is None or update.counted_at is not None:
            return False
        done = await self._listener.count_by_hand(update)
        await self._outbox_changed(wake=done)
        return done

    async def _outbox_changed(self, *, wake: bool) -> None:
        self._counts = await self._outbox.counts()
        if wake:
            for lane in self._lanes.values():
                lane.wake()
        self._tell.changed(Change.OUTBOX, Change.STATUS)

    # Settings

    async def save_settings(self, settings: Settings) -> None:
        await asyncio.to_thread(self._parts.settings_file.save, settings)
        if settings.paused != self._settings.paused:
            if settings.paused:
                self.pause(None)
            else:
                self.resume()
        self._settings = settings
        self._parts.http.allow_plain_http = settings.allow_plain_http
        self._listener.use(settings, self._linked)
        self._tell.changed(Change.SETTINGS, Change.STATUS)

    def _chore(self, work: Coroutine[object, object, None]) -> None:
        """Run a short task of the engine's own and keep hold of it."""
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)


def _asks_map(service: Service) -> bool:
    """Whether `service` is an `AsksMap`."""
    return hasattr(service, "maps")
