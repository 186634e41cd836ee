"""Answers as Trakt does to who reads a long history; prints the environment that leads to it.

The number of plays is its argument. One in ten is of a film, the others of different episodes.
Every page is made before the first is asked for.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

#: Lines of a page, as Trakt has at most.
PAGE = 250
EPISODES = 45
_LAST = datetime(2026, 11, 1, 20, 0, tzinfo=UTC)


def line(number: int) -> dict[str, Any]:
    """Play `number` as Trakt writes it, the newest first."""
    at = _LAST - timedelta(minutes=47 * number)
    row: dict[str, Any] = {
        "id": 10_000_000_000 - number,
        "watched_at": f"{at:%Y-%m-%dT%H:%M}:00.000Z",
        "action": "watch",
    }
    if number % 10 == 0:
        film = 1 + number // 10
        ids = {"trakt": film, "slug": f"film-{film}", "imdb": f"tt{film:07}", "tmdb": 500 + film}
        movie = {"title": f"Film number {film}", "year": 1950 + film % 70, "ids": ids}
        return row | {"type": "movie", "movie": movie}
    show, place = divmod(number, EPISODES)
    episode = {
        "season": 1 + place // 15,
        "number": 1 + place % 15,
        "title": f"Part {place}",
        "ids": {"trakt": 50_000 + number, "tvdb": 900_000 + number, "tmdb": 70_000 + number,
                "imdb": None},
    }  # fmt: skip
    ids = {"trakt": 30 + show, "slug": f"show-{show}", "tvdb": 70_000 + show,
           "imdb": f"tt9{show:06}", "tmdb": 20_000 + show}  # fmt: skip
    about = {"title": f"Show number {show}", "year": 1980 + show % 45, "ids": ids}
    return row | {"type": "episode", "episode": episode, "show": about}


def pages(plays: int) -> list[bytes]:
    """Every page of the history, as it goes over the line."""
    count = -(-plays // PAGE)
    made = []
    for page in range(count):
        rows = [line(number) for number in range(page * PAGE, min(plays, (page + 1) * PAGE))]
        head = (
            f"X-Pagination-Page: {page + 1}\r\nX-Pagination-Limit: {PAGE}\r\n"
            f"X-Pagination-Page-Count: {count}\r\nX-Pagination-Item-Count: {plays}\r\n"
        )
        made.append(answer(rows, head))
    return made


def answer(body: object, head: str = "") -> bytes:
    text = json.dumps(body).encode()
    lead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    return f"{lead}{head}Content-Length: {len(text)}\r\n\r\n".encode() + text


async def main(plays: int) -> None:
    made = pages(plays)
    marks = answer(
        {
            "all": "2026-11-01T20:00:00.000Z",
            "movies": {"watched_at": "2026-11-01T20:00:00.000Z"},
            "episodes": {"watched_at": "2026-11-01T20:00:00.000Z"},
        }
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                asked = urlsplit(request.split(b" ", 2)[1].decode())
                page = int(parse_qs(asked.query).get("page", ["1"])[0])
                writer.write(made[page - 1] if asked.path.endswith("/history") else marks)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"BENCH_ADDRESS": f"http://127.0.0.1:{port}"}), flush=True)
    # Whoever started it closes its input when it is done.
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
