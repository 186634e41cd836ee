"""Second thoughts: undo a play everywhere, edit a delivery, drop the last hour, keep rules.

What has not been sent is withdrawn without a request. What has been sent is removed where the
service lets programs do that; where it does not, the answer says so.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from revenge_companion.core import rule_files
from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import Delivery, DeliveryState
from revenge_companion.core.editing import edited, values_of
from revenge_companion.core.errors import CompanionError, EditRefused, RuleRefused, StoreTrouble
from revenge_companion.core.profiles import FIRST
from revenge_companion.core.reasons import Reason
from revenge_companion.core.rules import Changed, Rule, Rulebook, preview
from revenge_companion.core.undoing import UndoResult
from revenge_companion.services.base import Client
from revenge_companion.services.undo import Removal, UndoClient, UndoUnsafe
from revenge_companion.store.amendments import Amendments
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from revenge_companion.store.rules import Rules

_log = logging.getLogger(__name__)

#: Past plays that a preview looks at.
PREVIEWED = 2000
DROPPED = timedelta(hours=1)
_UNSENT = (DeliveryState.PENDING, DeliveryState.HELD, DeliveryState.PARKED)
_TOLD = {Removal.REMOVED: Reason.REMOVED, Removal.LATER: Reason.REMOVED_LATER}
#: How often a row that moves under our hands is looked at, and the seconds between two looks at
#: one that is being sent.
_LOOKS = 20
_LOOK_S = 0.5
_BEING_SENT = "This play is being sent this moment. Edit it again in a minute."

Verdict = tuple[bool, Reason, str]


class Amending:
    """The user's second thoughts over the outbox, the ledger and the services."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        clock: Clock,
        *,
        client_of: Callable[[int], Client | None],
        names_of: Callable[[int], tuple[str, str]],
        use_rules: Callable[[Rulebook], Awaitable[None]],
        forget_playing: Callable[[], Awaitable[bool]],
        amended: Callable[[], Awaitable[None]],
        profile: Callable[[], int] = lambda: FIRST,
    ) -> None:
        """`client_of` gives an account's client, None where it is not linked any more.

        `names_of` gives what people call an account's service and the account. `forget_playing`
        ends what is playing, unscrobbled; False where scrobbling is not paused. `amended` is
        awaited after each change. `profile` is the active one, whose last hour is dropped.
        """
        self._profile = profile
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._client_of = client_of
        self._names_of = names_of
        self._use_rules = use_rules
        self._forget_playing = forget_playing
        self._amended = amended
        self._amendments = Amendments(database, clock)
        self._store = Rules(database)
        self.rules: tuple[Rule, ...] = ()

    # Undo

    async def undo(self, play_id: int) -> list[UndoResult]:
        """Take one play back everywhere; what came of it at each account."""
        results = await self._undo_play(play_id)
        await self._amended()
        return results

    async def drop_last_hour(self) -> list[UndoResult]:
        """Undo what was on in the last hour, and forget it where nothing of it is left.

        Returns only what could not be removed: those plays stay in the ledger. Raises EditRefused
        where scrobbling is not paused.
        """
        if not await self._forget_playing():
            raise EditRefused("Pause scrobbling first: what is playing now would come back.")
        since = self._clock.now() - DROPPED
        plays = await self._amendments.since(since, self._profile())
        results = [result for play in plays for result in await self._undo_play(play)]
        await self._amendments.forget(plays)
        await self._database.renew_copies(since)
        await self._amended()
        return [result for result in results if not result.done]

    async def forget(self, play_key: str) -> None:
        """Erase one play of which nothing was sent or is to be sent. Raises StoreTrouble."""
        play_id = await self._amendments.play_id(play_key)
        if play_id is not None:
            await self._amendments.forget([play_id])

    async def _undo_play(self, play_id: int) -> list[UndoResult]:
        results = []
        for delivery in await self._amendments.of_play(play_id):
            done, reason, detail = await self._undo(delivery)
            service, label = self._names_of(delivery.account_id)
            results.append(
                UndoResult(
                    play_id,
                    delivery.id,
                    delivery.account_id,
                    service,
                    label,
                    delivery.scrobble.label,
                    done,
                    reason,
                    detail,
                )
            )
        return results

    async def _undo(self, delivery: Delivery) -> Verdict:
        row: Delivery | None = delivery
        for _ in range(_LOOKS):
            if row is None or row.state is DeliveryState.UNDONE:
                return True, Reason.UNDONE, ""
            if row.state is DeliveryState.SENDING:
                await self._clock.sleep(_LOOK_S)
            elif (verdict := await self._undo_seen(row)) is not None:
                return verdict
            row = await self._outbox.get(row.id)
        return False, Reason.BEING_SENT, ""

    async def _undo_seen(self, row: Delivery) -> Verdict | None:
        """Undo a row in the state it was seen in; None where it has another one by now."""
        if row.state in _UNSENT:
            moved = await self._moved(row, row.state, DeliveryState.UNDONE)
            return (True, Reason.WITHDRAWN, "") if moved else None
        unsure = row.state is DeliveryState.UNSURE
        # Out of the lane's hands first, so that it is not sent again meanwhile.
        if unsure and not await self._moved(row, DeliveryState.UNSURE, DeliveryState.UNDONE):
            return None
        client = self._client_of(row.account_id)
        if client is None:
            verdict = (False, Reason.UNDO_FAILED, "The account is not linked any more.")
        elif not isinstance(client, UndoClient):
            return False, Reason.MAYBE_THERE if unsure else Reason.CANNOT_UNDO, ""
        else:
            verdict = await self._removed(client, row, unsure=unsure)
        if unsure and not verdict[0]:
            await self._moved(row, DeliveryState.UNDONE, DeliveryState.UNSURE)
        return verdict

    async def _removed(self, client: UndoClient, row: Delivery, *, unsure: bool) -> Verdict:
        try:
            removal = await client.undo(row)
        except UndoUnsafe as error:
            return False, Reason.CANNOT_UNDO_ALONE, str(error)
        except CompanionError as error:
            return False, Reason.UNDO_FAILED, str(error)
        except Exception:
            _log.exception("Undoing failed in a way nobody planned for")
            return False, Reason.UNDO_FAILED, ""
        if removal is Removal.NOT_THERE:
            return unsure, Reason.NOT_SHOWN, ""
        if not unsure:
            await self._moved(row, DeliveryState.DELIVERED, DeliveryState.UNDONE)
        return True, _TOLD[removal], ""

    async def _moved(self, row: Delivery, before: DeliveryState, after: DeliveryState) -> bool:
        reason = Reason.UNDONE if after is DeliveryState.UNDONE else Reason.UNANSWERED
        return await self._amendments.move(row.id, before, after, reason)

    # Edit

    async def editable(self, delivery_id: int) -> Mapping[str, str]:
        """What can be edited of a delivery, with its values now. Raises EditRefused."""
        row = await self._row(delivery_id)
        edited(row, {}, self._clock.now())
        return values_of(row.scrobble)

    async def edit(self, delivery_id: int, changes: Mapping[str, str]) -> None:
        """Change what one delivery says. Raises EditRefused with a sentence."""
        row = await self._row(delivery_id)
        scrobble = edited(row, changes, self._clock.now())
        if not await self._amendments.edit(delivery_id, scrobble):
            raise EditRefused(_BEING_SENT)
        await self._amended()

    async def _row(self, delivery_id: int) -> Delivery:
        for _ in range(_LOOKS):
            row = await self._outbox.get(delivery_id)
            if row is None:
                raise EditRefused(f"There is no delivery {delivery_id}.")
            if row.state is not DeliveryState.SENDING:
                return row
            await self._clock.sleep(_LOOK_S)
        raise EditRefused(_BEING_SENT)

    # Rules

    async def load_rules(self) -> None:
        """Read the rules that are kept, and use them. Raises StoreTrouble."""
        self.rules = await self._store.all()
        await self._use_rules(Rulebook(self.rules))

    async def save_rules(self, rules: Sequence[Rule]) -> None:
        """Keep and use `rules` in place of those there are. Raises RuleRefused, StoreTrouble."""
        await self._store.replace_all(rules)
        self.rules = tuple(rules)
        await self._use_rules(Rulebook(self.rules))
        await self._amended()

    async def preview(self, rules: Sequence[Rule]) -> list[Changed]:
        """What `rules` would have made of the newest 2,000 plays, newest first."""
        plays = await self._amendments.seen(PREVIEWED)
        # Patterns are priced, but there may be many of them.
        return await asyncio.to_thread(preview, tuple(rules), plays)

    async def read_rules(self, path: Path) -> tuple[Rule, ...]:
        """The rules in a file, TOML by its ending and else JSON. Raises RuleRefused."""
        text = await asyncio.to_thread(_read, path)
        return rule_files.read(text, toml=_is_toml(path))

    async def export_rules(self, path: Path) -> int:
        """Write the rules to `path`; returns how many. Raises StoreTrouble."""
        text = rule_files.write(self.rules, toml=_is_toml(path))
        await asyncio.to_thread(_write, path, text)
        return len(self.rules)


def _is_toml(path: Path) -> bool:
    return path.suffix.lower() == ".toml"


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(rule_files.LARGEST_FILE + 1)
    except OSError as error:
        raise RuleRefused(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(data) > rule_files.LARGEST_FILE:
        raise RuleRefused(f"{path} is too large for a file of rules.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RuleRefused(f"{path} is not a file of rules.") from error


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreTrouble(f"{path} cannot be written: {error.strerror or error}") from error
