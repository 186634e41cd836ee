"""What the services' tests share: builders, a keyring in memory, a clock that needs no turning."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl

import httpx

from revenge_companion.core.accounts import Account
from revenge_companion.core.changes import Change, Verb, change_key
from revenge_companion.core.delivery import Delivery, DeliveryState
from revenge_companion.core.library import Entry, Facet, item_of, subject_of
from revenge_companion.core.live import LiveAction, LiveNotice
from revenge_companion.core.media import Ids, Item, Kind, MusicIds, Series
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.net.http import Http
from revenge_companion.services.base import LinkPrompt, Secret
from revenge_companion.services.importing import ImportPage
from tests.clock import START, FakeClock

DATA = Path(__file__).parents[2] / "data"

#: Stand-ins; no service ever gave these out.
TOKEN = "not-a-real-token"


class QuickClock(FakeClock):
    """A clock whose sleepers find the time passed at once."""

    def __init__(self, now: datetime = START) -> None:
        super().__init__(now)
        self.slept_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)


class MemorySlot:
    """A place in a keyring that remembers what was put, in order."""

    def __init__(self, secret: Secret | None = None) -> None:
        self.secret = secret
        self.put_log: list[Secret] = []
        self._lock = asyncio.Lock()

    async def get(self) -> Secret | None:
        await asyncio.sleep(0)
        return self.secret

    async def put(self, secret: Secret) -> None:
        await asyncio.sleep(0)
        self.secret = secret
        self.put_log.append(secret)

    def exclusive(self) -> asyncio.Lock:
        return self._lock


class Answers:
    """A transport that gives scripted answers in order and keeps the requests.

    The last answer is repeated. An answer is a response, or an error of the network to raise.
    """

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers: list[httpx.Response | Exception] = list(answers)
        self.requests: list[httpx.Request] = []

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def http(self) -> Http:
        return Http(transport=httpx.MockTransport(self.handle))

    def json(self, index: int = -1) -> Any:
        return json.loads(self.requests[index].content)

    def form(self, index: int = -1) -> dict[str, str]:
        return dict(parse_qsl(self.requests[index].content.decode(), keep_blank_values=True))

    @property
    def paths(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.requests]


class Prompts:
    """Shows nothing and keeps what it was to show."""

    def __init__(self) -> None:
        self.shown: list[LinkPrompt] = []

    async def __call__(self, prompt: LinkPrompt) -> None:
        self.shown.append(prompt)


def answer(
    status: int, body: object = None, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """A response: JSON for what is not text, else the text itself."""
    content = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    return httpx.Response(status, headers=dict(headers or {}), content=content.encode())


#: What a hotel's network answers to everything.
PORTAL = answer(200, "<html><title>Sign in to the network</title></html>")
#: An answer that was cut where no length said so.
CUT = answer(200, '{"status": "o')


def cassette(service: str, name: str) -> dict[str, Any]:
    """One documented exchange: `request` and `response`."""
    tape: dict[str, Any] = json.loads((DATA / service / f"{name}.json").read_text("utf-8"))
    return tape


def played(tape: Mapping[str, Any]) -> httpx.Response:
    """The response of a cassette."""
    response = tape["response"]
    body = response["json"] if "json" in response else response.get("text", "")
    return answer(response["status"], body, response.get("headers"))


def an_account(service: str, **values: Any) -> Account:
    return Account(**{"id": 1, "service": service, "label": "me", "remote_id": "me"} | values)


def a_track(number: int = 1, **values: Any) -> Item:
    known: dict[str, Any] = {
        "kind": Kind.TRACK,
        "media_id": f"track-{number}",
        "title": f"Words {number}",
        "artist": "Low",
        "album": "I Could Live in Hope",
        "duration_s": 345.0,
        "track_number": 1,
        "music_ids": MusicIds(),
    }
    return Item(**known | values)


def a_movie(**values: Any) -> Item:
    known: dict[str, Any] = {
        "kind": Kind.MOVIE,
        "media_id": "movie-1",
        "title": "Inception",
        "year": 2010,
        "ids": Ids(tmdb=27205, imdb="tt1375666"),
        "duration_s": 8880.0,
    }
    return Item(**known | values)


def an_episode(number: int = 3, season: int = 1, **values: Any) -> Item:
    known: dict[str, Any] = {
        "kind": Kind.EPISODE,
        "media_id": f"episode-{season}-{number}",
        "title": f"Part {number}",
        "series": Series("Breaking Bad", 2008, Ids(tmdb=1396, imdb="tt0903747", tvdb=81189)),
        "season_number": season,
        "episode_number": number,
        "duration_s": 2880.0,
    }
    return Item(**known | values)


def a_scrobble(item: Item, *, ago_s: float = 0.0, progress_pct: float = 80.0) -> Scrobble:
    """A scrobble that counted `ago_s` seconds before the clock's start."""
    counted = START - timedelta(seconds=ago_s)
    return Scrobble(
        key=f"{item.media_id}@{ago_s:g}",
        item=item,
        started_at=counted - timedelta(seconds=200),
        counted_at=counted,
        played_s=200.0,
        position_s=(item.duration_s or 0) * progress_pct / 100,
        progress_pct=progress_pct,
    )


def a_delivery(
    item: Item, row_id: int = 1, *, ago_s: float = 0.0, progress_pct: float = 80.0, **values: Any
) -> Delivery:
    scrobble = a_scrobble(item, ago_s=ago_s, progress_pct=progress_pct)
    known: dict[str, Any] = {
        "id": row_id,
        "account_id": 1,
        "scrobble": scrobble,
        "state": DeliveryState.SENDING,
    }
    return Delivery(**known | values)


def a_change(change: Change, row_id: int = 1, **values: Any) -> Delivery:
    """A delivery of something that is no play."""
    scrobble = Scrobble(
        change_key(change, START), item_of(change.subject), START, START, 0.0, 0.0, 0.0,
        change=change,
    )  # fmt: skip
    known: dict[str, Any] = {
        "id": row_id,
        "account_id": 1,
        "scrobble": scrobble,
        "state": DeliveryState.SENDING,
    }
    return Delivery(**known | values)


def many_tracks(count: int) -> Sequence[Delivery]:
    """Deliveries of different tracks, a day to a second old, with ids from 1."""
    return [a_delivery(a_track(n), n, ago_s=float(n)) for n in range(1, count + 1)]


def a_told(verb: Verb, item: Item, row_id: int = 1) -> Delivery:
    """A delivery that says of an item that it is loved, or the like."""
    return a_change(Change(verb, subject_of(item)), row_id)


class Pages(Protocol):
    async def page(self, facet: Facet, cursor: str) -> ImportPage: ...


#: Pages after which a walk of a test is taken to be endless.
_MOST_PAGES = 2000


async def walk(source: Pages, facet: Facet = Facet.HISTORY, cursor: str = "") -> list[ImportPage]:
    """Every page from `cursor` on."""
    pages: list[ImportPage] = []
    while not pages or cursor:
        pages.append(await source.page(facet, cursor))
        cursor = pages[-1].next_cursor
        assert len(pages) < _MOST_PAGES, "the walk does not end"
    return pages


def entries_of(pages: Sequence[ImportPage]) -> list[Entry]:
    """What was read, each line once."""
    return list({one.line: one for page in pages for one in page.entries}.values())


def a_notice(action: LiveAction, item: Item, progress_pct: float = 10.0) -> LiveNotice:
    return LiveNotice(action, item, (item.duration_s or 0) * progress_pct / 100, progress_pct)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
