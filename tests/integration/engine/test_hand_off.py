"""Plays that go out by the user's hand, from the server to the file and to "delivered"."""

import asyncio
import csv
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.cli.parser import run
from revenge_companion.core.errors import SecretsUnavailable
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.reasons import Reason, sentence
from revenge_companion.core.settings import Notify
from revenge_companion.demo.clock import ScaledClock
from revenge_companion.demo.viewer import SPEAKERS, End, PlayTo, Showing
from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.api import Notice, Notification
from revenge_companion.engine.requests import Requests
from revenge_companion.engine.start import open_engine
from revenge_companion.paths import find_paths
from revenge_companion.services.base import LinkPrompt, LinkRequest
from revenge_companion.services.letterboxd.spec import SPEC
from revenge_companion.store.settings_file import SettingsFile
from tests.clock import eventually
from tests.integration.engine.house import FILM, TRACKS, House, Memory, engine, running


class Nowhere(Memory):
    """A system that can keep no secrets."""

    async def put(self, name: str, value: str) -> None:
        raise SecretsUnavailable("There is no password store.")

    async def drop(self, name: str) -> None:
        raise SecretsUnavailable("There is no password store.")


async def nothing(prompt: LinkPrompt) -> None:
    raise AssertionError("nobody has to approve anything")


async def link(house: House, service: str = "letterboxd", username: str = "") -> int:
    request = LinkRequest(username=username)
    return (await house.engine.link(service, request, "", nothing)).id


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


async def test_a_film_waits_over_a_restart_and_is_delivered_by_the_users_word(
    home: Path, tmp_path: Path
) -> None:
    secrets = Memory()
    async with DemoWorld(speed=500.0) as world:
        async with engine(world, home, secrets) as house:
            await house.sign_in()
            account = await link(house)
            await house.play(FILM, TRACKS[0])
            await house.until(lambda: house.account("letterboxd").counts.pending == 1)
            await house.engine.flush()
            (path,) = await house.engine.hand_off(account, tmp_path)
            (line,) = lines(path)
            assert (line["Title"], line["Rewatch"]) == (FILM.title, "false")
            status = house.account("letterboxd")
            assert (status.counts.pending, status.written) == (1, 1)
        async with engine(world, home, secrets) as house:
            status = house.account("letterboxd")
            assert (status.counts.pending, status.written) == (1, 1)
            assert await house.engine.hand_off_done(account) == 1
            status = house.account("letterboxd")
            assert (status.counts.pending, status.counts.delivered, status.written) == (0, 1, 0)
            assert status.account.last_delivery_at is not None
            (play,) = [p for p in await house.engine.plays() if p.destinations]
            (fate,) = play.destinations
            assert (fate.state, fate.reason_code) == ("delivered", Reason.HANDED_OVER)


async def test_linking_and_unlinking_need_no_password_store(home: Path) -> None:
    async with DemoWorld(speed=500.0) as world, engine(world, home, Nowhere()) as house:
        account = await link(house, username="anna")
        assert await house.engine.test_account(account) == "anna"
        await house.engine.unlink(account)
        assert house.engine.status.accounts == ()


async def test_no_lane_runs_beside_those_that_send(home: Path) -> None:
    async with running(home, services=("trakt",)) as house:
        account = await link(house)
        await house.play(FILM)
        await house.until(lambda: house.account("trakt").counts.delivered == 1)
        assert house.account("letterboxd").counts.pending == 1
        house.assert_once("trakt")
        await house.engine.unlink(account)
        assert house.engine.status.outbox.waiting == 0


async def test_a_film_that_waited_a_week_is_told_at_the_next_start(home: Path) -> None:
    secrets = Memory()
    async with DemoWorld(speed=500.0) as world:
        async with engine(world, home, secrets) as house:
            await house.sign_in()
            await link(house)
            await house.play(FILM)
            await house.until(lambda: house.account("letterboxd").counts.pending == 1)
            assert house.notices == []
        later = ScaledClock(500.0, started_at=world.clock.now() + timedelta(days=8))
        notices: list[Notification] = []
        opened = await open_engine(
            find_paths(str(home)), clock=later, environ=world.destinations.environment(),
            secrets=secrets,
        )  # fmt: skip
        try:
            opened.engine.on_notification(notices.append)
            await opened.engine.start()
            await eventually(lambda: bool(notices))
        finally:
            await opened.close()
        (told,) = notices
        assert told.notice is Notice.HAND_OFF
        assert sentence(told.reason, told.facts) == (
            "Plays wait for you to import them at Letterboxd from a file: 1."
        )


async def test_an_audiobook_counted_by_hand_waits_for_goodreads(home: Path, tmp_path: Path) -> None:
    book = Item(Kind.AUDIOBOOK, "b1", "Gideon the Ninth", artist="Tamsyn Muir", duration_s=600.0)
    async with DemoWorld(speed=500.0) as world, engine(world, home, Memory()) as house:
        await house.sign_in()
        account = await link(house, "goodreads")
        heard = Showing(book, (PlayTo(1.0),), End.COMPLETED, must_count=False, device=SPEAKERS)
        await world.viewer.play([heard])
        await house.until(lambda: not house.engine.status.now_playing)
        (play,) = await house.engine.plays()
        assert play.reason_code == Reason.KIND_NEVER_COUNTS
        assert house.account("goodreads").counts.pending == 0
        assert await house.engine.scrobble_anyway(play.id)
        assert house.account("goodreads").counts.pending == 1
        (path,) = await house.engine.hand_off(account, tmp_path)
        (line,) = lines(path)
        assert (line["Title"], line["Author"], line["Shelves"]) == (
            "Gideon the Ninth",
            "Tamsyn Muir",
            "read",
        )
        assert await house.engine.hand_off_done(account) == 1


async def test_the_reminder_can_be_switched_off(home: Path) -> None:
    async with DemoWorld(speed=500.0) as world, engine(world, home, Memory()) as house:
        settings = house.engine.settings
        await house.engine.save_settings(replace(settings, notify=Notify(hand_off=False)))
        assert SettingsFile(find_paths(str(home)).config_file).load()[0].notify.hand_off is False


async def test_the_command_line_writes_and_confirms(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with DemoWorld(speed=500.0) as world, engine(world, home, Memory()) as house:
        await house.sign_in()
        await link(house)
        await house.play(FILM)
        await house.until(lambda: house.account("letterboxd").counts.pending == 1)

    def command(*arguments: str) -> dict[str, Any]:
        assert run(["handoff", "letterboxd", *arguments, "--json"]) == 0
        said: dict[str, Any] = json.loads(capsys.readouterr().out)
        return said

    wrote = await asyncio.to_thread(command, "--to", str(tmp_path / "new"))
    path = tmp_path / "new" / "letterboxd.csv"
    assert wrote == {
        "account": 1,
        "files": [str(path)],
        "delivered": 0,
        "waiting": 1,
        "written": 1,
        "upload_url": SPEC.upload_url,
        "upload_note": SPEC.upload_note,
    }
    assert [line["Title"] for line in lines(path)] == [FILM.title]
    done = await asyncio.to_thread(command, "--done")
    assert (done["files"], done["delivered"], done["waiting"]) == ([], 1, 0)
    assert await asyncio.to_thread(run, ["handoff", "letterboxd"]) == 2
    assert await asyncio.to_thread(run, ["handoff", "nobody", "--done"]) == 1


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"account": "letterboxd", "folder": "here"}, "whole path"),
        ({"account": "nobody", "folder": "/tmp"}, "no account"),
        ({"account": "listenbrainz", "done": True}, "takes no files"),
    ],
)
async def test_requests_that_make_no_sense_are_refused(
    home: Path, args: dict[str, object], told: str
) -> None:
    async with running(home, services=("listenbrainz",), signed_in=False) as house:
        await link(house)
        answer = await Requests(house.engine).handle("handoff", args)
        assert told in answer["error"]
