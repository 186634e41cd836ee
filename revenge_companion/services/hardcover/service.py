"""Hardcover: linking by a pasted token, and clients for linked accounts."""

import re
from collections.abc import Mapping

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import BatchRefused, LinkRefused, LinkTrouble
from revenge_companion.net.http import Http
from revenge_companion.services import setup
from revenge_companion.services.base import Linked, LinkRequest, Secret, SecretSlot, ShowPrompt
from revenge_companion.services.hardcover import payload
from revenge_companion.services.hardcover.client import HardcoverClient, who
from revenge_companion.services.hardcover.spec import SPEC
from revenge_companion.services.hardcover.wire import Api
from revenge_companion.services.linking import refusing


class Hardcover:
    """The service; see `services.base.Service`."""

    spec = SPEC

    def __init__(self, http: Http, clock: Clock, environ: Mapping[str, str]) -> None:
        self._http = http
        self._clock = clock
        self._environ = environ

    async def link(self, request: LinkRequest, show: ShowPrompt) -> Linked:
        """Check a pasted token and what it may do; shows no prompt.

        Raises LinkRefused for one that is not valid or lacks a scope, which is named.
        """
        token = re.sub(r"^bearer(\s+|$)", "", request.secret.strip(), flags=re.IGNORECASE)
        if not setup.is_token(token):
            raise LinkRefused(
                "This is not a Hardcover token. Make one at hardcover.app/account/api and paste "
                "it here.",
                why=LinkTrouble.WRONG_SECRET,
                page=SPEC.help_url,
            )
        api = self._api(request.api_url, allow_http=request.allow_http)
        with refusing(SPEC.help_url):
            me = await who(api, token)
            await api.ask(token, payload.MAY_READ)
            await self._check_write(api, token)
        return Linked(me.user, Secret(token), api_url=request.api_url.strip())

    def client(self, account: Account, slot: SecretSlot) -> HardcoverClient:
        """A client for `account`; makes no request."""
        return HardcoverClient(
            self._api(account.api_url, allow_http=account.switches.allow_http), slot
        )

    async def _check_write(self, api: Api, token: str) -> None:
        try:
            await api.ask(token, payload.MAY_WRITE)
        except BatchRefused:
            # As it was meant to be: there is no entry 0, and the token may write.
            return

    def _api(self, own: str, *, allow_http: bool) -> Api:
        http = self._http.plain(allow_http)
        return Api(http, self._clock, setup.api_root(SPEC, own, self._environ))
