"""Asking Hardcover: one address, every answer read, its pace kept."""

import re
from collections.abc import Mapping
from typing import Any

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    QuotaExhausted,
    RateLimited,
    ServiceTrouble,
    Unanswered,
)
from revenge_companion.core.reasons import Reason
from revenge_companion.net.gate import DayBudget, Gate
from revenge_companion.net.http import Answer, Http
from revenge_companion.services.answers import first_text, mapping, object_of, rows_of, whole_number

#: Hardcover's limits for everybody: a minute's pace, what may come at once, and a day's requests.
INTERVAL_S, BURST, DAY_REQUESTS = 1.0, 10, 5000
#: Seconds an answer may take; their own limit is 30.
TIMEOUT_S = 40.0

_LIMIT = re.compile(r'"([^"]{1,40})"\s*;\s*r=(\d{1,9})\s*;\s*t=(\d{1,9})')
_SCOPE = re.compile(r"\b(?:read|write):[a-z:_]+")
#: Words by which a refused token is known where the status does not say so.
_TOKEN_WORDS = ("verify token", "invalid_token", "invalid-jwt", "invalid token", "jwt")


class Api:
    """Hardcover's GraphQL, for one token after the other."""

    def __init__(self, http: Http, clock: Clock, root: str) -> None:
        self._http = http
        self._clock = clock
        self._url = f"{root}/v1/graphql"
        self._gate = Gate(clock, interval_s=INTERVAL_S, burst=BURST)
        self._budget = DayBudget(clock, limit=DAY_REQUESTS)
        self._quota_until_s = 0.0

    async def ask(
        self, token: str, query: str, variables: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The answer's data.

        Raises LinkExpired for a token that is no good (the missing scope is named), BatchRefused
        for a question or change that will never be taken, LaneBlocked, QuotaExhausted, RateLimited
        or ServiceTrouble.
        """
        left_s = self._quota_until_s - self._clock.monotonic_s()
        if left_s > 0:
            raise QuotaExhausted("Hardcover takes no more requests today.", retry_after_s=left_s)
        await self._gate.pass_()
        answer = await self._http.request(
            "POST",
            self._url,
            headers={"Authorization": f"Bearer {token}"},
            json={"query": query, "variables": dict(variables or {})},
            timeout_s=TIMEOUT_S,
        )
        self._learn(answer)
        return read(answer, day_left_s=self._budget.left_s())

    async def change(self, token: str, query: str, variables: Mapping[str, Any]) -> int:
        """The id a change answers with.

        Raises what `ask` raises; BatchRefused also where the change itself names an error.
        """
        data = await self.ask(token, query, variables)
        result = next(iter(rows_of(list(data.values()))), {})
        error = first_text(result.get("error"))
        if error:
            raise BatchRefused(f"Hardcover: {error}")
        number = whole_number(result.get("id"))
        if number is None:
            raise Unanswered("Hardcover did not say whether it took a change.")
        return number

    def _learn(self, answer: Answer) -> None:
        self._gate.learn(answer.headers)
        for name, left, reset_s in limits(answer):
            if left > 0:
                continue
            if name == "daily":
                self._quota_until_s = self._clock.monotonic_s() + min(reset_s, 86_400.0)
            else:
                self._gate.hold(reset_s)


def limits(answer: Answer) -> list[tuple[str, int, float]]:
    """The `RateLimit` header: name, requests left and seconds to its reset, for each limit."""
    found = _LIMIT.findall(answer.headers.get("ratelimit", "")[:1000])
    return [(name.lower(), int(left), float(reset_s)) for name, left, reset_s in found]


def read(answer: Answer, *, day_left_s: float) -> dict[str, Any]:
    """The data of an answer, or what it means for the request; see `Api.ask`.

    `day_left_s` is the seconds until the day's budget is anew, for answers that do not say.
    """
    body = object_of(answer)
    if answer.status == 429:
        for name, left, reset_s in limits(answer):
            if name == "daily" and left == 0:
                raise QuotaExhausted(
                    "Hardcover takes no more requests today.", retry_after_s=reset_s or day_left_s
                )
        raise RateLimited("Hardcover asked to wait.", retry_after_s=answer.retry_after_s)
    code, detail = _error(body or {})
    if answer.status == 401:
        raise LinkExpired(f"Hardcover does not accept this token. {_said(detail)}".rstrip())
    if body is None:
        if answer.status == 404:
            raise LaneBlocked(f"No Hardcover answers at {answer.host}.", code=Reason.WRONG_ADDRESS)
        raise ServiceTrouble(f"Hardcover has trouble (HTTP {answer.status}).")
    if answer.status in (200, 400, 403, 404):
        if answer.status == 200 and isinstance(body.get("data"), dict) and not body.get("errors"):
            data: dict[str, Any] = body["data"]
            return data
        if code or detail or answer.status != 200:
            raise _refusal(answer, body, code, detail)
    raise ServiceTrouble(f"Hardcover has trouble (HTTP {answer.status}). {detail}".rstrip())


def _refusal(answer: Answer, body: Mapping[str, Any], code: str, detail: str) -> CompanionError:
    told = f"{code} {detail}".lower()
    if "insufficient_scope" in told:
        scope = _scope(answer, body, told)
        which = f" {scope}" if scope else " that this needs"
        return LinkExpired(
            f"This Hardcover token lacks the scope{which}. Make one with all four scopes and link "
            "again."
        )
    if any(word in told for word in _TOKEN_WORDS):
        return LinkExpired(f"Hardcover does not accept this token. {_said(detail)}".rstrip())
    known = ("unsupported_operation", "top_level_limit_exceeded", "invalid_query")
    if answer.status == 403 and not any(word in told for word in known):
        return LaneBlocked(
            f"Hardcover refuses this account. {detail}".rstrip(), code=Reason.ACCOUNT_LOCKED
        )
    return BatchRefused(f"Hardcover did not accept this: {detail or code or answer.status}")


def _said(detail: str) -> str:
    """What was said to people, as a sentence; "" for a code."""
    return f"{detail.rstrip('.')}." if " " in detail else ""


def _error(body: Mapping[str, Any]) -> tuple[str, str]:
    """The code and the words of an error, in either of Hardcover's shapes."""
    row = next(iter(rows_of(body.get("errors"))), {})
    code = first_text(mapping(row.get("extensions")).get("code"), body.get("error"))
    detail = first_text(
        row.get("message"), body.get("error_description"), body.get("message"), body.get("error")
    )
    return code, detail


def _scope(answer: Answer, body: Mapping[str, Any], told: str) -> str:
    row = next(iter(rows_of(body.get("errors"))), {})
    named = first_text(
        body.get("scope"), body.get("required_scope"), mapping(row.get("extensions")).get("scope")
    )
    header = answer.headers.get("www-authenticate", "")[:500]
    found = _SCOPE.search(f"{named} {header} {told}")
    return found.group() if found else ""
