"""What the server has learnt: asked at each sign-in and every hour, told once, and made use of."""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from revenge_companion.core.abilities import Abilities, Ability
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError, SessionExpired
from revenge_companion.engine.pushing import Pushing
from revenge_companion.revenge.abilities import ask
from revenge_companion.revenge.client import RevengeClient

_log = logging.getLogger(__name__)

#: Between two questions, in seconds; as often as a better live source is looked for.
EVERY_S = 3600.0


class Meta(Protocol):
    """Small texts kept in the database."""

    async def get_meta(self, key: str) -> str | None: ...
    async def set_meta(self, key: str, value: str) -> None: ...


class Learning:
    """Keeps up with what one server offers."""

    def __init__(
        self,
        meta: Meta,
        clock: Clock,
        *,
        film: Callable[[], Awaitable[str]],
        pushing: Pushing,
        changed: Callable[[Abilities, bool], None],
    ) -> None:
        """`film` names any film of the server; "" where none is known yet.

        `changed` is told what it offers, and whether that is news: a restart brings none.
        """
        self._meta = meta
        self._clock = clock
        self._film = film
        self._pushing = pushing
        self._changed = changed
        self.abilities = Abilities()

    async def run(self, client: RevengeClient, profile: str) -> None:
        """Ask until cancelled or signed out; what was known before a restart holds until then."""
        key = f"abilities/{profile}"
        self._learn(_read(await self._meta.get_meta(key)), news=False)
        while True:
            try:
                await self._once(client, key)
            except SessionExpired:
                return
            except CompanionError as error:
                _log.info("The server could not be asked what it offers: %s", error)
            except Exception:
                _log.exception("Asking what the server offers failed in a way nobody planned for")
            await self._clock.sleep(EVERY_S)

    async def _once(self, client: RevengeClient, key: str) -> None:
        found = await ask(client, self._clock, self.abilities, await self._film())
        found = replace(found, offers=found.offers - self._pushing.refused)
        if _text(found) != _text(self.abilities):
            _log.info("The server offers: %s", ", ".join(sorted(found.offers)) or "nothing new")
            await self._meta.set_meta(key, _text(found))
        self._learn(found, news=True)
        count = await self._pushing.push(found.offers)
        if count:
            _log.info("%d ratings and wishes were sent to the server", count)
        if found.offers & self._pushing.refused:
            self._learn(replace(found, offers=found.offers - self._pushing.refused), news=True)

    def forget(self) -> None:
        """Nobody is signed in."""
        self._learn(Abilities(), news=False)

    def _learn(self, found: Abilities, *, news: bool) -> None:
        before, self.abilities = self.abilities, found
        if _text(found) != _text(before):
            self._changed(found, news)


def _text(abilities: Abilities) -> str:
    """What is worth keeping over a restart."""
    return json.dumps([sorted(abilities.offers), list(abilities.serves)])


def _read(text: str | None) -> Abilities:
    try:
        offers, serves = json.loads(text or "[[], []]")
        known = set(Ability)
        return Abilities(
            frozenset(Ability(one) for one in offers if one in known),
            tuple(str(one) for one in serves),
        )
    except (ValueError, TypeError):
        return Abilities()
