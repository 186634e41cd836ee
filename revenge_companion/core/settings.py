"""The user's settings: one typed, frozen value with defaults; storing it is not known here."""

from dataclasses import dataclass, field

from revenge_companion.core.abilities import StandDown
from revenge_companion.core.media import Kind
from revenge_companion.core.thresholds import Thresholds
from revenge_companion.core.watching import ListPolicy


@dataclass(frozen=True, slots=True)
class Filters:
    """What is never scrobbled; names as the server reports them, compared without case."""

    ignored_devices: tuple[str, ...] = ()
    ignored_libraries: tuple[str, ...] = ()
    ignored_kinds: tuple[Kind, ...] = ()


@dataclass(frozen=True, slots=True)
class Notify:
    """Which notifications the user wants."""

    account_trouble: bool = True
    signed_out: bool = True
    scrobbled: bool = False
    #: Plays wait for the user to import them at a service that takes files only.
    hand_off: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything in `config.toml`."""

    counting: Thresholds = field(default_factory=Thresholds)
    filters: Filters = field(default_factory=Filters)
    notify: Notify = field(default_factory=Notify)
    #: What watching may change on AniList and MyAnimeList.
    anime: ListPolicy = field(default_factory=ListPolicy)
    #: "system", "light" or "dark".
    theme: str = "system"
    #: "system", or the code of a language; one that is not there is taken for "system".
    language: str = "system"
    start_minimised: bool = False
    autostart: bool = False
    #: The first steps have been shown.
    welcomed: bool = False
    #: Scrobbling paused by the user until switched on again.
    paused: bool = False
    #: Who sends plays where the server does so by itself.
    stand_down: StandDown = StandDown.ASK
    #: Minutes from 0 to 10 that a counted play is kept back before it is sent, to be undone.
    hold_minutes: int = 0
    #: Hours from 1 to 168 between two syncs of an account; its service may want more.
    sync_hours: int = 24
    #: Address of the Revenge server; empty before the first sign-in.
    server_url: str = ""
    username: str = ""
