"""The library by source, what is the same thing in it, and what becomes of our own plays."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.library import OWN, Entry, Facet, Subject, SubjectKind
from revenge_companion.core.media import Ids, Item, Kind, MusicIds, Series
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.shown import Asked
from revenge_companion.store.amendments import Amendments
from revenge_companion.store.database import Database, Link
from revenge_companion.store.history import History
from revenge_companion.store.library import Library
from revenge_companion.store.payload import compact
from revenge_companion.store.plays import Plays
from revenge_companion.store.subjects import digest, key_hash, subject_from, subject_text
from tests.clock import START, FakeClock
from tests.unit.engine.import_kit import (
    HISTORY,
    WATCHLIST,
    dated,
    episode,
    film,
    play,
    shown,
    track,
)


@pytest.fixture
def library(db: Database, clock: FakeClock) -> Library:
    return Library(db, clock, UTC)


async def things(db: Database) -> int:
    """How many things the library knows of."""

    def job(link: Link) -> int:
        return int(
            link.connection.execute("SELECT count(DISTINCT thing) FROM library_item").fetchone()[0]
        )

    return await db.run(job)


async def rows(db: Database, table: str) -> int:
    return await db.run(
        lambda link: int(link.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    )


# By source


async def test_a_line_is_written_in_place_of_what_it_was(db: Database, library: Library) -> None:
    await library.put("a", [play(film(1), "1", dated(0)), play(film(2), "2", dated(0))])
    await library.put("a", [play(film(1), "1", dated(60))])
    assert await shown(db) == [("Film 2 (2002)", dated(0), 1), ("Film 1 (2001)", dated(60), 1)]
    known = await library.lines("a", HISTORY)
    assert {line: entry.at for line, entry in known.items()} == {"1": dated(60), "2": dated(0)}


async def test_what_is_dropped_uncovers_what_others_say(db: Database, library: Library) -> None:
    await library.put("a", [play(film(1), "1", dated(0))])
    await library.put("b", [play(film(1), "1", dated(30))])
    assert [at for _, at, _ in await shown(db)] == [dated(0)]
    assert await library.drop("a", HISTORY, ["1", "9"]) == 1
    assert [at for _, at, _ in await shown(db)] == [dated(30)]


async def test_a_thing_goes_with_its_last_line(db: Database, library: Library) -> None:
    await library.put("a", [play(film(1), "1")])
    await library.drop("a", HISTORY, ["1"])
    assert [await rows(db, f"library_{name}") for name in ("item", "key", "entry", "stale")] == [
        0, 0, 0, 0,
    ]  # fmt: skip


async def test_a_line_that_is_about_something_else_leaves_nothing_behind(
    db: Database, library: Library
) -> None:
    await library.put("a", [play(film(1), "1")])
    await library.put("a", [play(film(2), "1")])
    assert await shown(db) == [("Film 2 (2002)", START, 1)]
    assert await rows(db, "library_item") == 1


async def test_every_text_of_a_source_comes_back(library: Library) -> None:
    odd = Subject(film().kind, "Half \ud800 and \U0001f3ac", None, Ids(imdb="tt1"))
    entry = Entry(Facet.LISTS, odd, "\ud800", dated(0), list_name="\ud800", note="“x”")
    await library.put("a", [entry])
    (known,) = (await library.lines("a", Facet.LISTS)).values()
    assert known.note == "“x”"
    assert known.subject.ids == odd.ids


@pytest.mark.parametrize(
    "subject",
    [film(1), film(2, refs=(("trakt", "2"),), duration_s=60.5), episode(3), track(4), Subject(
        film().kind, "Bare"
    )],
)  # fmt: skip
def test_a_subject_is_read_as_it_was_written(subject: Subject) -> None:
    assert subject_from(subject_text(subject), "m1") == replace(subject, media_id="m1")


WORDS = st.text(st.characters(exclude_categories=()), max_size=9)
NUMBERS = st.none() | st.integers(0, 9999)
IDS = st.builds(Ids, NUMBERS, st.none() | WORDS, NUMBERS)


@given(
    st.builds(
        Subject,
        st.sampled_from(SubjectKind), WORDS, NUMBERS, IDS,
        st.none() | st.builds(Series, WORDS, NUMBERS, IDS), NUMBERS, NUMBERS, WORDS, WORDS,
        st.builds(MusicIds, st.none() | WORDS), st.lists(WORDS, max_size=2).map(tuple),
        st.lists(st.tuples(WORDS, WORDS), max_size=2).map(tuple),
        st.none() | st.floats(0, 9e9),
    )
)  # fmt: skip
def test_a_subject_is_written_as_any_json_is(subject: Subject) -> None:
    text = subject_text(subject)
    assert text == compact(json.loads(text))
    back = replace(subject_from(text), media_id=subject.media_id)
    assert subject_text(back) == text


def test_a_subject_is_written_as_in_older_versions() -> None:
    """Else what was imported before would be another thing."""
    said = Subject(
        SubjectKind.EPISODE, 'Ménage "à" trois', 2001, Ids(1, "tt2", 3),
        Series("Show\n", 1999, Ids(tvdb=4)), 1, 2, "Low", "Words", authors=("A", "B"),
        refs=(("simkl", "5"), ("trakt", "6")), duration_s=60.5,
    )  # fmt: skip
    assert digest(subject_text(said), 1).hex() == "1fcdebd7ce7ae9e04618f6917ec4cdfd"
    assert digest(subject_text(film(1)), 1).hex() == "9e180f5973d51397ff7433865e4f78ef"


# The same thing


async def test_a_bridge_makes_one_thing_and_its_end_makes_two(
    db: Database, library: Library
) -> None:
    by_tmdb, by_imdb = film(1, ids=Ids(tmdb=1001)), film(1, ids=Ids(imdb="tt0000001"))
    await library.put("a", [play(by_tmdb, "1", dated(0))])
    await library.put("b", [play(by_imdb, "1", dated(10))])
    assert (await things(db), len(await shown(db))) == (2, 2)
    await library.put("c", [play(film(1), "1", dated(20))])
    assert (await things(db), len(await shown(db))) == (1, 1)
    await library.drop("c", HISTORY, ["1"])
    assert (await things(db), len(await shown(db))) == (2, 2)


async def test_one_wrong_id_does_not_make_one_film_of_two(db: Database, library: Library) -> None:
    await library.put("a", [play(film(1), "1", dated(0))])
    wrong = film(2, ids=Ids(tmdb=1002, imdb="tt0000001"))
    await library.put("b", [play(wrong, "1", dated(10))])
    assert len(await shown(db)) == 2


async def test_keys_that_share_a_hash_by_chance_join_nothing(
    db: Database, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("things", "import_lines"):
        monkeypatch.setattr(f"revenge_companion.store.{module}.key_hash", lambda key, profile: 7)
    await library.put("a", [play(film(1), "1", dated(0))])
    await library.put("b", [play(film(2), "1", dated(10)), play(film(1), "2", dated(10))])
    assert len(await shown(db)) == 2


def test_hashes_fit_into_32_bits() -> None:
    assert all(0 <= key_hash(f"movie/tmdb:{number}", 1) < 1 << 32 for number in range(1000))


async def test_watching_takes_a_wish_away_and_dropping_the_play_brings_it_back(
    db: Database, library: Library
) -> None:
    await library.put("a", [Entry(WATCHLIST, film(1), "1", dated(0))])
    await library.put("b", [play(film(1), "1", dated(3600))])
    assert await shown(db, WATCHLIST) == []
    await library.drop("b", HISTORY, ["1"])
    assert len(await shown(db, WATCHLIST)) == 1


# Our own plays


def a_play(key: str, item: Item, at: datetime, *, counted: bool = True) -> PlayUpdate:
    return PlayUpdate(
        play_key=key,
        item=item,
        device_name="TV",
        started_at=at - timedelta(hours=1),
        ended_at=at,
        counted_at=at if counted else None,
        played_s=3600.0,
        position_s=3600.0,
        reason_code="played_share",
        facts={},
        snapshot="",
    )


FILM = Item(Kind.MOVIE, "m1", "Film 1", 2001, Ids(tmdb=1001), duration_s=6000.0)
TRACK = Item(Kind.TRACK, "t1", "Words", artist="Low", duration_s=300.0)


async def save(plays: Plays, *updates: PlayUpdate) -> None:
    await plays.save_many(updates)


async def test_what_counted_is_taken_over_once(
    db: Database, library: Library, plays: Plays
) -> None:
    await save(plays, a_play("p1", FILM, dated(0)), a_play("p2", FILM, dated(9), counted=False))
    assert await rows(db, "library_entry") == 0
    assert await library.absorb() == 1
    assert await library.absorb() == 0
    assert await shown(db) == [("Film 1 (2001)", dated(0), 1)]
    # It counts later, and a song is dated by its start.
    await save(plays, a_play("p2", FILM, dated(7200)), a_play("p3", TRACK, dated(0)))
    await library.absorb()
    assert [at for _, at, _ in await shown(db)] == [dated(-3600), dated(0), dated(7200)]


async def test_our_own_play_and_a_service_s_are_one(
    db: Database, library: Library, plays: Plays
) -> None:
    await library.put("account:1", [play(film(1), "1", dated(20))])
    await save(plays, a_play("p1", FILM, dated(0)))
    await library.absorb()
    (line,) = await History(db).page(Asked(), limit=10)
    assert set(line.sources) == {OWN, "account:1"}


async def test_what_is_forgotten_leaves_the_library_at_once(
    db: Database, library: Library, plays: Plays, clock: FakeClock
) -> None:
    await save(plays, a_play("p1", FILM, dated(0)), a_play("p1b", TRACK, dated(0)))
    await library.absorb()
    amendments = Amendments(db, clock)
    play_id = await amendments.play_id("p1")
    assert play_id is not None
    assert await amendments.forget([play_id]) == 1
    assert [label for label, _, _ in await shown(db)] == ["Low \N{EN DASH} Words"]
    assert await rows(db, "library_item") == 1
    assert await library.absorb() == 0
    assert await rows(db, "library_stale") == 0


async def test_a_play_forgotten_before_it_was_taken_over_never_comes(
    db: Database, library: Library, plays: Plays, clock: FakeClock
) -> None:
    await save(plays, a_play("p1", FILM, dated(0)))
    amendments = Amendments(db, clock)
    play_id = await amendments.play_id("p1")
    assert play_id is not None
    await amendments.forget([play_id])
    await library.absorb()
    assert await shown(db) == []


async def test_plays_from_before_the_library_are_taken_over(
    db: Database, library: Library, plays: Plays
) -> None:
    """A file of the version before: its plays are noted when it is brought up to date."""
    many = [a_play(f"p{number}", FILM, dated(9000 * number)) for number in range(1200)]
    await plays.save_many(many)
    assert await library.absorb() == 1200
    assert len(await shown(db)) == 1200


async def test_a_podcast_and_an_audiobook_are_things_too(
    db: Database, library: Library, plays: Plays
) -> None:
    items: Sequence[Item] = (
        Item(Kind.PODCAST, "p1", "Part 1", show="Talk", duration_s=3000.0),
        Item(Kind.AUDIOBOOK, "b1", "Dune", artist="Frank Herbert", duration_s=60_000.0),
        Item(Kind.EPISODE, "e1", "", series=Series("Show"), season_number=1, episode_number=1),
    )
    await save(plays, *(a_play(f"p{number}", item, dated(0)) for number, item in enumerate(items)))
    await library.absorb()
    assert len(await shown(db)) == 3
