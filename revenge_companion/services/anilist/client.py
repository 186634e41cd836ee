"""One account's line to AniList."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from revenge_companion.core.animemap import Candidate, Match
from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import Delivered, Delivery, Outcome, Refused
from revenge_companion.core.errors import (
    BatchRefused,
    ImportRefused,
    LinkExpired,
    ServiceTrouble,
)
from revenge_companion.core.library import Facet
from revenge_companion.core.live import LiveNotice
from revenge_companion.core.reasons import Reason
from revenge_companion.core.watching import Change, ListPolicy, Watched
from revenge_companion.net.gate import Gate
from revenge_companion.net.http import Answer, Http
from revenge_companion.services.anilist import changes, payload, reading, wire
from revenge_companion.services.anilist.spec import SPEC
from revenge_companion.services.animemap.map import AnimeMap
from revenge_companion.services.animemap.placing import forward, placed
from revenge_companion.services.animemap.walk import Chunk, ListWalk
from revenge_companion.services.answers import mapping, one_by_one, sendable, whole_number
from revenge_companion.services.base import RemoteUser, SecretSlot
from revenge_companion.services.importing import ImportPage


class AniListClient:
    """Reads an entry, and sets it where the play brings it forward."""

    def __init__(
        self,
        http: Http,
        clock: Clock,
        slot: SecretSlot,
        maps: AnimeMap,
        pace: Gate,
        *,
        root: str,
        policy: Callable[[], ListPolicy],
        day_of: Callable[[datetime], date],
    ) -> None:
        self._http = http
        self._slot = slot
        self._maps = maps
        self._pace = pace
        self._root = root
        self._policy = policy
        self._day_of = day_of
        self._walk = ListWalk(self._chunk, maps, clock)
        #: Whose list it is and how their scores look; asked once for each import.
        self._viewer: tuple[int, str] | None = None

    async def submit(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Deliver rows; see `services.base.Client`."""
        return await one_by_one(batch, self._deliver)

    async def find(self, delivery: Delivery) -> str | None:
        """Never asked: the entry is read before it is set, so resending is harmless."""
        return None

    async def live(self, notice: LiveNotice) -> None:
        """AniList shows nothing live."""

    async def whoami(self) -> RemoteUser:
        """The account the token belongs to; raises LinkExpired for a token that is no more."""
        return await wire.who(self._http, self._root, self._pace, await self._token())

    async def revoke(self) -> None:
        """Nothing to give back: AniList lets only the user end it, on its own pages."""

    async def search(self, title: str) -> list[Candidate]:
        """At most ten anime whose title is like `title`, best first."""
        asked = sendable(title)
        if not asked:
            return []
        answer = await self._ask(payload.SEARCH, {"title": asked})
        return payload.read_found(wire.data_of(answer))

    async def change(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Deliver scores and plans; see `services.base.TakesChanges`."""

        async def deliver(row: Delivery) -> Outcome:
            return await changes.deliver(row, self._ask, self._maps)

        return await one_by_one(batch, deliver)

    async def marks(self) -> Mapping[Facet, str]:
        """AniList does not tell when an entry was removed, so it tells nothing of use."""
        self._walk.forget()
        self._viewer = None
        return {}

    async def page(self, facet: Facet, cursor: str) -> ImportPage:
        """A page of the list; see `services.importing.Readable`."""
        if facet not in SPEC.imports:
            raise ImportRefused("AniList has nothing of this kind.")
        return await self._walk.page(facet, cursor)

    async def _chunk(self, number: int) -> Chunk:
        if self._viewer is None:
            viewer = await self._asked(payload.VIEWER, {})
            self._viewer = wire.read_owner(viewer)
        user, score_format = self._viewer
        variables = {"userId": user, "chunk": number, "perChunk": reading.PER_CHUNK}
        data = await self._asked(reading.COLLECTION, variables)
        return await asyncio.to_thread(reading.read_chunk, data, score_format)

    async def _asked(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The data of an answer, for a reading: what is refused there is trouble of ours."""
        answer = await self._ask(query, variables)
        try:
            return wire.data_of(answer, what="a question")
        except BatchRefused as error:
            raise ServiceTrouble(str(error)) from error

    async def _deliver(self, delivery: Delivery) -> Outcome:
        item, counted = delivery.scrobble.item, delivery.scrobble.counted_at
        if item.kind not in SPEC.kinds:
            return Refused(Reason.NOT_TAKEN)
        match = await placed(self._maps, item, SPEC.name)
        if not isinstance(match, Match):
            return match
        variables = payload.media_variables(match)
        if variables is None:
            return Refused(Reason.UNMAPPED, "The anime map knows no AniList entry for it.")
        answer = await self._ask(payload.MEDIA, variables)
        if wire.is_gone(answer):
            return Refused(Reason.NOT_FOUND, "The entry in the anime map is gone from AniList.")
        media = payload.read_media(wire.data_of(answer))
        if media is None:
            raise wire.trouble(answer)
        watched = Watched(match.episode, counted, self._day_of(counted))
        change = forward(match, media, watched, self._policy())
        if not isinstance(change, Change):
            return change
        return await self._save(media.id, payload.save_variables(media, change))

    async def _save(self, media_id: int, variables: dict[str, Any]) -> Outcome:
        """Save, and believe what comes back: a change of status can lose the progress sent with it.

        Then the progress is sent once more, by itself.
        """
        wanted = variables["progress"]
        kept: int | None = None
        for sent in (variables, {"mediaId": media_id, "progress": wanted}):
            answer = await self._ask(payload.SAVE, sent)
            if wire.is_gone(answer):
                return Refused(Reason.NOT_FOUND, "The entry is gone from AniList.")
            saved = mapping(wire.data_of(answer).get("SaveMediaListEntry"))
            kept = whole_number(saved.get("progress"))
            if kept is None:
                raise wire.trouble(answer)
            if kept >= wanted:
                return Delivered(str(media_id))
        return Refused(Reason.IGNORED, f"AniList kept episode {kept} instead of {wanted}.")

    async def _ask(self, query: str, variables: Mapping[str, Any]) -> Answer:
        token = await self._token()
        return await wire.ask(self._http, self._root, self._pace, token, query, variables)

    async def _token(self) -> str:
        secret = await self._slot.get()
        if secret is None or not secret.access:
            raise LinkExpired("AniList is not linked any more.")
        return secret.access
