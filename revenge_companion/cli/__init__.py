"""The command line, one file per group of commands."""

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 success, 1 refused or failed, 2 usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments in (["--minimised"], ["--minimized"]):
        # The window, before anything else is imported: the tray is to be there at once.
        from revenge_companion.app import run_window

        return run_window(minimised=bool(arguments))
    from revenge_companion.cli.parser import run

    return run(arguments)
