"""The fault suite: every fault at once, counted at the destinations, in one table.

    python -m tests.faults.suite [--seed N] [--quick] [--requests N] [--kills N] [--only WORD]

Runs for about four minutes, with `--quick` for half of one; everything happens on this computer's
loopback and in folders of its own that are removed. `--seed` chooses other kills, faults and
damages (20261121 is the one to compare by); a run is bounded in time and in count. `--only` runs
the scenarios whose name holds the word. Exit 1 when a play was lost or doubled, or a scenario's
other promise (a sentence that is said, a second program that is refused) was not kept.

Columns: `sent` are the requests that brought plays or looked for them, `least` is how few would
do (one for every play and destination where plays are sent as they count, one for every full
batch where they come together), `lost` and `doubled` compare what the local destinations really
hold with what was played. Where a database was damaged, what the copy did not know of has come
back from the server's replay.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults import damage, import_kills, kills, network, scenarios, space, sync_kills
from tests.faults.rig import Result, table

SEED = 20261121
#: Real seconds one scenario may take before it counts as failed; more where more was asked for.
_LIMIT_S = 300.0
_LIMIT_PER_REQUEST_S = 0.03
_DAY_S = 86_400.0
#: The share of faults where engines are killed at the same time.
_SHARE = 0.25
#: Damages to one profile before another is begun.
_ROUNDS = 20

Run = Callable[[Path, int], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    kills: int = 200
    #: Requests over all four service shapes.
    requests: int = 10_000
    damages: int = 100
    replays: int = 1000
    plays: int = 40


QUICK = Sizes(kills=20, requests=600, damages=6, replays=1000, plays=12)


def runs(sizes: Sizes) -> list[tuple[str, Run]]:
    """Every scenario with its name, in the order of the table."""
    listed: list[tuple[str, Run]] = [
        ("clean run", lambda home, seed: scenarios.clean(home, seed, sizes.plays)),
        ("kill", lambda home, seed: kills.killed(home, seed, sizes.kills)),
    ]
    few = max(sizes.kills // 4, 5)
    listed.append(
        ("kill bad line", lambda home, seed: kills.killed(home, seed + 100, few, share=_SHARE))
    )
    each = sizes.requests // len(network.SITES)
    listed += [(f"bad line {service}", _bad_line(service, each)) for service in network.SITES]
    for number in range(-(-sizes.damages // _ROUNDS)):
        rounds = min(_ROUNDS, sizes.damages - number * _ROUNDS)
        listed.append((f"damage {number}", _damages(number, rounds)))
    return [
        *listed,
        ("kill import", lambda home, seed: import_kills.killed(home, seed, few)),
        ("kill sync", lambda home, seed: sync_kills.killed(home, seed, few)),
        ("kill sync bad line", lambda home, seed: sync_kills.killed(home, seed, few, share=_SHARE)),
        ("clock forward", lambda home, seed: scenarios.stepped(home, seed, _DAY_S)),
        ("clock back", lambda home, seed: scenarios.stepped(home, seed, -_DAY_S)),
        ("clock ahead in an outage", scenarios.days_ahead),
        ("answers lost", lambda home, seed: scenarios.unheard(home, seed, computers=1)),
        ("answers lost clock ahead", lambda home, seed: _unheard(home, seed, 3600.0)),
        ("answers lost clock behind", lambda home, seed: _unheard(home, seed, -3600.0)),
        ("answers lost two computers", lambda home, seed: scenarios.unheard(home, seed)),
        ("answers lost twice ahead", lambda home, seed: scenarios.unheard(home, seed, 3600.0)),
        ("suspend", scenarios.suspended),
        ("summer time", scenarios.daylight),
        ("replay", lambda home, seed: scenarios.replayed(home, seed, sizes.replays)),
        ("full disk", space.full),
        ("full disk restarted", lambda home, seed: space.full(home, seed, restarts=True)),
        ("two programs one profile", scenarios.one_profile_twice),
        ("two computers", scenarios.twins),
        ("two computers late", scenarios.late_twin),
    ]


def _bad_line(service: str, requests: int) -> Run:
    return lambda home, seed: network.bad_line(home, seed, service, requests)


def _unheard(home: Path, seed: int, seconds: float) -> Awaitable[Result]:
    return scenarios.unheard(home, seed, seconds, computers=1)


def _damages(number: int, rounds: int) -> Run:
    return lambda home, seed: damage.damaged(home, seed + number, rounds)


async def run(sizes: Sizes, seed: int, only: str, told: Callable[[str], None]) -> list[Result]:
    """Run the scenarios one after the other; `told` hears of each."""
    results = []
    limit_s = max(_LIMIT_S, _LIMIT_PER_REQUEST_S * sizes.requests)
    for name, scenario in runs(sizes):
        if only not in name:
            continue
        began_s = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="revenge-companion-faults-") as home:
            try:
                async with asyncio.timeout(limit_s):
                    made = await scenario(Path(home), seed)
            except TimeoutError:
                took_s = time.perf_counter() - began_s
                made = Result(name, seed, 0, None, None, 0, 0, "no end", took_s, kept=False)
        results.append(made)
        told(f"{made.scenario}: {'ok' if made.ok else 'NOT OK'} ({made.seconds:.1f} s)")
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.suite", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--quick", action="store_true", help="half a minute instead of four")
    parser.add_argument("--requests", type=int, help="over all service shapes")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--only", default="", help="scenarios whose name holds this")
    given = parser.parse_args(arguments)
    sizes = QUICK if given.quick else Sizes()
    sizes = Sizes(
        given.kills or sizes.kills,
        given.requests or sizes.requests,
        sizes.damages,
        sizes.replays,
        sizes.plays,
    )
    # What the program warns of is what the faults are for.
    logging.basicConfig(level=logging.CRITICAL)
    results = asyncio.run(run(sizes, given.seed, given.only, tell))
    tell("\n" + table(results))
    bad = [one for one in results if not one.ok]
    lost, doubled = sum(one.lost for one in results), sum(one.doubled for one in results)
    plays, seconds = sum(one.plays for one in results), sum(one.seconds for one in results)
    tell(f"\n{plays} plays in {seconds:.0f} s: {lost} lost, {doubled} doubled.")
    return 1 if bad else 0


def tell(line: str) -> None:
    """Print `line` at once."""
    print(line, flush=True)  # noqa: T201  # the command's output


if __name__ == "__main__":
    sys.exit(main())
