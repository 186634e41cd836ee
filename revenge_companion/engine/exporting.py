"""Putting the exporter together, when somebody first asks for it."""

from collections.abc import Callable, Coroutine

from revenge_companion.engine.exporter import Exporter
from revenge_companion.engine.lanes import Lanes
from revenge_companion.engine.parts import Parts
from revenge_companion.store.library import Library


def build_exporter(
    parts: Parts,
    lanes: Lanes,
    changed: Callable[[], Coroutine[object, object, None]],
    chore: Callable[[Coroutine[object, object, None]], None],
) -> Exporter:
    """The exporter of the engine; `changed` counts the outbox anew and wakes the lanes."""
    return Exporter(
        parts.database,
        parts.clock,
        parts.services,
        Library(parts.database, parts.clock),
        linked=lanes.all,
        client_of=lanes.client_of,
        queued=lambda _: chore(changed()),
    )
