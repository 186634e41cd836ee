"""Simkl's requests and what its statuses mean."""

from revenge_companion import __version__
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
from revenge_companion.net.http import Answer
from revenge_companion.services.answers import first_text, mapping, object_of, whole_number
from revenge_companion.services.base import RemoteUser

#: Their short name for us; the same in the parameters and the User-Agent.
APP = "revenge-companion"
#: Their write limit is one a second; clients that work leave a little more.
WRITE_INTERVAL_S = 1.05
#: One scrobble call per user in this time, in seconds.
SCROBBLE_LOCK_S = 20.0
#: Requests of a free account per day, which begins at midnight in New York.
FREE_A_DAY = 500
DAY_STARTS_AT_UTC_H = 5
#: How long a refusal that is not about us is left alone, in seconds.
REFUSED_S = 3600.0


def parameters(client_id: str) -> dict[str, str]:
    """What every request has to carry in its address."""
    return {"client_id": client_id, "app-name": APP, "app-version": __version__}


def headers(access: str = "") -> dict[str, str]:
    """Simkl wants the same name here as in the parameters."""
    head = {"User-Agent": f"{APP}/{__version__}"}
    return head | {"Authorization": f"Bearer {access}"} if access else head


def error_code(answer: Answer) -> str:
    """The answer's error code in lower case; "" where it has none."""
    return first_text((object_of(answer) or {}).get("error")).lower()


def is_locked(answer: Answer) -> bool:
    """Whether a scrobble call came within 20 s of another."""
    return answer.status == 400 and error_code(answer) == "rate_limit"


def unknown_item(answer: Answer) -> bool:
    """Whether a scrobble call says that it does not know the item."""
    return answer.status == 404 and (object_of(answer) is not None or not answer.body)


def reading_trouble(answer: Answer, *, left_of_day_s: float) -> CompanionError:
    """As `trouble`, for a request that only asked."""
    error = trouble(answer, left_of_day_s=left_of_day_s)
    if isinstance(error, BatchRefused):
        return ServiceTrouble(f"Simkl did not understand what it was asked (HTTP {answer.status}).")
    return error


def trouble(answer: Answer, *, left_of_day_s: float, what: str = "this play") -> CompanionError:
    """What an answer that is no success means for the whole request, which carried `what`."""
    data = object_of(answer)
    code = error_code(answer)
    detail = first_text((data or {}).get("message"), (data or {}).get("error_description"), code)
    said = f": {detail}" if detail else "."
    wait_s = answer.retry_after_s
    if code in ("user_limit_exceeded", "app_limit_exceeded"):
        return QuotaExhausted(
            "Simkl takes no more requests today.",
            retry_after_s=left_of_day_s if wait_s is None else wait_s,
        )
    if code in ("invalid_client", "unauthorized_client", "client_id_failed") or (
        answer.status == 412
    ):
        return LaneBlocked(f"Simkl refused the client id{said}", code=Reason.APP_KEY_REFUSED)
    if is_locked(answer):
        return RateLimited("Simkl asked to wait.", retry_after_s=SCROBBLE_LOCK_S)
    if code == "insufficient_scope":
        return LinkExpired("This link to Simkl may only read. Link again.")
    match answer.status:
        case 400 | 413 | 422 if data is not None or answer.status == 413:
            return BatchRefused(f"Simkl did not accept {what}{said}")
        case 401:
            return LinkExpired(f"Simkl does not accept this link any more{said}")
        case 403:
            return RateLimited(f"Simkl refused the request{said}", retry_after_s=REFUSED_S)
        case 404 if code == "id_err":
            return BatchRefused("Simkl does not know one of these items.")
        case 404 | 405 | 410 if data is not None or not answer.body:
            return LaneBlocked(f"{answer.host} is not a Simkl server.", code=Reason.WRONG_ADDRESS)
        case 429:
            return RateLimited(
                "Simkl asked to wait.", retry_after_s=2.0 if wait_s is None else wait_s
            )
    return ServiceTrouble(f"Simkl gave no usable answer (HTTP {answer.status}).")


def read_user(answer: Answer, *, left_of_day_s: float) -> tuple[RemoteUser, str]:
    """The account in an answer of /users/settings, and its plan ("free", "pro", "vip")."""
    data = object_of(answer)
    if answer.status not in (200, 201) or data is None:
        raise trouble(answer, left_of_day_s=left_of_day_s, what="a question")
    account = mapping(data.get("account"))
    number = whole_number(account.get("id"))
    if number is None:
        raise ServiceTrouble("Simkl did not say whose account this is.")
    name = first_text(mapping(data.get("user")).get("name")) or str(number)
    plan = first_text(account.get("type")).lower()
    return RemoteUser(str(number), name, f"https://simkl.com/{number}/"), plan
