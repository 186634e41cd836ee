"""Who is signed in, and a menu of the others that are on this computer."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.status import EngineStatus, SignInState
from revenge_companion.ui import ask, words
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.text import Text


class SwitchUser(QPushButton):
    """A button with a menu: everybody whose sign-in is kept, and "Sign in as somebody else…"."""

    #: Somebody whose sign-in is not kept.
    sign_in_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(self.tr("Switch user"))
        self._context = context
        self.tasks = Tasks()
        self._shown: tuple[object, ...] = ()
        self.entries = QMenu(self)
        self.setMenu(self.entries)

    def show_status(self, status: EngineStatus) -> None:
        """Offer who can be switched to; nothing while nobody was ever signed in."""
        self.setVisible(bool(status.profiles))
        if status.profiles == self._shown:
            return
        self._shown = status.profiles
        self.entries.clear()
        for one in status.profiles:
            if not one.kept:
                continue
            entry = self.entries.addAction(words.no_mnemonic(words.profile_name(one.profile)))
            entry.setCheckable(True)
            entry.setChecked(one.active)
            number = one.profile.id
            entry.triggered.connect(lambda _, number=number: self._on_chosen(number))
        if not self.entries.isEmpty():
            self.entries.addSeparator()
        other = self.entries.addAction(self.tr("Sign in as somebody else\N{HORIZONTAL ELLIPSIS}"))
        other.triggered.connect(lambda: self.sign_in_wanted.emit())

    @async_slot
    async def _on_chosen(self, profile: int) -> None:
        # The menu ticked what was chosen; the status says what came of it.
        self._shown = ()
        self.setEnabled(False)
        try:
            await self._context.engine.use_profile(profile)
        except CompanionError as error:
            await ask.tell(self, title=self.tr("Not switched"), text=words.told(error))
        finally:
            self.setEnabled(True)
            self.show_status(self._context.engine.status)


class WhoseAccounts(QWidget):
    """Above the linked accounts: whose they are, where there is more than one possibility."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.whose = Text(wrap=True)
        self.others = Text(tone=Tone.MUTED, wrap=True)
        self.switch = SwitchUser(context)
        column = QVBoxLayout()
        column.setSpacing(GRID)
        column.addWidget(self.whose)
        column.addWidget(self.others)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 2 * GRID)
        row.setSpacing(3 * GRID)
        row.addLayout(column, 1)
        row.addWidget(self.switch)

    def show_status(self, status: EngineStatus) -> None:
        self.switch.show_status(status)
        self.setVisible(len(status.profiles) > 1)
        whose = words.say("Nobody is signed in.")
        if status.profile is not None:
            whose = words.say("Accounts of {who}").format(
                who=words.profile_name(status.profile.profile)
            )
            if status.sign_in is SignInState.SIGN_IN_AGAIN:
                whose = f"{whose}. {words.sign_in_words(status)}."
        self.whose.setText(whose)
        self.others.setText(
            words.say(
                "%n more account(s) of others. What waits for them is sent; your plays are not.",
                len(status.others),
            )
        )
        self.others.setVisible(bool(status.others))
