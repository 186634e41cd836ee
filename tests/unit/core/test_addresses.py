"""Which addresses send everything in the open."""

import pytest

from revenge_companion.core.addresses import is_loopback, is_plain


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://media.home", True),
        ("http://media.home:8096/api", True),
        ("HTTP://Media.Home", True),
        (" http://192.168.1.5:8080 ", True),
        ("http://[2001:db8::1]:80", True),
        ("ws://media.home/api/v1/ws", True),
        ("http://localhost.example.org", True),
        ("http://127.0.0.1.example.org", True),
        ("https://media.home", False),
        ("wss://media.home", False),
        ("http://localhost:8096", False),
        ("http://a.localhost", False),
        ("http://127.0.0.1:8096", False),
        ("http://127.8.8.8", False),
        ("http://[::1]:8096", False),
        ("media.home:8096", False),
        ("http://", False),
        ("http://[broken", False),
        ("", False),
    ],
)
def test_plain_is_http_to_another_computer(url: str, plain: bool) -> None:
    assert is_plain(url) is plain


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.255.0.1", "::1"])
def test_this_computer_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "192.168.0.1", "notlocalhost", "1.0.0.127"])
def test_other_computers_are_not_this_one(host: str) -> None:
    assert not is_loopback(host)
