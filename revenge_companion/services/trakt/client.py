"""One account's line to Trakt."""

from collections.abc import Mapping, Sequence
from typing import Any

from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import Delivered, Delivery, Outcome, Refused, Skipped, Unknown
from revenge_companion.core.errors import BatchRefused, LinkExpired
from revenge_companion.core.library import Facet
from revenge_companion.core.live import LiveAction, LiveNotice
from revenge_companion.core.reasons import Reason
from revenge_companion.net.gate import Gate
from revenge_companion.net.http import Answer, Http
from revenge_companion.services.answers import (
    mapping,
    object_of,
    refusal,
    rows_of,
    sorted_out,
    whole_number,
)
from revenge_companion.services.base import RemoteUser, Secret, SecretSlot
from revenge_companion.services.importing import Fetched, ImportPage
from revenge_companion.services.naming import NO_ID
from revenge_companion.services.tokens import Tokens, read_refreshed
from revenge_companion.services.trakt import changes, payload, reading, undo, wire
from revenge_companion.services.trakt.once import WatchOnce
from revenge_companion.services.trakt.spec import SPEC
from revenge_companion.services.trakt.walk import Walk
from revenge_companion.services.undo import Removal

#: A counted play is sent as a live stop this long; Trakt dates a stop by its own clock. Seconds.
FRESH_S = 300.0
#: Seconds a history request may take: Trakt's time grows with the rows.
HISTORY_TIMEOUT_S = 60.0
#: Lines of history in one request; their own maximum.
PAGE = 250
#: What Trakt wants as redirect address of apps that have none.
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
#: Statuses of a live call that change nothing for anybody: unknown item, done already, too early.
_LIVE_IGNORED = (404, 409, 422)
#: How often a play is tried before Trakt is believed that it added none; in between it is looked up
#: there. Trakt keeps what is sent twice, so that sending for ever would do harm.
_TAKEN_TRIES = 3


class TraktClient:
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
        auth_root: str,
        client_id: str,
    ) -> None:
        self._http = http
        self._clock = clock
        self._slot = slot
        self._api = api_root
        self._auth = auth_root
        self._client_id = client_id
        self._tokens = Tokens(slot, clock, self._refreshed, service=SPEC.name)
        self._writes = Gate(clock, interval_s=wire.WRITE_INTERVAL_S)
        self._reads = Gate(clock, interval_s=wire.READ_INTERVAL_S, burst=10)
        #: Whether rewatches are wanted there.
        self.once = WatchOnce(clock, self._get)
        self._walk = Walk(self._get)

    async def submit(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Deliver rows; see `services.base.Client`."""
        places, outcomes = sorted_out(batch, _placed)
        rows = [delivery for delivery in batch if delivery.id in places]
        rewatches = await self.once.rewatches(rows) if rows else set()
        if rewatches:
            outcomes |= dict.fromkeys(rewatches, Skipped(Reason.WATCHED_ONCE))
            rows = [row for row in rows if row.id not in rewatches]
        if len(batch) == 1 and rows and self._is_fresh(rows[0]):
            outcome = await self._stop(rows[0])
            if outcome is not None:
                return {rows[0].id: outcome}
        return outcomes | (await self._add_history(rows, places) if rows else {})

    async def find(self, delivery: Delivery) -> str | None:
        """The history id of a play that did arrive, live or dated; None where there is none."""
        path, params = reading.asked([delivery])
        entries, _ = await self._history_page(path, params, 1, 100)
        return reading.matched(entries, [delivery]).get(delivery.id)

    def doubtful(self, batch: Sequence[Delivery]) -> Sequence[Delivery]:
        """Rows that have to be looked for first; see `services.base.ReadsBack`.

        A live stop needs no look: the second one within its hour is refused.
        """
        if len(batch) == 1 and self._is_fresh(batch[0]):
            return ()
        items = [(one, one.scrobble.item) for one in batch if one.scrobble.change is None]
        return [
            one
            for one, item in items
            if item.kind in SPEC.kinds and payload.place(item) is not None
        ]

    async def find_many(self, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
        """The history ids of those that are there, in as few requests as there are pages."""
        path, params = reading.asked(deliveries)
        entries, pages = await self._history_page(path, params, 1, PAGE)
        if pages > max(len(deliveries), 2):
            # They lie far apart in a long history: asking for each costs less.
            found = {one.id: await self.find(one) for one in deliveries}
            return {key: value for key, value in found.items() if value is not None}
        for page in range(2, pages + 1):
            entries += (await self._history_page(path, params, page, PAGE))[0]
        return reading.matched(entries, deliveries)

    async def confirm(self, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
        """The history ids of rows just sent, once each is there once.

        A second Companion may have looked for them at the same moment, and sent them as well.
        """
        path, params = reading.asked(deliveries)
        entries, _ = await self._history_page(path, params, 1, PAGE)
        gone = reading.doubles(entries, deliveries)
        if gone:
            await self._post("/sync/history/remove", {"ids": sorted(gone)})
        kept = [entry for entry in entries if whole_number(entry.get("id")) not in gone]
        return reading.matched(kept, deliveries)

    async def _history_page(
        self, path: str, params: dict[str, str], page: int, limit: int
    ) -> tuple[list[Mapping[str, Any]], int]:
        """One page of the history, and how many there are."""
        numbers = {"page": str(page), "limit": str(limit)}
        answer = await self._get(path, params | numbers)
        try:
            entries = answer.json() if answer.status == 200 else None
        except ValueError:
            entries = None
        if not isinstance(entries, list):
            raise wire.trouble(answer, may_be_kept=False)
        pages = whole_number(answer.headers.get("x-pagination-page-count"))
        return rows_of(entries), 1 if pages is None else pages

    async def undo(self, delivery: Delivery) -> Removal:
        """Remove the play from the history, by the id it has there; see `services.undo`."""
        history_id = delivery.remote_id or await self.find(delivery)
        if not history_id:
            return Removal.NOT_THERE
        removed = undo.read(await self._post("/sync/history/remove", undo.body(history_id)))
        # An id we were given and that is gone was removed before.
        return Removal.REMOVED if delivery.remote_id else removed

    async def marks(self) -> Mapping[Facet, str]:
        """When each facet changed last; see `services.importing.Readable`."""
        return await self._walk.marks()

    async def page(self, facet: Facet, cursor: str) -> ImportPage:
        """One page of what the account has; see `services.importing.Readable`."""
        return (await self.fetch(facet, cursor)).page()

    async def fetch(self, facet: Facet, cursor: str) -> Fetched:
        """What a page is made of; see `services.importing.ReadsAhead`."""
        return await self._walk.fetch(facet, cursor)

    async def change(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Deliver ratings and the like; see `services.base.TakesChanges`."""
        return await changes.deliver(batch, self._post, self._walk.ratings_that_stand)

    async def live(self, notice: LiveNotice) -> None:
        """Say what happens now. A stop or pause never carries what Trakt would count."""
        forms = payload.forms(notice.item) if notice.item.kind in SPEC.kinds else []
        progress = round(min(max(notice.progress_pct, 0.0), 100.0), 2)
        action = notice.action
        if action is not LiveAction.START:
            if progress < 1:
                return
            if progress >= payload.COUNTS_AT_PCT:
                action, progress = LiveAction.PAUSE, payload.BELOW_PCT
        for form in forms:
            answer = await self._post(
                f"/scrobble/{action.value}", form | {"progress": progress}, live=True
            )
            if wire.unknown_item(answer):
                continue
            if not 200 <= answer.status < 300 and answer.status not in _LIVE_IGNORED:
                raise wire.trouble(answer, may_be_kept=False)
            return

    async def whoami(self) -> RemoteUser:
        """The account the tokens belong to; raises LinkExpired when the link is gone."""
        answer = await self._get("/users/settings", {"extended": "browsing"})
        user = wire.read_user(answer)
        self.once.learn(object_of(answer) or {})
        return user

    async def revoke(self) -> None:
        """End the grant at Trakt."""
        secret = await self._slot.get()
        if secret is None:
            return
        client_id = secret.client_id or self._client_id
        answer = await self._http.request(
            "POST",
            f"{self._auth}/oauth/revoke",
            json={"token": secret.access, "client_id": client_id},
        )
        if not 200 <= answer.status < 300:
            raise wire.trouble(answer, may_be_kept=False)

    def _is_fresh(self, delivery: Delivery) -> bool:
        """Whether a play may go as a live stop, which Trakt dates by its own clock.

        So may one whose stop was not answered: Trakt refuses the second (409), whereas looking for
        the first by our own clock, which may be wrong, need not find it.
        """
        age_s = (self._clock.now() - delivery.scrobble.counted_at).total_seconds()
        return (
            -FRESH_S <= age_s <= FRESH_S and delivery.scrobble.progress_pct >= payload.COUNTS_AT_PCT
        )

    async def _stop(self, delivery: Delivery) -> Outcome | None:
        """Send a live stop; None where it changed nothing and history has to take the play."""
        progress = round(min(delivery.scrobble.progress_pct, 100.0), 2)
        for form in payload.forms(delivery.scrobble.item):
            answer = await self._post("/scrobble/stop", form | {"progress": progress}, live=True)
            if wire.unknown_item(answer):
                continue
            if answer.status == 409:
                if reading.is_earlier_play(answer, delivery):
                    # Trakt takes one stop of an item an hour; history takes the second watch.
                    return None
                return Delivered(note=Reason.ALREADY_THERE)
            if answer.status == 422:
                return None
            data = object_of(answer) if 200 <= answer.status < 300 else None
            if data is None or not isinstance(data.get("action"), str):
                raise wire.trouble(answer, may_be_kept=True)
            if data["action"] != "scrobble":
                return None
            return Delivered(_remote_id(data.get("id")))
        return Refused(Reason.NOT_FOUND)

    async def _add_history(
        self, rows: Sequence[Delivery], places: Mapping[int, payload.Place]
    ) -> dict[int, Outcome]:
        body = payload.history([(places[row.id], row.scrobble) for row in rows])
        answer = await self._post("/sync/history", body, timeout_s=HISTORY_TIMEOUT_S)
        if answer.status == 409:
            if len(rows) > 1:
                raise BatchRefused("Trakt already has one of these plays.")
            return {rows[0].id: Delivered(note=Reason.ALREADY_THERE)}
        data = object_of(answer) if 200 <= answer.status < 300 else None
        if data is None or not isinstance(data.get("added"), dict):
            error = wire.trouble(answer, may_be_kept=True)
            if isinstance(error, BatchRefused):
                return {rows[0].id: refusal(str(error), rows=len(rows))}
            raise error
        return _read_added(data, {row.id: (places[row.id], row.attempts) for row in rows})

    async def _post(
        self, path: str, body: dict[str, Any], *, live: bool = False, timeout_s: float = 30.0
    ) -> Answer:
        async def send(secret: Secret) -> Answer:
            await self._writes.pass_(live=live)
            answer = await self._http.request(
                "POST",
                self._api + path,
                headers=wire.headers(secret, self._client_id),
                json=body,
                timeout_s=timeout_s,
            )
            self._writes.learn(answer.headers)
            return answer

        return await self._tokens.send(send)

    async def _get(self, path: str, params: dict[str, str]) -> Answer:
        async def send(secret: Secret) -> Answer:
            await self._reads.pass_()
            head = wire.headers(secret, self._client_id)
            url = self._api + path
            answer = await self._http.request("GET", url, params=params, headers=head)
            self._reads.learn(answer.headers)
            return answer

        return await self._tokens.send(send)

    async def _refreshed(self, old: Secret) -> Secret:
        client_id = old.client_id or self._client_id
        if not client_id:
            raise LinkExpired("Trakt is linked without a client id. Link again.")
        answer = await self._http.request(
            "POST",
            f"{self._auth}/oauth/token",
            json={
                "grant_type": "refresh_token",
                "refresh_token": old.refresh,
                "client_id": client_id,
                "redirect_uri": OUT_OF_BAND,
            },
        )
        return read_refreshed(answer, self._clock, old, service=SPEC.name)


def _read_added(
    data: Mapping[str, Any], rows: Mapping[int, tuple[payload.Place, int]]
) -> dict[int, Outcome]:
    """Each row's outcome from an answer that may be a partial success.

    What is neither counted nor named stays unsure, so that it is read back and not doubled, but not
    for ever. `rows` are places and how often each was tried before.
    """
    places = {row: place for row, (place, _) in rows.items()}
    echo = mapping(data.get("not_found"))
    named, _ = payload.not_found(echo, places)
    outcomes: dict[int, Outcome] = {row: Refused(Reason.NOT_FOUND) for row in named}
    for kind, sections in (("movies", ("movies",)), ("episodes", ("shows", "seasons", "episodes"))):
        rest = [
            row for row, where in places.items() if where.section in sections and row not in named
        ]
        taken = sum(
            whole_number(mapping(data.get(key)).get(kind)) or 0 for key in ("added", "updated")
        )
        outcome: Outcome
        if taken >= len(rest):
            outcome = Delivered()
        elif taken == 0 and any(echo.get(section) for section in sections):
            # Nothing of this kind was taken, and what was not found cannot be told apart.
            outcome = Refused(Reason.NOT_FOUND)
        else:
            says = f"Trakt took {taken} of {len(rest)} plays."
            outcome = Unknown(Reason.UNANSWERED, says)
            if taken == 0:
                ended = [row for row in rest if rows[row][1] >= _TAKEN_TRIES]
                outcomes |= dict.fromkeys(ended, Refused(Reason.IGNORED, says))
                rest = [row for row in rest if row not in ended]
        outcomes |= dict.fromkeys(rest, outcome)
    return outcomes


def _remote_id(value: object) -> str | None:
    number = whole_number(value)
    return str(number) if number else None


def _placed(delivery: Delivery) -> payload.Place | Refused:
    item = delivery.scrobble.item
    if item.kind not in SPEC.kinds:
        return Refused(Reason.NOT_TAKEN)
    return payload.place(item) or Refused(Reason.NOT_FOUND, NO_ID)
