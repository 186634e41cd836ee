"""Second thoughts on disk: edits, undone rows, and plays of which no trace is left."""

from dataclasses import replace
from datetime import timedelta

import pytest

from revenge_companion.core.delivery import DeliveryState, Settlement
from revenge_companion.core.reasons import Reason
from revenge_companion.store.amendments import Amendments
from revenge_companion.store.database import Database
from revenge_companion.store.library import Library
from revenge_companion.store.outbox import Outbox
from revenge_companion.store.plays import Plays
from tests.clock import START, FakeClock
from tests.unit.store.builders import TRACK, a_play, a_scrobble


@pytest.fixture
def amendments(db: Database, clock: FakeClock) -> Amendments:
    return Amendments(db, clock)


async def counted(plays: Plays, key: str, accounts: list[int], *, minute: int = 0) -> int:
    """A play that counted `minute` minutes after the start; its id in the ledger."""
    scrobble = a_scrobble(key, minute=minute)
    update = a_play(
        f"p-{key}",
        started_at=scrobble.started_at,
        counted_at=scrobble.counted_at,
        ended_at=scrobble.counted_at,
        reason_code="played_share",
    )
    await plays.count(update, [(scrobble, accounts)])
    return (await plays.page(limit=1))[0].id


async def settled(outbox: Outbox, account: int, clock: FakeClock, state: DeliveryState) -> int:
    (row,) = await outbox.claim(account, 1, clock.now())
    await outbox.settle([(row.id, Settlement(state, 1, None, "invalid", "no"))], clock.now())
    return row.id


async def test_an_edit_is_this_deliverys_own(
    plays: Plays, outbox: Outbox, amendments: Amendments, trakt: int, lastfm: int
) -> None:
    play = await counted(plays, "k", [trakt, lastfm])
    one, other = await amendments.of_play(play)
    for title in ("Better", "Best"):
        new = replace(one.scrobble, item=replace(TRACK, title=title))
        assert await amendments.edit(one.id, new)
    rows = {row.id: row for row in await amendments.of_play(play)}
    assert rows[one.id].scrobble.item.title == "Best"
    assert rows[other.id].scrobble == other.scrobble
    assert rows[one.id].scrobble.key == one.scrobble.key
    (record,) = await plays.page()
    assert len(record.destinations) == 2


async def test_an_edited_play_is_still_single(
    plays: Plays, outbox: Outbox, amendments: Amendments, trakt: int
) -> None:
    play = await counted(plays, "k", [trakt])
    (row,) = await amendments.of_play(play)
    moved = replace(row.scrobble, started_at=START - timedelta(days=1))
    assert await amendments.edit(row.id, moved)
    assert await outbox.add(a_scrobble("k"), [trakt]) == 0
    assert (await outbox.total()).pending == 1


async def test_a_refused_row_is_tried_again_once_edited(
    plays: Plays, outbox: Outbox, amendments: Amendments, trakt: int, clock: FakeClock
) -> None:
    await counted(plays, "k", [trakt])
    row_id = await settled(outbox, trakt, clock, DeliveryState.PARKED)
    row = await outbox.get(row_id)
    assert row is not None
    assert await amendments.edit(row_id, row.scrobble)
    (again,) = await outbox.claim(trakt, 10, clock.now())
    assert (again.id, again.attempts, again.reason_code, again.detail) == (row_id, 0, "", "")


async def test_an_edit_keeps_a_hold(outbox: Outbox, amendments: Amendments, trakt: int) -> None:
    until = START + timedelta(minutes=5)
    await outbox.add(a_scrobble(), [trakt], held_until=until)
    (row,) = await outbox.page()
    assert await amendments.edit(row.id, row.scrobble)
    after = await outbox.get(row.id)
    assert after is not None
    assert (after.state, after.due_at) == (DeliveryState.HELD, until)


@pytest.mark.parametrize(
    "state", [DeliveryState.UNSURE, DeliveryState.DELIVERED, DeliveryState.UNDONE]
)
async def test_what_may_have_arrived_is_not_edited(
    outbox: Outbox, amendments: Amendments, trakt: int, clock: FakeClock, state: DeliveryState
) -> None:
    await outbox.add(a_scrobble(), [trakt])
    row_id = await settled(outbox, trakt, clock, state)
    assert not await amendments.edit(row_id, a_scrobble())


async def test_what_is_being_sent_is_not_edited(
    outbox: Outbox, amendments: Amendments, trakt: int, clock: FakeClock
) -> None:
    await outbox.add(a_scrobble(), [trakt])
    (row,) = await outbox.claim(trakt, 1, clock.now())
    assert not await amendments.edit(row.id, row.scrobble)


async def test_a_row_is_moved_only_from_the_state_it_was_seen_in(
    outbox: Outbox, amendments: Amendments, trakt: int, clock: FakeClock
) -> None:
    await outbox.add(a_scrobble(), [trakt])
    (row,) = await outbox.page()
    undone = (DeliveryState.UNDONE, Reason.UNDONE)
    assert not await amendments.move(row.id, DeliveryState.DELIVERED, *undone)
    assert await amendments.move(row.id, DeliveryState.PENDING, *undone)
    assert (await outbox.total()).undone == 1
    assert await outbox.claim(trakt, 10, clock.now(), force=True) == []


async def test_since_gives_what_was_on_in_the_last_hour(
    plays: Plays, amendments: Amendments, trakt: int
) -> None:
    await counted(plays, "old", [trakt])
    began_before = await counted(plays, "long", [trakt], minute=58)
    recent = await counted(plays, "new", [trakt], minute=70)
    await plays.save(a_play("open"))
    still_open = (await plays.page(limit=1))[0].id
    ids = await amendments.since(START + timedelta(minutes=60))
    assert ids == [began_before, recent, still_open]
    # What another profile played is none of it.
    await plays.save(a_play("another's", profile=2))
    assert await amendments.since(START + timedelta(minutes=60)) == ids
    (anothers,) = await amendments.since(START + timedelta(minutes=60), 2)
    assert anothers not in ids


async def test_a_forgotten_play_leaves_no_trace_in_the_file(
    db: Database,
    plays: Plays,
    outbox: Outbox,
    amendments: Amendments,
    trakt: int,
    lastfm: int,
) -> None:
    kept = await counted(plays, "kept", [trakt])
    secret = replace(TRACK, title="Zauberformel", album="Zauberformel", artist="Zauberformel")
    for number in range(30):
        # Checkpoints rewrite the row again and again; each leaves the last one's bytes behind.
        text = f'{{"v":1,"moments":["Zauberformel {number}"]}}' + " " * 40 * (number % 4)
        await plays.save(a_play("p-s", item=secret, snapshot=text))
    update = a_play("p-s", item=secret, counted_at=START, ended_at=START)
    await plays.count(update, [(a_scrobble("s", minute=9, item=secret), [trakt, lastfm])])
    play = (await plays.page(limit=1))[0].id
    rows = await amendments.of_play(play)
    assert await amendments.edit(rows[0].id, rows[0].scrobble)
    assert b"Zauberformel" in _bytes(db)
    assert await amendments.forget([play]) == 0
    for row in rows:
        await amendments.move(row.id, DeliveryState.PENDING, DeliveryState.UNDONE, Reason.UNDONE)
    assert await amendments.forget([play, 4711]) == 1
    assert b"Zauberformel" not in _bytes(db)
    assert [one.id for one in await plays.page()] == [kept]
    counts = await outbox.total()
    assert (counts.pending, counts.undone) == (1, 0)
    assert await amendments.forget([kept]) == 0


def _bytes(db: Database) -> bytes:
    return b"".join(path.read_bytes() for path in db.path.parent.glob("companion.db*"))


async def test_a_forgotten_play_leaves_no_trace_in_the_library(
    db: Database, clock: FakeClock, plays: Plays, amendments: Amendments
) -> None:
    library = Library(db, clock)
    for number in range(120):
        secret = number % 3 == 0
        title = f"Zauberformel {number}" if secret else f"Words {number}"
        item = replace(TRACK, title=title, album=title, artist=title, media_id=title)
        await plays.save(a_play(f"p{number}", item=item, snapshot="", counted_at=START))
        if number % 20 == 0:
            await library.absorb()
    await library.absorb()
    assert b"Zauberformel" in _bytes(db)
    ids = [play.id for play in await plays.page(limit=200) if "Zauber" in play.label]
    assert await amendments.forget(ids) == len(ids) == 40
    await library.absorb()
    assert b"zauberformel" not in _bytes(db).lower()
    assert await library.absorb() == 0
