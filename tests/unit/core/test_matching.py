"""Ids decide what a line is about, the surest first; a title never does."""

import pytest

from revenge_companion.core.library import Subject, SubjectKind, keys
from revenge_companion.core.matching import Match, NoMatch, match, same_thing, wanted_keys
from revenge_companion.core.media import Ids, MusicIds, Series
from revenge_companion.core.reasons import Reason

FILM = Subject(SubjectKind.MOVIE, "Dune", 2021, Ids(tmdb=438631, imdb="tt1160419"))
SHOW = Series("Severance", 2022, Ids(tmdb=95396, tvdb=371980))
EPISODE = Subject(
    SubjectKind.EPISODE, "", series=SHOW, season_number=2, episode_number=3, ids=Ids(tvdb=9)
)


def found(subject: Subject, server: dict[str, str]) -> Match | NoMatch:
    own = keys(subject)
    asked = wanted_keys(subject, own)
    return match(subject, own, {key: server[key] for key in asked if key in server})


@pytest.mark.parametrize(
    ("subject", "server", "result"),
    [
        (FILM, {"movie/tmdb:438631": "m1"}, Match("m1")),
        (FILM, {"movie/imdb:tt1160419": "m1"}, Match("m1")),
        (FILM, {"movie/tmdb:438631": "m1", "movie/imdb:tt1160419": "m1"}, Match("m1")),
        (
            FILM,
            {"movie/tmdb:438631": "m1", "movie/imdb:tt1160419": "m2"},
            NoMatch(Reason.IDS_DISAGREE),
        ),
        (FILM, {"movie/tmdb:1": "m1"}, NoMatch(Reason.NOT_ON_SERVER)),
        (EPISODE, {"episode/tvdb:9": "e1"}, Match("e1")),
        (EPISODE, {"episode/show/tmdb:95396/2/3": "e1"}, Match("e1")),
        # Sources count episodes differently: its own id is surer than its number.
        (EPISODE, {"episode/tvdb:9": "e1", "episode/show/tmdb:95396/2/3": "e2"}, Match("e1")),
        (EPISODE, {"show/tvdb:371980": "s1"}, NoMatch(Reason.EPISODE_MISSING)),
        (EPISODE, {}, NoMatch(Reason.NOT_ON_SERVER)),
        (Subject(SubjectKind.MOVIE, "Dune", 2021), {}, NoMatch(Reason.NO_IDS)),
        (
            Subject(SubjectKind.TRACK, "Words", artist="Low"),
            {"track/name:low\twords": "t1"},
            NoMatch(Reason.SERVER_LACKS_KIND),
        ),
        (Subject(SubjectKind.BOOK, "Dune"), {}, NoMatch(Reason.SERVER_LACKS_KIND)),
    ],
)
def test_what_is_found(subject: Subject, server: dict[str, str], result: Match | NoMatch) -> None:
    assert found(subject, server) == result


def test_a_special_is_found_in_season_0() -> None:
    special = Subject(SubjectKind.EPISODE, "", series=SHOW, season_number=0, episode_number=4)
    assert found(special, {"episode/show/tmdb:95396/0/4": "e"}) == Match("e")


def test_what_the_server_says_of_itself_is_no_question() -> None:
    own = Subject(SubjectKind.MOVIE, "Home video", media_id="m9")
    assert found(own, {}) == Match("m9")


def same(one: Subject, other: Subject) -> bool:
    assert same_thing(keys(one), keys(other)) == same_thing(keys(other), keys(one))
    return same_thing(keys(one), keys(other))


def film(**ids: object) -> Subject:
    return Subject(SubjectKind.MOVIE, "Any", ids=Ids(**ids))  # type: ignore[arg-type]  # a test names ids


def test_one_shared_id_is_enough() -> None:
    assert same(film(tmdb=1, imdb="tt1"), film(imdb="tt1"))
    assert not same(film(tmdb=1), film(imdb="tt1"))
    assert not same(film(tmdb=1), film(tmdb=2))


def test_a_surer_id_outweighs_a_shared_one() -> None:
    assert not same(film(tmdb=1, imdb="tt1"), film(tmdb=2, imdb="tt1"))
    assert same(film(tmdb=1, imdb="tt1"), film(tmdb=1, imdb="tt2"))


def test_episodes_of_one_show_are_told_apart() -> None:
    def episode(number: int, **values: object) -> Subject:
        return Subject(
            SubjectKind.EPISODE,
            "",
            series=SHOW,
            season_number=1,
            episode_number=number,
            **values,  # type: ignore[arg-type]  # as above
        )

    assert same(episode(1), episode(1))
    assert not same(episode(1), episode(2))
    # Split differently by two sources, but the same to TVDB.
    assert same(episode(1, ids=Ids(tvdb=5)), episode(2, ids=Ids(tvdb=5)))


def test_kinds_share_nothing() -> None:
    assert not same(film(tmdb=1), Subject(SubjectKind.SHOW, "Any", ids=Ids(tmdb=1)))


def test_a_track_is_known_by_its_names_or_its_recording() -> None:
    def track(title: str, recording: str | None = None) -> Subject:
        music = MusicIds(recording_mbid=recording)
        return Subject(SubjectKind.TRACK, title, artist="Low", music_ids=music)

    assert same(track("Words"), track("  words "))
    assert same(track("Words", "r1"), track("Words (live)", "R1"))
    # Two recordings of one song are one song to those who know names alone.
    assert same(track("Words", "r1"), track("Words", "r2"))
    assert not same(track("Words"), track("Fear"))
