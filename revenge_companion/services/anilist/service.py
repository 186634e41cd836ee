"""AniList: linking by a token pasted from its page, and clients for linked accounts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from urllib.parse import urlencode

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import BatchRefused, LinkExpired, LinkRefused, LinkTrouble
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
    RemoteUser,
    Secret,
    SecretSlot,
    ShowPrompt,
)
from revenge_companion.services.linking import Tell, insisting, refusing, telling

#: The page that shows the token; the app at AniList has to name it as its redirect address.
PIN_PAGE = "https://anilist.co/api/v2/oauth/pin"
#: What is wrong with the app where the page of approval itself is refused.
_WRONG_APP = (
    f"AniList refused the client id. It has to be the number of an app that has {PIN_PAGE} as its "
    "redirect address."
)


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
        http = self._http.plain(request.allow_http)
        root = setup.api_root(SPEC, request.api_url, self._environ)
        with refusing(SPEC.help_url):
            if request.secret.strip():
                user, token = await self._checked(http, root, request.secret)
            else:
                user, token = await self._approved(http, root, request, show)
        client_id = setup.client_id(SPEC, request.client_id, self._environ)
        return setup.linked(
            request, user, Secret(token, "", payload.token_ends_at(token), client_id)
        )

    def client(self, account: Account, slot: SecretSlot) -> AniListClient:
        """A client for `account`; makes no request."""
        return AniListClient(
            self._http.plain(account.switches.allow_http),
            self._clock,
            slot,
            self.maps,
            self._pace,
            root=setup.api_root(SPEC, account.api_url, self._environ),
            policy=self._policy,
            day_of=self._day_of,
        )

    async def _approved(
        self, http: Http, root: str, request: LinkRequest, show: ShowPrompt
    ) -> tuple[RemoteUser, str]:
        """What the user pastes from the page on which AniList shows the token, until it is one."""
        client_id = setup.needed_client_id(SPEC, request.client_id, self._environ)
        auth = setup.auth_root(SPEC, request.auth_url, self._environ)
        query = urlencode({"client_id": client_id, "response_type": "token"})
        page = setup.approval_page(http, f"{auth}/api/v2/oauth/authorize?{query}")
        prompt = LinkPrompt(
            page,
            note=f"If the page shows an error, set {PIN_PAGE} as the redirect address of your app.",
            page=SPEC.help_url,
        )
        if request.pasted is None:
            raise LinkRefused(
                f"Approve at {page} and link again with the token it shows.",
                why=LinkTrouble.PASTE,
                page=page,
            )
        await show(prompt)
        while True:
            try:
                return await self._checked(
                    http, root, await request.pasted(), telling(show, prompt)
                )
            except LinkRefused as error:
                if error.why not in (LinkTrouble.WRONG_SECRET, LinkTrouble.ENDED):
                    raise
                await show(replace(prompt, refused=str(error)))

    async def _checked(
        self, http: Http, root: str, text: str, tell: Tell | None = None
    ) -> tuple[RemoteUser, str]:
        """Whose token `text` holds, and the token; raises LinkRefused for anything else."""
        code = payload.pasted_error(text)
        if code == "access_denied":
            raise LinkRefused("You declined the link at AniList.", why=LinkTrouble.DENIED)
        if code:
            raise LinkRefused(_WRONG_APP, why=LinkTrouble.CLIENT_ID, page=SPEC.help_url)
        token = payload.pasted_token(text)
        if not setup.is_token(token):
            raise LinkRefused(
                "This is not an AniList token. Copy all of it and paste it again.",
                why=LinkTrouble.WRONG_SECRET,
            )
        ends_at = payload.token_ends_at(token)
        if ends_at is not None and ends_at <= self._clock.now():
            raise LinkRefused(
                "This token has ended. Open the page again and paste the new one.",
                why=LinkTrouble.ENDED,
            )
        try:
            user = await insisting(
                lambda: wire.who(http, root, self._pace, token), self._clock, tell=tell
            )
        except LinkExpired as error:
            raise LinkRefused(
                "AniList does not know this token. Copy all of it and paste it again.",
                why=LinkTrouble.WRONG_SECRET,
            ) from error
        except BatchRefused as error:
            raise LinkRefused("AniList did not say whose token this is.") from error
        return user, token
