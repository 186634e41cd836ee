"""A viewer who plays what a script says, and knows what should have counted."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.playback import Device, EventType
from revenge_companion.demo.library import LIBRARY, Library, demo_id
from revenge_companion.demo.plays import Play
from revenge_companion.demo.server import DemoServer

#: Seconds of playing between two progress frames.
REPORT_S = 10.0
#: Seconds between two plays.
_BETWEEN_S = 2.0
#: What is less than this many seconds away is reached.
_INSTANT_S = 0.001
#: A play that was to be aborted is only held to not counting below this share of the runtime.
_SURELY_SHORT = 0.45

TELEVISION = Device("demo-tv", "Living room TV", "Revenge Android TV")
SPEAKERS = Device("demo-speakers", "Kitchen speakers", "Revenge Web")


@dataclass(frozen=True, slots=True)
class PlayTo:
    """Play on until this share of the runtime, 0 to 1."""

    ratio: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Pause for this many seconds, then resume."""

    seconds: float


@dataclass(frozen=True, slots=True)
class SeekTo:
    """Jump to this share of the runtime, 0 to 1."""

    ratio: float


Step = PlayTo | Pause | SeekTo


class End(StrEnum):
    """How a play ends."""

    STOPPED = "stopped"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Showing:
    """One play as data: what, what happens meanwhile, how it ends, and whether it has to count."""

    item: Item
    steps: Sequence[Step]
    end: End
    must_count: bool
    device: Device = TELEVISION


#: Told when a play begins and when it ends.
Told = Callable[[Play], None]


class Viewer:
    """Plays scripts on the embedded server, in the time of `clock`, at a playback rate of 1."""

    def __init__(
        self,
        server: DemoServer,
        clock: Clock,
        *,
        report_s: float = REPORT_S,
        told: Told | None = None,
    ) -> None:
        self._server = server
        self._clock = clock
        self._report_s = report_s
        self._told = told
        self._sessions = 0
        #: Every play so far, the one that goes on included.
        self.plays: list[Play] = []
        #: Rounds of `run` that are over.
        self.rounds = 0

    @property
    def expected(self) -> list[tuple[str, str, bool | None]]:
        """(label, kind, must count) of every play so far; None while it is open."""
        return [(play.label, play.kind, play.must_count) for play in self.plays]

    async def run(self, rounds: int | None = 1, library: Library = LIBRARY) -> None:
        """Play the evening `rounds` times, differently each time; None goes on for ever."""
        while rounds is None or self.rounds < rounds:
            await self.play(evening(library, self.rounds))
            self.rounds += 1

    async def play(self, script: Iterable[Showing]) -> None:
        """Play one showing after the other."""
        for showing in script:
            await self._show(showing)
            await self._clock.sleep(_BETWEEN_S)

    async def _show(self, showing: Showing) -> None:
        self._sessions += 1
        session_id = demo_id(f"session/{self._sessions}/{self._clock.now().isoformat()}")
        player = _Player(self._server, self._clock, showing, session_id, self._report_s)
        item = showing.item
        play = Play(item.label, item.kind.value, item, session_id, self._clock.now(), None, None)
        player.tell(EventType.STARTED)
        index = len(self.plays)
        self.plays.append(play)
        self._tell(play)
        for step in showing.steps:
            match step:
                case PlayTo(ratio):
                    await player.play_to(ratio)
                case Pause(seconds):
                    await player.pause(seconds)
                case SeekTo(ratio):
                    player.seek(ratio)
        player.end(showing.end)
        # On a stalled machine an aborted play may have run on for too long to be sure of it.
        surely = showing.must_count or player.played_ratio < _SURELY_SHORT
        counts = showing.must_count if surely else None
        play = replace(play, ended_at=self._clock.now(), must_count=counts)
        self.plays[index] = play
        self._tell(play)

    def _tell(self, play: Play) -> None:
        if self._told is not None:
            self._told(play)


class _Player:
    """One device during one play."""

    def __init__(
        self,
        server: DemoServer,
        clock: Clock,
        showing: Showing,
        session_id: str,
        report_s: float,
    ) -> None:
        self._server = server
        self._clock = clock
        self._showing = showing
        self._session_id = session_id
        self._report_s = report_s
        self._duration_s = showing.item.duration_s or 0.0
        self._position_s = 0.0
        self._played_s = 0.0

    @property
    def played_ratio(self) -> float:
        """Playing time as a share of the runtime."""
        return self._played_s / self._duration_s if self._duration_s else 0.0

    async def play_to(self, ratio: float) -> None:
        target_s = ratio * self._duration_s
        # A rest too small to be slept is no rest.
        while target_s - self._position_s > _INSTANT_S:
            # What a player plays is the time that went by, however late a timer was.
            since_s = self._clock.monotonic_s()
            await self._clock.sleep(min(self._report_s, target_s - self._position_s))
            went_s = self._clock.monotonic_s() - since_s
            self._played_s += went_s
            self._position_s = min(self._position_s + went_s, self._duration_s)
            if target_s - self._position_s > _INSTANT_S:
                self.tell(EventType.PROGRESS)
        self._position_s = max(self._position_s, target_s)

    async def pause(self, seconds: float) -> None:
        self.tell(EventType.PAUSED)
        await self._clock.sleep(seconds)
        self.tell(EventType.RESUMED)

    def seek(self, ratio: float) -> None:
        before_s, self._position_s = self._position_s, ratio * self._duration_s
        self.tell(EventType.SEEKED, from_position_s=before_s)

    def end(self, end: End) -> None:
        self.tell(EventType.COMPLETED if end is End.COMPLETED else EventType.STOPPED)

    def tell(self, event_type: EventType, *, from_position_s: float | None = None) -> None:
        self._server.play_event(
            event_type,
            self._showing.item,
            session_id=self._session_id,
            device=self._showing.device,
            position_s=self._position_s,
            from_position_s=from_position_s,
        )


def evening(library: Library, number: int) -> tuple[Showing, ...]:
    """An album, a film, half an hour of another, and an episode; `number` chooses which.

    One track is skipped and one film stopped at 34 %: those must not count.
    """
    album = library.albums[number % len(library.albums)]
    short = [film for film in library.movies if (film.duration_s or 0) <= 1800]
    long = [film for film in library.movies if (film.duration_s or 0) > 1800]
    episodes = [episode for show in library.shows for episode in show.episodes]
    film = short[number % len(short)]
    left = long[number % len(long)]
    episode = episodes[number % len(episodes)]
    return (
        *(_track(track, index) for index, track in enumerate(album.tracks)),
        Showing(
            film,
            (PlayTo(0.15), Pause(90), PlayTo(0.5), SeekTo(0.46), PlayTo(1.0)),
            End.COMPLETED,
            must_count=True,
        ),
        Showing(left, (PlayTo(0.04), SeekTo(0.3), PlayTo(0.34)), End.STOPPED, must_count=False),
        Showing(episode, (PlayTo(0.3), Pause(60), PlayTo(0.95)), End.STOPPED, must_count=True),
    )


def _track(track: Item, index: int) -> Showing:
    assert track.kind is Kind.TRACK
    if index == 2:
        return Showing(track, (PlayTo(0.12),), End.STOPPED, must_count=False, device=SPEAKERS)
    steps: tuple[Step, ...] = (PlayTo(1.0),)
    if index == 0:
        steps = (PlayTo(0.4), Pause(20), PlayTo(1.0))
    return Showing(track, steps, End.COMPLETED, must_count=True, device=SPEAKERS)
