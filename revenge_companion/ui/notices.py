"""What the window says above its pages, whichever page is shown."""

from collections.abc import Callable

from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import EngineStatus
from revenge_companion.ui import words
from revenge_companion.ui.context import Context
from revenge_companion.ui.widgets.import_notice import ImportNotice
from revenge_companion.ui.widgets.notice import Notice


class Notices:
    """Each is there only while it has something to say; the window does what their buttons ask."""

    def __init__(self, context: Context, looks_at_imports: Callable[[], bool]) -> None:
        self.opened = Notice()
        self.trouble = Notice()
        self.locked = Notice()
        self.map_wanted = Notice()
        self.importing = ImportNotice(context, looks_at_imports)
        self.doubled = Notice()
        self.no_tray = Notice()

    def all(self) -> tuple[Notice, ...]:
        """From the top down."""
        return (
            self.opened,
            self.trouble,
            self.locked,
            self.map_wanted,
            self.importing,
            self.doubled,
            self.no_tray,
        )

    def show_status(self, status: EngineStatus) -> None:
        self.trouble.say(words.told(status.trouble))
        self.locked.say(
            words.passphrase_sentence() if status.needs_passphrase else "",
            action=words.say("Passphrase\N{HORIZONTAL ELLIPSIS}"),
        )
        waiting = status.map_waiting
        self.map_wanted.say(
            words.say("Download the anime map to send %n waiting play(s).", waiting)
            if waiting
            else "",
            action=words.say("Anime map\N{HORIZONTAL ELLIPSIS}"),
        )
        names = ", ".join(status.doubled)
        self.doubled.say(
            words.reason(Reason.SERVER_SCROBBLES, {"services": names}) if names else "",
            action=words.say("Settings\N{HORIZONTAL ELLIPSIS}"),
        )

    def say_no_tray(self) -> None:
        self.no_tray.say(
            words.say(
                "This desktop shows no tray icons. The Companion stays in the taskbar: closing "
                "the window makes it small and scrobbling goes on."
            ),
            action=words.say("Quit"),
            dismissable=True,
        )
