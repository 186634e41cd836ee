"""A session tracker for each profile: the plays of one say nothing about those of another.

Only the active profile's is fed. The plays in progress of the others are as those of a server that
cannot be reached: they stay as they are until it is heard again, or end when their time comes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from revenge_companion.core.accounts import Account
from revenge_companion.core.decision import Decision
from revenge_companion.core.live import NowPlaying
from revenge_companion.core.playback import PlaybackEvent
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.profiles import FIRST
from revenge_companion.core.reasons import Reason
from revenge_companion.core.routing import rules_for
from revenge_companion.core.session import SessionTracker
from revenge_companion.core.thresholds import Thresholds


class Trackers:
    """As one `SessionTracker`, whose decisions say whose plays they are about."""

    def __init__(self, counting: Thresholds) -> None:
        self._counting = counting
        self._accounts: tuple[Account, ...] = ()
        self._trackers: dict[int, SessionTracker] = {}
        #: The active profile.
        self.profile = FIRST

    def use(self, counting: Thresholds, accounts: Sequence[Account]) -> None:
        """Use other thresholds: the user's own, and those that accounts have."""
        self._counting, self._accounts = counting, tuple(accounts)
        for profile, tracker in self._trackers.items():
            tracker.set_rules(rules_for(counting, self._of(profile)))

    def switch(self, profile: int) -> None:
        """Feed another profile's plays from now on; nobody observes the others."""
        if profile != self.profile:
            self.disconnected()
            self.profile = profile

    def restore(
        self, snapshots: Iterable[tuple[int, str]], *, at_s: float, at: datetime
    ) -> list[str]:
        """As `SessionTracker.restore`, each checkpoint with its profile."""
        texts: dict[int, list[str]] = {}
        for profile, text in snapshots:
            texts.setdefault(profile, []).append(text)
        return [
            unread
            for profile, known in texts.items()
            for unread in self._tracker(profile).restore(known, at_s=at_s, at=at)
        ]

    def disconnected(self) -> None:
        self._tracker(self.profile).disconnected()

    def feed(self, event: PlaybackEvent, left_out: Reason | None = None) -> list[Decision]:
        """One event of the active profile."""
        tracker = self._tracker(self.profile)
        return _of(self.profile, tracker.feed(event, left_out))

    def now_playing(self, at_s: float, *, heard: bool = False) -> tuple[NowPlaying, ...]:
        """What the active profile plays."""
        return self._tracker(self.profile).now_playing(at_s, heard=heard)

    def all_playing(self, at_s: float) -> list[NowPlaying]:
        """What any profile plays, as far as is known."""
        return [one for tracker in self._trackers.values() for one in tracker.now_playing(at_s)]

    def leave_out(self, play_key: str, reason: Reason) -> list[Decision]:
        return [
            decision
            for profile, tracker in self._trackers.items()
            for decision in _of(profile, tracker.leave_out(play_key, reason))
        ]

    def let_go(self, play_key: str, at_s: float) -> tuple[str, Decision] | None:
        found = (tracker.let_go(play_key, at_s) for tracker in self._trackers.values())
        return next((one for one in found if one is not None), None)

    def count_by_hand(self, update: PlayUpdate, at: datetime, at_s: float) -> Decision | None:
        """As `SessionTracker.count_by_hand`, for the profile that played it."""
        tracker = self._tracker(update.profile)
        decision = tracker.count_by_hand(update.play_key, update.snapshot, at, at_s)
        return None if decision is None else _of(update.profile, [decision])[0]

    def forget_open(self, reason: Reason, *, at: datetime, at_s: float) -> list[Decision]:
        """End what the active profile plays; for the others time goes on, as with `tick`."""
        decisions: list[Decision] = []
        for profile, tracker in self._trackers.items():
            if profile == self.profile:
                ended = tracker.forget_open(reason, at=at, at_s=at_s)
            else:
                ended = tracker.tick(at_s)
            decisions += _of(profile, ended)
        return decisions

    def tick(self, at_s: float) -> list[Decision]:
        return [
            decision
            for profile, tracker in self._trackers.items()
            for decision in _of(profile, tracker.tick(at_s))
        ]

    def deadline_s(self) -> float | None:
        due = (tracker.deadline_s() for tracker in self._trackers.values())
        return min((one for one in due if one is not None), default=None)

    def _tracker(self, profile: int) -> SessionTracker:
        tracker = self._trackers.get(profile)
        if tracker is None:
            rules = rules_for(self._counting, self._of(profile))
            tracker = self._trackers[profile] = SessionTracker(rules)
        return tracker

    def _of(self, profile: int) -> list[Account]:
        return [account for account in self._accounts if account.profile == profile]


def _of(profile: int, decisions: list[Decision]) -> list[Decision]:
    """`decisions` as those about plays of a profile."""
    if profile == FIRST:
        # As they are made.
        return decisions
    return [
        replace(decision, update=replace(decision.update, profile=profile))
        for decision in decisions
    ]
