"""Series of the embedded server: catalogue, progress and counters, in today's shapes."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from revenge_companion.core.media import Item
from revenge_companion.demo.accounts import Accounts
from revenge_companion.demo.answers import error, whole_number
from revenge_companion.demo.hub import wire_time
from revenge_companion.demo.library import Library, Show, demo_id
from revenge_companion.demo.movies import written_progress
from revenge_companion.demo.progress import Progress, Row

#: What the server takes for the runtime of an episode it has none for.
_NO_RUNTIME_S = 2700


class Shows:
    """Serves `/api/v1/tvshows…`. There is no watch history of episodes, as today."""

    def __init__(self, library: Library, progress: Progress, accounts: Accounts) -> None:
        self._shows = {show.id: show for show in library.shows}
        self._of = {
            episode.media_id: (show, episode) for show in library.shows for episode in show.episodes
        }
        self._progress = progress
        self._accounts = accounts

    def routes(self) -> list[Route]:
        root = "/api/v1/tvshows"
        episode = f"{root}/episodes/{{id}}"
        return [
            Route(root, self._list, methods=["GET"]),
            Route(f"{root}/continue-watching", self._continue, methods=["GET"]),
            Route(f"{root}/stats", self._stats, methods=["GET"]),
            Route(episode, self._episode, methods=["GET"]),
            Route(f"{episode}/progress", self._progress_of, methods=["GET", "PUT", "DELETE"]),
            Route(f"{episode}/watched", self._watched, methods=["POST"]),
            Route(f"{root}/{{id}}", self._one, methods=["GET"]),
            Route(f"{root}/{{id}}/seasons", self._seasons, methods=["GET"]),
            Route(f"{root}/{{id}}/episodes", self._episodes, methods=["GET"]),
            Route(f"{root}/{{id}}/watch-stats", self._watch_stats, methods=["GET"]),
        ]

    async def _list(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        limit = whole_number(request.query_params.get("limit"), 20, 1, 100)
        offset = whole_number(request.query_params.get("offset"), 0, 0, 1_000_000)
        if limit is None or offset is None:
            return error(400, "Invalid parameters: limit or offset")
        page = list(self._shows.values())[offset : offset + limit]
        return JSONResponse({"items": [_show(show) for show in page], "total": len(self._shows)})

    async def _one(self, request: Request) -> Response:
        show, refused = self._asked_show(request)
        return refused if show is None else JSONResponse(_show(show))

    async def _seasons(self, request: Request) -> Response:
        show, refused = self._asked_show(request)
        if show is None:
            return refused
        return JSONResponse(
            [{"id": _season_id(show), "series_id": show.id, "season_number": 1, "name": "Season 1"}]
        )

    async def _episodes(self, request: Request) -> Response:
        show, refused = self._asked_show(request)
        if show is None:
            return refused
        return JSONResponse([_episode(show, episode) for episode in show.episodes])

    async def _watch_stats(self, request: Request) -> Response:
        show, refused = self._asked_show(request)
        if show is None:
            return refused
        watched = sum(row.completed for row in self._progress.rows(*show.episodes))
        return JSONResponse(
            {
                "total_episodes": len(show.episodes),
                "watched_episodes": watched,
                "completion_percent": 100 * watched / len(show.episodes),
            }
        )

    async def _episode(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        found = self._of.get(request.path_params["id"])
        return error(404, "Episode not found") if found is None else JSONResponse(_episode(*found))

    async def _continue(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        limit = whole_number(request.query_params.get("limit"), 20, 1, 100)
        if limit is None:
            return error(400, "Invalid parameters: limit")
        answer = []
        # One row per series, ordered by the series' id as today's server does.
        for _, show in sorted(self._shows.items()):
            rows = self._progress.rows(*show.episodes)
            row = next((row for row in rows if not row.completed and row.progress_s > 0), None)
            if row is None:
                continue
            answer.append(
                {
                    "series_id": show.id,
                    "series_title": show.series.title,
                    "episode_id": row.item.media_id,
                    "episode_title": row.item.title,
                    "season_number": row.item.season_number,
                    "episode_number": row.item.episode_number,
                    "progress_seconds": row.progress_s,
                    "duration_seconds": row.duration_s,
                    "progress_percent": 100 * row.progress_s / row.duration_s,
                    "last_watched_at": wire_time(row.watched_at),
                }
            )
        return JSONResponse(answer[:limit])

    async def _stats(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        rows = self._progress.rows(*(episode for _, episode in self._of.values()))
        done = sum(row.completed for row in rows)
        return JSONResponse(
            {
                "total_series": len(self._shows),
                "total_episodes_watched": done,
                # Misnamed on today's server: it counts episodes in progress.
                "current_series": len(rows) - done,
            }
        )

    async def _progress_of(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        media_id = request.path_params["id"]
        if request.method == "DELETE":
            self._progress.forget(media_id)
            return Response(status_code=204)
        found = self._of.get(media_id)
        if request.method == "PUT":
            written = await written_progress(request)
            if written is None:
                return error(400, "Invalid request: progress_seconds or duration_seconds")
            if found is None:
                return error(404, "Episode not found")
            return JSONResponse(self._row(self._progress.write(found[1], *written)))
        row = self._progress.read(media_id)
        if row is None or found is None:
            return error(404, "Watch progress not found")
        return JSONResponse(self._row(row))

    async def _watched(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        found = self._of.get(request.path_params["id"])
        if found is None:
            return error(404, "Episode not found")
        runtime_s = int(found[1].duration_s or _NO_RUNTIME_S)
        self._progress.write(found[1], runtime_s, runtime_s)
        return Response(status_code=204)

    def _asked_show(self, request: Request) -> tuple[Show | None, Response]:
        if not self._accounts.allows(request):
            return None, error(401, "Authentication required")
        return self._shows.get(request.path_params["id"]), error(404, "Series not found")

    def _row(self, row: Row) -> dict[str, Any]:
        return {
            "id": row.id,
            "user_id": self._accounts.user_id,
            "episode_id": row.item.media_id,
            "progress_seconds": row.progress_s,
            "duration_seconds": row.duration_s,
            "is_completed": row.completed,
            "last_watched_at": wire_time(row.watched_at),
            "created_at": wire_time(row.created_at),
            "updated_at": wire_time(row.watched_at),
        }


def _season_id(show: Show) -> str:
    return demo_id(f"season/{show.id}/1")


def _show(show: Show) -> dict[str, Any]:
    fields = {
        "id": show.id,
        "tmdb_id": show.series.ids.tmdb,
        "tvdb_id": show.series.ids.tvdb,
        "imdb_id": show.series.ids.imdb,
        "title": show.series.title,
        "original_title": show.series.title,
        "first_air_date": None if show.series.year is None else f"{show.series.year}-03-01",
        "total_episodes": len(show.episodes),
    }
    return {key: value for key, value in fields.items() if value is not None}


def _episode(show: Show, episode: Item) -> dict[str, Any]:
    fields = {
        "id": episode.media_id,
        "series_id": show.id,
        "season_id": _season_id(show),
        "tmdb_id": episode.ids.tmdb,
        "tvdb_id": episode.ids.tvdb,
        "imdb_id": episode.ids.imdb,
        "season_number": episode.season_number,
        "episode_number": episode.episode_number,
        "title": episode.title,
        "runtime": None if episode.duration_s is None else int(episode.duration_s // 60),
    }
    return {key: value for key, value in fields.items() if value is not None}
