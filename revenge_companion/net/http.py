"""HTTP: one client, one TLS context, our errors; the only file that knows httpx.

httpx is loaded and the client built at the first request, on a worker thread, because together
they cost about 80 ms that a tray icon should not wait for.
"""

import asyncio
import importlib.util
import json
import logging
import math
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from revenge_companion import __version__
from revenge_companion.core.addresses import is_plain
from revenge_companion.core.errors import LaneBlocked, Unanswered, Unreachable
from revenge_companion.core.reasons import Reason

if TYPE_CHECKING:
    import httpx

#: Who we are to every service. ListenBrainz and Trakt block clients with a library's own name.
USER_AGENT = (
    f"RevengeCompanion/{__version__} ( https://github.com/revenge-companion/revenge-companion )"
)

#: Longest wait for a connection, in seconds; a lane is better told "unreachable" early.
CONNECT_S = 10.0
#: Longest line of a stream, in bytes; a longer one ends the stream.
MAX_LINE = 1 << 20
#: The longest `Retry-After` that is believed, in seconds (two days).
LONGEST_RETRY_AFTER_S = 172_800.0


class NotJson(ValueError):
    """The body is not JSON."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Nothing is raised for its status: services read that."""

    status: int
    #: Keys are lower case.
    headers: Mapping[str, str]
    body: bytes
    #: Host and port that answered, for messages.
    host: str = ""

    def json(self) -> Any:
        """The body as JSON values; raises NotJson."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise NotJson(f"{self.host} answered with something that is not JSON.") from error

    @property
    def retry_after_s(self) -> float | None:
        """Seconds of `Retry-After`, at most two days; None where absent or unreadable."""
        return _retry_after_s(self.headers)


class Stream:
    """An answer that is read line by line."""

    def __init__(self, status: int, headers: Mapping[str, str], response: "httpx.Response") -> None:
        self.status = status
        #: Keys are lower case.
        self.headers = headers
        self._response = response

    async def lines(self) -> AsyncIterator[str]:
        """Lines without their ends, until the server closes.

        Raises Unanswered on silence, a broken connection, or a line over 1 MiB.
        """
        host = _host(self._response.request.url.host, self._response.request.url.port)
        rest = b""
        with _our_errors(host):
            async for piece in self._response.aiter_bytes():
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    yield line.rstrip(b"\r").decode("utf-8", "replace")
                if len(rest) > MAX_LINE:
                    raise Unanswered(f"{host} sent a line that is too long.")
        if rest:
            yield rest.rstrip(b"\r").decode("utf-8", "replace")


class Http:
    """The program's one HTTP client: no cookies, no redirects, verified TLS, the system's proxy.

    Plain http goes to this computer only; to others for those who were handed `plain(True)`.
    """

    def __init__(
        self,
        *,
        user_agent: str = USER_AGENT,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self._user_agent = user_agent
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._building = asyncio.Lock()
        #: Called with the host after every answer, whatever its status.
        self.on_answer: Callable[[str], None] | None = None

    def plain(self, allowed: bool) -> "Http":
        """This client for one account or server; `allowed` is what the user said about it.

        The connections are shared. Asked of what `plain` gave, it starts from the client again.
        """
        return _PlainHttp(self) if allowed else self

    def check(self, url: str) -> str:
        """Host and port of `url`; raises LaneBlocked where it must not be used.

        For those who connect by other means; `request` and `stream` look themselves.
        """
        host = _checked(url)
        if is_plain(url):
            raise LaneBlocked(
                f"{host} is reached without encryption, so anybody on the way could read what is "
                "sent. Use https, or allow http for it.",
                code=Reason.PLAIN_HTTP,
            )
        return host

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
        max_bytes: int = 16 << 20,
    ) -> Answer:
        """Send one request and read the whole answer.

        `timeout_s` bounds each silence, and all of it together with the connecting.
        Raises Unreachable when nothing can have been accepted, Unanswered when it may have been,
        LaneBlocked for an address that is never used (wrong_address) or not allowed (plain_http).
        """
        host = self.check(url)
        client = await self._ready()
        with _our_errors(host):
            async with (
                asyncio.timeout(CONNECT_S + timeout_s),
                client.stream(
                    method,
                    url,
                    params=params,
                    headers=headers,
                    json=json,
                    data=form,
                    timeout=_timeout(timeout_s),
                ) as response,
            ):
                pieces: list[bytes] = []
                size = 0
                async for piece in response.aiter_bytes():
                    size += len(piece)
                    if size > max_bytes:
                        raise Unanswered(f"{host} sent an answer that is too long.")
                    pieces.append(piece)
        self._answered(host)
        return Answer(response.status_code, _lower(response), b"".join(pieces), host)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        silence_s: float,
    ) -> AsyncIterator[Stream]:
        """Open an answer that is read line by line; silence over `silence_s` ends it.

        Raises what `request` raises.
        """
        host = self.check(url)
        client = await self._ready()
        request = client.build_request(
            method, url, params=params, headers=headers, timeout=_timeout(silence_s)
        )
        with _our_errors(host):
            response = await client.send(request, stream=True)
        try:
            self._answered(host)
            yield Stream(response.status_code, _lower(response), response)
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Close every connection; the next request would open new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _ready(self) -> "httpx.AsyncClient":
        async with self._building:
            if self._client is None:
                try:
                    self._client = await asyncio.to_thread(self._built)
                except (ImportError, ValueError) as error:
                    # Going around a proxy that the user set would be worse than not going.
                    raise Unreachable(
                        "The proxy that this computer is set to use cannot be used; "
                        "only http and https proxies can."
                    ) from error
            return self._client

    def _built(self) -> "httpx.AsyncClient":
        from http.cookiejar import CookieJar, DefaultCookiePolicy

        _leave_out_what_nobody_uses()
        import httpx

        # These write whole addresses, with what stands behind the "?", at info.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        transport = self._transport
        if transport is not None:
            # A transport that is handed in has its own TLS, and a context is dear.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        else:
            context = httpx.create_ssl_context()
            # Beside the shipped authorities those of this computer: many homes have their own.
            context.load_default_certs()
        return httpx.AsyncClient(
            headers={"User-Agent": self._user_agent},
            transport=transport,
            # A proxy has no way to this computer's own servers.
            mounts={f"all://{host}": None for host in ("localhost", "127.0.0.1", "[::1]")},
            verify=context,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
        )

    def _answered(self, host: str) -> None:
        if self.on_answer is not None:
            self.on_answer(host)


def _leave_out_what_nobody_uses() -> None:
    """Let httpx come without its command line, and without a look for what is not installed.

    Where click and rich are there for other reasons, its command line takes as long to load as
    httpx itself. httpcore looks for sniffio several times per request, each time on the whole path.
    """
    missing = ["httpx._main"]
    if importlib.util.find_spec("sniffio") is None:
        missing.append("sniffio")
    for name in missing:
        # As Python's documentation says of it: importing this is now an ImportError.
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # typed as modules only


class _PlainHttp(Http):
    """The client that it is made from, for somebody who may use plain http."""

    def __init__(self, shared: Http) -> None:
        super().__init__()
        self._shared = shared

    def plain(self, allowed: bool) -> Http:
        return self if allowed else self._shared

    def check(self, url: str) -> str:
        return _checked(url)

    async def close(self) -> None:
        await self._shared.close()

    async def _ready(self) -> "httpx.AsyncClient":
        return await self._shared._ready()  # noqa: SLF001  # one client in two guises

    def _answered(self, host: str) -> None:
        self._shared._answered(host)  # noqa: SLF001  # see above


def _checked(url: str) -> str:
    """Host and port of `url`; raises LaneBlocked for an address that is never used."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _wrong_address("This address cannot be read.") from error
    if parts.scheme not in ("http", "https", "ws", "wss") or not host:
        raise _wrong_address("An address has to begin with https:// and name a computer.")
    if parts.username is not None or parts.password is not None:
        raise _wrong_address("An address must not hold a user name or a password.")
    return _host(host, port)


def _wrong_address(message: str) -> LaneBlocked:
    return LaneBlocked(message, code=Reason.WRONG_ADDRESS)


def _host(host: str, port: int | None) -> str:
    return f"{host}:{port}" if port else host


def _lower(response: "httpx.Response") -> dict[str, str]:
    return {key.lower(): value for key, value in response.headers.items()}


def _timeout(silence_s: float) -> "httpx.Timeout":
    import httpx

    return httpx.Timeout(silence_s, connect=min(CONNECT_S, silence_s))


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        # Imported here: hardly any server says it with a date.
        from email.utils import parsedate_to_datetime

        try:
            # Both ends by the server's clock: ours may be wrong.
            until = parsedate_to_datetime(text)
            seconds = (until - parsedate_to_datetime(headers.get("date", ""))).total_seconds()
        except (ValueError, TypeError):
            return None
    if not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)


@contextmanager
def _our_errors(host: str) -> Iterator[None]:
    """Turn httpx's errors into ours, by whether the request can have been accepted."""
    import httpx

    try:
        yield
    except (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.PoolTimeout,
        httpx.ProxyError,
        httpx.LocalProtocolError,
    ) as error:
        # Loaded when nothing is reached.
        from revenge_companion.net.unreachable import unreachable

        raise unreachable(host, error) from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise _wrong_address(f"{host} cannot be used as an address.") from error
    except (httpx.TimeoutException, TimeoutError) as error:
        raise Unanswered(f"{host} did not answer in time.") from error
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        raise Unanswered(f"The connection to {host} broke before the answer was whole.") from error
