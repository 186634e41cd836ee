"""The user's rules on what plays: what of it is left out, and what is corrected on its way."""

from collections.abc import Iterable
from dataclasses import replace

from revenge_companion.core.decision import Decision
from revenge_companion.core.live import LiveNotice, NowPlaying
from revenge_companion.core.playback import PlaybackEvent
from revenge_companion.core.reasons import Reason
from revenge_companion.core.routing import left_out
from revenge_companion.core.rules import Rulebook
from revenge_companion.core.settings import Filters


class Ruling:
    """Rules in force, and which of them blocks what is playing."""

    def __init__(self) -> None:
        self._rulebook = Rulebook()
        #: The rule that blocks what is playing, by item.
        self._blocked_by: dict[str, str] = {}

    def use(self, rulebook: Rulebook, playing: Iterable[NowPlaying]) -> list[str]:
        """Take newer rules; the keys of plays in progress that are blocked by them."""
        self._rulebook = rulebook
        blocked = []
        for one in playing:
            name = rulebook.apply(one.item, (one.device_name,)).blocked_by
            if name and not one.counted:
                self._blocked_by[one.item.media_id] = name
                blocked.append(one.play_key)
        return blocked

    def left_out(self, event: PlaybackEvent, filters: Filters) -> Reason | None:
        """Why the play of an event is not scrobbled; None where it is."""
        filtered = left_out(event, filters)
        if filtered is not None or not self._rulebook.has_blocks:
            return filtered
        device = event.device
        names = (device.id, device.name, device.client)
        name = self._rulebook.apply(event.item, names).blocked_by
        if not name:
            return None
        self._blocked_by[event.item.media_id] = name
        return Reason.BLOCKED_BY_RULE

    def corrected(self, notice: LiveNotice) -> LiveNotice:
        """`notice` with the user's corrections."""
        return replace(notice, item=self._rulebook.correct(notice.item)[0])

    def ruled(self, decision: Decision) -> Decision:
        """`decision` with the user's corrections; the ledger keeps what the server said."""
        update, notice = decision.update, decision.notice
        if decision.ended:
            name = self._blocked_by.pop(update.item.media_id, "")
            if update.reason_code == Reason.BLOCKED_BY_RULE:
                update = replace(update, facts={"rule": name or "?"})
        if notice is not None:
            notice = self.corrected(notice)
        scrobbles = tuple(
            replace(scrobble, item=self._rulebook.correct(scrobble.item)[0])
            for scrobble in decision.scrobbles
        )
        return replace(decision, update=update, notice=notice, scrobbles=scrobbles)
