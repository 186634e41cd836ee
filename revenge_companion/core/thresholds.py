"""When a play counts: the rules of the ledger's table, as data.

Sources: tracks, Last.fm's "Scrobbling 2.0" (longer than 30 s; half of it or 4 minutes, whichever
is earlier); films and episodes, the 80 % that Trakt and Simkl apply on their side.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from revenge_companion.core.media import Kind

#: A track this long or shorter never counts (seconds).
TRACK_TOO_SHORT_S = 30.0
#: A film or episode shorter than this never counts (seconds).
VIDEO_TOO_SHORT_S = 600.0
#: A podcast episode shorter than this never counts (seconds).
PODCAST_TOO_SHORT_S = 300.0
#: Trakt's and Simkl's own threshold, which cannot be changed.
SERVICE_FIXED_RATIO = 0.8


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The user's rules. Ratios are 0 to 1 of the runtime, times are content seconds."""

    track_ratio: float = 0.5
    track_cap_s: float = 240.0
    movie_ratio: float = 0.8
    episode_ratio: float = 0.8
    podcast_ratio: float = 0.8
    podcasts: bool = False

    def ratio(self, kind: Kind) -> float | None:
        """The share of the runtime at which `kind` counts; None for a kind that never does."""
        match kind:
            case Kind.TRACK:
                return self.track_ratio
            case Kind.MOVIE:
                return self.movie_ratio
            case Kind.EPISODE:
                return self.episode_ratio
            case Kind.PODCAST:
                return self.podcast_ratio if self.podcasts else None
        return None

    def with_video_ratio(self, ratio: float) -> "Thresholds":
        """The same rules with one threshold for films and episodes."""
        return replace(self, movie_ratio=ratio, episode_ratio=ratio)


@dataclass(frozen=True, slots=True)
class Rules:
    """The user's own thresholds, and those of accounts that have their own, by rule name.

    The name of an account's rule is its ratio as text ("0.9"), so accounts that agree share one.
    """

    own: Thresholds = Thresholds()
    accounts: Mapping[str, Thresholds] = field(default_factory=dict)

    def named(self) -> dict[str, Thresholds]:
        """Every rule by name; the user's own is ""."""
        return {"": self.own, **self.accounts}


def rule_name(threshold: float | None) -> str:
    """The name of the rule an account with this threshold follows; "" for the user's own."""
    return "" if threshold is None else f"{threshold:.3g}"


def track_needs_s(duration_s: float | None, rules: Thresholds) -> float:
    """Played seconds at which a track counts; without a known duration, the cap (4 min)."""
    if duration_s is None:
        return rules.track_cap_s
    return min(duration_s * rules.track_ratio, rules.track_cap_s)


def too_short(kind: Kind, duration_s: float | None) -> bool:
    """Whether an item of this length never counts. Unknown is not short."""
    if duration_s is None:
        return False
    match kind:
        case Kind.TRACK:
            return duration_s <= TRACK_TOO_SHORT_S
        case Kind.PODCAST:
            return duration_s < PODCAST_TOO_SHORT_S
        case Kind.MOVIE | Kind.EPISODE:
            return duration_s < VIDEO_TOO_SHORT_S
    return False


def play_on_needs_s(duration_s: float) -> float:
    """Seconds to play on after jumping past a threshold before it counts: max(60 s, 5 %)."""
    return max(60.0, 0.05 * duration_s)
