"""Trakt's requests and what its statuses mean."""

from typing import Any

from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    RateLimited,
    ServiceTrouble,
    Unanswered,
)
from revenge_companion.core.reasons import Reason
from revenge_companion.net.http import Answer, Http
from revenge_companion.services.answers import first_text, mapping, object_of
from revenge_companion.services.base import RemoteUser, Secret

#: Their write limit is one request per second and user, their read limit 500 in five minutes.
WRITE_INTERVAL_S = 1.0
READ_INTERVAL_S = 0.6


def headers(secret: Secret, client_id: str) -> dict[str, str]:
    """The headers every API call needs."""
    return {
        "Content-Type": "application/json",
        "trakt-api-version": "2",
        "trakt-api-key": secret.client_id or client_id,
        "Authorization": f"Bearer {secret.access}",
    }


def trouble(answer: Answer, *, may_be_kept: bool, what: str = "this play") -> CompanionError:
    """What an answer that is no success means for the whole request, which carried `what`.

    `may_be_kept` is True for a request whose second sending would be a second play: server errors
    after it are ambiguous then.
    """
    data = object_of(answer) or {}
    detail = first_text(data.get("error_description"), data.get("error"), data.get("message"))
    said = f": {detail}" if detail else "."
    match answer.status:
        case 400 | 413 | 422:
            return BatchRefused(f"Trakt did not accept {what}{said}")
        case 401:
            return LinkExpired(f"Trakt does not accept this link any more{said}")
        case 403:
            return LaneBlocked(f"Trakt refused the app key{said}", code=Reason.APP_KEY_REFUSED)
        case 404 | 405 | 410 if not _is_page(answer):
            return LaneBlocked(f"{answer.host} is not a Trakt server.", code=Reason.WRONG_ADDRESS)
        case 420:
            return LaneBlocked(
                f"This account has reached a limit at Trakt{said}", code=Reason.ACCOUNT_LIMIT
            )
        case 423:
            return LaneBlocked(
                "Trakt has locked this account. Write to support@trakt.tv.",
                code=Reason.ACCOUNT_LOCKED,
            )
        case 426:
            page = first_text(answer.headers.get("x-upgrade-url"))
            return LaneBlocked(
                f"Trakt asks for a paid plan. {page}".rstrip(), code=Reason.VIP_NEEDED
            )
        case 429:
            return RateLimited("Trakt asked to wait.", retry_after_s=answer.retry_after_s)
        case status if status >= 500 or 200 <= status < 300:
            message = f"Trakt gave no usable answer (HTTP {status})."
            return Unanswered(message) if may_be_kept else ServiceTrouble(message)
    return ServiceTrouble(f"Trakt gave no usable answer (HTTP {answer.status}).")


def _is_page(answer: Answer) -> bool:
    """Whether a web page came, as from a hotel's network."""
    return answer.body.lstrip()[:1] == b"<"


def unknown_item(answer: Answer) -> bool:
    """Whether a scrobble call says that it does not know the item."""
    return answer.status == 404 and not _is_page(answer)


async def who(http: Http, root: str, head: dict[str, str]) -> RemoteUser:
    """Whose account this is; raises what `trouble` says."""
    return read_user(await http.request("GET", f"{root}/users/settings", headers=head))


def read_user(answer: Answer) -> RemoteUser:
    """The account in an answer of /users/settings."""
    data = object_of(answer)
    if answer.status != 200 or data is None:
        raise trouble(answer, may_be_kept=False, what="a question")
    user: dict[str, Any] = dict(mapping(data.get("user")))
    ids = mapping(user.get("ids"))
    slug = first_text(ids.get("slug"), user.get("username"))
    stable = first_text(ids.get("uuid"), slug)
    if not stable:
        raise ServiceTrouble("Trakt did not say whose account this is.")
    page = f"https://app.trakt.tv/profile/{slug}" if slug.replace("-", "").isalnum() else ""
    return RemoteUser(stable, first_text(user.get("username"), slug), page)
