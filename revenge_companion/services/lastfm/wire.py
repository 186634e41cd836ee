"""Last.fm's requests, and what its error codes mean."""

from dataclasses import dataclass, field

from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    QuotaExhausted,
    RateLimited,
    ServiceTrouble,
)
from revenge_companion.core.reasons import Reason
from revenge_companion.net.http import Answer, Http
from revenge_companion.services.answers import (
    first_text,
    mapping,
    object_of,
    whole_number,
    words,
)
from revenge_companion.services.lastfm import payload
from revenge_companion.services.setup import is_token

#: Old terms of five requests a second and address; nothing newer is written down.
INTERVAL_S = 0.2
#: Error 29 is a limit of minutes or of a day, and does not say which; in seconds.
RATE_S = 3600.0
#: A day's scrobbles are used up; in seconds.
DAY_S = 6 * 3600.0
#: Keys for servers that look at none; they want the length.
NO_KEY = "revengecompanion".ljust(32, "0")


@dataclass(frozen=True, slots=True)
class Keys:
    """An API key with its shared secret."""

    key: str
    secret: str = field(repr=False)


async def call(
    http: Http, root: str, keys: Keys, method: str, parameters: dict[str, str]
) -> Answer:
    """Send one signed call. All goes into the body, so that no key stands in an address."""
    form = payload.signed({**parameters, "method": method, "api_key": keys.key}, keys.secret)
    # Some servers give XML unless the header asks, too.
    return await http.request(
        "POST", payload.endpoint(root), headers={"Accept": "application/json"}, form=form
    )


def read_session(answer: Answer, name: str = "") -> tuple[str, str] | None:
    """User name and session key of a session answer; None where it holds none.

    Maloja leaves the name out: it is `name` then.
    """
    session = mapping((object_of(answer) or {}).get("session"))
    key = session.get("key")
    user = first_text(session.get("name"), name)
    return (user, key) if isinstance(key, str) and is_token(key) and user else None


def error_of(answer: Answer) -> tuple[int | None, str]:
    """The error code and its words; (None, "") for an answer that carries no error.

    The body decides, whatever the status. Code 0 stands for an error without a number.
    """
    data = object_of(answer)
    if data is None or "error" not in data:
        return None, ""
    error = data["error"]
    if isinstance(error, dict):
        return whole_number(error.get("code")) or 0, words(error.get("#text"))
    return whole_number(error) or 0, first_text(data.get("message"), error)


def trouble(answer: Answer, *, custom: bool, what: str = "this play") -> CompanionError:
    """What an answer that is no success means for the whole request, which carried `what`."""
    code, detail = error_of(answer)
    said = f": {detail}" if detail else "."
    match code:
        case 4 | 9 | 14 | 15 | 17:
            return LinkExpired(f"Last.fm does not accept this link any more{said}")
        case 10 | 13 | 26:
            return LaneBlocked(f"Last.fm refused the API key{said}", code=Reason.APP_KEY_REFUSED)
        case 3 | 27:
            return LaneBlocked(
                f"{answer.host} does not take scrobbles this way{said}", code=Reason.WRONG_ADDRESS
            )
        case 6 | 7:
            return BatchRefused(f"Last.fm did not accept {what}{said}")
        case 12:
            return LaneBlocked(f"Last.fm asks for a paid plan{said}", code=Reason.VIP_NEEDED)
        case 29:
            wait_s = answer.retry_after_s
            return QuotaExhausted(
                f"Last.fm takes no more plays for now{said}",
                retry_after_s=RATE_S if wait_s is None else wait_s,
            )
    if answer.status == 413:
        return BatchRefused("Last.fm refused the size of this request.")
    if answer.status == 429:
        return RateLimited("Last.fm asked to wait.", retry_after_s=answer.retry_after_s)
    if custom and code is None and answer.status in (404, 405, 410):
        return LaneBlocked(
            f"No server like Last.fm answers at {answer.host}.", code=Reason.WRONG_ADDRESS
        )
    if code is None:
        return ServiceTrouble(f"Last.fm gave no usable answer (HTTP {answer.status}).")
    return ServiceTrouble(f"Last.fm has trouble (HTTP {answer.status}, error {code}){said}")
