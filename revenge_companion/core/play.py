"""One play session from its first frame to its end, with a checkpoint that survives a restart."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from revenge_companion.core import counting
from revenge_companion.core.counting import Progress, Share, ShareKey, Verdict
from revenge_companion.core.live import NowPlaying
from revenge_companion.core.media import Ids, Item, Kind, item_from_dict, item_to_dict
from revenge_companion.core.moments import Moment, MomentKind, Moments
from revenge_companion.core.observing import Observed
from revenge_companion.core.playback import PlaybackEvent
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.reasons import Fact, Reason
from revenge_companion.core.scrobble import Scrobble, scrobble_key
from revenge_companion.core.thresholds import Rules, Thresholds

#: How many event ids a checkpoint keeps, so that a replay after a restart is recognised.
_RECENT_IDS = 8

_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class SteppedBack:
    """A frame that is older than the last one: its time, and its arrival on our own clock."""

    at: datetime
    at_s: float
    #: The same of the first of such frames that have kept time with our own clock since.
    since: datetime
    since_s: float
    #: How many of them have come.
    count: int = 1


@dataclass(slots=True)
class Play:
    """The state of one play session. Mutable, and private to the tracker."""

    key: str
    session_id: str
    item: Item
    device_name: str
    started_at: datetime
    observed: Observed
    shares: list[Share]
    progress: Progress = field(default_factory=Progress)
    counted_at: datetime | None = None
    reason: Reason = Reason.PLAYING
    facts: Mapping[str, Fact] = field(default_factory=dict)
    ended_at: datetime | None = None
    #: Why nothing of this play may be scrobbled; None where it may.
    left_out: Reason | None = None
    #: It only finishes a play that counted in an earlier sitting.
    is_rest: bool = False
    #: Another item began in the same session; its own stop may still come.
    superseded_at_s: float | None = None
    #: Server event time of that beginning; what is older still belongs to this play.
    superseded_at: datetime | None = None
    #: Its end came before its first frame did: when it ended, by the server.
    known_end: datetime | None = None
    #: First frame, to place a start that arrives late.
    first_position_s: float = 0.0
    recent_ids: tuple[str, ...] = ()
    saved_at_s: float = float("-inf")
    #: The last checkpoint that was written for a jump or a change of rate.
    turned_at_s: float = float("-inf")
    #: A frame from before the last one, in case the server's clock stepped back.
    stepped_back: SteppedBack | None = None
    #: Monotonic second after which nobody expects another frame.
    seen_at_s: float = 0.0
    #: The item as checkpoints hold it; every second frame brings a checkpoint.
    item_text: tuple[Item, str] | None = None
    #: What happened, for its story.
    moments: Moments = field(default_factory=Moments)

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def is_settled(self) -> bool:
        """Nothing more of it may count: it has, must not, or is the rest of one that has."""
        return self.counted_at is not None or self.left_out is not None or self.is_rest

    def remember(self, event_id: str) -> None:
        if event_id:
            self.recent_ids = (*self.recent_ids, event_id)[-_RECENT_IDS:]

    def describe(self, item: Item, rules: Mapping[str, Thresholds]) -> None:
        """Take a newer description; a length that was known is never forgotten."""
        if item is self.item:
            return
        if item.duration_s is None and self.item.duration_s is not None:
            item = replace(item, duration_s=self.item.duration_s)
        if item != self.item:
            self.item = item
            self.shares = counting.shares_of(item, rules)

    def conclude(self, at: datetime, own: Thresholds) -> None:
        """End the play at `at`; what had not counted gets its reason."""
        self.ended_at = at
        self.observed.playing = False
        self.moments.note(
            Moment(MomentKind.ENDED, at, self.observed.position_s, self.observed.played_s)
        )
        if self.counted_at is not None:
            return
        if self.left_out is not None:
            self.reason, self.facts = self.left_out, {}
        elif self.is_rest:
            self.reason, self.facts = Reason.REST_OF_COUNTED, {}
        else:
            self.reason, self.facts = counting.why_not(
                self.item, own, self.progress, self.observed.position_s, self.observed.played_s
            )

    def count(
        self, verdicts: list[Verdict], at: datetime, *, position_s: float, played_s: float
    ) -> tuple[Scrobble, ...]:
        """Mark what counts at `at` and give a scrobble for each share."""
        self.progress.counted.update(verdict.key for verdict in verdicts)
        if self.left_out is not None:
            return ()
        for rule, part in (verdict.key for verdict in verdicts):
            self.moments.note(
                Moment(MomentKind.COUNTED, at, position_s, played_s, rule=rule, part=part)
            )
        scrobbles = tuple(
            self._scrobble(verdict.key, at, position_s=position_s, played_s=played_s)
            for verdict in verdicts
        )
        if self.counted_at is None and verdicts:
            self.counted_at = at
            self.reason, self.facts = verdicts[0].reason, verdicts[0].facts
        return scrobbles

    def count_by_hand(self, at: datetime, rules: Mapping[str, Thresholds]) -> tuple[Scrobble, ...]:
        """Count it because the user says so, for every rule; nothing more of it counts after."""
        self.left_out = None
        indexes = range(len(self.item.episode_numbers))
        verdicts = [Verdict(("", index), Reason.BY_HAND, {}) for index in indexes]
        observed = self.observed
        scrobbles = self.count(
            verdicts, at, position_s=observed.position_s, played_s=observed.played_s
        )
        self.progress.counted |= {(name, index) for name in rules for index in indexes}
        return scrobbles

    def _scrobble(
        self, share: ShareKey, at: datetime, *, position_s: float, played_s: float
    ) -> Scrobble:
        rule, index = share
        item, length = self.item, counting.share_length_s(self.item)
        numbers = item.episode_numbers
        if len(numbers) > 1:
            # The file's own episode ids belong to its first episode.
            item = replace(
                item,
                episode_number=numbers[index],
                episode_number_end=None,
                duration_s=length,
                ids=item.ids if index == 0 else Ids(),
            )
            position_s = min(max(0.0, position_s - index * (length or 0.0)), length or position_s)
        percent = 100.0 if not length else min(100.0, 100.0 * position_s / length)
        return Scrobble(
            key=scrobble_key(
                session_id=self.session_id,
                media_id=item.media_id,
                started_at=self.started_at,
                episode_index=index,
                rule=rule,
            ),
            item=item,
            started_at=self.started_at,
            counted_at=at,
            played_s=round(played_s, 3),
            position_s=round(position_s, 3),
            progress_pct=round(percent, 2),
            device_name=self.device_name,
            rule=rule,
        )

    def now_playing(self, own: Thresholds) -> NowPlaying:
        """What to show of it; the remaining time is that of the user's own rule."""
        own_shares = [share for share in self.shares if share.key[0] == ""]
        until = None
        if self.left_out is None and not self.is_rest:
            until = counting.seconds_until(
                self.item,
                own_shares,
                self.progress,
                self.observed.position_s,
                self.observed.played_s,
            )
        ratio = None if self.item.kind is Kind.TRACK else own.ratio(self.item.kind)
        return NowPlaying(
            play_key=self.key,
            item=self.item,
            device_name=self.device_name,
            state="playing" if self.observed.playing else "paused",
            position_s=self.observed.position_s,
            played_s=self.observed.played_s,
            rate=self.observed.rate,
            counted=self.counted_at is not None,
            counts_in_s=until,
            counts_at=ratio,
            as_of_s=self.observed.last_at_s if self.observed.last_at_s is not None else 0.0,
        )

    def update(self) -> PlayUpdate:
        """The ledger's line for this play, checkpoint included."""
        return PlayUpdate(
            play_key=self.key,
            item=self.item,
            device_name=self.device_name,
            started_at=self.started_at,
            ended_at=self.ended_at,
            counted_at=self.counted_at,
            played_s=round(self.observed.played_s, 3),
            position_s=round(self.observed.position_s, 3),
            reason_code=self.reason,
            facts=self.facts,
            snapshot=self._snapshot(),
        )

    def _snapshot(self) -> str:
        observed, progress = self.observed, self.progress
        data: dict[str, Any] = {
            "v": 1,
            "key": self.key,
            "session": self.session_id,
            "device": self.device_name,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "counted_at": self.counted_at.isoformat() if self.counted_at else None,
            "reason": self.reason,
            "facts": dict(self.facts),
            "left_out": self.left_out,
            "is_rest": self.is_rest,
            "position_s": observed.position_s,
            "played_s": observed.played_s,
            "last_at": observed.last_at.isoformat(),
            "playing": observed.playing,
            "rate": observed.rate,
            "counted": sorted(progress.counted),
            "played_on": [[*key, seconds] for key, seconds in progress.played_on_s.items()],
            "since_jump_s": progress.since_jump_s,
            "jumped": progress.jumped,
            "ids": self.recent_ids,
        }
        if self.item_text is None or self.item_text[0] is not self.item:
            self.item_text = (self.item, _ENCODE(item_to_dict(self.item)))
        moments = self.moments.text(self.shares)
        return f'{_ENCODE(data)[:-1]},"item":{self.item_text[1]},"moments":{moments}}}'


def play_from_snapshot(text: str, rules: Mapping[str, Thresholds], at_s: float) -> Play:
    """The play a checkpoint holds; the time since it was written is unobserved.

    Raises ValueError, KeyError or TypeError on text that is no checkpoint.
    """
    data = json.loads(text)
    item = item_from_dict(data["item"])
    observed = Observed(
        position_s=float(data["position_s"]),
        last_at=datetime.fromisoformat(data["last_at"]),
        last_at_s=None,
        playing=bool(data["playing"]),
        rate=float(data["rate"]),
        played_s=float(data["played_s"]),
        gap=True,
    )
    progress = Progress(
        counted={(str(name), int(index)) for name, index in data["counted"]},
        played_on_s={(str(name), int(index)): float(s) for name, index, s in data["played_on"]},
        since_jump_s=float(data["since_jump_s"]),
        jumped=bool(data["jumped"]),
    )
    ended, counted = data["ended_at"], data["counted_at"]
    return Play(
        key=data["key"],
        session_id=data["session"],
        item=item,
        device_name=data["device"],
        started_at=datetime.fromisoformat(data["started_at"]),
        observed=observed,
        shares=counting.shares_of(item, rules),
        progress=progress,
        counted_at=datetime.fromisoformat(counted) if counted else None,
        reason=Reason(data["reason"]),
        facts=data["facts"],
        ended_at=datetime.fromisoformat(ended) if ended else None,
        left_out=Reason(data["left_out"]) if data["left_out"] else None,
        is_rest=bool(data["is_rest"]),
        recent_ids=tuple(data["ids"]),
        seen_at_s=at_s,
        moments=Moments(data.get("moments")),
    )


#: How long after its end a counted play may be finished without being a new one.
_REST_WITHIN = {Kind.TRACK: timedelta(days=1)}
_REST_WITHIN_VIDEO = timedelta(days=30)


def begin(event: PlaybackEvent, earlier: Play | None, rules: Rules) -> Play:
    """A new play from its first frame; `earlier` is the last one of the same item, if any.

    Films, episodes and podcasts may be watched in several sittings: one that had not counted goes
    on. Finishing the rest of one that counted is not a new play. Music never adds up.
    """
    named, item = rules.named(), event.item
    position = event.position_s or 0.0
    key = scrobble_key(session_id=event.session_id, media_id=item.media_id, started_at=event.at)
    play = Play(
        key=key,
        session_id=event.session_id,
        item=item,
        device_name=event.device.name or event.device.client,
        started_at=event.at,
        observed=Observed(
            position_s=position,
            last_at=event.at,
            last_at_s=event.at_s,
            playing=False,
            rate=event.rate,
        ),
        shares=counting.shares_of(item, named),
        first_position_s=position,
        seen_at_s=event.at_s,
    )
    if earlier is not None and _was_reported(earlier, event.at):
        play.progress.counted |= {
            (name, index) for name in named for index in range(len(item.episode_numbers))
        }
        play.is_rest = True
        return play
    if earlier is None or position <= start_zone_s(item):
        return play
    within = _REST_WITHIN.get(item.kind, _REST_WITHIN_VIDEO)
    if event.at - earlier.observed.last_at > within:
        return play
    carried = {
        share.key
        for share in play.shares
        if share.key in earlier.progress.counted and _is_rest(item, share, position, earlier)
    }
    play.progress.counted |= carried
    own = {share.key for share in play.shares if share.key[0] == ""}
    play.is_rest = bool(own) and own <= carried
    if item.kind is not Kind.TRACK and earlier.counted_at is None and not earlier.is_rest:
        play.observed.played_s = earlier.observed.played_s
        play.progress.played_on_s = dict(earlier.progress.played_on_s)
        play.started_at = earlier.started_at
    return play


def _was_reported(earlier: Play, at: datetime) -> bool:
    """Whether what began at `at` has counted already, because the server's history told it first.

    Frames of a play that ended while nobody listened may be replayed after its end was found.
    """
    return earlier.reason is Reason.WATCHED_ON_SERVER and at <= earlier.observed.last_at


def start_zone_s(item: Item) -> float:
    """Seconds from the start within which a play that goes there again is a new one."""
    if item.kind is Kind.TRACK:
        return 10.0
    return max(60.0, 0.05 * (item.duration_s or 0.0))


def _is_rest(item: Item, share: Share, position: float, earlier: Play) -> bool:
    if item.kind is Kind.TRACK:
        return position >= earlier.observed.position_s - 15.0
    return position >= share.begin_s + 0.5 * share.length_s
