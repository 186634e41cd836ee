"""What the command line may ask, answered as plain JSON values.

The running instance answers these over its local socket; where none runs, the command line opens
the profile and asks the same object. Refusals are `{"error": sentence}`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from revenge_companion.core.errors import (
    CompanionError,
    LaneBlocked,
    LinkRefused,
    SecretsUnavailable,
)
from revenge_companion.core.live import NowPlaying
from revenge_companion.core.moments import Moment, read_course
from revenge_companion.core.reasons import sentence
from revenge_companion.core.status import EngineStatus, PlayRecord, SignInState
from revenge_companion.engine.account_requests import (
    AccountRequests,
    account_json,
    find_account,
)
from revenge_companion.engine.amend_requests import AmendRequests
from revenge_companion.engine.anime_requests import AnimeRequests
from revenge_companion.engine.api import EngineApi
from revenge_companion.engine.asked import BadRequest, iso, number, text, whole_path
from revenge_companion.engine.linker import VAULT_KEY_ENV
from revenge_companion.engine.outbox_export import as_row
from revenge_companion.services.catalog import name_of

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
        self._accounts = AccountRequests(engine)
        self._answers: dict[str, Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]] = {
            "status": self._status,
            "outbox": self._outbox,
            "history": self._history,
            "history_export": self._history_export,
            "flush": self._flush,
            "retry": self._retry,
            "discard": self._discard,
            "export": self._export,
            "handoff": self._handoff,
            "signin": self._signin,
            "signout": self._signout,
            "profiles": self._profiles,
            "profile_use": self._profile_use,
            "raise": self._raise,
            "quit": self._quit,
            **self._accounts.answers(),
            **AnimeRequests(engine).answers(),
        } | AmendRequests(engine).answers()
        self._knows_all = False

    @property
    def names(self) -> tuple[str, ...]:
        self._learn_all()
        return tuple(self._answers)

    async def handle(self, do: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one request; errors of the world become `{"error": sentence}`."""
        if do not in self._answers:
            self._learn_all()
        answer = self._answers.get(do)
        if answer is None:
            return {"error": f"The running Companion does not know {do!r}."}
        try:
            return await answer(args)
        except SecretsUnavailable as error:
            return {"error": f"{error} Commands read the passphrase from {VAULT_KEY_ENV}."}
        except CompanionError as error:
            return {"error": str(error)} | _kind(error)

    def _learn_all(self) -> None:
        """What is asked about imports and exports is loaded for who asks it: most ask `status`."""
        if self._knows_all:
            return
        from revenge_companion.engine.export_requests import ExportRequests
        from revenge_companion.engine.import_requests import ImportRequests

        self._knows_all = True
        self._answers |= ImportRequests(self._engine).answers()
        self._answers |= ExportRequests(self._engine).answers()

    async def close(self) -> None:
        """Give up linkings that nobody waits for."""
        await self._accounts.close()

    async def _status(self, args: Mapping[str, Any]) -> dict[str, Any]:
        hosts = [
            {"host": one.name, "use": one.use.value, "service": one.service or None}
            for one in self._engine.hosts()
        ]
        index = await self._engine.server_index()
        library = {
            "known": index.coverage.value,
            "films": index.films,
            "shows": index.shows,
            "episodes": index.episodes,
            "walking": index.walking,
            "trouble": index.trouble,
        }
        return status_json(self._engine.status) | {"hosts": hosts, "library": library}

    async def _outbox(self, args: Mapping[str, Any]) -> dict[str, Any]:
        account = args.get("account")
        rows = await self._engine.outbox(
            state=str(args.get("state") or ""),
            account_id=find_account(self._engine, account).id if account else None,
            limit=_limit(args),
        )
        return {"deliveries": [as_row(row) for row in rows]}

    async def _history(self, args: Mapping[str, Any]) -> dict[str, Any]:
        plays = await self._engine.plays(limit=_limit(args), search=str(args.get("search") or ""))
        return {"plays": [play_json(play) for play in plays]}

    async def _history_export(self, args: Mapping[str, Any]) -> dict[str, Any]:
        from revenge_companion.engine.plays_export import export

        path = whole_path(args)
        count = await export(self._engine.plays, play_json, path, str(args.get("search") or ""))
        return {"exported": count, "file": str(path)}

    async def _flush(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Send what waits; naming an account also goes on with one that was stopped."""
        if args.get("account"):
            await self._engine.test_account(find_account(self._engine, args["account"]).id)
        before = self._engine.status.outbox
        await self._engine.flush()
        after = self._engine.status.outbox
        # Where the program runs, sending has only begun.
        return {"waiting": after.waiting, "sent": max(0, after.delivered - before.delivered)}

    async def _retry(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {"done": await self._engine.retry(number(args, "id"))}

    async def _discard(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {"done": await self._engine.discard(number(args, "id"))}

    async def _export(self, args: Mapping[str, Any]) -> dict[str, Any]:
        path = whole_path(args)
        return {"exported": await self._engine.export_outbox(path), "file": str(path)}

    async def _handoff(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Write an account's files, or mark them as imported, or the one after the other."""
        account = find_account(self._engine, args.get("account"))
        said: dict[str, Any] = {"account": account.id, "files": [], "delivered": 0}
        if args.get("folder"):
            folder = whole_path(args, "folder")
            said["files"] = [str(path) for path in await self._engine.hand_off(account.id, folder)]
        if args.get("done"):
            said["delivered"] = await self._engine.hand_off_done(account.id)
        status = next(
            one for one in self._engine.status.all_accounts if one.account.id == account.id
        )
        spec = next(one for one in self._engine.services if one.key == account.service)
        return said | {
            "waiting": status.counts.waiting,
            "written": status.written,
            "upload_url": spec.upload_url,
            "upload_note": spec.upload_note,
        }

    async def _signin(self, args: Mapping[str, Any]) -> dict[str, Any]:
        allow_http = args.get("allow_http") is True
        if args.get("api_key"):
            await self._engine.sign_in_with_key(
                text(args, "server"), text(args, "api_key"), allow_http=allow_http
            )
        else:
            await self._engine.sign_in(
                text(args, "server"),
                text(args, "username"),
                text(args, "password"),
                allow_http=allow_http,
            )
        status = self._engine.status
        return {"server": status.server_url, "username": status.username}

    async def _signout(self, args: Mapping[str, Any]) -> dict[str, Any]:
        await self._engine.sign_out()
        return {"signed_in": False}

    async def _profiles(self, args: Mapping[str, Any]) -> dict[str, Any]:
        status = self._engine.status
        return {
            "profiles": [
                {
                    "id": one.profile.id,
                    "server": one.profile.server_url,
                    "username": one.profile.username or None,
                    "active": one.active,
                    "kept": one.kept,
                    "accounts": sum(
                        each.account.profile == one.profile.id for each in status.all_accounts
                    ),
                }
                for one in status.profiles
            ]
        }

    async def _profile_use(self, args: Mapping[str, Any]) -> dict[str, Any]:
        profile = number(args, "profile")
        if all(one.profile.id != profile for one in self._engine.status.profiles):
            raise BadRequest(f"There is no profile {profile}. `profiles` lists them.")
        await self._engine.use_profile(profile)
        status = self._engine.status
        return {"profile": profile, "server": status.server_url, "username": status.username}

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


def _kind(error: CompanionError) -> dict[str, Any]:
    """What kind of refusal it is, where a caller can do something about it."""
    match error:
        case LinkRefused():
            return {"code": error.why.value}
        case LaneBlocked():
            return {"code": error.code}
    return {}


def _limit(args: Mapping[str, Any]) -> int:
    value = args.get("limit", 50)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MOST_ROWS:
        raise BadRequest(f"The limit is a whole number from 1 to {MOST_ROWS}.")
    return value


def status_json(status: EngineStatus) -> dict[str, Any]:
    """The answer of `status`, stable for scripts."""
    source = status.source
    paused = status.paused_until
    return {
        "signed_in": status.sign_in is SignInState.SIGNED_IN,
        "sign_in": status.sign_in.value,
        "server": status.server_url or None,
        "username": status.username or None,
        "profile": None if status.profile is None else status.profile.profile.id,
        "allow_http": status.allow_http,
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
        "server_offers": sorted(status.abilities.offers),
        "doubled": list(status.doubled),
        "trouble": status.trouble,
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
        "started_at": iso(play.started_at),
        "ended_at": iso(play.ended_at),
        "counted_at": iso(play.counted_at),
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
                "reason": sentence(fate.reason_code, {"service": name_of(fate.service)})
                if fate.reason_code
                else "",
                "detail": fate.detail,
                "attempts": fate.attempts,
                "settled_at": iso(fate.settled_at),
                "due_at": iso(fate.due_at),
            }
            for fate in play.destinations
        ],
        "not_sent": [
            {
                "account_id": one.account_id,
                "service": one.service,
                "label": one.account_label,
                "reason_code": one.reason_code,
                "reason": sentence(one.reason_code, {**one.facts, "service": name_of(one.service)}),
            }
            for one in play.passed_over
        ],
        "moments": [moment_json(moment) for moment in read_course(play.moments_text).moments],
    }


def moment_json(moment: Moment) -> dict[str, Any]:
    """One moment of a play; what does not belong to its kind is left out."""
    more = {
        "from_seconds": moment.from_s,
        "proven_seconds": moment.proven_s,
        "rate": moment.rate,
        "rule": moment.rule or None,
        "part": moment.part or None,
        "let_go_before": moment.let_go or None,
    }
    return {
        "kind": moment.kind.value,
        "at": iso(moment.at),
        "position_seconds": moment.position_s,
        "played_seconds": moment.played_s,
        **{name: value for name, value in more.items() if value is not None},
    }
