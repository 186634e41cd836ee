"""Films of the embedded server: catalogue, progress, history, counters, in today's shapes."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from revenge_companion.core.media import Item
from revenge_companion.demo.accounts import Accounts
from revenge_companion.demo.answers import error, json_body, whole_number
from revenge_companion.demo.hub import wire_time
from revenge_companion.demo.library import Catalogue
from revenge_companion.demo.paging import Pages, film_order
from revenge_companion.demo.progress import Progress, Row

#: What the server takes for the runtime of a film it has none for.
_NO_RUNTIME_S = 7200
#: Continue-watching shows what is past this share.
_STARTED = 0.05
#: Runtimes beyond the end of a film that the server cannot write down.
_TOO_FAR = 10


class Movies:
    """Serves `/api/v1/movies…`."""

    def __init__(self, catalogue: Catalogue, progress: Progress, accounts: Accounts) -> None:
        self._catalogue = catalogue
        self._pages = Pages()
        self._progress = progress
        self._accounts = accounts
        self._added = wire_time(progress.opened_at)

    @property
    def _movies(self) -> dict[str, Item]:
        return self._catalogue.films

    def routes(self) -> list[Route]:
        root = "/api/v1/movies"
        return [
            Route(root, self._list, methods=["GET"]),
            Route(f"{root}/continue-watching", self._continue, methods=["GET"]),
            Route(f"{root}/watch-history", self._history, methods=["GET"]),
            Route(f"{root}/stats", self._stats, methods=["GET"]),
            Route(f"{root}/{{id}}", self._one, methods=["GET"]),
            Route(f"{root}/{{id}}/progress", self._progress_of, methods=["GET", "POST", "DELETE"]),
            Route(f"{root}/{{id}}/watched", self._watched, methods=["POST"]),
        ]

    async def _list(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        limit = whole_number(request.query_params.get("limit"), 20, 1, 100)
        offset = whole_number(request.query_params.get("offset"), 0, 0, 1_000_000)
        if limit is None or offset is None:
            return error(400, "Invalid parameters: limit or offset")
        movies = list(self._movies.values())
        order = film_order(movies, request.query_params.get("order_by", ""))
        page = self._pages.cut(movies, order, offset, limit)
        return JSONResponse({"items": [self._movie(one) for one in page], "total": len(movies)})

    async def _one(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        movie = self._movies.get(request.path_params["id"])
        return error(404, "Movie not found") if movie is None else JSONResponse(self._movie(movie))

    async def _continue(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        limit = whole_number(request.query_params.get("limit"), 10, 1, 50)
        if limit is None:
            return error(400, "Invalid parameters: limit")
        rows = [
            row
            for row in self._progress.rows(*self._movies.values())
            if not row.completed and row.progress_s > _STARTED * row.duration_s
        ]
        return JSONResponse(
            [
                {
                    **self._movie(row.item),
                    "progress_seconds": row.progress_s,
                    "duration_seconds": row.duration_s,
                    **_percent(row),
                    "last_watched_at": wire_time(row.watched_at),
                }
                for row in rows[:limit]
            ]
        )

    async def _history(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        limit = whole_number(request.query_params.get("limit"), 20, 1, 100)
        offset = whole_number(request.query_params.get("offset"), 0, 0, 1_000_000)
        if limit is None or offset is None:
            return error(400, "Invalid parameters: limit or offset")
        rows = [row for row in self._progress.rows(*self._movies.values()) if row.completed]
        return JSONResponse(
            [
                {
                    **self._movie(row.item),
                    "watch_count": row.watch_count,
                    "last_watched_at": wire_time(row.watched_at),
                }
                for row in rows[offset : offset + limit]
            ]
        )

    async def _stats(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        rows = self._progress.rows(*self._movies.values())
        done = [row for row in rows if row.completed]
        return JSONResponse(
            {
                "watched_count": len(done),
                "in_progress_count": len(rows) - len(done),
                "total_watches": sum(row.watch_count for row in rows),
            }
        )

    async def _progress_of(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        media_id = request.path_params["id"]
        if request.method == "DELETE":
            self._progress.forget(media_id)
            return Response(status_code=204)
        if request.method == "POST":
            movie = self._movies.get(media_id)
            if movie is None:
                return error(404, "Movie not found")
            written = await written_progress(request)
            if written is None:
                return error(400, "Invalid request: progress_seconds or duration_seconds")
            if written[0] >= _TOO_FAR * written[1]:
                # The column takes percentages below 1000.
                return error(500, "Internal server error")
            return JSONResponse(self._row(self._progress.write(movie, *written)))
        row = self._progress.read(media_id)
        if row is None or media_id not in self._movies:
            return error(404, "Watch progress not found")
        return JSONResponse(self._row(row))

    async def _watched(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        movie = self._movies.get(request.path_params["id"])
        if movie is None:
            return error(404, "Movie not found")
        runtime_s = int(movie.duration_s or _NO_RUNTIME_S)
        self._progress.write(movie, runtime_s, runtime_s)
        return Response(status_code=204)

    def _row(self, row: Row) -> dict[str, Any]:
        return {
            "id": row.id,
            "user_id": self._accounts.user_id,
            "movie_id": row.item.media_id,
            "progress_seconds": row.progress_s,
            "duration_seconds": row.duration_s,
            **_percent(row),
            "is_completed": row.completed,
            "watch_count": row.watch_count,
            "last_watched_at": wire_time(row.watched_at),
            "created_at": wire_time(row.created_at),
            "updated_at": wire_time(row.watched_at),
        }

    def _movie(self, movie: Item) -> dict[str, Any]:
        fields = {
            "id": movie.media_id,
            "tmdb_id": movie.ids.tmdb,
            "imdb_id": movie.ids.imdb,
            "title": movie.title,
            "original_title": movie.title,
            "year": movie.year,
            "runtime": None if movie.duration_s is None else int(movie.duration_s // 60),
            "library_added_at": self._added,
        }
        # Unset fields are left out, never null.
        return {key: value for key, value in fields.items() if value is not None}


async def written_progress(request: Request) -> tuple[int, int] | None:
    """Position and runtime of a progress write, in seconds; None when refused.

    The server takes whole numbers only, a runtime of at least 1 s.
    """
    body = await json_body(request)
    if body is None:
        return None
    progress_s, duration_s = body.get("progress_seconds"), body.get("duration_seconds")
    if type(progress_s) is not int or type(duration_s) is not int:
        return None
    return (progress_s, duration_s) if progress_s >= 0 and duration_s >= 1 else None


def _percent(row: Row) -> dict[str, int]:
    """Today's server sends the percentage only where it is a whole number."""
    whole, rest = divmod(row.progress_s * 100, row.duration_s)
    return {} if rest else {"progress_percent": whole}
