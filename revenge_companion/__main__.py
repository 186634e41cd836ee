"""The entry: hands over to the command line, which starts the window when nothing else is asked."""

import sys


def main() -> None:
    """Run the command line with this process's arguments and exit with its code."""
    from revenge_companion.cli import main as run

    sys.exit(run())


if __name__ == "__main__":
    main()
