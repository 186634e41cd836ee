"""Every measure of the program in one table: ``python -m tests.bench.table``, from the checkout.

Ratios are taken in one run, both sides by turns, and are medians. The parts named as arguments are
run alone: ``python -m tests.bench.table start idle``. The start, the idle tray and its memory need
Linux with Xvfb and trayer; everything else runs anywhere. Exits with 1 when a measure is not met.
"""

import importlib
import sys
import time

Row = tuple[str, float, str]

_PARTS = (
    "start",
    "idle",
    "status",
    "store",
    "late",
    "frames",
    "socket",
    "flush",
    "outbox",
    "index",
    "import",
    "sync",
)


def met(value: float, target: str) -> bool | None:
    """Whether `value` is what `target` ("<= 3", ">= 0.6") asks; None where nothing is asked."""
    if not target:
        return None
    sign, bound = target.split()
    return value <= float(bound) if sign == "<=" else value >= float(bound)


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - set(_PARTS)
    if unknown:
        print(f"Parts are {', '.join(_PARTS)}.", file=sys.stderr)
        return 2
    began = time.monotonic()
    print(f"{'measure':<72} {'measured':>9}   {'target':<9} ok", flush=True)
    missed = 0
    beside: list[str] = []
    for part in _PARTS:
        if wanted and part not in wanted:
            continue
        rows: list[Row] = importlib.import_module(f"tests.bench.bench_{part}").rows()
        for name, value, target in rows:
            ok = met(value, target)
            missed += ok is False
            said = {True: "yes", False: "NO", None: ""}[ok]
            print(f"{name:<72} {value:9.2f}   {target:<9} {said}", flush=True)
        if any(met(value, target) is False for _, value, target in rows):
            beside.append(f"bench_{part}")
        if not rows:
            print(f"{part + ': needs Linux with Xvfb and trayer':<72}", flush=True)
    if beside:
        print(f"What is known to stand in the way is said at the top of {', '.join(beside)}.")
    print(f"{missed} missed, {time.monotonic() - began:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
