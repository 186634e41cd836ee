"""Asking a server what it has learnt: the paths that are planned, by what answers at them.

A path that is not there answers like one that never will be, whatever that is: a text, a page of
the web interface, a proxy's own error. So such a one is asked first, and told apart.
"""

from collections.abc import Sequence
from typing import Any

from revenge_companion.core.abilities import Abilities, Ability, service_key
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import SessionExpired
from revenge_companion.net.http import Answer, NotJson
from revenge_companion.revenge.client import RevengeClient

#: Nobody plans this one.
_NEVER = "/companion/is-not-there"
#: Where a server that scrobbles by itself would list its connections; plans differ.
CONNECTIONS = ("/scrobble/connections", "/users/me/scrobbling", "/user/services")
WATCHLIST = "/ux/watchlist"
#: Connections read out of one answer.
_MOST_CONNECTIONS = 100


def rating_path(kind: str, media_id: str) -> str:
    """Where one film or show is rated."""
    return f"/{'movies' if kind == 'movie' else 'shows'}/{media_id}/rate"


async def ask(
    client: RevengeClient, clock: Clock, before: Abilities, movie_id: str = ""
) -> Abilities:
    """What the server offers now; `before` stands where it does not say (5xx, 429).

    `movie_id` is a film it has: ratings are asked about there. Raises an error of the network.
    """
    never = await client.asked(_NEVER)
    offers: set[Ability] = set()
    serves = before.serves

    async def look(ability: Ability, path: str) -> Answer | None:
        try:
            answer = await client.asked(path)
        except SessionExpired:
            # The session holds: it is this path that wants something else.
            return None
        if _is_unsure(answer) or _is_unsure(never):
            if ability in before.offers:
                offers.add(ability)
            return None
        if not _is_there(answer, never):
            return None
        offers.add(ability)
        return answer

    for path in CONNECTIONS:
        answer = await look(Ability.SCROBBLES, path)
        if answer is not None:
            served = _served(answer)
            if served is not None and not served:
                # It could, and is connected to nothing.
                offers.discard(Ability.SCROBBLES)
            serves = served or ()
            break
    await look(Ability.WATCHLIST, WATCHLIST)
    if movie_id:
        await look(Ability.RATINGS, rating_path("movie", movie_id))
    elif Ability.RATINGS in before.offers:
        offers.add(Ability.RATINGS)
    if Ability.SCROBBLES not in offers:
        serves = ()
    return Abilities(frozenset(offers), serves, clock.now())


def _is_unsure(answer: Answer) -> bool:
    return answer.status == 429 or (answer.status >= 500 and answer.status != 501)


def _is_there(answer: Answer, never: Answer) -> bool:
    """Whether something is planned and built at the path; its own 404 is JSON of the server's."""
    if answer.status == 501 or _looks(answer) == _looks(never):
        return False
    if answer.status == 404:
        return _looks(answer)[1]
    return answer.status in (405, 403, 400) or (200 <= answer.status < 300 and _looks(answer)[1])


def _looks(answer: Answer) -> tuple[int, bool]:
    """What tells answers apart: the status, and whether it is JSON."""
    try:
        answer.json()
    except NotJson:
        return answer.status, answer.status == 204
    return answer.status, True


def _served(answer: Answer) -> tuple[str, ...] | None:
    """The services that are connected and on; None where the answer does not say."""
    if answer.status != 200:
        return None
    body: Any = answer.json()
    if isinstance(body, dict):
        names = ("connections", "items", "services")
        body = next((body[name] for name in names if name in body), None)
    if not isinstance(body, list):
        return None
    rows: Sequence[Any] = body[:_MOST_CONNECTIONS]
    found = [
        service_key(str(row.get("service") or row.get("name") or ""))
        for row in rows
        if isinstance(row, dict) and row.get("enabled") is not False
    ]
    return tuple(sorted({key for key in found if key}))
