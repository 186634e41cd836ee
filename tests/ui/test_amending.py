"""Undo, edit, the last hour, and rules, in the tray and the window."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QMessageBox

from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.errors import EditRefused, RuleRefused
from revenge_companion.core.rules import Action, Field, Match, Rule, Seen
from revenge_companion.ui.amend_words import (
    edited_field,
    rule_field,
    rule_sentence,
    undone_lines,
    undone_title,
)
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.edit import EditDialog
from revenge_companion.ui.dialogs.rule import RuleDialog
from revenge_companion.ui.dialogs.rules_preview import RulesPreviewDialog
from revenge_companion.ui.places import Place
from revenge_companion.ui.tray_state import Do, MenuLine, tray_state
from revenge_companion.ui.window import Window
from tests.clock import FakeClock, settle
from tests.ui.fake_amending import RULES, undone
from tests.ui.fake_engine import NOW, SIGNED_IN, WORDS, FakeEngine, play

NAMES = {"trakt": "Trakt", "simkl": "Simkl", "lastfm": "Last.fm", "listenbrainz": "ListenBrainz"}


@pytest.fixture
async def window(context: Context, busy_engine: FakeEngine) -> AsyncIterator[Window]:
    busy_engine.amending.past = [Seen(4, replace(WORDS, artist="low"), "Kitchen", NOW)]
    made = Window(context, has_tray=lambda: True)
    made.show()
    await settle()
    yield made
    made.shut()
    made.deleteLater()
    await settle()


def the_box() -> QMessageBox:
    (box,) = [
        one
        for one in QApplication.topLevelWidgets()
        if isinstance(one, QMessageBox) and one.isVisible()
    ]
    return box


async def press(text: str) -> None:
    """Press a button of the question that is open."""
    box = the_box()
    button = next(one for one in box.buttons() if one.text().replace("&", "") == text)
    button.click()
    await settle()


def flat(lines: tuple[MenuLine, ...]) -> list[MenuLine]:
    return [one for line in lines for one in (line, *flat(line.children))]


# The tray


def test_the_trays_last_scrobbles_can_be_undone() -> None:
    record = play(7, WORDS)
    lines = flat(tray_state(SIGNED_IN, [record], NAMES, NOW, 0.0).lines)
    (undo,) = [line for line in lines if line.do is Do.UNDO]
    assert (undo.text, undo.target) == ("Undo", str(record.id))
    assert [line.target for line in lines if line.do is Do.SHOW_PLAY] == [str(record.id)]


def test_what_is_undone_everywhere_is_not_offered_again() -> None:
    record = play(7, WORDS)
    gone = tuple(replace(fate, state="undone") for fate in record.destinations)
    record = replace(record, destinations=gone)
    lines = flat(tray_state(SIGNED_IN, [record], NAMES, NOW, 0.0).lines)
    assert not [line for line in lines if line.do is Do.UNDO]


@pytest.mark.parametrize("paused", [False, True])
def test_dropping_the_last_hour_is_in_the_pause_menu(paused: bool) -> None:
    status = replace(SIGNED_IN, paused_until=NOW + timedelta(hours=1) if paused else None)
    lines = flat(tray_state(status, [], NAMES, NOW, 0.0).lines)
    assert len([line for line in lines if line.do is Do.DROP_HOUR]) == 1


# Words


def test_each_destination_says_what_became_of_it() -> None:
    results = [
        undone(True, "removed"),
        undone(False, "cannot_undo", "Last.fm"),
        undone(False, "undo_failed", "Simkl", "No answer."),
    ]
    assert undone_lines(results).splitlines() == [
        "Trakt removed it.",
        "Last.fm does not let programs remove plays. Remove it on its website.",
        "Simkl could not be asked to remove it. No answer.",
    ]
    assert undone_lines(results[:1], titles=True).startswith("Dune: Part Two (2024): Trakt")
    assert undone_title(results[:1]) == "Undone"
    assert undone_title(results) == "Not undone everywhere"


def test_every_field_and_rule_has_words() -> None:
    assert all(rule_field(field) != field.value for field in Field)
    assert edited_field("series_tmdb") == "Series: TMDB id"
    assert rule_sentence(RULES[0]).endswith("(nothing)")
    assert "The Wiggles" in rule_sentence(RULES[2])


# The window


async def test_a_play_is_undone_from_its_story(window: Window, busy_engine: FakeEngine) -> None:
    wanted = busy_engine.ledger[0].id
    window.show_play(wanted)
    await settle()
    window.activity.story.undo.click()
    await settle()
    await press("Undo")
    assert busy_engine.amending.asked == [("undo", wanted)]
    assert "Trakt removed it." in the_box().text()
    await press("OK")


async def test_an_undo_that_is_not_meant_asks_nothing_of_anybody(
    window: Window, busy_engine: FakeEngine
) -> None:
    window.show_play(busy_engine.ledger[0].id)
    await settle()
    window.activity.story.undo.click()
    await settle()
    await press("Cancel")
    assert busy_engine.amending.asked == []


async def test_the_last_hour_is_dropped_after_a_question(
    window: Window, busy_engine: FakeEngine
) -> None:
    busy_engine.amending.results = [undone(False, "cannot_undo", "Last.fm")]
    window.drop_last_hour()
    await settle()
    await press("Drop the last hour")
    assert busy_engine.calls("pause") == [(None,)]
    assert busy_engine.amending.asked == [("drop_last_hour",)]
    assert "Dune: Part Two (2024): Last.fm does not let" in the_box().text()
    await press("OK")


async def test_a_waiting_delivery_is_edited(window: Window, busy_engine: FakeEngine) -> None:
    window.sidebar.choose(Place.OUTBOX)
    await settle()
    row = next(
        number
        for number, one in enumerate(busy_engine.deliveries)
        if one.delivery.state is DeliveryState.PENDING
    )
    window.outbox.view.selectRow(row)
    assert window.outbox.edit.isEnabled()
    window.outbox.edit.click()
    await settle()
    (dialog,) = window.outbox.findChildren(EditDialog)
    assert not dialog.save_button.isEnabled()
    dialog.fields["title"].setText("Dune: Part Two")
    dialog.date.setDateTime(dialog.date.dateTime().addDays(-1))
    busy_engine.amending.fails = EditRefused("A film needs a title.")
    dialog.save_button.click()
    await settle()
    assert dialog.message.text() == "A film needs a title."
    busy_engine.amending.fails = None
    dialog.save_button.click()
    await settle()
    assert busy_engine.amending.asked[-1][2] == {
        "title": "Dune: Part Two",
        "date": "2026-02-28T19:58:00Z",
    }
    assert not [one for one in window.outbox.findChildren(EditDialog) if one.isVisible()]


async def test_the_hold_is_a_setting(
    window: Window, busy_engine: FakeEngine, clock: FakeClock
) -> None:
    window.show_settings()
    await settle()
    window.settings.hold.setValue(5)
    window.sidebar.choose(Place.ACTIVITY)
    await settle()
    assert busy_engine.settings.hold_minutes == 5
    assert window.settings.hold.text() == "5 minutes"


async def editor_of(window: Window) -> object:
    window.show_settings()
    await settle()
    return window.settings.rules


async def test_a_rule_is_added_changed_and_removed(window: Window, busy_engine: FakeEngine) -> None:
    await editor_of(window)
    editor = window.settings.rules
    assert editor.empty.isVisibleTo(window)
    editor.add.click()
    await settle()
    (dialog,) = window.findChildren(RuleDialog)
    assert not dialog.save_button.isEnabled()
    dialog.name.setText("Low")
    dialog.find_text.setText("(a+)+")
    dialog.match.setCurrentIndex(dialog.match.findData(Match.REGEX))
    assert "repeated group" in dialog.message.text()
    assert not dialog.save_button.isEnabled()
    dialog.match.setCurrentIndex(dialog.match.findData(Match.WHOLE))
    dialog.find_text.setText("low")
    dialog.field.setCurrentIndex(dialog.field.findData(Field.ARTIST))
    dialog.replacement.setText("Low")
    dialog.save_button.click()
    await settle()
    assert busy_engine.amending.rules == (
        Rule("Low", Action.CORRECT, Field.ARTIST, "low", replace="Low"),
    )
    editor.table.selectRow(0)
    editor.edit.click()
    await settle()
    (dialog,) = [one for one in window.findChildren(RuleDialog) if one.isVisible()]
    dialog.action.setCurrentIndex(dialog.action.findData(Action.BLOCK))
    dialog.field.setCurrentIndex(dialog.field.findData(Field.DEVICE))
    assert not dialog.replacement.isVisible()
    dialog.save_button.click()
    await settle()
    assert busy_engine.amending.rules == (Rule("Low", Action.BLOCK, Field.DEVICE, "low"),)
    editor.table.item(0, 0).setCheckState(Qt.CheckState.Unchecked)
    await settle()
    assert not busy_engine.amending.rules[0].enabled
    editor.table.selectRow(0)
    editor.remove.click()
    await settle()
    assert busy_engine.amending.rules == ()


async def test_rules_change_places(window: Window, busy_engine: FakeEngine) -> None:
    busy_engine.amending.rules = RULES
    await editor_of(window)
    editor = window.settings.rules
    editor.table.selectRow(0)
    assert not editor.up.isEnabled()
    editor.table.selectRow(1)
    editor.up.click()
    await settle()
    assert busy_engine.amending.rules == (RULES[1], RULES[0], RULES[2])


async def test_rules_are_tried_on_past_plays(window: Window, busy_engine: FakeEngine) -> None:
    busy_engine.amending.rules = RULES
    await editor_of(window)
    window.settings.rules.preview.click()
    await settle()
    (dialog,) = window.findChildren(RulesPreviewDialog)
    assert dialog.summary.text() == "1 past play would have been changed"
    assert dialog.table.item(0, 2).text() == "Low in capitals"
    dialog.reject()
    await settle()


async def test_an_import_is_previewed_before_anything_is_kept(
    window: Window, busy_engine: FakeEngine, tmp_path: Path
) -> None:
    busy_engine.amending.file = RULES
    file = tmp_path / "rules.toml"
    file.touch()
    await editor_of(window)
    editor = window.settings.rules
    for accept in (False, True):
        editor.read.click()
        await settle()
        (chooser,) = [one for one in editor.findChildren(QFileDialog) if one.isVisible()]
        chooser.setDirectory(str(tmp_path))
        line = chooser.findChild(QLineEdit, "fileNameEdit")
        assert isinstance(line, QLineEdit)
        line.setText(file.name)
        chooser.done(QDialog.DialogCode.Accepted)
        await settle()
        (dialog,) = [one for one in window.findChildren(RulesPreviewDialog) if one.isVisible()]
        assert busy_engine.amending.rules == ()
        if accept:
            dialog.accept()
        else:
            dialog.reject()
        await settle()
    assert busy_engine.amending.rules == RULES


async def test_rules_that_cannot_be_kept_say_why(window: Window, busy_engine: FakeEngine) -> None:
    busy_engine.amending.rules = RULES
    await editor_of(window)
    busy_engine.amending.fails = RuleRefused("There is room for 500 rules.")
    window.settings.rules.table.selectRow(1)
    window.settings.rules.remove.click()
    await settle()
    assert window.settings.rules.trouble.text() == "There is room for 500 rules."
