"""One account's line to ListenBrainz or a compatible server."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import Delivered, Delivery, Outcome, Refused, TryLater
from revenge_companion.core.errors import (
    CompanionError,
    LinkExpired,
)
from revenge_companion.core.library import Facet
from revenge_companion.core.live import LiveAction, LiveNotice
from revenge_companion.core.media import Item
from revenge_companion.core.reasons import Reason
from revenge_companion.net.gate import Gate
from revenge_companion.net.http import Answer, Http
from revenge_companion.services.answers import (
    all_of,
    mapping,
    object_of,
    one_by_one,
    outcome_of,
    refusal,
)
from revenge_companion.services.base import RemoteUser, SecretSlot
from revenge_companion.services.importing import ImportPage
from revenge_companion.services.listenbrainz import payload, undo, wire
from revenge_companion.services.listenbrainz.feedback import Feedback, not_kept
from revenge_companion.services.listenbrainz.probe import NO_TOKEN
from revenge_companion.services.listenbrainz.reading import Reading
from revenge_companion.services.listenbrainz.spec import SPEC
from revenge_companion.services.naming import artist_and_track
from revenge_companion.services.undo import Removal, UndoUnsafe

#: Seconds a batch may take: a thousand listens have to go up a slow line.
BATCH_TIMEOUT_S = 120.0
#: Rows sent one by one in one submit; the rest come back at once, so that quitting is quick.
SINGLES_AT_ONCE = 50

_Row = tuple[int, dict[str, Any]]


class ListenBrainzClient:
    """Submits listens: a thousand at once, or one by one where a server bears no more."""

    def __init__(
        self, http: Http, clock: Clock, account: Account, slot: SecretSlot, *, root: str
    ) -> None:
        self._http = http
        self._account = account
        self._slot = slot
        self._root = root
        # Library default of the server: 30 requests in 10 s; its headers say what is left.
        self._gate = Gate(clock, interval_s=10 / 30, burst=10)
        self._feedback = Feedback(self._sent, root)
        self._reading = Reading(self._sent, root, account.remote_id)
        #: None until a custom server had to be told apart from ListenBrainz.
        self._singles: bool | None = payload.is_compatible(root) or (
            None if account.api_url and root != SPEC.default_api_url else False
        )

    async def submit(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Deliver rows; see `services.base.Client`."""
        outcomes: dict[int, Outcome] = {}
        rows: list[_Row] = []
        for delivery in batch:
            refused = _refused(delivery)
            if refused is not None:
                outcomes[delivery.id] = refused
            else:
                rows.append((delivery.id, payload.listen(delivery.scrobble)))
        if len(rows) > 1 and await self._wants_singles():
            outcomes |= await self._one_by_one(rows)
        elif rows:
            outcomes |= await self._together(rows)
        return outcomes

    async def find(self, delivery: Delivery) -> str | None:
        """Never asked: listens are told apart by what was frozen, so resending is harmless."""
        return None

    async def undo(self, delivery: Delivery) -> Removal:
        """Have the listen deleted, which happens after the full hour; see `services.undo`."""
        if await self._wants_singles():
            raise UndoUnsafe(undo.NOT_HERE)
        sent = payload.listen(delivery.scrobble)
        # Exclusive: the newest listens up to and with the second of ours.
        window = {"max_ts": str(sent["listened_at"] + 1), "count": str(undo.COUNT)}
        user = quote(self._account.remote_id, safe="")
        listens = await self._sent("GET", f"/1/user/{user}/listens", params=window)
        if listens.status in (401, 403, 429) or listens.status >= 500:
            wire.read(listens, self._root)
        recording = undo.found(listens, sent)
        if recording is None:
            return Removal.NOT_THERE
        body = {"listened_at": sent["listened_at"], "recording_msid": recording}
        wire.read(await self._sent("POST", "/1/delete-listen", json=body), self._root)
        return Removal.LATER

    async def live(self, notice: LiveNotice) -> None:
        """Show what plays now; the server forgets it by itself after the track's length."""
        if notice.action is not LiveAction.START or not all(artist_and_track(notice.item)):
            return
        answer = await self._post("playing_now", [payload.playing_now(notice.item)], live=True)
        wire.read(answer, self._root)

    async def whoami(self) -> RemoteUser:
        """The account the token belongs to; raises LinkExpired for a token that is no more."""
        user = await wire.validated(self._http, self._root, await self._token(), self._gate)
        if user is None:
            raise LinkExpired("ListenBrainz does not accept this token any more.")
        return user

    async def love(self, item: Item, *, loved: bool) -> None:
        """Love a recording or take that back; see `services.base.LoveClient`."""
        if await self._wants_singles():
            raise not_kept(self._root)
        await self._feedback.give(item, 1 if loved else 0)

    async def change(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Love and hate recordings, one by one; see `services.base.TakesChanges`."""
        if await self._wants_singles():
            # Its plays go on, so the lane must not be held for this.
            refused = Refused(Reason.NOT_TAKEN, str(not_kept(self._root)))
            return all_of([one.id for one in batch], refused)
        return await one_by_one(batch, self._feedback.change, at_once=SINGLES_AT_ONCE)

    async def marks(self) -> Mapping[Facet, str]:
        """What changes with the listens and the feedback; see `services.importing.Readable`."""
        return await self._reading.marks()

    async def page(self, facet: Facet, cursor: str) -> ImportPage:
        """A page of listens or feedback; see `services.importing.Readable`."""
        return await self._reading.page(facet, cursor)

    async def _sent(
        self,
        method: str,
        path: str,
        *,
        json: dict[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        live: bool = True,
    ) -> Answer:
        token = await self._token()
        await self._gate.pass_(live=live)
        answer = await self._http.request(
            method,
            self._root + path,
            params=params,
            json=json,
            headers={"Authorization": f"Token {token}"},
        )
        self._gate.learn(answer.headers)
        return answer

    async def revoke(self) -> None:
        """Nothing to give back: the token is the user's own."""

    async def _token(self) -> str:
        secret = await self._slot.get()
        if secret is None or not secret.access:
            raise LinkExpired("ListenBrainz is not linked any more.")
        return secret.access

    async def _wants_singles(self) -> bool:
        """Whether this server loses rows of a batch.

        Maloja drops what follows a duplicate, older multi-scrobblers keep the first row only, and
        both answer "ok". They are known by their paths, or because they do not answer a token
        nobody has as ListenBrainz does.
        """
        if self._singles is None:
            await self._gate.pass_()
            answer = await wire.ask_validate(self._http, self._root, NO_TOKEN)
            if answer.status >= 500:
                wire.read(answer, self._root)
            self._singles = (object_of(answer) or {}).get("valid") is not False
        return self._singles

    async def _together(self, rows: list[_Row]) -> dict[int, Outcome]:
        """One request for all rows, again without each row that the server names and refuses."""
        outcomes: dict[int, Outcome] = {}
        while rows:
            kind = "single" if len(rows) == 1 else "import"
            try:
                answer = await self._post(kind, [listen for _, listen in rows])
                culprit = _culprit(answer, rows)
                if culprit is not None:
                    row_id, outcome = culprit
                    outcomes[row_id] = outcome
                    rows = [row for row in rows if row[0] != row_id]
                    continue
                outcomes |= self._read_rows(answer, [row_id for row_id, _ in rows])
            except CompanionError as error:
                if not outcomes:
                    raise
                alone = len(rows) == 1
                outcomes |= {row_id: outcome_of(error, alone=alone) for row_id, _ in rows}
            break
        return outcomes

    async def _one_by_one(self, rows: list[_Row]) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = {}
        for position, row in enumerate(rows):
            try:
                if position == SINGLES_AT_ONCE:
                    rest = [row_id for row_id, _ in rows[position:]]
                    return outcomes | all_of(rest, TryLater("", after_s=0.0, counts=False))
                outcomes |= await self._together([row])
            except CompanionError as error:
                if not outcomes:
                    raise
                later = outcome_of(error, alone=True)
                # The rest was not sent: only this row may have arrived.
                outcomes[row[0]] = later
                unsent = [row_id for row_id, _ in rows[position + 1 :]]
                after_s = later.after_s if isinstance(later, TryLater) else 0.0
                code = later.code if isinstance(later, TryLater) else ""
                return outcomes | all_of(unsent, TryLater(code, "", after_s, counts=False))
        return outcomes

    async def _post(
        self, kind: str, listens: list[dict[str, Any]], *, live: bool = False
    ) -> Answer:
        token = await self._token()
        await self._gate.pass_(live=live)
        answer = await self._http.request(
            "POST",
            payload.submit_url(self._root),
            headers={"Authorization": f"Token {token}"},
            json={"listen_type": kind, "payload": listens},
            timeout_s=BATCH_TIMEOUT_S if len(listens) > 1 else 30.0,
        )
        self._gate.learn(answer.headers)
        return answer

    def _read_rows(self, answer: Answer, ids: list[int]) -> dict[int, Outcome]:
        """Outcomes of a request in which no row was named."""
        if answer.status == 413 or (answer.status == 400 and object_of(answer) is not None):
            detail = wire.words_of(answer) or "ListenBrainz refused the size of this request."
            return all_of(ids, refusal(detail, rows=len(ids)))
        if answer.status == 409 and "endpoint" not in wire.words_of(answer).lower():
            # Maloja keeps one play per second; another track already has this one, for good.
            detail = wire.words_of(answer) or "The server has another play at this second."
            return all_of(ids, refusal(detail, rows=len(ids)))
        wire.read(answer, self._root)
        return all_of(ids, Delivered())


def _refused(delivery: Delivery) -> Refused | None:
    """Why a row need not be sent; None where it can be."""
    if delivery.scrobble.item.kind not in SPEC.kinds:
        return Refused(Reason.NOT_TAKEN)
    if not all(artist_and_track(delivery.scrobble.item)):
        return Refused(Reason.INVALID, "It has no artist or no title.")
    if delivery.scrobble.dated_at.timestamp() < payload.EARLIEST:
        return Refused(Reason.TOO_OLD)
    return None


def _culprit(answer: Answer, rows: list[_Row]) -> tuple[int, Outcome] | None:
    """The row that a refusal names by echoing its listen, with its outcome."""
    data = object_of(answer) if answer.status == 400 else None
    if data is None or "track_metadata" not in data:
        return None
    echoed = mapping(data["track_metadata"])
    for row_id, listen in rows:
        sent = listen["track_metadata"]
        if data.get("listened_at") == listen["listened_at"] and all(
            echoed.get(key) == sent[key] for key in ("artist_name", "track_name")
        ):
            detail = wire.words_of(answer)
            dated = any(word in detail.lower() for word in ("timestamp", "future"))
            return row_id, Refused(Reason.TOO_NEW if dated else Reason.INVALID, detail)
    return None
