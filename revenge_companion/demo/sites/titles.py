"""Films, shows and episodes as Trakt and Simkl know them: by any id, and by their own."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from revenge_companion.core.media import Item
from revenge_companion.demo.frames import wire_ids
from revenge_companion.demo.library import LIBRARY, Library
from revenge_companion.demo.sites.held import (
    episode_names,
    movie_names,
    names_of,
    numbered_names,
    season_names,
    show_names,
)
from revenge_companion.demo.sites.site import wire_list, wire_object

#: Where our own ids begin, well away from those of other databases.
_FIRST_ID = 7_000_001


@dataclass(slots=True, eq=False)
class Title:
    """One film, show, season or episode. `names` grows with every id it is sent under."""

    id: int
    #: "movie", "show", "season" or "episode".
    type: str
    service: str
    names: frozenset[str]
    #: The `movie`, or `show` and `season` or `episode`, objects it is described by.
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: The show of a season or an episode; None for one that was sent by its own ids only.
    show: "Title | None" = None

    @property
    def label(self) -> str:
        if self.type == "movie":
            return str(self.sent["movie"].get("title") or self.id)
        show = self.sent.get("show", {}).get("title")
        if self.type == "show":
            return str(show or self.id)
        own = self.sent[self.type]
        number = own.get("number")
        if self.type == "season":
            return f"{show or 'Show'} season {number}"
        return f"{show or 'Episode'} {own.get('season')}x{number}"

    def objects(self) -> dict[str, Any]:
        """The objects of an answer, with our own ids among the ids."""
        answer = {}
        for name, sent in self.sent.items():
            ids = dict(wire_object(sent.get("ids")))
            known = self if name == self.type else self.show
            if known is not None:
                ids[self.service] = known.id
            answer[name] = {**sent, "ids": ids}
        return answer

    def known_as(self) -> set[str]:
        """Every id that may stand in a path for this title."""
        own = {name.rpartition("/")[2] for name in self.names if name.startswith(self.type)}
        return own | {str(self.id)}


class Titles:
    """The titles of one destination: whatever is named by an id is one."""

    def __init__(self, service: str, library: Library = LIBRARY) -> None:
        self._service = service
        self._items = [(names_of(item), item) for item in library.items() if item.kind.is_video]
        self._titles: list[Title] = []
        self._named: dict[tuple[str, str], Title] = {}
        #: Names of what is not in the database, such as "movie/tmdb/1": answered as not found.
        self.unknown: set[str] = set()

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

    def of_anime(self, about: dict[str, Any]) -> Title:
        """A show that is known by its MyAnimeList id alone: its other ids are its series'."""
        names = show_names({"mal": about["ids"]["mal"]})
        known = [title for name in names if (title := self._named.get(("show", name)))]
        return known[0] if known else self._new("show", names, {"show": about}, None)

    def of_change(self, group: str, sent: dict[str, Any]) -> list[tuple[Title, dict[str, Any]]]:
        """The titles one item of a rating or listing stands for, each with what was said of it.

        Unlike in a history, a show without seasons is the show, and a season without episodes the
        season.
        """
        if group in ("movies", "episodes"):
            return [(title, sent) for title, _ in self.of_history(group, sent)]
        if group != "shows":
            return []
        seasons = wire_list(sent.get("seasons"))
        if not seasons:
            found = self._show(sent)
            return [] if found is None else [(found, sent)]
        answer: list[tuple[Title, dict[str, Any]]] = []
        for season in seasons:
            episodes = wire_list(season.get("episodes"))
            if not episodes and (title := self._season(sent, season)) is not None:
                answer.append((title, season))
            for episode in episodes:
                one = {"number": season.get("number"), "episodes": [episode]}
                named = self.of_history("shows", {**sent, "seasons": [one]})
                answer += [(title, episode) for title, _ in named]
        return answer

    def __getitem__(self, number: int) -> Title:
        """The title with our own id `number`."""
        return self._titles[number - _FIRST_ID]

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
        for known_as, item in self._items:
            # What the demo's library holds is known in full, whichever id it is sent under.
            if known_as & names:
                names |= known_as
                sent = _described(item)
        described = {name: one for name, one in sent.items() if one}
        show = self._show(described["show"]) if kind == "episode" and "show" in described else None
        if show is not None:
            own = described["episode"]
            ids = {self._service: show.id}
            names |= numbered_names(ids, own.get("season"), own.get("number"))
        return self._new(kind, names, described, show)

    def _show(self, sent: dict[str, Any]) -> Title | None:
        names = show_names(_ids(sent))
        if not names or names & self.unknown:
            return None
        known = [self._named["show", name] for name in names if ("show", name) in self._named]
        if known:
            self._name(known[0], names)
            return known[0]
        about: dict[str, Any] = _plain(sent)
        for _, item in self._items:
            theirs = show_names(wire_ids(item.series.ids)) if item.series else frozenset()
            if theirs & names:
                names |= theirs
                about = _described(item)["show"]
        return self._new("show", names, {"show": about}, None)

    def _season(self, sent: dict[str, Any], season: dict[str, Any]) -> Title | None:
        show = self._show(sent)
        if show is None:
            return None
        number = season.get("number")
        names = season_names({self._service: show.id}, number)
        known = [title for name in names if (title := self._named.get(("season", name)))]
        if known:
            return known[0]
        own: dict[str, Any] = {"number": number, "ids": {}}
        return self._new("season", names, {"season": own, "show": show.sent["show"]}, show)

    def _new(
        self,
        kind: str,
        names: frozenset[str],
        described: dict[str, dict[str, Any]],
        show: Title | None,
    ) -> Title:
        number = _FIRST_ID + len(self._titles)
        own = frozenset({f"{kind}/{self._service}/{number}"})
        title = Title(number, kind, self._service, frozenset(), described, show)
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
