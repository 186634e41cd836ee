"""The index from external ids to a server's items, one for each profile (server and user)."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from revenge_companion.core.catalogue import Coverage, IndexState, ServerItem, placed
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import compact, maybe_moment, micros
from revenge_companion.store.server_items import (
    FROM_ITEMS,
    ITEM_COLUMNS,
    drop,
    item_from,
    item_row,
    save,
)

#: Keys looked up in one job; others get their turn between two.
_CHUNK = 5000

_ITEMS = f"SELECT {ITEM_COLUMNS} {FROM_ITEMS}"
_INDEX = "SELECT id FROM server_index WHERE profile = ?"
_DIRECT = (
    "SELECT key, min(media_id) FROM server_key "
    "WHERE index_id = ? AND key IN (SELECT value FROM json_each(?)) GROUP BY key"
)
#: Every place of some shows, down one index; a page of a history is mostly of a few.
_PLACES = (
    "SELECT series_id, season, episode, min(media_id) FROM server_item WHERE index_id = ? "
    "AND series_id <> '' AND series_id IN (SELECT value FROM json_each(?)) "
    "GROUP BY series_id, season, episode"
)
_WALK = {SubjectKind.MOVIE: "films_us", SubjectKind.SHOW: "shows_us"}


@dataclass(frozen=True, slots=True)
class Unread:
    """A show whose episodes are not known, or not as the server has them now."""

    show: ServerItem
    #: When they were last read (aware UTC); None for never.
    read_at: datetime | None


class ServerIndex:
    """What one profile's server has."""

    def __init__(self, db: Database, profile: str) -> None:
        self._db = db
        self._profile = profile
        self._id: int | None = None

    async def state(self) -> IndexState:
        """What is known, without whether anybody walks."""

        def job(link: Link) -> IndexState:
            index = self._index(link)
            films_us, shows_us = link.connection.execute(
                "SELECT films_us, shows_us FROM server_index WHERE id = ?", (index,)
            ).fetchone()
            counts = dict(
                link.connection.execute(
                    "SELECT kind, count(*) FROM server_item WHERE index_id = ? GROUP BY kind",
                    (index,),
                ).fetchall()
            )
            coverage = Coverage.NOTHING
            if films_us is not None and shows_us is not None:
                left = _unread(link, index, None, 0, limit=1)
                coverage = Coverage.TITLES if left else Coverage.EVERYTHING
            return IndexState(
                coverage,
                counts.get(SubjectKind.MOVIE, 0),
                counts.get(SubjectKind.SHOW, 0),
                counts.get(SubjectKind.EPISODE, 0),
            )

        return await self._db.run(job)

    async def walked_at(self) -> datetime | None:
        """When films and shows were both walked to their end; None where one never was."""

        def job(link: Link) -> int | None:
            row = link.connection.execute(
                "SELECT min(films_us, shows_us) FROM server_index WHERE id = ?",
                (self._index(link),),
            ).fetchone()
            return None if row[0] is None else int(row[0])

        return maybe_moment(await self._db.run(job))

    # Walks

    async def begin(self) -> int:
        """Begin a walk; returns its generation, for `keep` and `whole`."""

        def job(link: Link) -> int:
            with link.atomic():
                index = self._index(link)
                row = link.connection.execute(
                    "UPDATE server_index SET generation = generation + 1 WHERE id = ? "
                    "RETURNING generation",
                    (index,),
                ).fetchone()
                return int(row[0])

        return await self._db.run(job)

    async def keep(self, items: Sequence[ServerItem], generation: int) -> None:
        """Write items of a walk in place of what was known of them."""
        rows = [item_row(item) for item in items]

        def job(link: Link) -> None:
            with link.atomic():
                save(link.connection, self._index(link), rows, generation)

        await self._db.run(job)

    async def whole(self, kind: SubjectKind, generation: int, at: datetime) -> int:
        """A walk through all films or shows ended: what it did not see is gone from the server.

        Returns how many films or shows are gone; a show's episodes go with it.
        """

        def job(link: Link) -> int:
            with link.atomic():
                index = self._index(link)
                gone = [
                    str(row[0])
                    for row in link.connection.execute(
                        "SELECT media_id FROM server_item WHERE index_id = ? AND kind = ? "
                        "AND series_id = '' AND generation < ?",
                        (index, kind.value, generation),
                    )
                ]
                drop(link.connection, index, gone)
                link.connection.execute(
                    f"UPDATE server_index SET {_WALK[kind]} = ? WHERE id = ?", (micros(at), index)
                )
                return len(gone)

        return await self._db.run(job)

    async def keep_episodes(
        self, show: ServerItem, items: Sequence[ServerItem], at: datetime
    ) -> None:
        """Write all episodes and seasons of a show; those not among them are gone."""
        rows = [item_row(item) for item in items]
        kept = {item.subject.media_id for item in items}
        show_id = show.subject.media_id

        def job(link: Link) -> None:
            with link.atomic():
                index = self._index(link)
                known = link.connection.execute(
                    "SELECT media_id FROM server_item WHERE index_id = ? AND series_id = ? "
                    "AND series_id <> ''",
                    (index, show_id),
                )
                drop(link.connection, index, [str(row[0]) for row in known if row[0] not in kept])
                save(link.connection, index, rows, 0)
                link.connection.execute(
                    "UPDATE server_item SET read_us = ?, episodes_read = coalesce(episodes, -1) "
                    "WHERE index_id = ? AND media_id = ?",
                    (micros(at), index, show_id),
                )

        await self._db.run(job)

    async def unread(
        self, read_before: datetime, names: Iterable[str] | None = None, *, by_id: bool = False
    ) -> list[Unread]:
        """Shows whose episodes have to be read: never read, changed since, or read long ago.

        `names` leaves those shows that one of these keys names, or with `by_id` one of these ids.
        """
        wanted = None if names is None else compact(list(names))

        def job(link: Link) -> list[Unread]:
            return _unread(link, self._index(link), wanted, micros(read_before), by_id=by_id)

        return await self._db.run(job)

    # Looking up

    async def lookup(self, wanted: Iterable[str]) -> dict[str, str]:
        """The server's item for each key (`core.library.keys`) that it has one for."""
        every = list(dict.fromkeys(wanted))
        found: dict[str, str] = {}
        for at in range(0, len(every), _CHUNK):
            chunk = every[at : at + _CHUNK]
            # The thread that reads: plays that count need not wait, nor lines that are staged.
            found |= await self._db.read(partial(self._lookup, wanted=chunk))
        return found

    def _lookup(self, connection: sqlite3.Connection, wanted: Sequence[str]) -> dict[str, str]:
        row = connection.execute(_INDEX, (self._profile,)).fetchone()
        if row is None:
            return {}
        places = {key: place for key in wanted if (place := placed(key)) is not None}
        # Nothing is kept by a place (`item_row`): it is found through its show.
        direct = {*wanted, *(show for show, _ in places.values())}.difference(places)
        known: dict[str, str] = dict(
            connection.execute(_DIRECT, (row[0], compact(list(direct)))).fetchall()
        )
        found = {key: known[key] for key in wanted if key in known}
        asked = {
            key: (known[show], *place) for key, (show, place) in places.items() if show in known
        }
        if asked:
            shows = compact(list({place[0] for place in asked.values()}))
            there = {row[:3]: row[3] for row in connection.execute(_PLACES, (row[0], shows))}
            found |= {key: there[place] for key, place in asked.items() if place in there}
        return found

    async def subjects(self, media_ids: Iterable[str]) -> dict[str, Subject]:
        """What the server says of its items, for those that are known."""
        wanted = compact(list(media_ids))

        def job(link: Link) -> dict[str, Subject]:
            rows = link.connection.execute(
                f"{_ITEMS} WHERE i.index_id = ? AND i.media_id IN (SELECT value FROM json_each(?))",
                (self._index(link), wanted),
            )
            return {row[0]: item_from(row).subject for row in rows}

        return await self._db.run(job)

    async def titled(self, kind: SubjectKind) -> list[ServerItem]:
        """Every film or every show, for suggestions."""
        return await self.after(kind, "", limit=-1)

    async def after(self, kind: SubjectKind, media_id: str, *, limit: int) -> list[ServerItem]:
        """Films or shows behind the id `media_id`, in the order of ids."""

        def job(link: Link) -> list[ServerItem]:
            rows = link.connection.execute(
                f"{_ITEMS} WHERE i.index_id = ? AND i.kind = ? "
                "AND i.series_id = '' AND i.media_id > ? ORDER BY i.media_id LIMIT ?",
                (self._index(link), kind.value, media_id, limit),
            )
            return [item_from(row) for row in rows]

        return await self._db.run(job)

    async def at(self, series_id: str, season: int, episode: int | None) -> Subject | None:
        """The episode of a show at a place, or its season; None where none is known."""

        def job(link: Link) -> Subject | None:
            row = link.connection.execute(
                f"{_ITEMS} WHERE i.index_id = ? AND i.series_id = ? "
                "AND i.series_id <> '' AND i.season = ? AND i.episode IS ? "
                "ORDER BY i.media_id LIMIT 1",
                (self._index(link), series_id, season, episode),
            ).fetchone()
            return None if row is None else item_from(row).subject

        return await self._db.run(job)

    async def of_show(self, show_id: str) -> list[ServerItem]:
        """The episodes and seasons of a show that are known."""

        def job(link: Link) -> list[ServerItem]:
            rows = link.connection.execute(
                f"{_ITEMS} WHERE i.index_id = ? AND i.series_id = ? "
                "AND i.series_id <> '' ORDER BY i.season, i.episode",
                (self._index(link), show_id),
            )
            return [item_from(row) for row in rows]

        return await self._db.run(job)

    def _index(self, link: Link) -> int:
        # Not kept across a rollback of a job's group: it is asked for where it is not known.
        row = link.connection.execute(_INDEX, (self._profile,)).fetchone()
        if row is None:
            link.connection.execute(
                "INSERT INTO server_index (profile) VALUES (?)", (self._profile,)
            )
            row = link.connection.execute(_INDEX, (self._profile,)).fetchone()
        return int(row[0])


def _unread(
    link: Link,
    index: int,
    names: str | None,
    before_us: int,
    *,
    by_id: bool = False,
    limit: int = -1,
) -> list[Unread]:
    only = ""
    if names is not None:
        named = "SELECT value FROM json_each(:names)"
        if not by_id:
            named = f"SELECT media_id FROM server_key WHERE index_id = :index AND key IN ({named})"
        only = f"AND i.media_id IN ({named}) "
    rows = link.connection.execute(
        f"SELECT {ITEM_COLUMNS}, i.read_us {FROM_ITEMS} WHERE i.index_id = :index "
        f"AND i.kind = 'show' AND i.series_id = '' {only}"
        "AND (i.read_us IS NULL OR i.read_us < :before "
        "OR i.episodes_read <> coalesce(i.episodes, -1)) ORDER BY i.media_id LIMIT :limit",
        {"index": index, "names": names, "before": before_us, "limit": limit},
    )
    return [Unread(item_from(row), maybe_moment(row[-1])) for row in rows]
