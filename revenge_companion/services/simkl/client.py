"""One account's line to Simkl."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import Delivered, Delivery, Outcome, Refused, TryLater
from revenge_companion.core.errors import BatchRefused, LinkExpired
from revenge_companion.core.library import Facet
from revenge_companion.core.live import LiveAction, LiveNotice
from revenge_companion.core.reasons import Reason
from revenge_companion.net.gate import DayBudget, Gate
from revenge_companion.net.http import Answer, Http
from revenge_companion.services.answers import mapping, object_of, refusal, sorted_out, whole_number
from revenge_companion.services.base import RemoteUser, Secret, SecretSlot
from revenge_companion.services.importing import ImportPage
from revenge_companion.services.naming import NO_ID
from revenge_companion.services.simkl import changes, payload, undo, wire
from revenge_companion.services.simkl.kept import Kept
from revenge_companion.services.simkl.library import Library
from revenge_companion.services.simkl.spec import SPEC
from revenge_companion.services.tokens import Tokens, read_refreshed
from revenge_companion.services.undo import Removal

#: A counted play is sent as a live stop this long; Simkl dates a stop by its own clock. Seconds.
FRESH_S = 300.0
#: Seconds a history request may take.
HISTORY_TIMEOUT_S = 60.0
#: Requests per day by plan.
_A_DAY = {"pro": 1000, "vip": 10_000}
#: Statuses of a live call that change nothing for anybody: unknown item, done already.
_LIVE_IGNORED = (404, 409)


class SimklClient:
    """Live notices, and plays as a live stop while fresh or as dated history afterwards.

    What the account has is read in pages (`Readable`), and changed (`TakesChanges`).
    """

    def __init__(
        self,
        http: Http,
        clock: Clock,
        slot: SecretSlot,
        *,
        api_root: str,
        client_id: str,
        kept: Kept,
    ) -> None:
        self._http = http
        self._clock = clock
        self._slot = slot
        self._api = api_root
        self._client_id = client_id
        self._tokens = Tokens(slot, clock, self._refreshed, service=SPEC.name)
        self._day = DayBudget(
            clock, limit=wire.FREE_A_DAY, starts_at_utc_h=wire.DAY_STARTS_AT_UTC_H
        )
        self._gate = Gate(clock, interval_s=wire.WRITE_INTERVAL_S, day=self._day)
        self._library = Library(self._get, kept, clock, self._day.left_s)
        #: Monotonic seconds at which the next scrobble call is free.
        self._free_at_s = -math.inf

    async def submit(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Deliver rows; see `services.base.Client`."""
        places, outcomes = sorted_out(batch, _placed)
        rows = [delivery for delivery in batch if delivery.id in places]
        if len(batch) == 1 and rows and self._is_fresh(rows[0], places[rows[0].id]):
            outcome = await self._stop(rows[0], places[rows[0].id])
            if outcome is not None:
                return {rows[0].id: outcome}
        return outcomes | (await self._add_history(rows, places) if rows else {})

    async def find(self, delivery: Delivery) -> str | None:
        """Never asked: the same watch again changes nothing."""
        return None

    async def undo(self, delivery: Delivery) -> Removal:
        """Remove one episode's watch, where it is the one we sent; see `services.undo`."""
        scrobble = delivery.scrobble
        item = scrobble.item
        where = undo.check(payload.place(item) if item.kind in SPEC.kinds else None, item.kind)
        since = (delivery.settled_at or scrobble.dated_at) - undo.BEFORE
        if not undo.shows(await self._changed_since(since), where, scrobble):
            return Removal.NOT_THERE
        answer = await self._post("/sync/history/remove", undo.body(where), live=True)
        data = object_of(answer) if 200 <= answer.status < 300 else None
        if data is None or not isinstance(data.get("deleted"), dict):
            raise wire.trouble(answer, left_of_day_s=self._day.left_s())
        removed = whole_number(data["deleted"].get("episodes")) or 0
        return Removal.REMOVED if removed else Removal.NOT_THERE

    async def _changed_since(self, at: datetime) -> Mapping[str, Any]:
        """The part of the user's library that changed since `at`, with watched episodes."""
        asked = {
            "date_from": payload.timestamp(at),
            "extended": "full",
            "episode_watched_at": "yes",
        }
        answer = await self._get("/sync/all-items/", asked, live=True)
        if answer.status == 200 and answer.body.strip() in (b"null", b""):
            # An empty library, in Simkl's words.
            return {}
        data = object_of(answer) if answer.status == 200 else None
        if data is None:
            raise wire.trouble(answer, left_of_day_s=self._day.left_s())
        return data

    async def live(self, notice: LiveNotice) -> None:
        """Say what happens now; left out while Simkl's 20 seconds since the last call run."""
        where = payload.place(notice.item) if notice.item.kind in SPEC.kinds else None
        if where is None or where.section == "episodes" or self._locked_s() > 0:
            return
        progress = round(min(max(notice.progress_pct, 0.0), 100.0), 2)
        action = notice.action
        if action is not LiveAction.START and progress >= payload.COUNTS_AT_PCT:
            action, progress = LiveAction.PAUSE, payload.BELOW_PCT
        answer = await self._scrobble(action, where, progress)
        if not (
            200 <= answer.status < 300 or answer.status in _LIVE_IGNORED or wire.is_locked(answer)
        ):
            raise wire.trouble(answer, left_of_day_s=self._day.left_s())

    async def whoami(self) -> RemoteUser:
        """The account the tokens belong to; raises LinkExpired when the link is gone."""
        answer = await self._get("/users/settings", {}, live=True)
        user, plan = wire.read_user(answer, left_of_day_s=self._day.left_s())
        self._day.limit = _A_DAY.get(plan, wire.FREE_A_DAY)
        return user

    async def marks(self) -> Mapping[Facet, str]:
        """When each facet changed last; see `services.importing.Readable`."""
        return await self._library.marks()

    async def page(self, facet: Facet, cursor: str) -> ImportPage:
        """One page of what the account has; see `services.importing.Readable`."""
        return await self._library.page(facet, cursor)

    async def change(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Deliver ratings and the plan to watch; see `services.base.TakesChanges`."""
        return await changes.deliver(batch, self._post, self._library.look_up, self._day.left_s)

    async def revoke(self) -> None:
        """End the grant at Simkl, and remove the copy of what was there."""
        await asyncio.to_thread(self._library.forget)
        secret = await self._slot.get()
        if secret is None:
            return
        client_id = self._id(secret)
        answer = await self._http.request(
            "POST",
            f"{self._api}/oauth2/revoke",
            params=wire.parameters(client_id),
            headers=wire.headers(),
            form={"client_id": client_id, "token": secret.refresh or secret.access},
        )
        if not 200 <= answer.status < 300:
            raise wire.trouble(answer, left_of_day_s=self._day.left_s())

    def _is_fresh(self, delivery: Delivery, where: payload.Place) -> bool:
        """Whether a play may go as a live stop, which Simkl dates by its own clock."""
        age_s = (self._clock.now() - delivery.scrobble.counted_at).total_seconds()
        return (
            where.section != "episodes"
            and not delivery.unsure
            and delivery.attempts == 0
            and -FRESH_S <= age_s <= FRESH_S
            and delivery.scrobble.progress_pct >= payload.COUNTS_AT_PCT
        )

    def _locked_s(self) -> float:
        return max(self._free_at_s - self._clock.monotonic_s(), 0.0)

    async def _stop(self, delivery: Delivery, where: payload.Place) -> Outcome | None:
        """Send a live stop; None where it changed nothing and history has to take the play."""
        if (locked_s := self._locked_s()) > 0:
            return TryLater(Reason.RATE_LIMITED, "", locked_s, counts=False)
        progress = round(min(delivery.scrobble.progress_pct, 100.0), 2)
        answer = await self._scrobble(LiveAction.STOP, where, progress)
        if wire.is_locked(answer):
            return TryLater(Reason.RATE_LIMITED, "", wire.SCROBBLE_LOCK_S, counts=False)
        if answer.status == 409:
            return Delivered(note=Reason.ALREADY_THERE)
        if wire.unknown_item(answer):
            return Refused(Reason.NOT_FOUND)
        data = object_of(answer) if 200 <= answer.status < 300 else None
        if data is None or not isinstance(data.get("action"), str):
            error = wire.trouble(answer, left_of_day_s=self._day.left_s())
            if isinstance(error, BatchRefused):
                return Refused(Reason.INVALID, str(error))
            raise error
        if data["action"] not in ("scrobble", "checkin"):
            return None
        number = whole_number(data.get("id"))
        return Delivered(str(number) if number else None)

    async def _scrobble(self, action: LiveAction, where: payload.Place, progress: float) -> Answer:
        self._free_at_s = self._clock.monotonic_s() + wire.SCROBBLE_LOCK_S
        body = {"progress": progress, **payload.media(where)}
        return await self._post(f"/scrobble/{action.value}", body, live=True)

    async def _add_history(
        self, rows: Sequence[Delivery], places: Mapping[int, payload.Place]
    ) -> dict[int, Outcome]:
        """Send dated watches, of each item the first: Simkl keeps one date of an item."""
        sent: list[Delivery] = []
        stands_for: dict[int, Delivery] = {}
        for row in sorted(rows, key=lambda one: one.scrobble.dated_at):
            where = places[row.id]
            first = next((one for one in sent if places[one.id] == where), row)
            stands_for[row.id] = first
            if first is row:
                sent.append(row)
        outcomes = await self._send_history(sent, places)
        for row in rows:
            outcome = outcomes[stands_for[row.id].id]
            again = row.id not in outcomes and isinstance(outcome, Delivered)
            outcomes[row.id] = Delivered(note=Reason.ALREADY_THERE) if again else outcome
        return outcomes

    async def _send_history(
        self, rows: Sequence[Delivery], places: Mapping[int, payload.Place]
    ) -> dict[int, Outcome]:
        body = payload.history([(places[row.id], row.scrobble) for row in rows])
        answer = await self._post("/sync/history", body, timeout_s=HISTORY_TIMEOUT_S)
        if answer.status == 409 and len(rows) == 1:
            return {rows[0].id: Delivered(note=Reason.ALREADY_THERE)}
        if wire.error_code(answer) == "id_err" and len(rows) == 1:
            return {rows[0].id: Refused(Reason.NOT_FOUND)}
        data = object_of(answer) if 200 <= answer.status < 300 else None
        if (
            data is None
            or not isinstance(data.get("added"), dict)
            or not isinstance(data.get("not_found", {}), dict)
        ):
            error = wire.trouble(answer, left_of_day_s=self._day.left_s())
            if isinstance(error, BatchRefused):
                return {rows[0].id: refusal(str(error), rows=len(rows))}
            raise error
        # A watch that is there already counts as zero, so only `not_found` tells of refusals.
        echo = mapping(data.get("not_found"))
        named, unexplained = payload.not_found(echo, {row.id: places[row.id] for row in rows})
        if unexplained:
            # Sending the same again is harmless, so the row is found by splitting.
            if len(rows) > 1:
                raise BatchRefused("Simkl does not know one of these items.")
            named = {rows[0].id}
        return {
            row.id: Refused(Reason.NOT_FOUND) if row.id in named else Delivered() for row in rows
        }

    async def _post(
        self, path: str, body: dict[str, Any], *, live: bool = False, timeout_s: float = 30.0
    ) -> Answer:
        async def send(secret: Secret) -> Answer:
            await self._gate.pass_(live=live)
            answer = await self._http.request(
                "POST",
                self._api + path,
                params=wire.parameters(self._id(secret)),
                headers=wire.headers(secret.access),
                json=body,
                timeout_s=timeout_s,
            )
            self._gate.learn(answer.headers)
            return answer

        return await self._tokens.send(send)

    async def _get(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        live: bool = False,
        max_bytes: int = 16 << 20,
        timeout_s: float = 30.0,
    ) -> Answer:
        async def send(secret: Secret) -> Answer:
            await self._gate.pass_(live=live)
            answer = await self._http.request(
                "GET",
                self._api + path,
                params={**wire.parameters(self._id(secret)), **params},
                headers=wire.headers(secret.access),
                timeout_s=timeout_s,
                max_bytes=max_bytes,
            )
            self._gate.learn(answer.headers)
            return answer

        return await self._tokens.send(send)

    def _id(self, secret: Secret) -> str:
        return secret.client_id or self._client_id

    async def _refreshed(self, old: Secret) -> Secret:
        client_id = self._id(old)
        if not client_id:
            raise LinkExpired("Simkl is linked without a client id. Link again.")
        answer = await self._http.request(
            "POST",
            f"{self._api}/oauth2/token",
            params=wire.parameters(client_id),
            headers=wire.headers(),
            form={
                "grant_type": "refresh_token",
                "client_id": client_id,
                "refresh_token": old.refresh,
            },
        )
        return read_refreshed(answer, self._clock, old, service=SPEC.name)


def _placed(delivery: Delivery) -> payload.Place | Refused:
    item = delivery.scrobble.item
    if item.kind not in SPEC.kinds:
        return Refused(Reason.NOT_TAKEN)
    return payload.place(item) or Refused(Reason.NOT_FOUND, NO_ID)
