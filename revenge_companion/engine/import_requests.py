"""What the command line may ask about imports, as plain JSON values."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from revenge_companion.core.imports import (
    MOST_UNREAD,
    Choice,
    ImportRow,
    ImportRun,
    ImportSource,
    UnreadLine,
    Verdict,
)
from revenge_companion.core.library import Facet, source_parts
from revenge_companion.core.ordering import Order, SortBy
from revenge_companion.core.reasons import sentence
from revenge_companion.engine.account_requests import find_account
from revenge_companion.engine.api import EngineApi
from revenge_companion.engine.asked import BadRequest, iso, number, text, whole_path
from revenge_companion.engine.library_api import ImportsApi

Named = TypeVar("Named", bound=StrEnum)
Answer = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]

#: The most rows one answer holds.
MOST_ROWS = 5000
#: The longest search in characters.
MOST_TEXT = 500


class ImportRequests:
    """Answers for `engine.requests.Requests`."""

    def __init__(self, engine: EngineApi) -> None:
        self._engine = engine

    def answers(self) -> dict[str, Answer]:
        return {
            "import_sources": self._sources,
            "import_begin": self._begin,
            "import_runs": self._runs,
            "import_run": self._run,
            "import_rows": self._rows,
            "import_unread": self._unread,
            "import_choose": self._choose,
            "import_write": self._write,
            "import_cancel": self._cancel,
            "import_resume": self._resume,
            "import_undo": self._undo,
            "import_forget": self._forget,
            "import_unmatched": self._unmatched,
            "import_candidates": self._candidates,
            "import_match": self._match,
            "import_never": self._never,
        }

    @property
    def _imports(self) -> ImportsApi:
        # Asked each time: what imports need is loaded with the first question about them.
        return self._engine.imports

    async def _sources(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {"sources": [source_json(one) for one in self._imports.sources()]}

    async def _begin(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Begin to read a source or a file; the run goes on by itself to its preview."""
        path = whole_path(args) if args.get("file") else None
        if path is None:
            source = self._named(str(args.get("source") or ""))
        else:
            source = await self._imports.recognise(path)
        run_id = await self._imports.begin(
            source.key,
            _facets(source, args.get("what")),
            path=path,
            mark_watched=bool(args.get("mark", True)),
        )
        return {"run": run_json(await self._imports.run(run_id))}

    async def _runs(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {"runs": [run_json(one) for one in await self._imports.runs(_limit(args))]}

    async def _run(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {"run": run_json(await self._imports.run(number(args, "id")))}

    async def _rows(self, args: Mapping[str, Any]) -> dict[str, Any]:
        run_id = number(args, "id")
        rows = await self._imports.rows(
            run_id,
            _one_of(args, "verdict", Verdict),
            facet=_one_of(args, "what", Facet),
            search=_search(args, "search"),
            limit=_limit(args),
            after_id=_after(args),
            order=_order(args),
        )
        if not rows:
            # An import without such lines is told apart from one that is not there.
            await self._imports.run(run_id)
        return {"rows": [row_json(one) for one in rows]}

    async def _unread(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """What could not be read, and how many more lines that were only counted."""
        run = await self._imports.run(number(args, "id"))
        facet, search = _one_of(args, "what", Facet), _search(args, "search")
        lines = await self._imports.unread(
            run.id,
            facet=facet,
            search=search,
            limit=_limit(args),
            after_id=_after(args),
            order=_order(args),
        )
        more = max(0, run.failed - MOST_UNREAD)
        return {"lines": [unread_json(one) for one in lines], "more": more}

    async def _choose(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Choose for some lines, or for all conflicts of a run without `rows`."""
        rows = args.get("rows")
        if rows is not None and not (isinstance(rows, list) and all(map(_whole, rows))):
            raise BadRequest("rows are whole numbers.")
        choice = _one_of(args, "choice", Choice)
        if choice is None:
            raise BadRequest("choice is missing.")
        run_id = number(args, "id")
        await self._imports.choose(run_id, rows, choice)
        return {"run": run_json(await self._imports.run(run_id))}

    async def _write(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return await self._do(self._imports.write, args)

    async def _cancel(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return await self._do(self._imports.cancel, args)

    async def _resume(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return await self._do(self._imports.resume, args)

    async def _undo(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return await self._do(self._imports.undo, args)

    async def _do(
        self, do: Callable[[int], Awaitable[None]], args: Mapping[str, Any]
    ) -> dict[str, Any]:
        run_id = number(args, "id")
        await do(run_id)
        return {"run": run_json(await self._imports.run(run_id))}

    async def _forget(self, args: Mapping[str, Any]) -> dict[str, Any]:
        run_id = number(args, "id")
        await self._imports.forget(run_id)
        return {"forgotten": run_id}

    async def _unmatched(self, args: Mapping[str, Any]) -> dict[str, Any]:
        rows = await self._imports.unmatched(
            search=_search(args, "search"),
            limit=_limit(args),
            after_id=_after(args),
            order=_order(args),
        )
        return {"rows": [row_json(one) for one in rows]}

    async def _candidates(self, args: Mapping[str, Any]) -> dict[str, Any]:
        found = await self._imports.candidates(number(args, "row"), _search(args, "text"))
        return {
            "candidates": [
                {"media_id": one.media_id, "item": one.label, "likeness": round(one.likeness, 3)}
                for one in found
            ]
        }

    async def _match(self, args: Mapping[str, Any]) -> dict[str, Any]:
        row, media_id = number(args, "row"), text(args, "media")
        await self._imports.match(row, media_id)
        return {"row": row, "media_id": media_id}

    async def _never(self, args: Mapping[str, Any]) -> dict[str, Any]:
        row = number(args, "row")
        await self._imports.never(row)
        return {"row": row, "never": True}

    def _named(self, name: str) -> ImportSource:
        """The source a person means: its key, or the account's number, label or service."""
        sources = {one.key: one for one in self._imports.sources() if not one.is_file}
        if name in sources:
            return sources[name]
        account = find_account(self._engine, name)
        found = sources.get(f"account:{account.id}")
        if found is None:
            raise BadRequest(f"Nothing can be imported from {account.service}.")
        return found


def source_json(source: ImportSource) -> dict[str, Any]:
    return {
        "key": source.key,
        "name": source.name,
        "service": source.service or None,
        "what": [facet.value for facet in source.facets],
        "suffixes": list(source.suffixes),
        "note": source.note,
        "help_url": source.help_url,
    }


def run_json(run: ImportRun) -> dict[str, Any]:
    """One run as it stands, stable for scripts."""
    return {
        "id": run.id,
        "source": source_parts(run.source)[0],
        "source_name": run.source_name,
        "file_name": run.file_name or None,
        "what": [facet.value for facet in run.facets],
        "state": run.state.value,
        "stage": run.stage.value,
        "running": run.running,
        "started_at": run.started_at.isoformat(),
        "ended_at": iso(run.ended_at),
        "total": run.total,
        "processed": run.processed,
        "matched": run.matched,
        "failed": run.failed,
        "counts": {verdict.value: run.counts.get(verdict, 0) for verdict in Verdict},
        "left_out": run.left_out,
        "marked": run.marked,
        "trouble": run.trouble,
        "rate": run.rate,
        "left_seconds": run.left_s,
        "written": run.written,
        "can_resume": run.can_resume,
        "can_undo": run.can_undo,
    }


def row_json(row: ImportRow) -> dict[str, Any]:
    """One line of a run."""
    entry = row.entry
    subject = entry.subject
    ids = {"tmdb": subject.ids.tmdb, "imdb": subject.ids.imdb, "tvdb": subject.ids.tvdb}
    return {
        "id": row.id,
        "run": row.run_id,
        "what": entry.facet.value,
        "kind": subject.kind.value,
        "item": subject.label,
        "title": subject.title,
        "ids": {name: value for name, value in ids.items() if value} | dict(subject.refs),
        "at": iso(entry.at),
        "precision": entry.precision.value,
        "plays": entry.plays,
        "rating": entry.rating,
        "loved": entry.loved if entry.facet is Facet.LOVED else None,
        "list": entry.list_name or None,
        "verdict": row.verdict.value,
        "choice": row.choice.value,
        "reason_code": row.reason_code,
        "reason": sentence(row.reason_code, row.facts) if row.reason_code else "",
        "matched": row.matched_label or None,
        "ours": row.ours or None,
        "never": row.never,
    }


def unread_json(line: UnreadLine) -> dict[str, Any]:
    """One line that could not be read."""
    one = line.unread
    return {
        "id": line.id,
        "what": line.facet.value,
        "file": one.file or None,
        "line": one.line or None,
        "text": one.text,
        "reason_code": one.reason_code,
        "reason": sentence(one.reason_code),
    }


def _facets(source: ImportSource, wanted: object) -> Sequence[Facet]:
    """What to read: everything a source has, or some of it by name."""
    if wanted is None or wanted == []:
        return source.facets
    known = {facet.value: facet for facet in source.facets}
    if not isinstance(wanted, list) or not all(one in known for one in wanted):
        raise BadRequest(f"{source.name} has {', '.join(known) or 'nothing to read'}.")
    return tuple(facet for name, facet in known.items() if name in wanted)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _limit(args: Mapping[str, Any]) -> int:
    value = number(args, "limit") if "limit" in args else 50
    if not 0 < value <= MOST_ROWS:
        raise BadRequest(f"The limit is a whole number from 1 to {MOST_ROWS}.")
    return value


def _after(args: Mapping[str, Any]) -> int:
    return number(args, "after") if "after" in args else 0


def _order(args: Mapping[str, Any]) -> Order | None:
    """The order that is asked for, as "sort" and "down"; None for that of reading."""
    by = _one_of(args, "sort", SortBy)
    return None if by is None else Order(by, down=bool(args.get("down")))


def _search(args: Mapping[str, Any], name: str) -> str:
    value = args.get(name) or ""
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise BadRequest(f"{name} is a text of at most {MOST_TEXT} characters.")
    return value


def _one_of(args: Mapping[str, Any], name: str, kind: type[Named]) -> Named | None:
    """A value by its name; None where none was given."""
    value = args.get(name)
    if value in (None, ""):
        return None
    try:
        return kind(value)
    except ValueError:
        raise BadRequest(f"{name} is one of {', '.join(kind)}.") from None
