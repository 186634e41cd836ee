"""Films and episodes as Trakt and Simkl know them: by any id they are sent, and by their own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Item
from revenge_companion.demo.frames import wire_ids
from revenge_companion.demo.library import LIBRARY, Library
from revenge_companion.demo.sites.held import (
    Received,
    episode_names,
    movie_names,
    names_of,
    numbered_names,
)
from revenge_companion.demo.sites.site import wire_list, wire_object

#: Where our own ids begin, well away from those of other databases.
_FIRST_ID = 7_000_001
_FIRST_ROW = 9_000_000_001


@dataclass(slots=True, eq=False)
class Title:
    """One film or episode. `names` grows with every id it is sent under."""

    id: int
    type: str
    service: str
    names: frozenset[str]
    #: The `movie`, or `show` and `episode`, objects it is described by.
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        if self.type == "movie":
            return str(self.sent["movie"].get("title") or self.id)
        show, episode = self.sent.get("show", {}), self.sent["episode"]
        season, number = episode.get("season"), episode.get("number")
        return f"{show.get('title') or 'Episode'} {season}x{number}"

    def objects(self) -> dict[str, Any]:
        """The answer's `movie`, or `show` and `episode`, with our own id among the ids."""
        answer = {}
        for name, sent in self.sent.items():
            ids = dict(wire_object(sent.get("ids")))
            if name == self.type:
                ids[self.service] = self.id
            answer[name] = {**sent, "ids": ids}
        return answer

    def known_as(self) -> set[str]:
        """Every id that may stand in a path for this title."""
        own = {name.rpartition("/")[2] for name in self.names if name.startswith(self.type)}
        return own | {str(self.id)}


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One play in the history, at the minute it is kept under."""

    id: int
    title: Title
    watched_at: datetime
    received: Received


class Titles:
    """The titles of one destination and its history of plays, which keeps what it is sent."""

    def __init__(self, service: str, clock: Clock, library: Library = LIBRARY) -> None:
        self._service = service
        self._items = library.items()
        self._clock = clock
        self._titles: list[Title] = []
        self._named: dict[tuple[str, str], Title] = {}
        #: Names of what is not in the database, such as "movie/tmdb/1": answered as not found.
        self.unknown: set[str] = set()
        self.rows: list[HistoryRow] = []
        self._next_row = _FIRST_ROW

    def of_scrobble(self, body: dict[str, Any]) -> Title | None:
        """What a scrobble is about; None where it names nothing known."""
        movie = wire_object(body.get("movie"))
        if movie:
            return self._find("movie", movie_names(_ids(movie)), {"movie": movie})
        show, episode = wire_object(body.get("show")), wire_object(body.get("episode"))
        numbered = numbered_names(_ids(show), episode.get("season"), episode.get("number"))
        names = numbered | episode_names(_ids(episode))
        return self._find("episode", names, {"show": show, "episode": episode})

    def of_history(self, group: str, sent: dict[str, Any]) -> list[tuple[Title, Any]]:
        """The titles one item of a history body stands for, with the date each was given.

        A show without seasons and a season without episodes mean all of them, and become one title
        that is no play of the viewer's, so that the mistake shows.
        """
        if group == "movies":
            found = self._find("movie", movie_names(_ids(sent)), {"movie": _plain(sent)})
            return [] if found is None else [(found, sent.get("watched_at"))]
        if group == "episodes":
            names = episode_names(_ids(sent))
            found = self._find("episode", names, {"episode": _plain(sent)})
            return [] if found is None else [(found, sent.get("watched_at"))]
        answer = []
        for season, episode in _numbered(sent):
            number, ids = episode.get("number"), _ids(episode)
            names = numbered_names(_ids(sent), season, number) | episode_names(ids)
            about = {"season": season, "number": number, "ids": ids}
            found = self._find("episode", names, {"show": _plain(sent), "episode": about})
            if found is not None:
                answer.append((found, episode.get("watched_at", sent.get("watched_at"))))
        return answer

    def of_item(self, item: Item) -> Title:
        """The title of something that the demo's library holds."""
        kind = "movie" if item.series is None else "episode"
        found = self._find(kind, names_of(item), _described(item))
        assert found is not None
        return found

    def all(self) -> Sequence[Title]:
        """Every title that was ever named."""
        return self._titles

    def watched(self, title: Title, at: datetime, how: str) -> HistoryRow:
        """Put a play into the history, at the full minute."""
        minute = at.astimezone(UTC).replace(second=0, microsecond=0)
        self._next_row += 1
        received = Received(
            self._service,
            title.label,
            title.names,
            minute,
            self._clock.now(),
            how,
            str(self._next_row),
        )
        row = HistoryRow(self._next_row, title, minute, received)
        self.rows.append(row)
        return row

    def by_id(self, source: str, value: str) -> list[Title]:
        """The titles with this id of `source` ("tmdb", "imdb", …, or the destination itself)."""
        if source == self._service:
            return [title for title in self._titles if str(title.id) == value]
        return [title for title in self._titles if f"{title.type}/{source}/{value}" in title.names]

    def _find(
        self, kind: str, names: frozenset[str], sent: dict[str, dict[str, Any]]
    ) -> Title | None:
        if not names or names & self.unknown:
            return None
        known = [self._named[kind, name] for name in names if (kind, name) in self._named]
        if known:
            title = min(known, key=lambda one: one.id)
            self._name(title, names)
            return title
        for item in self._items:
            # What the demo's library holds is known in full, whichever id it is sent under.
            if names_of(item) & names:
                names |= names_of(item)
                sent = _described(item)
        number = _FIRST_ID + len(self._titles)
        own = frozenset({f"{kind}/{self._service}/{number}"})
        described = {name: one for name, one in sent.items() if one}
        title = Title(number, kind, self._service, frozenset(), described)
        self._name(title, names | own)
        self._titles.append(title)
        return title

    def _name(self, title: Title, names: frozenset[str]) -> None:
        title.names |= names
        for name in names:
            # The title that had a name first keeps it.
            self._named.setdefault((title.type, name), title)


def _described(item: Item) -> dict[str, dict[str, Any]]:
    about = {"title": item.title, "ids": wire_ids(item.ids)}
    if item.series is None:
        return {"movie": {**about, "year": item.year}}
    series = item.series
    show = {"title": series.title, "year": series.year, "ids": wire_ids(series.ids)}
    number = {"season": item.season_number, "number": item.episode_number}
    return {"show": show, "episode": {**number, **about}}


def _ids(sent: dict[str, Any]) -> dict[str, Any]:
    return wire_object(sent.get("ids"))


def _plain(sent: dict[str, Any]) -> dict[str, Any]:
    return {key: sent[key] for key in ("title", "year", "season", "number", "ids") if key in sent}


def _numbered(show: dict[str, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    seasons = wire_list(show.get("seasons"))
    if not seasons:
        yield "all", {"number": "all"}
    for season in seasons:
        for episode in wire_list(season.get("episodes")) or [{"number": "all"}]:
            yield season.get("number"), episode
