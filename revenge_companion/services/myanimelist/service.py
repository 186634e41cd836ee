"""MyAnimeList: linking in the browser with PKCE, and clients for linked accounts."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import LinkRefused, ServiceTrouble, Unreachable
from revenge_companion.core.watching import ListPolicy
from revenge_companion.net.http import Answer, Http
from revenge_companion.net.loopback import Redirect
from revenge_companion.services import setup
from revenge_companion.services.animemap.map import AnimeMap
from revenge_companion.services.animemap.placing import local_day
from revenge_companion.services.answers import first_text, object_of
from revenge_companion.services.base import (
    Linked,
    LinkPrompt,
    LinkRequest,
    Secret,
    SecretSlot,
    ShowPrompt,
)
from revenge_companion.services.linking import insisting, refusing
from revenge_companion.services.myanimelist import wire
from revenge_companion.services.myanimelist.client import MyAnimeListClient
from revenge_companion.services.myanimelist.spec import SPEC
from revenge_companion.services.tokens import read_tokens

#: The port of the redirect address: it has to be registered with the client id, digit by digit.
REDIRECT_PORT = 47_613
#: Environment variable with another port, for a client id that was registered with one.
PORT_ENV = "MAL_REDIRECT_PORT"
#: How long an approval is waited for, in seconds.
APPROVAL_S = 600.0

Query = Mapping[str, str]


class MyAnimeList:
    """The service; see `services.base.Service`."""

    spec = SPEC

    def __init__(
        self,
        http: Http,
        clock: Clock,
        environ: Mapping[str, str],
        maps: AnimeMap,
        *,
        policy: Callable[[], ListPolicy] = ListPolicy,
        day_of: Callable[[datetime], date] = local_day,
    ) -> None:
        self._http = http
        self._clock = clock
        self._environ = environ
        self._pace = wire.gate(clock)
        self._policy = policy
        self._day_of = day_of
        #: The anime map its clients ask.
        self.maps = maps

    async def link(self, request: LinkRequest, show: ShowPrompt) -> Linked:
        """Show the page of approval and wait until the browser comes back, or for a paste of the
        address it ended at. Raises LinkRefused when there will be no approval.
        """
        api = setup.api_root(SPEC, request.api_url, self._environ)
        auth = setup.auth_root(SPEC, request.auth_url, self._environ)
        client_id = self._client_id(request)
        # The only PKCE method here is "plain": the challenge is the verifier itself.
        verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(32)
        try:
            async with Redirect(self._clock, state=state, port=self._port()) as redirect:
                address = redirect.url
                query = urlencode(
                    {
                        "response_type": "code",
                        "client_id": client_id,
                        "state": state,
                        "redirect_uri": address,
                        "code_challenge": verifier,
                        "code_challenge_method": "plain",
                    }
                )
                page = setup.page_url(f"{auth}/v1/oauth2/authorize?{query}", "")
                if not page:
                    raise LinkRefused("The page to approve the link has no safe address.")
                await show(LinkPrompt(page, expires_in_s=APPROVAL_S))
                answered = await _first(redirect.wait(APPROVAL_S), request.pasted, state)
        except Unreachable as error:
            raise LinkRefused(str(error)) from error
        code = _code(answered)
        form = {
            "client_id": client_id,
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": address,
        }
        with refusing():
            # A code is good for one call: it is not sent again where the answer was lost.
            secret = self._read_tokens(await wire.token(self._http, auth, form), client_id)
            user = await insisting(lambda: wire.who(self._http, api, secret), self._clock)
        return Linked(
            user,
            secret,
            api_url=request.api_url.strip(),
            auth_url=request.auth_url.strip(),
            client_id=request.client_id.strip(),
        )

    def client(self, account: Account, slot: SecretSlot) -> MyAnimeListClient:
        """A client for `account`; makes no request."""
        return MyAnimeListClient(
            self._http,
            self._clock,
            slot,
            self.maps,
            self._pace,
            api_root=setup.api_root(SPEC, account.api_url, self._environ),
            auth_root=setup.auth_root(SPEC, account.auth_url, self._environ),
            client_id=setup.client_id(SPEC, account.client_id, self._environ),
            policy=self._policy,
            day_of=self._day_of,
        )

    def _client_id(self, request: LinkRequest) -> str:
        if not setup.client_id(SPEC, request.client_id, self._environ):
            raise LinkRefused(
                f'This build has no client id for {SPEC.name}. Make an app of type "other" at '
                f"{SPEC.help_url} with the redirect address "
                f"http://127.0.0.1:{self._port() or REDIRECT_PORT}/callback and enter its client "
                f"id, or set {SPEC.client_id_env}."
            )
        return setup.needed_client_id(SPEC, request.client_id, self._environ)

    def _port(self) -> int:
        text = self._environ.get(PORT_ENV, "").strip()
        known = text.isascii() and text.isdigit() and int(text[:6]) < 65_536
        return int(text[:6]) if known else REDIRECT_PORT

    def _read_tokens(self, answer: Answer, client_id: str) -> Secret:
        data = object_of(answer)
        if 200 <= answer.status < 300:
            found = read_tokens(data, self._clock, client_id=client_id) if data else None
            if found is None:
                raise ServiceTrouble("MyAnimeList gave no tokens.")
            return found
        if data is not None and answer.status in (400, 401):
            words = first_text(data.get("message"), data.get("hint"), data.get("error"))
            raise LinkRefused(f"MyAnimeList refused the link: {words}. Begin again.")
        raise wire.trouble(answer)


async def _first(
    coming: Awaitable[Query | None], paste: Callable[[], Awaitable[str]] | None, state: str
) -> Query | None:
    """The query the browser brought or the user pasted, whichever comes first; None for neither."""
    tasks = [asyncio.ensure_future(coming)]
    if paste is not None:
        tasks.append(asyncio.ensure_future(_pasted(paste, state)))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pasted(paste: Callable[[], Awaitable[str]], state: str) -> Query:
    """The query of a pasted address, or a bare code; the state is checked where there is one."""
    text = (await paste()).strip()
    if "?" not in text:
        return {"code": text}
    try:
        found = parse_qs(urlsplit(text).query, max_num_fields=20)
    except ValueError:
        found = {}
    query = {key: values[-1] for key, values in found.items()}
    if query.pop("state", state) != state:
        raise LinkRefused("This address belongs to another attempt. Paste the newest one.")
    return query


def _code(query: Query | None) -> str:
    if query is None:
        raise LinkRefused("MyAnimeList was not approved in time. Begin again.")
    if "error" in query:
        raise LinkRefused("You declined the link at MyAnimeList.")
    code = query.get("code", "")
    if not setup.is_token(code):
        raise LinkRefused("MyAnimeList sent no code to link with. Begin again.")
    return code
