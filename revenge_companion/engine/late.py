"""Live notices and replayed events: what is over is told to nobody as if it were now.

A server that replays what was missed tells of plays that began long ago. Nothing of it is said
live; a play that turns out to go on is told of by its next event that is not late.
"""

from collections.abc import Sequence
from dataclasses import replace

from revenge_companion.core.decision import Decision
from revenge_companion.core.live import LiveAction, LiveNotice
from revenge_companion.core.playback import PlaybackEvent, PlayState

#: Plays whose beginning came late and may turn out to go on.
_MOST = 32


class LateStarts:
    """Beginnings that came too late to be told of."""

    def __init__(self) -> None:
        #: By session and item: the notice that was kept back, and the rules that have counted.
        self._kept: dict[tuple[str, str], tuple[LiveNotice, frozenset[str]]] = {}

    def heed(self, event: PlaybackEvent, decisions: Sequence[Decision]) -> list[Decision]:
        """What `event` led to, without what is too late to be told live."""
        if not event.late:
            return list(decisions)
        key = event.session_id, event.item.media_id
        for decision in decisions:
            notice = decision.notice
            if notice is not None and notice.action is LiveAction.START:
                self._kept[key] = notice, decision.counted_rules
            elif notice is not None or decision.ended:
                self._kept.pop(key, None)
            elif key in self._kept:
                self._kept[key] = self._kept[key][0], decision.counted_rules
        while len(self._kept) > _MOST:
            del self._kept[next(iter(self._kept))]
        return [replace(decision, notice=None) for decision in decisions]

    def caught_up(
        self, event: PlaybackEvent, decisions: Sequence[Decision]
    ) -> tuple[LiveNotice, frozenset[str]] | None:
        """What `event`, which led to `decisions`, shows to be going on; None for nothing new."""
        kept = None if event.late else self._kept.pop((event.session_id, event.item.media_id), None)
        if kept is None or event.state is not PlayState.PLAYING:
            return None
        if any(decision.notice is not None for decision in decisions):
            return None
        notice, rules = kept
        if event.position_s is not None:
            length = notice.item.duration_s
            percent = min(100.0, 100.0 * event.position_s / length) if length else 0.0
            notice = replace(notice, position_s=event.position_s, progress_pct=round(percent, 2))
        return notice, rules.union(*(decision.counted_rules for decision in decisions))
