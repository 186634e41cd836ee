"""Scores and plans at AniList: read first, never taken back, and every documented answer."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import Delivered, Outcome, Refused, Skipped, TryLater
from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.core.media import Ids, Series
from revenge_companion.core.reasons import Reason
from revenge_companion.services.anilist.service import AniList
from revenge_companion.services.base import Secret, TakesChanges
from tests.clock import START
from tests.unit.services.anime import a_map, anilist_error
from tests.unit.services.kit import (
    CUT,
    PORTAL,
    TOKEN,
    Answers,
    MemorySlot,
    QuickClock,
    a_change,
    an_account,
    answer,
)

THERE = Delivered(note=Reason.ALREADY_THERE)
RE_ZERO = Series("Re:ZERO", 2016, Ids(tvdb=305089))
SEASON = Subject(SubjectKind.SEASON, "", series=RE_ZERO, season_number=1)
SHOW = Subject(SubjectKind.SHOW, "Re:ZERO", 2016, RE_ZERO.ids)
FILM = Subject(SubjectKind.MOVIE, "The Film", 2001, Ids(imdb="tt0900009"))
SAVED = answer(200, {"data": {"SaveMediaListEntry": {"id": 4711, "status": "PLANNING"}}})
DELETED = answer(200, {"data": {"DeleteMediaListEntry": {"deleted": True}}})


def listed(
    status: str | None,
    score: int = 0,
    native: float = 0,
    score_format: str = "POINT_100",
    **more: Any,
) -> httpx.Response:
    """An answer about AniList 21355; without a status it is not on the list."""
    entry = None
    if status is not None:
        entry = {"id": 4711, "status": status, "progress": 0, "repeat": 0} | more
        entry |= {"score": score, "native": native}
    viewer = {"mediaListOptions": {"scoreFormat": score_format}}
    media = {"id": 21355, "episodes": 25, "mediaListEntry": entry}
    return answer(200, {"data": {"Viewer": viewer, "Media": media}})


def scored(score: int, native: float) -> httpx.Response:
    entry = {"id": 4711, "status": "CURRENT", "score": score, "native": native}
    return answer(200, {"data": {"SaveMediaListEntry": entry}})


def a_client(answers: Answers, folder: Path, **values: Any) -> TakesChanges:
    clock = QuickClock()
    service = AniList(answers.http, clock, {}, a_map(folder, clock=clock, **values))
    client = service.client(an_account("anilist"), MemorySlot(Secret(TOKEN)))
    assert isinstance(client, TakesChanges)
    return client


async def sent(answers: Answers, folder: Path, change: Change, **values: Any) -> Outcome:
    return (await a_client(answers, folder, **values).change([a_change(change)]))[1]


def rated(rating: int | None = 90, subject: Subject = SEASON) -> Change:
    return Change(Verb.RATE, subject, START, rating)


@pytest.mark.parametrize(
    ("subject", "variables"),
    [
        pytest.param(SEASON, {"id": 21355}, id="a season that is one entry"),
        pytest.param(FILM, {"id": 909}, id="a film"),
        pytest.param(
            Subject(SubjectKind.SHOW, "", ids=Ids(tvdb=72070)), {"id": 59}, id="a show of one entry"
        ),
        pytest.param(
            Subject(SubjectKind.SHOW, "", refs=(("mal", "6"),)), {"idMal": 6}, id="by its own id"
        ),
    ],
)
async def test_a_rating_goes_to_the_entry_that_is_all_of_it(
    tmp_path: Path, subject: Subject, variables: dict[str, int]
) -> None:
    answers = Answers(listed("CURRENT", episodes=1), scored(90, 90))
    if subject is FILM:
        film = {"id": 909, "episodes": 1, "mediaListEntry": {"id": 1, "status": "COMPLETED"}}
        answers.answers[0] = answer(200, {"data": {"Viewer": None, "Media": film}})
    outcome = await sent(answers, tmp_path, rated(90, subject))
    assert isinstance(outcome, Delivered)
    assert answers.json(0)["variables"] == variables
    assert answers.json(1)["variables"]["scoreRaw"] == 90
    assert "status" not in answers.json(1)["query"].partition("{")[0]


@pytest.mark.parametrize(
    ("read", "rating", "written"),
    [
        pytest.param(listed("COMPLETED"), 80, 80, id="unrated"),
        pytest.param(listed("COMPLETED", 70, 70), 80, 80, id="another"),
        pytest.param(listed("COMPLETED", 83, 83), 80, None, id="finer there"),
        pytest.param(listed("COMPLETED", 84, 84), 83, 83, id="finer here"),
        pytest.param(listed("COMPLETED", 83, 8.3, "POINT_10_DECIMAL"), 80, None, id="with a point"),
        pytest.param(listed("COMPLETED", 70, 4, "POINT_5"), 80, None, id="four stars"),
        pytest.param(listed("COMPLETED", 70, 4, "POINT_5"), 70, None, id="three and a half"),
        pytest.param(listed("COMPLETED", 50, 3, "POINT_5"), 80, 80, id="three stars"),
        pytest.param(listed("COMPLETED", 60, 2, "POINT_3"), 50, None, id="a smiley"),
    ],
)
async def test_a_score_that_says_so_already_is_not_written_again(
    tmp_path: Path, read: httpx.Response, rating: int, written: int | None
) -> None:
    form = read.json()["data"]["Viewer"]["mediaListOptions"]["scoreFormat"]
    native = rating / {"POINT_5": 20, "POINT_10_DECIMAL": 10}.get(form, 1)
    answers = Answers(read, scored(rating, native))
    outcome = await sent(answers, tmp_path, rated(rating))
    if written is None:
        assert outcome == THERE
        assert len(answers.requests) == 1
    else:
        assert outcome == Delivered("21355")
        assert answers.json()["variables"] == {"mediaId": 21355, "scoreRaw": written}


async def test_a_score_is_believed_when_it_is_shown(tmp_path: Path) -> None:
    answers = Answers(listed("COMPLETED"), scored(50, 50))
    outcome = await sent(answers, tmp_path, rated(90))
    assert isinstance(outcome, Refused)
    assert outcome.code == Reason.IGNORED


async def test_what_is_on_no_list_is_not_rated(tmp_path: Path) -> None:
    """It would have to be put on one, and nobody said on which."""
    answers = Answers(listed(None))
    assert await sent(answers, tmp_path, rated()) == Refused(Reason.NOT_LISTED)
    assert len(answers.requests) == 1


@pytest.mark.parametrize(
    ("verb", "read", "outcome"),
    [
        pytest.param(Verb.UNRATE, listed(None), THERE, id="unrate what is not there"),
        pytest.param(Verb.UNRATE, listed("COMPLETED"), THERE, id="unrate what is unrated"),
        pytest.param(Verb.WANT, listed("PLANNING"), THERE, id="planned already"),
        pytest.param(Verb.WANT, listed("CURRENT"), Skipped(Reason.KEPT_LISTED), id="watching"),
        pytest.param(Verb.WANT, listed("COMPLETED"), Skipped(Reason.KEPT_LISTED), id="completed"),
        pytest.param(Verb.WANT, listed("DROPPED"), Skipped(Reason.KEPT_LISTED), id="dropped"),
        pytest.param(Verb.WANT, listed("PAUSED"), Skipped(Reason.KEPT_LISTED), id="paused"),
        pytest.param(Verb.WANT, listed("REPEATING"), Skipped(Reason.KEPT_LISTED), id="rewatching"),
        pytest.param(Verb.UNWANT, listed(None), THERE, id="not planned"),
        pytest.param(Verb.UNWANT, listed("CURRENT"), THERE, id="no plan any more"),
        pytest.param(
            Verb.UNWANT, listed("PLANNING", 80, 80), Refused(Reason.KEPT_HISTORY), id="rated"
        ),
        pytest.param(
            Verb.UNWANT, listed("PLANNING", progress=3), Refused(Reason.KEPT_HISTORY), id="begun"
        ),
    ],
)
async def test_an_entry_that_is_further_on_is_left_alone(
    tmp_path: Path, verb: Verb, read: httpx.Response, outcome: Outcome
) -> None:
    answers = Answers(read)
    assert await sent(answers, tmp_path, Change(verb, SEASON)) == outcome
    assert len(answers.requests) == 1


async def test_a_plan_is_made_and_taken_back(tmp_path: Path) -> None:
    made = Answers(listed(None), SAVED)
    assert await sent(made, tmp_path, Change(Verb.WANT, SHOW)) == Delivered("21355")
    assert made.json(0)["variables"] == {"id": 21355}
    assert made.json(1)["variables"] == {"mediaId": 21355}
    assert "status: PLANNING" in made.json(1)["query"]
    back = Answers(listed("PLANNING"), DELETED)
    assert await sent(back, tmp_path, Change(Verb.UNWANT, SHOW)) == Delivered("21355")
    assert back.json(1)["variables"] == {"id": 4711}
    gone = Answers(listed("PLANNING"), anilist_error(404, "Not Found."))
    assert await sent(gone, tmp_path, Change(Verb.UNWANT, SHOW)) == Delivered("21355")


async def test_a_plan_that_ends_elsewhere_is_told(tmp_path: Path) -> None:
    other = answer(200, {"data": {"SaveMediaListEntry": {"id": 1, "status": "CURRENT"}}})
    outcome = await sent(Answers(listed(None), other), tmp_path, Change(Verb.WANT, SHOW))
    assert isinstance(outcome, Refused)
    assert outcome.code == Reason.IGNORED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(rated(90, SHOW), Reason.UNMAPPED, id="a show of several entries"),
        pytest.param(
            rated(90, Subject(SubjectKind.SHOW, "", ids=Ids(tvdb=81189))), None, id="no anime"
        ),
        pytest.param(rated(90, Subject(SubjectKind.TRACK, "")), Reason.NOT_TAKEN, id="a track"),
        pytest.param(
            rated(90, Subject(SubjectKind.EPISODE, "", series=RE_ZERO, season_number=1)),
            Reason.NOT_TAKEN,
            id="an episode",
        ),
        pytest.param(Change(Verb.COLLECT, FILM), Reason.NOT_TAKEN, id="a collection"),
        pytest.param(rated(None), Reason.INVALID, id="a rating without one"),
        pytest.param(
            rated(
                90,
                Subject(
                    SubjectKind.SEASON, "", series=Series("", None, Ids(tvdb=900)), season_number=5
                ),
            ),
            None,
            id="not at AniList",
        ),
    ],
)
async def test_what_is_no_entry_is_not_asked_about(
    tmp_path: Path, change: Change, reason: Reason | None
) -> None:
    by_mal = answer(200, {"data": {"Media": {"id": 1, "mediaListEntry": None}}})
    answers = Answers(by_mal)
    outcome = await sent(answers, tmp_path, change)
    if reason is not None:
        assert isinstance(outcome, Refused)
        assert outcome.code == reason
        assert not answers.requests
    elif answers.requests:
        # AniList knows it by MyAnimeList's id, as the map does not.
        assert answers.json(0)["variables"] == {"idMal": 906}
    else:
        assert isinstance(outcome, Skipped)


async def test_changes_wait_for_the_map(tmp_path: Path) -> None:
    outcome = await sent(Answers(listed(None)), tmp_path, rated(), body=b"")
    assert isinstance(outcome, TryLater)
    assert outcome.code == Reason.MAP_NEEDED


async def test_a_film_that_turns_out_a_series_is_not_rated(tmp_path: Path) -> None:
    outcome = await sent(Answers(listed("COMPLETED")), tmp_path, rated(90, FILM))
    assert isinstance(outcome, Refused)
    assert outcome.code == Reason.UNMAPPED


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        (anilist_error(400, "Invalid token"), LinkExpired),
        (anilist_error(400, "validation", sent_as=200), BatchRefused),
        (anilist_error(403, "The API is temporarily disabled"), ServiceTrouble),
        (answer(403, "Go away"), LaneBlocked),
        (answer(429), RateLimited),
        (answer(500, ""), ServiceTrouble),
        (PORTAL, ServiceTrouble),
        (CUT, ServiceTrouble),
        (answer(200, {"data": {"SaveMediaListEntry": None, "Media": None}}), ServiceTrouble),
        (httpx.ConnectError("no"), Unreachable),
        (httpx.ReadTimeout("no"), Unanswered),
    ],
)
@pytest.mark.parametrize("at_save", [False, True])
async def test_what_an_answer_means(
    tmp_path: Path, given: httpx.Response | Exception, raised: type[CompanionError], at_save: bool
) -> None:
    before = [listed("COMPLETED")] if at_save else []
    with pytest.raises(raised):
        await sent(Answers(*before, given), tmp_path, rated())


@pytest.mark.parametrize("at_save", [False, True])
async def test_an_entry_that_is_gone_is_told(tmp_path: Path, at_save: bool) -> None:
    before = [listed("COMPLETED")] if at_save else []
    outcome = await sent(Answers(*before, anilist_error(404, "Not Found.")), tmp_path, rated())
    assert isinstance(outcome, Refused)
    assert outcome.code == Reason.NOT_FOUND


async def test_saying_it_twice_changes_nothing_more(tmp_path: Path) -> None:
    answers = Answers(listed("COMPLETED"), scored(90, 90), listed("COMPLETED", 90, 90))
    client = a_client(answers, tmp_path)
    rows = [a_change(rated(), 1), a_change(rated(), 2)]
    assert await client.change(rows) == {1: Delivered("21355"), 2: THERE}
    assert len(answers.requests) == 3
