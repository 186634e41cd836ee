"""What the story of a play says and draws, and how it is walked through."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.moments import read_course
from revenge_companion.core.passed_over import PassedOver
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import DestinationFate, PlayRecord
from revenge_companion.ui import story_words
from revenge_companion.ui.context import Context
from revenge_companion.ui.style import Theme
from revenge_companion.ui.widgets.story import Story
from tests.ui.fake_engine import NOW, FakeEngine
from tests.ui.stories import (
    STORIES,
    eventful_film,
    old_play,
    plain_film,
    playing_now,
    restless,
    short_track,
)

Show = Callable[[QWidget], None]


@pytest.fixture
def story(context: Context, busy_engine: FakeEngine, shown: Show) -> Story:
    made = Story(context)
    made.resize(420, 800)
    shown(made)
    return made


def lines(story: Story) -> list[str]:
    """The list of moments, as a screen reader reads it."""
    found = (story.moments.item(row) for row in range(story.moments.count()))
    return [item.text() for item in found if item.flags() & Qt.ItemFlag.ItemIsSelectable]


def texts(story: Story) -> list[str]:
    return [label.text() for label in story.findChildren(QLabel) if label.isVisible()]


def test_it_says_which_account_did_not_get_the_play_and_why(story: Story) -> None:
    def told(play: PlayRecord) -> list[str]:
        story.show_play(play)
        QApplication.processEvents()
        return texts(story)

    missed = PassedOver(9, "simkl", "home", Reason.OWN_THRESHOLD, {"percent": 85, "needed": 90})
    counted = replace(plain_film(), destinations=(), passed_over=(missed,))
    nobody = "It counted, but no linked account takes it."
    said = told(counted)
    why = "Stopped at 85\N{NO-BREAK SPACE}%: Simkl counts from 90\N{NO-BREAK SPACE}%."
    assert f"Simkl (home): {why}" in said
    assert nobody not in said
    assert story.undo.isHidden()
    assert nobody in told(replace(counted, passed_over=()))
    assert nobody not in told(replace(counted, passed_over=(), counted_at=None))


def test_a_plain_film_is_told_in_a_few_lines(story: Story) -> None:
    story.show_play(plain_film())
    assert lines(story) == [
        "17:00 began at 0:00",
        "19:12 counted at 2:12:48",
        "19:29 counted at 2:29:24 for accounts that count from 90\N{NO-BREAK SPACE}%",
        "19:46 ended at 2:46:00, 2:46:00 played",
    ]
    assert story.chart.accessibleDescription() == (
        "From 17:00 to 19:46 the position went from 0:00 to 2:46:00. It counts from 2:12:48. "
        "It counted 19:12."
    )


def test_what_happened_is_told_with_its_times(story: Story) -> None:
    story.show_play(eventful_film())
    assert lines(story)[1:9] == [
        "16:26 paused at 26:15",
        "16:38 went on at 26:15",
        "16:38 jumped from 26:16 to 31:00: this does not count as played",
        "17:18 the Companion was started again",
        "17:28 paused at 1:21:29",
        "18:43 went on at 1:21:29",
        "19:00 not observed from 1:38:09 on",
        "19:08 observed again at 1:46:29, which proves 8:20 as played",
    ]
    assert "2 pauses. 1 jump. Not observed 1 time." in story.chart.accessibleDescription()


def test_a_track_counts_by_what_was_played(story: Story) -> None:
    story.show_play(short_track())
    assert "Line: position. Shaded: played time. It counts from 2:54 of played time." in texts(
        story
    )
    assert lines(story)[-1] == "19:42 ended at 5:15, 2:00 played"


def test_an_old_play_has_no_drawing_and_says_nothing_about_it(story: Story) -> None:
    story.show_play(eventful_film())
    story.show_play(old_play())
    assert not story.chart.isVisible()
    assert not story.moments.isVisible()
    assert lines(story) == []
    assert not [text for text in texts(story) if "Line:" in text]
    assert story.findChildren(QLabel)[0].text() == "Severance S02E04"


def test_what_was_let_go_is_said(story: Story) -> None:
    story.show_play(restless())
    kept = read_course(restless().moments_text).moments
    note = story.moments.item(1)
    assert note.text().endswith(f"{82 - len(kept)} more moments, too many to keep")
    story.chart.choose(1)
    assert story.moments.currentItem().text() == lines(story)[1]


def test_a_play_that_goes_on_keeps_its_place_in_the_list(story: Story) -> None:
    story.show_play(playing_now())
    story.chart.choose(1)
    story.show_play(playing_now())
    assert (story.chart.chosen, story.moments.chosen) == (1, 1)
    story.show_play(plain_film())
    assert (story.chart.chosen, story.moments.chosen) == (-1, -1)


def test_the_moments_are_walked_through_with_the_keyboard(story: Story) -> None:
    story.show_play(eventful_film())
    story.chart.setFocus()
    QTest.keyClick(story.chart, Qt.Key.Key_Right)
    assert story.chart.accessibleDescription() == "16:00 began at 0:00"
    for _ in range(3):
        QTest.keyClick(story.chart, Qt.Key.Key_Right)
    assert story.chart.accessibleDescription().startswith("16:38 jumped from 26:16 to 31:00")
    QTest.keyClick(story.chart, Qt.Key.Key_Left)
    assert story.chart.accessibleDescription() == "16:38 went on at 26:15"
    for _ in range(20):
        QTest.keyClick(story.chart, Qt.Key.Key_Right)
    assert story.chart.chosen == len(lines(story)) - 1
    QTest.keyClick(story.chart, Qt.Key.Key_Home)
    assert story.chart.chosen == 0
    QTest.keyClick(story.chart, Qt.Key.Key_End)
    assert story.chart.chosen == len(lines(story)) - 1
    story.chart.clearFocus()
    assert story.chart.chosen == -1
    assert story.chart.accessibleDescription().startswith("From 16:00 to 19:38")


def test_the_list_is_walked_through_too_and_shows_in_the_drawing(story: Story) -> None:
    story.resize(300, 400)
    story.show_play(eventful_film())
    QApplication.processEvents()
    story.moments.setFocus()
    QTest.keyClick(story.moments, Qt.Key.Key_End)
    assert story.chart.chosen == len(lines(story)) - 1
    assert story.body.verticalScrollBar().value() > 0
    story.moments.clearFocus()
    assert story.chart.chosen == -1


def test_the_list_is_as_high_as_its_lines(story: Story) -> None:
    story.show_play(eventful_film())
    QApplication.processEvents()
    last = story.moments.item(story.moments.count() - 1)
    wide = story.moments.height()
    assert story.moments.visualItemRect(last).bottom() + 1 == wide
    story.resize(270, 800)
    QApplication.processEvents()
    assert story.moments.height() > wide
    assert story.moments.visualItemRect(last).bottom() + 1 == story.moments.height()


@pytest.mark.parametrize(("name", "play"), STORIES, ids=[name for name, _ in STORIES])
def test_nothing_is_wider_than_a_narrow_story(story: Story, name: str, play: PlayRecord) -> None:
    story.resize(260, 500)
    story.show_play(play)
    QApplication.processEvents()
    room = story.body.viewport().width()
    inner = story.body.widget()
    assert inner.minimumSizeHint().width() <= room
    assert inner.width() == room


def test_the_drawing_follows_the_theme(story: Story, qapp: QApplication) -> None:
    theme = Theme(qapp)
    theme.want("light")
    story.show_play(plain_film())
    QApplication.processEvents()
    light = _middle(story.chart.grab().toImage())
    theme.want("dark")
    QApplication.processEvents()
    dark = _middle(story.chart.grab().toImage())
    theme.want("light")
    theme.deleteLater()
    assert light > 150 > dark


def _middle(image: QImage) -> int:
    return image.pixelColor(image.width() - 20, image.height() // 2).lightness()


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        (("delivered", "", "", 1, NOW - timedelta(minutes=5)), "1 attempt, 19:55."),
        (
            ("pending", "service_down", "x", 4, NOW, NOW + timedelta(minutes=4)),
            "4 attempts, the last 20:00, the next in 4 min.",
        ),
        (("parked", "not_found", "x", 2, NOW, NOW), "2 attempts, the last 20:00."),
        (("pending",), "Not tried yet."),
        (("pending", "rate_limited"), ""),
        (("undone", "discarded"), ""),
    ],
)
def test_attempts_are_told_with_their_times(fate: tuple[object, ...], said: str) -> None:
    assert story_words.attempts(DestinationFate(1, "simkl", "", *fate), NOW) == said  # type: ignore[arg-type]


def test_a_destination_says_its_last_answer_in_the_services_words() -> None:
    fate = DestinationFate(
        1, "simkl", "", DeliveryState.PARKED, Reason.NOT_FOUND, "No movie 4711 (HTTP 404)", 1, NOW
    )
    assert story_words.destination(fate, "Simkl", NOW) == (
        "Simkl: parked. Simkl does not know this item. No movie 4711. 1 attempt, 20:00."
    )


def test_a_play_over_midnight_says_the_day() -> None:
    first = NOW.replace(hour=23, minute=50)
    assert story_words.when(first, first) == "23:50"
    assert story_words.when(first + timedelta(days=9), first) == "10/03/2026 23:50"
    assert story_words.when(first + timedelta(minutes=20), first) == "Mon 00:10"
