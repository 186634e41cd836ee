"""Loving tracks where services keep them."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from revenge_companion.core.errors import LaneBlocked, LinkExpired, RateLimited, ServiceTrouble
from revenge_companion.core.media import MusicIds
from revenge_companion.core.reasons import Reason
from revenge_companion.net.http import Http
from revenge_companion.services.base import LoveClient, Secret, Service
from revenge_companion.services.catalog import build_services
from revenge_companion.services.lastfm.service import LastFm
from revenge_companion.services.listenbrainz.service import ListenBrainz
from tests.unit.services.kit import (
    TOKEN,
    Answers,
    MemorySlot,
    QuickClock,
    a_track,
    an_account,
    answer,
)

MBID = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
KNOWN = a_track(music_ids=MusicIds(recording_mbid=MBID))
OK = answer(200, {"status": "ok"})


def a_client(service: str, answers: Answers, api_url: str = "") -> LoveClient:
    kinds: dict[str, Callable[..., Service]] = {"listenbrainz": ListenBrainz, "lastfm": LastFm}
    slot = MemorySlot(Secret(TOKEN, client_id="key", client_secret="secret"))
    made = kinds[service](answers.http, QuickClock(), {})
    client = made.client(an_account(service, api_url=api_url), slot)
    assert isinstance(client, LoveClient)
    return client


def test_a_service_that_says_it_loves_has_clients_that_can(tmp_path: Path) -> None:
    for service in build_services(Http(), QuickClock(), {}, cache=tmp_path, data=tmp_path):
        if service.spec.hand_off:
            continue
        client = service.client(an_account(service.spec.key), MemorySlot())
        assert isinstance(client, LoveClient) is service.spec.loves


@pytest.mark.parametrize(("loved", "score"), [(True, 1), (False, 0)])
async def test_listenbrainz_is_told_by_recording(loved: bool, score: int) -> None:
    answers = Answers(OK)
    await a_client("listenbrainz", answers).love(KNOWN, loved=loved)

    assert answers.paths == ["POST /1/feedback/recording-feedback"]
    assert answers.json() == {"recording_mbid": MBID, "score": score}


async def test_listenbrainz_looks_a_recording_up_that_has_no_id() -> None:
    answers = Answers(answer(200, {"recording_mbid": MBID, "artist_credit_name": "Low"}), OK)
    await a_client("listenbrainz", answers).love(a_track(), loved=True)

    assert answers.paths[0] == "GET /1/metadata/lookup/"
    assert dict(answers.requests[0].url.params) == {
        "artist_name": "Low",
        "recording_name": "Words 1",
    }
    assert answers.json() == {"recording_mbid": MBID, "score": 1}


@pytest.mark.parametrize("body", [{}, {"recording_mbid": "junk"}])
async def test_a_recording_nobody_knows_is_said(body: object) -> None:
    with pytest.raises(LaneBlocked, match="does not know this recording") as caught:
        await a_client("listenbrainz", Answers(answer(200, body))).love(a_track(), loved=True)
    assert caught.value.code == Reason.NOT_TAKEN


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(401, {"code": 401, "error": "Invalid authorization token."}), LinkExpired),
        (answer(404, "<html>"), LaneBlocked),
        (answer(429, {"code": 429}), RateLimited),
        (answer(500, "<html>"), ServiceTrouble),
    ],
)
async def test_listenbrainz_troubles_are_raised(
    reply: httpx.Response, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await a_client("listenbrainz", Answers(reply)).love(KNOWN, loved=True)


async def test_a_server_that_only_resembles_listenbrainz_keeps_no_loves() -> None:
    answers = Answers(OK)
    with pytest.raises(LaneBlocked, match="keeps no loved tracks"):
        await a_client("listenbrainz", answers, "https://m.example/apis/listenbrainz").love(
            KNOWN, loved=True
        )
    assert answers.requests == []


@pytest.mark.parametrize(("loved", "method"), [(True, "track.love"), (False, "track.unlove")])
async def test_lastfm_is_told_by_names_in_a_signed_call(loved: bool, method: str) -> None:
    answers = Answers(answer(200, {}))
    await a_client("lastfm", answers).love(a_track(), loved=loved)

    form = answers.form()
    assert (form["method"], form["artist"], form["track"]) == (method, "Low", "Words 1")
    assert len(form["api_sig"]) == 32


@pytest.mark.parametrize(
    ("api_url", "reply", "error"),
    [
        ("", answer(403, {"error": 9, "message": "Invalid session key"}), LinkExpired),
        ("", answer(200, {"error": 6, "message": "Track not found"}), LaneBlocked),
        ("", answer(200, "<html>"), ServiceTrouble),
        ("https://m.example/x/2.0", answer(200, {"error": 3, "message": "No"}), LaneBlocked),
        ("https://m.example/api/lastfm", answer(400, {"error": "No such call"}), LaneBlocked),
    ],
)
async def test_lastfm_troubles_are_raised(
    api_url: str, reply: httpx.Response, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await a_client("lastfm", Answers(reply), api_url).love(a_track(), loved=True)
