"""Every text of the program is in every language's file, and fits it."""

import importlib.util
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from revenge_companion.core import catalog
from revenge_companion.core.reasons import FINISHED

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ROOT / "resources" / "languages"
CODES = sorted(path.stem for path in LANGUAGES.glob("*.po"))
HEADER = 'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'


@pytest.fixture(scope="module")
def texts() -> ModuleType:
    spec = importlib.util.spec_from_file_location("texts", ROOT / "packaging" / "texts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look their module up.
    sys.modules["texts"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def found(texts: ModuleType) -> Any:
    return texts.collect()


def entries(code: str) -> list[catalog.Entry]:
    return list(catalog.read((LANGUAGES / f"{code}.po").read_text("utf-8")))


def test_german_is_there() -> None:
    assert "de" in CODES


@pytest.mark.parametrize("code", CODES)
def test_a_language_has_every_text_and_no_other(texts: ModuleType, found: Any, code: str) -> None:
    assert list(texts.troubles(found, entries(code))) == []


@pytest.mark.parametrize("code", CODES)
def test_every_sentence_with_names_in_it_is_found_again(code: str) -> None:
    texts = catalog.parse((LANGUAGES / f"{code}.po").read_text("utf-8"))
    place = re.compile(r"\{(\w+)\}")
    tried = 0
    for (context, source), entry in texts.entries.items():
        # What was said more begins with a colon: "AniList refuses this computer: {detail}".
        names = {name: ": why" if name == "said" else f"<{name}>" for name in place.findall(source)}
        if context == FINISHED and names:
            tried += 1
            told = texts.sentence(source.format_map(names))
            assert told == entry.forms[0].format_map(names)

    assert tried > 100


@pytest.mark.parametrize("code", CODES)
def test_a_language_keeps_its_order(texts: ModuleType, found: Any, code: str) -> None:
    text = (LANGUAGES / f"{code}.po").read_text("utf-8")

    assert texts.updated(texts.collect(), texts.updated(found, text)) == texts.updated(found, text)


def test_the_wheel_brings_them(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())

    assert {f"revenge_companion/resources/languages/{code}.po" for code in CODES} <= names


def a_package(folder: Path, window: str, **below: str) -> Path:
    """A program with one file in its window, and files of sentences below it."""
    for name, text in {"ui/page": window, "app": "", "paths": "", **below}.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ('self.tr("Open")', ["Open"]),
        ('say("%n play(s)", n)', ["%n play(s)"]),
        ('words.say("One" if x else "Two")', ["One", "Two"]),
        ('self.tr("A long "\n"one")', ["A long one"]),
        ('QCoreApplication.translate("Words", "Here")', ["Here"]),
        ('card.say("shown as it is")', []),
        ('text.translate({1: "x"})', []),
    ],
)
def test_what_the_window_translates_is_collected(
    texts: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, wanted: list[str]
) -> None:
    monkeypatch.setattr(sys.modules["text_sources"], "FRAGMENTS", {})
    made = texts.collect(a_package(tmp_path, f"class Page:\n  def f(self):\n    ({code})\n"))

    assert [text.source for text in made.texts.values()] == wanted
    assert made.untold == []


def test_what_has_the_name_of_a_door_elsewhere_is_looked_through(
    texts: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["text_sources"], "FRAGMENTS", {})
    made = texts.collect(a_package(tmp_path, 'class Page:\n  def told(self):\n    say("One")\n'))

    assert [text.source for text in made.texts.values()] == ["One"]


def test_a_text_that_cannot_be_told_is_named(
    texts: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["text_sources"], "FRAGMENTS", {})
    made = texts.collect(a_package(tmp_path, 'def f():\n  say(f"{n} plays")\n'))

    assert made.untold == ["ui/page.py:2: say(f'{n} plays')"]


def test_sentences_from_below_are_collected_and_log_lines_are_not(
    texts: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["text_sources"], "FRAGMENTS", {})
    below = '''"""A module that does something."""
def f():
    """A function that does something."""
    _log.info("The log says this.")
    raise Unreachable(f"{self.host} did not answer in {round(x.seconds)} seconds.")
    db.execute("SELECT id FROM play WHERE id = 1.")
'''
    made = texts.collect(a_package(tmp_path, "", **{"net/http": below}))

    assert [(text.context, text.source) for text in made.texts.values()] == [
        ("Sentences", "{host} did not answer in {x} seconds.")
    ]


@pytest.mark.parametrize(
    ("source", "translation", "why"),
    [
        ("{name} is here.", "{nam} ist da.", "has other places"),
        ("{name} is here.", "Jemand ist da.", "has other places"),
        ("&Open", "Öffnen", "access key"),
        ("Open", "&Öffnen", "access key"),
        ("Open", "", "not translated"),
        ("Open", "Öffnen!", "exclamation mark"),
        ("Open\N{HORIZONTAL ELLIPSIS}", "Öffnen", "ellipsis"),
        (" hour", "Stunde", "space"),
        ("Gone", "Weg", "no such text"),
        ("%n play(s)", "%n Wiedergaben", "needs 2 form(s)"),
    ],
)
def test_what_does_not_fit_is_named(
    texts: ModuleType, source: str, translation: str, why: str
) -> None:
    made = texts.Collected()
    if source != "Gone":
        made.add(source, "ui/page.py")
    file = f'{HEADER}msgid "{source}"\nmsgstr "{translation}"\n'

    told = list(texts.troubles(made, list(catalog.read(file))))

    assert any(one.startswith(why) or why in one for one in told)
    assert all(repr(source) in one for one in told)


def test_a_text_without_any_entry_is_named_with_its_file(texts: ModuleType) -> None:
    made = texts.Collected()
    made.add("Open", "ui/page.py")

    told = list(texts.troubles(made, list(catalog.read(HEADER))))

    assert told == ["not translated: 'Open' (ui/page.py)"]


def test_updating_keeps_what_is_translated_and_drops_what_is_gone(texts: ModuleType) -> None:
    made = texts.Collected()
    made.add("Open", "ui/page.py", within="Page")
    made.add("%n play(s)", "ui/page.py")
    old = (
        f'# Words to keep.\n{HEADER}msgid "Gone"\nmsgstr "Weg"\n\nmsgid "Open"\nmsgstr "Offen"\n'
        '\nmsgctxt "Page"\nmsgid "Open"\nmsgstr "Aufmachen"\n'
    )

    new = texts.updated(made, old)

    assert new.startswith("# Words to keep.\n")
    assert [(one.context, one.source, one.forms) for one in catalog.read(new)][1:] == [
        ("", "Open", ("Offen",)),
        ("Page", "Open", ("Aufmachen",)),
        ("", "%n play(s)", ("", "")),
    ]
