"""Scores and plans at MyAnimeList: read first, never taken back, and every documented answer."""

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
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.core.media import Ids, Series
from revenge_companion.core.reasons import Reason
from revenge_companion.services.base import Secret, TakesChanges
from tests.clock import START
from tests.unit.services.anime import a_mal
from tests.unit.services.kit import (
    CUT,
    PORTAL,
    TOKEN,
    Answers,
    MemorySlot,
    a_change,
    an_account,
    answer,
)

THERE = Delivered(note=Reason.ALREADY_THERE)
RE_ZERO = Series("Re:ZERO", 2016, Ids(tvdb=305089))
SEASON = Subject(SubjectKind.SEASON, "", series=RE_ZERO, season_number=1)
SHOW = Subject(SubjectKind.SHOW, "Re:ZERO", 2016, RE_ZERO.ids)
FILM = Subject(SubjectKind.MOVIE, "The Film", 2001, Ids(imdb="tt0900009"))
GONE = answer(404, {"message": "", "error": "not_found"})


def listed(status: str | None, score: int = 0, **more: Any) -> httpx.Response:
    """An answer about MyAnimeList's 31240; without a status it is not on the list."""
    data: dict[str, Any] = {"id": 31240, "num_episodes": 25}
    if status is not None:
        known = {"status": status, "score": score, "num_episodes_watched": 0}
        data["my_list_status"] = known | more
    return answer(200, data)


def saved(**values: Any) -> httpx.Response:
    return answer(200, {"status": "completed", "score": 0, "num_episodes_watched": 25} | values)


async def sent(answers: Answers, folder: Path, change: Change) -> Outcome:
    client = a_mal(answers, folder).client(an_account("myanimelist"), MemorySlot(Secret(TOKEN)))
    assert isinstance(client, TakesChanges)
    return (await client.change([a_change(change)]))[1]


def rated(rating: int | None = 90, subject: Subject = SEASON) -> Change:
    return Change(Verb.RATE, subject, START, rating)


@pytest.mark.parametrize(
    ("score", "rating", "written"),
    [
        pytest.param(0, 80, 8, id="unrated"),
        pytest.param(7, 80, 8, id="another"),
        pytest.param(8, 80, None, id="the same"),
        pytest.param(8, 83, None, id="the same when rounded"),
        pytest.param(8, 85, 9, id="rounded up"),
        pytest.param(0, 3, 1, id="the least there is"),
    ],
)
async def test_a_score_is_set_where_it_says_something_else(
    tmp_path: Path, score: int, rating: int, written: int | None
) -> None:
    answers = Answers(listed("completed", score), saved(score=written))
    outcome = await sent(answers, tmp_path, rated(rating))
    assert answers.requests[0].url.path == "/v2/anime/31240"
    if written is None:
        assert outcome == THERE
        assert len(answers.requests) == 1
    else:
        assert outcome == Delivered("31240")
        assert answers.paths[1] == "PATCH /v2/anime/31240/my_list_status"
        assert answers.form() == {"score": str(written)}


@pytest.mark.parametrize(
    ("change", "read", "outcome"),
    [
        pytest.param(
            rated(), listed(None), Refused(Reason.NOT_LISTED), id="rate what is not there"
        ),
        pytest.param(Change(Verb.UNRATE, SEASON), listed(None), THERE, id="unrate what is not"),
        pytest.param(Change(Verb.UNRATE, SEASON), listed("completed"), THERE, id="unrated"),
        pytest.param(Change(Verb.WANT, SEASON), listed("plan_to_watch"), THERE, id="planned"),
        *(
            pytest.param(
                Change(Verb.WANT, SEASON), listed(status), Skipped(Reason.KEPT_LISTED), id=status
            )
            for status in ("watching", "completed", "on_hold", "dropped")
        ),
        pytest.param(Change(Verb.UNWANT, SEASON), listed(None), THERE, id="not planned"),
        pytest.param(Change(Verb.UNWANT, SEASON), listed("watching"), THERE, id="no plan any more"),
        pytest.param(
            Change(Verb.UNWANT, SEASON),
            listed("plan_to_watch", 8),
            Refused(Reason.KEPT_HISTORY),
            id="rated",
        ),
        pytest.param(
            Change(Verb.UNWANT, SEASON),
            listed("plan_to_watch", num_episodes_watched=2),
            Refused(Reason.KEPT_HISTORY),
            id="begun",
        ),
    ],
)
async def test_an_entry_that_is_further_on_is_left_alone(
    tmp_path: Path, change: Change, read: httpx.Response, outcome: Outcome
) -> None:
    answers = Answers(read)
    assert await sent(answers, tmp_path, change) == outcome
    assert len(answers.requests) == 1


async def test_a_plan_is_made_and_taken_back(tmp_path: Path) -> None:
    made = Answers(listed(None), saved(status="plan_to_watch", num_episodes_watched=0))
    assert await sent(made, tmp_path, Change(Verb.WANT, SHOW)) == Delivered("31240")
    assert made.form() == {"status": "plan_to_watch"}
    for given in (answer(200, []), GONE):
        back = Answers(listed("plan_to_watch"), given)
        assert await sent(back, tmp_path, Change(Verb.UNWANT, SHOW)) == Delivered("31240")
        assert back.paths[1] == "DELETE /v2/anime/31240/my_list_status"


async def test_a_score_is_taken_back(tmp_path: Path) -> None:
    answers = Answers(listed("completed", 8), saved(score=0))
    assert await sent(answers, tmp_path, Change(Verb.UNRATE, SEASON)) == Delivered("31240")
    assert answers.form() == {"score": "0"}


async def test_a_change_is_believed_when_it_is_shown(tmp_path: Path) -> None:
    outcome = await sent(Answers(listed("completed"), saved(score=5)), tmp_path, rated())
    assert isinstance(outcome, Refused)
    assert outcome.code == Reason.IGNORED


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        pytest.param(SHOW, Reason.UNMAPPED, id="a show of several entries"),
        pytest.param(
            Subject(
                SubjectKind.SEASON, "", series=Series("", None, Ids(tvdb=900)), season_number=3
            ),
            Reason.UNMAPPED,
            id="several ids",
        ),
        pytest.param(
            Subject(
                SubjectKind.SEASON, "", series=Series("", None, Ids(tvdb=900)), season_number=4
            ),
            Reason.UNMAPPED,
            id="at AniList only",
        ),
        pytest.param(Subject(SubjectKind.BOOK, ""), Reason.NOT_TAKEN, id="a book"),
    ],
)
async def test_what_is_no_entry_is_not_asked_about(
    tmp_path: Path, subject: Subject, code: Reason
) -> None:
    answers = Answers(listed(None))
    outcome = await sent(answers, tmp_path, rated(90, subject))
    assert isinstance(outcome, Refused)
    assert outcome.code == code
    assert not answers.requests


async def test_a_film_that_turns_out_a_series_is_not_rated(tmp_path: Path) -> None:
    outcome = await sent(Answers(listed("completed")), tmp_path, rated(90, FILM))
    assert isinstance(outcome, Refused)
    assert outcome.code == Reason.UNMAPPED


async def test_changes_wait_for_the_map(tmp_path: Path) -> None:
    service = a_mal(Answers(listed(None)), tmp_path)
    (tmp_path / "anime_ids.json").unlink()
    client = service.client(an_account("myanimelist"), MemorySlot(Secret(TOKEN)))
    outcome = (await client.change([a_change(rated())]))[1]
    assert isinstance(outcome, TryLater)
    assert outcome.code == Reason.MAP_NEEDED


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        (answer(400, {"error": "bad_request"}), BatchRefused),
        (answer(400, {"message": "invalid score", "error": "bad_request"}), BatchRefused),
        (answer(403, {"message": "", "error": "forbidden"}), RateLimited),
        (answer(404, "<html>"), LaneBlocked),
        (answer(429), RateLimited),
        (answer(502, ""), ServiceTrouble),
        (PORTAL, ServiceTrouble),
        (CUT, ServiceTrouble),
        (answer(200, {"status": "watching"}), ServiceTrouble),
        (httpx.ConnectError("no"), Unreachable),
        (httpx.ReadTimeout("no"), Unanswered),
    ],
)
@pytest.mark.parametrize("at_save", [False, True])
async def test_what_an_answer_means(
    tmp_path: Path, given: httpx.Response | Exception, raised: type[CompanionError], at_save: bool
) -> None:
    before = [listed("completed")] if at_save else []
    with pytest.raises(raised):
        await sent(Answers(*before, given), tmp_path, rated())


@pytest.mark.parametrize("at_save", [False, True])
async def test_an_entry_that_is_gone_is_told(tmp_path: Path, at_save: bool) -> None:
    before = [listed("completed")] if at_save else []
    outcome = await sent(Answers(*before, GONE), tmp_path, rated())
    assert isinstance(outcome, Refused)
    assert outcome.code == Reason.NOT_FOUND
