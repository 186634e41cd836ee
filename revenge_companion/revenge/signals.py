"""What a live source tells: playback, hints, and how well it sees."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from revenge_companion.core.errors import NotRevenge, Untrusted
from revenge_companion.core.playback import PlaybackEvent
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import SourceStatus
from revenge_companion.revenge.wire import Hint


@dataclass(frozen=True, slots=True)
class Disconnected:
    """From `at_s` (monotonic seconds) on nobody sees what plays."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Reconnected:
    """At `at_s` (monotonic seconds) the source sees again; replayed events follow, if any."""

    at_s: float


def why_down(error: Exception) -> Reason:
    """What to say of a server that cannot be listened to because of `error`."""
    if isinstance(error, Untrusted | ssl.SSLCertVerificationError):
        return Reason.CERTIFICATE
    return Reason.NOT_REVENGE if isinstance(error, NotRevenge) else Reason.SERVER_DOWN


Signal = PlaybackEvent | Hint | SourceStatus | Disconnected | Reconnected
#: Awaited for each signal in order; when it returns, the signal is recorded.
Tell = Callable[[Signal], Awaitable[None]]
