"""The calls of a Revenge server that the Companion uses, with its quirks answered in one place."""

from collections.abc import Mapping, Sequence
from typing import Any

from revenge_companion.core.catalogue import ServerItem
from revenge_companion.core.errors import ServiceTrouble, SessionExpired
from revenge_companion.core.library import SubjectKind
from revenge_companion.core.media import Series
from revenge_companion.core.status import Library
from revenge_companion.net.http import Answer, Http, NotJson
from revenge_companion.revenge import catalogue, fields, rows
from revenge_companion.revenge.session import Session, body_of, trouble

#: Most rows the server gives at once, by call.
MOVIES_LIMIT = 50
EPISODES_LIMIT = 100
HISTORY_LIMIT = 100
PAGE_LIMIT = 100
#: The longest text of a setting that is read, in characters.
SETTING_LIMIT = 200_000


class RevengeClient:
    """A signed-in user's line to one server.

    Every call may raise SessionExpired, RateLimited (this server never says how long),
    ServiceTrouble, NotRevenge or an error of the network.
    """

    def __init__(self, http: Http, base_url: str, session: Session) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self.session = session

    async def login(self, username: str, password: str, device_name: str = "") -> None:
        """Sign in; see `Session.login`."""
        await self.session.login(username, password, device_name)

    async def logout(self) -> None:
        """Sign out; see `Session.logout`."""
        await self.session.logout()

    async def me(self) -> rows.Me:
        """The signed-in user."""
        found = rows.me(await self._get("/users/me"))
        if found is None:
            raise ServiceTrouble("The server did not say who is signed in.")
        return found

    async def movies_in_progress(self) -> list[rows.MovieRow]:
        """Films begun and not finished, newest first, at most 50."""
        return rows.movies(await self._get("/movies/continue-watching", limit=MOVIES_LIMIT))

    async def episodes_in_progress(self) -> list[rows.EpisodeRow]:
        """One episode per series begun and not finished, newest first, at most 100."""
        found = rows.episodes(await self._get("/tvshows/continue-watching", limit=EPISODES_LIMIT))
        # The server sorts by the series' id.
        return sorted(found, key=lambda row: row.watched.last_watched_at, reverse=True)

    async def movie_history(self, offset: int = 0) -> list[rows.MovieRow]:
        """Finished films, the last watched first, at most 100 from `offset` on."""
        return rows.movies(
            await self._get("/movies/watch-history", limit=HISTORY_LIMIT, offset=offset)
        )

    async def movie_stats(self) -> rows.MovieStats | None:
        """Counters that change when a film was finished; None when the answer has none."""
        return rows.movie_stats(await self._get("/movies/stats"))

    async def movie_progress(self, movie_id: str) -> rows.Watched | None:
        """How far a film was watched; None when it was not."""
        return rows.progress(await self._maybe(f"/movies/{_id(movie_id)}/progress"), movie_id)

    async def episode_progress(self, episode_id: str) -> rows.Watched | None:
        """How far an episode was watched.

        None is "maybe not": series calls answer a database failure like an absence.
        """
        path = f"/tvshows/episodes/{_id(episode_id)}/progress"
        return rows.progress(await self._maybe(path), episode_id)

    async def episode(self, episode_id: str) -> rows.Episode | None:
        """An episode of the catalogue; None is "maybe gone"."""
        return rows.episode(await self._maybe(f"/tvshows/episodes/{_id(episode_id)}"))

    async def series(self, series_id: str) -> Series | None:
        """A series of the catalogue; None is "maybe gone"."""
        return rows.series(await self._maybe(f"/tvshows/{_id(series_id)}"))

    async def series_episodes(self, series_id: str) -> list[rows.Episode]:
        """Every episode of a series; empty is "maybe gone"."""
        return rows.series_episodes(await self._maybe(f"/tvshows/{_id(series_id)}/episodes"))

    async def episodes_watched(self) -> int | None:
        """A counter that rises when an episode was finished; None when the answer has none."""
        return rows.episodes_watched(await self._get("/tvshows/stats"))

    async def libraries(self) -> tuple[Library, ...]:
        """The libraries this user may see; none where the server has no such call."""
        return rows.libraries(await self._maybe("/libraries"))

    # The catalogue

    async def films_page(self, offset: int, order: str) -> catalogue.CataloguePage:
        """At most 100 films from `offset` on, sorted by "title", "year", "added" or "rating"."""
        return catalogue.films(
            await self._get("/movies", limit=PAGE_LIMIT, offset=offset, order_by=order)
        )

    async def shows_page(self, offset: int, order: str) -> catalogue.CataloguePage:
        """At most 100 shows from `offset` on; today's server ignores the order."""
        return catalogue.shows(
            await self._get("/tvshows", limit=PAGE_LIMIT, offset=offset, order_by=order)
        )

    async def show_episodes(self, show: ServerItem) -> list[ServerItem] | None:
        """Every episode and season of a show; None is "maybe gone"."""
        body = await self._maybe(f"/tvshows/{_id(show.subject.media_id)}/episodes")
        return None if body is None else catalogue.episodes(body, show)

    async def series_stats(self, series_id: str) -> catalogue.SeriesStats | None:
        """How much of a series was watched; None is "maybe gone"."""
        return catalogue.series_stats(await self._maybe(f"/tvshows/{_id(series_id)}/watch-stats"))

    # Writing. None of these takes a date: the server writes down its own time.

    async def mark_film(self, movie_id: str) -> bool:
        """Mark a film as watched to its end; False where the server does not have it."""
        answer = await self._answered(f"/movies/{_id(movie_id)}/watched", {}, method="POST")
        return _done(answer)

    async def mark_episodes(self, episode_ids: Sequence[str]) -> int:
        """Mark at most 500 episodes as watched; how many of them the server has.

        Each call counts anew, also for those that were watched: it is not to be repeated blindly.
        """
        answer = await self._answered(
            "/tvshows/episodes/bulk-watched",
            {},
            method="POST",
            json={"episode_ids": list(episode_ids)},
        )
        if answer.status != 200:
            raise trouble(answer)
        marked = fields.whole(body_of(answer).get("marked_count"))
        if marked is None:
            raise ServiceTrouble("The server did not say what it marked.")
        return marked

    async def write_progress(
        self, kind: SubjectKind, media_id: str, progress_s: int, duration_s: int
    ) -> rows.Watched | None:
        """Set how far an item was watched; None where the server does not have it."""
        film = kind is SubjectKind.MOVIE
        answer = await self._answered(
            _progress_path(kind, media_id),
            {},
            method="POST" if film else "PUT",
            json={"progress_seconds": progress_s, "duration_seconds": duration_s},
        )
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise trouble(answer)
        written = rows.progress(_json(answer), media_id)
        if written is None:
            raise ServiceTrouble("The server did not say what it wrote.")
        return written

    async def forget_progress(self, kind: SubjectKind, media_id: str) -> None:
        """Let an item be as if it had never been watched."""
        answer = await self._answered(_progress_path(kind, media_id), {}, method="DELETE")
        _done(answer)

    async def setting(self, key: str) -> str:
        """A text that was kept for this user under `key`; "" where there is none."""
        answer = await self._answered(f"/settings/user/{_key(key)}", {})
        if answer.status == 404:
            return ""
        if answer.status != 200:
            raise trouble(answer)
        value = body_of(answer).get("value")
        return value if isinstance(value, str) and len(value) <= SETTING_LIMIT else ""

    async def put_setting(self, key: str, value: str) -> None:
        """Keep a text for this user; whoever holds the user's key or runs the server can read it.

        The last one who writes wins. Objects would be lost: a text is all that is kept.
        """
        answer = await self._answered(
            f"/settings/user/{_key(key)}", {}, method="PUT", json={"value": value}
        )
        if answer.status != 200:
            raise trouble(answer)

    async def asked(self, path: str) -> Answer:
        """Whatever answers at `path`; for paths that may not be there.

        Raises SessionExpired where that wants another sign-in.
        """
        return await self._answered(path, {})

    async def posted(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Whatever answers to `body` at `path`; as `asked`."""
        return await self._answered(path, {}, method="POST", json=dict(body))

    async def progress(self, kind: SubjectKind, media_id: str) -> rows.Watched | None:
        """How far a film or an episode was watched; see the calls for each."""
        if kind is SubjectKind.MOVIE:
            return await self.movie_progress(media_id)
        return await self.episode_progress(media_id)

    async def _get(self, path: str, **params: int | str) -> object:
        answer = await self._answered(path, {key: str(value) for key, value in params.items()})
        if answer.status != 200:
            raise trouble(answer)
        return _json(answer)

    async def _maybe(self, path: str) -> object:
        """As `_get`, with None for a 404."""
        answer = await self._answered(path, {})
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise trouble(answer)
        return _json(answer)

    async def _answered(
        self, path: str, params: Mapping[str, str], *, method: str = "GET", json: Any = None
    ) -> Answer:
        headers = await self.session.headers()
        answer = await self._request(method, path, params, headers, json)
        if not _not_signed_in(answer):
            return answer
        if not self.session.by_key:
            token = headers["Authorization"].removeprefix("Bearer ")
            headers = {"Authorization": f"Bearer {await self.session.renewed(token)}"}
            answer = await self._request(method, path, params, headers, json)
            if not _not_signed_in(answer):
                return answer
        raise SessionExpired("The server does not accept the sign-in any more.")

    async def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        json: Any,
    ) -> Answer:
        return await self._http.request(
            method,
            f"{self._base_url}/api/v1{path}",
            params=params or None,
            headers=headers,
            json=json,
        )


def _done(answer: Answer) -> bool:
    """Whether something was done; False for a 404. Raises for anything else."""
    if answer.status == 404:
        return False
    if answer.status not in (200, 204):
        raise trouble(answer)
    return True


def _progress_path(kind: SubjectKind, media_id: str) -> str:
    root = "/movies" if kind is SubjectKind.MOVIE else "/tvshows/episodes"
    return f"{root}/{_id(media_id)}/progress"


def _not_signed_in(answer: Answer) -> bool:
    """Whether a 401 is about the sign-in: this server also sends it for failures of its own."""
    return answer.status == 401 and body_of(answer).get("code") == 401


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except NotJson as error:
        raise ServiceTrouble("The server answered with something that is not JSON.") from error


def _key(value: str) -> str:
    """`value` as the key of a setting, which has dots in it."""
    return "".join(sign for sign in value if sign.isalnum() or sign in "._")


def _id(value: str) -> str:
    """`value` as one part of a path; an id that is none cannot reach another call."""
    return "".join(sign for sign in value if sign.isalnum() or sign in "-_") or "-"
