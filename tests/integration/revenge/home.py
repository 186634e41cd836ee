"""Today's server over a transport: its shapes, its quirks, and rows that a test moves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx

from revenge_companion.net.http import Http
from revenge_companion.revenge.session import Session
from tests.clock import FakeClock
from tests.integration.revenge.server import USER


class Pipe(httpx.AsyncByteStream):
    """A body that a test writes piece by piece."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue()

    def write(self, text: str) -> None:
        self._pieces.put_nowait(text.encode())

    def end(self) -> None:
        self._pieces.put_nowait(b"")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self._pieces.get():
            yield piece


class Home:
    """One user's server: films, episodes, progress."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.asked: list[str] = []
        self.requests: list[httpx.Request] = []
        self.movies: dict[str, dict[str, Any]] = {}
        self.episodes: dict[str, dict[str, Any]] = {}
        #: Answers by path, instead of the ordinary one.
        self.answers: dict[str, httpx.Response] = {}
        #: Nobody answers, or the way there fails so.
        self.down: bool | OSError = False
        self.refreshes = 0
        self.access = "token-1"
        #: The event stream; None where the server has none.
        self.pipe: Pipe | None = None

    def session(self, **more: Any) -> Session:
        return Session(self.http, "http://127.0.0.1:9", self._clock, **more)

    @property
    def http(self) -> Http:
        return Http(transport=httpx.MockTransport(self))

    def _stamp(self, at: datetime | None = None) -> str:
        return (at or self._clock.now()).strftime("%Y-%m-%dT%H:%M:%SZ")

    def watch(self, movie_id: str, seconds: int, duration: int = 6000) -> None:
        """A client writes a film's progress now, with the server's own conclusions."""
        row = self.movies.setdefault(movie_id, {"done": False, "count": 1})
        done = seconds / duration > 0.9
        row["count"] += done and not row["done"]
        row |= {"at": self._stamp(), "done": done, "progress": seconds, "duration": duration}

    def watch_episode(self, episode_id: str, seconds: int, series: str = "s1") -> None:
        self.episodes[episode_id] = {
            "at": self._stamp(),
            "done": seconds / 2700 > 0.9,
            "progress": seconds,
            "series": series,
        }

    def _movie(self, movie_id: str) -> dict[str, Any]:
        row = self.movies[movie_id]
        return {
            "id": movie_id,
            "title": "Der Film",
            "original_title": "The Film",
            "year": 2010,
            "tmdb_id": 27205,
            "runtime": 100,
            "progress_seconds": row["progress"],
            "duration_seconds": row["duration"],
            "last_watched_at": row["at"],
        }

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        self.asked.append(path)
        self.requests.append(request)
        await asyncio.sleep(0)
        if self.down:
            cause = self.down if isinstance(self.down, OSError) else None
            raise httpx.ConnectError("down", request=request) from cause
        if path in self.answers:
            kept = self.answers[path]
            return httpx.Response(kept.status_code, headers=kept.headers, content=kept.content)
        if path == "/auth/refresh":
            self.refreshes += 1
            self.access = f"token-{self.refreshes}"
            return httpx.Response(200, json={"access_token": self.access, "expires_in": 86400})
        signed = request.headers.get("authorization") == f"Bearer {self.access}"
        if not signed and request.headers.get("x-api-key") != "rv_key":
            return _error(401, "Authentication required")
        return self._answer(path, request)

    def _answer(self, path: str, request: httpx.Request) -> httpx.Response:
        match path.strip("/").split("/"):
            case ["users", "me"]:
                return httpx.Response(200, json={"id": USER, "username": "ann", "locale": ""})
            case ["movies", "continue-watching"]:
                assert request.url.params["limit"] == "50"
                begun = [
                    key
                    for key, row in self.movies.items()
                    if not row["done"] and row["progress"] / row["duration"] > 0.05
                ]
                return httpx.Response(200, json=[self._movie(key) for key in begun])
            case ["movies", "watch-history"]:
                assert request.url.params["limit"] == "100"
                done = [
                    self._without_progress(key) | {"watch_count": row["count"]}
                    for key, row in self.movies.items()
                    if row["done"]
                ]
                return httpx.Response(200, json=done)
            case ["movies", "stats"]:
                rows = self.movies.values()
                return httpx.Response(
                    200,
                    json={
                        "watched_count": sum(row["done"] for row in rows),
                        "in_progress_count": sum(not row["done"] for row in rows),
                        "total_watches": sum(row["count"] for row in rows),
                    },
                )
            case ["movies", movie_id, "progress"] if movie_id in self.movies:
                row = self.movies[movie_id]
                return httpx.Response(200, json=_progress(row) | {"watch_count": row["count"]})
            case ["tvshows", "continue-watching"]:
                assert request.url.params["limit"] == "100"
                return httpx.Response(200, json=self._begun_episodes())
            case ["tvshows", "episodes", episode_id, "progress"] if episode_id in self.episodes:
                row = self.episodes[episode_id] | {"duration": 2700}
                return httpx.Response(200, json=_progress(row))
            case ["tvshows", "episodes", episode_id] if episode_id in self.episodes:
                return httpx.Response(
                    200,
                    json={
                        "id": episode_id,
                        "series_id": "s1",
                        "tvdb_id": 349232,
                        "season_number": 1,
                        "episode_number": 3,
                        "title": "The Bag",
                        "runtime": 45,
                    },
                )
            case ["tvshows", "s1"]:
                return httpx.Response(
                    200,
                    json={
                        "id": "s1",
                        "title": "Breaking Bad (de)",
                        "original_title": "Breaking Bad",
                        "first_air_date": "2008-01-20",
                        "tvdb_id": 81189,
                        "imdb_id": "tt0903747",
                    },
                )
            case ["events"] if self.pipe is not None:
                assert request.url.params["categories"] == "playback,library"
                return httpx.Response(
                    200, headers={"content-type": "text/event-stream"}, stream=self.pipe
                )
            case ["events"]:
                return httpx.Response(404, text="404 page not found\n")
        return _error(404, "not found")

    def _without_progress(self, movie_id: str) -> dict[str, Any]:
        movie = self._movie(movie_id)
        del movie["progress_seconds"], movie["duration_seconds"]
        return movie

    def _begun_episodes(self) -> list[dict[str, Any]]:
        return [
            {
                "series_id": row["series"],
                "series_title": "Breaking Bad (de)",
                "episode_id": key,
                "episode_title": "The Bag",
                "season_number": 1,
                "episode_number": 3,
                "progress_seconds": row["progress"],
                "duration_seconds": 2700,
                "progress_percent": row["progress"] / 27,
                "last_watched_at": row["at"],
            }
            for key, row in self.episodes.items()
            if not row["done"]
        ]


def _progress(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "p",
        "user_id": USER,
        "progress_seconds": row["progress"],
        "duration_seconds": row["duration"],
        "is_completed": row["done"],
        "last_watched_at": row["at"],
    }


def _error(status: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"code": status, "message": message})
