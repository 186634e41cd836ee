"""What is asked before an import is undone, thrown away or forgotten, and after linking."""

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from revenge_companion.core.accounts import Account
from revenge_companion.core.imports import ImportRun, ImportSource, RunState
from revenge_companion.engine.library_api import ImportsApi
from revenge_companion.ui import ask, import_words


def _tr(text: str) -> str:
    return QCoreApplication.translate("ImportAsking", text)


async def sure_to_undo(parent: QWidget, run: ImportRun) -> bool:
    details = _tr("Your library becomes exactly what it was before the import.")
    if run.marked:
        marked = _tr(
            "What was marked as watched on your server is taken back as far as the server allows."
        )
        details = f"{details} {marked}"
    return await ask.confirm(
        parent,
        title=_tr("Undo the import"),
        text=_tr("Undo the import from {source}?").format(source=import_words.run_name(run)),
        details=details,
        accept=_tr("Undo it"),
    )


async def sure_to_throw_away(parent: QWidget, run: ImportRun) -> bool:
    """Ask before what was read, and never written, is forgotten."""
    return await ask.confirm(
        parent,
        title=_tr("Throw away"),
        text=_tr("Throw away what was read from {source}?").format(
            source=import_words.run_name(run)
        ),
        details=_tr("Nothing of it has been written. To import it later, it has to be read again."),
        accept=_tr("Throw it away"),
    )


async def sure_to_forget(parent: QWidget, run: ImportRun) -> bool:
    """Ask before a run goes from the list; one that wrote nothing is merely thrown away."""
    if run.state is not RunState.UNDONE and not run.written:
        return await sure_to_throw_away(parent, run)
    stays = _tr("What it imported stays in your library, and can no longer be undone.")
    gone = _tr("It was undone: nothing of it is in your library.")
    return await ask.confirm(
        parent,
        title=_tr("Forget the import"),
        text=_tr("Forget the import from {source}?").format(source=import_words.run_name(run)),
        details=gone if run.state is RunState.UNDONE else stays,
        accept=_tr("Forget it"),
    )


def source_of(imports: ImportsApi, account: Account) -> ImportSource | None:
    """What can be imported from an account; None where its service gives nothing."""
    key = f"account:{account.id}"
    return next((source for source in imports.sources() if source.key == key), None)


async def wants_import(parent: QWidget, source: ImportSource) -> bool:
    """Offer an import to who has just linked an account."""
    return await ask.confirm(
        parent,
        title=_tr("Linked"),
        text=_tr("Import what {source} knows about you?").format(source=source.name),
        details=_tr(
            "{what}. You see everything before anything is written, and it can be undone. You "
            "find it under Imports at any time."
        ).format(what=import_words.facet_names(source.facets)),
        accept=_tr("Look at it"),
    )
