"""What the command line may ask about the anime map, as plain JSON values."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from revenge_companion.engine.api import EngineApi
from revenge_companion.engine.asked import whole_path

Answer = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


class AnimeRequests:
    """Answers for `engine.requests.Requests`."""

    def __init__(self, engine: EngineApi) -> None:
        self._engine = engine

    def answers(self) -> dict[str, Answer]:
        return {
            "anime_map": self._state,
            "anime_map_download": self._download,
            "anime_map_remove": self._remove,
            "anime_overrides": self._overrides,
            "anime_overrides_import": self._import,
            "anime_overrides_export": self._export,
        }

    async def _state(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return self._now()

    async def _download(self, args: Mapping[str, Any]) -> dict[str, Any]:
        await self._engine.anime.download()
        return self._now()

    async def _remove(self, args: Mapping[str, Any]) -> dict[str, Any]:
        await self._engine.anime.remove()
        return self._now()

    async def _overrides(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {"overrides": [asdict(row) for row in await self._engine.anime.overrides()]}

    async def _import(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {"imported": await self._engine.anime.import_overrides(whole_path(args))}

    async def _export(self, args: Mapping[str, Any]) -> dict[str, Any]:
        path = whole_path(args)
        return {"exported": await self._engine.anime.export_overrides(path), "file": str(path)}

    def _now(self) -> dict[str, Any]:
        from revenge_companion.core.animemap import MapState

        state = self._engine.anime.state or MapState()
        return {
            "downloaded": not state.missing,
            "size_bytes": state.size_bytes,
            "fetched_at": state.fetched_at.isoformat() if state.fetched_at else None,
            "entries": state.entries,
            "waiting": self._engine.status.map_waiting,
        }
