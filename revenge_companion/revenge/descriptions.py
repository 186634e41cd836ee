"""What the catalogue says of episodes that a list names without their external ids."""

import logging
from dataclasses import replace

from revenge_companion.core.errors import CompanionError, SessionExpired
from revenge_companion.core.media import Item, Series
from revenge_companion.revenge.client import RevengeClient
from revenge_companion.revenge.rows import EpisodeRow

_log = logging.getLogger(__name__)

#: Episodes and series whose description is kept.
DESCRIBED_LIMIT = 500


class Descriptions:
    """Episodes with their ids, asked for once."""

    def __init__(self, client: RevengeClient) -> None:
        self._client = client
        self._described: dict[str, Item] = {}
        self._series: dict[str, Series] = {}

    def known(self, episode_id: str) -> Item | None:
        """The episode where it was described before."""
        return self._described.get(episode_id)

    async def of(self, row: EpisodeRow) -> Item | None:
        """The episode with its ids; None while the server cannot say, which is only a pity.

        Raises SessionExpired.
        """
        try:
            return await self.described(row)
        except SessionExpired:
            raise
        except CompanionError as error:
            _log.debug("an episode could not be described: %s", error)
            return None

    async def described(self, row: EpisodeRow) -> Item | None:
        """The episode with its ids; None where the catalogue has it no more.

        Raises SessionExpired or any error of `RevengeClient`.
        """
        known = self.known(row.item.media_id)
        if known is not None:
            return known
        episode = await self._client.episode(row.item.media_id)
        series_id = row.series_id or (episode.series_id if episode else "")
        series = self._series.get(series_id)
        if series is None and series_id:
            series = await self._client.series(series_id)
        if episode is None or series is None:
            return None
        item = replace(
            row.item,
            title=episode.title or row.item.title,
            ids=episode.ids,
            duration_s=row.item.duration_s or episode.duration_s,
            series=series,
            season_number=_first(episode.season_number, row.item.season_number),
            episode_number=_first(episode.episode_number, row.item.episode_number),
        )
        for memory in (self._described, self._series):
            if len(memory) >= DESCRIBED_LIMIT:
                memory.clear()
        self._described[item.media_id] = item
        self._series[series_id] = series
        return item


def _first(value: int | None, other: int | None) -> int | None:
    return value if value is not None else other
