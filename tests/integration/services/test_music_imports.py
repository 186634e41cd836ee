"""Years of listening from Last.fm, ListenBrainz and a file: each play once in the library."""

import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.core.imports import ImportRun, RunState, Verdict
from revenge_companion.core.library import Facet
from revenge_companion.demo.destinations import Destinations
from revenge_companion.net.http import Http
from revenge_companion.services.base import LinkRequest
from revenge_companion.services.file_formats import FORMATS
from revenge_companion.services.lastfm.service import LastFm
from revenge_companion.services.listenbrainz.service import ListenBrainz
from tests.unit.engine.import_kit import Desk, desk, shown
from tests.unit.services.kit import MemorySlot, Prompts, QuickClock, an_account

BOTH = (Facet.HISTORY, Facet.LOVED)
PLAYS, LOVED = 1_230, 300


@pytest.fixture
async def sites() -> AsyncIterator[Destinations]:
    async with Destinations(QuickClock()) as running:
        for site in (running.lastfm, running.listenbrainz):
            site.preload(PLAYS, loved=LOVED)
        yield running


@pytest.fixture
async def imports(sites: Destinations, tmp_path: Path) -> AsyncIterator[Desk]:
    """An importer; account 1 is at Last.fm, account 2 at ListenBrainz."""
    http, clock, environ = Http(), QuickClock(), sites.environment()
    fm = LastFm(http, clock, environ)
    login = LinkRequest(username=sites.lastfm.user_name, secret=sites.lastfm.link_secret)
    at_fm = await fm.link(login, Prompts())
    brainz = ListenBrainz(http, clock, environ)
    at_brainz = await brainz.link(LinkRequest(secret=sites.listenbrainz.link_secret), Prompts())
    clients: list[Any] = [
        fm.client(an_account("lastfm", remote_name=at_fm.user.name), MemorySlot(at_fm.secret)),
        brainz.client(
            an_account("listenbrainz", remote_id=at_brainz.user.id), MemorySlot(at_brainz.secret)
        ),
    ]
    async with desk(tmp_path, *clients, clock=clock, formats=FORMATS) as made:
        yield made
    await http.close()


async def whole(imports: Desk, source: str, path: Path | None = None) -> ImportRun:
    """Read a source and write it; the run as its preview showed it."""
    run_id = await imports.importer.begin(source, BOTH, path=path)
    preview = await imports.reached(run_id, RunState.PREVIEW)
    await imports.importer.write(run_id)
    await imports.reached(run_id, RunState.DONE)
    return preview


async def test_the_same_plays_from_three_sources_are_shown_once(
    imports: Desk, sites: Destinations, tmp_path: Path
) -> None:
    first = await whole(imports, "account:1")
    assert (first.total, first.processed, first.failed) == (PLAYS + LOVED,) * 2 + (0,)
    assert first.counts.get(Verdict.THERE, 0) == 0
    plays = await shown(imports.db)
    assert len(plays) == PLAYS

    second = await whole(imports, "account:2")
    assert second.processed == PLAYS + LOVED
    assert second.counts.get(Verdict.THERE) == PLAYS + LOVED
    assert await shown(imports.db) == plays
    assert len(await shown(imports.db, Facet.LOVED)) == LOVED

    third = await whole(imports, "listenbrainz-export", exported(sites, tmp_path))
    assert third.counts.get(Verdict.THERE) == PLAYS
    assert await shown(imports.db) == plays


async def test_reading_an_account_again_finds_what_is_new(
    imports: Desk, sites: Destinations
) -> None:
    await whole(imports, "account:1")
    sites.lastfm.take_away(7)
    before = await imports.sources[1].marks()
    again = await whole(imports, "account:1")
    assert again.counts.get(Verdict.THERE) == PLAYS - 1 + LOVED
    assert again.counts.get(Verdict.NEW, 0) + again.counts.get(Verdict.UNMATCHED, 0) == 0
    assert await imports.sources[1].marks() == before


def exported(sites: Destinations, folder: Path) -> Path:
    """What the local ListenBrainz has, as the real one gives it to download."""
    path = folder / "listenbrainz_demo-listener.zip"
    months: dict[str, list[str]] = {}
    for number, listen in enumerate(sites.listenbrainz.listens()):
        inner = listen["track_metadata"] | {"recording_msid": listen["recording_msid"]}
        line = json.dumps({"listened_at": listen["listened_at"] + 0.0, "track_metadata": inner})
        months.setdefault(f"listens/2026/{number // 200 + 1}.jsonl", []).append(line)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("user.json", '{"user_id": 1}')
        for name, lines in months.items():
            made.writestr(name, "\n".join(lines))
    return path
