"""Linked accounts. An unlinked account keeps its row, so that linking it again resumes its lane."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from revenge_companion.core.accounts import Account, AccountState, Switches
from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Kind
from revenge_companion.core.profiles import FIRST, NOBODY
from revenge_companion.core.reasons import Reason
from revenge_companion.store.database import Database, Link
from revenge_companion.store.models import AccountRow, TallyRow
from revenge_companion.store.payload import compact, maybe_micros, maybe_moment, micros, plain


class Accounts:
    """The accounts of every profile; holds no secret."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def all(self) -> list[Account]:
        """Every linked account in the order of linking; unlinked ones are left out."""
        return await self._db.run(lambda link: _select(link, AccountRow.removed_us.is_null()))

    async def get(self, account_id: int) -> Account | None:
        """One linked account, None where it is unknown or unlinked."""

        def job(link: Link) -> Account | None:
            found = _select(link, (AccountRow.id == account_id) & AccountRow.removed_us.is_null())
            return found[0] if found else None

        return await self._db.run(job)

    async def add(
        self,
        *,
        service: str,
        remote_id: str,
        label: str = "",
        remote_name: str = "",
        profile_url: str = "",
        api_url: str = "",
        auth_url: str = "",
        client_id: str = "",
        allow_http: bool = False,
        switches: Switches | None = None,
        profile: int = FIRST,
    ) -> Account:
        """Link an account, or link it again: the same service, remote id and API root are one.

        Linking again keeps the row's id, its queue and, without `switches`, its switches but for
        `allow_http`, which is said anew each time; its state is `linked`. An empty label keeps the
        earlier one, else the remote name is used. While it is linked for one profile it stays that
        profile's, whoever links it again; unlinked, it goes to `profile`. NOBODY is who signs in
        next, which is the first profile as long as there is none.
        """
        names = {"remote_name": plain(remote_name), "profile_url": plain(profile_url)}
        names["auth_url"] = auth_url
        names["client_id"] = client_id

        def job(link: Link) -> Account:
            same = (
                (AccountRow.service == service)
                & (AccountRow.remote_id == remote_id)
                & (AccountRow.api_url == api_url)
            )
            with link.atomic():
                owner = profile or _next(link)
                known = _select(link, same)
                if known:
                    _hand_over(link, known[0], owner)
                    changed: dict[str, Any] = dict(names)
                    changed["label"] = plain(label) or known[0].label
                    wanted = replace(switches or known[0].switches, allow_http=allow_http)
                    changed["switches"] = switches_text(wanted)
                    changed |= _state(AccountState.LINKED, "", None)
                    changed["removed_us"] = None
                    AccountRow.update(changed).where(same).execute(link.db)
                else:
                    AccountRow.insert(
                        service=service,
                        remote_id=remote_id,
                        api_url=api_url,
                        label=plain(label or remote_name or remote_id),
                        switches=switches_text(
                            replace(switches or Switches(), allow_http=allow_http)
                        ),
                        profile_id=owner,
                        **names,
                        **_state(AccountState.LINKED, "", None),
                    ).execute(link.db)
                return _select(link, same)[0]

        return await self._db.run(job)

    async def remove(self, account_id: int, *, keep_queued: bool) -> None:
        """Unlink an account; its deliveries stay in the ledger.

        What had not been sent is given up, or with `keep_queued` waits for linking again. What is
        being sent this moment settles as it will.
        """
        now_us = micros(self._clock.now())

        def job(link: Link) -> None:
            with link.atomic():
                removed = AccountRow.update(removed_us=now_us).where(AccountRow.id == account_id)
                removed.execute(link.db)
                if not keep_queued:
                    link.connection.execute(
                        "UPDATE delivery SET state = 'undone', due_us = NULL, reason_code = ?, "
                        "settled_us = ? WHERE account_id = ? "
                        "AND state IN ('pending', 'unsure', 'held', 'parked')",
                        (Reason.DISCARDED.value, now_us, account_id),
                    )

        await self._db.run(job)

    async def set_state(
        self,
        account_id: int,
        state: AccountState,
        detail: str = "",
        held_until: datetime | None = None,
    ) -> None:
        """Note how the lane is; `detail` is the sentence, `held_until` (aware UTC) its end."""
        await self._update(account_id, _state(state, detail, held_until))

    async def set_switches(self, account_id: int, switches: Switches) -> None:
        """Keep what the user wants of the account."""
        await self._update(account_id, {"switches": switches_text(switches)})

    async def rename(self, account_id: int, label: str) -> None:
        """Call the account `label`."""
        await self._update(account_id, {"label": plain(label)})

    async def _update(self, account_id: int, values: Mapping[str, Any]) -> None:
        query = AccountRow.update(dict(values)).where(AccountRow.id == account_id)
        await self._db.run(lambda link: query.execute(link.db))


def _hand_over(link: Link, account: Account, owner: int) -> None:
    """Give an account that is unlinked to another profile."""
    given = AccountRow.update(profile_id=owner).where(
        (AccountRow.id == account.id)
        & AccountRow.removed_us.is_null(False)
        & (AccountRow.profile_id != owner)
    )
    if given.execute(link.db):
        # What was read there is in the library of the one before.
        link.connection.execute(
            "DELETE FROM import_seen WHERE source = ?", (f"account:{account.id}",)
        )


def _next(link: Link) -> int:
    """Whose an account is that is linked while nobody is signed in."""
    known = link.connection.execute("SELECT 1 FROM profile LIMIT 1").fetchone()
    return FIRST if known is None else NOBODY


def _state(state: AccountState, detail: str, held_until: datetime | None) -> dict[str, Any]:
    return {
        "state": state.value,
        "state_detail": plain(detail),
        "held_until_us": maybe_micros(held_until),
    }


def _select(link: Link, condition: Any) -> list[Account]:
    query = (
        AccountRow.select(AccountRow, TallyRow.last_delivery_us)
        .join(TallyRow, on=(TallyRow.account_id == AccountRow.id))
        .where(condition)
        .order_by(AccountRow.id)
        .dicts()
    )
    return [_account(row) for row in query.execute(link.db)]


def _account(row: Mapping[str, Any]) -> Account:
    return Account(
        id=row["id"],
        service=row["service"],
        label=row["label"],
        remote_id=row["remote_id"],
        remote_name=row["remote_name"],
        profile_url=row["profile_url"],
        api_url=row["api_url"],
        auth_url=row["auth_url"],
        client_id=row["client_id"],
        switches=switches_from(row["switches"]),
        state=AccountState(row["state"]),
        state_detail=row["state_detail"],
        held_until=maybe_moment(row["held_until_us"]),
        last_delivery_at=maybe_moment(row["last_delivery_us"]),
        profile=row["profile_id"],
    )


def switches_text(switches: Switches) -> str:
    """`switches` as JSON; what is as by default is left out, so that defaults may change."""
    usual = Switches()
    values = {
        name: getattr(switches, name)
        for name in Switches.__dataclass_fields__
        if getattr(switches, name) != getattr(usual, name)
    }
    return compact(values)


def switches_from(text: str) -> Switches:
    """The switches that were written; what a newer program added is passed over."""
    data = json.loads(text)
    values = {key: value for key, value in data.items() if key in Switches.__dataclass_fields__}
    if "kinds" in values:
        known = set(Kind)
        values["kinds"] = tuple(Kind(kind) for kind in values["kinds"] if kind in known)
    if "libraries" in values:
        values["libraries"] = tuple(values["libraries"])
    return Switches(**values)
