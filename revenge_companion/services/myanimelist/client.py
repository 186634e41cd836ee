"""One account's line to MyAnimeList."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

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
from revenge_companion.core.watching import (
    Change,
    Listed,
    ListEntry,
    ListPolicy,
    Watched,
    WatchStatus,
)
from revenge_companion.net.gate import Gate
from revenge_companion.net.http import Answer, Http
from revenge_companion.services.animemap.map import AnimeMap
from revenge_companion.services.animemap.placing import forward, placed
from revenge_companion.services.animemap.walk import Chunk, ListWalk
from revenge_companion.services.answers import object_of, one_by_one, sendable
from revenge_companion.services.base import RemoteUser, Secret, SecretSlot
from revenge_companion.services.importing import ImportPage
from revenge_companion.services.myanimelist import changes, payload, reading, wire
from revenge_companion.services.myanimelist.spec import SPEC
from revenge_companion.services.tokens import Tokens

#: Tokens are renewed this long before their end, in seconds: the refresh token ends with them.
AHEAD_S = 7 * 86_400.0


class MyAnimeListClient:
    """Reads an entry, and sets it where the play brings it forward."""

    def __init__(
        self,
        http: Http,
        clock: Clock,
        slot: SecretSlot,
        maps: AnimeMap,
        pace: Gate,
        *,
        api_root: str,
        auth_root: str,
        client_id: str,
        policy: Callable[[], ListPolicy],
        day_of: Callable[[datetime], date],
    ) -> None:
        self._http = http
        self._clock = clock
        self._maps = maps
        self._pace = pace
        self._api = api_root
        self._auth = auth_root
        self._client_id = client_id
        self._policy = policy
        self._day_of = day_of
        self._walk = ListWalk(self._chunk, maps, clock)
        #: Entries of a page that is followed by another: it may be fewer than were asked for.
        self._page_size: int | None = None
        self._tokens = Tokens(slot, clock, self._refreshed, service=SPEC.name, ahead_s=AHEAD_S)

    async def submit(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Deliver rows; see `services.base.Client`."""
        return await one_by_one(batch, self._deliver)

    async def find(self, delivery: Delivery) -> str | None:
        """Never asked: the entry is read before it is set, so resending is harmless."""
        return None

    async def live(self, notice: LiveNotice) -> None:
        """MyAnimeList shows nothing live."""

    async def whoami(self) -> RemoteUser:
        """The account the tokens belong to; renews them where they are near their end."""
        return wire.read_user(await self._send("GET", "/users/@me"))

    async def revoke(self) -> None:
        """Nothing to give back: MyAnimeList lets only the user end it, on its own pages."""

    async def search(self, title: str) -> list[Candidate]:
        """At most ten anime whose title is like `title`, best first."""
        asked = sendable(title)[:64]
        if len(asked) < payload.SHORTEST_SEARCH:
            return []
        params = {"q": asked, "limit": "10", "nsfw": "true", "fields": payload.FOUND_FIELDS}
        answer = await self._send("GET", "/anime", params)
        data = object_of(answer) if answer.status == 200 else None
        if data is None:
            raise wire.trouble(answer)
        return payload.read_found(data)

    async def change(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Deliver scores and plans; see `services.base.TakesChanges`."""

        async def deliver(row: Delivery) -> Outcome:
            return await changes.deliver(row, self._send, self._maps)

        return await one_by_one(batch, deliver)

    async def marks(self) -> Mapping[Facet, str]:
        """MyAnimeList has nothing that changes when an entry is removed, so it tells nothing."""
        self._walk.forget()
        return {}

    async def page(self, facet: Facet, cursor: str) -> ImportPage:
        """A page of the list; see `services.importing.Readable`."""
        if facet not in SPEC.imports:
            raise ImportRefused("MyAnimeList has nothing of this kind.")
        return await self._walk.page(facet, cursor)

    async def _chunk(self, number: int) -> Chunk:
        if number > 1 and self._page_size is None:
            # After a restart: only the first page tells.
            await self._chunk(1)
        size = self._page_size or reading.PER_PAGE
        answer = await self._send("GET", "/users/@me/animelist", reading.params(number, size))
        data = object_of(answer) if answer.status == 200 else None
        chunk = await asyncio.to_thread(reading.read_page, data) if data is not None else None
        if chunk is None:
            error = wire.trouble(answer, what="a question")
            raise ServiceTrouble(str(error)) if isinstance(error, BatchRefused) else error
        if number == 1:
            self._page_size = len(chunk.rows) if chunk.more else None
        return chunk

    async def _deliver(self, delivery: Delivery) -> Outcome:
        item, counted = delivery.scrobble.item, delivery.scrobble.counted_at
        if item.kind not in SPEC.kinds:
            return Refused(Reason.NOT_TAKEN)
        match = await placed(self._maps, item, SPEC.name)
        if not isinstance(match, Match):
            return match
        if match.mal is None:
            return Refused(Reason.UNMAPPED, payload.no_entry(match))
        answer = await self._send("GET", f"/anime/{match.mal}", {"fields": payload.FIELDS})
        if wire.is_gone(answer):
            return Refused(Reason.NOT_FOUND, "The entry in the anime map is gone.")
        data = object_of(answer) if answer.status == 200 else None
        anime = payload.read_anime(data) if data is not None else None
        if anime is None:
            raise wire.trouble(answer)
        watched = Watched(match.episode, counted, self._day_of(counted))
        change = forward(match, anime, watched, self._policy())
        return await self._save(anime, change) if isinstance(change, Change) else change

    async def _save(self, anime: Listed, change: Change) -> Outcome:
        repeats = anime.entry.repeats if anime.entry is not None else 0
        if change.ends_rewatch and repeats is None:
            # Only the answer to an update surely tells the rewatches so far. The rewatch is not
            # ended by this one, so that a lost answer leaves it to be ended.
            step = replace(change, status=WatchStatus.REPEATING, ends_rewatch=False)
            entry = await self._patch(anime.id, step)
            if entry is None:
                return _gone()
            repeats = entry.repeats or 0
        entry = await self._patch(anime.id, change, repeats)
        if entry is None:
            return _gone()
        if entry.progress < change.progress:
            # Numbers beyond the end are cut to it.
            detail = f"MyAnimeList kept episode {entry.progress} instead of {change.progress}."
            return Refused(Reason.IGNORED, detail)
        return Delivered(str(anime.id))

    async def _patch(
        self, anime_id: int, change: Change, repeats: int | None = None
    ) -> ListEntry | None:
        """The entry after an update; None where there is no such anime."""
        form = payload.update(change, repeats)
        answer = await self._send("PATCH", f"/anime/{anime_id}/my_list_status", form=form)
        if wire.is_gone(answer):
            return None
        data = object_of(answer) if answer.status in (200, 201) else None
        entry = payload.read_entry(data) if data is not None else None
        if entry is None:
            raise wire.trouble(answer)
        return entry

    async def _send(
        self,
        method: str,
        path: str,
        params: dict[str, str] | None = None,
        *,
        form: dict[str, str] | None = None,
    ) -> Answer:
        async def send(secret: Secret) -> Answer:
            await self._pace.pass_()
            answer = await self._http.request(
                method,
                self._api + path,
                params=params,
                headers=wire.headers(secret),
                form=form,
            )
            self._pace.learn(answer.headers)
            return answer

        return await self._tokens.send(send)

    async def _refreshed(self, old: Secret) -> Secret:
        # Tokens belong to the client id that got them.
        client_id = old.client_id or self._client_id
        if not client_id:
            raise LinkExpired("MyAnimeList is linked without a client id. Link again.")
        form = {
            "client_id": client_id,
            "grant_type": "refresh_token",
            "refresh_token": old.refresh,
        }
        answer = await wire.token(self._http, self._auth, form)
        return wire.read_renewed(answer, self._clock, old)


def _gone() -> Outcome:
    return Refused(Reason.NOT_FOUND, "The entry in the anime map is gone.")
