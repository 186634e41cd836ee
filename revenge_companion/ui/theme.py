"""Light and dark: our own palettes, one accent colour, a 4 px grid, recoloured icons."""

from enum import StrEnum

from PySide6.QtCore import QByteArray, QRectF, QSize
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from revenge_companion.ui.resources import svg_text

#: One step of the grid, in logical pixels.
GRID = 4
#: Room between the parts of a page, and around it.
GAP = 3 * GRID
MARGIN = 6 * GRID


class Tone(StrEnum):
    """What a colour says; a word or a sign always says it too."""

    PLAIN = "plain"
    MUTED = "muted"
    GOOD = "good"
    WAITING = "waiting"
    BAD = "bad"
    ACCENT = "accent"


#: Each text colour has at least 4.5:1 against `window` and `base` of its theme.
_LIGHT = {
    "window": "#F5F6F8", "base": "#FFFFFF", "alternate": "#F0F2F5", "button": "#FFFFFF",
    "text": "#1B1F24", "muted": "#59626D", "border": "#D3D8DF", "accent": "#2B5FC7",
    "on_accent": "#FFFFFF", "good": "#1B7446", "waiting": "#8A5A00", "bad": "#B3261E",
    "disabled": "#9098A3", "outlined": "#C1CCDA",
}  # fmt: skip
_DARK = {
    "window": "#1B1E23", "base": "#23272E", "alternate": "#282D35", "button": "#2D323B",
    "text": "#E7E9ED", "muted": "#A4ACB8", "border": "#3B424D", "accent": "#7DA8F5",
    "on_accent": "#10141B", "good": "#63C795", "waiting": "#E2B356", "bad": "#F28B82",
    "disabled": "#6B7380", "outlined": "#9DABBD",
}  # fmt: skip


#: Colours of parts that are told apart in a chart, in a fixed order; each has at least 3:1 against
#: `base`, and neighbours differ in lightness as well as in hue.
_SERIES_LIGHT = ("#2B5FC7", "#0F8B8D", "#B26B00", "#7A3FB0", "#A3324F", "#4C5A67")
_SERIES_DARK = ("#7DA8F5", "#4FC4BE", "#E2B356", "#C69BF2", "#F0879C", "#A4ACB8")


def series_colour(of: QPalette, number: int) -> QColor:
    """The colour of a chart's part `number`, from 0 on, in the theme that `of` belongs to."""
    colours = _SERIES_DARK if is_dark(of) else _SERIES_LIGHT
    return QColor(colours[number % len(colours)])


def palette(dark: bool) -> QPalette:
    """The whole palette of one theme."""
    colours = {name: QColor(value) for name, value in (_DARK if dark else _LIGHT).items()}
    made = QPalette(colours["button"], colours["window"])
    role = QPalette.ColorRole
    for where, name in (
        (role.Window, "window"),
        (role.WindowText, "text"),
        (role.Base, "base"),
        (role.AlternateBase, "alternate"),
        (role.Text, "text"),
        (role.PlaceholderText, "muted"),
        (role.Button, "button"),
        (role.ButtonText, "text"),
        (role.Mid, "border"),
        (role.Highlight, "accent"),
        (role.HighlightedText, "on_accent"),
        (role.Accent, "accent"),
        (role.Link, "accent"),
        (role.LinkVisited, "accent"),
        (role.ToolTipBase, "base"),
        (role.ToolTipText, "text"),
    ):
        made.setColor(where, colours[name])
    for where in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, where, colours["disabled"])
    made.setColor(QPalette.ColorGroup.Disabled, role.Highlight, colours["border"])
    made.setColor(QPalette.ColorGroup.Disabled, role.HighlightedText, colours["disabled"])
    return made


def frame_colour(dark: bool) -> QColor:
    """What Fusion takes for a window's colour to draw frames that can be seen.

    It draws them 1.4 times darker than the window, which in the dark cannot be seen.
    """
    return QColor((_DARK if dark else _LIGHT)["outlined"])


def is_dark(of: QPalette) -> bool:
    return of.color(QPalette.ColorRole.Window).lightness() < 128


def tone_colour(of: QPalette, tone: Tone) -> QColor:
    """The colour of `tone` in the theme that `of` belongs to."""
    colours = _DARK if is_dark(of) else _LIGHT
    return QColor(colours["text" if tone is Tone.PLAIN else tone.value])


def svg_pixmap(name: str, colour: QColor, size: int, ratio: float = 1.0) -> QPixmap:
    """The icon `name` drawn in `colour`, `size` logical pixels square."""
    svg = svg_text(name).replace("currentColor", colour.name())
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    pixmap = QPixmap(QSize(size, size) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    # Not by the name in Qt's own namespace: loading that takes 10 ms, and the tray icon waits.
    pixmap.fill(QColor(0, 0, 0, 0))
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


def themed_icon(name: str, of: QPalette, tone: Tone = Tone.PLAIN, size: int = 20) -> QIcon:
    """The icon `name` in the colours of a palette, sharp at 100 and 200 %."""
    icon = QIcon()
    for ratio in (1.0, 2.0):
        icon.addPixmap(svg_pixmap(name, tone_colour(of, tone), size, ratio))
        chosen = of.color(QPalette.ColorRole.HighlightedText)
        icon.addPixmap(svg_pixmap(name, chosen, size, ratio), QIcon.Mode.Selected)
    return icon


def svg_icon(name: str) -> QIcon:
    """An icon that brings its own colours, such as the program's own."""
    icon = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        icon.addPixmap(svg_pixmap(name, QColor("black"), size))
    return icon
