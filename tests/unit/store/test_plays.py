from dataclasses import replace
from datetime import timedelta
from typing import Any

from revenge_companion.core.delivery import DeliveryState, Settlement
from revenge_companion.core.status import DestinationFate
from revenge_companion.store.outbox import Outbox
from revenge_companion.store.plays import Plays
from tests.clock import START
from tests.unit.store.builders import EPISODE, TRACK, a_play, a_scrobble

NOW = START + timedelta(hours=1)


async def test_a_play_comes_back_as_it_was_saved(plays: Plays) -> None:
    play = a_play(item=EPISODE, counted_at=NOW, ended_at=NOW, facts={"percent": 81, "x": "y"})
    await plays.save(play)
    (record,) = await plays.page()
    assert record.label == EPISODE.label
    assert (record.kind, record.device_name, record.open) == ("episode", "Living room", False)
    assert (record.started_at, record.ended_at, record.counted_at) == (START, NOW, NOW)
    assert (record.played_s, record.position_s, record.duration_s) == (12.5, 13.0, 3000.0)
    assert record.facts == {"percent": 81, "x": "y"}
    assert await plays.saved(record.id) == play
    assert await plays.get(record.id) == record
    assert await plays.get(99) is None
    assert await plays.saved(99) is None


async def test_saving_again_replaces_what_was_known(plays: Plays) -> None:
    await plays.save_many([a_play(), a_play("p2")])
    await plays.save(a_play(ended_at=NOW, reason_code="stopped_early", snapshot=""))
    second, first = await plays.page()
    assert (first.reason_code, first.open, second.open) == ("stopped_early", False, True)


async def test_a_play_brings_the_moments_of_its_checkpoint(plays: Plays) -> None:
    course = '{"at":3,"counts":[],"rows":[["began",0,0,0]]}'
    texts = [f'{{"v":1,"moments":{course}}}', '{"v":1}', "", '{"v":1,"moments":']
    await plays.save_many([a_play(str(n), snapshot=text) for n, text in enumerate(texts)])
    rows = await plays.page()
    assert [row.moments_text for row in reversed(rows)] == [course, "", "", ""]
    await plays.save(a_play("0", snapshot='{"v":1}'))
    assert {row.moments_text for row in await plays.page()} == {""}


async def test_a_try_that_failed_is_told_with_the_next_one(
    plays: Plays, outbox: Outbox, trakt: int
) -> None:
    await plays.count(a_play(counted_at=NOW), [(a_scrobble("a"), [trakt])])
    (claimed,) = await outbox.claim(trakt, 1, NOW)
    due = NOW + timedelta(minutes=4)
    later = Settlement(DeliveryState.PENDING, 2, due, "service_down", "Bad gateway")
    await outbox.settle([(claimed.id, later)], NOW)
    (record,) = await plays.page()
    assert record.destinations == (
        DestinationFate(
            trakt, "trakt", "ann", "pending", "service_down", "Bad gateway", 2, NOW, due
        ),
    )


async def test_counting_writes_play_and_deliveries_together(
    plays: Plays, outbox: Outbox, trakt: int, lastfm: int
) -> None:
    counted = a_play(counted_at=NOW)
    work = [(a_scrobble("a"), [trakt, lastfm]), (a_scrobble("b"), [trakt])]
    assert await plays.count(counted, work) == 3
    assert await plays.count(counted, work) == 0
    claimed = await outbox.claim(trakt, 1, NOW)
    parked = Settlement(DeliveryState.PARKED, 1, None, "invalid", "no")
    await outbox.settle([(claimed[0].id, parked)], NOW)
    (record,) = await plays.page()
    assert record.destinations == (
        DestinationFate(trakt, "trakt", "ann", "parked", "invalid", "no", 1, NOW),
        DestinationFate(trakt, "trakt", "ann", "pending"),
        DestinationFate(lastfm, "lastfm", "ann", "pending"),
    )


async def test_exports_go_where_plays_are_switched_off_and_plays_stay(
    plays: Plays, outbox: Outbox, trakt: int
) -> None:
    await plays.count(a_play(counted_at=NOW), [(a_scrobble("played"), [trakt])])
    assert await outbox.next_due(trakt, plays=False) is None
    assert await outbox.claim(trakt, 9, NOW, plays=False, fresh_from=NOW) == []
    await outbox.add(a_scrobble("exported", minute=5), [trakt])
    assert await outbox.next_due(trakt, plays=False) is not None
    (one,) = await outbox.claim(trakt, 9, NOW, plays=False, fresh_from=NOW)
    assert one.scrobble.key == "exported"
    (left,) = await outbox.claim(trakt, 9, NOW)
    assert left.scrobble.key == "played"


async def test_checkpoints_are_those_of_open_and_late_plays(plays: Plays) -> None:
    await plays.save_many(
        [
            a_play("open", snapshot="1"),
            a_play("late", snapshot="2", ended_at=NOW, profile=2),
            a_play("old", snapshot="3", ended_at=NOW - timedelta(minutes=1)),
            a_play("none", snapshot=""),
        ]
    )
    assert sorted(await plays.snapshots(NOW)) == [(1, "1"), (2, "2")]


async def test_the_ledger_is_paged_searched_and_filtered(plays: Plays) -> None:
    await plays.save_many(
        [a_play(f"t{n}", counted_at=NOW if n % 2 else None) for n in range(4)]
        + [a_play("e", item=EPISODE)]
    )
    first = await plays.page(limit=2)
    rest = await plays.page(before_id=first[-1].id)
    assert [one.id for one in first + rest] == [5, 4, 3, 2, 1]
    assert [one.play_key for one in await plays.page(kind="episode")] == ["e"]
    assert [one.play_key for one in await plays.page(counted=True)] == ["t3", "t1"]
    assert len(await plays.page(counted=False)) == 3
    assert len(await plays.page(search="WÖRDS low")) == 4
    assert [one.play_key for one in await plays.page(search="severance")] == ["e"]
    assert await plays.page(search="100%") == []
    assert TRACK.title == "Wörds"


async def test_the_ledger_is_filtered_by_account_and_date(
    plays: Plays, trakt: int, lastfm: int
) -> None:
    for number in range(4):
        play = a_play(f"p{number}", counted_at=NOW, started_at=START + timedelta(days=number))
        scrobble = a_scrobble(f"k{number}")
        await plays.count(play, [(scrobble, [trakt, lastfm] if number % 2 else [trakt])])
    await plays.save(a_play("uncounted", started_at=START + timedelta(days=9)))

    async def keys(**wanted: Any) -> list[str]:
        return [record.play_key for record in await plays.page(**wanted)]

    assert await keys(account_id=trakt) == ["p3", "p2", "p1", "p0"]
    assert await keys(account_id=lastfm) == ["p3", "p1"]
    assert await keys(account_id=99) == []
    assert await keys(since=START + timedelta(days=2)) == ["uncounted", "p3", "p2"]
    assert await keys(until=START + timedelta(days=2)) == ["p1", "p0"]
    assert await keys(account_id=lastfm, since=START + timedelta(days=1), limit=1) == ["p3"]


async def test_half_a_character_from_a_server_is_no_reason_to_lose_a_play(
    plays: Plays, outbox: Outbox, trakt: int
) -> None:
    item = replace(TRACK, title="half \ud800", artist="\udfff")
    play = a_play(item=item, device_name="\ud800 TV", counted_at=NOW)
    assert await plays.count(play, [(a_scrobble(item=item, device_name="\ud800"), [trakt])]) == 1
    (delivery,) = await outbox.claim(trakt, 1, NOW)
    assert delivery.scrobble.item == item
    parked = Settlement(DeliveryState.PARKED, 1, None, "invalid", "not \ud800", "\ud800")
    await outbox.settle([(delivery.id, parked)], NOW)
    (record,) = await plays.page(search="half")
    assert record.device_name == "? TV"
    assert record.destinations[0].detail == "not ?"
