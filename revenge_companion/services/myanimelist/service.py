"""MyAnimeList: linking in the browser with PKCE, and clients for linked accounts."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import (
    LinkRefused,
    LinkTrouble,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
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
from revenge_companion.services.linking import Tell, insisting, refusing, telling
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
_NO_CODE = "This is not the address the browser ended at. Copy all of it and paste it again."

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
        http = self._http.plain(request.allow_http)
        api = setup.api_root(SPEC, request.api_url, self._environ)
        auth = setup.auth_root(SPEC, request.auth_url, self._environ)
        client_id = self._client_id(request)
        # The only PKCE method here is "plain": the challenge is the verifier itself.
        verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(32)
        with refusing(SPEC.help_url):
            try:
                async with Redirect(self._clock, state=state, port=self._port()) as redirect:
                    prompt = self._prompt(http, auth, client_id, verifier, state, redirect.url)
                    await show(prompt)
                    paste = _pasted(request.pasted, state, show, prompt)
                    answered = await _first(redirect.wait(APPROVAL_S), paste)
            except Unreachable as error:
                raise LinkRefused(str(error)) from error
            form = {
                "client_id": client_id,
                "grant_type": "authorization_code",
                "code": _code(answered, redirect.url),
                "code_verifier": verifier,
                "redirect_uri": redirect.url,
            }
            tell = telling(show, prompt)
            secret = await self._exchanged(http, auth, form, tell)
            user = await insisting(lambda: wire.who(http, api, secret), self._clock, tell=tell)
        return setup.linked(request, user, secret)

    def client(self, account: Account, slot: SecretSlot) -> MyAnimeListClient:
        """A client for `account`; makes no request."""
        return MyAnimeListClient(
            self._http.plain(account.switches.allow_http),
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

    def _prompt(
        self, http: Http, auth: str, client_id: str, verifier: str, state: str, redirect: str
    ) -> LinkPrompt:
        query = urlencode(
            {
                "response_type": "code",
                "client_id": client_id,
                "state": state,
                "redirect_uri": redirect,
                "code_challenge": verifier,
                "code_challenge_method": "plain",
            }
        )
        return LinkPrompt(
            setup.approval_page(http, f"{auth}/v1/oauth2/authorize?{query}"),
            expires_in_s=APPROVAL_S,
            note=f"If the page shows an error, set {redirect} as a redirect address of your app.",
            page=SPEC.help_url,
        )

    def _client_id(self, request: LinkRequest) -> str:
        if not setup.client_id(SPEC, request.client_id, self._environ):
            raise LinkRefused(
                f'This build has no client id for {SPEC.name}. Make an app of type "other" at '
                f"{SPEC.help_url} with the redirect address "
                f"http://127.0.0.1:{self._port() or REDIRECT_PORT}/callback and enter its client "
                f"id, or set {SPEC.client_id_env}.",
                why=LinkTrouble.CLIENT_ID,
                page=SPEC.help_url,
            )
        return setup.needed_client_id(SPEC, request.client_id, self._environ)

    def _port(self) -> int:
        text = self._environ.get(PORT_ENV, "").strip()
        known = text.isascii() and text.isdigit() and int(text[:6]) < 65_536
        return int(text[:6]) if known else REDIRECT_PORT

    async def _exchanged(
        self, http: Http, auth: str, form: Mapping[str, str], tell: Tell
    ) -> Secret:
        """The tokens for a code, which is good for one call: only a call that cannot have arrived
        is made again.
        """
        try:
            answer = await insisting(
                lambda: wire.token(http, auth, form),
                self._clock,
                tell=tell,
                after=(Unreachable,),
            )
        except Unanswered as error:
            raise LinkRefused(
                "MyAnimeList did not answer, and its approval is good for one time only. Begin "
                "again for a new one.",
                why=LinkTrouble.ENDED,
            ) from error
        return self._read_tokens(answer, form["client_id"], form["redirect_uri"])

    def _read_tokens(self, answer: Answer, client_id: str, redirect: str) -> Secret:
        data = object_of(answer)
        if 200 <= answer.status < 300:
            found = read_tokens(data, self._clock, client_id=client_id) if data else None
            if found is None:
                raise ServiceTrouble("MyAnimeList gave no tokens.")
            return found
        if data is not None and answer.status in (400, 401):
            raise _refused(data, redirect)
        raise wire.trouble(answer)


def _refused(data: Mapping[str, Any], redirect: str) -> LinkRefused:
    """What a refusal at either end of the approval means for who links."""
    code = data.get("error")
    words = first_text(data.get("hint"), data.get("message"), data.get("error_description"), code)
    if code == "access_denied":
        return LinkRefused("You declined the link at MyAnimeList.", why=LinkTrouble.DENIED)
    if "redirect" in words.lower():
        return LinkRefused(
            f"MyAnimeList knows no redirect address {redirect} of this app. Add it there, then "
            "try again.",
            why=LinkTrouble.CLIENT_ID,
            page=SPEC.help_url,
        )
    if code in ("invalid_client", "unauthorized_client"):
        return LinkRefused(
            f'MyAnimeList refused the client id. It has to be one of an app of type "other": '
            f"{words}",
            why=LinkTrouble.CLIENT_ID,
            page=SPEC.help_url,
        )
    return LinkRefused(
        f"MyAnimeList did not accept this approval ({words}). Begin again for a new one.",
        why=LinkTrouble.ENDED,
    )


async def _first(coming: Awaitable[Query | None], pasted: Awaitable[Query] | None) -> Query | None:
    """The query the browser brought or the user pasted, whichever comes first; None for neither."""
    tasks = [asyncio.ensure_future(coming)]
    if pasted is not None:
        tasks.append(asyncio.ensure_future(pasted))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _pasted(
    paste: Callable[[], Awaitable[str]] | None, state: str, show: ShowPrompt, prompt: LinkPrompt
) -> Awaitable[Query] | None:
    """The first query of what is pasted that may come from this approval; None for no pasting."""
    if paste is None:
        return None

    async def until_good() -> Query:
        while True:
            query, refused = _read_pasted(await paste(), state)
            if not refused:
                return query
            await show(replace(prompt, refused=refused))

    return until_good()


def _read_pasted(text: str, state: str) -> tuple[Query, str]:
    """The query of a pasted address, or a bare code; else a sentence on why it is neither."""
    text = text.strip()
    if "?" not in text:
        fits = setup.is_token(text) and "://" not in text
        return {"code": text}, "" if fits else _NO_CODE
    try:
        found = parse_qs(urlsplit(text).query, max_num_fields=20)
    except ValueError:
        found = {}
    query = {key: values[-1] for key, values in found.items()}
    if query.pop("state", state) != state:
        return {}, "This address belongs to another attempt. Paste the newest one."
    good = "error" in query or setup.is_token(query.get("code", ""))
    return query, "" if good else _NO_CODE


def _code(query: Query | None, redirect: str) -> str:
    if query is None:
        raise LinkRefused(
            "MyAnimeList was not approved in time. Begin again.", why=LinkTrouble.ENDED
        )
    if "error" in query:
        raise _refused(query, redirect)
    code = query.get("code", "")
    if not setup.is_token(code):
        raise LinkRefused(
            "MyAnimeList sent no code to link with. Begin again.", why=LinkTrouble.ENDED
        )
    return code
