"""Each profile has a library of its own, whatever the others watched, rated and imported."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from revenge_companion.core.exporting import Judged, Known, Terms
from revenge_companion.core.imports import RunState
from revenge_companion.core.library import OWN, Facet, source_for, source_parts
from revenge_companion.core.matching import NoMatch
from revenge_companion.core.media import Ids, Item, Kind
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.reasons import Reason
from revenge_companion.core.shown import Asked, Shown
from revenge_companion.core.statistics import Bucket, bars
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.amendments import Amendments
from revenge_companion.store.database import Database, Link
from revenge_companion.store.exporting import Exporting
from revenge_companion.store.history import History
from revenge_companion.store.import_lines import ImportLines, Preparing, Seen
from revenge_companion.store.import_matches import ImportMatches
from revenge_companion.store.import_rows import ImportRows
from revenge_companion.store.import_runs import ImportRuns, Walk
from revenge_companion.store.import_state import unmatched
from revenge_companion.store.import_writing import ImportWriting
from revenge_companion.store.library import Library
from revenge_companion.store.plays import Plays
from revenge_companion.store.profiles import Profiles
from revenge_companion.store.statistics import Counts
from tests.clock import START, FakeClock
from tests.unit.engine.import_kit import dated, film, play
from tests.unit.store.builders import a_play

ANN, BEN = 1, 2
FILE = "letterboxd-zip"
FILM = Item(Kind.MOVIE, "m1", "Dune", year=2021, duration_s=9000.0, ids=Ids(tmdb=438631))


def watched(key: str, profile: int, *, at: datetime = START) -> PlayUpdate:
    return a_play(key, item=FILM, started_at=at, counted_at=at, profile=profile)


async def seen_by(db: Database, profile: int, **asked: object) -> list[Shown]:
    history = History(db, lambda: profile)
    return await history.page(Asked(**asked), limit=50)  # type: ignore[arg-type]


@pytest.fixture
async def library(db: Database, clock: FakeClock) -> Library:
    profiles = Profiles(db)
    assert await profiles.enter("http://media", "u-ann", "ann") == ANN
    assert await profiles.enter("http://media", "u-ben", "ben") == BEN
    return Library(db, clock, UTC)


async def things(db: Database) -> int:
    def job(link: Link) -> int:
        sql = "SELECT count(DISTINCT thing) FROM library_item"
        return int(link.connection.execute(sql).fetchone()[0])

    return await db.run(job)


async def test_the_same_film_seen_together_is_in_both_libraries(
    db: Database, clock: FakeClock, library: Library
) -> None:
    await Plays(db, clock).save_many([watched("a", ANN), watched("b", BEN)])
    assert await library.absorb() == 2
    assert await things(db) == 2
    for profile in (ANN, BEN):
        (line,) = await seen_by(db, profile)
        assert line.sources == (source_for(OWN, profile),)
        (found,) = await seen_by(db, profile, search="dune")
        assert found == line
        history = History(db, lambda profile=profile: profile)  # type: ignore[misc]
        assert await history.sources() == [source_for(OWN, profile)]
        counts = Counts(db, lambda profile=profile: profile)  # type: ignore[misc]
        filled = await counts.filled(bars(Bucket.DAY, START, UTC, count=2))
        assert sum(sum(bar.plays.values()) for bar in filled) == 1
        (top,) = (await counts.top(filled)).values()
        assert [one.plays for one in top] == [1]


async def test_what_is_forgotten_of_one_stays_with_the_other(
    db: Database, clock: FakeClock, library: Library
) -> None:
    await Plays(db, clock).save_many([watched("a", ANN), watched("b", BEN)])
    await library.absorb()
    (_, newest) = sorted(one.id for one in await Plays(db, clock).page())
    assert await Amendments(db, clock).forget([newest]) == 1
    assert await seen_by(db, BEN) == []
    assert len(await seen_by(db, ANN)) == 1


def terms(source: str, profile: int) -> Terms:
    return Terms(
        source=source, kinds=(Kind.MOVIE,), verbs=(), rated=(), now=START + timedelta(days=1),
        profile=profile,
    )  # fmt: skip


async def to_send(db: Database, account_id: int, profile: int, *, sending: bool) -> list[str]:
    """The lines of the library that an export to an account looks at, by their sources."""

    def sources(lines: Sequence[tuple[Known, Judged]]) -> list[str]:
        return [line.source for known, _ in lines for line in known.said]

    asked = terms(f"account:{account_id}", profile)
    found, _ = await Exporting(db).page(
        account_id, Facet.HISTORY, asked, 0, sources, sending=sending
    )
    return found


@pytest.mark.parametrize("sending", [False, True])
async def test_nothing_of_one_is_exported_to_the_others_accounts(
    db: Database, clock: FakeClock, library: Library, sending: bool
) -> None:
    accounts = Accounts(db, clock)
    ann = await accounts.add(service="trakt", remote_id="ann", profile=ANN)
    ben = await accounts.add(service="trakt", remote_id="ben", profile=BEN)
    later = START + timedelta(hours=5)
    await Plays(db, clock).save_many([watched("a", ANN), watched("b", BEN, at=later)])
    await library.absorb()
    await imported(db, BEN, source_for(FILE, BEN), 7)
    assert await to_send(db, ann.id, ANN, sending=sending) == ["companion"]
    assert await to_send(db, ben.id, BEN, sending=sending) == ["companion@2", f"{FILE}@2"]


async def imported(db: Database, profile: int, source: str, *numbers: int) -> None:
    """Import plays of films."""
    runs, lines = ImportRuns(db), ImportLines(db)
    run_id = await runs.add(source, "File", (Facet.HISTORY,), START, profile=profile)
    preparing = Preparing(Seen(profile))
    preparing.add([play(film(number), str(number), dated(number)) for number in numbers])
    page = preparing.whole()
    missing = [NoMatch(Reason.NOT_ON_SERVER) for _ in page.items]
    walks = {Facet.HISTORY: Walk("", done=True)}
    await lines.stage(run_id, page, missing, walks, total=None)
    writing = ImportWriting(db, UTC)
    while not (await writing.write(run_id, 100)).done:
        continue


async def test_the_same_file_imported_by_both_is_there_for_both(
    db: Database, library: Library
) -> None:
    for profile in (ANN, BEN):
        await imported(db, profile, source_for(FILE, profile), 1, 2)
    assert await things(db) == 4
    for profile in (ANN, BEN):
        assert [line.label for line in await seen_by(db, profile)] == [
            "Film 2 (2002)",
            "Film 1 (2001)",
        ]


async def test_an_account_that_is_handed_over_is_read_anew(
    db: Database, clock: FakeClock, library: Library
) -> None:
    accounts, runs = Accounts(db, clock), ImportRuns(db)
    account = await accounts.add(service="trakt", remote_id="t", profile=ANN)
    source = f"account:{account.id}"
    run_id = await runs.add(source, "Trakt", (Facet.HISTORY,), START, profile=ANN)
    await ImportLines(db).stage(
        run_id, Preparing(Seen()).whole(), [], {Facet.HISTORY: Walk("", done=True)}, total=0
    )
    await runs.keep_seen(run_id, START)
    assert Facet.HISTORY in await runs.seen(source)
    await accounts.remove(account.id, keep_queued=True)
    again = await accounts.add(service="trakt", remote_id="t", profile=BEN)
    assert (again.id, again.profile) == (account.id, BEN)
    assert await runs.seen(source) == {}


@pytest.mark.parametrize(("name", "profile"), [("companion", 1), ("revenge", 2), ("x-zip", 12)])
def test_a_source_says_whose_it_is(name: str, profile: int) -> None:
    assert source_parts(source_for(name, profile)) == (name, profile)
    assert source_for("account:3", profile) == "account:3"


async def test_imports_and_what_they_left_over_are_each_ones_own(
    db: Database, clock: FakeClock, library: Library
) -> None:
    runs, rows, matches = ImportRuns(db), ImportRows(db), ImportMatches(db, UTC)
    await imported(db, ANN, FILE, 1)
    assert not await unmatched(db, BEN, unanswered=False)
    await imported(db, BEN, source_for(FILE, BEN), 2)
    for profile, label in ((ANN, film(1).label), (BEN, film(2).label)):
        (run,) = await runs.newest(10, profile)
        assert run.profile == profile
        await runs.set_state(run.run.id, RunState.DONE)
        (left,) = await rows.unmatched(profile, search="", limit=10, after_id=0)
        assert left.entry.subject.label == label
        for in_library in (False, True):
            found, _ = await matches.unmatched(profile, 0, 10, in_library=in_library)
            assert [one.subject.label for one in found] == [label]
        assert await unmatched(db, profile, unanswered=False)
