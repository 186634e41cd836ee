"""When a play counts: the T section of the ledger, told as recordings."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from revenge_companion.core.media import Item, Kind
from revenge_companion.core.playback import EventType, PlaybackEvent, PlayState, Source
from revenge_companion.core.reasons import Reason
from revenge_companion.core.session import SessionTracker
from revenge_companion.core.thresholds import Rules
from revenge_companion.engine.replay import Line, Replayed
from revenge_companion.revenge.wire import read_frame
from tests.tape import FAR, START, Tape, counted_at, reasons, started

FILM = 6000.0


def film(position: float = 0.0, duration: float | None = FILM) -> Tape:
    return started("movie", duration, position)


@pytest.mark.parametrize(
    ("duration", "counts"),
    [(200.0, 100.0), (480.0, 240.0), (2000.0, 240.0), (31.0, 15.5), (None, 240.0)],
    ids=["half", "half is four minutes", "four minutes", "just long enough", "unknown length"],
)
def test_a_track_counts_at_half_or_four_minutes(duration: float | None, counts: float) -> None:
    result = started(duration=duration).play(10, 300, position=10).run()
    assert counted_at(result) == [counts]
    assert result.scrobbles[0]["played_seconds"] == pytest.approx(counts)


def test_exactly_thirty_seconds_never_counts() -> None:
    result = started(duration=30.0).play(10, 30, position=10).frame(30, "completed", 30).run()
    assert (counted_at(result), reasons(result)) == ([], ["too_short"])


def test_a_track_is_dated_at_its_start() -> None:
    result = started().play(10, 110, position=10).run()
    assert result.scrobbles[0]["started_at"] == "2026-11-20T20:00:00.000Z"


def test_a_play_counts_between_two_frames() -> None:
    assert counted_at(started().play(15, 105, position=15, step=15).run()) == [100.0]


def test_paused_time_does_not_count() -> None:
    tape = started().play(10, 60, position=10).frame(60, "paused", 60)
    tape.frame(600, "resumed", 60).play(610, 700, position=70)
    assert counted_at(tape.run()) == [640.0]


def test_a_paused_play_never_counts_by_itself() -> None:
    tape = started().play(10, 90, position=10).frame(95, "paused", 95).frame(5000, "progress", 95)
    assert counted_at(tape.run()) == []


def test_seeking_forward_adds_nothing_to_a_track() -> None:
    tape = started().play(10, 40, position=10)
    tape.frame(45, "seeked", 150, from_position_seconds=45).play(55, 95, position=160)
    tape.frame(95, "completed", 200)
    result = tape.run()
    assert (counted_at(result), reasons(result)) == ([], ["played_too_little"])


def test_an_unannounced_jump_adds_only_the_time_that_passed() -> None:
    tape = started().play(10, 40, position=10).play(50, 85, position=160, step=5)
    result = tape.frame(86, "stopped", 196).run()
    assert counted_at(result) == []


def test_seeking_back_and_listening_again_counts_as_playing() -> None:
    tape = started().play(10, 60, position=10)
    tape.frame(60, "seeked", 20, from_position_seconds=60).play(70, 110, position=30)
    assert counted_at(tape.run()) == [100.0]


def test_a_stalled_player_adds_nothing() -> None:
    tape = started().play(10, 80, position=10)
    for at in range(90, 400, 10):
        tape.frame(at, "progress", 80, state="playing")
    tape.play(410, 450, position=90)
    assert counted_at(tape.run())[0] == pytest.approx(420.0, abs=2.1)


def test_a_repeated_frame_changes_nothing() -> None:
    tape = started().play(10, 90, position=10)
    for at in range(91, 99):
        tape.frame(at, "progress", 90, stamp=90, event_id="e10")
    assert counted_at(tape.frame(99, "stopped", None).run()) == []


def test_a_frame_sent_again_under_another_id_changes_nothing() -> None:
    tape = started().play(10, 90, position=10)
    for at in range(91, 99):
        tape.frame(at, "progress", 90, stamp=90, state="playing")
    assert counted_at(tape.frame(100, "progress", 100).run()) == [100.0]
    assert counted_at(tape.run()) == [100.0]


def test_frames_out_of_order_count_once() -> None:
    tape = started().play(10, 50, position=10)
    tape.frame(51, "progress", 20, stamp=20).frame(52, "progress", 30, stamp=30)
    tape.play(60, 150, position=60)
    assert counted_at(tape.run()) == [100.0]


def test_a_missing_or_zero_stop_position_erases_nothing() -> None:
    for position in (None, 0, 0.0):
        result = started().play(10, 95, position=10, step=5).frame(105, "stopped", position).run()
        assert counted_at(result) == [100.0]


def test_a_stop_position_far_ahead_is_not_playing() -> None:
    result = started().play(10, 50, position=10).frame(55, "stopped", 200).run()
    assert counted_at(result) == []


def test_late_frames_that_come_in_step_do_not_begin_a_second_play() -> None:
    tape = started(duration=480.0).play(10, 250, position=10)
    for at in (290, 300, 310):
        tape.frame(at, "progress", at - 290, stamp=at - 290, state="playing")
    assert counted_at(tape.play(320, 480, position=320).run()) == [240.0]


def test_a_repeat_after_the_clock_of_the_server_stepped_back_is_a_new_play() -> None:
    tape = started().play(10, 190, position=10)
    for at in range(200, 400, 10):
        tape.frame(at, "progress", at - 200, stamp=at - 3600, state="playing")
    assert counted_at(tape.run()) == [100.0, 300.0]


def test_silence_counts_only_where_a_later_position_proves_it() -> None:
    silent = started(duration=1000.0).play(10, 20, position=10)
    assert counted_at(silent.frame(400, "stopped", None).run()) == []
    proven = started(duration=1000.0).play(10, 20, position=10).frame(400, "progress", 400)
    assert counted_at(proven.run()) == [400.0]


def test_time_while_disconnected_counts_only_where_a_later_position_proves_it() -> None:
    lost = started().play(10, 50, position=10).control(55, "disconnect").control(300, "reconnect")
    lost.frame(300, "progress", 50, state="paused")
    assert counted_at(lost.run()) == []
    kept = started().play(10, 50, position=10).control(55, "disconnect").control(130, "reconnect")
    kept.frame(130, "progress", 130)
    assert counted_at(kept.run()) == [130.0]


def test_a_jump_while_disconnected_proves_nothing() -> None:
    tape = started(duration=2000.0).play(10, 50, position=10).control(55, "disconnect")
    tape.control(100, "reconnect").frame(100, "progress", 900)
    assert counted_at(tape.frame(101, "stopped", 901).run()) == []


def test_an_eight_hour_suspend_adds_nothing() -> None:
    tape = started().play(10, 60, position=10).frame(28800, "progress", 61, state="playing")
    assert counted_at(tape.frame(28801, "stopped", 62).run()) == []


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_jump_of_a_day_changes_nothing(days: int) -> None:
    jump = days * 86400.0
    tape = started().play(10, 50, position=10)
    for at in range(60, 160, 10):
        tape.frame(at, "progress", at, stamp=at + jump)
    assert counted_at(tape.run())[0] == pytest.approx(100.0, abs=10.1)
    assert len(tape.run().scrobbles) == 1


def test_double_speed_counts_content_time() -> None:
    tape = Tape().frame(0, "started", 0, playback_rate=2.0)
    for at in range(10, 90, 10):
        tape.frame(at, "progress", 2.0 * at, playback_rate=2.0)
    assert counted_at(tape.run()) == [50.0]


def test_repeat_one_is_a_new_play() -> None:
    tape = started().play(10, 190, position=10).play(205, 325, position=5)
    result = tape.run()
    assert counted_at(result) == [100.0, 300.0]
    assert result.scrobbles[1]["started_at"] == "2026-11-20T20:03:20.000Z"


def test_a_restart_after_it_counted_is_a_new_play() -> None:
    tape = started().play(10, 110, position=10).frame(115, "stopped", 115)
    tape.frame(120, "started", 0).play(130, 240, position=10)
    assert counted_at(tape.run()) == [100.0, 220.0]


def test_aborted_music_plays_never_add_up() -> None:
    tape = started().play(10, 60, position=10).frame(60, "stopped", 60)
    tape.frame(70, "started", 0).play(80, 130, position=10).frame(130, "stopped", 60)
    result = tape.run()
    assert (counted_at(result), reasons(result)) == ([], ["played_too_little"] * 2)


def test_a_second_session_is_a_new_play() -> None:
    tape = started().play(10, 110, position=10).frame(110, "stopped", 110)
    tape.session = "s2"
    tape.frame(200, "started", 0).play(210, 310, position=10)
    assert counted_at(tape.run()) == [100.0, 300.0]


def test_the_rest_of_a_counted_track_is_no_new_play() -> None:
    tape = started(duration=1200.0).play(10, 300, position=10).frame(300, "stopped", 300)
    tape.frame(900, "started", 300).play(910, 1700, position=310).frame(1800, "completed", 1200)
    result = tape.run()
    assert (counted_at(result), reasons(result)) == ([240.0], ["rest_of_counted"])


def test_an_album_in_one_session_counts_each_track() -> None:
    tape = started().play(10, 190, position=10)
    tape.media = "m2"
    tape.frame(198, "started", 0)
    tape.media = "m1"
    tape.frame(200, "stopped", 200)
    tape.media = "m2"
    tape.play(208, 330, position=10)
    result = tape.run()
    assert [(e["media_id"], e["counted_at_s"]) for e in result.scrobbles] == [
        ("m1", 100.0),
        ("m2", 298.0),
    ]
    assert result.rejected == []


# Video


def test_a_film_counts_at_eighty_percent_reached_while_playing() -> None:
    result = film().play(10, 4900, position=10).run()
    assert counted_at(result) == [4800.0]
    assert result.scrobbles[0]["reason"] == "Reached 80 % while playing: it counts from 80 %."


def test_a_film_shorter_than_ten_minutes_never_counts() -> None:
    result = film(duration=599.0).play(10, 590, position=10).frame(599, "completed", 599).run()
    assert (counted_at(result), reasons(result)) == ([], ["too_short"])


def test_jumping_past_the_threshold_counts_only_after_playing_on() -> None:
    tape = film().play(10, 60, position=10)
    tape.frame(60, "seeked", 5000, from_position_seconds=60).play(70, 500, position=5010)
    assert counted_at(tape.run()) == [360.0]


def test_jumping_to_the_end_does_not_count() -> None:
    tape = film().play(10, 60, position=10).frame(60, "seeked", 5950, from_position_seconds=60)
    result = tape.play(70, 100, position=5960).frame(110, "completed", 6000).run()
    assert (counted_at(result), reasons(result)) == ([], ["skipped_past"])


def test_seeking_below_the_threshold_and_playing_across_counts_there() -> None:
    tape = film().frame(5, "seeked", 4700, from_position_seconds=5).play(15, 200, position=4710)
    assert counted_at(tape.run()) == [105.0]


def test_yesterdays_film_resumed_at_seventy_percent_counts() -> None:
    result = film(position=4200.0).play(10, 700, position=4210).run()
    assert counted_at(result) == [600.0]


def test_a_film_may_be_watched_in_several_sittings() -> None:
    tape = film().play(10, 2000, position=10).frame(2000, "stopped", 2000)
    tape.session = "s2"
    tape.frame(50000, "started", 1990).play(50010, 53000, position=2000)
    result = tape.run()
    assert (counted_at(result), reasons(result)) == ([52810.0], ["stopped_early"])
    assert result.rejected[0]["reason"] == "Stopped at 33 %: it counts from 80 %."


def test_finishing_the_rest_of_a_counted_film_is_no_new_play() -> None:
    tape = film().play(10, 5000, position=10).frame(5000, "stopped", 5000)
    tape.session = "s2"
    tape.frame(90000, "started", 4980).play(90010, 91000, position=4990)
    result = tape.frame(91010, "completed", 6000).run()
    assert (counted_at(result), reasons(result)) == ([4800.0], ["rest_of_counted"])


def test_watching_a_counted_film_again_is_a_new_play() -> None:
    tape = film().play(10, 5000, position=10).frame(6000, "completed", 6000)
    tape.session = "s2"
    tape.frame(90000, "started", 0).play(90010, 94900, position=10)
    assert counted_at(tape.run()) == [4800.0, 94800.0]


def test_a_film_of_unknown_length_counts_only_when_completed() -> None:
    stopped = film(duration=None).play(10, 5000, position=10).frame(5000, "stopped", 5000).run()
    assert (counted_at(stopped), reasons(stopped)) == ([], ["length_unknown"])
    done = film(duration=0).play(10, 5000, position=10).frame(5005, "completed", None).run()
    assert counted_at(done) == [5005.0]


def test_each_episode_of_a_file_counts_at_its_share() -> None:
    tape = Tape("episode", 3000.0)
    tape.media_data = {
        "title": "Pilot",
        "series": {"title": "S"},
        "season_number": 1,
        "episode_number": 1,
        "episode_number_end": 2,
    }
    result = tape.frame(0, "started", 0).play(10, 2900, position=10).run()
    assert [(e["episode"], e["counted_at_s"]) for e in result.scrobbles] == [
        (1, 1200.0),
        (2, 2700.0),
    ]


def test_skipping_the_first_episode_of_a_file_counts_only_the_second() -> None:
    tape = Tape("episode", 3000.0)
    tape.media_data = {"title": "P", "episode_number": 1, "episode_number_end": 2}
    tape.frame(0, "started", 0).frame(5, "seeked", 1500, from_position_seconds=5)
    result = tape.play(15, 1400, position=1510).run()
    assert [e["episode"] for e in result.scrobbles] == [2]


def test_podcasts_are_off_until_switched_on() -> None:
    tape = started("podcast_episode", 1000.0).play(10, 900, position=10).frame(905, "stopped", 905)
    assert reasons(tape.run()) == ["podcasts_off"]
    assert counted_at(tape.run(podcasts=True)) == [800.0]


def test_an_audiobook_never_counts() -> None:
    result = started("audiobook", 9000.0).play(10, 20, position=10).frame(30, "stopped", 30).run()
    assert reasons(result) == ["kind_never_counts"]


def test_another_persons_frames_are_dropped() -> None:
    tape = started()
    for at in range(10, 200, 10):
        tape.frame(at, "progress", at, user_id="somebody else")
    assert tape.run().skipped == {"other_user": 19}


# What only the server's history shows


def reported(
    kind: Kind = Kind.MOVIE, at: float = 0.0, source: Source = Source.POLL
) -> PlaybackEvent:
    return PlaybackEvent(
        id="",
        type=EventType.COMPLETED,
        at=START + timedelta(seconds=at),
        at_s=at,
        session_id="poll/m1",
        item=Item(kind, "m1", "T", duration_s=FILM),
        state=PlayState.STOPPED,
        position_s=FILM,
        source=source,
    )


def test_a_film_finished_between_two_polls_counts_once() -> None:
    tracker = SessionTracker(Rules())
    first = tracker.feed(reported())
    assert [len(decision.scrobbles) for decision in first] == [1]
    assert first[0].scrobbles[0].counted_at == START
    assert tracker.feed(reported(at=60.0)) == []
    again = tracker.feed(reported(at=90000.0))
    assert [len(decision.scrobbles) for decision in again] == [1]


def seen(until: float, name: str = "stopped", session: str = "s1") -> SessionTracker:
    """A tracker that saw a film until that second, and its end unless `name` is empty."""
    tape = Tape("movie", FILM).frame(0, "started", 0).play(10, until, position=10)
    if name:
        tape.frame(until + 1, name, until + 1)
    tracker = SessionTracker(Rules())
    for line in tape.lines:
        event = read_frame(json.dumps(line.frame).encode(), at_s=line.at_s, now=FAR, user_id="u1")
        assert isinstance(event, PlaybackEvent)
        tracker.feed(replace(event, session_id=session))
    return tracker


def counts(tracker: SessionTracker, at: float) -> int:
    return sum(len(decision.scrobbles) for decision in tracker.feed(reported(at=at)))


@pytest.mark.parametrize("late", [0.0, 60.0, 1500.0])
def test_what_was_seen_and_counted_is_not_counted_from_the_history(late: float) -> None:
    assert counts(seen(5000.0), 5000.0 + late) == 0
    assert counts(seen(5000.0, name=""), 5000.0 + late) == 0


def test_what_was_seen_to_end_too_early_is_not_counted_from_the_history() -> None:
    assert counts(seen(4000.0), 4001.0) == 0


def polls(tracker: SessionTracker, *rows: tuple[float, EventType, float, float]) -> int:
    """Polled events: when polled, what, written when, at which position; returns what counts."""
    counted = 0
    for polled_s, kind, written_s, position in rows:
        ended = kind in (EventType.COMPLETED, EventType.STOPPED)
        state = PlayState.STOPPED if ended else PlayState.PLAYING
        event = replace(
            reported(at=written_s), at_s=polled_s, type=kind, state=state, position_s=position
        )
        counted += sum(len(decision.scrobbles) for decision in tracker.feed(event))
    return counted


def test_a_player_that_writes_less_often_than_it_is_polled_counts() -> None:
    tracker = SessionTracker(Rules())
    rows = [(0.0, EventType.STARTED, 0.0, 0.0)]
    for written in range(150, 5100, 150):
        rows.append((written - 60.0, EventType.PAUSED, written - 150.0, written - 150.0))
        rows.append((written + 20.0, EventType.RESUMED, float(written), float(written)))
    assert polls(tracker, *rows) == 1


def test_a_jump_between_two_polls_does_not_count() -> None:
    tracker = SessionTracker(Rules())
    rows = [
        (0.0, EventType.STARTED, 0.0, 100.0),
        (60.0, EventType.PROGRESS, 55.0, 5500.0),
        (75.0, EventType.COMPLETED, 70.0, 5600.0),
    ]
    assert polls(tracker, *rows) == 0


def test_a_polled_play_that_stood_still_is_finished_by_the_history() -> None:
    tracker = SessionTracker(Rules())
    for kind, at in ((EventType.STARTED, 0.0), (EventType.STOPPED, 700.0)):
        state = PlayState.PLAYING if kind is EventType.STARTED else PlayState.STOPPED
        tracker.feed(replace(reported(at=at), type=kind, state=state, position_s=3000.0))
    assert counts(tracker, 720.0) == 1


def test_a_rewatch_after_a_play_that_was_seen_counts_from_the_history() -> None:
    assert counts(seen(5000.0), 5000.0 + 3 * FILM) == 1
    assert counts(seen(4000.0), 4000.0 + 3 * FILM) == 1


def test_a_play_that_went_on_unseen_is_ended_by_the_history() -> None:
    tracker = seen(3000.0, name="")
    tracker.disconnected()
    (decision,) = tracker.feed(reported(at=6000.0))
    assert decision.ended
    assert len(decision.scrobbles) == 1
    assert decision.scrobbles[0].started_at == START
    assert counts(tracker, 6300.0) == 0


def test_a_rewatch_counts_although_the_play_before_was_never_seen_to_end() -> None:
    tracker = seen(5000.0, name="")
    tracker.disconnected()
    assert counts(tracker, 6000.0) == 0
    assert counts(tracker, 5000.0 + 30 * FILM) == 1


def test_what_was_left_out_is_not_counted_from_the_history() -> None:
    tracker = seen(3000.0, name="")
    tracker.forget_open(Reason.PRIVATE, at=START + timedelta(seconds=3000), at_s=3000.0)
    assert counts(tracker, 6000.0) == 0


def test_the_rest_of_a_play_that_counted_is_not_counted_from_the_history() -> None:
    tracker = seen(5000.0)
    again = started("movie", FILM, 5001.0)
    again.play(10, 900, position=5011.0).frame(901, "stopped", 5902.0)
    for line in again.lines:
        stamp = START + timedelta(days=1, seconds=line.at_s)
        assert isinstance(line.frame, dict)
        frame = {**line.frame, "timestamp": stamp.isoformat()}
        frame["id"] += "b"
        event = read_frame(
            json.dumps(frame).encode(), at_s=86400.0 + line.at_s, now=FAR, user_id="u1"
        )
        assert isinstance(event, PlaybackEvent)
        tracker.feed(replace(event, session_id="s2"))
    assert counts(tracker, 86400.0 + 960.0) == 0


def test_a_replay_after_the_history_was_read_counts_nothing_again() -> None:
    tracker = SessionTracker(Rules())
    assert counts(tracker, 5000.0) == 1
    tape = started("movie", FILM).play(10, 5000, position=10).frame(5001, "stopped", 5001)
    scrobbles = []
    for line in tape.lines:
        event = read_frame(
            json.dumps(line.frame).encode(), at_s=9000.0 + line.at_s / 1e6, now=FAR, user_id="u1"
        )
        assert isinstance(event, PlaybackEvent)
        scrobbles += [s for decision in tracker.feed(event) for s in decision.scrobbles]
    assert scrobbles == []


def test_an_end_without_a_beginning_proves_nothing_on_a_live_connection() -> None:
    assert SessionTracker(Rules()).feed(reported(source=Source.WEBSOCKET)) == []


# Restart


@pytest.mark.parametrize("cut", range(5, 130, 7))
def test_a_restart_neither_loses_nor_doubles_a_play(cut: int) -> None:
    tape = started().play(10, 190, position=10).frame(200, "completed", 200)
    tape.lines.append(Line(float(cut), control="restart"))
    tape.lines.sort(key=lambda line: line.at_s)
    result = tape.run()
    assert len(result.scrobbles) == 1
    assert result.scrobbles[0]["counted_at_s"] <= 130.0


def test_a_film_goes_on_counting_after_a_restart() -> None:
    tape = film().play(10, 4000, position=10).control(4003, "restart")
    assert counted_at(tape.play(4010, 4900, position=4010).run()) == [4800.0]


def test_nothing_counts_by_itself_after_a_restart() -> None:
    tape = started().play(10, 90, position=10).control(95, "restart").control(500, "reconnect")
    assert counted_at(tape.run()) == []


def test_the_end_of_the_file_ends_nothing() -> None:
    result = started().play(10, 50, position=10).run()
    assert (result.scrobbles, result.rejected) == ([], [])


def entries(result: Replayed) -> Iterable[dict[str, Any]]:
    return [*result.scrobbles, *result.rejected]


def test_every_outcome_has_a_code_and_a_filled_sentence() -> None:
    results = [
        started().play(10, 110, position=10).run(),
        started().play(10, 50, position=10).frame(55, "stopped", 55).run(),
        film().play(10, 60, position=10).frame(65, "stopped", 65).run(),
        film(duration=100.0).frame(65, "stopped", 65).run(),
    ]
    for entry in [entry for result in results for entry in entries(result)]:
        assert entry["reason_code"]
        assert entry["reason"].endswith(".")
        assert "?" not in entry["reason"]
        assert "{" not in entry["reason"]
