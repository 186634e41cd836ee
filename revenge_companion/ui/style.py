"""How the application looks: Fusion with more room, in the palette that is wanted.

Apart from `theme`, since a tray icon alone needs none of it.
"""

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QProxyStyle,
    QStyle,
    QStyleHintReturn,
    QStyleOption,
    QWidget,
)

from revenge_companion.ui.theme import GRID, frame_colour, palette

#: Controls whose frame has to be seen (3:1) to be found.
FRAMED = (
    "QCheckBox",
    "QLineEdit",
    "QComboBox",
    "QPushButton",
    "QSlider",
    "QTableWidget",
    "QAbstractSpinBox",
)


class _Roomy(QProxyStyle):
    """Fusion with controls of 28 pixels, which are easier to hit and to read."""

    def sizeFromContents(  # noqa: N802  # Qt's name
        self,
        contents: QStyle.ContentsType,
        option: QStyleOption,
        size: QSize,
        widget: QWidget | None = None,
    ) -> QSize:
        # The stubs want a widget where Qt itself passes none.
        made = super().sizeFromContents(contents, option, size, widget)  # type: ignore[arg-type]
        extra = _EXTRA.get(contents)
        return made if extra is None else QSize(made.width() + extra[0], made.height() + extra[1])

    def styleHint(  # noqa: N802  # Qt's name
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        data: QStyleHintReturn | None = None,
    ) -> int:
        if hint is QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons:
            # Some desktops' icon themes bring coloured crosses; the words say it.
            return 0
        return super().styleHint(hint, option, widget, data)


_EXTRA = {
    QStyle.ContentsType.CT_PushButton: (3 * GRID, GRID + 2),
    QStyle.ContentsType.CT_LineEdit: (0, GRID + 2),
    QStyle.ContentsType.CT_ComboBox: (2 * GRID, GRID + 2),
    QStyle.ContentsType.CT_TabBarTab: (2 * GRID, 2 * GRID),
    QStyle.ContentsType.CT_HeaderSection: (0, 2 * GRID),
    QStyle.ContentsType.CT_MenuItem: (GRID, GRID),
}


class Theme(QObject):
    """Keeps the application's palette as the setting and the system want it."""

    #: The palette is a new one.
    changed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._wanted = "system"
        app.setStyle(_Roomy("Fusion"))
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_changed)
        self._paint()

    @property
    def dark(self) -> bool:
        """Whether the dark palette is the one to use."""
        if self._wanted == "system":
            return self.system_dark
        return self._wanted == "dark"

    @property
    def system_dark(self) -> bool:
        """Whether the desktop itself is dark."""
        return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark

    def want(self, theme: str) -> None:
        """Use "system", "light" or "dark"; anything else is taken for "system"."""
        if theme != self._wanted:
            self._wanted = theme if theme in ("light", "dark") else "system"
            self._paint()

    def _on_system_changed(self, _scheme: object) -> None:
        self._paint()

    def _paint(self) -> None:
        chosen = palette(self.dark)
        self._app.setPalette(chosen)
        framed = QPalette(chosen)
        framed.setColor(QPalette.ColorRole.Window, frame_colour(self.dark))
        for name in FRAMED:
            self._app.setPalette(framed, name)  # type: ignore[arg-type]  # str is what it takes
        self.changed.emit()
