"""What every page is given: the engine, its signals, time, and the services' names."""

from collections.abc import Mapping
from dataclasses import dataclass

from revenge_companion.core.clock import Clock
from revenge_companion.engine.api import EngineApi
from revenge_companion.services.base import ServiceSpec
from revenge_companion.ui.bridge import Bridge


@dataclass(frozen=True, slots=True)
class Context:
    engine: EngineApi
    bridge: Bridge
    clock: Clock
    #: Services' names by key.
    names: Mapping[str, str]

    def name(self, service: str) -> str:
        """A service's name; its key where the catalogue no longer has it."""
        return self.names.get(service, service)

    def spec(self, service: str) -> ServiceSpec | None:
        """A service's description, None where the catalogue no longer has it."""
        return next((spec for spec in self.engine.services if spec.key == service), None)
