"""What the command line may ask, answered as plain JSON values.

The running instance answers these over its local socket; where none runs, the command line opens
the profile and asks the same object. Refusals are `{"error": sentence}`.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from revenge_companion.core.accounts import Account
from revenge_companion.core.errors import CompanionError, SecretsUnavailable
from revenge_companion.core.live import NowPlaying
from revenge_companion.core.reasons import sentence
from revenge_companion.core.status import AccountStatus, EngineStatus, PlayRecord, SignInState
from revenge_companion.engine.amend_requests import AmendRequests, BadRequest
from revenge_companion.engine.anime_requests import AnimeRequests
from revenge_companion.engine.api import EngineApi
from revenge_companion.engine.linker import VAULT_KEY_ENV
from revenge_companion.engine.outbox_export import as_row
from revenge_companion.services.base import LinkPrompt, LinkRequest

#: The most rows one answer holds.
MOST_ROWS = 5000


class Requests:
    """Answers requests by name; see `names`."""

    def __init__(
        self,
        engine: EngineApi,
        *,
        raise_window: Callable[[], None] | None = None,
        quit_requested: Callable[[], None] | None = None,
    ) -> None:
        self._engine = engine
        self._raise_window = raise_window
        self._quit_requested = quit_requested
        self._links: dict[str, _PendingLink] = {}
        self._answers: dict[str, Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]] = {
            "status": self._status,
            "accounts": self._accounts,
            "outbox": self._outbox,
            "history": self._history,
            "flush": self._flush,
            "retry": self._retry,
            "discard": self._discard,
            "export": self._export,
            "handoff": self._handoff,
            "signin": self._signin,
            "signout": self._signout,
            "link": self._link,
            "probe": self._probe,
            "love": self._love,
            "link_wait": self._link_wait,
            "unlink": self._unlink,
            "raise": self._raise,
            "quit": self._quit,
            **AnimeRequests(engine).answers(),
        } | AmendRequests(engine).answers()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._answers)

    async def handle(self, do: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one request; errors of the world become `{"error": sentence}`."""
        answer = self._answers.get(do)
        if answer is None:
            return {"error": f"The running Companion does not know {do!r}."}
        try:
            return await answer(args)
        except SecretsUnavailable as error:
            return {"error": f"{error} Commands read the passphrase from {VAULT_KEY_ENV}."}
        except CompanionError as error:
            return {"error": str(error)}

    async def close(self) -> None:
        """Give up linkings that nobody waits for."""
        for pending in self._links.values():
            pending.task.cancel()
        await asyncio.gather(*(p.task for p in self._links.values()), return_exceptions=True)
        self._links.clear()

    async def _status(self, args: Mapping[str, Any]) -> dict[str, Any]:
        hosts = [
            {"host": one.name, "use": one.use.value, "service": one.service or None}
            for one in self._engine.hosts()
        ]
        return status_json(self._engine.status) | {"hosts": hosts}

    async def _accounts(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {"accounts": [account_json(one) for one in self._engine.status.accounts]}

    async def _outbox(self, args: Mapping[str, Any]) -> dict[str, Any]:
        account = args.get("account")
        rows = await self._engine.outbox(
            state=str(args.get("state") or ""),
            account_id=self._account(account).id if account not in (None, "") else None,
            limit=_limit(args),
        )
        return {"deliveries": [as_row(row) for row in rows]}

    async def _history(self, args: Mapping[str, Any]) -> dict[str, Any]:
        plays = await self._engine.plays(limit=_limit(args), search=str(args.get("search") or ""))
        return {"plays": [play_json(play) for play in plays]}

    async def _flush(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Send what waits; naming an account also goes on with one that was stopped."""
        if args.get("account"):
            await self._engine.test_account(self._account(args["account"]).id)
        await self._engine.flush()
        return {"waiting": self._engine.status.outbox.waiting}

    async def _retry(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {"done": await self._engine.retry(_number(args, "id"))}

    async def _discard(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {"done": await self._engine.discard(_number(args, "id"))}

    async def _export(self, args: Mapping[str, Any]) -> dict[str, Any]:
        path = Path(_text(args, "file"))
        if not path.is_absolute():
            raise BadRequest("The file needs a whole path.")
        return {"exported": await self._engine.export_outbox(path), "file": str(path)}

    async def _handoff(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Write an account's files, or mark them as imported, or the one after the other."""
        account = self._account(args.get("account"))
        said: dict[str, Any] = {"account": account.id, "files": [], "delivered": 0}
        if args.get("folder"):
            folder = Path(_text(args, "folder"))
            if not folder.is_absolute():
                raise BadRequest("The folder needs a whole path.")
            said["files"] = [str(path) for path in await self._engine.hand_off(account.id, folder)]
        if args.get("done"):
            said["delivered"] = await self._engine.hand_off_done(account.id)
        status = next(one for one in self._engine.status.accounts if one.account.id == account.id)
        spec = next(one for one in self._engine.services if one.key == account.service)
        return said | {
            "waiting": status.counts.waiting,
            "written": status.written,
            "upload_url": spec.upload_url,
            "upload_note": spec.upload_note,
        }

    async def _signin(self, args: Mapping[str, Any]) -> dict[str, Any]:
        if args.get("api_key"):
            await self._engine.sign_in_with_key(_text(args, "server"), _text(args, "api_key"))
        else:
            await self._engine.sign_in(
                _text(args, "server"), _text(args, "username"), _text(args, "password")
            )
        status = self._engine.status
        return {"server": status.server_url, "username": status.username}

    async def _signout(self, args: Mapping[str, Any]) -> dict[str, Any]:
        await self._engine.sign_out()
        return {"signed_in": False}

    async def _probe(self, args: Mapping[str, Any]) -> dict[str, Any]:
        found = await self._engine.probe(_text(args, "service"), _text(args, "address"))
        return {"probe": asdict(found)}

    async def _love(self, args: Mapping[str, Any]) -> dict[str, Any]:
        loved = not args.get("undo")
        took = await self._engine.love(_number(args, "play"), loved=loved)
        return {"loved": loved, "services": took}

    async def _link(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a linking: the account when it is done at once, else what to show and a ticket."""
        names = ("api_url", "auth_url", "client_id", "client_secret", "username", "secret")
        brought: dict[str, Any] = {name: str(args.get(name) or "") for name in names}
        request = LinkRequest(**brought)
        shown: asyncio.Future[LinkPrompt] = asyncio.get_running_loop().create_future()

        async def show(prompt: LinkPrompt) -> None:
            if not shown.done():
                shown.set_result(prompt)

        task = asyncio.create_task(
            self._engine.link(_text(args, "service"), request, str(args.get("label") or ""), show)
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
        self._links[ticket] = _PendingLink(task)
        return {"prompt": asdict(shown.result()), "ticket": ticket} | extra

    async def _told_of_server(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """What answers at an address of one's own, for who asked to be told."""
        if not (args.get("tell_server") and args.get("api_url")):
            return {}
        try:
            return await self._probe({"service": args.get("service"), "address": args["api_url"]})
        except CompanionError:
            # Not every service can be pointed elsewhere and asked what is there.
            return {}

    async def _link_wait(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Wait for a linking to be approved; cancelled when nobody waits any more."""
        pending = self._links.pop(_text(args, "ticket"), None)
        if pending is None:
            raise BadRequest("There is no such linking.")
        return {"account": self._linked_json(await pending.task)}

    def _linked_json(self, account: Account) -> dict[str, Any]:
        return {
            "id": account.id,
            "service": account.service,
            "label": account.label,
            "user": account.remote_name,
            "profile_url": account.profile_url,
        }

    async def _unlink(self, args: Mapping[str, Any]) -> dict[str, Any]:
        account = self._account(args.get("account"))
        await self._engine.unlink(account.id, keep_queued=bool(args.get("keep_queued")))
        return {"unlinked": account.id}

    async def _raise(self, args: Mapping[str, Any]) -> dict[str, Any]:
        if self._raise_window is None:
            return {"raised": False}
        self._raise_window()
        return {"raised": True}

    async def _quit(self, args: Mapping[str, Any]) -> dict[str, Any]:
        if self._quit_requested is None:
            return {"quitting": False}
        self._quit_requested()
        return {"quitting": True}

    def _account(self, named: object) -> Account:
        """The account a person means: its id, its label, or its service where there is one."""
        text = str(named or "").strip()
        accounts = [one.account for one in self._engine.status.accounts]
        for matches in (
            [a for a in accounts if str(a.id) == text],
            [a for a in accounts if a.label.casefold() == text.casefold()],
            [a for a in accounts if a.service == text],
        ):
            if len(matches) == 1:
                return matches[0]
        raise BadRequest(f"There is no single account {text!r}. `accounts` lists them.")


class _PendingLink:
    def __init__(self, task: "asyncio.Task[Account]") -> None:
        self.task = task


def _limit(args: Mapping[str, Any]) -> int:
    value = args.get("limit", 50)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MOST_ROWS:
        raise BadRequest(f"The limit is a whole number from 1 to {MOST_ROWS}.")
    return value


def _number(args: Mapping[str, Any], name: str) -> int:
    value = args.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequest(f"{name} is a whole number.")
    return value


def _text(args: Mapping[str, Any], name: str) -> str:
    value = args.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequest(f"{name} is missing.")
    return value


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def status_json(status: EngineStatus) -> dict[str, Any]:
    """The answer of `status`, stable for scripts."""
    source = status.source
    paused = status.paused_until
    return {
        "signed_in": status.sign_in is SignInState.SIGNED_IN,
        "sign_in": status.sign_in.value,
        "server": status.server_url or None,
        "username": status.username or None,
        "source": source.source.value if source.source is not None else None,
        "connected": source.connected,
        "source_reason": sentence(source.reason_code) if source.reason_code else "",
        "accounts": [account_json(one) for one in status.accounts],
        "now_playing": [_now_playing_json(one) for one in status.now_playing],
        "outbox": {
            name: getattr(status.outbox, name)
            for name in ("pending", "sending", "unsure", "delivered", "held", "parked")
        },
        "paused": paused is not None,
        "trouble": status.trouble,
    }


def account_json(one: AccountStatus) -> dict[str, Any]:
    account, counts = one.account, one.counts
    return {
        "id": account.id,
        "service": account.service,
        "label": account.label,
        "user": account.remote_name,
        "state": account.state.value,
        "detail": account.state_detail,
        "held_until": _iso(account.held_until),
        "eta": _iso(one.eta),
        "pending": counts.waiting,
        "parked": counts.parked,
        "delivered": counts.delivered,
        "last_delivery": _iso(account.last_delivery_at),
    }


def _now_playing_json(one: NowPlaying) -> dict[str, Any]:
    return {
        "item": one.item.label,
        "kind": one.item.kind.value,
        "media_id": one.item.media_id,
        "device": one.device_name,
        "state": one.state,
        "position_seconds": round(one.position_s, 1),
        "duration_seconds": one.item.duration_s,
        "played_seconds": round(one.played_s, 1),
        "counted": one.counted,
        "counts_in_seconds": None if one.counts_in_s is None else round(one.counts_in_s, 1),
    }


def play_json(play: PlayRecord) -> dict[str, Any]:
    """One line of the ledger."""
    return {
        "id": play.id,
        "item": play.label,
        "kind": play.kind,
        "device": play.device_name,
        "started_at": _iso(play.started_at),
        "ended_at": _iso(play.ended_at),
        "counted_at": _iso(play.counted_at),
        "outcome": "playing"
        if play.open and not play.counted_at
        else ("counted" if play.counted_at else "not_counted"),
        "played_seconds": play.played_s,
        "position_seconds": play.position_s,
        "duration_seconds": play.duration_s,
        "reason_code": play.reason_code,
        "reason": sentence(play.reason_code, play.facts),
        "destinations": [
            {
                "account_id": fate.account_id,
                "service": fate.service,
                "label": fate.account_label,
                "state": fate.state,
                "reason_code": fate.reason_code,
                "reason": sentence(fate.reason_code, {"service": fate.service})
                if fate.reason_code
                else "",
                "detail": fate.detail,
            }
            for fate in play.destinations
        ],
    }
