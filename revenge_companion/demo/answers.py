"""Bodies in and out, in the shapes that Revenge's API has."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


def error(status: int, message: str) -> Response:
    """Revenge's error body; the code repeats the status."""
    return JSONResponse({"code": status, "message": message}, status_code=status)


async def json_body(request: Request) -> dict[str, Any] | None:
    """The request's JSON object; None for anything else."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def whole_number(value: str | None, default: int, lowest: int, highest: int) -> int | None:
    """A query parameter within its limits, `default` when absent; None when it is wrong."""
    if value is None:
        return default
    if not value.isascii() or not value.isdigit():
        return None
    number = int(value)
    return number if lowest <= number <= highest else None
