"""The list of hosts names what is contacted, and nothing else."""

from revenge_companion.core.accounts import Account
from revenge_companion.core.status import Host, HostUse
from revenge_companion.engine.hosts import hosts
from revenge_companion.services.base import Service
from revenge_companion.services.letterboxd.spec import SPEC as LETTERBOXD
from revenge_companion.services.listenbrainz.spec import SPEC as LISTENBRAINZ
from revenge_companion.services.trakt.spec import SPEC as TRAKT


class Described:
    """Only a service's data is looked at."""

    def __init__(self, spec: object) -> None:
        self.spec = spec


SERVICES: dict[str, Service] = {
    spec.key: Described(spec)  # type: ignore[misc]  # nothing else of a service is used
    for spec in (LETTERBOXD, LISTENBRAINZ, TRAKT)
}


def test_nothing_is_contacted_before_the_user_says_so() -> None:
    assert hosts("", [], SERVICES, {}) == ()


def test_server_accounts_and_map_are_named_once_each() -> None:
    accounts = [
        Account(1, "trakt", "anna", "r1"),
        Account(2, "trakt", "ben", "r2"),
        Account(3, "listenbrainz", "home", "r3", api_url="http://192.168.0.4:7070/lb"),
        Account(4, "letterboxd", "anna", "r4"),
    ]
    found = hosts(
        "https://anna@media.example.org", accounts, SERVICES, {}, map_url="https://maps.test/a"
    )
    assert found[0] == Host("media.example.org", HostUse.SERVER)
    assert found[-1] == Host("maps.test", HostUse.ANIME_MAP)
    services = [(one.name, one.service) for one in found if one.use is HostUse.SERVICE]
    assert ("api.trakt.tv", "Trakt") in services
    assert ("192.168.0.4:7070", "ListenBrainz") in services
    assert len(services) == len(set(services))
    assert not [one for one in found if "letterboxd" in one.name]


def test_an_address_from_the_environment_is_the_one_that_is_named() -> None:
    environ = {"REVENGE_COMPANION_TRAKT_API_URL": "http://127.0.0.1:9/x"}
    found = hosts("", [Account(1, "trakt", "anna", "r1")], SERVICES, environ)
    assert Host("127.0.0.1:9", HostUse.SERVICE, "Trakt") in found


def test_an_address_that_is_none_is_left_out() -> None:
    assert hosts("https://[broken", [], SERVICES, {}) == ()


def test_an_own_server_alone_is_named() -> None:
    own = Account(3, "listenbrainz", "home", "r3", api_url="https://maloja.example/lb")
    assert hosts("", [own], SERVICES, {}) == (
        Host("maloja.example", HostUse.SERVICE, "ListenBrainz"),
    )
