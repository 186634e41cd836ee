"""Lists in numbered pages, the way Trakt gives them out."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from revenge_companion.demo.answers import whole_number

#: The most lines of a page; who asks for more gets this many.
_MOST = 250
_Row = TypeVar("_Row")


def paged(
    request: Request,
    rows: Sequence[_Row],
    line: Callable[[_Row], dict[str, Any]],
    *,
    usual: int = 100,
    newest_last: bool = False,
) -> Response:
    """One page of `rows`, with its length in the headers; `newest_last` are given out backwards."""
    query = request.query_params
    page = whole_number(query.get("page"), 1, 1, 1_000_000) or 1
    limit = min(whole_number(query.get("limit"), usual, 1, 1_000_000) or usual, _MOST)
    first, last = (page - 1) * limit, page * limit
    if newest_last:
        end = max(len(rows) - first, 0)
        shown = list(reversed(rows[max(len(rows) - last, 0) : end]))
    else:
        shown = list(rows[first:last])
    return JSONResponse(
        [line(row) for row in shown],
        headers={
            "X-Pagination-Page": str(page),
            "X-Pagination-Limit": str(limit),
            "X-Pagination-Page-Count": str(-(-len(rows) // limit)),
            "X-Pagination-Item-Count": str(len(rows)),
        },
    )
