"""One account's line to Hardcover."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any

from revenge_companion.core.delivery import Delivered, Delivery, Outcome, Refused, TryLater
from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    ImportRefused,
    LinkExpired,
    ServiceTrouble,
)
from revenge_companion.core.library import Entry, Facet, Subject, item_of
from revenge_companion.core.live import LiveNotice
from revenge_companion.core.media import Item
from revenge_companion.core.reasons import Reason
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.services.answers import (
    all_of,
    mapping,
    one_by_one,
    outcome_of,
    rows_of,
    whole_number,
    words,
)
from revenge_companion.services.base import RemoteUser, SecretSlot
from revenge_companion.services.hardcover import changes, payload, reading
from revenge_companion.services.hardcover.payload import OnShelf
from revenge_companion.services.hardcover.spec import SPEC
from revenge_companion.services.hardcover.wire import Api
from revenge_companion.services.importing import ImportPage
from revenge_companion.services.reading import packed, place, unpacked


@dataclass(frozen=True, slots=True)
class Me:
    """The user as Hardcover knows them."""

    id: int
    name: str
    #: 1 public, 2 followers, 3 private; new entries get it. None leaves it to Hardcover.
    privacy: int | None

    @property
    def user(self) -> RemoteUser:
        return RemoteUser(str(self.id), self.name, f"https://hardcover.app/@{self.name}")


class HardcoverClient:
    """Marks books as read, on the day they were finished."""

    def __init__(self, api: Api, slot: SecretSlot, *, zone: tzinfo | None = None) -> None:
        """`zone` dates the readings; None is the system's own."""
        self._api = api
        self._slot = slot
        self._zone = zone
        self._me: Me | None = None
        self._books: dict[tuple[str, str], int] = {}

    async def submit(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Deliver rows; see `services.base.Client`."""
        outcomes: dict[int, Outcome] = {}
        for position, delivery in enumerate(batch):
            try:
                outcomes[delivery.id] = await self._finish(delivery.scrobble)
            except CompanionError as error:
                if not outcomes:
                    raise
                outcomes[delivery.id] = outcome_of(error, alone=True)
                rest = [row.id for row in batch[position + 1 :]]
                return outcomes | all_of(rest, TryLater("", after_s=0.0, counts=False))
        return outcomes

    async def find(self, delivery: Delivery) -> str | None:
        """Never asked: a repeated delivery looks at what is there before it writes."""
        return None

    async def live(self, notice: LiveNotice) -> None:
        """Hardcover shows no playing."""

    async def whoami(self) -> RemoteUser:
        """The account the token belongs to; raises LinkExpired for a token that is no more."""
        return (await self._who(anew=True)).user

    async def revoke(self) -> None:
        """Nothing to give back: the token is the user's own."""

    async def change(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Deliver ratings and wishes; see `services.base.TakesChanges`."""

        async def deliver(row: Delivery) -> Outcome:
            return await changes.deliver(row, self)

        return await one_by_one(batch, deliver)

    async def marks(self) -> Mapping[Facet, str]:
        """Hardcover has nothing that changes when a book is removed, so it tells nothing."""
        return {}

    async def page(self, facet: Facet, cursor: str) -> ImportPage:
        """A page of the shelves; see `services.importing.Readable`."""
        query, after = reading.query(facet), place(unpacked(cursor), "after") or 0
        if query is None:
            raise ImportRefused("Hardcover has nothing of this kind.")
        asked = {"u": (await self._who()).id, "after": after, "l": reading.PAGE}
        try:
            rows = (await self._ask(query, asked)).get("user_books")
        except BatchRefused as error:
            raise ServiceTrouble(str(error)) from error
        if not isinstance(rows, list):
            raise ServiceTrouble("Hardcover did not send the shelves.")
        made = [one for row in rows for one in reading.made(facet, mapping(row))]
        numbers = [number for row in rows_of(rows) if (number := whole_number(row.get("id")))]
        if rows and max(numbers, default=0) <= after:
            raise ServiceTrouble("Hardcover sent a page of the shelves that was read already.")
        return ImportPage(
            tuple(one for one in made if isinstance(one, Entry)),
            packed(after=max(numbers)) if len(rows) >= reading.PAGE else "",
            None,
            tuple(one for one in made if isinstance(one, str)),
        )

    async def book_of(self, subject: Subject) -> int | None:
        """See `changes.Line`."""
        refs = dict(subject.refs)
        number = whole_number(refs.get("hardcover"))
        if number is None and "isbn" in refs:
            number = payload.book_by_isbn(await self._ask(payload.EDITIONS, {"isbn": refs["isbn"]}))
        return number if number is not None else await self._book(item_of(subject))

    async def entry_of(self, book: int) -> OnShelf | None:
        """See `changes.Line`."""
        return await self._entry(await self._who(), book)

    async def put_on_shelf(self, book: int, values: Mapping[str, Any]) -> int:
        """See `changes.Line`."""
        me = await self._who()
        entry = {"book_id": book, **values}
        if me.privacy is not None:
            entry["privacy_setting_id"] = me.privacy
        return await self._change(payload.ADD_ENTRY, {"o": entry})

    async def say(self, query: str, variables: Mapping[str, Any]) -> int:
        """See `changes.Line`."""
        return await self._change(query, variables)

    async def _finish(self, scrobble: Scrobble) -> Outcome:
        """See to a reading that ended on the scrobble's day, then to the status.

        In this order: a book that becomes "read" without a reading gets today's date.
        """
        item = scrobble.item
        if item.kind not in SPEC.kinds:
            return Refused(Reason.NOT_TAKEN)
        if not item.title.strip() or not payload.author_of(item):
            return Refused(Reason.NOT_FOUND, "It has no title or no author.")
        me, book = await self._who(), await self._book(item)
        if book is None:
            return Refused(Reason.NOT_FOUND, "No book has exactly this title and author.")
        entry = await self._entry(me, book)
        day = self._day(scrobble, started=False)
        known = entry.read_on(day) if entry is not None else None
        if entry is not None and known is not None and entry.status == payload.READ:
            return Delivered(str(known.id), Reason.ALREADY_THERE)
        if entry is None:
            entry = await self._add(me, book, item)
        read_id = known.id if known is not None else await self._read(entry, book, scrobble)
        later = [one for one in entry.reads if not one.finished_at and one.started_at > day]
        if entry.status != payload.READ and not later:
            await self._change(
                payload.CHANGE_ENTRY, {"id": entry.id, "o": {"status_id": payload.READ}}
            )
        return Delivered(str(read_id))

    async def _add(self, me: Me, book: int, item: Item) -> OnShelf:
        """Put a book on the shelf; Hardcover may begin a reading by itself, so it is read back."""
        values = {"status_id": payload.READING}
        edition = await self._edition(book, item)
        if edition is not None:
            values["edition_id"] = edition
        number = await self.put_on_shelf(book, values)
        entry = await self._entry(me, book)
        if entry is None:
            return OnShelf(number, payload.READING, ())
        # What it began is dated today, which says nothing of when the book was begun.
        return replace(entry, reads=tuple(replace(one, started_at="") for one in entry.reads))

    async def _read(self, entry: OnShelf, book: int, scrobble: Scrobble) -> int:
        """End the reading that goes on, or add one that ended; returns its id."""
        day, began = self._day(scrobble, started=False), self._day(scrobble, started=True)
        going_on = entry.open_read(day)
        if going_on is not None:
            dates = {"started_at": going_on.started_at or began, "finished_at": day}
            return await self._change(payload.CHANGE_READ, {"id": going_on.id, "r": dates})
        values: dict[str, Any] = {"started_at": began, "finished_at": day}
        edition = await self._edition(book, scrobble.item)
        if edition is not None:
            values["edition_id"] = edition
        return await self._change(payload.ADD_READ, {"id": entry.id, "r": values})

    async def _who(self, *, anew: bool = False) -> Me:
        if self._me is None or anew:
            self._me = await who(self._api, await self._token())
        return self._me

    async def _book(self, item: Item) -> int | None:
        if not item.title.strip() or not payload.author_of(item):
            return None
        key = (item.title, payload.author_of(item))
        if key not in self._books:
            data = await self._ask(payload.SEARCH, {"q": payload.search_text(item)})
            found = payload.found_book(data, item)
            if found is None:
                return None
            self._books[key] = found
        return self._books[key]

    async def _edition(self, book: int, item: Item) -> int | None:
        if not item.duration_s:
            return None
        wanted = {"b": book, "f": payload.AUDIOBOOK_FORMAT}
        return payload.best_edition(await self._ask(payload.AUDIO_EDITIONS, wanted), item)

    async def _entry(self, me: Me, book: int) -> OnShelf | None:
        return payload.read_entry(await self._ask(payload.ENTRY, {"u": me.id, "b": book}))

    async def _ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        return await self._api.ask(await self._token(), query, variables)

    async def _change(self, query: str, variables: Mapping[str, Any]) -> int:
        return await self._api.change(await self._token(), query, variables)

    async def _token(self) -> str:
        secret = await self._slot.get()
        if secret is None or not secret.access:
            raise LinkExpired("Hardcover is not linked any more.")
        return secret.access

    def _day(self, scrobble: Scrobble, *, started: bool) -> str:
        at = scrobble.started_at if started else scrobble.dated_at
        return at.astimezone(self._zone).date().isoformat()


async def who(api: Api, token: str) -> Me:
    """Whose token this is; raises what `Api.ask` raises."""
    data = await api.ask(token, payload.ME)
    for row in rows_of(data.get("me")):
        number = whole_number(row.get("id"))
        if number is not None:
            privacy = whole_number(row.get("account_privacy_setting_id"))
            return Me(number, words(row.get("username")) or str(number), privacy)
    raise LinkExpired("Hardcover does not know whose token this is.")
