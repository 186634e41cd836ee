"""What the server remembers of watching: one row per item, no log of plays, its own times."""

from dataclasses import dataclass
from datetime import datetime

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Item
from revenge_companion.demo.library import demo_id

#: More than this share of the runtime is "completed", decided on each write.
_COMPLETED = 0.90


@dataclass(slots=True)
class Row:
    """One item's progress, in the whole seconds that the server keeps."""

    id: str
    item: Item
    progress_s: int
    duration_s: int
    completed: bool
    #: Not a number of plays: 1 for the first write, then 1 for each time it becomes complete.
    watch_count: int
    created_at: datetime
    watched_at: datetime


class Progress:
    """The rows of the one user."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: Aware UTC; when everything was added to the library, too.
        self.opened_at = clock.now()
        self._rows: dict[str, Row] = {}

    def write(self, item: Item, progress_s: int, duration_s: int) -> Row:
        """Set an item's position; the latest write wins, also over "completed"."""
        now = self._clock.now()
        completed = progress_s / duration_s > _COMPLETED
        row = self._rows.get(item.media_id)
        if row is None:
            row_id = demo_id(f"progress/{item.media_id}")
            row = Row(row_id, item, progress_s, duration_s, completed, 1, now, now)
            self._rows[item.media_id] = row
            return row
        if completed and not row.completed:
            row.watch_count += 1
        row.progress_s, row.duration_s, row.completed = progress_s, duration_s, completed
        row.watched_at = now
        return row

    def mark(self, episode: Item, runtime_s: int) -> Row:
        """Mark an episode as watched, which counts each time, also when it was."""
        before = self._rows.get(episode.media_id)
        count = 0 if before is None else before.watch_count
        row = self.write(episode, runtime_s, runtime_s)
        row.watch_count = count + 1
        return row

    def read(self, media_id: str) -> Row | None:
        return self._rows.get(media_id)

    def forget(self, media_id: str) -> None:
        self._rows.pop(media_id, None)

    def rows(self, *items: Item) -> list[Row]:
        """The rows of `items`, last watched first."""
        rows = [row for item in items if (row := self._rows.get(item.media_id)) is not None]
        return sorted(rows, key=lambda row: row.watched_at, reverse=True)
