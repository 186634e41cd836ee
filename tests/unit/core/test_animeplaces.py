"""Which episodes, season or film an entry of an anime list is, and which entry a show is."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.animeindex import AnimeIndex, read_map
from revenge_companion.core.animemap import Match, Miss, NoMatch, Override, resolve
from revenge_companion.core.animeplaces import Listed, Places
from revenge_companion.core.library import Subject, SubjectKind, item_of, keys
from revenge_companion.core.media import Ids, Series
from revenge_companion.core.reasons import Reason

SMALL = json.loads((Path(__file__).parents[2] / "data/animemap/small.json").read_text("utf-8"))
INDEX, _ = read_map(SMALL)
PLACES = Places(INDEX)

ANILIST = [row["anilist_id"] for row in SMALL.values() if row.get("anilist_id")]
MAL = [row["mal_id"] for row in SMALL.values() if isinstance(row.get("mal_id"), int)]


def listed(anilist: int | None = None, mal: int | None = None, **values: object) -> Listed:
    return replace(Listed(anilist, mal, "A title", 2016), **values)  # type: ignore[arg-type]


def place(subject: Subject) -> tuple[int | None, int | None, int | None]:
    series = subject.series.ids.tvdb if subject.series is not None else None
    return series, subject.season_number, subject.episode_number


@pytest.mark.parametrize(
    ("anime", "number", "at"),
    [
        pytest.param(listed(21355), 5, (305089, 1, 5), id="a season"),
        pytest.param(listed(108632), 13, (305089, 2, 13), id="the last before the split"),
        pytest.param(listed(119661), 1, (305089, 2, 14), id="the first after the split"),
        pytest.param(listed(131681), 12, (267440, 4, 28), id="the last of the second of three"),
        pytest.param(listed(146984), 1, (267440, 4, 29), id="the first of the third of three"),
        pytest.param(listed(131586), 1, (378609, 1, 12), id="split after the first season"),
        pytest.param(listed(None, 48569), 1, (378609, 1, 12), id="by MyAnimeList's id"),
        pytest.param(listed(999, 906), 2, (900, 5, 2), id="the map has MyAnimeList's id only"),
        pytest.param(listed(907), 2, (900, 6, 1), id="an offset below zero"),
        pytest.param(listed(105143), 1, (81797, 0, 38), id="a special the map places"),
    ],
)
def test_an_episode_is_placed_where_the_way_back_leads_to_it(
    anime: Listed, number: int, at: tuple[int, int, int]
) -> None:
    placed = PLACES.episode(anime, number)
    assert placed.reason is None
    assert (placed.subject.kind, place(placed.subject)) == (SubjectKind.EPISODE, at)
    wanted = {"anilist": anime.anilist, "mal": anime.mal}
    assert dict(placed.subject.refs) == {k: f"{v}/{number}" for k, v in wanted.items() if v}


@pytest.mark.parametrize(
    ("anime", "number"),
    [
        pytest.param(listed(108632), 14, id="behind the end of a cour"),
        pytest.param(listed(131681), 13, id="behind the end of the second of three"),
        pytest.param(listed(907), 1, id="before the season begins"),
        pytest.param(listed(901), 1, id="two entries at one place"),
        pytest.param(listed(None, 903), 1, id="one of several at MyAnimeList"),
        pytest.param(listed(100049), 1, id="a special the map does not place"),
        pytest.param(listed(912), 1, id="neither TVDB nor IMDb"),
        pytest.param(listed(424242), 1, id="not in the map"),
    ],
)
def test_what_cannot_be_told_keeps_the_lists_own_id(anime: Listed, number: int) -> None:
    placed = PLACES.episode(anime, number)
    assert placed.reason is Reason.ANIME_UNPLACED
    assert place(placed.subject) == (None, None, number)
    assert keys(placed.subject) == tuple(
        f"episode/{name}:{value}/{number}"
        for name, value in (("anilist", anime.anilist), ("mal", anime.mal))
        if value is not None
    )


def test_without_a_map_everything_keeps_its_id_and_says_so() -> None:
    bare = Places(None)
    assert bare.episode(listed(21355), 5).reason is Reason.ANIME_MAP_MISSING
    assert bare.whole(listed(21355)).reason is Reason.ANIME_MAP_MISSING
    show = Subject(SubjectKind.SHOW, "Re:ZERO", ids=Ids(tvdb=305089))
    assert bare.entry_of(show) is None


def test_an_absolute_number_is_the_first_seasons_or_nothing() -> None:
    """A library that counts through has it there; no other has an episode of that number."""
    placed = PLACES.episode(listed(21), 500)
    assert place(placed.subject) == (81797, 1, 500)
    assert placed.reason is Reason.ANIME_ABSOLUTE


@pytest.mark.parametrize(
    ("anime", "ids"),
    [
        (listed(909, film=True), Ids(imdb="tt0900009")),
        (listed(909, film=True, episodes=1), Ids(imdb="tt0900009")),
        (listed(442, film=True, episodes=1), Ids(imdb="tt0476680")),
        (listed(909, episodes=1), Ids(imdb="tt0900009")),
    ],
)
def test_a_film_is_known_by_its_own_id(anime: Listed, ids: Ids) -> None:
    for placed in (PLACES.episode(anime, 1), PLACES.whole(anime)):
        assert placed.reason is None
        assert (placed.subject.kind, placed.subject.ids) == (SubjectKind.MOVIE, ids)
        assert placed.subject.refs == (("anilist", str(anime.anilist)),)


def test_a_film_of_which_the_map_knows_several_is_placed_nowhere() -> None:
    placed = PLACES.episode(listed(910, film=True, episodes=1), 1)
    assert placed.reason is Reason.ANIME_UNPLACED
    assert (placed.subject.kind, placed.subject.ids) == (SubjectKind.MOVIE, Ids())


def test_a_special_with_its_own_id_may_have_any_number() -> None:
    placed = PLACES.episode(listed(442, episodes=1), 1)
    assert placed.reason is None
    assert placed.subject.ids == Ids(imdb="tt0476680")
    assert place(placed.subject) == (78857, 0, None)


@given(
    mal=st.booleans(),
    film=st.booleans(),
    episodes=st.sampled_from([None, 1, 12]),
    data=st.data(),
)
def test_the_way_back_leads_to_where_it_began(
    mal: bool, film: bool, episodes: int | None, data: st.DataObject
) -> None:
    one = data.draw(st.sampled_from(MAL if mal else ANILIST))
    anime = Listed(None if mal else one, one if mal else None, "T", None, episodes, film)
    number = data.draw(st.integers(1, anime.total or 60))
    subject = PLACES.episode(anime, number).subject
    if not subject.ids.any() and place(subject)[0] is None:
        return
    # A special that is known by its own id has no number, and needs none.
    item = item_of(subject)
    found = resolve(replace(item, episode_number=item.episode_number or 1), INDEX)
    assert isinstance(found, Match)
    assert found.episode == number
    assert (found.mal if mal else found.anilist) == one


@given(
    tvdb=st.sampled_from([72070, 78857, 81797, 305089, 267440, 378609, 900, 910]),
    season=st.integers(0, 7),
    number=st.integers(1, 60),
)
def test_an_episode_the_map_knows_comes_back_from_its_entry(
    tvdb: int, season: int, number: int
) -> None:
    series = Series("A title", None, Ids(tvdb=tvdb))
    item = item_of(
        Subject(SubjectKind.EPISODE, "", series=series, season_number=season, episode_number=number)
    )
    found = resolve(item, INDEX)
    if isinstance(found, Match):
        back = PLACES.episode(listed(found.anilist, found.mal), found.episode)
        assert place(back.subject) == (tvdb, season, number)


OWN = Override("tmdb_tv:65942", 3, 5, 10, anilist=777, offset=4)


def test_the_users_own_row_places_what_is_in_it() -> None:
    places = Places(INDEX, [OWN])
    placed = places.episode(listed(777), 1)
    assert placed.subject.series is not None
    assert placed.subject.series.ids == Ids(tmdb=65942)
    assert (placed.subject.season_number, placed.subject.episode_number) == (3, 5)
    assert places.episode(listed(777), 6).reason is None
    assert places.episode(listed(777), 7).reason is Reason.ANIME_UNPLACED
    film = Override("tmdb_movie:11", anilist=778)
    assert Places(INDEX, [film]).episode(listed(778, film=True), 1).subject.ids == Ids(tmdb=11)


def test_the_users_own_row_takes_an_episode_from_the_map() -> None:
    places = Places(INDEX, [Override("tvdb:305089", 1, 5, 5, anilist=777, offset=4)])
    assert places.episode(listed(21355), 5).reason is Reason.ANIME_UNPLACED
    assert places.episode(listed(21355), 6).reason is None


@pytest.mark.parametrize(
    ("anime", "kind", "ids", "season", "reason"),
    [
        pytest.param(listed(59), "show", Ids(tvdb=72070), None, None, id="the only season"),
        pytest.param(listed(21), "show", Ids(tvdb=81797), None, None, id="counted through"),
        pytest.param(listed(21355), "season", Ids(), 1, None, id="one season of two"),
        pytest.param(
            listed(108632), "show", Ids(), None, Reason.ANIME_PART, id="a part of a season"
        ),
        pytest.param(
            listed(424242), "show", Ids(), None, Reason.ANIME_UNPLACED, id="not in the map"
        ),
        pytest.param(
            listed(100049, episodes=3), "show", Ids(), None, Reason.ANIME_UNPLACED, id="specials"
        ),
        pytest.param(listed(105143, episodes=1), "episode", Ids(), 0, None, id="one special"),
        pytest.param(listed(909, film=True), "movie", Ids(imdb="tt0900009"), None, None, id="film"),
    ],
)
def test_all_of_an_entry_is_what_the_server_can_tell_apart(
    anime: Listed, kind: str, ids: Ids, season: int | None, reason: Reason | None
) -> None:
    placed = PLACES.whole(anime)
    assert placed.reason is reason
    subject = placed.subject
    assert (subject.kind, subject.ids, subject.season_number) == (SubjectKind(kind), ids, season)
    assert subject.refs[0][1].partition("/")[0] == str(anime.anilist)


def test_who_wants_the_first_entry_wants_the_show() -> None:
    subject = PLACES.whole(listed(21355), opens_show=True).subject
    assert (subject.kind, subject.ids) == (SubjectKind.SHOW, Ids(tvdb=305089))
    later = PLACES.whole(listed(119661), opens_show=True)
    assert (later.subject.ids, later.reason) == (Ids(), Reason.ANIME_PART)


def test_own_rows_say_what_all_of_an_entry_is() -> None:
    def whole(*rows: Override) -> tuple[SubjectKind, Ids, int | None, Reason | None]:
        placed = Places(INDEX, rows).whole(listed(777))
        series = placed.subject.series
        ids = placed.subject.ids if series is None else series.ids
        return placed.subject.kind, ids, placed.subject.season_number, placed.reason

    everything = Override("tmdb_tv:5", anilist=777)
    assert whole(everything) == (SubjectKind.SHOW, Ids(tmdb=5), None, None)
    season = Override("tmdb_tv:5", 2, anilist=777)
    assert whole(season) == (SubjectKind.SEASON, Ids(tmdb=5), 2, None)
    assert whole(OWN) == (SubjectKind.SHOW, Ids(), None, Reason.ANIME_PART)
    # Of two rows that fit, the last counts.
    other = Override("tmdb_tv:5", 2, anilist=778)
    assert whole(season, other) == (SubjectKind.SHOW, Ids(), None, Reason.ANIME_PART)


def test_an_own_row_of_another_entry_makes_the_season_no_longer_one() -> None:
    places = Places(INDEX, [Override("tvdb:305089", 1, 20, anilist=777)])
    assert places.whole(listed(21355)).reason is Reason.ANIME_PART
    elsewhere = Places(INDEX, [Override("tvdb:305089", 4, anilist=777)])
    assert elsewhere.whole(listed(21355)).subject.kind is SubjectKind.SEASON


SHOW = Subject(SubjectKind.SHOW, "Re:ZERO", ids=Ids(tvdb=305089))


def season_of(tvdb: int, number: int) -> Subject:
    series = Series("A title", None, Ids(tvdb=tvdb))
    return Subject(SubjectKind.SEASON, "", series=series, season_number=number)


@pytest.mark.parametrize(
    ("subject", "entry"),
    [
        pytest.param(Subject(SubjectKind.SHOW, "", ids=Ids(tvdb=72070)), 59, id="one entry"),
        pytest.param(Subject(SubjectKind.SHOW, "", ids=Ids(tvdb=81797)), 21, id="counted through"),
        pytest.param(SHOW, Miss.AMBIGUOUS, id="a show of several"),
        pytest.param(season_of(305089, 1), 21355, id="a season"),
        pytest.param(season_of(305089, 2), Miss.AMBIGUOUS, id="a season of two cours"),
        pytest.param(season_of(81797, 1), Miss.ABSOLUTE, id="a season of what is counted through"),
        pytest.param(season_of(900, 1), Miss.AMBIGUOUS, id="two entries at one place"),
        pytest.param(Subject(SubjectKind.SHOW, "", ids=Ids(tvdb=81189)), Miss.NOT_ANIME, id="none"),
        pytest.param(Subject(SubjectKind.SHOW, "", ids=Ids(tmdb=1396)), Miss.NO_ID, id="no id"),
        pytest.param(Subject(SubjectKind.MOVIE, "", ids=Ids(imdb="tt0900009")), 909, id="a film"),
        pytest.param(
            Subject(SubjectKind.SHOW, "", refs=(("anilist", "5"), ("mal", "6"))), 5, id="its own id"
        ),
        pytest.param(
            Subject(SubjectKind.SEASON, "", refs=(("anilist", "5/3"),), season_number=1),
            Miss.NO_ID,
            id="an episode's id",
        ),
    ],
)
def test_a_show_is_the_entry_that_is_all_of_it(subject: Subject, entry: int | Miss) -> None:
    found = PLACES.entry_of(subject)
    if isinstance(entry, Miss):
        assert isinstance(found, NoMatch)
        assert found.miss is entry
        assert found.detail
    else:
        assert isinstance(found, Match)
        assert found.anilist == entry


def test_a_show_of_several_entries_begins_with_one() -> None:
    found = PLACES.entry_of(SHOW, first=True)
    assert isinstance(found, Match)
    assert found.anilist == 21355
    second = PLACES.entry_of(season_of(305089, 2), first=True)
    assert isinstance(second, Match)
    assert second.anilist == 108632


def test_own_rows_say_which_entry_a_show_is() -> None:
    show = Subject(SubjectKind.SHOW, "", ids=Ids(tmdb=5))
    one = Override("tmdb_tv:5", 2, anilist=777)
    found = Places(AnimeIndex(()), [one]).entry_of(show)
    assert isinstance(found, Match)
    assert found.anilist == 777
    two = Override("tmdb_tv:5", 3, anilist=778)
    several = Places(AnimeIndex(()), [one, two]).entry_of(show)
    assert isinstance(several, NoMatch)
    assert several.miss is Miss.AMBIGUOUS
    out = Places(None, [Override("tmdb_tv:5")]).entry_of(show)
    assert isinstance(out, NoMatch)
    assert out.miss is Miss.LEFT_OUT


def test_every_entry_of_the_index_is_found_by_the_lists_ids() -> None:
    for entry in INDEX:
        if entry.anilist is not None:
            assert entry in INDEX.of_list(anilist=entry.anilist)
        for mal in entry.mals:
            assert entry in INDEX.of_list(mal=mal)
    assert INDEX.of_list() == []
