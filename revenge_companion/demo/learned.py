"""What no server can today and plans say one will: ratings, a watchlist, scrobbling by itself.

Their paths are the plans'; the plans name no bodies, so these are the Companion's.
"""

from collections.abc import Collection
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from revenge_companion.demo.accounts import Accounts
from revenge_companion.demo.answers import error, json_body
from revenge_companion.demo.library import Catalogue

#: What a server can learn; the words of `DemoServer.learn`.
LESSONS = ("ratings", "watchlist", "scrobbles")


class Learned:
    """Paths that answer only once they are learnt."""

    def __init__(self, catalogue: Catalogue, accounts: Accounts) -> None:
        self._catalogue = catalogue
        self._accounts = accounts
        self.lessons: set[str] = set()
        #: Stars by item.
        self.ratings: dict[str, float] = {}
        #: What is on the watchlist, as it came.
        self.wishes: list[dict[str, Any]] = []
        #: What the server is connected to.
        self.connections: list[dict[str, Any]] = []
        #: Whether it takes ratings on another scale and says nothing of it.
        self.misreads_ratings = False

    def learn(self, lessons: Collection[str]) -> None:
        """Offer these from now on, and nothing else."""
        self.lessons = {one for one in LESSONS if one in lessons}

    def routes(self) -> list[Route]:
        root = "/api/v1"
        return [
            Route(f"{root}/movies/{{id}}/rate", self._rate, methods=["GET", "POST", "DELETE"]),
            Route(f"{root}/shows/{{id}}/rate", self._rate, methods=["GET", "POST", "DELETE"]),
            Route(f"{root}/ux/watchlist", self._watchlist, methods=["GET", "POST"]),
            Route(f"{root}/scrobble/connections", self._connections, methods=["GET"]),
        ]

    def _refused(self, request: Request, lesson: str) -> Response | None:
        if lesson not in self.lessons:
            # As the router answers for what it does not know.
            return Response("404 page not found\n", status_code=404, media_type="text/plain")
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        return None

    async def _rate(self, request: Request) -> Response:
        if refused := self._refused(request, "ratings"):
            return refused
        media_id = request.path_params["id"]
        if media_id not in self._catalogue.films and media_id not in self._catalogue.shows:
            return error(404, "Not found")
        if request.method == "DELETE":
            self.ratings.pop(media_id, None)
            return Response(status_code=204)
        if request.method == "GET":
            stars = self.ratings.get(media_id)
            return error(404, "No rating") if stars is None else JSONResponse({"rating": stars})
        body = await json_body(request)
        stars = None if body is None else body.get("rating")
        if not isinstance(stars, int | float) or not 0.5 <= stars <= 5 or stars * 2 % 1:
            return error(400, "Invalid request: rating")
        self.ratings[media_id] = stars * 2 if self.misreads_ratings else float(stars)
        return JSONResponse({"rating": self.ratings[media_id]})

    async def _watchlist(self, request: Request) -> Response:
        if refused := self._refused(request, "watchlist"):
            return refused
        if request.method == "GET":
            return JSONResponse({"items": self.wishes, "total": len(self.wishes)})
        body = await json_body(request)
        if body is None or not isinstance(body.get("media_id"), str):
            return error(400, "Invalid request: media_id")
        if any(one["media_id"] == body["media_id"] for one in self.wishes):
            return error(409, "Already on the watchlist")
        self.wishes.append({"media_type": body.get("media_type"), "media_id": body["media_id"]})
        return Response(status_code=201)

    async def _connections(self, request: Request) -> Response:
        if refused := self._refused(request, "scrobbles"):
            return refused
        return JSONResponse(self.connections)
