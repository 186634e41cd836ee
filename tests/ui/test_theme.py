"""Both themes are readable, every icon is there, and nothing of the window runs a nested loop."""

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QLabel

import revenge_companion.ui
from revenge_companion.ui.resources import resource, svg_text
from revenge_companion.ui.style import Theme
from revenge_companion.ui.theme import (
    Tone,
    palette,
    svg_icon,
    svg_pixmap,
    themed_icon,
    tone_colour,
)
from revenge_companion.ui.tray_state import TrayIcon
from revenge_companion.ui.widgets.account_card import service_mark
from revenge_companion.ui.widgets.qr import QrCode
from revenge_companion.ui.widgets.text import Text
from tests.ui.fake_engine import SPECS


def contrast(one: QColor, other: QColor) -> float:
    """The contrast of two colours as WCAG counts it."""

    def light(colour: QColor) -> float:
        parts = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (colour.redF(), colour.greenF(), colour.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("tone", list(Tone))
def test_every_tone_can_be_read_on_every_ground(dark: bool, tone: Tone) -> None:
    of = palette(dark)
    role = QPalette.ColorRole

    for ground in (role.Window, role.Base, role.AlternateBase):
        assert contrast(tone_colour(of, tone), of.color(ground)) >= 4.5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_what_is_selected_can_be_read(dark: bool) -> None:
    of = palette(dark)
    role = QPalette.ColorRole

    assert contrast(of.color(role.HighlightedText), of.color(role.Highlight)) >= 4.5


def test_the_setting_overrules_the_system(qapp: QApplication) -> None:
    theme = Theme(qapp)
    label = Text("muted", tone=Tone.MUTED)
    changes: list[None] = []
    theme.changed.connect(lambda: changes.append(None))
    theme.want("dark")
    qapp.processEvents()
    assert theme.dark
    assert label.palette().color(QPalette.ColorRole.WindowText) == tone_colour(
        palette(True), Tone.MUTED
    )
    theme.want("light")
    theme.want("light")
    theme.want("nonsense")
    assert theme.dark is theme.system_dark
    assert len(changes) == 3
    theme.want("light")
    theme.deleteLater()


@pytest.mark.parametrize("state", list(TrayIcon))
def test_each_tray_state_has_an_icon_of_its_own(state: TrayIcon, qapp: QApplication) -> None:
    own = svg_text(f"tray/{state}")
    others = [svg_text(f"tray/{other}") for other in TrayIcon if other is not state]

    assert own not in others
    assert not svg_icon(f"tray/{state}").pixmap(24, 24).isNull()


def test_icons_take_the_colour_of_the_theme(qapp: QApplication) -> None:
    def darkest(dark: bool) -> int:
        image = themed_icon("settings", palette(dark)).pixmap(20, 20).toImage()
        colours = [image.pixelColor(x, y) for x in range(20) for y in range(20)]
        return min(colour.lightness() for colour in colours if colour.alpha() > 200)

    assert darkest(False) < 100 < darkest(True)


def test_services_are_marked_by_what_they_take_not_by_their_name() -> None:
    assert [service_mark(spec) for spec in SPECS] == [
        "services/video",
        "services/video",
        "services/music",
        "services/music",
    ]
    assert service_mark(None)


def test_a_missing_resource_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"icons/none\.svg"):
        resource("icons/none.svg")


def test_every_icon_draws_something(qapp: QApplication) -> None:
    folder = resource("icons/app.svg").parent
    for path in folder.rglob("*.svg"):
        name = path.relative_to(folder).with_suffix("").as_posix()
        image = svg_pixmap(name, QColor("black"), 24).toImage()
        drawn = sum(image.pixelColor(x, y).alpha() > 0 for x in range(24) for y in range(24))
        assert drawn > 20, name


def test_a_qr_code_is_dark_on_white_in_the_dark_too(qapp: QApplication) -> None:
    code = QrCode()
    code.setPalette(palette(True))
    code.show_address("https://auth.example.org/activate/ABCD-1234")
    image = code.grab().toImage()
    colours = {image.pixelColor(x, y).name() for x in range(0, 168, 2) for y in range(0, 168, 2)}

    assert colours == {"#000000", "#ffffff"}
    assert image.pixelColor(2, 2).name() == "#ffffff"
    code.show_address("x" * 10_000)
    assert code.grab().toImage().pixelColor(84, 84).name() == "#ffffff"


def test_remote_text_is_never_read_as_markup(qapp: QApplication) -> None:
    plain, bold = Text("<b>x</b>"), QLabel("x")

    assert plain.sizeHint().width() > 3 * bold.sizeHint().width()


def test_no_module_of_the_window_runs_a_loop_of_its_own() -> None:
    nested = re.compile(
        r"\.exec\(|\.exec_\(|processEvents|QEventLoop\(|QMessageBox\.(question|warning|information"
        r"|critical|about)\(|QFileDialog\.get|QInputDialog\.get|QThread\.|time\.sleep"
    )
    folder = Path(revenge_companion.ui.__file__).parent
    for path in folder.rglob("*.py"):
        assert not nested.search(path.read_text(encoding="utf-8")), path.name


def test_the_tray_is_imported_without_the_window() -> None:
    import subprocess
    import sys

    code = (
        "import sys; import revenge_companion.ui.shell; "
        "heavy = ('ui.window', 'ui.pages', 'ui.dialogs', 'ui.models', 'segno', 'httpx', 'peewee',"
        " 'keyring', 'websockets', 'PySide6.QtNetwork');"
        "print([name for name in sys.modules if any(part in name for part in heavy)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
