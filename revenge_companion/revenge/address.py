"""Addresses as people type them, and which of them a Revenge server answers at."""

import asyncio
import re
from urllib.parse import urlsplit

from revenge_companion.core.errors import (
    CompanionError,
    LaneBlocked,
    NameUnknown,
    NotRevenge,
    Unreachable,
    Untrusted,
)
from revenge_companion.core.reasons import Reason
from revenge_companion.net.http import Http
from revenge_companion.revenge.session import body_of

#: Ports a server listens on: its default, and the one of its sample configuration.
PORTS = (8096, 8080)
#: Public, JSON, and there through every proxy.
_PROBE = "/api/v1/oidc/providers"
_PROBE_S = 8.0
_PROBE_LIMIT = 64 * 1024
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_HOST = re.compile(r"[^\s/?#@:\[\]]{1,253}|\[[0-9A-Fa-f:.%a-z]+\]")
_BARE_IPV6 = re.compile(r"[0-9A-Fa-f]*(:[0-9A-Fa-f.]*){2,}")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class _InTrouble(Unreachable):
    """Something answers and fails: a proxy whose server is down, or a server that is busy."""


def candidates(typed: str) -> list[str]:
    """Addresses (no slash at the end) that `typed` may stand for, best first; empty for junk."""
    text = typed.strip()
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "", text
    elif scheme.lower() not in _SCHEMES:
        return []
    if _BARE_IPV6.fullmatch(rest):
        rest = f"[{rest}]"
    try:
        parts = urlsplit(f"//{rest}")
        port = parts.port
    except ValueError:
        return []
    host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc.rstrip(":")
    if not _HOST.fullmatch(host) or port == 0:
        return []
    schemes = [_SCHEMES[scheme.lower()]] if scheme else ["https", "http"]
    if port is not None:
        roots = [f"{each}://{host}:{port}" for each in schemes]
    else:
        roots = [f"{each}://{host}" for each in schemes]
        if "http" in schemes:
            # Without a scheme port 80 is the least likely; with one, what was typed comes first.
            roots[1:1] = [f"http://{host}:{each}" for each in PORTS]
    path = _server_path(parts.path)
    if not path:
        return roots
    # What was copied from the browser may be a page of the server, or a folder it lives in.
    return [root + path for root in roots] + roots


def _server_path(path: str) -> str:
    path = path.partition("/api/")[0].rstrip("/")
    return path.removesuffix("/api").removesuffix("/index.html")


async def probe(http: Http, typed: str) -> str:
    """The address of the Revenge server that `typed` means.

    Raises LaneBlocked (plain_http) when it may be one that `http` is not allowed to ask, NotRevenge
    when something else answers or nothing can be meant, Unreachable when nothing answers
    (NameUnknown when its name leads nowhere, whatever the scheme; Untrusted for its certificate).
    """
    tried = candidates(typed)
    if not tried:
        raise NotRevenge("This is not the address of a server.")
    outcomes = await asyncio.gather(*(_probe_one(http, base) for base in tried))
    for outcome in outcomes:
        if isinstance(outcome, str):
            return outcome
    for outcome in outcomes:
        if isinstance(outcome, NameUnknown):
            raise outcome
    for outcome in outcomes:
        if isinstance(outcome, _InTrouble | Untrusted):
            raise outcome
    for outcome in outcomes:
        if isinstance(outcome, LaneBlocked) and outcome.code == Reason.PLAIN_HTTP:
            raise LaneBlocked(_open(typed), code=outcome.code)
    for outcome in outcomes:
        if isinstance(outcome, NotRevenge):
            raise outcome
    raise Unreachable("No server answers at this address.")


def _open(typed: str) -> str:
    if typed.strip().lower().startswith(("http:", "ws:")):
        return "This address has no encryption. Use https, or allow http for this server."
    return "No server answers there with encryption. If yours has none, allow http for this server."


async def _probe_one(http: Http, base: str, *, follow: bool = True) -> str | CompanionError:
    try:
        answer = await http.request(
            "GET",
            base + _PROBE,
            timeout_s=_PROBE_S,
            max_bytes=_PROBE_LIMIT,
        )
    except CompanionError as error:
        return error
    if answer.status == 200 and isinstance(body_of(answer).get("providers"), list):
        return base
    target = answer.headers.get("location", "")
    if answer.status in _REDIRECTS and follow and target.endswith(_PROBE):
        root = target.removesuffix(_PROBE)
        if root.startswith(("http://", "https://")) and not (
            base.startswith("https:") and root.startswith("http:")
        ):
            return await _probe_one(http, root, follow=False)
    if answer.status >= 500 or answer.status == 429:
        return _InTrouble("The server answers, but it has trouble. Try again in a moment.")
    return NotRevenge("Something answers at this address, but it is not a Revenge server.")
