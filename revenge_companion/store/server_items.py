"""A server's items as the index keeps them, with the keys they are found by."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from revenge_companion.core.catalogue import ServerItem, placed
from revenge_companion.core.library import Subject, SubjectKind, keys
from revenge_companion.core.media import Ids, Series
from revenge_companion.store.payload import compact, plain

_SAVE = (
    "INSERT INTO server_item (index_id, media_id, kind, title, titles, year, tmdb, imdb, tvdb, "
    "duration_s, series_id, season, episode, episodes, generation) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (index_id, media_id) DO UPDATE SET kind = excluded.kind, title = excluded.title, "
    "titles = excluded.titles, year = excluded.year, tmdb = excluded.tmdb, imdb = excluded.imdb, "
    "tvdb = excluded.tvdb, duration_s = excluded.duration_s, series_id = excluded.series_id, "
    "season = excluded.season, episode = excluded.episode, episodes = excluded.episodes, "
    "generation = excluded.generation"
)
#: Of a row `i` of `FROM_ITEMS`, what `item_from` reads.
ITEM_COLUMNS = (
    "i.media_id, i.kind, i.title, i.year, i.tmdb, i.imdb, i.tvdb, i.duration_s, i.season, "
    "i.episode, s.title, s.year, s.tmdb, s.imdb, s.tvdb, i.titles, i.series_id, i.episodes"
)
#: Items, and beside each its show `s`.
FROM_ITEMS = (
    "FROM server_item i LEFT JOIN server_item s "
    "ON s.index_id = i.index_id AND s.media_id = i.series_id"
)


def item_row(item: ServerItem) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """An item's columns before its generation, and the keys it is found by."""
    subject = item.subject
    titles = dict.fromkeys((subject.title, *item.other_titles))
    values = (
        plain(subject.media_id),
        subject.kind.value,
        plain(subject.title),
        plain("\n".join(" ".join(title.split()) for title in titles if title)),
        subject.year,
        subject.ids.tmdb,
        None if subject.ids.imdb is None else plain(subject.ids.imdb),
        subject.ids.tvdb,
        subject.duration_s,
        plain(item.series_id),
        subject.season_number,
        subject.episode_number,
        item.episodes,
    )
    # What is known by its show and place is found through the show.
    return values, tuple(plain(key) for key in keys(subject) if placed(key) is None)


def item_from(row: Sequence[Any]) -> ServerItem:
    """The item in values of `ITEM_COLUMNS`; more may follow them."""
    kind = SubjectKind(row[1])
    series = None
    if row[10] is not None:
        series = Series(row[10], row[11], Ids(row[12], row[13], row[14]))
    subject = Subject(
        kind,
        row[2],
        year=row[3],
        ids=Ids(row[4], row[5], row[6]),
        series=series,
        season_number=row[8],
        episode_number=row[9],
        duration_s=row[7],
        media_id=row[0],
    )
    titles = [title for title in str(row[15]).split("\n") if title and title != subject.title]
    return ServerItem(subject, tuple(titles), row[16], row[17])


def save(
    connection: sqlite3.Connection,
    index: int,
    rows: Sequence[tuple[tuple[Any, ...], tuple[str, ...]]],
    generation: int,
) -> None:
    """Write rows of `item_row` in place of what was known of these items."""
    connection.executemany(_SAVE, [(index, *values, generation) for values, _ in rows])
    # Ids are corrected on the server: keys an item no longer has must not find it.
    connection.executemany(
        "DELETE FROM server_key WHERE index_id = ? AND media_id = ?",
        [(index, values[0]) for values, _ in rows],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO server_key (index_id, key, media_id) VALUES (?, ?, ?)",
        [(index, key, values[0]) for values, found in rows for key in found],
    )


def drop(connection: sqlite3.Connection, index: int, media_ids: Sequence[str]) -> None:
    """Remove items with their keys, and what belongs to them."""
    if not media_ids:
        return
    gone = compact(media_ids)
    inside = [
        str(row[0])
        for row in connection.execute(
            "SELECT media_id FROM server_item WHERE index_id = ? AND series_id <> '' "
            "AND series_id IN (SELECT value FROM json_each(?))",
            (index, gone),
        )
    ]
    for media_id in (*media_ids, *inside):
        connection.execute(
            "DELETE FROM server_key WHERE index_id = ? AND media_id = ?", (index, media_id)
        )
        connection.execute(
            "DELETE FROM server_item WHERE index_id = ? AND media_id = ?", (index, media_id)
        )
