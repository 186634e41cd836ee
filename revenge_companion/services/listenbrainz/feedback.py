"""Loved and hated recordings at ListenBrainz."""

from collections.abc import Awaitable, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from revenge_companion.core.changes import Verb
from revenge_companion.core.delivery import Delivered, Delivery, Outcome, Refused
from revenge_companion.core.errors import BatchRefused, LaneBlocked
from revenge_companion.core.library import item_of
from revenge_companion.core.media import Item
from revenge_companion.core.reasons import Reason
from revenge_companion.net.http import Answer
from revenge_companion.services.answers import first_text, object_of
from revenge_companion.services.changing import change_of
from revenge_companion.services.listenbrainz import payload
from revenge_companion.services.listenbrainz.wire import read
from revenge_companion.services.naming import artist_and_track

#: What a change is there.
SCORES = {Verb.LOVE: 1, Verb.HATE: -1, Verb.UNLOVE: 0}


class Send(Protocol):
    """Sends one request to a path of the server, with the account's token and at its pace."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        json: dict[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        live: bool = True,
    ) -> Awaitable[Answer]: ...


class Feedback:
    """Gives recordings of one account their score."""

    def __init__(self, send: Send, root: str) -> None:
        self._send = send
        self._root = root

    async def give(self, item: Item, score: int, *, live: bool = True) -> None:
        """Give 1 (loved), -1 (hated) or 0 (neither); the same again changes nothing.

        Raises LaneBlocked (not_taken) where the server keeps none or does not know the recording.
        """
        recording = payload.recording(item) or await self._looked_up(item, live=live)
        answer = await self._send(
            "POST",
            "/1/feedback/recording-feedback",
            json={"recording_mbid": recording, "score": score},
            live=live,
        )
        if answer.status in (404, 405):
            raise not_kept(self._root)
        read(answer, self._root)

    async def change(self, delivery: Delivery) -> Outcome:
        """Deliver one row that carries a change."""
        change = change_of(delivery)
        score = SCORES.get(change.verb)
        if score is None:
            return Refused(Reason.NOT_TAKEN)
        try:
            await self.give(item_of(change.subject), score, live=False)
        except LaneBlocked as error:
            if error.code != Reason.NOT_TAKEN:
                raise
            return Refused(Reason.NOT_TAKEN, str(error))
        except BatchRefused as error:
            return Refused(Reason.INVALID, str(error))
        return Delivered()

    async def _looked_up(self, item: Item, *, live: bool) -> str:
        """The recording that MusicBrainz has under these names; raises LaneBlocked for none."""
        artist, track = artist_and_track(item)
        unknown = LaneBlocked(
            "ListenBrainz does not know this recording, so it cannot be loved there.",
            code=Reason.NOT_TAKEN,
        )
        if not (artist and track) or len(artist) + len(track) > payload.LONGEST_LOOKUP:
            raise unknown
        answer = await self._send(
            "GET",
            "/1/metadata/lookup/",
            params={"artist_name": artist, "recording_name": track},
            live=live,
        )
        data = object_of(answer)
        if answer.status != 200 or data is None:
            read(answer, self._root)
        found = payload.mbid(first_text((data or {}).get("recording_mbid")))
        if found is None:
            raise unknown
        return found


def not_kept(root: str) -> LaneBlocked:
    """The server has no loved tracks."""
    return LaneBlocked(f"{urlsplit(root).netloc} keeps no loved tracks.", code=Reason.NOT_TAKEN)
