"""What the tray shows, as a pure function of the engine's status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from revenge_companion.core.accounts import AccountState
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.status import AccountStatus, EngineStatus, PlayRecord, SignInState
from revenge_companion.ui import words
from revenge_companion.ui.words import say

#: The longest title in a menu line or tool tip, in characters.
LONGEST_TITLE = 48
#: How many of the last scrobbles the menu shows.
RECENT = 3


class TrayIcon(StrEnum):
    """The tray's states, worst first; the values name the icons."""

    ATTENTION = "attention"
    SIGNED_OUT = "signed_out"
    OFFLINE = "offline"
    PAUSED = "paused"
    WAITING = "waiting"
    PLAYING = "playing"
    IDLE = "idle"


class Do(StrEnum):
    """What choosing a menu line asks for; `MenuLine.target` says of what."""

    OPEN = "open"
    SHOW_PLAY = "show_play"
    FLUSH = "flush"
    SIGN_IN = "sign_in"
    #: The vault waits for its passphrase.
    UNLOCK = "unlock"
    #: Target: minutes; 0 until restart.
    PAUSE = "pause"
    RESUME = "resume"
    #: Also undo and forget the last hour, pausing first where nothing is paused.
    DROP_HOUR = "drop_hour"
    #: Target: the play's id.
    UNDO = "undo"
    #: Target: the play key.
    SKIP_ITEM = "skip_item"
    #: Target: the account's id.
    ACCOUNT = "account"
    #: Target: the profile's id.
    PROFILE = "profile"
    SETTINGS = "settings"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class MenuLine:
    """One line of the menu; without text a separator, without `do` only to be read."""

    text: str = ""
    do: Do | None = None
    target: str = ""
    children: tuple["MenuLine", ...] = ()


@dataclass(frozen=True, slots=True)
class TrayState:
    icon: TrayIcon
    tooltip: str
    lines: tuple[MenuLine, ...]


SEPARATOR = MenuLine()


def tray_state(
    status: EngineStatus,
    recent: Sequence[PlayRecord],
    names: Mapping[str, str],
    now: datetime,
    monotonic_s: float,
) -> TrayState:
    """Icon, tool tip and menu for one moment; `names` gives services' names by key."""
    icon = _icon(status, now)
    groups = (
        _top_lines(status, now, monotonic_s),
        _recent_lines(recent, names),
        _action_lines(status, names, now),
        (
            MenuLine(say("Open"), Do.OPEN),
            *_profile_lines(status),
            MenuLine(say("Settings\N{HORIZONTAL ELLIPSIS}"), Do.SETTINGS),
            MenuLine(say("Quit"), Do.QUIT),
        ),
    )
    lines: list[MenuLine] = []
    for group in groups:
        if group and lines:
            lines.append(SEPARATOR)
        lines.extend(group)
    return TrayState(icon, _tooltip(icon, status, names, now, monotonic_s), tuple(lines))


def needs_user(account: AccountStatus) -> bool:
    """Whether only the user can get this account going again."""
    return account.account.switches.enabled and account.account.state in (
        AccountState.LINK_AGAIN,
        AccountState.HELD,
    )


def _icon(status: EngineStatus, now: datetime) -> TrayIcon:
    if (
        status.trouble
        or status.needs_passphrase
        or any(needs_user(account) for account in status.accounts)
    ):
        return TrayIcon.ATTENTION
    if status.sign_in is not SignInState.SIGNED_IN:
        return TrayIcon.SIGNED_OUT
    if not status.source.connected:
        return TrayIcon.OFFLINE
    if words.is_paused(status, now):
        return TrayIcon.PAUSED
    if status.to_send:
        return TrayIcon.WAITING
    if any(playing.state == "playing" for playing in status.now_playing):
        return TrayIcon.PLAYING
    return TrayIcon.IDLE


def _tooltip(
    icon: TrayIcon,
    status: EngineStatus,
    names: Mapping[str, str],
    now: datetime,
    monotonic_s: float,
) -> str:
    head = say("Revenge Companion")
    return words.flat(f"{head}\n{_state_sentence(icon, status, names, now, monotonic_s)}")


def _state_sentence(
    icon: TrayIcon,
    status: EngineStatus,
    names: Mapping[str, str],
    now: datetime,
    monotonic_s: float,
) -> str:
    match icon:
        case TrayIcon.ATTENTION:
            if status.trouble:
                return words.told(status.trouble)
            if status.needs_passphrase:
                return words.passphrase_sentence()
            account = next(account for account in status.accounts if needs_user(account))
            name = names.get(account.account.service, account.account.service)
            return words.account_sentence(account, name, now)
        case TrayIcon.SIGNED_OUT:
            if status.sign_in is SignInState.SIGN_IN_AGAIN:
                return say("Your server signed you out. Sign in again to go on.")
            return say("Not signed in to a Revenge server")
        case TrayIcon.OFFLINE:
            return words.reason(status.source.reason_code) or say("Not connected to your server")
        case TrayIcon.PAUSED:
            return words.pause_sentence(status.paused_until or now, now)
        case TrayIcon.WAITING:
            return say("%n play(s) waiting to be sent", status.to_send)
        case TrayIcon.PLAYING:
            playing = next(p for p in status.now_playing if p.state == "playing")
            counts = words.counts_sentence(playing, monotonic_s)
            return f"{short(playing.item.label)} \N{MIDDLE DOT} {counts}"
    return say("Nothing is playing")


def _top_lines(status: EngineStatus, now: datetime, monotonic_s: float) -> tuple[MenuLine, ...]:
    if status.needs_passphrase:
        return (MenuLine(say("Enter your passphrase\N{HORIZONTAL ELLIPSIS}"), Do.UNLOCK),)
    if status.sign_in is SignInState.SIGN_IN_AGAIN:
        return (MenuLine(say("Sign in again\N{HORIZONTAL ELLIPSIS}"), Do.SIGN_IN),)
    if status.sign_in is SignInState.SIGNED_OUT:
        return (MenuLine(say("Sign in\N{HORIZONTAL ELLIPSIS}"), Do.SIGN_IN),)
    paused = words.is_paused(status, now)
    lines = []
    for playing in status.now_playing:
        parts = [short(playing.item.label)]
        share = words.share_now(playing, monotonic_s)
        if share is not None:
            parts.append(words.percent(share))
        if playing.counted:
            parts.append(say("counted"))
        elif not paused and playing.counts_in_s is not None and playing.counts_at is not None:
            parts.append(
                say("counts at {percent}").format(percent=words.percent(playing.counts_at))
            )
        sign = "\N{BLACK RIGHT-POINTING TRIANGLE}"
        if playing.state != "playing":
            sign = "\N{DOUBLE VERTICAL BAR}"
        text = " \N{MIDDLE DOT} ".join(parts)
        lines.append(MenuLine(f"{sign} {text}", Do.OPEN))
    return tuple(lines)


def _recent_lines(recent: Sequence[PlayRecord], names: Mapping[str, str]) -> tuple[MenuLine, ...]:
    counted = [play for play in recent if play.counted_at is not None and play.destinations]
    return tuple(_recent_line(play, names) for play in counted[:RECENT])


def _recent_line(play: PlayRecord, names: Mapping[str, str]) -> MenuLine:
    states = {fate.state for fate in play.destinations}
    if states == {DeliveryState.DELIVERED.value}:
        sign = "\N{CHECK MARK}"
    elif DeliveryState.PARKED.value in states:
        sign = "\N{BALLOT X}"
    else:
        sign = "\N{HORIZONTAL ELLIPSIS}"
    places = ", ".join(
        names.get(fate.service, fate.service)
        if fate.state == DeliveryState.DELIVERED
        else f"{names.get(fate.service, fate.service)} ({words.delivery_state(fate.state)})"
        for fate in play.destinations
    )
    text = f"{sign} {short(play.label)} \N{RIGHTWARDS ARROW} {places}"
    show = MenuLine(text, Do.SHOW_PLAY, str(play.id))
    if states == {DeliveryState.UNDONE.value}:
        return show
    undo = MenuLine(say("Undo"), Do.UNDO, str(play.id))
    return MenuLine(text, children=(replace(show, text=say("Show")), undo))


def _action_lines(
    status: EngineStatus, names: Mapping[str, str], now: datetime
) -> tuple[MenuLine, ...]:
    lines: list[MenuLine] = []
    if status.to_send:
        lines.append(MenuLine(say("%n waiting \N{MIDDLE DOT} Send now", status.to_send), Do.FLUSH))
    if words.is_paused(status, now):
        lines.append(MenuLine(say("Resume scrobbling"), Do.RESUME))
        lines.append(MenuLine(say("Drop the last hour\N{HORIZONTAL ELLIPSIS}"), Do.DROP_HOUR))
    elif status.sign_in is SignInState.SIGNED_IN:
        lines.append(MenuLine(say("Pause scrobbling"), children=_pause_lines(status)))
    lines.extend(_account_line(each, names) for each in status.accounts if needs_user(each))
    return tuple(lines)


def _profile_lines(status: EngineStatus) -> tuple[MenuLine, ...]:
    """Whom to switch to, where that is anybody."""
    kept = [one for one in status.profiles if one.kept]
    if all(one.active for one in kept) or len(status.profiles) < 2:
        return ()
    lines = []
    for one in kept:
        name = short(words.profile_name(one.profile))
        if one.active:
            lines.append(MenuLine(f"\N{CHECK MARK} {name}"))
        else:
            lines.append(MenuLine(name, Do.PROFILE, str(one.profile.id)))
    return (MenuLine(say("Switch user"), children=tuple(lines)),)


def _pause_lines(status: EngineStatus) -> tuple[MenuLine, ...]:
    lines = [
        MenuLine(say("%n minute(s)", 30), Do.PAUSE, "30"),
        MenuLine(say("%n hour(s)", 2), Do.PAUSE, "120"),
        MenuLine(say("Until restart"), Do.PAUSE, "0"),
    ]
    waiting = [playing for playing in status.now_playing if not playing.counted]
    for playing in waiting:
        text = say("Just this item")
        if len(waiting) > 1:
            text = say("Just {title}").format(title=short(playing.item.label))
        lines.append(MenuLine(text, Do.SKIP_ITEM, playing.play_key))
    also = say("Until restart, and drop the last hour\N{HORIZONTAL ELLIPSIS}")
    return (*lines, SEPARATOR, MenuLine(also, Do.DROP_HOUR))


def _account_line(status: AccountStatus, names: Mapping[str, str]) -> MenuLine:
    account = status.account
    name = names.get(account.service, account.service)
    if account.label and account.label != name:
        name = f"{name} ({short(account.label)})"
    if account.state is AccountState.LINK_AGAIN:
        text = say("{service} needs you: link again\N{HORIZONTAL ELLIPSIS}")
    else:
        text = say("{service} needs you\N{HORIZONTAL ELLIPSIS}")
    return MenuLine(text.format(service=name), Do.ACCOUNT, str(account.id))


def short(title: str) -> str:
    """A title cut to what a menu can show, on one line."""
    line = " ".join(title.split())
    if len(line) <= LONGEST_TITLE:
        return line
    return line[: LONGEST_TITLE - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
