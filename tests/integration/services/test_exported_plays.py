"""Plays of years ago, exported through the outbox: each arrives once, under its true date."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.media import Ids, Item, Kind
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.demo.destinations import Destinations
from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.sites.site import Site
from revenge_companion.demo.sites.trakt import TraktSite
from revenge_companion.engine.dispatcher import Lane, LaneEvent
from revenge_companion.net.http import Http
from revenge_companion.services.base import LinkRequest
from revenge_companion.services.catalog import build_services
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from tests.clock import eventually
from tests.unit.services.kit import MemorySlot, Prompts, QuickClock

FILM, EPISODE = LIBRARY.movies[0], LIBRARY.shows[0].episodes[0]
#: Known from another service only: the media server does not have it.
ELSEWHERE = Item(Kind.MOVIE, "", "Elsewhere", 1999, Ids(tmdb=555_001))
LONG_AGO = datetime(2024, 2, 29, 9, 15, 42, tzinfo=UTC)
HOUR = timedelta(hours=1)


def exported(number: int, item: Item, at: datetime) -> Scrobble:
    """A dated play that nobody observed."""
    return Scrobble(f"export-{number}", item, at, at, 0.0, 0.0, 100.0)


class Export:
    """One linked account's lane over a real outbox, and its local destination."""

    def __init__(self, site: Site, outbox: Outbox) -> None:
        self.site = site
        self._outbox = outbox
        self._sent: list[Scrobble] = []
        self._settled = 0
        self._lane: Lane

    def start(self, lane: Lane) -> None:
        self._lane = lane
        lane.start()

    async def send(self, plays: Sequence[tuple[Item, datetime]]) -> None:
        """Export these and wait until none of them is waiting."""
        first = len(self._sent)
        rows = [exported(first + number, item, at) for number, (item, at) in enumerate(plays)]
        self._sent += rows
        await self._outbox.add_many([(one, [self._lane.account.id]) for one in rows])
        self._lane.wake()
        await eventually(lambda: not self._settled < len(self._sent), within_s=20)
        assert await self._outbox.page(state=DeliveryState.PARKED) == []

    async def settled(self, event: LaneEvent) -> None:
        """What the lane reports."""
        assert event.state is None
        self._settled += len(event.delivered)

    @property
    def dates(self) -> list[tuple[str, datetime]]:
        return sorted((row.label, row.at) for row in self.site.held)


@asynccontextmanager
async def exporting(folder: Path, service: str) -> AsyncIterator[Export]:
    clock, http = QuickClock(), Http()
    async with Destinations(clock) as sites:
        built = build_services(http, clock, sites.environment(), cache=folder, data=folder)
        chosen = next(one for one in built if one.spec.key == service)
        linked = await chosen.link(LinkRequest(), Prompts())
        database = await Database.open(folder / "outbox.db", clock=clock)
        account = await Accounts(database, clock).add(
            service=service, label="me", remote_id=linked.user.id, remote_name="me"
        )
        export = Export(sites.sites[service], Outbox(database, clock))
        client = chosen.client(account, MemorySlot(linked.secret))
        lane = Lane(account, chosen.spec, client, Outbox(database, clock), clock, export.settled)
        export.start(lane)
        try:
            yield export
        finally:
            await lane.stop()
            await http.close()
            await database.close()


def minute(at: datetime) -> datetime:
    return at.replace(second=0)


async def test_years_old_plays_and_rewatches_of_one_day_keep_their_dates(tmp_path: Path) -> None:
    plays = [
        (FILM, LONG_AGO),
        (FILM, LONG_AGO + 4 * HOUR),
        (FILM, LONG_AGO + 8 * HOUR),
        (EPISODE, LONG_AGO + HOUR),
        (EPISODE, LONG_AGO + HOUR + timedelta(minutes=30)),
        (ELSEWHERE, LONG_AGO - timedelta(days=3000)),
    ]
    async with exporting(tmp_path, "trakt") as export:
        await export.send(plays)
        assert sorted(at for _, at in export.dates) == sorted(minute(at) for _, at in plays)
        # A live stop would be dated now.
        assert "POST /scrobble/stop" not in export.site.requests


async def test_what_trakt_has_already_is_not_sent_again(tmp_path: Path) -> None:
    async with exporting(tmp_path, "trakt") as export:
        assert isinstance(export.site, TraktSite)
        title = export.site.titles.of_item(FILM)
        export.site.history.add(title, LONG_AGO + 4 * HOUR, "history")
        await export.send([(FILM, LONG_AGO + by * HOUR) for by in (0, 4, 8)])
        assert [at for _, at in export.dates] == [minute(LONG_AGO), minute(LONG_AGO + 8 * HOUR)]
        assert len(export.site.history.rows) == 3


async def test_an_answer_that_is_lost_doubles_nothing(tmp_path: Path) -> None:
    plays = [(FILM, LONG_AGO + by * HOUR) for by in (0, 4, 8)] + [(EPISODE, LONG_AGO)]
    async with exporting(tmp_path, "trakt") as export:
        export.site.lose_replies(1)
        await export.send(plays)
        assert len(export.dates) == len(plays)


async def test_two_plays_under_one_date_both_arrive(tmp_path: Path) -> None:
    # As from a diary that knows days only.
    async with exporting(tmp_path, "trakt") as export:
        await export.send([(FILM, LONG_AGO)] * 2)
        assert len(export.dates) == 2


async def test_simkl_gets_the_first_date_of_each(tmp_path: Path) -> None:
    plays = [(FILM, LONG_AGO + by * HOUR) for by in (4, 0, 8)] + [(EPISODE, LONG_AGO)]
    async with exporting(tmp_path, "simkl") as export:
        export.site.lose_replies(1)
        await export.send(plays)
        assert [at for _, at in export.dates] == [LONG_AGO, LONG_AGO]


@pytest.mark.parametrize("service", ["trakt", "simkl"])
async def test_a_thousand_old_plays_go_in_batches(tmp_path: Path, service: str) -> None:
    films = [Item(Kind.MOVIE, "", f"F{n}", 1999, Ids(tmdb=600_000 + n)) for n in range(1000)]
    async with exporting(tmp_path, service) as export:
        await export.send([(film, LONG_AGO + n * HOUR) for n, film in enumerate(films)])
        assert len(export.dates) == 1000
        assert export.site.requests.count("POST /sync/history") == 10
