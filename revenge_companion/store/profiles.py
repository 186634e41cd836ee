"""The profiles there are, and what belongs to nobody yet."""

import re
import sqlite3

from revenge_companion.core.profiles import NOBODY, Profile
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import plain

#: An id that no two servers give to two users.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_BY_ID = "SELECT id FROM profile WHERE user_id = ? ORDER BY server_url <> ?, id LIMIT 1"
_BY_ID_HERE = "SELECT id FROM profile WHERE user_id = ? AND server_url = ? LIMIT 1"
#: Of a profile whose id at the server is not known: before there were several, none was kept.
_BY_NAME = (
    "SELECT id FROM profile WHERE server_url = ? AND username = ? AND (user_id = '' OR ? = '') "
    "LIMIT 1"
)


class Profiles:
    """Every server and user that somebody was signed in as."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def enter(self, server_url: str, user_id: str, username: str) -> int:
        """The profile of somebody who signs in, made where there is none. Raises StoreTrouble.

        Accounts that belong to nobody are theirs from now on. A user is told by the server's own
        id; where that is none that could be another server's, too, also behind another address.
        """

        def job(link: Link) -> int:
            connection = link.connection
            with link.atomic():
                profile = _known(connection, server_url, user_id, username)
                if profile is None:
                    made = connection.execute(
                        "INSERT INTO profile (server_url, user_id, username) VALUES (?, ?, ?)",
                        (plain(server_url), plain(user_id), plain(username)),
                    )
                    profile = int(made.lastrowid or 0)
                else:
                    connection.execute(
                        "UPDATE profile SET server_url = ?, username = ?, "
                        "user_id = iif(?3 = '', user_id, ?3) WHERE id = ?4",
                        (plain(server_url), plain(username), plain(user_id), profile),
                    )
                connection.execute(
                    "UPDATE account SET profile_id = ? WHERE profile_id = ?", (profile, NOBODY)
                )
            return profile

        return await self._db.run(job)

    async def all(self) -> list[Profile]:
        """Every profile, in the order they came."""
        return await self._db.run(
            lambda link: [
                Profile(*row)
                for row in link.connection.execute(
                    "SELECT id, server_url, username FROM profile ORDER BY id"
                )
            ]
        )


def _known(
    connection: sqlite3.Connection, server_url: str, user_id: str, username: str
) -> int | None:
    row = None
    if user_id:
        by_id = _BY_ID if _UUID.fullmatch(user_id) else _BY_ID_HERE
        row = connection.execute(by_id, (user_id, server_url)).fetchone()
    if row is None:
        row = connection.execute(_BY_NAME, (server_url, username, user_id)).fetchone()
    return None if row is None else int(row[0])
