"""Every host this profile is in touch with, for the user to see."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from revenge_companion.core.accounts import Account
from revenge_companion.core.addresses import is_plain
from revenge_companion.core.status import Host, HostUse
from revenge_companion.services import setup
from revenge_companion.services.base import Service, ServiceSpec


def hosts(
    server_url: str,
    accounts: Sequence[Account],
    services: Mapping[str, Service],
    environ: Mapping[str, str],
    *,
    map_url: str = "",
) -> tuple[Host, ...]:
    """The server, then what the linked accounts use, then the map's host; each once.

    An empty address is none. Services that take files only are contacted by nobody but the user.
    """
    found = [
        Host(name, use, service)
        for address, use, service in _addresses(server_url, accounts, services, environ, map_url)
        if (name := _name(address))
    ]
    return tuple(dict.fromkeys(found))


def is_unencrypted(account: Account, spec: ServiceSpec, environ: Mapping[str, str]) -> bool:
    """Whether an account is set to an address that is plain http on another computer."""
    return not spec.hand_off and any(map(is_plain, _roots(account, spec, environ)))


def _roots(account: Account, spec: ServiceSpec, environ: Mapping[str, str]) -> tuple[str, ...]:
    api = setup.api_root(spec, account.api_url, environ)
    if not spec.default_auth_url:
        # It has no other host for signing in.
        return (api,)
    return api, setup.auth_root(spec, account.auth_url, environ)


def _addresses(
    server_url: str,
    accounts: Sequence[Account],
    services: Mapping[str, Service],
    environ: Mapping[str, str],
    map_url: str,
) -> Iterator[tuple[str, HostUse, str]]:
    yield server_url, HostUse.SERVER, ""
    for account in accounts:
        spec = services[account.service].spec
        if spec.hand_off:
            continue
        for root in _roots(account, spec, environ):
            yield root, HostUse.SERVICE, spec.name
    yield map_url, HostUse.ANIME_MAP, ""


def _name(address: str) -> str:
    """The host of an address, with its port where it names one; "" for none."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    return f"{host}:{port}" if host and port else host
