"""The engine: owns every long task, answers the window and the command line, and ends in order."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING

from revenge_companion.core.abilities import Abilities
from revenge_companion.core.decision import Decision
from revenge_companion.core.errors import SecretsUnavailable, StoreTrouble
from revenge_companion.core.reasons import Reason
from revenge_companion.core.settings import Settings
from revenge_companion.core.status import EngineStatus, Host, SignInState
from revenge_companion.engine.accounts import LinkedAccounts
from revenge_companion.engine.active import Active
from revenge_companion.engine.alarms import Alarms
from revenge_companion.engine.amending import Amending
from revenge_companion.engine.anime import Anime
from revenge_companion.engine.api import Change, Notice, Notification
from revenge_companion.engine.handoff import HandOffs
from revenge_companion.engine.hosts import hosts
from revenge_companion.engine.lanes import Lanes
from revenge_companion.engine.ledger import Ledger
from revenge_companion.engine.library_side import LibrarySide
from revenge_companion.engine.limits import Limits
from revenge_companion.engine.linker import Linker
from revenge_companion.engine.listener import Listener
from revenge_companion.engine.parts import Parts
from revenge_companion.engine.pausing import Pausing
from revenge_companion.engine.resuming import Resuming
from revenge_companion.engine.server import ServerSide
from revenge_companion.engine.sign_ins import SignIns
from revenge_companion.engine.signin import SignIn
from revenge_companion.engine.standing_down import StandingDown
from revenge_companion.engine.telling import Telling
from revenge_companion.engine.upkeep import Upkeep
from revenge_companion.revenge.signals import Signal
from revenge_companion.services.base import ServiceSpec
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.flows import Flows
from revenge_companion.store.hand_off import HandOffRows
from revenge_companion.store.outbox import Outbox, total
from revenge_companion.store.plays import Plays
from revenge_companion.store.profiles import Profiles

if TYPE_CHECKING:
    from revenge_companion.engine.exporter import Exporter
    from revenge_companion.engine.importer import Importer
    from revenge_companion.engine.library import LibraryView
    from revenge_companion.engine.saying import Saying
    from revenge_companion.engine.syncer import Syncer

_log = logging.getLogger(__name__)


class Engine:
    """Implements `engine.api.EngineApi` over the parts it is given."""

    def __init__(self, parts: Parts) -> None:
        services, database, clock = parts.services, parts.database, parts.clock
        self._parts = parts
        self._clock = clock
        self._settings = parts.settings
        self._chores: set[asyncio.Task[None]] = set()
        self._was_signed_in = False
        self._running = False
        self._tell = tell = Telling(services, lambda: self._settings)
        self._outbox = outbox = Outbox(database, clock)
        accounts = Accounts(database, clock)
        plays = Plays(database, clock, lambda: active.whose())
        linker = Linker(dict(services), accounts, parts.secrets, clock, parts.locks)
        self._hand_offs = hand_offs = HandOffs(
            services, accounts, HandOffRows(database), database, clock
        )
        self._alarms = Alarms(Flows(database), database, clock)
        limits = Limits(services, database, clock, parts.environ)
        self._lanes = lanes = Lanes(
            services,
            accounts,
            outbox,
            clock,
            linker=linker,
            hand_offs=hand_offs,
            limits=limits,
            alarms=self._alarms,
            tell=tell,
            environ=parts.environ,
            read=self._use_accounts,
            begins=lambda account: self.anime.serve(account),
        )
        self._listener = listener = Listener(
            plays=plays,
            meta=database,
            clock=clock,
            settings=parts.settings,
            kinds={key: service.spec.kinds for key, service in services.items()},
            recorded=self._recorded,
            tell_live=lanes.tell_live,
            trouble=tell.trouble_is,
        )
        linked = LinkedAccounts(
            accounts, lanes, linker, hand_offs, limits, tell, lambda: self._sign_in.profile
        )
        self._ledger = ledger = Ledger(
            plays, outbox, accounts, lanes, clock, linker, hand_offs, listener, tell
        )
        self.amending = Amending(
            database,
            outbox,
            clock,
            client_of=lanes.client_of,
            names_of=lanes.names_of,
            use_rules=listener.use_rules,
            forget_playing=listener.forget_playing,
            amended=self._amended,
            profile=lambda: lanes.profile,
        )
        self.anime: Anime = Anime(
            services,
            outbox,
            clock,
            linked=lanes.all,
            rows=ledger.outbox,
            client_of=lanes.client_of,
            wake=lanes.wake_one,
            map_changed=self._accounts_changed,
            retried=lambda: ledger.changed(wake=True),
        )
        self._upkeep = Upkeep(
            services, database, clock, secret_of=linker.secret, use=linked.test, tell=tell.link_ends
        )
        self.server = ServerSide(
            database,
            clock,
            lambda: tell.changed(Change.STATUS),
            self._learnt,
            lambda walked: self._chore(self._library.look_again(unanswered=not walked)),
            lambda: lanes.profile,
        )
        self._standing_down = StandingDown(
            lanes, self.server, services, lambda: self._settings.stand_down
        )
        active = Active(lanes, listener, tell, lambda: self._sign_in.known)
        self._sign_in = SignIn(
            parts.http,
            SignIns(parts.secrets, database, Profiles(database)),
            clock,
            entered=active.enter,
            take=self._hear,
            changed=self._sign_in_changed,
            last_event_id=lambda: listener.last_event_id,
            history=listener,
            meta=database,
            server=self.server,
        )
        self._library = library_side = LibrarySide(
            parts,
            lanes,
            tell,
            self.server,
            hours=lambda: self._settings.sync_hours,
            changed=lambda: ledger.changed(wake=True),
            chore=self._chore,
        )
        self._resuming = Resuming(self._sign_in, clock, tell, parts.secrets_trouble)
        self._pausing = Pausing(
            clock,
            database,
            begun=self._pause_begun,
            ended=self._pause_ended,
            chore=self._chore,
            trouble=tell.trouble_is,
        )
        # What one part answers alone is that part's call: `engine.api` says what each one does.
        self.sign_in = self._sign_in.with_password
        self.sign_in_with_key = self._sign_in.with_key
        self.sign_out = self._sign_in.sign_out
        self.use_profile = self._sign_in.use
        self.libraries = self._sign_in.libraries
        self.server_index = self.server.index_state
        self.link = linked.link
        self.probe = linker.probe
        self.whose = linker.whose
        self.unlink = linked.unlink
        self.set_switches = linked.set_switches
        self.rename = linked.rename
        self.test_account = linked.test
        self.on_import = library_side.on_import
        self.plays = plays.page
        self.love = ledger.love
        self.scrobble_anyway = ledger.scrobble_anyway
        self.outbox = ledger.outbox
        self.flush = ledger.flush
        self.retry = ledger.retry
        self.discard = ledger.discard
        self.export_outbox = ledger.export
        self.hand_off = ledger.hand_off
        self.hand_off_done = ledger.hand_off_done
        self.pause = self._pausing.pause
        self.pause_for = self._pausing.pause_for
        self.resume = self._pausing.resume

    # Life

    async def peek(self) -> None:
        """Read what there is, for one question; nothing is listened to or sent."""
        await self._lanes.refresh()
        await self.amending.load_rules()
        await self._lanes.count()
        await self._sign_in.peek()

    async def reach(self) -> None:
        """As `peek`, and the server can be asked, for one command that reads or marks there."""
        await self.peek()
        try:
            await self._sign_in.reach()
        except SecretsUnavailable as error:
            # What needs no server goes on; a service's own secret says the same again.
            _log.info("The server cannot be asked: %s", error)

    async def start(self) -> None:
        """Recover, go on with plays and lanes, and listen if signed in. Raises StoreTrouble."""
        self._running = True
        recovered = await self._outbox.recover(self._clock.now())
        if recovered:
            _log.info("%d deliveries were cut off while sending; they are made sure of", recovered)
        await self._sign_in.enter_last()
        await self._lanes.start()
        await self._lanes.count()
        for play_key in await self._listener.start():
            await self.amending.forget(play_key)
        await self.amending.load_rules()
        self._parts.http.on_answer = self._lanes.heard_from
        if self._settings.paused:
            self.pause(None)
        else:
            await self._pausing.stay()
        self._chore(self._hand_offs.keep_reminding(self._lanes.all, self._tell.hand_off_due))
        await self._alarms.load()
        self._chore(
            self._alarms.keep_looking(
                self._lanes.all, self._tell.nothing_confirmed, self._accounts_changed
            )
        )
        self._chore(self._upkeep.keep(self._lanes.all))
        if not await self._resuming.now():
            self._chore(self._resuming.later())
        await self._library.start()

    async def close(self) -> None:
        """Stop listening, let what is being sent settle, close HTTP and the database."""
        await self._library.close()
        await self._sign_in.stop()
        await self._listener.stop()
        self._pausing.close()
        await self._lanes.stop()
        for chore in list(self._chores):
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        await self._parts.http.close()
        await self._parts.database.close()

    # What it shows

    @property
    def status(self) -> EngineStatus:
        counts = self._lanes.counts
        return EngineStatus(
            sign_in=self._sign_in.state,
            server_url=self._sign_in.server_url,
            username=self._sign_in.username,
            allow_http=self._sign_in.allow_http,
            source=self._sign_in.source,
            profiles=self._sign_in.known,
            accounts=self._lanes.statuses(self._lanes.own()),
            others=self._lanes.statuses(self._lanes.others()),
            now_playing=self._listener.now_playing(heard=True) if self._sign_in.server_url else (),
            outbox=total(counts.values()),
            paused_until=self._pausing.until,
            trouble=self._tell.trouble or self._parts.secrets_trouble(),
            needs_passphrase=bool(self._parts.secrets_trouble()),
            map_waiting=self.anime.waiting(counts),
            abilities=self.server.abilities,
            doubled=self._standing_down.doubled(),
        )

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def services(self) -> Sequence[ServiceSpec]:
        return [service.spec for service in self._parts.services.values()]

    def on_change(self, told: Callable[[Change], None]) -> None:
        self._tell.told.append(told)

    def on_notification(self, told: Callable[[Notification], None]) -> None:
        self._tell.notified.append(told)

    async def unlock(self, passphrase: str) -> None:
        await self._parts.unlock(passphrase)
        if self._running and self._sign_in.state is SignInState.SIGNED_OUT:
            await self._sign_in.resume()
        self._lanes.wake(force=True)
        self._tell.changed(Change.STATUS, Change.ACCOUNTS)

    # The library, each part of it loaded when it is first asked for

    @property
    def library(self) -> "LibraryView":
        return self._library.view

    @property
    def imports(self) -> "Importer":
        return self._library.imports

    @property
    def exports(self) -> "Exporter":
        return self._library.exports

    @property
    def syncs(self) -> "Syncer":
        return self._library.syncs

    @property
    def saying(self) -> "Saying":
        return self._library.saying

    # Signing in

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
            self._lanes.wake()
            for update in counted:
                self._tell.notify(
                    Notice.SCROBBLED, update.item.label, update.reason_code, **update.facts
                )
            try:
                await self._lanes.count()
            except StoreTrouble as error:
                self._tell.trouble_is(str(error))
            self._tell.changed(Change.OUTBOX)
        self._tell.changed(Change.PLAYS, Change.NOW_PLAYING)

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
                self._tell.trouble_is(str(error))
        self._tell.changed(Change.PLAYS, Change.NOW_PLAYING)

    # Second thoughts

    async def _amended(self) -> None:
        await self._ledger.changed(wake=True)
        self._tell.changed(Change.PLAYS, Change.SETTINGS)

    # Accounts

    def _use_accounts(self) -> None:
        self._listener.use(self._settings, self._standing_down.used())
        if self._running:
            self._library.switched()

    def _learnt(self, abilities: Abilities, news: bool) -> None:
        """The server offers something else than it did, or than was known of it."""
        self._use_accounts()
        if news and abilities.scrobbles and (names := self._standing_down.doubled()):
            self._tell.doubled(names)
        self._tell.changed(Change.STATUS)

    def _accounts_changed(self) -> None:
        self._tell.changed(Change.ACCOUNTS, Change.STATUS)

    def network_is_back(self) -> None:
        """The system says that the network is reachable again."""
        self._sign_in.nudge()
        self._lanes.recovered()
        self._library.network_is_back()

    def hosts(self) -> tuple[Host, ...]:
        return hosts(
            self._sign_in.server_url,
            self._lanes.linked,
            self._parts.services,
            self._parts.environ,
            map_url=self.anime.map_url,
        )

    # Settings

    async def save_settings(self, settings: Settings) -> None:
        await asyncio.to_thread(self._parts.settings_file.save, settings)
        if settings.paused != self._settings.paused:
            if settings.paused:
                self.pause(None)
            else:
                self.resume()
        self._settings = settings
        self._use_accounts()
        self._tell.changed(Change.SETTINGS, Change.STATUS)

    def _chore(self, work: Coroutine[object, object, None]) -> None:
        """Run a short task of the engine's own and keep hold of it."""
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
