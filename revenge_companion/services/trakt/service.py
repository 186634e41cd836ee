"""Trakt: linking by device code, and clients for linked accounts."""

from collections.abc import Mapping

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
    Secret,
    SecretSlot,
    ShowPrompt,
)
from revenge_companion.services.linking import (
    Waiting,
    approved,
    ended,
    insisting,
    refusing,
    seconds,
    telling,
)
from revenge_companion.services.tokens import read_tokens
from revenge_companion.services.trakt import wire
from revenge_companion.services.trakt.client import TraktClient
from revenge_companion.services.trakt.spec import SPEC

#: Answers to a poll that end the linking, with the sentence to show.
_ENDS = {
    401: (LinkTrouble.CLIENT_ID, "Trakt refused the client id."),
    403: (LinkTrouble.CLIENT_ID, "Trakt refused the client id."),
    404: (LinkTrouble.ENDED, "Trakt does not know this code any more. Begin again for a new one."),
    409: (LinkTrouble.ENDED, "This code was already used. Begin again for a new one."),
    410: (LinkTrouble.ENDED, "This code has ended. Begin again for a new one."),
    418: (LinkTrouble.DENIED, "You declined the link at Trakt."),
}
#: Answers to the first question that are about who asks it.
_NO_CLIENT = (400, 401, 403, 422)
#: Where the user sees which apps are connected; a free account has room for one.
_APPS_PAGE = "https://app.trakt.tv/settings/apps"
_NO_ROOM = (
    "This account has reached a limit at Trakt. A free one has room for one app: end the link of "
    "another there, then try again."
)


class Trakt:
    """The service; see `services.base.Service`."""

    spec = SPEC

    def __init__(self, http: Http, clock: Clock, environ: Mapping[str, str]) -> None:
        self._http = http
        self._clock = clock
        self._environ = environ

    async def link(self, request: LinkRequest, show: ShowPrompt) -> Linked:
        """Show a code and wait for its approval; raises LinkRefused when there will be none."""
        with refusing(_APPS_PAGE, limit=_NO_ROOM):
            return await self._link(self._http.plain(request.allow_http), request, show)

    async def _link(self, http: Http, request: LinkRequest, show: ShowPrompt) -> Linked:
        api = setup.api_root(SPEC, request.api_url, self._environ)
        auth = setup.auth_root(SPEC, request.auth_url, self._environ)
        client_id = setup.needed_client_id(SPEC, request.client_id, self._environ)
        device_code, prompt, interval_s = await self._code(http, auth, client_id)
        await show(prompt)

        async def ask() -> Secret | Waiting:
            body = {"code": device_code, "client_id": client_id}
            answer = await http.request("POST", f"{auth}/oauth/device/token", json=body)
            return self._read_poll(answer, client_id)

        tell = telling(show, prompt)
        secret = await approved(
            ask,
            self._clock,
            interval_s=interval_s,
            expires_in_s=prompt.expires_in_s,
            service=SPEC.name,
            tell=tell,
        )
        head = wire.headers(secret, client_id)
        user = await insisting(lambda: wire.who(http, api, head), self._clock, tell=tell)
        return setup.linked(request, user, secret)

    def client(self, account: Account, slot: SecretSlot) -> TraktClient:
        """A client for `account`; makes no request."""
        return TraktClient(
            self._http.plain(account.switches.allow_http),
            self._clock,
            slot,
            api_root=setup.api_root(SPEC, account.api_url, self._environ),
            auth_root=setup.auth_root(SPEC, account.auth_url, self._environ),
            client_id=setup.client_id(SPEC, account.client_id, self._environ),
        )

    async def _code(self, http: Http, auth: str, client_id: str) -> tuple[str, LinkPrompt, float]:
        answer = await http.request(
            "POST", f"{auth}/oauth/device/code", json={"client_id": client_id}
        )
        data = object_of(answer)
        if answer.status in _NO_CLIENT:
            detail = first_text(data.get("error_description")) if data else ""
            raise LinkRefused(
                f"Trakt refused the client id. {detail}".rstrip(),
                why=LinkTrouble.CLIENT_ID,
                page=SPEC.help_url,
            )
        if data is None or not 200 <= answer.status < 300:
            raise wire.trouble(answer, may_be_kept=False)
        device_code, code = data.get("device_code"), first_text(data.get("user_code"))
        if not isinstance(device_code, str) or not device_code or not code:
            raise ServiceTrouble("Trakt gave no code to link with.")
        page = setup.page_url(data.get("verification_url"), f"{auth}/activate")
        prompt = LinkPrompt(
            url=page,
            code=code,
            complete_url=setup.page_url(f"{page}/{code}", ""),
            expires_in_s=seconds(data.get("expires_in"), 600.0, 3600.0),
        )
        return device_code, prompt, seconds(data.get("interval"), 5.0, 60.0)

    def _read_poll(self, answer: Answer, client_id: str) -> Secret | Waiting:
        if answer.status in _ENDS:
            raise ended(_ENDS[answer.status], SPEC.help_url)
        if answer.status in (420, 423, 426):
            raise wire.trouble(answer, may_be_kept=False)
        data = object_of(answer)
        if answer.status == 429:
            return Waiting(min(answer.retry_after_s or 5.0, 30.0))
        if 200 <= answer.status < 300 and data is not None:
            return read_tokens(data, self._clock, client_id=client_id) or Waiting()
        if answer.status == 400 and data is not None and data.get("error") == "invalid_client":
            raise ended(_ENDS[401], SPEC.help_url)
        if answer.status >= 500 or 200 <= answer.status < 300:
            raise wire.trouble(answer, may_be_kept=False)
        # 400 is "pending", with or without a body.
        return Waiting()
