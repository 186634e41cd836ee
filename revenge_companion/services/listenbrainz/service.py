"""ListenBrainz: linking by a pasted token, and clients for linked accounts."""

from collections.abc import Mapping

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import LinkRefused, LinkTrouble
from revenge_companion.net.http import Http
from revenge_companion.services import setup
from revenge_companion.services.base import (
    Linked,
    LinkRequest,
    ProbeResult,
    Secret,
    SecretSlot,
    ShowPrompt,
)
from revenge_companion.services.linking import refusing
from revenge_companion.services.listenbrainz import payload
from revenge_companion.services.listenbrainz.client import ListenBrainzClient
from revenge_companion.services.listenbrainz.probe import probe
from revenge_companion.services.listenbrainz.spec import SPEC
from revenge_companion.services.listenbrainz.wire import validated


class ListenBrainz:
    """The service; see `services.base.Service`."""

    spec = SPEC

    def __init__(self, http: Http, clock: Clock, environ: Mapping[str, str]) -> None:
        self._http = http
        self._clock = clock
        self._environ = environ

    async def link(self, request: LinkRequest, show: ShowPrompt) -> Linked:
        """Check a pasted token; shows no prompt. Raises LinkRefused for one that is not valid."""
        token = request.secret.strip()
        if not setup.is_token(token):
            raise LinkRefused(
                f"This is not a ListenBrainz token. Copy yours from {SPEC.help_url} and paste it.",
                why=LinkTrouble.WRONG_SECRET,
                page=SPEC.help_url,
            )
        own = payload.root(request.api_url) if request.api_url.strip() else ""
        with refusing():
            http = self._http.plain(request.allow_http)
            user = await validated(http, self._root(own), token)
        if user is None:
            raise LinkRefused(
                "ListenBrainz does not know this token. Copy it again and paste it.",
                why=LinkTrouble.WRONG_SECRET,
                page="" if own else SPEC.help_url,
            )
        return Linked(user, Secret(token), api_url=own)

    async def probe(self, address: str, *, allow_http: bool = False) -> ProbeResult:
        """What answers at `address`; see `services.base.Prober`."""
        return await probe(self._http.plain(allow_http), address)

    def client(self, account: Account, slot: SecretSlot) -> ListenBrainzClient:
        """A client for `account`; makes no request."""
        root = self._root(account.api_url)
        http = self._http.plain(account.switches.allow_http)
        return ListenBrainzClient(http, self._clock, account, slot, root=root)

    def _root(self, own: str) -> str:
        return payload.root(setup.api_root(SPEC, own, self._environ))
