"""The program as its entry starts it, telling how far it has come.

Prints each point with the seconds from the moment in BENCH_STAMP; `window` opens the window too.
"""

import os
import sys
import time

# The entry comes this way.
import revenge_companion.__main__
import revenge_companion.cli  # noqa: F401
from revenge_companion.app import run_window


def reached(point: str) -> None:
    print(point, time.time() - float(os.environ["BENCH_STAMP"]), flush=True)


sys.exit(run_window(minimised="window" not in sys.argv, reached=reached))
