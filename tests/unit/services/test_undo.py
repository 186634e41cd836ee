"""Taking one play back: one line of history, and never more than that."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from revenge_companion.core.delivery import Delivery, DeliveryState
from revenge_companion.core.errors import CompanionError, RateLimited, ServiceTrouble
from revenge_companion.services.base import Secret
from revenge_companion.services.lastfm.service import LastFm
from revenge_companion.services.listenbrainz.service import ListenBrainz
from revenge_companion.services.simkl.service import Simkl
from revenge_companion.services.simkl.undo import ANIME, FILM, NOT_OURS
from revenge_companion.services.trakt.service import Trakt
from revenge_companion.services.undo import Removal, UndoClient, UndoUnsafe
from tests.clock import START
from tests.unit.services.kit import (
    PORTAL,
    TOKEN,
    Answers,
    MemorySlot,
    QuickClock,
    a_delivery,
    a_movie,
    a_track,
    an_account,
    an_episode,
    answer,
)

SECRET = Secret(TOKEN, "a-refresh", START + timedelta(days=6), "an-app")
AT = int((START - timedelta(seconds=200)).timestamp())


_SERVICES: dict[str, Any] = {
    "trakt": Trakt,
    "listenbrainz": ListenBrainz,
    "simkl": partial(Simkl, cache=Path("unused")),
}


def a_client(service: str, answers: Answers, **account: Any) -> UndoClient:
    client = _SERVICES[service](answers.http, QuickClock(), {}).client(
        an_account(service, **account), MemorySlot(SECRET)
    )
    assert isinstance(client, UndoClient)
    return client


def sent(item: Any, **values: Any) -> Delivery:
    return a_delivery(item, state=DeliveryState.DELIVERED, settled_at=START, **values)


def test_lastfm_has_no_way_to_remove_a_play_and_does_not_offer_it() -> None:
    client = LastFm(Answers(PORTAL).http, QuickClock(), {}).client(
        an_account("lastfm"), MemorySlot(SECRET)
    )
    assert not isinstance(client, UndoClient)


# Trakt


def gone(movies: int = 0, episodes: int = 0) -> httpx.Response:
    return answer(200, {"deleted": {"movies": movies, "episodes": episodes}, "not_found": {}})


async def test_trakt_removes_one_line_by_its_id_and_never_the_item() -> None:
    answers = Answers(gone(1))
    client = a_client("trakt", answers)
    assert await client.undo(sent(a_movie(), remote_id="3373536619")) is Removal.REMOVED
    assert answers.paths == ["POST /sync/history/remove"]
    assert answers.json() == {"ids": [3373536619]}


async def test_trakt_looks_an_unknown_id_up_first() -> None:
    line = {
        "id": 5,
        "watched_at": START.isoformat(),
        "action": "watch",
        "type": "movie",
        "movie": {"ids": {"tmdb": 27205, "imdb": "tt1375666"}},
    }
    answers = Answers(answer(200, [line]), gone(1))
    assert await a_client("trakt", answers).undo(sent(a_movie())) is Removal.REMOVED
    assert answers.paths == ["GET /sync/history/movies", "POST /sync/history/remove"]
    assert answers.json() == {"ids": [5]}


async def test_trakt_without_such_a_play_is_asked_to_remove_nothing() -> None:
    answers = Answers(answer(200, []))
    assert await a_client("trakt", answers).undo(sent(a_movie())) is Removal.NOT_THERE
    assert answers.paths == ["GET /sync/history/movies"]


async def test_a_second_undo_at_trakt_changes_nothing() -> None:
    client = a_client("trakt", Answers(gone()))
    assert await client.undo(sent(a_movie(), remote_id="7")) is Removal.REMOVED


# ListenBrainz


def listens(*rows: tuple[int, str, str, str]) -> httpx.Response:
    kept = [
        {
            "listened_at": at,
            "recording_msid": msid,
            "track_metadata": {"artist_name": artist, "track_name": track},
        }
        for at, artist, track, msid in rows
    ]
    return answer(200, {"payload": {"count": len(kept), "listens": kept}})


OK = answer(200, {"status": "ok"})


async def test_listenbrainz_deletes_the_listen_it_shows_at_that_second() -> None:
    answers = Answers(
        listens(
            (AT, "Low", "Another", "m-0"),
            (AT - 1, "Low", "Words 1", "m-1"),
            (AT, "low", "words 1", "m-2"),
        ),
        OK,
    )
    client = a_client("listenbrainz", answers, remote_id="a user")
    assert await client.undo(sent(a_track())) is Removal.LATER
    assert answers.paths == ["GET /1/user/a user/listens", "POST /1/delete-listen"]
    assert answers.requests[0].url.params["max_ts"] == str(AT + 1)
    assert answers.json() == {"listened_at": AT, "recording_msid": "m-2"}


async def test_listenbrainz_that_does_not_show_the_listen_deletes_nothing() -> None:
    answers = Answers(listens((AT, "Low", "Another", "m-0")))
    assert await a_client("listenbrainz", answers).undo(sent(a_track())) is Removal.NOT_THERE
    assert len(answers.requests) == 1


async def test_a_compatible_server_that_cannot_remove_says_so() -> None:
    answers = Answers(OK)
    client = a_client("listenbrainz", answers, api_url="https://m.example/apis/listenbrainz")
    with pytest.raises(UndoUnsafe, match="does not let programs"):
        await client.undo(sent(a_track()))
    assert answers.requests == []


async def test_a_server_with_other_answers_is_not_asked_to_delete() -> None:
    answers = Answers(answer(200, {"code": 200, "error": "Invalid Method"}))
    with pytest.raises(UndoUnsafe):
        await a_client("listenbrainz", answers).undo(sent(a_track()))
    assert len(answers.requests) == 1


# Simkl

SHOW = {"title": "Breaking Bad", "ids": {"simkl": 1, "tvdb": "81189"}}


def library(watched: str, *, key: str = "shows", number: int = 3) -> httpx.Response:
    episodes = [{"number": number, "watched_at": watched}]
    return answer(200, {key: [{"show": SHOW, "seasons": [{"number": 1, "episodes": episodes}]}]})


SIMKL_GONE = answer(200, {"deleted": {"movies": 0, "shows": 0, "episodes": 1}, "not_found": {}})


async def test_simkl_removes_one_episode_and_never_the_show() -> None:
    answers = Answers(library("2026-03-01T20:00:30Z"), SIMKL_GONE)
    assert await a_client("simkl", answers).undo(sent(an_episode())) is Removal.REMOVED
    assert answers.paths == ["GET /sync/all-items/", "POST /sync/history/remove"]
    (show,) = answers.json()["shows"]
    assert show["seasons"] == [{"number": 1, "episodes": [{"number": 3}]}]


@pytest.mark.parametrize(
    ("item", "library_says", "sentence"),
    [
        (a_movie(), None, FILM),
        (an_episode(), library("2025-03-01T20:00:30Z"), NOT_OURS),
        (an_episode(), library(""), NOT_OURS),
        (an_episode(), library("2026-03-01T20:00:30Z", key="anime"), ANIME),
        (a_track(), None, ANIME),
    ],
)
async def test_simkl_is_not_asked_to_remove_more_than_the_play(
    item: Any, library_says: httpx.Response | None, sentence: str
) -> None:
    answers = Answers(library_says or PORTAL)
    with pytest.raises(UndoUnsafe) as caught:
        await a_client("simkl", answers).undo(sent(item))
    assert str(caught.value) == sentence
    assert not any("remove" in path for path in answers.paths)


@pytest.mark.parametrize("empty", [answer(200, "null"), answer(200, {}), answer(200, "")])
async def test_simkl_without_such_a_watch_removes_nothing(empty: httpx.Response) -> None:
    answers = Answers(empty)
    assert await a_client("simkl", answers).undo(sent(an_episode())) is Removal.NOT_THERE


# All


@pytest.mark.parametrize(
    ("service", "item"),
    [("trakt", a_movie()), ("listenbrainz", a_track()), ("simkl", an_episode())],
)
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer(401, {"error": "no"}), CompanionError),
        (answer(429, {"error": "wait"}), RateLimited),
        (answer(500, "oops"), ServiceTrouble),
        (PORTAL, CompanionError),
    ],
)
async def test_trouble_is_told_and_not_taken_for_a_removal(
    service: str, item: Any, said: httpx.Response, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        await a_client(service, Answers(said)).undo(sent(item))
