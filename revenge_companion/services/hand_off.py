"""What hand-off services share: files of a bounded size, safe cells, and a line that sends nothing.

A cell that a spreadsheet would run is made text with an apostrophe in front. These files are for a
service's importer, though, which matches by what the cells hold, so a title such as "+1" or "-30-"
that merely begins like a formula stays as it is: without a call, a pipe or a reference to another
file a formula can do nothing.
"""

import csv
import io
from collections.abc import Mapping, Sequence

from revenge_companion.core.accounts import Account
from revenge_companion.core.delivery import Delivery, Outcome, TryLater
from revenge_companion.core.live import LiveNotice
from revenge_companion.services.answers import all_of, sendable
from revenge_companion.services.base import HandOffFile, Linked, RemoteUser, Secret

#: Letterboxd takes 1 MB per file; a part stays below it. In bytes and in rows.
PART_BYTES = 900_000
PART_ROWS = 1000
#: Longest cell, in characters.
LONGEST_CELL = 2000
#: The remote id of an account whose user named none.
LOCAL_ID = "local"

#: One line of a file, and the deliveries it stands for.
Row = tuple[Sequence[str], Sequence[int]]

_BEGINS_FORMULA = ("=", "+", "-", "@")
_DOES_SOMETHING = frozenset("(|![")


def cell(text: str | None, *, matched_by_text: bool = True) -> str:
    """`text` on one line, as a cell that no spreadsheet runs.

    `matched_by_text` tells whether the importer finds the item by this cell. Where it does not,
    everything that begins like a formula gets an apostrophe; where it does, only what could do
    something.
    """
    line = " ".join(sendable(text)[:LONGEST_CELL].split())
    line = "".join(c for c in line if c.isprintable())
    if not line.startswith(_BEGINS_FORMULA):
        return line
    if matched_by_text and _DOES_SOMETHING.isdisjoint(line):
        return line
    return f"'{line}"


def parts(
    stem: str,
    header: Sequence[str],
    rows: Sequence[Row],
    *,
    most_bytes: int = PART_BYTES,
    most_rows: int = PART_ROWS,
) -> list[HandOffFile]:
    """RFC 4180 files named after `stem`, each with the header and no larger than allowed."""
    head = _line(header)
    size, lines, ids = len(head.encode()), [head], list[int]()
    made: list[tuple[str, tuple[int, ...]]] = []
    for cells, row_ids in rows:
        line = _line(cells)
        length = len(line.encode())
        if len(lines) > 1 and (size + length > most_bytes or len(lines) > most_rows):
            made.append(("".join(lines), tuple(ids)))
            size, lines, ids = len(head.encode()), [head], []
        lines.append(line)
        ids.extend(row_ids)
        size += length
    if ids:
        made.append(("".join(lines), tuple(ids)))
    if len(made) == 1:
        return [HandOffFile(f"{stem}.csv", *made[0])]
    return [
        HandOffFile(f"{stem}-{number}-of-{len(made)}.csv", text, covered)
        for number, (text, covered) in enumerate(made, 1)
    ]


def local_link(name: str, service: str, *, remote_id: str = LOCAL_ID, page: str = "") -> Linked:
    """An account that lives on this computer only: nothing was asked, and there is no secret."""
    return Linked(RemoteUser(remote_id, name or service, page), Secret(""))


class NothingSent:
    """The client of a hand-off account: it makes no request at all; see `services.base.Client`."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def submit(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Leave every row where it is; no lane asks, as the rows wait for the user."""
        return all_of([delivery.id for delivery in batch], TryLater("", after_s=3600, counts=False))

    async def find(self, delivery: Delivery) -> str | None:
        """Nothing was sent, so nothing can be found."""
        return None

    async def live(self, notice: LiveNotice) -> None:
        """Nobody is told."""

    async def whoami(self) -> RemoteUser:
        """Who the user said the account belongs to; nobody is asked."""
        account = self._account
        return RemoteUser(account.remote_id, account.remote_name, account.profile_url)

    async def revoke(self) -> None:
        """There is nothing to give back."""


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
