"""Engine to window: a few typed signals, fed by the engine's one callback."""

from PySide6.QtCore import QObject, Signal

from revenge_companion.engine.api import Change, EngineApi, Notification


class Bridge(QObject):
    """Says what changed; whoever listens reads the new values from the engine."""

    #: EngineStatus: sign-in, source, counts, pause.
    status_changed = Signal(object)
    #: EngineStatus: a play in progress started, moved or ended.
    now_playing_changed = Signal(object)
    plays_changed = Signal()
    outbox_changed = Signal()
    #: EngineStatus: accounts were linked, unlinked, or changed state.
    accounts_changed = Signal(object)
    #: Settings
    settings_changed = Signal(object)
    #: Notification
    notified = Signal(object)

    def __init__(self, engine: EngineApi, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        engine.on_change(self._on_change)
        engine.on_notification(self._on_notification)

    def _on_change(self, change: Change) -> None:
        match change:
            case Change.STATUS:
                self.status_changed.emit(self._engine.status)
            case Change.NOW_PLAYING:
                self.now_playing_changed.emit(self._engine.status)
            case Change.PLAYS:
                self.plays_changed.emit()
            case Change.OUTBOX:
                self.outbox_changed.emit()
            case Change.ACCOUNTS:
                self.accounts_changed.emit(self._engine.status)
            case Change.SETTINGS:
                self.settings_changed.emit(self._engine.settings)

    def _on_notification(self, notification: Notification) -> None:
        self.notified.emit(notification)
