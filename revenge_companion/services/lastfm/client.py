"""One account's line to Last.fm or a compatible server."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from revenge_companion.core.accounts import Account
from revenge_companion.core.changes import Verb
from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import (
    Delivered,
    Delivery,
    Outcome,
    Refused,
    Skipped,
    TryLater,
)
from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    QuotaExhausted,
    ServiceTrouble,
)
from revenge_companion.core.library import Facet, item_of
from revenge_companion.core.live import LiveAction, LiveNotice
from revenge_companion.core.media import Item
from revenge_companion.core.reasons import Reason
from revenge_companion.net.gate import Gate
from revenge_companion.net.http import Answer, Http
from revenge_companion.services.answers import (
    all_of,
    first_text,
    mapping,
    object_of,
    one_by_one,
    outcome_of,
    refusal,
)
from revenge_companion.services.base import RemoteUser, Secret, SecretSlot
from revenge_companion.services.changing import change_of
from revenge_companion.services.importing import ImportPage
from revenge_companion.services.lastfm import payload, wire
from revenge_companion.services.lastfm.reading import Reading
from revenge_companion.services.lastfm.spec import SPEC
from revenge_companion.services.naming import artist_and_track

#: Rows sent one by one in one submit; the rest come back at once, so that quitting is quick.
SINGLES_AT_ONCE = 50


class LastFmClient:
    """Scrobbles fifty at once, or one by one where a server bears no more."""

    def __init__(
        self,
        http: Http,
        clock: Clock,
        account: Account,
        slot: SecretSlot,
        *,
        root: str,
        keys: wire.Keys,
        custom: bool,
    ) -> None:
        self._http = http
        self._clock = clock
        self._account = account
        self._slot = slot
        self._root = root
        self._keys = keys
        self._custom = custom
        self._gate = Gate(clock, interval_s=wire.INTERVAL_S, burst=5)
        user = account.remote_name or account.remote_id
        self._reading = Reading(self._call, user, custom=custom)
        #: Known by the address, or learned from an answer that only tells of one row.
        self._singles = custom and payload.wants_singles(root)

    @property
    def max_age_s(self) -> float | None:
        """Compatible servers take plays of any age; see `services.base.AgeLimited`."""
        return None if self._custom else SPEC.max_age_s

    async def submit(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Deliver rows; see `services.base.Client`."""
        outcomes: dict[int, Outcome] = {}
        rows: list[Delivery] = []
        for delivery in batch:
            refused = self._refused(delivery)
            if refused is not None:
                outcomes[delivery.id] = refused
            else:
                rows.append(delivery)
        if not rows:
            return outcomes
        if len(rows) > 1 and self._singles:
            return outcomes | await self._one_by_one(rows)
        return outcomes | await self._send(rows)

    async def find(self, delivery: Delivery) -> str | None:
        """Never asked: artist, track and second are frozen, so resending is harmless."""
        return None

    async def live(self, notice: LiveNotice) -> None:
        """Show what plays now; it is forgotten after the track's length."""
        if notice.action is not LiveAction.START or not all(artist_and_track(notice.item)):
            return
        fields = payload.now_playing(notice.item)
        answer = await self._call("track.updateNowPlaying", fields, live=True)
        if not mapping((object_of(answer) or {}).get("nowplaying")):
            raise wire.trouble(answer, custom=self._custom)

    async def whoami(self) -> RemoteUser:
        """The account the session belongs to; raises LinkExpired when it is gone.

        Servers that cannot tell are taken to be what they were when linked.
        """
        # With a name it would be a public reading that proves nothing; GNU FM insists on one.
        asked = {"user": self._account.remote_name} if self._custom else {}
        answer = await self._call("user.getInfo", asked, live=True)
        name = first_text(mapping((object_of(answer) or {}).get("user")).get("name"))
        if name:
            return remote_user(name, custom=self._custom)
        error = wire.trouble(answer, custom=self._custom, what="a question")
        code, _ = wire.error_of(answer)
        if self._custom and code in (0, 3, 6, 7):
            return RemoteUser(self._account.remote_id, self._account.remote_name)
        raise error

    async def love(self, item: Item, *, loved: bool) -> None:
        """Love a track or take that back; see `services.base.LoveClient`."""
        await self._love(item, loved=loved, live=True)

    async def _love(self, item: Item, *, loved: bool, live: bool) -> None:
        artist, track = artist_and_track(item)
        if not (artist and track):
            raise LaneBlocked("It has no artist or no title.", code=Reason.NOT_TAKEN)
        method = "track.love" if loved else "track.unlove"
        answer = await self._call(method, {"artist": artist, "track": track}, live=live)
        code, detail = wire.error_of(answer)
        if code is None and object_of(answer) is not None and answer.status < 300:
            return
        if self._custom and (code in (0, 3) or answer.status in (404, 405)):
            raise LaneBlocked(f"{answer.host} keeps no loved tracks.", code=Reason.NOT_TAKEN)
        if code in (6, 7):
            raise LaneBlocked(f"Last.fm did not accept this track: {detail}", code=Reason.NOT_TAKEN)
        raise wire.trouble(answer, custom=self._custom)

    async def change(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Love and unlove tracks, one by one; see `services.base.TakesChanges`."""
        return await one_by_one(batch, self._changed, at_once=SINGLES_AT_ONCE)

    async def _changed(self, delivery: Delivery) -> Outcome:
        change = change_of(delivery)
        if change.verb not in (Verb.LOVE, Verb.UNLOVE, Verb.HATE):
            return Refused(Reason.NOT_TAKEN)
        if change.verb is Verb.HATE:
            return Skipped(Reason.NOT_TAKEN, "Last.fm keeps no hated tracks.")
        try:
            loved = change.verb is Verb.LOVE
            await self._love(item_of(change.subject), loved=loved, live=False)
        except LaneBlocked as error:
            if error.code != Reason.NOT_TAKEN:
                raise
            return Refused(Reason.NOT_TAKEN, str(error))
        return Delivered()

    async def marks(self) -> Mapping[Facet, str]:
        """What changes with the account's plays and loves; see `services.importing.Readable`."""
        return await self._reading.marks()

    async def page(self, facet: Facet, cursor: str) -> ImportPage:
        """A page of plays or loves; see `services.importing.Readable`."""
        return await self._reading.page(facet, cursor)

    async def revoke(self) -> None:
        """Nothing to give back: a session ends when the user revokes the app at Last.fm."""

    def _refused(self, delivery: Delivery) -> Refused | None:
        """Why a row need not be sent; None where it can be."""
        scrobble = delivery.scrobble
        if scrobble.item.kind not in SPEC.kinds:
            return Refused(Reason.NOT_TAKEN)
        if not all(artist_and_track(scrobble.item)):
            return Refused(Reason.INVALID, "It has no artist or no title.")
        age_s = (self._clock.now() - scrobble.dated_at).total_seconds()
        if self.max_age_s is not None and age_s > self.max_age_s:
            return Refused(Reason.TOO_OLD)
        return None

    async def _one_by_one(self, rows: Sequence[Delivery]) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = {}
        for position, row in enumerate(rows):
            unsent = [other.id for other in rows[position + 1 :]]
            try:
                outcomes |= await self._send([row])
            except CompanionError as error:
                if not outcomes:
                    raise
                later = outcome_of(error, alone=True)
                outcomes[row.id] = later
                after_s = later.after_s if isinstance(later, TryLater) else 0.0
                code = later.code if isinstance(later, TryLater) else ""
                return outcomes | all_of(unsent, TryLater(code, "", after_s, counts=False))
            if position + 1 == SINGLES_AT_ONCE:
                return outcomes | all_of(unsent, TryLater("", after_s=0.0, counts=False))
        return outcomes

    async def _send(self, rows: Sequence[Delivery]) -> dict[int, Outcome]:
        """One request for all rows."""
        fields = payload.batch([row.scrobble for row in rows])
        answer = await self._call("track.scrobble", fields)
        code, detail = wire.error_of(answer)
        result = payload.read_result(object_of(answer) or {}) if code is None else None
        if result is not None:
            return self._read(result, rows)
        if self._custom and len(rows) > 1 and (code in (0, 8) or answer.status == 500):
            # Maloja fails at several scrobbles at once, wherever it lives.
            return self._alone_next([row.id for row in rows])
        error = wire.trouble(answer, custom=self._custom)
        if isinstance(error, BatchRefused):
            return {rows[0].id: refusal(detail or str(error), rows=len(rows))}
        if self._custom and code == 0 and 400 <= answer.status < 500:
            # multi-scrobbler words its refusals without a number.
            return {rows[0].id: refusal(detail, rows=len(rows))}
        raise error

    def _read(self, result: payload.Result, rows: Sequence[Delivery]) -> dict[int, Outcome]:
        """Each row's outcome; a success of the whole is not one of its rows."""
        told = result.rows
        if not told and len(rows) == 1:
            told = (payload.Row(1 if result.ignored or result.accepted == 0 else 0),)
        elif not told and result.accepted == len(rows):
            told = (payload.Row(0),) * len(rows)
        if len(told) < len(rows) and self._custom:
            rest = self._alone_next([row.id for row in rows[len(told) :]])
            return rest | {
                row.id: self._outcome(row, one) for row, one in zip(rows, told, strict=False)
            }
        taken = sum(row.code == 0 for row in told)
        if len(told) != len(rows) or (result.accepted is not None and result.accepted < taken):
            if len(rows) > 1:
                # Sending the same again is harmless, so single rows will tell.
                raise BatchRefused("Last.fm did not say which plays it took.")
            if not result.ignored:
                raise ServiceTrouble("Last.fm did not say whether it took the play.")
            told = (payload.Row(1, told[0].detail if told else ""),)
        outcomes = {row.id: self._outcome(row, one) for row, one in zip(rows, told, strict=True)}
        if all(row.code == 5 for row in told):
            raise QuotaExhausted("Last.fm takes no more plays today.", retry_after_s=wire.DAY_S)
        return outcomes

    def _outcome(self, delivery: Delivery, row: payload.Row) -> Outcome:
        match row.code:
            case 0:
                return Delivered()
            case 91 if self._custom:
                return Delivered(note=Reason.ALREADY_THERE)
            case 3 | 4:
                # GNU FM has the two codes the other way round; the clock knows.
                past = delivery.scrobble.dated_at <= self._clock.now()
                too_old = past if self._custom else row.code == 3
                return Refused(Reason.TOO_OLD if too_old else Reason.TOO_NEW, row.detail)
            case 5:
                return TryLater(Reason.QUOTA, row.detail, wire.DAY_S, counts=False)
        return Refused(Reason.IGNORED, row.detail or _why_ignored(row.code))

    def _alone_next(self, ids: Sequence[int]) -> dict[int, Outcome]:
        """Send these rows alone from now on, beginning at once."""
        self._singles = True
        return all_of(ids, TryLater("", after_s=0.0, counts=False))

    async def _call(self, method: str, fields: dict[str, str], *, live: bool = False) -> Answer:
        secret = await self._slot.get()
        if secret is None or not secret.access:
            raise LinkExpired("Last.fm is not linked any more.")
        keys = self._keys_of(secret)
        await self._gate.pass_(live=live)
        fields = fields | {"sk": secret.access}
        answer = await wire.call(self._http, self._root, keys, method, fields)
        self._gate.learn(answer.headers)
        return answer

    def _keys_of(self, secret: Secret) -> wire.Keys:
        """The keys the session was made with: the user's own, else the environment's."""
        keys = wire.Keys(
            secret.client_id or self._keys.key, secret.client_secret or self._keys.secret
        )
        if not self._custom and not (keys.key and keys.secret):
            raise LaneBlocked(
                f"The API key of Last.fm is missing. Set {SPEC.client_id_env} and "
                f"{SPEC.client_secret_env}, or link again with your own.",
                code=Reason.APP_KEY_REFUSED,
            )
        return keys


def _why_ignored(code: int) -> str:
    """What Last.fm means by a number that it gave without words; 1 stands for much more."""
    match code:
        case 1:
            return "It filters the artist or the album, or the play was too short or too old."
        case 2:
            return "It filters this track."
    return f"The number of its reason is {code}."


def remote_user(name: str, *, custom: bool) -> RemoteUser:
    """An account by its name, which is all that Last.fm knows it by."""
    page = "" if custom else f"https://www.last.fm/user/{quote(name, safe='')}"
    return RemoteUser(name, name, page)
