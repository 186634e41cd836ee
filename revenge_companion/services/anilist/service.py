"""AniList: linking by a pasted token, and clients for linked accounts."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from urllib.parse import urlencode

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import BatchRefused, LinkRefused
from revenge_companion.core.watching import ListPolicy
from revenge_companion.net.http import Http
from revenge_companion.services import setup
from revenge_companion.services.anilist import payload, wire
from revenge_companion.services.anilist.client import AniListClient
from revenge_companion.services.anilist.spec import SPEC
from revenge_companion.services.animemap.map import AnimeMap
from revenge_companion.services.animemap.placing import local_day
from revenge_companion.services.base import (
    Linked,
    LinkPrompt,
    LinkRequest,
    Secret,
    SecretSlot,
    ShowPrompt,
)
from revenge_companion.services.linking import insisting, refusing


class AniList:
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
        """Check a pasted token. Without one the page that shows it is shown first.

        Raises LinkRefused for what is not a token, or where nobody can paste one.
        """
        text = request.secret
        if not text.strip():
            text = await self._approved(request, show)
        token = payload.pasted_token(text)
        if not setup.is_token(token):
            raise LinkRefused("This is not an AniList token. Copy all of it and paste it again.")
        root = setup.api_root(SPEC, request.api_url, self._environ)
        try:
            with refusing():
                user = await insisting(
                    lambda: wire.who(self._http, root, self._pace, token), self._clock
                )
        except BatchRefused as error:
            raise LinkRefused(str(error)) from error
        client_id = setup.client_id(SPEC, request.client_id, self._environ)
        return Linked(
            user,
            Secret(token, "", payload.token_ends_at(token), client_id),
            api_url=request.api_url.strip(),
            auth_url=request.auth_url.strip(),
            client_id=request.client_id.strip(),
        )

    def client(self, account: Account, slot: SecretSlot) -> AniListClient:
        """A client for `account`; makes no request."""
        return AniListClient(
            self._http,
            slot,
            self.maps,
            self._pace,
            root=setup.api_root(SPEC, account.api_url, self._environ),
            policy=self._policy,
            day_of=self._day_of,
        )

    async def _approved(self, request: LinkRequest, show: ShowPrompt) -> str:
        """What the user pastes from the page on which AniList shows the token."""
        client_id = setup.needed_client_id(SPEC, request.client_id, self._environ)
        auth = setup.auth_root(SPEC, request.auth_url, self._environ)
        query = urlencode({"client_id": client_id, "response_type": "token"})
        page = setup.page_url(f"{auth}/api/v2/oauth/authorize?{query}", "")
        if not page:
            raise LinkRefused("The page to approve the link has no safe address.")
        await show(LinkPrompt(page))
        if request.pasted is None:
            raise LinkRefused(f"Approve at {page} and link again with the token it shows.")
        return await request.pasted()
