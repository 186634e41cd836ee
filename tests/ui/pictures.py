"""Pictures of windows, kept where REVENGE_COMPANION_SCREENSHOTS says; see the fixture `shoot`."""

from collections.abc import Callable

import pytest
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QWidget

#: Saves a picture of a widget under a name, and gives it.
Shoot = Callable[[QWidget, str], QPixmap]
#: Light and dark as they are, and light at one and a half times the text size.
WITH_LARGE_TEXT = pytest.mark.parametrize("theme", ["light", "dark", "large"], indirect=True)
