"""The user's own word about one thing of the library, and which accounts are told of it.

It is written to the library as a line of the Companion's own, and goes to the accounts whose sync
of it is switched on by the outbox, as a sync would send it. Taking it back withdraws what has not
been sent, and sends what the account said before where it has.
"""

import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from revenge_companion.core.accounts import Account, AccountState
from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.errors import EditRefused
from revenge_companion.core.exporting import ExportVerdict, Judged, Known
from revenge_companion.core.library import Subject
from revenge_companion.core.lines import Line
from revenge_companion.core.profiles import FIRST
from revenge_companion.core.reasons import Reason
from revenge_companion.core.saying import SAYABLE, Hearer, Hears, Spoken, Word, back, entry_of
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.core.switching import SYNCS
from revenge_companion.engine.exporter import Exporter, source_of
from revenge_companion.services.base import Service, ServiceSpec
from revenge_companion.store.amendments import Amendments
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from revenge_companion.store.saying import OwnWords, Written

_log = logging.getLogger(__name__)

#: Words that can be taken back.
MOST_KEPT = 50
_UNSENT = (DeliveryState.PENDING, DeliveryState.HELD, DeliveryState.PARKED, DeliveryState.UNSURE)
#: How often a row that is being sent is looked at, and the seconds between two looks.
_LOOKS, _LOOK_S = 20, 0.5
_GONE = "This line is not in your library any more."


@dataclass(frozen=True, slots=True)
class _Told:
    """What one account was sent, and what it said before, as far as that is known."""

    account_id: int
    scrobble: Scrobble
    theirs: Line | None


@dataclass(frozen=True, slots=True)
class _Kept:
    spoken: Spoken
    written: Written
    #: The line it was said of, and what the library said before.
    line_id: int
    stood: Word | None
    told: tuple[_Told, ...]


class Saying:
    """Implements `engine.library_api.SayingApi`."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        services: Mapping[str, Service],
        exporter: Exporter,
        *,
        linked: Callable[[], Sequence[Account]],
        profile: Callable[[], int] = lambda: FIRST,
        changed: Callable[[], None],
    ) -> None:
        """`changed` is called when the library is not what it was."""
        self._clock = clock
        self._services = services
        self._exporter = exporter
        self._linked = linked
        self._changed = changed
        self._words = OwnWords(db, profile=profile)
        self._outbox = Outbox(db, clock)
        self._amendments = Amendments(db, clock)
        self._kept: dict[int, _Kept] = {}
        self._numbers = itertools.count(1)
        self._last_at = datetime.min.replace(tzinfo=UTC)

    async def hearers(self, line_id: int, word: Word) -> list[Hearer]:
        subject = await self._about(line_id)
        found = []
        for account, spec in self._takers(word):
            hearer = self._hearer(account, spec, word)
            if hearer.hears is Hears.TOLD:
                lines = await self._exporter.lines_of(account.id, word.facet, line_id)
                if word.verb not in spec.verbs or subject.kind not in spec.rated:
                    hearer = replace(hearer, hears=Hears.NOT, reason_code=Reason.NOT_TAKEN)
                elif word.agrees(_theirs(lines, account.id)):
                    hearer = replace(hearer, hears=Hears.NOT, reason_code=Reason.SAYS_SO)
            found.append(hearer)
        return found

    async def say(self, line_id: int, word: Word) -> Spoken:
        if word.facet not in SAYABLE:
            raise EditRefused("Nothing can be said of this.")
        takers = self._takers(word)
        stood = await self._words.stands(line_id, word.facet)
        before = {
            account.id: _theirs(
                await self._exporter.lines_of(account.id, word.facet, line_id), account.id
            )
            for account, _ in takers
        }
        written = await self._write(line_id, word)
        if written is None:
            raise EditRefused(_GONE)
        hearers, told = [], []
        for account, spec in takers:
            hearer = self._hearer(account, spec, word)
            if hearer.hears is Hears.TOLD:
                lines = await self._exporter.lines_of(account.id, word.facet, written.line_id)
                sent = await self._exporter.queue_lines(account.id, lines)
                told += [_Told(account.id, one, before[account.id]) for one in sent]
                if not sent:
                    reason = _why_not([what for _, what in lines])
                    hearer = replace(hearer, hears=Hears.NOT, reason_code=reason)
            hearers.append(hearer)
        label = written.entry.subject.label
        spoken = Spoken(next(self._numbers), label, word, tuple(hearers))
        self._kept[spoken.number] = _Kept(spoken, written, line_id, stood, tuple(told))
        for number in list(self._kept)[:-MOST_KEPT]:
            del self._kept[number]
        self._changed()
        return spoken

    async def _write(self, line_id: int, word: Word) -> Written | None:
        # Words are told apart by their second, also where one is taken back and said again at once.
        self._last_at = now = max(self._clock.now(), self._last_at + timedelta(seconds=1))
        return await self._words.write(
            line_id, word.facet, lambda subject, known: entry_of(subject, word, now, known)
        )

    async def unsay(self, number: int) -> Spoken:
        kept = self._kept.get(number)
        if kept is None:
            raise EditRefused("This cannot be taken back any more.")
        if not await self._words.restore(kept.written):
            raise EditRefused("Something else was said of it since.")
        del self._kept[number]
        stood = kept.stood
        if stood is not None and not await self._words.stands(kept.line_id, stood.facet):
            # A sync has found meanwhile that it is gone where it was known from.
            await self._write(kept.line_id, stood)
        self._changed()
        told = {one.account_id: one for one in kept.told}
        hearers = []
        for hearer in kept.spoken.hearers:
            if hearer.account_id in told and not await self._take_back(
                told[hearer.account_id], kept.written.entry.subject, kept.spoken.word
            ):
                hearer = replace(hearer, hears=Hears.NOT, reason_code=Reason.CANNOT_UNDO)
            hearers.append(hearer)
        return replace(kept.spoken, hearers=tuple(hearers))

    async def _take_back(self, told: _Told, subject: Subject, word: Word) -> bool:
        """Let an account say again what it said; False where it takes no such change."""
        second = int(told.scrobble.started_at.timestamp())
        sent = False
        for row_id in await self._words.deliveries(told.account_id, second, told.scrobble.key):
            sent = await self._is_sent(row_id) or sent
        if not sent:
            return True
        account = next((one for one in self._linked() if one.id == told.account_id), None)
        change = back(word.facet, subject, told.theirs)
        if account is None or change is None:
            return False
        if change.verb not in self._services[account.service].spec.verbs:
            return False
        await self._exporter.queue_change(told.account_id, change)
        return True

    async def _is_sent(self, row_id: int) -> bool:
        """Withdraw a row where it can be; whether it has arrived, or may have."""
        for _ in range(_LOOKS):
            row = await self._outbox.get(row_id)
            if row is None or row.state is DeliveryState.UNDONE:
                return False
            if row.state is DeliveryState.DELIVERED:
                return True
            if row.state in _UNSENT:
                done = DeliveryState.UNDONE
                if await self._amendments.move(row_id, row.state, done, Reason.UNDONE):
                    return row.state is DeliveryState.UNSURE
            else:
                await self._clock.sleep(_LOOK_S)
        return True

    # Who is told

    def _takers(self, word: Word) -> list[tuple[Account, ServiceSpec]]:
        """The accounts whose service takes this facet at all."""
        found = []
        for account in self._linked():
            service = self._services.get(account.service)
            if service is not None and word.facet in service.spec.exports:
                found.append((account, service.spec))
        return found

    def _hearer(self, account: Account, spec: ServiceSpec, word: Word) -> Hearer:
        """Whether the switches let an account be told."""
        name = f"{spec.name} ({account.label})" if account.label else spec.name
        switches = account.switches
        on = any(word.facet in facets and getattr(switches, one) for one, facets in SYNCS.items())
        hears = Hears.TOLD
        if not on or not switches.enabled or account.state is AccountState.OFF:
            hears = Hears.OFF
        elif account.state is AccountState.LINK_AGAIN:
            hears = Hears.LATER
        return Hearer(account.id, name, spec.name, hears)

    async def _about(self, line_id: int) -> Subject:
        subject = await self._words.about(line_id)
        if subject is None:
            raise EditRefused(_GONE)
        return subject


def _theirs(lines: Sequence[tuple[Known, Judged]], account_id: int) -> Line | None:
    """What an account says of a thing, as far as it was read."""
    source = source_of(account_id)
    return next(
        (
            said
            for known, _ in lines
            for said in known.said
            if said.source == source and not said.removed
        ),
        None,
    )


def _why_not(found: Sequence[Judged]) -> str:
    """Why nothing of a word was sent."""
    left = (one.reason for one in found if one.verdict is ExportVerdict.LEFT_OUT and one.reason)
    return next(left, Reason.SAYS_SO)
