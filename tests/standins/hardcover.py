"""A local Hardcover: tokens with scopes, and one shelf."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Kind
from revenge_companion.demo.answers import json_body
from revenge_companion.demo.sites.site import Site

#: Stand-ins; no service ever gave these out.
TOKEN, READ_ONLY_TOKEN = "hc-demo-token", "hc-demo-token-that-only-reads"


class HardcoverSite(Site):
    """One user, "demo-viewer", with no book on any shelf."""

    service = "hardcover"
    kinds = (Kind.AUDIOBOOK,)
    link_secret = TOKEN
    user_name = "demo-viewer"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        #: Tokens that are good, and whether each may write.
        self.tokens: dict[str, bool] = {TOKEN: True, READ_ONLY_TOKEN: False}

    def routes(self) -> Sequence[Route]:
        return [Route("/v1/graphql", self._graphql, methods=["POST"])]

    async def _graphql(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return JSONResponse({"error": "Unable to verify token"}, status_code=401)
        query = str((await json_body(request) or {}).get("query"))
        if query.startswith("mutation"):
            if not self.tokens[token]:
                refused = {"error": "insufficient_scope", "required_scope": "write:library"}
                return JSONResponse(refused, status_code=403)
            errors = [{"message": "No entry has this id", "extensions": {"code": "not-found"}}]
            return JSONResponse({"errors": errors})
        data: dict[str, Any] = {"user_books": [], "editions": []}
        if " me " in query:
            me = {"id": 42, "username": self.user_name, "account_privacy_setting_id": 1}
            data = {"me": [me]}
        return JSONResponse({"data": data})
