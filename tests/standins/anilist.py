"""A local AniList: its page with the token, and its one address."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Kind
from revenge_companion.demo.answers import json_body
from revenge_companion.demo.sites.site import Site, wire_object

#: The one client id it knows; its app's redirect address is the pin page.
CLIENT_ID = "12345"
_YEAR_S = 31_536_000


class AniListSite(Site):
    """One user, "Demo Viewer", whose list is empty at first."""

    service = "anilist"
    kinds = (Kind.EPISODE, Kind.MOVIE)
    user_name = "Demo Viewer"
    root = "/graphql"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        #: Tokens that are good.
        self.tokens: set[str] = set()
        #: Progress by media id.
        self.progress: dict[int, int] = {}

    @property
    def client_environment(self) -> dict[str, str]:
        return {"ANILIST_CLIENT_ID": CLIENT_ID}

    def routes(self) -> Sequence[Route]:
        return [
            Route("/api/v2/oauth/authorize", self._authorize),
            Route("/api/v2/oauth/pin", self._pin),
            Route("/graphql", self._graphql, methods=["POST"]),
        ]

    def new_token(self, *, life_s: int = _YEAR_S) -> str:
        """A token as the pin page shows it, good for `life_s` seconds by what it says itself."""
        claims = {"sub": "5678", "exp": int(self.clock.now().timestamp()) + life_s}
        token = ".".join((_part({"typ": "JWT"}), _part(claims), f"signature{len(self.tokens)}"))
        self.tokens.add(token)
        return token

    async def _authorize(self, request: Request) -> Response:
        if request.query_params.get("client_id") != CLIENT_ID:
            error = {"error": "invalid_client", "message": "Client authentication failed"}
            return JSONResponse(error, status_code=401)
        pin = f"{self.host}/api/v2/oauth/pin"
        if request.query_params.get("deny"):
            return RedirectResponse(f"{pin}?error=access_denied")
        return RedirectResponse(f"{pin}#access_token={self.new_token()}&token_type=Bearer")

    async def _pin(self, request: Request) -> Response:
        return PlainTextResponse("The token stands behind the # of this page's address.")

    async def _graphql(self, request: Request) -> Response:
        if "referer" not in request.headers:
            return _error(403, "The API has been temporarily disabled")
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return _error(400, "Invalid token")
        body = await json_body(request) or {}
        query, values = str(body.get("query")), wire_object(body.get("variables"))
        if "Viewer" in query:
            url = f"{self.host}/user/demo"
            viewer = {"id": 5678, "name": self.user_name, "siteUrl": url}
            return JSONResponse({"data": {"Viewer": viewer}})
        if "SaveMediaListEntry" in query:
            number = int(values["mediaId"])
            self.progress[number] = int(values["progress"])
            saved = {"id": 1, "status": values.get("status"), "progress": values["progress"]}
            return JSONResponse({"data": {"SaveMediaListEntry": saved}})
        number = int(values.get("id") or 0)
        media: dict[str, Any] = {"id": number, "episodes": None, "mediaListEntry": None}
        if number in self.progress:
            row = {"status": "CURRENT", "progress": self.progress[number], "repeat": 0}
            media["mediaListEntry"] = row
        return JSONResponse({"data": {"Media": media}})


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _error(status: int, message: str) -> Response:
    errors = [{"message": message, "status": status}]
    return JSONResponse({"errors": errors, "data": None}, status_code=status)
