"""Simkl: linking by device code (its second version), and clients for linked accounts."""

from collections.abc import Mapping
from pathlib import Path

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import LinkRefused, LinkTrouble, ServiceTrouble
from revenge_companion.net.http import Answer, Http
from revenge_companion.services import setup
from revenge_companion.services.answers import first_text, object_of
from revenge_companion.services.base import (
    Linked,
    LinkPrompt,
    LinkRequest,
    RemoteUser,
    Secret,
    SecretSlot,
    ShowPrompt,
)
from revenge_companion.services.linking import (
    SLOWER_S,
    Waiting,
    approved,
    ended,
    insisting,
    refusing,
    seconds,
    telling,
)
from revenge_companion.services.simkl import wire
from revenge_companion.services.simkl.client import SimklClient
from revenge_companion.services.simkl.kept import Kept
from revenge_companion.services.simkl.spec import SPEC
from revenge_companion.services.tokens import read_tokens

#: Left out or misspelled, the grant is silently one that may only read.
SCOPE = "media:read media:write"
#: Where codes are typed, unless the answer says otherwise.
PIN_PAGE = "https://simkl.com/pin"
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
#: Errors of a poll that end the linking, with the sentence to show.
_ENDS = {
    "expired_token": (
        LinkTrouble.ENDED,
        "This code has ended. Begin again for a new one.",
    ),
    "access_denied": (
        LinkTrouble.DENIED,
        "You declined the link at Simkl.",
    ),
    "invalid_client": (
        LinkTrouble.CLIENT_ID,
        "Simkl refused the client id. It has to be one of its second version.",
    ),
    "unauthorized_client": (
        LinkTrouble.CLIENT_ID,
        "Simkl refused the client id. It has to be one of its second version.",
    ),
    "client_id_failed": (
        LinkTrouble.CLIENT_ID,
        "Simkl refused the client id.",
    ),
    "invalid_grant": (
        LinkTrouble.ENDED,
        "Simkl does not know this code any more. Begin again for a new one.",
    ),
}


class Simkl:
    """The service; see `services.base.Service`."""

    spec = SPEC

    def __init__(
        self, http: Http, clock: Clock, environ: Mapping[str, str], *, cache: Path
    ) -> None:
        """What accounts have at Simkl is kept under `cache`, for it may be asked for once only."""
        self._http = http
        self._clock = clock
        self._environ = environ
        self._cache = cache / SPEC.key

    async def link(self, request: LinkRequest, show: ShowPrompt) -> Linked:
        """Show a code and wait for its approval; raises LinkRefused when there will be none."""
        with refusing():
            return await self._link(self._http.plain(request.allow_http), request, show)

    async def _link(self, http: Http, request: LinkRequest, show: ShowPrompt) -> Linked:
        api = setup.api_root(SPEC, request.api_url, self._environ)
        client_id = setup.needed_client_id(SPEC, request.client_id, self._environ)
        device_code, prompt, interval_s = await self._code(http, api, client_id)
        await show(prompt)

        async def ask() -> Secret | Waiting:
            form = {
                "grant_type": _DEVICE_GRANT,
                "client_id": client_id,
                "device_code": device_code,
            }
            return self._read_poll(
                await _form(http, f"{api}/oauth2/token", client_id, form), client_id
            )

        tell = telling(show, prompt)
        secret = await approved(
            ask,
            self._clock,
            interval_s=interval_s,
            expires_in_s=prompt.expires_in_s,
            service=SPEC.name,
            tell=tell,
        )

        async def who() -> RemoteUser:
            answer = await http.request(
                "GET",
                f"{api}/users/settings",
                params=wire.parameters(client_id),
                headers=wire.headers(secret.access),
            )
            return wire.read_user(answer, left_of_day_s=0.0)[0]

        return Linked(
            await insisting(who, self._clock, tell=tell),
            secret,
            api_url=request.api_url.strip(),
            client_id=request.client_id.strip(),
        )

    def client(self, account: Account, slot: SecretSlot) -> SimklClient:
        """A client for `account`; makes no request."""
        api = setup.api_root(SPEC, account.api_url, self._environ)
        return SimklClient(
            self._http.plain(account.switches.allow_http),
            self._clock,
            slot,
            api_root=api,
            client_id=setup.client_id(SPEC, account.client_id, self._environ),
            kept=Kept(self._cache, f"{account.remote_id}@{api}"),
        )

    async def _code(self, http: Http, api: str, client_id: str) -> tuple[str, LinkPrompt, float]:
        form = {"client_id": client_id, "scope": SCOPE}
        answer = await _form(http, f"{api}/oauth2/device", client_id, form)
        data = object_of(answer)
        code_of_error = wire.error_code(answer)
        if code_of_error in _ENDS:
            raise ended(_ENDS[code_of_error], SPEC.help_url)
        if data is None or not 200 <= answer.status < 300:
            raise wire.trouble(answer, left_of_day_s=0.0, what="a question")
        device_code, code = data.get("device_code"), first_text(data.get("user_code"))
        if not isinstance(device_code, str) or not device_code or not code:
            raise ServiceTrouble("Simkl gave no code to link with.")
        page = setup.page_url(data.get("verification_uri"), PIN_PAGE)
        prompt = LinkPrompt(
            url=page,
            code=code,
            complete_url=setup.page_url(data.get("verification_uri_complete"), ""),
            expires_in_s=seconds(data.get("expires_in"), 900.0, 3600.0),
        )
        return device_code, prompt, seconds(data.get("interval"), 5.0, 60.0)

    def _read_poll(self, answer: Answer, client_id: str) -> Secret | Waiting:
        data = object_of(answer)
        code = wire.error_code(answer)
        if code in _ENDS:
            raise ended(_ENDS[code], SPEC.help_url)
        if code == "slow_down":
            return Waiting(SLOWER_S)
        if answer.status == 429 or answer.status >= 500 or data is None:
            raise wire.trouble(answer, left_of_day_s=0.0)
        if not 200 <= answer.status < 300:
            return Waiting()
        scope = data.get("scope")
        if isinstance(scope, str) and "media:write" not in scope.split():
            raise LinkRefused("Simkl only allowed reading. Begin again and allow writing too.")
        return read_tokens(data, self._clock, client_id=client_id) or Waiting()


async def _form(http: Http, url: str, client_id: str, form: dict[str, str]) -> Answer:
    return await http.request(
        "POST", url, params=wire.parameters(client_id), headers=wire.headers(), form=form
    )
