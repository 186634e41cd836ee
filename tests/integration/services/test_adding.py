"""A service that the program has never heard of, added as the page in the package says."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from revenge_companion.core import animemap, delivery, errors
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.errors import LinkRefused
from revenge_companion.core.reasons import Reason
from revenge_companion.demo.listener import Listener
from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.start import open_engine
from revenge_companion.net import gate
from revenge_companion.paths import find_paths
from revenge_companion.services import base, importing, linking, tokens
from revenge_companion.services.base import LinkPrompt, LinkRequest
from tests.integration.engine.house import FILM, TRACKS, House, Memory
from tests.integration.services.postcards import Postcards

TOKEN = "a-token-of-the-test"


class Office:
    """The service's side: keeps each card once, and refuses a title it does not like."""

    def __init__(self) -> None:
        self.cards: dict[str, dict[str, Any]] = {}
        self.now: list[str] = []
        self.disliked = ""
        self.batches: list[int] = []
        self.app = Starlette(
            routes=[
                Route("/me", self._me),
                Route("/cards", self._take, methods=["POST"]),
                Route("/now", self._hear, methods=["POST"]),
                Route("/revoke", self._hear, methods=["POST"]),
            ]
        )

    def _may(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {TOKEN}"

    async def _me(self, request: Request) -> JSONResponse:
        if not self._may(request):
            return JSONResponse({}, 401)
        return JSONResponse({"name": "anna"})

    async def _hear(self, request: Request) -> JSONResponse:
        self.now.append((await request.json()).get("text", ""))
        return JSONResponse({})

    async def _take(self, request: Request) -> JSONResponse:
        if not self._may(request):
            return JSONResponse({}, 401)
        sent = (await request.json())["cards"]
        self.batches.append(len(sent))
        return JSONResponse({"cards": [self._keep(card) for card in sent]})

    def _keep(self, card: dict[str, Any]) -> dict[str, Any]:
        if card["text"] == self.disliked:
            return {"number": card["number"], "state": "refused", "why": "Not this one."}
        state = "known" if card["number"] in self.cards else "kept"
        self.cards[card["number"]] = card
        return {"number": card["number"], "state": state, "id": f"c{len(self.cards)}"}

    @property
    def texts(self) -> list[str]:
        return sorted(card["text"] for card in self.cards.values())


@asynccontextmanager
async def at_home(home: Path) -> AsyncIterator[tuple[House, Office, Listener]]:
    office = Office()
    async with DemoWorld(speed=500.0) as world, Listener(office.app) as listener:
        secrets = Memory()
        running = await open_engine(
            find_paths(str(home)).create(),
            clock=world.clock,
            environ=world.destinations.environment(),
            secrets=secrets,
            more_services=lambda http, clock: (Postcards(http),),
        )
        try:
            house = House(world, running.engine, secrets)
            await running.engine.start()
            await house.sign_in()
            yield house, office, listener
        finally:
            await running.close()


async def linked(house: House, listener: Listener, token: str = TOKEN) -> None:
    async def show(prompt: LinkPrompt) -> None:
        """Nothing to do elsewhere."""

    request = LinkRequest(secret=token, api_url=listener.url)
    await house.engine.link("postcards", request, "", show)


async def test_a_new_service_is_linked_live_and_durable(home: Path) -> None:
    async with at_home(home) as (house, office, listener):
        assert "postcards" in [spec.key for spec in house.engine.services]
        with pytest.raises(LinkRefused, match="does not know this token"):
            await linked(house, listener, "another")
        await linked(house, listener)
        await house.play(*TRACKS[:3], FILM)
        await house.until(lambda: len(office.cards) == 4)
        await house.drained()

        assert office.texts == sorted(item.label for item in (*TRACKS[:3], FILM))
        assert set(office.now) >= {TRACKS[0].label, FILM.label}
        assert house.account("postcards").counts.delivered == 4
        assert await house.engine.test_account(house.account("postcards").account.id) == "anna"


async def test_plays_wait_for_a_new_service_that_is_away(home: Path) -> None:
    async with at_home(home) as (house, office, listener):
        await linked(house, listener)
        listener.cut()
        await house.play(*TRACKS[:3])
        await house.until(lambda: house.engine.status.outbox.waiting == 3)
        assert office.cards == {}

        await listener.restore()
        await house.engine.flush()
        await house.until(lambda: len(office.cards) == 3)
        await house.drained()
        assert max(office.batches) == 2


async def test_a_row_that_a_new_service_refuses_is_parked_with_its_words(home: Path) -> None:
    async with at_home(home) as (house, office, listener):
        await linked(house, listener)
        office.disliked = TRACKS[1].label
        await house.play(*TRACKS[:3])
        await house.until(lambda: len(office.cards) == 2)
        await house.drained()

        (parked,) = await house.engine.outbox(state=DeliveryState.PARKED)
        assert parked.service == "postcards"
        assert parked.delivery.scrobble.item.label == TRACKS[1].label
        assert parked.delivery.reason_code == Reason.INVALID
        assert parked.delivery.detail == "Not this one."


def test_the_page_comes_with_the_package_and_names_what_there_is() -> None:
    page = (files("revenge_companion.services") / "ADDING.md").read_text("utf-8")

    named = set(re.findall(r"`(?:[a-z]+\.)*([A-Z][A-Za-z]+)[`.]", page))
    known = {"SPEC"} | {
        name
        for module in (animemap, base, delivery, errors, gate, importing, linking, tokens)
        for name in dir(module)
    }
    assert {"Service", "Client", "Linked", "Unanswered", "Delivered"} <= named
    assert named <= known
