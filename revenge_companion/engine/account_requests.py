"""What the command line may ask about accounts: linking, switching, loving, unlinking."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from revenge_companion.core.accounts import Account
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.status import AccountStatus
from revenge_companion.core.switching import Offer, switched, values_of
from revenge_companion.engine.api import EngineApi
from revenge_companion.engine.asked import BadRequest, changes, iso, number, text
from revenge_companion.services.base import LinkPrompt, LinkRequest, offer

Answer = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


class AccountRequests:
    """Answers for `engine.requests.Requests`."""

    def __init__(self, engine: EngineApi) -> None:
        self._engine = engine
        #: Linkings that somebody else has to approve, by their tickets.
        self._links: dict[str, asyncio.Task[Account]] = {}

    def answers(self) -> dict[str, Answer]:
        return {
            "accounts": self._accounts,
            "account_set": self._account_set,
            "link": self._link,
            "link_wait": self._link_wait,
            "probe": self._probe,
            "love": self._love,
            "unlink": self._unlink,
        }

    async def close(self) -> None:
        """Give up linkings that nobody waits for."""
        for pending in self._links.values():
            pending.cancel()
        await asyncio.gather(*self._links.values(), return_exceptions=True)
        self._links.clear()

    async def _accounts(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "accounts": [
                account_json(one)
                | {"switches": values_of(one.account.switches, self._offer(one.account))}
                for one in (
                    self._engine.status.all_accounts
                    if args.get("all") is True
                    else self._engine.status.accounts
                )
            ]
        }

    async def _account_set(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Change an account's switches by their names; without changes, say what they are."""
        account = find_account(self._engine, args.get("account"))
        found = self._offer(account)
        switches = switched(account.switches, changes(args), found)
        if switches != account.switches:
            await self._engine.set_switches(account.id, switches)
        return {"account": account.id, "switches": values_of(switches, found)}

    def _offer(self, account: Account) -> Offer:
        return offer(next(one for one in self._engine.services if one.key == account.service))

    async def _probe(self, args: Mapping[str, Any]) -> dict[str, Any]:
        found = await self._engine.probe(
            text(args, "service"),
            text(args, "address"),
            allow_http=args.get("allow_http") is True,
        )
        return {"probe": asdict(found)}

    async def _love(self, args: Mapping[str, Any]) -> dict[str, Any]:
        loved = not args.get("undo")
        took = await self._engine.love(number(args, "play"), loved=loved)
        return {"loved": loved, "services": took}

    async def _link(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a linking: the account when it is done at once, else what to show and a ticket."""
        names = ("api_url", "auth_url", "client_id", "client_secret", "username", "secret")
        brought: dict[str, Any] = {name: str(args.get(name) or "") for name in names}
        request = LinkRequest(**brought, allow_http=args.get("allow_http") is True)
        shown: asyncio.Future[LinkPrompt] = asyncio.get_running_loop().create_future()

        async def show(prompt: LinkPrompt) -> None:
            if not shown.done():
                shown.set_result(prompt)

        task = asyncio.create_task(
            self._engine.link(text(args, "service"), request, str(args.get("label") or ""), show)
        )
        try:
            either: list[asyncio.Future[Any]] = [task, shown]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.cancel()
            raise
        extra = await self._told_of_server(args)
        if task.done():
            shown.cancel()
            return {"account": self._linked_json(task.result())} | extra
        ticket = secrets.token_urlsafe(12)
        self._links[ticket] = task
        return {"prompt": asdict(shown.result()), "ticket": ticket} | extra

    async def _told_of_server(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """What answers at an address of one's own, for who asked to be told."""
        if not (args.get("tell_server") and args.get("api_url")):
            return {}
        try:
            asked = {name: args.get(name) for name in ("service", "allow_http")}
            return await self._probe(asked | {"address": args["api_url"]})
        except CompanionError:
            # Not every service can be pointed elsewhere and asked what is there.
            return {}

    async def _link_wait(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Wait for a linking to be approved; cancelled when nobody waits any more."""
        pending = self._links.pop(text(args, "ticket"), None)
        if pending is None:
            raise BadRequest("There is no such linking.")
        return {"account": self._linked_json(await pending)}

    def _linked_json(self, account: Account) -> dict[str, Any]:
        return {
            "id": account.id,
            "service": account.service,
            "label": account.label,
            "user": account.remote_name,
            "profile_url": account.profile_url,
        }

    async def _unlink(self, args: Mapping[str, Any]) -> dict[str, Any]:
        account = find_account(self._engine, args.get("account"))
        await self._engine.unlink(account.id, keep_queued=bool(args.get("keep_queued")))
        return {"unlinked": account.id}


def find_account(engine: EngineApi, named: object) -> Account:
    """The account a person means: its id, its label, or its service where there is one."""
    name = str(named or "").strip()
    status = engine.status
    accounts = [one.account for one in status.accounts]
    if all(name.casefold() not in (str(a.id), a.label.casefold(), a.service) for a in accounts):
        # Of another profile, whose accounts can be looked after, too.
        accounts = [one.account for one in status.others]
    for matches in (
        [a for a in accounts if str(a.id) == name],
        [a for a in accounts if a.label.casefold() == name.casefold()],
        [a for a in accounts if a.service == name],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise BadRequest(f"{name!r} means several accounts: say its number, as in `accounts`.")
    raise BadRequest(f"There is no account {name!r}. `accounts` lists them.")


def account_json(one: AccountStatus) -> dict[str, Any]:
    account, counts = one.account, one.counts
    return {
        "id": account.id,
        "profile": account.profile or None,
        "service": account.service,
        "label": account.label,
        "user": account.remote_name,
        "state": account.state.value,
        "detail": account.state_detail,
        "held_until": iso(account.held_until),
        "eta": iso(one.eta),
        "day": None
        if one.day is None
        else {
            "used": one.day.used,
            "limit": one.day.limit,
            "resets_at": iso(one.day.anew_at),
        },
        "pending": counts.waiting,
        "parked": counts.parked,
        "delivered": counts.delivered,
        "last_delivery": iso(account.last_delivery_at),
    }
