"""Sentences: whole, plain, and in the locale's own way of writing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from revenge_companion.core.accounts import Account, AccountState, Switches
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.media import Kind
from revenge_companion.core.playback import Source
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import AccountStatus, OutboxCounts, SourceStatus
from revenge_companion.ui import words
from tests.ui.fake_engine import NOW, account, playing


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (SourceStatus(), "Not connected"),
        (SourceStatus(Source.WEBSOCKET, True), "WebSocket"),
        (SourceStatus(Source.WEBSOCKET, False, Reason.SERVER_DOWN), "Not connected"),
        (SourceStatus(Source.SSE, True, Reason.NO_WEBSOCKET), "Server events and polling"),
        (SourceStatus(Source.SSE, True, Reason.SERVER_EVENTS), "Server events"),
        (
            SourceStatus(Source.POLL, True, Reason.NO_LIVE_EVENTS),
            "Polling: this server has no live events",
        ),
        (
            SourceStatus(Source.POLL, True, Reason.API_KEY_ONLY),
            "Polling: an API key gets no live events",
        ),
        (SourceStatus(Source.POLL, False, Reason.SERVER_DOWN), "Not connected"),
    ],
)
def test_the_live_source_is_named_with_why_it_is_not_better(
    source: SourceStatus, said: str
) -> None:
    assert words.source_line(source) == said


@pytest.mark.parametrize(
    ("before_s", "said"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (240, "4 min ago"),
        (3599, "59 min ago"),
        (7200, "18:00"),
        (86_400, "Sat 20:00"),
        (30 * 86_400, "30/01/2026 20:00"),
    ],
)
def test_young_times_are_relative_and_old_ones_exact(before_s: float, said: str) -> None:
    assert words.ago(NOW - timedelta(seconds=before_s), NOW) == said


@pytest.mark.parametrize(
    ("after_s", "said"),
    [
        (-10, "now"),
        (5, "now"),
        (30, "in 30 seconds"),
        (240, "in 4 min"),
        (9 * 3600, "tomorrow 05:00"),
        (3 * 3600, "23:00"),
    ],
)
def test_what_is_to_come_says_when(after_s: float, said: str) -> None:
    assert words.due(NOW + timedelta(seconds=after_s), NOW) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Counts at 80\u00a0% (in about 32 min)"),
        ({"rate": 2.0}, "Counts at 80\u00a0% (in about 16 min)"),
        ({"state": "paused"}, "Counts at 80\u00a0% (paused)"),
        ({"counts_at": None, "counts_in_s": 40.0}, "Counts in about 40 seconds"),
        ({"counted": True}, "Counted"),
        ({"counts_in_s": None}, "Does not count"),
    ],
)
def test_a_play_says_when_it_counts(changes: dict[str, object], said: str) -> None:
    assert words.counts_sentence(playing(**changes), 1000.0) == said


@pytest.mark.parametrize(
    ("days", "said"), [(0, "today"), (1, "tomorrow"), (2, "on "), (7, "on "), (900_000, "on ")]
)
def test_a_backlog_under_a_days_budget_says_when_it_is_done(days: float, said: str) -> None:
    eta = NOW + timedelta(days=days)
    linked = Account(1, "lastfm", "me", "u1")
    status = AccountStatus(linked, OutboxCounts(pending=1400), eta=eta)
    sentence = words.account_sentence(status, "Last.fm", NOW)
    assert sentence.startswith(f"1400 plays waiting; done {said}")
    assert sentence.endswith(" at this pace.")
    assert words.waiting_sentence(status.counts, eta, NOW).startswith(
        f"1400 waiting \N{MIDDLE DOT} done {said}"
    )


def test_a_paused_program_says_so_instead() -> None:
    assert words.counts_sentence(playing(), 1000.0, paused=True) == "Scrobbling is paused"


def test_the_position_stands_still_while_paused_and_ends_at_the_end() -> None:
    assert words.position_now(playing(state="paused"), 5000.0) == playing().position_s
    assert words.position_now(playing(), 1e9) == playing().item.duration_s
    assert words.share_now(playing(replace(playing().item, duration_s=None)), 1000.0) is None


@pytest.mark.parametrize(
    ("changes", "counts", "said"),
    [
        ({}, OutboxCounts(delivered=1), "Everything has been delivered."),
        ({}, OutboxCounts(parked=1), "1 play parked. The outbox says why."),
        ({}, OutboxCounts(delivered=5, parked=2), "2 plays parked. The outbox says why."),
        ({}, OutboxCounts(pending=1, parked=2), "1 play waiting to be sent."),
        ({}, OutboxCounts(), "Ready: your next play goes there."),
        ({}, OutboxCounts(pending=1), "1 play waiting to be sent."),
        (
            {"state": AccountState.LINK_AGAIN},
            OutboxCounts(pending=14),
            "Trakt signed you out. Link again to send 14 waiting plays.",
        ),
        (
            {"state": AccountState.LINK_AGAIN},
            OutboxCounts(),
            "Trakt signed you out. Link again to go on.",
        ),
        (
            {"state": AccountState.QUOTA, "held_until": NOW + timedelta(hours=9)},
            OutboxCounts(pending=412),
            "Trakt takes no more plays today. 412 waiting; goes on tomorrow 05:00.",
        ),
        (
            {"state": AccountState.HELD, "state_detail": "Trakt refused the app key."},
            OutboxCounts(),
            "Trakt refused the app key.",
        ),
        (
            {"switches": Switches(enabled=False)},
            OutboxCounts(pending=3),
            "Switched off: nothing is sent to Trakt.",
        ),
    ],
)
def test_an_account_says_how_it_is_doing(
    changes: dict[str, object], counts: OutboxCounts, said: str
) -> None:
    status = AccountStatus(account(**changes), counts)

    assert words.account_sentence(status, "Trakt", NOW) == said


@pytest.mark.parametrize("code", list(Reason))
def test_every_reason_reads_calmly(code: Reason) -> None:
    text = words.reason(code, {"service": "Trakt", "percent": 61.0})

    assert text.endswith(".")
    assert "!" not in text
    assert "successfully" not in text


def test_an_unknown_code_is_shown_as_it_is_and_none_is_silent() -> None:
    assert words.reason("from_a_newer_version") == "from_a_newer_version"
    assert words.reason("") == ""


def test_every_state_and_kind_has_a_word() -> None:
    assert all(words.delivery_state(state) for state in DeliveryState)
    assert all(words.kind_name(kind) and words.kind_plural(kind) for kind in Kind)
    assert words.kind_name("book") == "book"


def test_plurals_are_counted() -> None:
    assert words.say("%n play(s)", 1) == "1 play"
    assert words.say("%n play(s)", 2) == "2 plays"
    assert words.say("play(s)") == "play(s)"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Trakt gave no usable answer (HTTP 503).", "Trakt gave no usable answer."),
        ("It is switched off (HTTP 403): Come back later", "It is switched off: Come back later."),
        ("Last.fm has trouble (HTTP 500, error 8): Backend", "Last.fm has trouble: Backend."),
        ("Denied", "Denied."),
        ("Room for 403 plays (HTTP).", "Room for 403 plays (HTTP)."),
    ],
)
def test_an_errors_own_words_become_a_sentence(text: str, sentence: str) -> None:
    assert words.whole(text) == sentence
