"""The window in another language: what is chosen, what follows it, and what English is spared."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialogButtonBox,
    QLabel,
    QMessageBox,
    QWidget,
)

from revenge_companion import app
from revenge_companion.core.reasons import Fact, Reason
from revenge_companion.ui import language, words
from revenge_companion.ui.context import Context
from revenge_companion.ui.language import Language, languages, own_name
from revenge_companion.ui.places import Place
from revenge_companion.ui.shell import Shell
from revenge_companion.ui.tray_state import Do
from revenge_companion.ui.window import Window
from tests.clock import FakeClock, settle
from tests.ui.fake_engine import FakeEngine

AUSTRIAN = QLocale(QLocale.Language.German, QLocale.Country.Austria)
BRITISH = QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    QLocale.setDefault(BRITISH)


@pytest.fixture
def spoken(qapp: QApplication) -> Iterator[Language]:
    made = Language(qapp)
    yield made
    made.end()


def test_german_is_a_language_and_has_its_own_name() -> None:
    assert languages()[0] == "en"
    assert "de" in languages()
    assert (own_name("en"), own_name("de")) == ("English", "Deutsch")


def test_everything_follows_the_language(spoken: Language) -> None:
    assert spoken.choose("de")

    assert words.say("Activity") == "Aktivität"
    assert words.say("%n play(s) waiting to be sent.", 1) == "1 Wiedergabe wartet auf das Senden."
    assert words.say("%n play(s) waiting to be sent.", 3) == "3 Wiedergaben warten auf das Senden."
    assert words.number(12_345) == "12.345"
    assert words.told("x.org did not answer in time.") == "x.org hat nicht rechtzeitig geantwortet."
    facts = {"duration": "0:20", "kind": "a track", "threshold": "0:31"}
    assert words.reason(Reason.TOO_SHORT, facts) == "Nur 0:20 lang: Ein Track zählt ab 0:31."
    shares: dict[str, Fact] = {"percent": 61.5, "needed": 80}
    assert words.reason(Reason.STOPPED_EARLY, shares).startswith("Bei 61,5")
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    assert buttons.buttons()[0].text() == "Abbrechen"
    buttons.deleteLater()


def test_english_comes_back_whole(spoken: Language) -> None:
    spoken.choose("de")
    assert spoken.choose("en")

    assert words.say("Activity") == "Activity"
    assert words.say("%n play(s)", 2) == "2 plays"
    assert words.number(12_345) == "12,345"


def test_a_field_in_a_finished_sentence_is_called_as_in_the_window(spoken: Language) -> None:
    spoken.choose("de")

    told = words.told("Season has to be a whole number from 0 to 10000.")
    assert told == "Staffel muss eine ganze Zahl von 0 bis 10000 sein."


def test_what_a_language_lacks_stays_english(spoken: Language) -> None:
    spoken.choose("de")

    assert words.say("%n thing(s) nobody has translated", 2) == "2 things nobody has translated"
    assert words.told("Nobody has translated this.") == "Nobody has translated this."
    assert words.told("") == ""


def test_the_system_decides_unless_told_otherwise(qapp: QApplication) -> None:
    QLocale.setDefault(AUSTRIAN)
    spoken = Language(qapp)
    try:
        spoken.choose("system")
        assert (spoken.code, QLocale()) == ("de", AUSTRIAN)
        # English words in Austria: its dates and hours all the same.
        spoken.choose("en")
        assert spoken.code == "en"
        assert QLocale().language() is QLocale.Language.English
        assert QLocale().territory() is QLocale.Country.Austria
    finally:
        spoken.end()
    assert QLocale() == AUSTRIAN


@pytest.mark.parametrize("wanted", ["system", "xx", "../../secret"])
def test_what_is_not_there_is_taken_for_the_systems(spoken: Language, wanted: str) -> None:
    spoken.choose(wanted)

    assert (spoken.code, QLocale()) == ("en", BRITISH)


def test_choosing_the_same_again_changes_nothing(spoken: Language) -> None:
    assert [spoken.choose(one) for one in ("de", "de", "en", "system")] == [
        True,
        False,
        True,
        False,
    ]


def test_english_reads_no_file(spoken: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    def unread(name: str) -> object:
        raise AssertionError(name)

    monkeypatch.setattr(language, "resource", unread)
    spoken.choose("en")
    spoken.choose("system")


@pytest.mark.expected_logs("cannot be read")
@pytest.mark.parametrize(
    "broken", ["msgid Nothing\n", 'msgid ""\nmsgstr "Plural-Forms: plural=x;"\n']
)
def test_a_broken_file_leaves_english(
    spoken: Language, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broken: str
) -> None:
    path = tmp_path / "de.po"
    path.write_text(broken)
    monkeypatch.setattr(language, "resource", lambda _name: path)
    spoken.choose("de")

    assert words.say("%n play(s)", 2) == "2 plays"


def test_what_stops_the_start_is_said_in_the_systems_language(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    QLocale.setDefault(AUSTRIAN)
    said: list[str] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: said.append(box.text()))
    sentence = "Revenge Companion is already running without a window."

    assert app._refused_to_eyes(sentence) == 1  # noqa: SLF001  # two programs would be needed
    assert said == ["Revenge Companion läuft schon, ohne Fenster."]
    assert capsys.readouterr().err == f"{sentence}\n"


@pytest.mark.parametrize("code", languages())
async def test_no_two_controls_of_a_page_share_their_key(
    code: str, context: Context, busy_engine: FakeEngine, spoken: Language
) -> None:
    spoken.choose(code)
    window = Window(context, has_tray=lambda: True)
    try:
        window.show()
        for place in Place:
            window.sidebar.choose(place)
            await settle()
            keys = Counter(_keys(window))
            assert place is not Place.SETTINGS or len(keys) > 15
            assert [key for key, count in keys.items() if count > 1] == [], place
    finally:
        window.shut()
        window.deleteLater()
        await settle()


def _keys(window: QWidget) -> Iterator[str]:
    """The access keys of what can be seen of a window."""
    for one in window.findChildren(QWidget):
        has_key = isinstance(one, QAbstractButton) or (isinstance(one, QLabel) and one.buddy())
        if has_key and one.isVisible():
            found = re.search(r"(?<!&)&([^& ])", one.text())  # type: ignore[attr-defined]
            if found:
                yield found[1].casefold()


async def test_the_window_speaks_the_language_at_once(
    busy_engine: FakeEngine, clock: FakeClock, qapp: QApplication
) -> None:
    shell = Shell(busy_engine, clock=clock, app=qapp, quit_requested=lambda: None)
    try:
        shell.show(minimised=False)
        shell.window.show_settings()
        await settle()
        before = shell.window
        page = before.settings
        page.language.setCurrentIndex(page.language.findData("de"))
        await settle()

        assert busy_engine.settings.language == "de"
        window = shell.window
        assert window is not before
        assert window.isVisible()
        assert window.pages.currentWidget() is window.settings
        assert window.settings.language.currentText() == "Deutsch"
        assert window.focusWidget() is window.settings.language
        assert window.sidebar.list.item(Place.OUTBOX).text().startswith("Postausgang")
        quitting = [line.text for line in shell.tray_state().lines if line.do is Do.QUIT]
        assert quitting == ["Beenden"]

        # What the engine tells from now on reaches the new window and troubles no old one.
        busy_engine.become(trouble="The disk is full. Free some space; nothing that was queued is "
                           "lost.")  # fmt: skip
        await settle()
        assert window.isVisible()
        window.settings.language.setCurrentIndex(window.settings.language.findData("en"))
        await settle()
        assert shell.window.sidebar.list.item(Place.OUTBOX).text().startswith("Outbox")
    finally:
        shell.close()
        await settle()


async def test_a_window_that_was_never_opened_is_not_built_for_it(
    busy_engine: FakeEngine, clock: FakeClock, qapp: QApplication
) -> None:
    shell = Shell(busy_engine, clock=clock, app=qapp, quit_requested=lambda: None)
    try:
        await busy_engine.save_settings(replace(busy_engine.settings, language="de"))
        await settle()

        assert not shell.window_built
        quitting = [line.text for line in shell.tray_state().lines if line.do is Do.QUIT]
        assert quitting == ["Beenden"]
    finally:
        shell.close()
        await settle()
