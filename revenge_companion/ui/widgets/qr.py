"""A QR code, drawn by ourselves: dark on white whatever the theme, as cameras want it."""

import segno
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

#: Modules of white around the code, as the standard asks.
QUIET = 4
SIDE = 168


class QrCode(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._modules: tuple[tuple[bool, ...], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedSize(self.sizeHint())

    def show_address(self, address: str) -> None:
        """Draw `address`; an address too long for a code leaves the place white."""
        try:
            matrix = segno.make_qr(address, error="m").matrix
        except (segno.DataOverflowError, ValueError):
            matrix = ()
        self._modules = tuple(tuple(bool(module) for module in row) for row in matrix)
        self.setAccessibleName(self.tr("QR code for {address}").format(address=address))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(SIDE, SIDE)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.white)
        if not self._modules:
            return
        count = len(self._modules) + 2 * QUIET
        # Whole pixels per module keep the edges sharp.
        step = max(1, min(self.width(), self.height()) // count)
        left = (self.width() - step * len(self._modules)) // 2
        top = (self.height() - step * len(self._modules)) // 2
        for y, row in enumerate(self._modules):
            for x, dark in enumerate(row):
                if dark:
                    painter.fillRect(
                        left + x * step, top + y * step, step, step, Qt.GlobalColor.black
                    )
