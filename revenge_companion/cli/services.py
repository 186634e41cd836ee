"""`services`: the catalogue as data."""

import argparse
import json
from typing import Any

from revenge_companion.services.base import ServiceSpec
from revenge_companion.services.catalog import SPECS


def services(args: argparse.Namespace) -> int:
    if args.json:
        print(json.dumps({"services": [_data(spec) for spec in SPECS]}))
        return 0
    for spec in SPECS:
        kinds = ", ".join(kind.value for kind in spec.kinds)
        live = "live and durable" if spec.live else "durable"
        if spec.hand_off:
            live = "as a file you import there"
        print(f"{spec.key:14} {spec.name}: {kinds}; {live}")
    return 0


def _data(spec: ServiceSpec) -> dict[str, Any]:
    return {
        "key": spec.key,
        "name": spec.name,
        "kinds": [kind.value for kind in spec.kinds],
        "link": [method.value for method in spec.link],
        "live": spec.live,
        "durable": spec.durable,
        "imports": list(spec.imports),
        "exports": list(spec.exports),
    }
