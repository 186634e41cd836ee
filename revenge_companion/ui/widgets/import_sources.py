"""What can be imported from: a card for each linked account, and one for files."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from revenge_companion.core.imports import ImportSource
from revenge_companion.ui import ask, import_words, words
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.account_card import ServiceMark
from revenge_companion.ui.widgets.card import Card, clear
from revenge_companion.ui.widgets.file_drop import FileDrop
from revenge_companion.ui.widgets.text import OneLine, Text


class SourceCard(Card):
    """One linked account; `column` takes more about it below."""

    wanted = Signal()

    def __init__(self, context: Context, source: ImportSource) -> None:
        super().__init__()
        spec = context.spec(source.service)
        about = QVBoxLayout()
        about.setSpacing(0)
        about.addWidget(OneLine(source.name, bold=True))
        facets = import_words.facet_names(source.facets)
        about.addWidget(Text(facets, tone=Tone.MUTED, wrap=True))
        if source.note:
            about.addWidget(Text(words.told(source.note), tone=Tone.MUTED, wrap=True))
        self.go = QPushButton(self.tr("Import\N{HORIZONTAL ELLIPSIS}"))
        self.go.setAccessibleName(self.tr("Import from {source}").format(source=source.name))
        self.go.clicked.connect(self.wanted)
        row = QHBoxLayout()
        row.setSpacing(3 * GRID)
        row.addWidget(ServiceMark(spec, name="" if source.service else "services/server"))
        row.addLayout(about, 1)
        row.addWidget(self.go)
        self.column.addLayout(row)


class ImportSources(QWidget):
    """All sources. A file is chosen or dropped; what it is, the engine says."""

    #: ImportSource: a linked account
    chosen = Signal(object)
    #: Path
    file_chosen = Signal(object)
    address_wanted = Signal(str)
    accounts_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._shown: Sequence[ImportSource] | None = None
        self.tasks = Tasks()
        #: By the source's key.
        self.cards: dict[str, SourceCard] = {}
        self.help: dict[str, QPushButton] = {}
        self._build()

    def _build(self) -> None:
        self._accounts = QVBoxLayout()
        self._accounts.setSpacing(3 * GRID)
        self._server = QVBoxLayout()
        self._server_part = QWidget()
        part = QVBoxLayout(self._server_part)
        part.setContentsMargins(0, 0, 0, 3 * GRID)
        part.setSpacing(3 * GRID)
        part.addWidget(Text(self.tr("Your server"), scale=1.15, bold=True))
        part.addLayout(self._server)
        self.none = Card()
        self.none.column.addWidget(
            Text(
                self.tr(
                    "Link an account, and what it knows about you can be imported from there. "
                    "Files can be imported without one."
                ),
                wrap=True,
            )
        )
        self.link = QPushButton(self.tr("Link an account\N{HORIZONTAL ELLIPSIS}"))
        self.link.clicked.connect(self.accounts_wanted)
        across = QHBoxLayout()
        across.addWidget(self.link)
        across.addStretch(1)
        self.none.column.addLayout(across)
        self.files = Card()
        self.files.column.setSpacing(4 * GRID)
        self.pick = QPushButton(self.tr("Choose a &file\N{HORIZONTAL ELLIPSIS}"))
        self.pick.clicked.connect(self._on_pick)
        about = self.tr("Drop an exported file here, or choose one.")
        row = QHBoxLayout()
        row.setSpacing(3 * GRID)
        row.addWidget(Text(about, tone=Tone.MUTED, wrap=True), 1)
        row.addWidget(self.pick)
        self.files.column.addLayout(row)
        self._kinds = QVBoxLayout()
        self._kinds.setSpacing(3 * GRID)
        self.files.column.addLayout(self._kinds)
        self._accounts_title = Text(self.tr("Linked accounts"), scale=1.15, bold=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3 * GRID)
        column.addWidget(self._accounts_title)
        column.addWidget(self.none)
        column.addLayout(self._accounts)
        column.addSpacing(3 * GRID)
        column.addWidget(self._server_part)
        column.addWidget(Text(self.tr("Files"), scale=1.15, bold=True))
        column.addWidget(self.files)
        self._drop = FileDrop(self.files)
        self._drop.dropped.connect(self.file_chosen)
        self._drop.hovered.connect(lambda over: self.files.set_tone(Tone.ACCENT if over else None))

    def show_sources(self, sources: Sequence[ImportSource]) -> None:
        """Show these; what is shown already stays as it is."""
        if sources == self._shown:
            return
        self._shown = tuple(sources)
        clear(self._accounts)
        clear(self._kinds)
        clear(self._server)
        self.cards, self.help = {}, {}
        accounts = False
        for source in sources:
            if source.is_file:
                self._kinds.addWidget(self._kind(source))
            else:
                card = SourceCard(self._context, source)
                card.wanted.connect(self._choosing(source))
                self.cards[source.key] = card
                # What is no service's is the media server's.
                (self._accounts if source.service else self._server).addWidget(card)
                accounts = accounts or bool(source.service)
        self.none.setVisible(not accounts)
        self._server_part.setVisible(self._server.count() > 0)

    def _kind(self, source: ImportSource) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3 * GRID)
        about = QVBoxLayout()
        about.setSpacing(0)
        endings = " ".join(source.suffixes)
        about.addWidget(OneLine(f"{words.told(source.name)}   {endings}", bold=True))
        facets = import_words.facet_names(source.facets)
        said = f"{facets}. {words.told(source.note)}" if source.note else facets
        about.addWidget(Text(said, tone=Tone.MUTED, wrap=True))
        row.addWidget(ServiceMark(self._context.spec(source.service), Tone.MUTED))
        row.addLayout(about, 1)
        if source.help_url:
            get = QPushButton(self.tr("Get it"))
            get.setAccessibleName(
                self.tr("Open the page where {file} is had").format(file=words.told(source.name))
            )
            get.setToolTip(words.flat(source.help_url))
            get.clicked.connect(lambda: self.address_wanted.emit(source.help_url))
            self.help[source.key] = get
            row.addWidget(get)
        return line

    def _choosing(self, source: ImportSource) -> Callable[[], None]:
        return lambda: self.chosen.emit(source)

    @async_slot
    async def _on_pick(self) -> None:
        endings = sorted({end for one in self._shown or () for end in one.suffixes})
        patterns = " ".join(f"*{end}" for end in endings)
        path: Path | None = await ask.open_path(
            self.window(),
            title=self.tr("Import a file"),
            filters=self.tr("Exports ({patterns});;All files (*)").format(patterns=patterns),
        )
        if path is not None:
            self.file_chosen.emit(path)
