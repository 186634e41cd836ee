"""The sign-in to the Revenge server, and the live source that runs while it lasts.

What talks to the server is imported once there is a server to talk to.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError, SessionExpired, SignInRefused
from revenge_companion.core.profiles import NOBODY, KnownProfile
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import Library, SignInState, SourceStatus
from revenge_companion.engine.sign_ins import Meta, SignedIn, SignIns
from revenge_companion.net.http import Http
from revenge_companion.revenge.signals import Signal
from revenge_companion.revenge.wire import Hint

if TYPE_CHECKING:
    from revenge_companion.engine.catchup import CatchingUp, Takes
    from revenge_companion.revenge.client import RevengeClient
    from revenge_companion.revenge.own import OwnWrites
    from revenge_companion.revenge.session import Session
    from revenge_companion.revenge.source import LiveSource

_log = logging.getLogger(__name__)

_DEVICE_NAME = "Revenge Companion"
_NOT_KEPT = "Nobody is signed in with this profile any more. Sign in again to use it."
#: How long to wait before the source is started again after it failed in an unplanned way.
_RESTART_S = 30.0


class AtServer(Protocol):
    """What else runs while somebody is signed in."""

    @property
    def own(self) -> "OwnWrites":
        """What this program itself writes there."""
        ...

    def begin(self, client: "RevengeClient", profile: str) -> None:
        """Somebody is; `profile` names server and user."""
        ...

    def reach(self, client: "RevengeClient", profile: str) -> None:
        """As `begin`, for one command: nothing goes on by itself."""
        ...

    async def end(self) -> None: ...

    def scanned(self) -> None:
        """The server has scanned a library."""
        ...


class SignIn:
    """The active sign-in: who, where, with which tokens; and the live source that goes with it."""

    def __init__(
        self,
        http: Http,
        kept: SignIns,
        clock: Clock,
        *,
        entered: Callable[[int], Awaitable[None]],
        take: Callable[[Signal], Awaitable[None]],
        changed: Callable[[], None],
        last_event_id: Callable[[], str],
        meta: Meta,
        history: "Takes",
        server: AtServer,
    ) -> None:
        """`entered` is told whose plays are to be heard, before any of them is."""
        self._http = http
        self._kept = kept
        self._clock = clock
        self._entered = entered
        self._take = take
        self._changed = changed
        self._last_event_id = last_event_id
        self._meta = meta
        self._history = history
        self._server = server
        self._catching_up: CatchingUp | None = None
        self._listening = False
        self._task: asyncio.Task[None] | None = None
        self._session: Session | None = None
        self._live: LiveSource | None = None
        self._changing = asyncio.Lock()
        self.state = SignInState.SIGNED_OUT
        #: The profile that is signed in, and all there are.
        self.profile = NOBODY
        self.known: tuple[KnownProfile, ...] = ()
        self.server_url = ""
        self.username = ""
        #: Whether the user allows plain http to the server.
        self.allow_http = False
        self.source = SourceStatus()

    async def peek(self) -> None:
        """Learn who is signed in without touching the keyring; nothing is listened to."""
        await self.enter_last()
        shown = await self._kept.shown()
        if shown is not None:
            self.profile, self.allow_http = shown.profile, shown.allow_http
            self.server_url, self.username = shown.server_url, shown.username
            self.state = SignInState.SIGNED_IN

    async def enter_last(self) -> None:
        """Use the profile that was active when the program ended, before it is listened to."""
        self.known = await self._kept.known()
        await self._entered(await self._kept.last())

    async def resume(self) -> None:
        """Go on with the stored sign-in, if there is one. Raises SecretsUnavailable."""
        self._listening = True
        found = await self._stored()
        if found is not None:
            self._start(*found)

    async def reach(self) -> None:
        """As `peek`, and the server can be read and written; nothing is listened to.

        Raises SecretsUnavailable.
        """
        found = await self._stored()
        if found is not None:
            session, user_id = found
            self.state, self._session = SignInState.SIGNED_IN, session
            self._server.reach(*self._client(session, user_id))

    async def _stored(self) -> "tuple[Session, str] | None":
        """The stored sign-in, entered, and its user's id; None where there is none."""
        found = await self._kept.get()
        if found is None:
            return None
        profile, one = found
        await self._enter(profile, one)
        return self._session_of(profile, one), one.user_id

    def _session_of(self, profile: int, one: SignedIn) -> "Session":
        from revenge_companion.revenge.session import Session

        return Session(
            self._line,
            one.server_url,
            self._clock,
            refresh_token=one.refresh,
            api_key=one.api_key,
            store=self._kept.keeper(profile),
        )

    async def use(self, profile: int) -> None:
        """Make another profile the active one, without signing in to it again.

        What is being played stays at its checkpoint until its profile is used again; what waits for
        anybody's accounts goes on being sent. Raises SignInRefused where its sign-in is not kept,
        or SecretsUnavailable; the one before goes on then.
        """
        async with self._changing:
            found = await self._kept.get(profile)
            if found is None:
                raise SignInRefused(_NOT_KEPT)
            if profile == self.profile and self.state is SignInState.SIGNED_IN:
                return
            one = found[1]
            await self._kept.activate(profile, one)
            await self._stop()
            await self._enter(profile, one)
            self._start(self._session_of(profile, one), one.user_id)

    async def _enter(self, profile: int, one: SignedIn) -> None:
        self.profile, self.allow_http = profile, one.allow_http
        self.server_url, self.username = one.server_url, one.username
        # What was heard of the one before says nothing of this one.
        self.source = SourceStatus()
        self.known = await self._kept.known()
        await self._entered(profile)

    def _client(self, session: "Session", user_id: str) -> "tuple[RevengeClient, str]":
        """What asks the server, and the name of this server and user."""
        from revenge_companion.revenge.client import RevengeClient

        client = RevengeClient(self._line, self.server_url, session)
        return client, f"{self.server_url}/{user_id or self.username}"

    @property
    def _line(self) -> Http:
        """The client for the server that is signed in to."""
        return self._http.plain(self.allow_http)

    async def with_password(
        self, server: str, username: str, password: str, *, allow_http: bool = False
    ) -> None:
        """Sign in with name and password; `allow_http` is the user's word on plain http there.

        Raises SignInRefused, NotRevenge, LaneBlocked (plain_http), SecretsUnavailable or an error
        of the network; the sign-in there was before goes on then.
        """
        from revenge_companion.revenge.address import probe
        from revenge_companion.revenge.session import Session

        http = self._http.plain(allow_http)
        url = await probe(http, server)
        tokens: list[str] = []

        async def keep(token: str) -> None:
            tokens.append(token)

        session = Session(http, url, self._clock, store=keep)
        await session.login(username, password, _DEVICE_NAME)
        user_id, name = await self._who(http, session, url)
        one = SignedIn(url, name or username, user_id, allow_http, refresh=tokens[-1])
        await self._change_to(one)

    async def with_key(self, server: str, api_key: str, *, allow_http: bool = False) -> None:
        """Sign in with an API key; the server allows it no live connection. Raises as above."""
        if not api_key:
            raise SignInRefused("The API key is empty.")
        from revenge_companion.revenge.address import probe
        from revenge_companion.revenge.session import Session

        http = self._http.plain(allow_http)
        url = await probe(http, server)
        session = Session(http, url, self._clock, api_key=api_key)
        user_id, name = await self._who(http, session, url)
        await self._change_to(SignedIn(url, name, user_id, allow_http, api_key=api_key))

    async def _change_to(self, one: SignedIn) -> None:
        """Keep `one`, and hear their plays from now on; the one before is kept, too."""
        async with self._changing:
            profile = await self._kept.put(one)
            await self._stop()
            await self._enter(profile, one)
            self._start(self._session_of(profile, one), one.user_id)

    async def _who(self, http: Http, session: "Session", url: str) -> tuple[str, str]:
        from revenge_companion.revenge.client import RevengeClient

        try:
            me = await RevengeClient(http, url, session).me()
        except SessionExpired as error:
            raise SignInRefused("The server did not accept this sign-in.") from error
        return me.id, me.username

    async def sign_out(self) -> None:
        """End the active sign-in here and, where it can be reached, at the server.

        Nobody is active then; the sign-ins of others are kept.
        """
        async with self._changing:
            session = self._session
            await self._stop()
            await self._kept.drop()
            self.profile, self.known = NOBODY, await self._kept.known()
            self.state, self.source = SignInState.SIGNED_OUT, SourceStatus()
            self.server_url = self.username = ""
            self.allow_http = False
            self._changed()
        if session is not None:
            try:
                await session.logout()
            except CompanionError as error:
                _log.info("The server could not be told of the sign-out: %s", error)

    async def libraries(self) -> tuple[Library, ...]:
        """The libraries of the server that is signed in to; none while signed out."""
        if self._session is None:
            return ()
        from revenge_companion.revenge.client import RevengeClient

        client = RevengeClient(self._line, self.server_url, self._session)
        return await client.libraries()

    async def stop(self) -> None:
        """Stop listening; the sign-in stays."""
        if self._task is None and self._session is not None:
            await self._server.end()
        await self._stop()

    def nudge(self) -> None:
        """The network is back: connect now."""
        if self._live is not None:
            self._live.nudge()

    def look_back(self) -> None:
        """Read the server's history soon."""
        if self._catching_up is not None:
            self._catching_up.connected()

    def _start(self, session: "Session", user_id: str) -> None:
        self._session = session
        self.state = SignInState.SIGNED_IN
        if not self._listening:
            return
        self.source = SourceStatus(reason_code=Reason.CONNECTING)
        self._task = asyncio.create_task(self._run(session, user_id), name="live-source")
        self._changed()

    async def _run(self, session: "Session", user_id: str) -> None:
        # Imported here: the WebSocket library costs as much time as the tray needs to appear.
        from revenge_companion.engine.catchup import CatchingUp
        from revenge_companion.revenge.catchup import CatchUp

        client, profile = self._client(session, user_id)
        self._catching_up = CatchingUp(
            CatchUp(client, self._clock, self._server.own),
            self._history,
            self._meta,
            self._clock,
            profile,
        )
        self._server.begin(client, profile)
        catching_up = asyncio.create_task(self._catching_up.run(), name="history")
        try:
            await self._listen(session, user_id)
        finally:
            self._catching_up = None
            catching_up.cancel()
            await asyncio.gather(catching_up, return_exceptions=True)
            await self._server.end()

    async def _listen(self, session: "Session", user_id: str) -> None:
        from revenge_companion.revenge.source import LiveSource

        while True:
            try:
                self._live = LiveSource(
                    self._line,
                    session,
                    self._clock,
                    user_id=user_id,
                    last_event_id=self._last_event_id(),
                    own=self._server.own,
                )
                await self._live.run(self._hear)
            except SessionExpired:
                _log.warning("The sign-in to the server is over; sign in again")
                self.state = SignInState.SIGN_IN_AGAIN
                self.source = SourceStatus(reason_code=Reason.SIGN_IN_AGAIN)
                self._changed()
                return
            except CompanionError as error:
                _log.warning("Listening failed: %s", error)
            except Exception:
                _log.exception("Listening failed in a way nobody planned for")
            await self._clock.sleep(_RESTART_S)

    async def _hear(self, signal: Signal) -> None:
        if isinstance(signal, SourceStatus):
            if signal.connected and not self.source.connected:
                self.look_back()
            self.source = signal
            self._changed()
        elif isinstance(signal, Hint):
            if signal.type == "library.scan_done":
                self._server.scanned()
            elif signal.type == "history.changed" and self._catching_up is not None:
                self._catching_up.hinted()
        else:
            await self._take(signal)

    async def _stop(self) -> None:
        task, self._task = self._task, None
        self._live = None
        self._session = None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
