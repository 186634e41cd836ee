"""A local MyAnimeList: an approval that comes back to a port, tokens that are renewed, a list."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Kind
from revenge_companion.demo.sites.grants import Grants
from revenge_companion.demo.sites.site import Site

#: The one client id it knows.
CLIENT_ID = "demo-client"
_MONTH_S = 2_678_400


class MyAnimeListSite(Site):
    """One user, "DemoViewer", whose list is empty at first; PKCE as it is there: plain."""

    service = "myanimelist"
    kinds = (Kind.EPISODE, Kind.MOVIE)
    user_name = "DemoViewer"
    root = "/v2"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.grants = Grants(clock, "mal", code_s=600, access_s=_MONTH_S, rotates=True)
        #: Redirect addresses that are registered; empty means any on this computer.
        self.redirects: set[str] = set()
        self._codes: dict[str, tuple[str, str]] = {}
        #: Progress by anime id.
        self.progress: dict[int, int] = {}

    @property
    def client_environment(self) -> dict[str, str]:
        return {"MAL_CLIENT_ID": CLIENT_ID, "MAL_REDIRECT_PORT": "0"}

    def routes(self) -> Sequence[Route]:
        return [
            Route("/v1/oauth2/authorize", self._authorize),
            Route("/v1/oauth2/token", self._token, methods=["POST"]),
            Route("/v2/users/@me", self._me),
            Route("/v2/anime/{number:int}", self._anime),
            Route("/v2/anime/{number:int}/my_list_status", self._update, methods=["PATCH"]),
        ]

    async def _authorize(self, request: Request) -> Response:
        """What the page does once the user pressed "allow", or "deny" with `deny` in the query."""
        asked = request.query_params
        redirect, state = asked.get("redirect_uri", ""), asked.get("state", "")
        if asked.get("client_id") != CLIENT_ID:
            return _error("invalid_client", 401, "Client authentication failed")
        if self.redirects and redirect not in self.redirects:
            return _error("invalid_request", 400, "Check the `redirect_uri` parameter")
        verifier = asked.get("code_challenge", "")
        if not 43 <= len(verifier) <= 128 or asked.get("code_challenge_method") != "plain":
            return _error("invalid_request", 400, "Check the `code_challenge` parameter")
        if asked.get("deny"):
            answer = {"error": "access_denied", "state": state}
        else:
            code = f"code-{len(self._codes) + 1}"
            self._codes[code] = (verifier, redirect)
            answer = {"code": code, "state": state}
        return RedirectResponse(f"{redirect}?{urlencode(answer)}", status_code=302)

    async def _token(self, request: Request) -> Response:
        form = await _form(request)
        if form.get("client_id") != CLIENT_ID:
            return _error("invalid_client", 401, "Client authentication failed")
        if form.get("grant_type") == "refresh_token":
            tokens = self.grants.refresh(form.get("refresh_token", ""))
            if tokens is None:
                return _error("invalid_request", 401, "Token has expired")
        else:
            asked = (form.get("code_verifier", ""), form.get("redirect_uri", ""))
            if self._codes.pop(form.get("code", ""), None) != asked:
                return _error("invalid_grant", 400, "Cannot decrypt the authorization code")
            tokens = self.grants.grant()
        return JSONResponse(
            {
                "token_type": "Bearer",
                "expires_in": _MONTH_S,
                "access_token": tokens.access,
                "refresh_token": tokens.refresh,
            }
        )

    async def _me(self, request: Request) -> Response:
        return self._refusal(request) or JSONResponse({"id": 1234567, "name": self.user_name})

    async def _anime(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        number = int(request.path_params["number"])
        known: dict[str, Any] = {"id": number, "title": "Some anime", "num_episodes": 0}
        if number in self.progress:
            known["my_list_status"] = self._entry(number)
        return JSONResponse(known)

    async def _update(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        number, form = int(request.path_params["number"]), await _form(request)
        self.progress[number] = int(form.get("num_watched_episodes", "0"))
        return JSONResponse(self._entry(number))

    def _entry(self, number: int) -> dict[str, Any]:
        return {
            "status": "watching",
            "score": 0,
            "num_episodes_watched": self.progress[number],
            "is_rewatching": False,
            "num_times_rewatched": 0,
            "updated_at": self.clock.now().isoformat(timespec="seconds"),
        }

    def _refusal(self, request: Request) -> Response | None:
        if self.grants.good(request.headers.get("authorization", "")):
            return None
        says = 'Bearer error="invalid_token",error_description="The access token expired"'
        return JSONResponse(
            {"error": "invalid_token"}, status_code=401, headers={"WWW-Authenticate": says}
        )


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _error(code: str, status: int, hint: str) -> Response:
    return JSONResponse({"error": code, "message": "", "hint": hint}, status_code=status)
