"""Sentences for people: reasons, states and times, in the user's language and way of writing."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from revenge_companion.core.abilities import Abilities, Ability
from revenge_companion.core.accounts import Account, AccountState
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.live import NowPlaying
from revenge_companion.core.media import Kind
from revenge_companion.core.playback import Source
from revenge_companion.core.profiles import Profile
from revenge_companion.core.reasons import FINISHED, Fact, Reason, sentence
from revenge_companion.core.status import (
    AccountStatus,
    DestinationFate,
    EngineStatus,
    OutboxCounts,
    SignInState,
    SourceStatus,
)
from revenge_companion.ui.theme import Tone

#: A status code among words, as details keep it.
_CODE = re.compile(r" \(HTTP \d{3}(, error \w{1,8})?\)")
#: Farther ahead nobody needs to know the day.
_FAR = timedelta(days=3650)


def say(text: str, n: int = -1) -> str:
    """`text` in the user's language; `%n` becomes `n`."""
    return QCoreApplication.translate("Words", text, None, n)


def told(text: str | Exception) -> str:
    """A sentence that comes finished from below the window, in the user's language.

    An error, or what an error, a note or a delivery's detail says; what is not known stays English.
    """
    said = str(text)
    return QCoreApplication.translate(FINISHED, said) if said else ""


def flat(text: str) -> str:
    """Remote text for places that would read it as HTML: tool tips and notifications."""
    return text.replace("<", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}")


def whole(text: str) -> str:
    """An error's own words as a sentence of a dialog: without a status code, and with its end."""
    text = _CODE.sub("", text).strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def no_mnemonic(text: str) -> str:
    """Remote text for buttons and menus, where "&" would underline a letter."""
    return text.replace("&", "&&")


def reason(code: str, facts: Mapping[str, Fact] | None = None) -> str:
    """The sentence for a reason code; "" for no code."""
    if not code:
        return ""
    facts = {name: _fact(name, value) for name, value in (facts or {}).items()}
    text = sentence(code, facts, lambda text: QCoreApplication.translate("Reasons", text))
    # A percent sign does not begin a line.
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def _fact(name: str, value: Fact) -> Fact:
    if isinstance(value, float):
        return decimal(value)
    # The other texts are names.
    return told(value) if name == "kind" and isinstance(value, str) else value


def exact(when: datetime) -> str:
    """Date and time as the user's locale writes them, in local time."""
    return QLocale().toString(_local(when), QLocale.FormatType.ShortFormat)


def clock_time(when: datetime) -> str:
    """The time of day as the user's locale writes it."""
    return QLocale().toString(_local(when).time(), QLocale.FormatType.ShortFormat)


def ago(when: datetime, now: datetime) -> str:
    """How long ago, while that is young (an hour); then the time, then the date."""
    seconds = (now - when).total_seconds()
    if -60 < seconds < 60:
        return say("just now")
    if 0 < seconds < 3600:
        return say("%n min ago", int(seconds // 60))
    return moment(when, now)


def moment(when: datetime, now: datetime) -> str:
    """The time alone for today, with the day's name within a week, else date and time."""
    then, today = _local(when), _local(now).date()
    days = then.date().daysTo(today)
    if days == 0:
        return clock_time(when)
    if -6 <= days <= 6:
        day = QLocale().dayName(then.date().dayOfWeek(), QLocale.FormatType.ShortFormat)
        return f"{day} {clock_time(when)}"
    return exact(when)


def due(when: datetime, now: datetime) -> str:
    """When something will happen: "in 4 min", "tomorrow 05:00"."""
    seconds = (when - now).total_seconds()
    if seconds <= 5:
        return say("now")
    if seconds < 90:
        return say("in %n second(s)", int(seconds))
    if seconds < 5400:
        return say("in %n min", round(seconds / 60))
    if _local(now).date().daysTo(_local(when).date()) == 1:
        return say("tomorrow {time}").format(time=clock_time(when))
    return moment(when, now)


def day(when: datetime, now: datetime) -> str:
    """The day on which something will be done: "today", "tomorrow", "on Thursday"."""
    then = _local(min(when, now + _FAR)).date()
    days = _local(now).date().daysTo(then)
    if days <= 0:
        return say("today")
    if days == 1:
        return say("tomorrow")
    if days <= 6:
        name = QLocale().dayName(then.dayOfWeek(), QLocale.FormatType.LongFormat)
        return say("on {day}").format(day=name)
    return say("on {day}").format(day=QLocale().toString(then, QLocale.FormatType.ShortFormat))


def percent(share: float) -> str:
    """A share of 0 to 1 as the locale writes it: "61 %"."""
    return f"{QLocale().toString(round(share * 100))}\N{NO-BREAK SPACE}%"


def decimal(value: float) -> str:
    """A number as the locale writes it, with the decimals it has, up to six digits: "8.5"."""
    return QLocale().toString(value, "g", 6)


def number(value: int) -> str:
    return QLocale().toString(value)


def kind_name(kind: str) -> str:
    """What a kind of item is called; an unknown one comes back as it is."""
    names = {
        Kind.MOVIE: say("Film"),
        Kind.EPISODE: say("Episode"),
        Kind.TRACK: say("Track"),
        Kind.PODCAST: say("Podcast"),
        Kind.AUDIOBOOK: say("Audiobook"),
    }
    return {str(key): name for key, name in names.items()}.get(kind, kind)


def kind_plural(kind: Kind) -> str:
    return {
        Kind.MOVIE: say("Films"),
        Kind.EPISODE: say("Episodes"),
        Kind.TRACK: say("Tracks"),
        Kind.PODCAST: say("Podcasts"),
        Kind.AUDIOBOOK: say("Audiobooks"),
    }[kind]


def delivery_state(state: str) -> str:
    """What a delivery's state is called."""
    names = {
        DeliveryState.PENDING: say("waiting"),
        DeliveryState.SENDING: say("sending"),
        DeliveryState.UNSURE: say("checking"),
        DeliveryState.DELIVERED: say("delivered"),
        DeliveryState.HELD: say("held"),
        DeliveryState.PARKED: say("parked"),
        DeliveryState.UNDONE: say("undone"),
    }
    return {str(key): name for key, name in names.items()}.get(state, state)


def delivery_sign(state: str) -> str:
    """One character for a delivery's state, always shown beside a name."""
    if state == DeliveryState.DELIVERED:
        return "\N{CHECK MARK}"
    if state in (DeliveryState.PARKED, DeliveryState.UNDONE):
        return "\N{BALLOT X}"
    return "\N{HORIZONTAL ELLIPSIS}"


def delivery_tone(state: str) -> Tone:
    """The tone that goes with `delivery_sign`."""
    if state == DeliveryState.DELIVERED:
        return Tone.GOOD
    if state in (DeliveryState.PARKED, DeliveryState.UNDONE):
        return Tone.BAD
    return Tone.WAITING


def destination(fate: DestinationFate, service_name: str) -> str:
    """One sentence on what became of a play at one account."""
    who = service_name
    if fate.account_label and fate.account_label != service_name:
        who = f"{service_name} ({fate.account_label})"
    why = reason(fate.reason_code, {"service": service_name})
    return " ".join(part for part in (f"{who}: {delivery_state(fate.state)}.", why) if part)


def account_sentence(status: AccountStatus, service_name: str, now: datetime) -> str:
    """How an account is doing, and what to do about it, in one sentence."""
    account, counts = status.account, status.counts
    if not account.switches.enabled or account.state is AccountState.OFF:
        return say("Switched off: nothing is sent to {service}.").format(service=service_name)
    match account.state:
        case AccountState.LINK_AGAIN:
            if counts.waiting:
                return say(
                    "{service} signed you out. Link again to send %n waiting play(s).",
                    counts.waiting,
                ).format(service=service_name)
            return say("{service} signed you out. Link again to go on.").format(
                service=service_name
            )
        case AccountState.QUOTA:
            until = _until(account, now)
            text = say("{service} takes no more plays today. %n waiting{until}.", counts.waiting)
            return text.format(service=service_name, until=until)
        case AccountState.HELD:
            return told(account.state_detail) or say(
                "The service asks for something only you can do."
            )
    if status.written:
        return say(
            "%n play(s) in a file. Import it at {service}, then mark them as delivered.",
            status.written,
        ).format(service=service_name)
    if counts.waiting and status.hand_off:
        return say(
            "%n play(s) waiting for you to write the file and import it at {service}.",
            counts.waiting,
        ).format(service=service_name)
    if status.silent_since is not None:
        return say(
            "Plays have been going to {service} since {when} and none was confirmed. Test the "
            "account, or link it again."
        ).format(service=service_name, when=moment(status.silent_since, now))
    if counts.waiting and status.eta is not None:
        text = say("%n play(s) waiting; done {when} at this pace.", counts.waiting)
        return text.format(when=day(status.eta, now))
    if counts.waiting:
        return say("%n play(s) waiting to be sent.", counts.waiting)
    if not (counts.delivered or counts.parked or account.last_delivery_at):
        if status.hand_off:
            return say("Ready: your next play is kept for a file to import there.")
        return say("Ready: your next play goes there.")
    if counts.parked:
        return say("%n play(s) parked. The outbox says why.", counts.parked)
    return say("Everything has been delivered.")


def _until(account: Account, now: datetime) -> str:
    if account.held_until is None:
        return ""
    return say("; goes on {when}").format(when=due(account.held_until, now))


def source_words(source: SourceStatus) -> str:
    """The live source in a few words."""
    if not source.connected:
        return say("Not connected")
    if source.source is Source.WEBSOCKET:
        return say("WebSocket")
    if source.source is Source.SSE and source.reason_code == Reason.SERVER_EVENTS:
        return say("Server events")
    if source.source is Source.SSE:
        return say("Server events and polling")
    if source.source is Source.POLL:
        return say("Polling")
    return say("Connecting")


def source_line(source: SourceStatus) -> str:
    """As `source_words`, and why where that is less than live."""
    if source.connected and source.reason_code == Reason.NO_LIVE_EVENTS:
        return say("Polling: this server has no live events")
    if source.connected and source.reason_code == Reason.API_KEY_ONLY:
        return say("Polling: an API key gets no live events")
    return source_words(source)


def offers_words(abilities: Abilities) -> str:
    """What the server takes, and what is kept here instead; no server takes dates yet."""
    ratings = Ability.RATINGS in abilities.offers
    watchlist = Ability.WATCHLIST in abilities.offers
    if ratings and watchlist:
        return say("Your server takes ratings and a watchlist. Dates of plays are kept here.")
    if ratings:
        return say("Your server takes ratings. Dates of plays and the watchlist are kept here.")
    if watchlist:
        return say("Your server takes a watchlist. Dates of plays and ratings are kept here.")
    return say(
        "Your server takes no dates of plays, ratings or watchlist yet, so they are kept here. "
        "Ratings and watchlist are sent to it once it takes them."
    )


def sign_in_words(status: EngineStatus) -> str:
    """Who is signed in, in a few words."""
    if status.sign_in is SignInState.SIGNED_IN:
        return status.username or say("Signed in with an API key")
    if status.sign_in is SignInState.SIGN_IN_AGAIN:
        return say("Signed out by the server")
    return say("Not signed in")


def profile_name(profile: Profile) -> str:
    """A server and its user, as people tell them apart."""
    host = profile.server_url.partition("://")[2].rstrip("/") or profile.server_url
    return f"{profile.username or say('API key')} \N{MIDDLE DOT} {host}"


def position_now(playing: NowPlaying, monotonic_s: float) -> float:
    """Seconds into the item at `monotonic_s`, carried on from what the server last said."""
    position = playing.position_s
    if playing.state == "playing":
        position += max(0.0, monotonic_s - playing.as_of_s) * playing.rate
    if playing.item.duration_s is not None:
        position = min(position, playing.item.duration_s)
    return position


def share_now(playing: NowPlaying, monotonic_s: float) -> float | None:
    """0 to 1 of the runtime, None where that is unknown."""
    if not playing.item.duration_s:
        return None
    return position_now(playing, monotonic_s) / playing.item.duration_s


def counts_sentence(playing: NowPlaying, monotonic_s: float, *, paused: bool = False) -> str:
    """When a play in progress will count, without a full stop."""
    if paused:
        return say("Scrobbling is paused")
    if playing.counted:
        return say("Counted")
    if playing.counts_in_s is None:
        return say("Does not count")
    left_s = playing.counts_in_s
    if playing.state == "playing":
        left_s -= max(0.0, monotonic_s - playing.as_of_s) * playing.rate
    left_s = max(0.0, left_s) / max(playing.rate, 0.1)
    if left_s >= 90:
        soon = say("in about %n min", round(left_s / 60))
    else:
        soon = say("in about %n second(s)", max(1, round(left_s)))
    if playing.state != "playing":
        soon = say("paused")
    if playing.counts_at is not None:
        return say("Counts at {percent} ({soon})").format(
            percent=percent(playing.counts_at), soon=soon
        )
    return say("Counts {soon}").format(soon=soon)


def waiting_sentence(
    counts: OutboxCounts, eta: datetime | None = None, now: datetime | None = None
) -> str:
    """How much waits and how much is parked; "" when nothing does.

    With `eta` and `now`, when all of it is done at this pace.
    """
    parts = []
    if counts.waiting:
        parts.append(say("%n waiting", counts.waiting))
        if eta is not None and now is not None:
            parts.append(say("done {when} at this pace").format(when=day(eta, now)))
    if counts.parked:
        parts.append(say("%n parked", counts.parked))
    return " \N{MIDDLE DOT} ".join(parts)


def passphrase_sentence() -> str:
    return say(
        "This system has no password store. Choose a passphrase to encrypt your links, or install "
        "one (GNOME Keyring, KWallet)."
    )


def is_paused(status: EngineStatus, now: datetime) -> bool:
    """Whether the user has paused scrobbling at `now`."""
    return status.paused_until is not None and status.paused_until > now


def pause_sentence(until: datetime, now: datetime) -> str:
    if until - now > timedelta(days=365):
        return say("Scrobbling is paused until you resume it")
    return say("Scrobbling is paused until {time}").format(time=moment(until, now))


def _local(when: datetime) -> QDateTime:
    return QDateTime.fromSecsSinceEpoch(int(when.timestamp()))
