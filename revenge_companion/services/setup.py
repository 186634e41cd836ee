"""Where a service is and who we are there: addresses, client ids and secrets, and their order.

An account's or request's own value wins, then the environment, then the service's data.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from revenge_companion.core.addresses import is_loopback
from revenge_companion.core.errors import LinkRefused, LinkTrouble
from revenge_companion.net.http import Http
from revenge_companion.services.base import Linked, LinkRequest, RemoteUser, Secret, ServiceSpec

#: Longest token, key or password that is taken, in characters.
LONGEST_SECRET = 4096


def api_root(spec: ServiceSpec, own: str, environ: Mapping[str, str]) -> str:
    """The API root, without the slash at its end."""
    return _root(own, environ.get(_variable(spec, "API_URL"), ""), spec.default_api_url)


def auth_root(spec: ServiceSpec, own: str, environ: Mapping[str, str]) -> str:
    """The OAuth root, without the slash at its end."""
    default = spec.default_auth_url or spec.default_api_url
    return _root(own, environ.get(_variable(spec, "AUTH_URL"), ""), default)


def client_id(spec: ServiceSpec, own: str, environ: Mapping[str, str]) -> str:
    """The client id or API key; "" where none is known."""
    return own.strip() or environ.get(spec.client_id_env, "").strip() or spec.client_id


def needed_client_id(spec: ServiceSpec, own: str, environ: Mapping[str, str]) -> str:
    """Like `client_id`; raises LinkRefused, saying in two sentences what to do without one."""
    found = client_id(spec, own, environ)
    if not found:
        raise LinkRefused(
            f"This build has no client id for {spec.name}. Make an app at {spec.help_url} and "
            f"enter its client id, or set {spec.client_id_env}.",
            why=LinkTrouble.CLIENT_ID,
            page=spec.help_url,
        )
    if not is_token(found):
        raise LinkRefused(
            f"This client id for {spec.name} has characters that none can have.",
            why=LinkTrouble.CLIENT_ID,
            page=spec.help_url,
        )
    return found


def linked(request: LinkRequest, user: RemoteUser, secret: Secret) -> Linked:
    """A finished linking, with the addresses and the client id that are the user's own."""
    return Linked(
        user,
        secret,
        api_url=request.api_url.strip(),
        auth_url=request.auth_url.strip(),
        client_id=request.client_id.strip(),
    )


def is_token(text: str) -> bool:
    """Whether `text` can stand in a header: printable ASCII without spaces, not too long."""
    return 0 < len(text) <= LONGEST_SECRET and all("!" <= c <= "~" for c in text)


def page_url(value: object, fallback: str) -> str:
    """A page that may be opened in the browser: https, or http on this computer; else `fallback`.

    The address comes from a service's answer and is handed to the desktop.
    """
    if isinstance(value, str) and len(value) <= 2000 and is_token(value):
        try:
            parts = urlsplit(value)
            host = parts.hostname or ""
        except ValueError:
            return fallback
        if parts.scheme == "https" and host:
            return value
        if parts.scheme == "http" and is_loopback(host):
            return value
    return fallback


def approval_page(http: Http, address: str) -> str:
    """`address`, made of the user's own settings, as a page to open in the browser.

    Raises LaneBlocked where `http` may not go there, LinkRefused where it is no address.
    """
    if not is_token(address):
        raise LinkRefused("The page to approve the link has no address.", why=LinkTrouble.ADDRESS)
    http.check(address)
    return address


def _variable(spec: ServiceSpec, ending: str) -> str:
    return f"REVENGE_COMPANION_{spec.key.upper()}_{ending}"


def _root(*choices: str) -> str:
    return next((choice.strip().rstrip("/") for choice in choices if choice.strip()), "")
