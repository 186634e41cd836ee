"""Series of the embedded server: catalogue, progress and counters, in today's shapes."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from revenge_companion.core.media import Item
from revenge_companion.demo.accounts import Accounts
from revenge_companion.demo.answers import error, json_body, whole_number
from revenge_companion.demo.hub import wire_time
from revenge_companion.demo.library import Catalogue, Show, demo_id
from revenge_companion.demo.movies import written_progress
from revenge_companion.demo.paging import Pages, newest_first
from revenge_companion.demo.progress import Progress, Row

#: What the server takes for the runtime of an episode it has none for.
_NO_RUNTIME_S = 2700
#: Episodes marked at once.
_BULK = 500


class Shows:
    """Serves `/api/v1/tvshows…`. There is no watch history of episodes, as today."""

    def __init__(self, catalogue: Catalogue, progress: Progress, accounts: Accounts) -> None:
        self._catalogue = catalogue
        self._pages = Pages()
        self._progress = progress
        self._accounts = accounts

    @property
    def _shows(self) -> dict[str, Show]:
        return self._catalogue.shows

    @property
    def _of(self) -> dict[str, tuple[Show, Item]]:
        return self._catalogue.episodes

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
            Route(f"{root}/episodes/bulk-watched", self._bulk_watched, methods=["POST"]),
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
        shows = list(enumerate(self._shows.values()))
        # Whatever order was asked for.
        page = self._pages.cut(shows, newest_first(len(shows)), offset, limit)
        return JSONResponse({"items": [_show(show) for _, show in page], "total": len(shows)})

    async def _one(self, request: Request) -> Response:
        show, refused = self._asked_show(request)
        return refused if show is None else JSONResponse(_show(show))

    async def _seasons(self, request: Request) -> Response:
        show, refused = self._asked_show(request)
        if show is None:
            return refused
        numbers = sorted({episode.season_number or 0 for episode in show.episodes})
        return JSONResponse(
            [
                {
                    "id": _season_id(show, number),
                    "series_id": show.id,
                    "season_number": number,
                    "name": f"Season {number}" if number else "Specials",
                }
                for number in numbers
            ]
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
        self._mark(found[1])
        return Response(status_code=204)

    async def _bulk_watched(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        body = await json_body(request)
        ids = None if body is None else body.get("episode_ids")
        if not isinstance(ids, list) or not 1 <= len(ids) <= _BULK or not all(map(_is_text, ids)):
            return error(400, "Invalid request: episode_ids")
        known = [self._of[one][1] for one in ids if one in self._of]
        for episode in known:
            self._mark(episode)
        return JSONResponse({"marked_count": len(known)})

    def _mark(self, episode: Item) -> None:
        self._progress.mark(episode, int(episode.duration_s or _NO_RUNTIME_S))

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


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _season_id(show: Show, number: int | None) -> str:
    return demo_id(f"season/{show.id}/{number}")


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
        "season_id": _season_id(show, episode.season_number),
        "tmdb_id": episode.ids.tmdb,
        "tvdb_id": episode.ids.tvdb,
        "imdb_id": episode.ids.imdb,
        "season_number": episode.season_number,
        "episode_number": episode.episode_number,
        "title": episode.title,
        "runtime": None if episode.duration_s is None else int(episode.duration_s // 60),
    }
    return {key: value for key, value in fields.items() if value is not None}
