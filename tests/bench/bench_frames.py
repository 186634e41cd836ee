"""What one playback frame costs, from its text to an event."""

import json
import time
from datetime import UTC, datetime

from revenge_companion.core.playback import PlaybackEvent
from revenge_companion.revenge.wire import read_frame

_FRAMES = 2000
_ROUNDS = 7
_USER = "0198aaaa-0000-7000-8000-00000000000a"


def _frames() -> list[str]:
    """Progress frames of one episode, about 600 bytes each."""
    return [
        json.dumps(
            {
                "type": "playback.progress",
                "id": f"0198bbbb-0000-7000-8000-{number:012}",
                "timestamp": "2026-11-20T20:15:30.250Z",
                "data": {
                    "session_id": "0198cccc-0000-7000-8000-00000000000c",
                    "user_id": _USER,
                    "device": {"id": "tv", "name": "Living room", "client": "Revenge TV"},
                    "media_type": "episode",
                    "media_id": "0198dddd-0000-7000-8000-00000000000d",
                    "state": "playing",
                    "position_seconds": number + 0.5,
                    "duration_seconds": 2700.0,
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
        for number in range(_FRAMES)
    ]


def rows() -> list[tuple[str, float, str]]:
    """Name, value and target of each measure."""
    frames = _frames()
    now = datetime(2026, 11, 20, 20, 15, 31, tzinfo=UTC)
    best_s = float("inf")
    for _ in range(_ROUNDS):
        start_s = time.process_time()
        for raw in frames:
            event = read_frame(raw, at_s=1.0, now=now, user_id=_USER)
        best_s = min(best_s, time.process_time() - start_s)
        assert isinstance(event, PlaybackEvent)
    size = sum(map(len, frames)) / len(frames)
    return [(f"frame of {size:.0f} bytes to event, µs", best_s / _FRAMES * 1e6, "<= 15")]


if __name__ == "__main__":
    for name, value, target in rows():
        print(f"{name}: {value:.2f} ({target})")
