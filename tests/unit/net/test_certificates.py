"""Servers whose certificate cannot be trusted: told apart from silent ones, and sent nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from revenge_companion.core.errors import Unreachable, Untrusted
from revenge_companion.net.http import Http
from revenge_companion.revenge.address import probe
from tests.certificates import DAY, NOW, certificate, serving


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    made = Http()
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("make", "trusted", "says"),
    [
        (
            lambda folder: certificate(folder, since=NOW - DAY, days=30),
            False,
            r"This computer does not trust the certificate of 127\.0\.0\.1:",
        ),
        (lambda folder: certificate(folder, since=NOW - 9 * DAY, days=1), True, "has expired"),
        (lambda folder: certificate(folder, since=NOW + DAY, days=1), True, "not valid yet"),
        (
            lambda folder: certificate(folder, address="127.0.0.2", since=NOW - DAY, days=30),
            True,
            "is for another name",
        ),
    ],
    ids=["nobody-vouches", "expired", "not-yet", "another-name"],
)
async def test_a_certificate_that_cannot_be_trusted_says_why_and_nothing_is_sent(
    http: Http,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], Path],
    trusted: bool,
    says: str,
) -> None:
    file = make(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    async with serving(file) as (where, heard):
        with pytest.raises(Untrusted, match=says):
            await http.request("GET", f"https://{where}/")
        # However loosely it is typed, it is not said that nobody is there.
        for typed in (where, f"https://{where}"):
            with pytest.raises(Untrusted, match=says):
                await probe(http, typed)
        # Typed without a scheme it is tried without encryption too, on this computer only.
        assert all(b"GET" not in head for head in heard)


async def test_a_certificate_that_is_trusted_is_used(
    http: Http, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, since=NOW - DAY, days=30)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    async with serving(file) as (where, _):
        assert await probe(http, where) == f"https://{where}"


async def test_a_server_that_speaks_no_tls_is_not_one_with_a_bad_certificate(http: Http) -> None:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        with pytest.raises(Unreachable) as caught:
            await http.request("GET", f"https://127.0.0.1:{port}/")
        assert not isinstance(caught.value, Untrusted)
    finally:
        server.close()
        await server.wait_closed()
