"""What the engine does at the Revenge server besides listening, while somebody is signed in."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from revenge_companion.core.abilities import Abilities
from revenge_companion.core.clock import Clock
from revenge_companion.store.database import Database

if TYPE_CHECKING:
    # Loaded once there is a server to talk to, or an import that asks for one.
    from revenge_companion.core.catalogue import IndexState
    from revenge_companion.engine.index import Index
    from revenge_companion.engine.learning import Learning
    from revenge_companion.engine.marking import Marking
    from revenge_companion.revenge.client import RevengeClient
    from revenge_companion.revenge.own import OwnWrites
    from revenge_companion.revenge.pace import Pace
    from revenge_companion.revenge.reading import ServerReading

_NAME = "companion_name"


class ServerSide:
    """The index, the marks and what the server has learnt, for whoever is signed in."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        changed: Callable[[], None],
        learnt: Callable[[Abilities, bool], None],
        renewed: Callable[[bool], None],
        owner: Callable[[], int],
    ) -> None:
        """`renewed` is called when the index can be asked, and with True when it has walked the
        server to its end; `owner` is the active profile's number.
        """
        self._db = db
        self._clock = clock
        self._changed = changed
        self._learnt = learnt
        self._renewed = renewed
        self._owner = owner
        #: Reads what the server knows of watching; None while nobody is signed in.
        self.reading: ServerReading | None = None
        self._learning: Learning | None = None
        self._index: Index | None = None
        self._marking: Marking | None = None
        self._profile = ""
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def index(self) -> "Index":
        """What the server has; of the one last signed in to, while nobody is."""
        if self._index is None:
            from revenge_companion.engine.index import Index

            self._index = Index(self._db, self._clock, self._changed)
            self._index.renewed = lambda: self._renewed(True)
            self._index.use(self._profile, None)
        return self._index

    @property
    def marking(self) -> "Marking":
        """Marks items as watched there."""
        if self._marking is None:
            from revenge_companion.engine.marking import Marking

            self._marking = Marking(self._db, self._clock)
        return self._marking

    @property
    def own(self) -> "OwnWrites":
        """What this program itself writes there."""
        return self.marking

    @property
    def known_index(self) -> "Index | None":
        """`index`, None where nobody has been signed in to any server."""
        return self.index if self._profile else None

    async def index_state(self) -> "IndexState":
        """How much of the server is known; nothing where nobody has been signed in."""
        from revenge_companion.core.catalogue import IndexState

        known = self.known_index
        return IndexState() if known is None else await known.state()

    @property
    def known_marking(self) -> "Marking | None":
        """`marking`, None where nobody has been signed in to any server."""
        return self.marking if self._profile else None

    @property
    def abilities(self) -> Abilities:
        """What the server offers beyond what today's servers can."""
        return Abilities() if self._learning is None else self._learning.abilities

    def begin(self, client: "RevengeClient", profile: str) -> None:
        """Somebody is signed in; `profile` names server and user."""
        from revenge_companion.engine.learning import Learning
        from revenge_companion.engine.pushing import Pushing
        from revenge_companion.revenge.pushing import Pusher
        from revenge_companion.store.pushes import Pushes

        pace = self._use(client, profile)
        self._keep(self.index.run(), "server-index")
        self._renewed(False)
        self._learning = Learning(
            self._db,
            self._clock,
            film=self.index.any_film,
            pushing=Pushing(Pushes(self._db, profile, self._owner()), Pusher(client, pace)),
            changed=self._learnt,
        )
        self._keep(self._learning.run(client, profile), "abilities")

    def reach(self, client: "RevengeClient", profile: str) -> None:
        """As `begin`, for one command: nothing goes on by itself."""
        self._use(client, profile)

    def _use(self, client: "RevengeClient", profile: str) -> "Pace":
        from revenge_companion.revenge.index import CatalogueWalk
        from revenge_companion.revenge.marking import Marker
        from revenge_companion.revenge.notes import Notes
        from revenge_companion.revenge.pace import Pace
        from revenge_companion.revenge.reading import ServerReading

        self._profile = profile
        pace = Pace(self._clock)
        notes = Notes(client, self._clock, self._own_name)
        self.marking.use(profile, Marker(client, pace), notes)
        index = self.index
        self.reading = ServerReading(
            client, pace, self.marking, shows=index.shows_after, episodes=index.episodes_of
        )
        index.use(profile, CatalogueWalk(client, pace))
        return pace

    async def end(self) -> None:
        """Nobody is signed in any more; what is known stays."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.marking.rest()
        self.reading = None
        if self._learning is not None:
            self._learning.forget()
        if self._index is not None:
            await self._index.stop()
            self._index.use(self._profile, None)

    async def _own_name(self) -> str:
        """What this Companion is called among others of its user; it says nothing of anybody."""
        name = await self._db.get_meta(_NAME)
        if name is None:
            name = secrets.token_hex(6)
            await self._db.set_meta(_NAME, name)
        return name

    def scanned(self) -> None:
        """The server has scanned a library."""
        self.index.scanned()

    def _keep(self, work: Coroutine[object, object, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))
