"""Plays that wait for the anime map arrive once the user lets it be fetched."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.core.animemap import MapState, Override, keys_of
from revenge_companion.core.errors import LinkRefused
from revenge_companion.core.watching import ListPolicy
from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.start import open_engine
from revenge_companion.paths import find_paths
from revenge_companion.services.base import LinkPrompt, LinkRequest
from revenge_companion.store.settings_file import SettingsFile
from tests.integration.engine.house import FILM, SPEED, House, Memory

SMALL = json.loads((Path(__file__).parents[2] / "data/animemap/small.json").read_text("utf-8"))


class Lists:
    """A stand-in for AniList and for where the map lies, on this computer."""

    def __init__(self) -> None:
        self.map = SMALL | {"1": {"imdb_id": FILM.ids.imdb, "anilist_id": 5, "mal_id": 6}}
        self.entries: dict[int, dict[str, Any]] = {}
        self.saves = 0
        self.downloads = 0
        self.root = ""
        self.found: list[dict[str, Any]] = []

    def answer(self, target: str, body: bytes) -> Any:
        if target == "/map.json":
            self.downloads += 1
            return self.map
        asked = json.loads(body)
        variables = asked["variables"]
        if "Viewer" in asked["query"]:
            return {"data": {"Viewer": {"id": 9, "name": "me", "siteUrl": ""}}}
        if "Page" in asked["query"]:
            return {"data": {"Page": {"media": self.found}}}
        if "SaveMediaListEntry" in asked["query"]:
            self.saves += 1
            entry = self.entries.setdefault(variables["mediaId"], {"id": 1, "progress": 0})
            entry.update(variables)
            return {"data": {"SaveMediaListEntry": entry}}
        known = self.entries.get(variables["id"])
        media = {"id": variables["id"], "episodes": 1, "mediaListEntry": known}
        return {"data": {"Media": media}}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
        body = await reader.readexactly(length)
        said = json.dumps(self.answer(head.split()[1], body)).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(said)
        )
        writer.write(said)
        await writer.drain()
        writer.close()


async def nothing(prompt: LinkPrompt) -> None:
    """A pasted token asks for no approval."""


@asynccontextmanager
async def serving() -> AsyncIterator[Lists]:
    lists = Lists()
    server = await asyncio.start_server(lists.serve, "127.0.0.1", 0)
    lists.root = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield lists
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def linked(home: Path) -> AsyncIterator[tuple[House, Lists]]:
    async with serving() as lists, DemoWorld(speed=SPEED, websocket=True) as world:
        environ = world.destinations.environment() | {
            "REVENGE_COMPANION_ANILIST_API_URL": lists.root,
            "REVENGE_COMPANION_ANIMEMAP_URL": f"{lists.root}/map.json",
        }
        secrets = Memory()
        running = await open_engine(
            find_paths(str(home)).create(), clock=world.clock, environ=environ, secrets=secrets
        )
        try:
            house = House(world, running.engine, secrets)
            await running.engine.start()
            await house.sign_in()
            await running.engine.link("anilist", LinkRequest(secret="a-token"), "", nothing)
            yield house, lists
        finally:
            await running.close()


async def test_a_play_waits_for_the_map_and_arrives_with_it(home: Path) -> None:
    async with linked(home) as (house, lists):
        maps = house.engine.anime.maps
        assert maps is not None
        assert maps.state.missing
        await house.play(FILM)
        await house.until(lambda: house.account("anilist").counts.waiting == 1)
        async with asyncio.timeout(10):
            while [row.delivery.reason_code for row in await house.engine.outbox()] != [
                "map_needed"
            ]:
                await house.changed.wait()
                house.changed.clear()
        assert lists.downloads == 0
        state = await maps.download()
        assert state.entries == len(SMALL)
        await house.drained()
        assert house.account("anilist").counts.delivered == 1
        assert lists.entries[5]["status"] == "COMPLETED"
        assert (lists.saves, lists.downloads) == (1, 1)


async def test_what_is_no_anime_leaves_nothing_waiting(home: Path) -> None:
    async with linked(home) as (house, lists):
        maps = house.engine.anime.maps
        assert maps is not None
        lists.map = SMALL
        await maps.download()
        await house.play(FILM)
        await house.drained()
        await house.until(lambda: house.account("anilist").counts.undone == 1)
        assert lists.saves == 0


async def test_what_the_user_wants_of_the_lists_is_a_setting(home: Path) -> None:
    async with linked(home) as (house, lists):
        maps = house.engine.anime.maps
        assert maps is not None
        await maps.download()
        lists.entries[5] = {"id": 1, "status": "DROPPED", "progress": 0}
        wanted = replace(house.engine.settings, anime=ListPolicy(resume_dropped=True))
        await house.engine.save_settings(wanted)
        assert SettingsFile(find_paths(str(home)).config_file).load()[0].anime == wanted.anime
        await house.play(FILM)
        await house.drained()
        await house.until(lambda: house.account("anilist").counts.delivered == 1)
        assert lists.entries[5]["status"] == "COMPLETED"


async def test_a_correction_sends_what_was_parked_for_want_of_an_entry(home: Path) -> None:
    async with linked(home) as (house, lists):
        anime = house.engine.anime
        # Two entries name the film, so that the map alone cannot tell which it is.
        twins = {str(n): {"imdb_id": FILM.ids.imdb, "anilist_id": n} for n in (5, 7)}
        lists.map = SMALL | twins
        await anime.download()
        await house.play(FILM)
        await house.until(lambda: house.account("anilist").counts.parked == 1)
        (parked,) = await anime.unmapped()
        item = parked.delivery.scrobble.item
        assert await anime.seen() == [item]
        row = Override(keys_of(item)[0], anilist=7, title=item.title)
        assert await anime.set_overrides([row]) == 1
        await house.until(lambda: house.account("anilist").counts.delivered == 1)
        assert list(lists.entries) == [7]
        assert await anime.unmapped() == []


async def test_the_status_tells_how_many_plays_wait_for_the_map(home: Path) -> None:
    async with linked(home) as (house, _):
        assert house.engine.status.map_waiting == 0
        await house.play(FILM)
        await house.until(lambda: house.engine.status.map_waiting == 1)
        await house.engine.anime.download()
        assert house.engine.status.map_waiting == 0
        assert "anime_map" in [host.use for host in house.engine.hosts()]
        await house.engine.anime.remove()
        assert "anime_map" not in [host.use for host in house.engine.hosts()]
        assert house.engine.anime.state == MapState()


async def test_anime_is_looked_for_through_the_linked_account_only(home: Path) -> None:
    async with linked(home) as (house, lists):
        lists.found = [{"id": 5, "idMal": 6, "title": {"romaji": "A film"}, "episodes": 1}]
        (found,) = await house.engine.anime.search(house.account("anilist").account.id, "film")
        assert (found.anilist, found.mal, found.episodes) == (5, 6, 1)
        with pytest.raises(LinkRefused):
            await house.engine.anime.search(99, "film")


async def test_a_newer_map_sends_what_the_older_one_could_not_place(home: Path) -> None:
    async with linked(home) as (house, lists):
        twins = {str(n): {"imdb_id": FILM.ids.imdb, "anilist_id": n} for n in (5, 7)}
        known, lists.map = lists.map, SMALL | twins
        await house.engine.anime.download()
        await house.play(FILM)
        await house.until(lambda: house.account("anilist").counts.parked == 1)
        lists.map = known
        await house.engine.anime.download()
        await house.until(lambda: house.account("anilist").counts.delivered == 1)
        assert list(lists.entries) == [5]
