"""Texts that the server keeps for its user, with the ways in which it keeps them badly."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from revenge_companion.demo.accounts import Accounts
from revenge_companion.demo.answers import error, json_body

#: The longest key.
_KEY_LIMIT = 255


class UserSettings:
    """Serves `/api/v1/settings/user…`."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self.kept: dict[str, Any] = {}

    def routes(self) -> list[Route]:
        path = "/api/v1/settings/user/{key}"
        return [Route(path, self._one, methods=["GET", "PUT", "DELETE"])]

    async def _one(self, request: Request) -> Response:
        if not self._accounts.allows(request):
            return error(401, "Authentication required")
        key = request.path_params["key"]
        if len(key) > _KEY_LIMIT:
            return error(400, "Invalid parameters: key")
        if request.method == "DELETE":
            self.kept.pop(key, None)
            return Response(status_code=204)
        if request.method == "PUT":
            body = await json_body(request)
            if body is None or "value" not in body or isinstance(body["value"], list):
                return error(400, "Invalid request: value")
            # Objects are lost.
            lost = isinstance(body["value"], dict)
            self.kept[key] = "map[]" if lost else body["value"]
        elif key not in self.kept:
            return JSONResponse({"code": 0, "message": ""}, status_code=404)
        return JSONResponse(
            {
                "user_id": self._accounts.user_id,
                "key": key,
                "value": self.kept[key],
                "data_type": "string",
            }
        )
