"""The language the window speaks: a file of texts, Qt's own words, and how dates are written.

English is in the program. Every other language is one file, `resources/languages/CODE.po`, read
when that language is chosen.
"""

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QObject, QTranslator

from revenge_companion.core.reasons import FINISHED
from revenge_companion.ui.resources import resource, resource_names

if TYPE_CHECKING:
    from revenge_companion.core.catalog import Catalog

_log = logging.getLogger(__name__)

ENGLISH = "en"
#: The setting that follows the system.
SYSTEM = "system"


def languages() -> tuple[str, ...]:
    """The codes of all languages there are, English first."""
    names = resource_names("languages", ".po")
    return (ENGLISH, *(name for name in names if name != ENGLISH))


def own_name(code: str) -> str:
    """What a language calls itself, beginning with a capital as in a list."""
    name = QLocale(code).nativeLanguageName()
    # Qt names the region with some: "American English".
    name = "English" if code == ENGLISH else name
    return name[:1].upper() + name[1:] if name else code


class EnglishPlurals(QTranslator):
    """Makes "%n play(s)" read "1 play" or "2 plays"; other languages bring their own file."""

    def translate(
        self, context: str, source: str, disambiguation: str | None = None, n: int = -1
    ) -> str:
        # An empty answer would be taken for a translation, so the text itself is given back.
        return source.replace("(s)", "" if n == 1 else "s") if n >= 0 else source

    def isEmpty(self) -> bool:  # noqa: N802  # Qt's name
        return False


class Texts(QTranslator):
    """A language's own file as Qt asks for it; what the file lacks stays English."""

    def __init__(self, catalog: "Catalog", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._catalog = catalog
        self._english = EnglishPlurals(self)

    def translate(
        self, context: str, source: str, disambiguation: str | None = None, n: int = -1
    ) -> str:
        if context == FINISHED:
            return self._catalog.sentence(source)
        found = self._catalog.text(source, context, n)
        return found or self._english.translate(context, source, disambiguation, n)

    def isEmpty(self) -> bool:  # noqa: N802  # Qt's name
        return False


class Language:
    """What is installed in the application for the language chosen last."""

    def __init__(self, app: QCoreApplication) -> None:
        self._app = app
        #: How the system writes; Qt's default is this until a language is chosen.
        self._system = QLocale()
        self._installed: list[QTranslator] = []
        #: The language spoken now; empty before the first choice.
        self.code = ""

    def choose(self, wanted: str) -> bool:
        """Speak `wanted`, a code or "system"; whether that changed the words or the dates.

        A language that is not there is taken for "system".
        """
        there = languages()
        code = wanted if wanted in there else self._of_system(there)
        locale = self._locale(code, wanted)
        if code == self.code and locale == QLocale():
            return False
        QLocale.setDefault(locale)
        if code != self.code:
            self._speak(code)
        return True

    def end(self) -> None:
        """Take everything away again."""
        self._remove()
        self.code = ""
        QLocale.setDefault(self._system)

    def _of_system(self, there: tuple[str, ...]) -> str:
        for name in self._system.uiLanguages():
            code = name.replace("-", "_")
            for one in (code, code.partition("_")[0]):
                if one in there:
                    return one
        return ENGLISH

    def _locale(self, code: str, wanted: str) -> QLocale:
        """How dates and numbers are written: as the system does, where that speaks the language."""
        spoken = QLocale(code).language()
        if wanted not in languages() or spoken == self._system.language():
            return self._system
        return QLocale(spoken, self._system.territory())

    def _speak(self, code: str) -> None:
        self._remove()
        self.code = code
        if code == ENGLISH:
            self._install(EnglishPlurals())
            return
        from revenge_companion.core.catalog import parse

        try:
            texts = parse(resource(f"languages/{code}.po").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            # Half a language is better than no window.
            _log.warning("The texts of %s cannot be read: %s", code, error)
            self._install(EnglishPlurals())
        else:
            self._install(Texts(texts))
        own = QTranslator()
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        # Buttons and menus of Qt itself; a few packages of it come without.
        if own.load(QLocale(code), "qtbase", "_", folder):
            self._install(own)

    def _install(self, translator: QTranslator) -> None:
        self._app.installTranslator(translator)
        self._installed.append(translator)

    def _remove(self) -> None:
        for translator in self._installed:
            self._app.removeTranslator(translator)
        self._installed.clear()
