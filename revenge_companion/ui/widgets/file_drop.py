"""Let a file be dropped on a widget."""

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget


class FileDrop(QObject):
    """Watches `widget` for one file that is dropped on it or on something in it."""

    #: Path
    dropped = Signal(object)
    #: A file is held over it, or no longer.
    hovered = Signal(bool)

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        match event:
            case QDropEvent() if event.type() is QEvent.Type.Drop:
                self.hovered.emit(False)
                path = dropped_file(event.mimeData())
                if path is None:
                    return False
                event.acceptProposedAction()
                self.dropped.emit(path)
                return True
            case QDragEnterEvent() if event.type() is QEvent.Type.DragEnter:
                if dropped_file(event.mimeData()) is None:
                    return False
                event.acceptProposedAction()
                self.hovered.emit(True)
                return True
        if event.type() is QEvent.Type.DragLeave:
            self.hovered.emit(False)
        return False


def dropped_file(data: QMimeData) -> Path | None:
    """The one file of this computer that is held; None for several, folders and addresses."""
    urls = data.urls() if data.hasUrls() else []
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if path.is_file() else None
