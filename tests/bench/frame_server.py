"""Sends playback frames over a WebSocket as fast as they are taken.

Prints its port; the number of frames is its argument. Every frame is ten seconds of playing, and
an episode is followed by the next.
"""

import asyncio
import json
import sys
from contextlib import suppress

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

USER = "0198aaaa-0000-7000-8000-00000000000a"
#: Seconds of playing between two frames, and frames of one episode.
STEP_S = 10.0
EPISODE = 270


def frame(number: int) -> str:
    """Frame `number`, about 600 bytes."""
    episode, step = divmod(number, EPISODE)
    kind = {0: "started", EPISODE - 1: "stopped"}.get(step, "progress")
    return json.dumps(
        {
            "type": f"playback.{kind}",
            "id": f"0198bbbb-0000-7000-8000-{number:012}",
            "timestamp": "2026-11-20T20:15:30.250Z",
            "data": {
                "session_id": f"0198cccc-0000-7000-8000-{episode:012}",
                "user_id": USER,
                "device": {"id": "tv", "name": "Living room", "client": "Revenge TV"},
                "media_type": "episode",
                "media_id": f"0198dddd-0000-7000-8000-{episode:012}",
                "state": "stopped" if kind == "stopped" else "playing",
                "position_seconds": step * STEP_S,
                "duration_seconds": EPISODE * STEP_S,
                "media": {
                    "title": "And the Bag",
                    "ids": {"tmdb": 62087},
                    "series": {"title": "Breaking Bad", "ids": {"tvdb": 81189}},
                    "season_number": 1,
                    "episode_number": 3,
                },
            },
        }
    )


async def main(frames: int) -> None:
    texts = [frame(number) for number in range(frames)]

    async def send(connection: ServerConnection) -> None:
        await connection.recv()
        with suppress(ConnectionClosed):
            for text in texts:
                await connection.send(text)
            async for _ in connection:
                pass

    async with serve(send, "127.0.0.1", 0, ping_interval=None, compression=None) as running:
        print(running.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
