"""What the program does before anything else of it is imported."""

import linecache
from pathlib import Path

import pytest
from shibokensupport import feature

from revenge_companion.ui.early import import_quietly


def test_modules_are_imported_without_their_texts_being_read_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(feature), "_mod_uses_pyside", vars(feature)["_mod_uses_pyside"])
    names = ("imported_loudly", "imported_quietly")
    for name in names:
        (tmp_path / f"{name}.py").write_text("NOTHING = None\n")
    monkeypatch.syspath_prepend(tmp_path)
    kept = []
    for name in names:
        # A statement: PySide6 hangs on those, not on importlib.
        exec(f"import {name}")
        kept.append(any(name in path for path in linecache.cache))
        import_quietly()

    assert kept == [True, False]
