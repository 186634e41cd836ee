"""Lines and the server's items: found by ids, chosen by the user, or never."""

from dataclasses import replace
from pathlib import Path

import pytest

from revenge_companion.core.errors import ImportRefused, ServiceTrouble
from revenge_companion.core.imports import RunState, Verdict
from revenge_companion.core.media import Ids
from revenge_companion.core.reasons import Reason
from tests.unit.engine.import_kit import (
    HISTORY,
    FakeCatalogue,
    FakeMarker,
    FakeSource,
    dated,
    desk,
    dump,
    episode,
    film,
    play,
    plays,
    shown,
    track,
)

HOME_VIDEO = film(50, ids=Ids())
LINES = [
    play(film(1), "1", dated(0)),
    play(film(2), "2", dated(0)),
    play(HOME_VIDEO, "3", dated(0)),
    play(episode(1), "4", dated(0)),
    play(episode(9), "5", dated(0)),
    play(track(1), "6", dated(0)),
]


def a_server() -> FakeCatalogue:
    items = {
        "movie/tmdb:1001": "m1",
        "show/tmdb:7": "s1",
        "episode/show/tmdb:7/1/1": "e1",
    }
    labels = {"m1": film(1, media_id="m1"), "m50": film(50, title="Home", media_id="m50")}
    return FakeCatalogue(items, labels)


async def test_each_line_says_what_it_is_or_why_not(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: LINES}), catalogue=a_server()) as house:
        run = await house.read()
        rows = await house.importer.rows(run.id)
        assert [(row.verdict, row.reason_code) for row in rows] == [
            (Verdict.NEW, ""),
            (Verdict.UNMATCHED, Reason.NOT_ON_SERVER),
            (Verdict.UNMATCHED, Reason.NO_IDS),
            (Verdict.NEW, ""),
            (Verdict.UNMATCHED, Reason.EPISODE_MISSING),
            (Verdict.NEW, Reason.SERVER_LACKS_KIND),
        ]
        assert [row.matched_label for row in rows] == ["Film 1 (2001)", "", "", "", "", ""]
        assert run.matched == 2


async def test_a_server_that_does_not_answer_stops_no_import(tmp_path: Path) -> None:
    catalogue = FakeCatalogue(error=ServiceTrouble("The server has trouble."))
    async with desk(tmp_path, FakeSource({HISTORY: LINES}), catalogue=catalogue) as house:
        run = await house.whole()
        # Once while reading, and once more before the preview.
        assert (run.state, catalogue.asked) == (RunState.DONE, 2)
        rows = await house.importer.rows(run.id)
        assert {row.reason_code for row in rows[:2]} == {Reason.CATALOGUE_UNKNOWN}
        assert len(await shown(house.db)) == 6


async def test_what_is_unmatched_can_be_matched_later(tmp_path: Path) -> None:
    again = [*LINES, play(HOME_VIDEO, "7", dated(90_000))]
    async with desk(tmp_path, FakeSource({HISTORY: again}), catalogue=a_server()) as house:
        await house.whole()
        rows = await house.importer.unmatched()
        assert [row.entry.line for row in rows] == ["2", "3", "5", "7"]
        home = rows[1]
        found = await house.importer.candidates(home.id)
        assert "m50" in [one.media_id for one in found]
        await house.importer.match(home.id, "m50")
        # Every other line about the same is matched with it.
        assert [row.entry.line for row in await house.importer.unmatched()] == ["2", "5"]
        assert (await house.media_ids())["3"] == "m50"
        assert (await house.media_ids())["7"] == "m50"


async def test_what_was_matched_by_hand_is_remembered(tmp_path: Path) -> None:
    async with desk(
        tmp_path,
        FakeSource({HISTORY: LINES}),
        FakeSource({HISTORY: [play(HOME_VIDEO, "x", dated(90_000))]}),
        catalogue=a_server(),
    ) as house:
        await house.whole(1)
        (_, home, _) = await house.importer.unmatched()
        await house.importer.match(home.id, "m50")
        run = await house.read(2)
        assert (run.matched, run.counts) == (1, {Verdict.NEW: 1})


async def test_what_is_remembered_holds_for_each_line_of_a_long_import(tmp_path: Path) -> None:
    again = [play(HOME_VIDEO, f"x{number}", dated(90_000 * number)) for number in range(1, 9)]
    async with desk(
        tmp_path, FakeSource({HISTORY: LINES}), FakeSource({HISTORY: again}, size=1),
        catalogue=a_server(), batch=1,
    ) as house:  # fmt: skip
        await house.whole(1)
        (_, home, _) = await house.importer.unmatched()
        await house.importer.match(home.id, "m50")
        # Some lines are prepared before those of an earlier page are staged.
        run = await house.read(2)
        assert (run.matched, run.counts) == (8, {Verdict.NEW: 8})


async def test_a_match_makes_one_thing_of_what_the_server_has(tmp_path: Path) -> None:
    """The server's own play and a line without ids are the same play from then on."""
    async with desk(tmp_path, FakeSource({HISTORY: LINES}), catalogue=a_server()) as house:
        own = play(film(50, title="Home", media_id="m50"), "r1", dated(20))
        await house.library.put("revenge", [own])
        await house.whole()
        assert len(await shown(house.db)) == 7
        (_, home, _) = await house.importer.unmatched()
        await house.importer.match(home.id, "m50")
        assert len(await shown(house.db)) == 6


async def test_lines_of_a_preview_can_be_matched(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: LINES}), catalogue=a_server()) as house:
        run = await house.read()
        home = (await house.importer.rows(run.id, Verdict.UNMATCHED))[1]
        await house.importer.match(home.id, "m50")
        run = await house.importer.run(run.id)
        assert (run.counts[Verdict.UNMATCHED], run.matched) == (2, 3)
        await house.write(run.id)
        assert (await house.media_ids())["3"] == "m50"


async def test_what_is_matched_in_a_preview_may_be_there_already(tmp_path: Path) -> None:
    again = [play(HOME_VIDEO, "a", dated(0)), play(HOME_VIDEO, "b", dated(-86_400))]
    async with desk(
        tmp_path, FakeSource({HISTORY: LINES[:1]}), FakeSource({HISTORY: again}),
        catalogue=a_server(),
    ) as house:  # fmt: skip
        await house.whole(1)
        run = await house.read(2)
        assert run.counts == {Verdict.UNMATCHED: 2}
        (first, _) = await house.importer.rows(run.id)
        await house.importer.match(first.id, "m1")
        run = await house.importer.run(run.id)
        assert run.counts == {Verdict.THERE: 1, Verdict.NEW: 1}
        await house.write(run.id)
        assert len(await shown(house.db)) == 2


async def test_never_is_asked_no_more(tmp_path: Path) -> None:
    async with desk(
        tmp_path,
        FakeSource({HISTORY: LINES}),
        FakeSource({HISTORY: [play(HOME_VIDEO, "x", dated(90_000))]}),
        catalogue=a_server(),
    ) as house:
        await house.whole(1)
        (_, home, _) = await house.importer.unmatched()
        await house.importer.never(home.id)
        assert [row.entry.line for row in await house.importer.unmatched()] == ["2", "5"]
        await house.whole(2)
        assert [row.entry.line for row in await house.importer.unmatched()] == ["2", "5"]


async def test_what_is_not_there_cannot_be_matched_with(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: LINES}), catalogue=a_server()) as house:
        await house.whole()
        (first, *_) = await house.importer.unmatched()
        with pytest.raises(ImportRefused):
            await house.importer.match(first.id, "m404")


async def test_a_line_of_two_imports_is_unmatched_once(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: LINES}), catalogue=a_server()) as house:
        await house.whole()
        await house.whole()
        assert len(await house.importer.unmatched()) == 3


async def test_what_an_undo_took_is_not_asked_about(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: LINES}), catalogue=a_server()) as house:
        before = await dump(house.db)
        run = await house.whole()
        (_, home, _) = await house.importer.unmatched()
        await house.importer.match(home.id, "m50")
        await house.undo(run.id)
        assert await house.importer.unmatched() == []
        assert await dump(house.db) == before


async def test_a_new_item_at_the_server_finds_its_lines(tmp_path: Path) -> None:
    catalogue = a_server()
    async with desk(tmp_path, FakeSource({HISTORY: LINES}), catalogue=catalogue) as house:
        done = await house.whole()
        waiting = await house.read()
        catalogue.items |= {"movie/tmdb:1002": "m2", "episode/show/tmdb:7/1/9": "e9"}
        assert await house.importer.look_again() == 2
        assert [row.entry.line for row in await house.importer.unmatched()] == ["3"]
        assert (await house.media_ids())["2"] == "m2"
        for run in (done, waiting):
            counts = (await house.importer.run(run.id)).counts
            assert counts[Verdict.UNMATCHED] == 1 if run is done else Verdict.THERE in counts
        assert await house.importer.look_again() == 0


async def test_a_server_that_came_back_is_asked_before_the_preview(tmp_path: Path) -> None:
    catalogue = replace(a_server(), error=ServiceTrouble("The server has trouble."))
    source = FakeSource({HISTORY: [*LINES, *plays(20, 60)]})
    async with desk(tmp_path, source, catalogue=catalogue) as house:
        source.mend = lambda: setattr(catalogue, "error", None)
        run = await house.read()
        rows = await house.importer.rows(run.id)
        assert rows[0].verdict is Verdict.NEW
        assert Reason.CATALOGUE_UNKNOWN not in {row.reason_code for row in rows}


async def test_matched_films_and_episodes_are_marked_once_each(tmp_path: Path) -> None:
    marker = FakeMarker(watched={"e1"})
    twice = [*LINES, play(film(1), "8", dated(90_000))]
    async with desk(
        tmp_path, FakeSource({HISTORY: twice}), catalogue=a_server(), marker=marker
    ) as house:
        run = await house.whole()
        assert marker.watched == {"m1", "e1"}
        assert (run.marked, list(marker.by_row.values())) == (1, ["m1"])


async def test_nothing_is_marked_where_the_user_does_not_want_it(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: LINES}), catalogue=a_server()) as house:
        run_id = await house.importer.begin("account:1", [HISTORY], mark_watched=False)
        await house.until(run_id, RunState.PREVIEW)
        await house.write(run_id)
        assert house.marker.watched == set()


async def test_marking_goes_on_when_the_server_is_back(tmp_path: Path) -> None:
    marker = FakeMarker(error=ServiceTrouble("The server has trouble."))
    async with desk(
        tmp_path, FakeSource({HISTORY: LINES}), catalogue=a_server(), marker=marker
    ) as house:
        run = await house.whole()
        assert (run.state, run.trouble) == (RunState.STOPPED, "The server has trouble.")
        assert len(await shown(house.db)) == 6
        marker.error = None
        await house.importer.resume(run.id)
        run = await house.until(run.id, RunState.DONE)
        assert run.marked == 2


async def test_what_the_server_had_not_answered_for_is_asked_when_it_does(tmp_path: Path) -> None:
    catalogue = replace(a_server(), error=ServiceTrouble("The server has trouble."))
    async with desk(tmp_path, FakeSource({HISTORY: LINES}), catalogue=catalogue) as house:
        run = await house.whole()
        catalogue.error = None
        assert await house.importer.look_again(unanswered=True) == 2
        rows = await house.importer.rows(run.id)
        assert [row.reason_code for row in rows] == [
            "",
            Reason.NOT_ON_SERVER,
            Reason.NO_IDS,
            "",
            Reason.EPISODE_MISSING,
            Reason.SERVER_LACKS_KIND,
        ]
        # All of them are answered for now.
        asked = catalogue.asked
        assert await house.importer.look_again(unanswered=True) == 0
        assert catalogue.asked == asked


async def test_what_is_matched_later_is_marked_then(tmp_path: Path) -> None:
    catalogue, marker = a_server(), FakeMarker()
    async with desk(
        tmp_path, FakeSource({HISTORY: LINES}), catalogue=catalogue, marker=marker
    ) as house:
        run = await house.whole()
        assert marker.watched == {"m1", "e1"}
        (_, home, _) = await house.importer.unmatched()
        await house.importer.match(home.id, "m50")
        assert marker.watched == {"m1", "e1", "m50"}
        catalogue.items["movie/tmdb:1002"] = "m2"
        marker.error = ServiceTrouble("The server has trouble.")
        assert await house.importer.look_again() == 1
        assert "m2" not in marker.watched
        # Asked for again, when the server is looked at again.
        marker.error = None
        await house.importer.look_again(unanswered=True)
        assert "m2" in marker.watched
        assert (await house.importer.run(run.id)).marked == 4


async def test_what_is_not_to_be_marked_is_not_marked_later(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: LINES}), catalogue=a_server()) as house:
        run_id = await house.importer.begin("account:1", [HISTORY], mark_watched=False)
        await house.until(run_id, RunState.PREVIEW)
        await house.write(run_id)
        (_, home, _) = await house.importer.unmatched()
        await house.importer.match(home.id, "m50")
        assert house.marker.watched == set()


OTHER_NAMES = [
    play(film(60, title="Solaris", ids=Ids(imdb="tt0060")), "a", dated(0)),
    play(film(60, title="Solyaris", ids=Ids(tmdb=60, imdb="tt0060", tvdb=600)), "b", dated(90_000)),
    play(film(60, title="Солярис", ids=Ids(tmdb=60)), "c", dated(180_000)),
    # Shares an id, and a surer one says that it is another film.
    play(film(61, title="Stalker", ids=Ids(tmdb=61, tvdb=600)), "d", dated(270_000)),
]


@pytest.mark.parametrize("first", [True, False], ids=["before writing", "after writing"])
async def test_a_match_covers_the_whole_thing(tmp_path: Path, first: bool) -> None:
    catalogue = a_server()
    catalogue.labels["m60"] = film(60, media_id="m60")
    async with desk(tmp_path, FakeSource({HISTORY: OTHER_NAMES}), catalogue=catalogue) as house:
        run = await house.read()
        if not first:
            await house.write(run.id)
        rows = {row.entry.line: row for row in await house.importer.rows(run.id)}
        row = rows["a"]
        covered = [await house.importer.covered(rows[line].id) for line in "abcd"]
        assert covered == [3, 3, 3, 1]
        await house.importer.match(row.id, "m60")
        left = await house.importer.rows(run.id, Verdict.UNMATCHED)
        assert [one.entry.line for one in left] == ["d"]
        assert (await house.importer.run(run.id)).matched == 3
        if first:
            await house.write(run.id)
        ids = await house.media_ids()
        assert [ids.get(line) for line in "abc"] == ["m60"] * 3
        assert not ids.get("d")


async def test_never_covers_the_whole_thing_of_a_preview(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: OTHER_NAMES}), catalogue=a_server()) as house:
        run = await house.read()
        row = (await house.importer.rows(run.id))[0]
        await house.importer.never(row.id)
        rows = await house.importer.rows(run.id)
        assert [one.entry.line for one in rows if one.never] == ["a", "b", "c"]
