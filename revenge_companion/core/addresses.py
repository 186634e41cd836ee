"""What can be told of an address without asking it."""

import ipaddress
from urllib.parse import urlsplit

#: Schemes that say everything in the open.
_OPEN = ("http", "ws")


def is_loopback(host: str) -> bool:
    """Whether `host` (no port, no brackets) is this computer by name or number."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_plain(url: str) -> bool:
    """Whether what is sent to `url` passes other computers unencrypted; False for junk."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return False
    return parts.scheme in _OPEN and bool(host) and not is_loopback(host or "")


def with_scheme(typed: str) -> str:
    """What was typed as an address, encrypted where nothing else was said; "" for nothing."""
    text = typed.strip()
    return text if not text or "://" in text else f"https://{text}"
