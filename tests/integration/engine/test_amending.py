"""Second thoughts over the demo's world: hold, undo, edit, private time, the last hour, rules."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.errors import EditRefused
from revenge_companion.core.media import Item
from revenge_companion.core.rules import Action, Field, Rule
from revenge_companion.core.settings import Settings
from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.amend_requests import changed_json
from revenge_companion.engine.requests import Requests
from revenge_companion.store.database import Database
from tests.integration.engine.house import FILM, TRACKS, House, Memory, engine, running

EPISODE = LIBRARY.shows[0].episodes[0]
#: A film that the server's catalogue does not list: what the index holds of the others says
#: nothing of what was watched.
UNLISTED = replace(FILM, media_id="unlisted", title="The Unlisted Film")


def traces(home: Path, text: str) -> list[str]:
    """The files of the profile that hold `text`."""
    return [
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and text.encode() in path.read_bytes()
    ]


async def play_of(house: House, item: Item) -> int:
    plays = [one for one in await house.engine.plays() if one.label == item.label]
    assert len(plays) == 1
    return plays[0].id


@pytest.mark.parametrize(
    ("service", "item", "told"),
    [
        ("trakt", FILM, "removed"),
        ("trakt", EPISODE, "removed"),
        ("listenbrainz", TRACKS[0], "removed_later"),
        ("simkl", EPISODE, "removed"),
    ],
)
async def test_a_delivered_play_is_taken_back(
    home: Path, service: str, item: Item, told: str
) -> None:
    async with running(home, services=(service,)) as house:
        await house.play(item)
        await house.until(lambda: house.engine.status.outbox.delivered == 1)
        play = await play_of(house, item)
        (result,) = await house.engine.amending.undo(play)
        assert (result.done, result.reason_code) == (True, told)
        assert house.held(service) == 0
        assert house.engine.status.outbox.undone == 1
        (again,) = await house.engine.amending.undo(play)
        assert again.done


@pytest.mark.parametrize(
    ("service", "item", "told"),
    [("lastfm", TRACKS[0], "cannot_undo"), ("simkl", FILM, "cannot_undo_alone")],
)
async def test_what_a_service_cannot_take_back_is_said_and_left(
    home: Path, service: str, item: Item, told: str
) -> None:
    async with running(home, services=(service,)) as house:
        await house.play(item)
        await house.until(lambda: house.engine.status.outbox.delivered == 1)
        asked = len(house.world.destinations.sites[service].requests)
        (result,) = await house.engine.amending.undo(await play_of(house, item))
        assert (result.done, result.reason_code) == (False, told)
        assert len(house.world.destinations.sites[service].requests) == asked
        assert house.held(service) == 1
        assert house.engine.status.outbox.delivered == 1


async def test_a_service_that_is_down_keeps_the_play_and_can_be_asked_again(home: Path) -> None:
    async with running(home, services=("trakt",)) as house:
        await house.play(FILM)
        await house.until(lambda: house.engine.status.outbox.delivered == 1)
        play = await play_of(house, FILM)
        house.world.destinations.cut()
        (result,) = await house.engine.amending.undo(play)
        assert (result.done, result.reason_code) == (False, "undo_failed")
        assert result.detail
        await house.world.destinations.restore()
        (result,) = await house.engine.amending.undo(play)
        assert result.done
        assert house.held("trakt") == 0


async def test_within_the_hold_an_undo_costs_no_request(home: Path) -> None:
    async with running(home, services=("listenbrainz", "lastfm")) as house:
        await house.engine.save_settings(Settings(hold_minutes=10))
        sites = [house.world.destinations.sites[name] for name in ("listenbrainz", "lastfm")]
        await house.play(TRACKS[0])
        await house.until(lambda: house.engine.status.outbox.held == 2)
        await house.engine.flush()
        asked = [len(site.requests) for site in sites]
        results = await house.engine.amending.undo(await play_of(house, TRACKS[0]))
        assert [one.reason_code for one in results] == ["withdrawn", "withdrawn"]
        assert house.engine.status.outbox.undone == 2
        assert [len(site.requests) for site in sites] == asked


async def test_a_hold_ends_and_the_play_is_sent_by_itself(home: Path) -> None:
    # One minute of the world's time is an eighth of a second.
    async with running(home, services=("listenbrainz",)) as house:
        await house.engine.save_settings(Settings(hold_minutes=1))
        await house.play(TRACKS[0])
        await house.until(lambda: house.engine.status.outbox.delivered == 1)
        house.assert_once("listenbrainz")


async def test_a_waiting_play_is_edited_and_arrives_as_edited(home: Path) -> None:
    async with running(home, services=("listenbrainz", "lastfm")) as house:
        house.world.destinations.cut()
        await house.play(TRACKS[0])
        await house.until(lambda: house.engine.status.outbox.pending == 2)
        rows = await house.engine.outbox()
        row = next(one for one in rows if one.service == "listenbrainz")
        await house.engine.amending.edit(row.delivery.id, {"title": "Another Title"})
        await house.world.destinations.restore()
        house.engine.network_is_back()
        await house.drained()
        labels = {
            name: house.world.destinations.held(name)[0].label
            for name in ("listenbrainz", "lastfm")
        }
        assert "Another Title" in labels["listenbrainz"]
        assert TRACKS[0].title in labels["lastfm"]


@pytest.mark.parametrize("state", [DeliveryState.DELIVERED, None])
async def test_what_was_delivered_or_is_not_there_is_not_edited(
    home: Path, state: DeliveryState | None
) -> None:
    async with running(home, services=("listenbrainz",)) as house:
        await house.play(TRACKS[0])
        await house.until(lambda: house.engine.status.outbox.delivered == 1)
        (row,) = await house.engine.outbox(state="delivered")
        with pytest.raises(EditRefused):
            await house.engine.amending.edit(row.delivery.id if state else 999, {"title": "X"})


async def test_nothing_seen_in_private_is_in_any_file(home: Path) -> None:
    async with running(home, services=("listenbrainz",)) as house:
        await house.play(TRACKS[0])
        await house.until(lambda: house.engine.status.outbox.delivered == 1)
        house.engine.pause(None)
        await house.play(UNLISTED, TRACKS[1])
        house.engine.resume()
        await house.play(TRACKS[2])
        await house.until(lambda: house.engine.status.outbox.delivered == 2)
    assert traces(home, TRACKS[2].title)
    for item in (UNLISTED, TRACKS[1]):
        assert traces(home, item.title) == []


async def test_an_item_kept_private_while_it_plays_leaves_no_trace(home: Path) -> None:
    async with running(home, services=("trakt", "listenbrainz")) as house:
        showing = asyncio.create_task(house.play(UNLISTED))
        await house.until(lambda: bool(house.engine.status.now_playing))
        (play,) = house.engine.status.now_playing
        async with asyncio.timeout(10):
            while not await house.engine.plays():  # noqa: ASYNC110  # no event tells of rows
                await asyncio.sleep(0.01)
        house.engine.dont_scrobble(play.play_key)
        await house.until(lambda: not house.engine.status.now_playing)
        await showing
        await house.play(TRACKS[0])
        await house.until(lambda: house.held("listenbrainz") == 1)
        assert house.held("trakt") == 0
        assert [play.label for play in await house.engine.plays()] == [TRACKS[0].label]
    assert traces(home, TRACKS[0].title)
    assert traces(home, UNLISTED.title) == []


async def test_the_last_hour_is_dropped_from_the_outbox_the_services_and_the_file(
    home: Path,
) -> None:
    async with running(home, services=("listenbrainz", "trakt", "lastfm")) as house:
        await house.play(FILM)
        await house.until(lambda: house.engine.status.outbox.delivered == 1)
        house.world.destinations.answer("lastfm", 503, "busy", times=99)
        await house.play(TRACKS[0])
        await house.until(lambda: house.held("listenbrainz") == 1)
        await Database.backup(house.engine._parts.database)  # noqa: SLF001  # a copy of that hour
        assert len(traces(home, TRACKS[0].title)) > 1
        with pytest.raises(EditRefused, match="Pause scrobbling first"):
            await house.engine.amending.drop_last_hour()
        house.engine.pause(None)
        left = await house.engine.amending.drop_last_hour()
        assert [one.reason_code for one in left] == []
        assert house.held("listenbrainz") + house.held("lastfm") == 0
        labels = [play.label for play in await house.engine.plays()]
        assert TRACKS[0].label not in labels
    assert traces(home, TRACKS[0].title) == []


async def test_what_cannot_be_dropped_is_told_and_stays_in_the_ledger(home: Path) -> None:
    async with running(home, services=("lastfm",)) as house:
        await house.play(TRACKS[0])
        await house.until(lambda: house.engine.status.outbox.delivered == 1)
        house.engine.pause(None)
        (left,) = await house.engine.amending.drop_last_hour()
        assert left.reason_code == "cannot_undo"
        assert left.label == TRACKS[0].label
        assert [play.label for play in await house.engine.plays()] == [TRACKS[0].label]


async def test_a_timed_pause_outlasts_a_restart_and_one_until_restart_does_not(
    home: Path,
) -> None:
    secrets = Memory()
    async with DemoWorld(speed=1.0) as world:
        async with engine(world, home, secrets) as house:
            house.engine.pause_for(timedelta(minutes=30))
            until = house.engine.status.paused_until
            await asyncio.sleep(0)
        async with engine(world, home, secrets) as house:
            assert house.engine.status.paused_until == until
            house.engine.pause(None)
            await asyncio.sleep(0)
        async with engine(world, home, secrets) as house:
            assert house.engine.status.paused_until is None
            house.engine.pause_for(timedelta(minutes=30))
            house.engine.resume()
            await asyncio.sleep(0)
        async with engine(world, home, secrets) as house:
            assert house.engine.status.paused_until is None


async def test_rules_are_kept_and_used_after_a_restart(home: Path) -> None:
    rule = Rule(
        "name", Action.CORRECT, Field.TITLE, TRACKS[0].title, replace="Corrected \N{SNOWMAN}"
    )
    block = Rule("no", Action.BLOCK, Field.TITLE, TRACKS[1].title)
    async with DemoWorld(speed=500.0) as world:
        secrets = Memory()
        async with engine(world, home, secrets) as house:
            await house.engine.amending.save_rules([rule, block])
        async with engine(world, home, secrets) as house:
            assert house.engine.amending.rules == (rule, block)
            await house.sign_in()
            await house.link("listenbrainz")
            await house.play(TRACKS[0], TRACKS[1])
            await house.until(lambda: house.engine.status.outbox.delivered == 1)
            await house.until(lambda: house.held("listenbrainz") == 1)
            assert "Corrected \N{SNOWMAN}" in world.destinations.held("listenbrainz")[0].label
            await house.until(lambda: not house.engine.status.now_playing)
            blocked, kept = await house.engine.plays()
            assert (blocked.reason_code, blocked.counted_at) == ("blocked_by_rule", None)
            assert kept.label == TRACKS[0].label
            changed = [changed_json(one) for one in await house.engine.amending.preview([block])]
            assert [(one["item"], one["blocked_by"]) for one in changed] == [
                (TRACKS[1].label, "no")
            ]


async def test_commands_reach_all_of_it(home: Path, tmp_path: Path) -> None:
    async with running(home, services=("listenbrainz",)) as house:
        requests = Requests(house.engine)
        file = tmp_path / "rules.toml"
        rule = {"name": "r", "action": "correct", "field": "title", "find": TRACKS[0].title}
        body = {"format": "revenge-companion-rules", "version": 1}
        (tmp_path / "in.json").write_text(json.dumps(body | {"rules": [rule | {"replace": "N"}]}))
        await house.play(TRACKS[0])
        await house.until(lambda: house.engine.status.outbox.delivered == 1)
        where = {"file": str(tmp_path / "in.json")}
        said = await requests.handle("rules_import", where | {"preview": True})
        assert (said["imported"], said["changed"][0]["changes"][0]["after"]) == (0, "N")
        assert (await requests.handle("rules", {}))["rules"] == []
        assert (await requests.handle("rules_import", where))["imported"] == 1
        assert (await requests.handle("rules_export", {"file": str(file)}))["exported"] == 1
        assert (await requests.handle("rules_import", {"file": str(file)}))["imported"] == 1
        assert len((await requests.handle("rules", {}))["rules"]) == 1
        assert len((await requests.handle("rules_preview", {}))["changed"]) == 1
        play = await play_of(house, TRACKS[0])
        (undone,) = (await requests.handle("undo", {"play": play}))["undone"]
        assert undone["reason"] == "ListenBrainz removes it after the full hour."
        assert "error" in await requests.handle("edit", {"id": undone["id"], "changes": {}})
        for bad in ({"minutes": 0}, {"minutes": True}, {"minutes": 99999}):
            assert "error" in await requests.handle("pause", bad)
        said = await requests.handle("pause", {"minutes": 30, "drop_last_hour": True})
        assert said["paused_until"]
        assert said["not_removed"] == []
        assert await requests.handle("resume", {}) == {"paused": False}
        for do, bad_args in (
            ("rules_import", {"file": "relative.json"}),
            ("rules_import", {"file": str(tmp_path / "none.json")}),
            ("edit", {"id": 1, "changes": {"title": 5}}),
            ("undo", {"play": "1"}),
        ):
            assert "error" in await requests.handle(do, bad_args)
