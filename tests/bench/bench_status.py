"""How long `status` takes as a whole process. ``python -m tests.bench.bench_status``."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.bench_idle import running
from tests.bench.desk import fresh_home

Row = tuple[str, float, str]

_STATUS = [sys.executable, "-m", "revenge_companion", "status", "--json"]


def _asked_ms(environment: dict[str, str], rounds: int) -> float:
    times = []
    # The first fills the disk's cache.
    for _ in range(rounds + 1):
        began = time.perf_counter()
        subprocess.run(_STATUS, env=environment, check=True, stdout=subprocess.DEVNULL)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times[1:])


def rows(rounds: int = 15) -> list[Row]:
    """Name, value and target of each measure."""
    with tempfile.TemporaryDirectory(prefix="rc-bench-") as name:
        environment = fresh_home(Path(name))
        with running(["-m", "revenge_companion", "run", "--headless"], environment):
            with_one = _asked_ms(environment, rounds)
        alone = _asked_ms(environment, rounds)
    return [
        ("status of a running program, ms", with_one, "<= 250"),
        ("status where none runs, ms", alone, "<= 250"),
    ]


if __name__ == "__main__":
    for name, value, target in rows():
        print(f"{name:<60} {value:8.1f}   {target}")
