"""A tiny service, as `revenge_companion/services/ADDING.md` says: data, a link, and a client."""

from collections.abc import Mapping, Sequence
from typing import Any

from revenge_companion.core.accounts import Account
from revenge_companion.core.delivery import Delivered, Delivery, Outcome, Refused
from revenge_companion.core.errors import LinkExpired, ServiceTrouble
from revenge_companion.core.live import LiveNotice
from revenge_companion.core.media import Kind
from revenge_companion.core.reasons import Reason
from revenge_companion.net.http import Answer, Http
from revenge_companion.services.answers import object_of, rows_of, words
from revenge_companion.services.base import (
    Linked,
    LinkMethod,
    LinkRequest,
    RemoteUser,
    Secret,
    SecretSlot,
    ServiceSpec,
    ShowPrompt,
)
from revenge_companion.services.linking import refusing

SPEC = ServiceSpec(
    key="postcards",
    name="Postcards",
    kinds=(Kind.MOVIE, Kind.TRACK),
    link=(LinkMethod.TOKEN,),
    live=True,
    batch_size=2,
    # A card of the same number is kept once.
    resend_is_safe=True,
    default_api_url="https://postcards.example",
)


class Postcards:
    """The service; see `services.base.Service`."""

    spec = SPEC

    def __init__(self, http: Http) -> None:
        self._http = http

    async def link(self, request: LinkRequest, show: ShowPrompt) -> Linked:
        """Check a pasted token. Raises LinkRefused for one that the service does not know."""
        root = request.api_url or SPEC.default_api_url
        with refusing():
            user = await _who(self._http.plain(request.allow_http), root, request.secret)
        return Linked(user, Secret(request.secret), api_url=request.api_url)

    def client(self, account: Account, slot: SecretSlot) -> "PostcardsClient":
        http = self._http.plain(account.switches.allow_http)
        return PostcardsClient(http, slot, account.api_url or SPEC.default_api_url)


class PostcardsClient:
    """One account; see `services.base.Client`."""

    def __init__(self, http: Http, slot: SecretSlot, root: str) -> None:
        self._http = http
        self._slot = slot
        self._root = root

    async def submit(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        cards = [
            {
                "number": row.scrobble.key,
                "text": row.scrobble.item.label,
                "at": int(row.scrobble.dated_at.timestamp()),
            }
            for row in batch
        ]
        answer = await self._post("/cards", {"cards": cards})
        told = rows_of((object_of(answer) or {}).get("cards"))
        said = {entry.get("number"): entry for entry in told}
        # A row the answer does not name stays a question; the engine sends it again.
        return {
            row.id: _outcome(said[row.scrobble.key]) for row in batch if row.scrobble.key in said
        }

    async def find(self, delivery: Delivery) -> str | None:
        return None

    async def live(self, notice: LiveNotice) -> None:
        await self._post("/now", {"text": notice.item.label, "action": notice.action.value})

    async def whoami(self) -> RemoteUser:
        return await _who(self._http, self._root, await self._token())

    async def revoke(self) -> None:
        await self._post("/revoke", {})

    async def _post(self, path: str, body: dict[str, Any]) -> Answer:
        head = {"Authorization": f"Bearer {await self._token()}"}
        return _read(await self._http.request("POST", self._root + path, headers=head, json=body))

    async def _token(self) -> str:
        secret = await self._slot.get()
        if secret is None:
            raise LinkExpired("Postcards is not linked any more.")
        return secret.access


def _outcome(entry: Mapping[str, Any]) -> Outcome:
    match entry.get("state"):
        case "kept":
            return Delivered(words(entry.get("id")))
        case "known":
            return Delivered(note=Reason.ALREADY_THERE)
    return Refused(Reason.INVALID, words(entry.get("why")))


def _read(answer: Answer) -> Answer:
    """`answer` where it is a success; raises what anything else means for the whole request."""
    if answer.status == 401:
        raise LinkExpired("Postcards does not know this token.")
    if answer.status != 200 or object_of(answer) is None:
        raise ServiceTrouble(f"Postcards has trouble (HTTP {answer.status}).")
    return answer


async def _who(http: Http, root: str, token: str) -> RemoteUser:
    head = {"Authorization": f"Bearer {token}"}
    answer = _read(await http.request("GET", f"{root}/me", headers=head))
    name = words((object_of(answer) or {}).get("name"))
    return RemoteUser(name, name)
