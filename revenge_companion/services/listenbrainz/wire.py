"""ListenBrainz's answers: what they mean for a whole request, and whose token it is."""

from urllib.parse import quote, urlsplit

from revenge_companion.core.errors import (
    BatchRefused,
    LaneBlocked,
    LinkExpired,
    RateLimited,
    ServiceTrouble,
)
from revenge_companion.core.reasons import Reason
from revenge_companion.net.gate import Gate
from revenge_companion.net.http import Answer, Http
from revenge_companion.services.answers import first_text, object_of, rows_of
from revenge_companion.services.base import RemoteUser
from revenge_companion.services.listenbrainz import payload
from revenge_companion.services.listenbrainz.spec import SPEC


def read(answer: Answer, root: str) -> None:
    """Return for `{"status": "ok"}`; raise what anything else means for the whole request."""
    data = object_of(answer)
    detail = words_of(answer)
    match answer.status:
        case 200 | 201 if data is not None and data.get("status") == "ok":
            return
        case 200 if data is not None and "invalid method" in detail.lower():
            raise wrong_address(root)
        case 400 if data is not None:
            raise BatchRefused(detail or "ListenBrainz did not accept this play.")
        case 401:
            # The same status tells of accounts that are paused or lack a confirmed address.
            if any(word in detail.lower() for word in ("verif", "paused")):
                raise LaneBlocked(detail, code=Reason.ACCOUNT_LOCKED)
            raise LinkExpired(f"ListenBrainz does not accept this token: {detail or 'no reason'}")
        case 403:
            said = f": {detail}" if detail else "."
            raise LaneBlocked(
                f"ListenBrainz refuses this account{said}", code=Reason.ACCOUNT_LOCKED
            )
        case 404 | 405 | 409 | 410:
            raise wrong_address(root)
        case 429:
            raise RateLimited("ListenBrainz asked to wait.", retry_after_s=_reset_in_s(answer))
    raise ServiceTrouble(f"ListenBrainz has trouble (HTTP {answer.status}). {detail}".rstrip())


async def validated(
    http: Http, root: str, token: str, gate: Gate | None = None
) -> RemoteUser | None:
    """Whose token this is; None for one that is not valid.

    Raises LaneBlocked (wrong_address) where no such server answers, else what `read` raises.
    """
    if gate is not None:
        await gate.pass_()
    answer = await ask_validate(http, root, token)
    data = object_of(answer)
    parts = urlsplit(root)
    if answer.status == 401:
        return None
    if answer.status == 405 and payload.submit_url(root) == root:
        # multi-scrobbler's complete address takes listens only: it cannot say who we are.
        return RemoteUser(parts.netloc + parts.path, parts.netloc)
    if answer.status == 200 and data is not None and isinstance(data.get("valid"), bool):
        if not data["valid"]:
            return None
        name = first_text(data.get("user_name")) or parts.netloc
        own = root == SPEC.default_api_url
        return RemoteUser(
            name, name, f"https://listenbrainz.org/user/{quote(name, safe='')}/" if own else ""
        )
    if data is None and answer.status < 300:
        raise ServiceTrouble(f"A web page answers at {parts.netloc} instead of ListenBrainz.")
    if answer.status not in (200, 400):
        read(answer, root)
    raise wrong_address(root)


async def ask_validate(http: Http, root: str, token: str) -> Answer:
    return await http.request(
        "GET", payload.validate_url(root), headers={"Authorization": f"Token {token}"}
    )


def words_of(answer: Answer) -> str:
    data = object_of(answer) or {}
    error = data.get("error")
    nested = rows_of(error)[0].get("desc") if rows_of(error) else None
    return first_text(error, nested, data.get("message"))


def _reset_in_s(answer: Answer) -> float | None:
    try:
        return min(max(float(answer.headers.get("x-ratelimit-reset-in", "")), 0.0), 3600.0)
    except ValueError:
        return answer.retry_after_s


def wrong_address(root: str) -> LaneBlocked:
    return LaneBlocked(
        f"No ListenBrainz server answers at {urlsplit(root).netloc}.", code=Reason.WRONG_ADDRESS
    )
