"""AniList's one address, and what its answers mean."""

from collections.abc import Mapping
from typing import Any

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    RateLimited,
    ServiceTrouble,
)
from revenge_companion.core.reasons import Reason
from revenge_companion.net.gate import Gate
from revenge_companion.net.http import Answer, Http
from revenge_companion.services import setup
from revenge_companion.services.anilist import payload
from revenge_companion.services.answers import (
    first_text,
    mapping,
    object_of,
    rows_of,
    whole_number,
)
from revenge_companion.services.base import RemoteUser

#: Our own page. Without any Referer some networks get 403 "temporarily disabled".
HOME_PAGE = "https://github.com/revenge-companion/revenge-companion"
#: Their limit is 30 a minute while "degraded", with a burst limit nobody documents; headers that
#: promise more are not true.
INTERVAL_S, BURST = 60.0 / 25.0, 3
#: The block after too many requests, in seconds, where no header says it.
BLOCK_S = 60.0
#: How long all lanes stay away while the service is switched off, in seconds.
DISABLED_S = 300.0


def gate(clock: Clock) -> Gate:
    """The pace of this program towards AniList, whatever the account: it counts by address."""
    return Gate(clock, interval_s=INTERVAL_S, burst=BURST)


async def ask(
    http: Http, root: str, pace: Gate, token: str, query: str, variables: Mapping[str, Any]
) -> Answer:
    """One query or mutation. Raises what `Http.request` and the gate raise."""
    await pace.pass_()
    answer = await http.request(
        "POST",
        root,
        headers={
            "Accept": "application/json",
            "Authorization": f"Bearer {token}",
            "Referer": HOME_PAGE,
        },
        json={"query": " ".join(query.split()), "variables": dict(variables)},
    )
    pace.learn(answer.headers)
    if answer.status == 429:
        pace.hold((answer.retry_after_s or BLOCK_S) + 1.0)
    elif is_disabled(answer):
        pace.hold(DISABLED_S)
    return answer


def data_of(answer: Answer, *, what: str = "this play") -> Mapping[str, Any]:
    """The data of a whole answer; raises what an error in it means, with 200 as without.

    `what` was sent, for people.
    """
    body = object_of(answer)
    if answer.status == 200 and body is not None and not body.get("errors"):
        data = body.get("data")
        if isinstance(data, dict):
            return data
    raise trouble(answer, what=what)


def is_gone(answer: Answer) -> bool:
    """Whether AniList itself says that there is no such anime."""
    return bool((object_of(answer) or {}).get("errors")) and _error(answer)[0] == 404


def is_disabled(answer: Answer) -> bool:
    """Whether the service is switched off for a while, or its guard asks for a browser."""
    if answer.status != 403:
        return False
    body = object_of(answer)
    return "disabled" in _error(answer)[1].lower() or (
        body is None and answer.body.lstrip()[:1] == b"<"
    )


def trouble(answer: Answer, *, what: str = "this play") -> CompanionError:
    """What an answer that is no success means."""
    status, words = _error(answer)
    said = f": {words}" if words else "."
    if "invalid token" in words.lower() or status == 401:
        return LinkExpired(f"AniList does not accept this link any more{said}")
    match status:
        case 400 | 404 if words:
            return BatchRefused(f"AniList did not accept {what}{said}")
        case 403 if not is_disabled(answer):
            return LaneBlocked(f"AniList refuses this computer{said}", code=Reason.ACCOUNT_LOCKED)
        case 404 | 405 | 410:
            return LaneBlocked(
                f"{answer.host} is not an AniList server.", code=Reason.WRONG_ADDRESS
            )
        case 429:
            wait_s = (answer.retry_after_s or BLOCK_S) + 1.0
            return RateLimited("AniList asked to wait.", retry_after_s=wait_s)
    return ServiceTrouble(f"AniList gave no usable answer (HTTP {answer.status}){said}")


def read_viewer(answer: Answer) -> RemoteUser:
    """The account in an answer to VIEWER; raises what `data_of` raises."""
    viewer = mapping(data_of(answer, what="a question").get("Viewer"))
    number, name = whole_number(viewer.get("id")), first_text(viewer.get("name"))
    if not number:
        raise ServiceTrouble("AniList did not say whose account this is.")
    return RemoteUser(str(number), name or str(number), setup.page_url(viewer.get("siteUrl"), ""))


def read_owner(data: Mapping[str, Any]) -> tuple[int, str]:
    """The number of the account in the data of VIEWER, and the format of its scores."""
    viewer = mapping(data.get("Viewer"))
    number = whole_number(viewer.get("id"))
    if not number:
        raise ServiceTrouble("AniList did not say whose account this is.")
    return number, str(mapping(viewer.get("mediaListOptions")).get("scoreFormat"))


async def who(http: Http, root: str, pace: Gate, token: str) -> RemoteUser:
    """Whose token this is; raises LinkExpired for one that is none."""
    return read_viewer(await ask(http, root, pace, token, payload.VIEWER, {}))


def _error(answer: Answer) -> tuple[int, str]:
    """The status and words of the first error, also of one that came with 200."""
    body = object_of(answer)
    if body is None:
        # A plain text is somebody's message; a page is not.
        text = answer.body[:600].decode("utf-8", "replace") if answer.status >= 400 else ""
        return answer.status, "" if text.lstrip()[:1] == "<" else first_text(text)
    errors = rows_of(body.get("errors"))
    first = errors[0] if errors else {}
    words = first_text(first.get("message"), body.get("message"))
    if words == "validation":
        fields = mapping(first.get("validation")).values()
        words = first_text(*(text for texts in fields for text in _texts(texts))) or words
    return whole_number(first.get("status")) or answer.status, words


def _texts(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
