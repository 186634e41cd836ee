"""What the program does before anything else of it is imported."""

import linecache
import os
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

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


#: The whole program, with a box that says what is in it in place of waiting for somebody.
PROGRAM = """
import sys
from PySide6.QtWidgets import QMessageBox
QMessageBox.exec = lambda box: print(box.text(), flush=True)
from revenge_companion.cli import main
sys.exit(main([]))
"""


#: The same with the real box, told of once it is open.
WAITING = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMessageBox
wait = QMessageBox.exec
def told(box):
    QTimer.singleShot(0, lambda: print("open", flush=True))
    return wait(box)
QMessageBox.exec = told
from revenge_companion.cli import main
sys.exit(main([]))
"""


def at(home: Path) -> dict[str, str]:
    return {**os.environ, "REVENGE_COMPANION_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}


def test_a_box_that_nobody_reads_does_not_outlive_the_session(tmp_path: Path) -> None:
    (tmp_path / "config" / "config.toml").mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-c", WAITING], stdout=PIPE, stderr=PIPE, text=True, env=at(tmp_path)
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "open\n"
        program.terminate()
        try:
            assert program.wait(10) == -signal.SIGTERM
        finally:
            program.kill()


def test_a_window_that_cannot_be_had_says_why_where_a_person_looks(tmp_path: Path) -> None:
    settings = tmp_path / "config" / "config.toml"
    settings.mkdir(parents=True)
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=at(tmp_path),
    )
    says = f"The settings in {settings} cannot be read: Is a directory.\n"
    assert (ran.returncode, ran.stdout) == (1, says)
    assert ran.stderr.endswith(says)
