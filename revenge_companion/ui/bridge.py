"""Engine to window: a few typed signals, fed by the engine's one callback."""

from PySide6.QtCore import QObject, QTimer, Signal

from revenge_companion.engine.api import Change, EngineApi, Notification

#: Changes of one kind that follow each other within this time are told as one.
GATHER_MS = 50


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
    #: What the library says is not what it was.
    library_changed = Signal()
    #: How accounts are kept in step.
    sync_changed = Signal()
    #: Settings
    settings_changed = Signal(object)
    #: Notification
    notified = Signal(object)
    #: ImportRun: an import has moved on.
    import_progressed = Signal(object)

    def __init__(
        self, engine: EngineApi, parent: QObject | None = None, *, gather_ms: int = GATHER_MS
    ) -> None:
        """The first change is told at once, those within `gather_ms` after it together; 0: each."""
        super().__init__(parent)
        self._engine = engine
        self._gathered: dict[Change, None] = {}
        self._told: set[Change] = set()
        self._gate = QTimer(self)
        self._gate.setSingleShot(True)
        self._gate.setInterval(gather_ms)
        self._gate.timeout.connect(self._on_gate)
        engine.on_change(self._on_change)
        engine.on_notification(self._on_notification)
        engine.on_import(self.import_progressed.emit)

    def _on_change(self, change: Change) -> None:
        if self._gate.isActive() and change in self._told:
            self._gathered[change] = None
            return
        self._tell(change)
        if self._gate.interval():
            self._told.add(change)
            if not self._gate.isActive():
                self._gate.start()

    def _on_gate(self) -> None:
        # Read at the end of the wait, so that the last of many is what is shown.
        gathered, self._gathered = list(self._gathered), {}
        self._told = set(gathered)
        for change in gathered:
            self._tell(change)
        if gathered:
            self._gate.start()

    def _tell(self, change: Change) -> None:
        match change:
            case Change.STATUS:
                self.status_changed.emit(self._engine.status)
            case Change.NOW_PLAYING:
                self.now_playing_changed.emit(self._engine.status)
            case Change.PLAYS:
                self.plays_changed.emit()
            case Change.OUTBOX:
                self.outbox_changed.emit()
            case Change.LIBRARY:
                self.library_changed.emit()
            case Change.SYNC:
                self.sync_changed.emit()
            case Change.ACCOUNTS:
                self.accounts_changed.emit(self._engine.status)
            case Change.SETTINGS:
                self.settings_changed.emit(self._engine.settings)

    def _on_notification(self, notification: Notification) -> None:
        self.notified.emit(notification)
