"""Telling the window what changed, and the user what needs them: once, and only what they want."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from revenge_companion.core.accounts import Account, AccountState
from revenge_companion.core.reasons import Fact, Reason
from revenge_companion.core.settings import Settings
from revenge_companion.engine.api import Change, Notice, Notification
from revenge_companion.services.base import Service

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Telling:
    """Everybody who listens to the engine, and what they were told already."""

    services: Mapping[str, Service]
    settings: Callable[[], Settings]
    told: list[Callable[[Change], None]] = field(default_factory=list)
    notified: list[Callable[[Notification], None]] = field(default_factory=list)
    #: Why something cannot be stored, a sentence; empty while it can.
    trouble: str = ""
    _warned: set[tuple[int, AccountState]] = field(default_factory=set)

    def changed(self, *changes: Change) -> None:
        """Say what changed; a view decides whether it cares."""
        for change in changes:
            for tell in self.told:
                tell(change)

    def notify(self, notice: Notice, title: str, reason: str, **facts: Fact) -> None:
        """Notify the user, where they want this kind of notification."""
        wanted = self.settings().notify
        switches = {
            Notice.ACCOUNT_TROUBLE: wanted.account_trouble,
            Notice.SIGNED_OUT: wanted.signed_out,
            Notice.SCROBBLED: wanted.scrobbled,
            Notice.TROUBLE: True,
            Notice.HAND_OFF: wanted.hand_off,
            Notice.DOUBLED: wanted.account_trouble,
        }
        if switches[notice]:
            for tell in self.notified:
                tell(Notification(notice, title, reason, facts))

    def trouble_is(self, sentence: str) -> None:
        """Storing fails for this reason, or with "" works again; each is told once."""
        if sentence == self.trouble:
            return
        self.trouble = sentence
        if sentence:
            _log.warning("Storage trouble: %s", sentence)
            self.notify(Notice.TROUBLE, "Revenge Companion", sentence)
        self.changed(Change.STATUS)

    def warn(self, account: Account, state: AccountState | None, code: str) -> None:
        """Tell of a held lane once, until it has recovered (`linked`, or no news of its state)."""
        if state is AccountState.LINKED or state is None:
            self.forget(account.id)
        elif (account.id, state) not in self._warned:
            self._warned.add((account.id, state))
            self._of(account, Notice.ACCOUNT_TROUBLE, code)

    def forget(self, account_id: int) -> None:
        """The next trouble of this account is news again."""
        self._warned = {key for key in self._warned if key[0] != account_id}

    def hand_off_due(self, account: Account, count: int) -> None:
        """Plays wait for their file to be taken."""
        self._of(account, Notice.HAND_OFF, Reason.HAND_OFF_DUE, count=str(count))

    def nothing_confirmed(self, account: Account) -> None:
        """Plays go to an account, and nothing comes back."""
        self._of(account, Notice.ACCOUNT_TROUBLE, Reason.NOTHING_CONFIRMED)

    def sync_asks(self, account: Account) -> None:
        """A sync would change so much that the user has to decide."""
        self._of(account, Notice.ACCOUNT_TROUBLE, Reason.SYNC_ASKS)

    def link_ends(self, account: Account, days: int) -> None:
        """A link that cannot be renewed ends in so many days."""
        self._of(account, Notice.ACCOUNT_TROUBLE, Reason.LINK_ENDS, count=str(days))

    def doubled(self, names: Sequence[str]) -> None:
        """The server sends plays to these services, too."""
        said = ", ".join(names)
        self.notify(Notice.DOUBLED, "Revenge", Reason.SERVER_SCROBBLES, services=said)

    def _of(self, account: Account, notice: Notice, code: str, **facts: Fact) -> None:
        name = self.services[account.service].spec.name
        self.notify(notice, name, code, service=name, **facts)
