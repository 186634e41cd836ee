"""What of the library a server that has learnt to take it has, and has not, been sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.profiles import FIRST
from revenge_companion.core.ratings import stars_of
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import plain

#: What the merged library says of films and shows that this server has: each thing once, though
#: several sources, and several of its names, speak of it.
_DUE = (
    "SELECT s.media_id, s.kind, e.rating, p.value FROM library_entry e "
    "JOIN library_item i ON i.id = e.item_id "
    "JOIN library_item m ON m.thing = i.thing AND m.media_id <> '' "
    "JOIN server_index x ON x.profile = :profile "
    "JOIN server_item s ON s.index_id = x.id AND s.media_id = m.media_id "
    "AND s.kind IN ('movie', 'show') "
    "LEFT JOIN server_push p ON p.profile = x.profile AND p.facet = e.facet "
    "AND p.media_id = s.media_id "
    "WHERE e.facet = :facet AND e.shown > 0 AND i.profile_id = :owner GROUP BY s.media_id"
)


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that the server may not have yet."""

    media_id: str
    kind: SubjectKind
    #: Stars from 0.5 to 5 as text; "1" for what is on the watchlist.
    value: str
    #: What was sent before; None for nothing.
    sent: str | None


class Pushes:
    """What was sent to one profile's server."""

    def __init__(self, db: Database, profile: str, owner: int = FIRST) -> None:
        """`profile` names the server and its user, `owner` is the profile's number."""
        self._db = db
        self._profile = profile
        self._owner = owner

    async def due(self, facet: Facet) -> list[Due]:
        """What the library says and was not sent as it says it now."""

        def job(link: Link) -> list[Due]:
            rows = link.connection.execute(
                _DUE, {"profile": self._profile, "facet": facet.value, "owner": self._owner}
            ).fetchall()
            found = []
            for media_id, kind, rating, sent in rows:
                value = "1" if rating is None else str(stars_of(rating))
                if value != sent:
                    found.append(Due(media_id, SubjectKind(kind), value, sent))
            return found

        return await self._db.run(job)

    async def sent(self, facet: Facet, what: Sequence[Due]) -> None:
        """The server has these, or has something else that the user wants there."""
        rows = [(self._profile, facet.value, plain(one.media_id), one.value) for one in what]

        def job(link: Link) -> None:
            with link.atomic():
                link.connection.executemany(
                    "INSERT INTO server_push (profile, facet, media_id, value) "
                    "VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                    rows,
                )

        await self._db.run(job)
