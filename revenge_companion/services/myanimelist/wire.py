"""MyAnimeList's requests and what its statuses mean."""

from collections.abc import Mapping

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
from revenge_companion.services.answers import first_text, object_of, whole_number
from revenge_companion.services.base import RemoteUser, Secret
from revenge_companion.services.tokens import read_refreshed

#: Nothing is documented; one request a second is what its clients get along with.
INTERVAL_S = 1.0
#: How long to stay away after 403, which is "DoS detected" or an outage, in seconds.
FORBIDDEN_S = 1800.0
#: The wait after too many requests where no header says it, in seconds.
BLOCK_S = 60.0


def gate(clock: Clock) -> Gate:
    """The pace of this program towards MyAnimeList, whatever the account."""
    return Gate(clock, interval_s=INTERVAL_S)


def headers(secret: Secret) -> dict[str, str]:
    """The headers of a call in a user's name."""
    return {"Accept": "application/json", "Authorization": f"Bearer {secret.access}"}


def is_gone(answer: Answer) -> bool:
    """Whether MyAnimeList itself says that there is no such anime."""
    return answer.status == 404 and object_of(answer) is not None


def trouble(answer: Answer, *, what: str = "this play") -> CompanionError:
    """What an answer that is no success means."""
    data = object_of(answer) or {}
    words = first_text(data.get("message"), data.get("hint"), data.get("error"))
    said = f": {words}" if words else "."
    match answer.status:
        case 400 if data:
            return BatchRefused(f"MyAnimeList did not accept {what}{said}")
        case 401:
            return LinkExpired(f"MyAnimeList does not accept this link any more{said}")
        case 403:
            return RateLimited(
                f"MyAnimeList turned us away for a while{said}", retry_after_s=FORBIDDEN_S
            )
        case 404 | 405 | 410:
            return LaneBlocked(
                f"{answer.host} is not a MyAnimeList server.", code=Reason.WRONG_ADDRESS
            )
        case 429:
            return RateLimited(
                "MyAnimeList asked to wait.", retry_after_s=answer.retry_after_s or BLOCK_S
            )
    return ServiceTrouble(f"MyAnimeList gave no usable answer (HTTP {answer.status}).")


def read_user(answer: Answer) -> RemoteUser:
    """The account in an answer about oneself; raises what `trouble` says."""
    data = object_of(answer)
    if answer.status != 200 or data is None:
        raise trouble(answer, what="a question")
    number, name = whole_number(data.get("id")), first_text(data.get("name"))
    if not number:
        raise ServiceTrouble("MyAnimeList did not say whose account this is.")
    plain = name.replace("-", "").replace("_", "").isalnum() and name.isascii()
    page = f"https://myanimelist.net/profile/{name}" if plain else ""
    return RemoteUser(str(number), name or str(number), page)


async def who(http: Http, root: str, secret: Secret) -> RemoteUser:
    """Whose tokens these are."""
    answer = await http.request("GET", f"{root}/users/@me", headers=headers(secret))
    return read_user(answer)


async def token(http: Http, auth: str, form: Mapping[str, str]) -> Answer:
    """A call of the token address."""
    return await http.request("POST", f"{auth}/v1/oauth2/token", form=form)


def read_renewed(answer: Answer, clock: Clock, old: Secret) -> Secret:
    """The tokens of a refresh; raises LinkExpired where the refresh token is gone, else as
    `read_refreshed`.

    A dead refresh token is 401 "invalid_request" here, which elsewhere is a wrong client id.
    """
    data = object_of(answer)
    if (
        answer.status in (400, 401)
        and data
        and data.get("error")
        in (
            "invalid_request",
            "invalid_token",
        )
    ):
        words = first_text(data.get("hint"), data.get("message")).rstrip(".")
        raise LinkExpired(f"MyAnimeList ended this link: {words or 'no reason given'}.")
    return read_refreshed(answer, clock, old, service="MyAnimeList")
