"""Last.fm: linking in the browser or by name and password, and clients for linked accounts."""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import (
    CompanionError,
    LinkRefused,
    LinkTrouble,
    RateLimited,
    ServiceTrouble,
)
from revenge_companion.net.http import Answer, Http
from revenge_companion.services import setup
from revenge_companion.services.answers import object_of
from revenge_companion.services.base import (
    Linked,
    LinkPrompt,
    LinkRequest,
    ProbeResult,
    Secret,
    SecretSlot,
    ShowPrompt,
)
from revenge_companion.services.lastfm import payload, wire
from revenge_companion.services.lastfm.client import LastFmClient, remote_user
from revenge_companion.services.lastfm.probe import probe
from revenge_companion.services.lastfm.spec import SPEC
from revenge_companion.services.linking import Waiting, approved, refusing, telling

#: How often the approval is asked for, and how long a token lives, in seconds.
POLL_S, TOKEN_S = 3.0, 3600.0


class LastFm:
    """The service; see `services.base.Service`."""

    spec = SPEC

    def __init__(self, http: Http, clock: Clock, environ: Mapping[str, str]) -> None:
        self._http = http
        self._clock = clock
        self._environ = environ

    async def link(self, request: LinkRequest, show: ShowPrompt) -> Linked:
        """Link by name and password where a name is given, else by approval in the browser.

        Raises LinkRefused for what was declined, ran out, or was wrong.
        """
        own = payload.root(request.api_url) if request.api_url.strip() else ""
        root = self._root(own)
        custom = _is_custom(own)
        keys = self._keys(request.client_id, request.client_secret)
        if custom and not keys.key:
            keys = wire.Keys(wire.NO_KEY, keys.secret)
        if not custom and not (keys.key and keys.secret):
            raise LinkRefused(
                "This build has no API key for Last.fm. Make one at "
                f"{SPEC.help_url} and enter it with its shared secret, or set "
                f"{SPEC.client_id_env} and {SPEC.client_secret_env}.",
                why=LinkTrouble.CLIENT_ID,
                page=SPEC.help_url,
            )
        http = self._http.plain(request.allow_http)
        with refusing(SPEC.help_url):
            if request.username.strip():
                name, key = await self._by_password(http, root, keys, request, custom=custom)
            else:
                auth = self._auth(own, request.auth_url)
                name, key = await self._by_browser(http, root, keys, auth, show, custom=custom)
        return Linked(
            remote_user(name, custom=custom),
            Secret(key, client_id=keys.key, client_secret=request.client_secret.strip()),
            api_url=own,
            auth_url=request.auth_url.strip(),
            client_id=request.client_id.strip(),
        )

    async def probe(self, address: str, *, allow_http: bool = False) -> ProbeResult:
        """What answers at `address`; see `services.base.Prober`."""
        return await probe(self._http.plain(allow_http), address)

    def client(self, account: Account, slot: SecretSlot) -> LastFmClient:
        """A client for `account`; makes no request."""
        return LastFmClient(
            self._http.plain(account.switches.allow_http),
            self._clock,
            account,
            slot,
            root=self._root(account.api_url),
            keys=self._keys(account.client_id, ""),
            custom=_is_custom(account.api_url),
        )

    def _root(self, own: str) -> str:
        return payload.root(setup.api_root(SPEC, own, self._environ))

    def _auth(self, own: str, own_auth: str) -> str:
        """Where the user approves: beside the interface for GNU FM servers."""
        if own and not own_auth.strip():
            parts = urlsplit(own)
            return f"{parts.scheme}://{parts.netloc}/api/auth"
        return setup.auth_root(SPEC, own_auth, self._environ)

    def _keys(self, own_key: str, own_secret: str) -> wire.Keys:
        key = setup.client_id(SPEC, own_key, self._environ)
        secret = own_secret.strip()
        return wire.Keys(key, secret or self._environ.get(SPEC.client_secret_env, "").strip())

    async def _by_password(
        self, http: Http, root: str, keys: wire.Keys, request: LinkRequest, *, custom: bool
    ) -> tuple[str, str]:
        name, password = request.username.strip(), request.secret
        if not 0 < len(password) <= setup.LONGEST_SECRET:
            raise LinkRefused("Enter the password too.", why=LinkTrouble.WRONG_SECRET)
        fields = {"username": name, "password": password}
        if custom:
            # GNU FM reads this one only, Maloja the other.
            fields["authToken"] = payload.old_password_token(name, password)
        answer = await wire.call(http, root, keys, "auth.getMobileSession", fields)
        session = wire.read_session(answer, name if custom else "")
        if session is not None:
            return session
        if wire.error_of(answer)[0] in (4, 6, 7, 9):
            raise LinkRefused(
                "The name or the password is not right.", why=LinkTrouble.WRONG_SECRET
            )
        raise _linking_trouble(answer, custom=custom)

    async def _by_browser(
        self,
        http: Http,
        root: str,
        keys: wire.Keys,
        auth: str,
        show: ShowPrompt,
        *,
        custom: bool,
    ) -> tuple[str, str]:
        answer = await wire.call(http, root, keys, "auth.getToken", {})
        token = (object_of(answer) or {}).get("token")
        if not isinstance(token, str) or not setup.is_token(token):
            raise _linking_trouble(answer, custom=custom)
        query = urlencode({"api_key": keys.key, "token": token})
        page = setup.approval_page(http, f"{auth}/?{query}")
        prompt = LinkPrompt(page, expires_in_s=TOKEN_S)
        await show(prompt)

        async def ask() -> tuple[str, str] | Waiting:
            answer = await wire.call(http, root, keys, "auth.getSession", {"token": token})
            session = wire.read_session(answer)
            if session is not None:
                return session
            match wire.error_of(answer)[0]:
                case 4 | 15:
                    raise LinkRefused(
                        "This approval has ended. Begin again for a new one.",
                        why=LinkTrouble.ENDED,
                    )
                case 3 | 10 | 13 | 26:
                    raise _linking_trouble(answer, custom=custom)
            trouble = wire.trouble(answer, custom=custom)
            if isinstance(trouble, ServiceTrouble | RateLimited):
                raise trouble
            # 14 is "not yet".
            return Waiting()

        return await approved(
            ask,
            self._clock,
            interval_s=POLL_S,
            expires_in_s=TOKEN_S,
            service=SPEC.name,
            tell=telling(show, prompt),
        )


def _is_custom(api_url: str) -> bool:
    return bool(api_url.strip()) and payload.root(api_url) != SPEC.default_api_url


def _linking_trouble(answer: Answer, *, custom: bool) -> CompanionError:
    """What a call of the linking failed with."""
    error = wire.trouble(answer, custom=custom, what="a question")
    if custom and isinstance(error, ServiceTrouble) and 200 <= answer.status < 300:
        return LinkRefused(
            f"No server like Last.fm answers at {answer.host}.", why=LinkTrouble.ADDRESS
        )
    return error
