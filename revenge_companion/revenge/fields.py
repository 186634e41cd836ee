"""Values out of decoded JSON, checked and cut to size; a value of the wrong shape is no value."""

from datetime import UTC, datetime, timedelta

from revenge_companion.core.media import Ids

#: Longest text kept, in characters.
TEXT_LIMIT = 1000
#: Longest list kept, in entries.
LIST_LIMIT = 100
#: Positions and durations past this many seconds (three years) are mistakes.
SECONDS_LIMIT = 1e8
#: Largest id kept; every store and service takes it.
ID_LIMIT = 2**53
#: How far ahead of our clock a server's time may be.
FUTURE_LIMIT = timedelta(minutes=5)


def text(value: object) -> str:
    """`value` as text that can be stored, at most `TEXT_LIMIT` characters; "" for what is none."""
    if type(value) is not str:
        return ""
    if len(value) > TEXT_LIMIT:
        value = value[:TEXT_LIMIT]
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair is legal in JSON and in nothing it would be written to.
        return value.encode(errors="replace").decode()
    return value


def text_or_none(value: object) -> str | None:
    """As `text`, with None instead of ""."""
    return text(value) or None


def texts(value: object) -> tuple[str, ...]:
    """The non-empty texts of a list, at most `LIST_LIMIT`; one text counts as a list of one."""
    if type(value) is str:
        value = [value]
    if type(value) is not list:
        return ()
    return tuple(entry for entry in map(text, value[:LIST_LIMIT]) if entry)


def seconds(value: object, scale: float = 1.0) -> float | None:
    """A number of seconds from 0 to `SECONDS_LIMIT` (`value` / `scale`), else None."""
    kind = type(value)
    if kind is not float and kind is not int:
        return None
    # Not a number fails both comparisons, and an integer of any size is compared, not converted.
    if not 0 <= value <= SECONDS_LIMIT * scale:  # type: ignore[operator]  # narrowed by `kind`
        return None
    return value / scale  # type: ignore[operator]  # narrowed by `kind`


def whole(value: object, lowest: int = 0, highest: int = 100_000) -> int | None:
    """A whole number between two bounds, else None; 3.0 is whole, True and "3" are no numbers."""
    kind = type(value)
    if kind is not int and kind is not float:
        return None
    if not lowest <= value <= highest:  # type: ignore[operator]  # narrowed by `kind`
        return None
    number = int(value)  # type: ignore[call-overload]  # narrowed by `kind`
    return number if number == value else None


def year(value: object) -> int | None:
    """A year from 1 to 9999, else None."""
    return whole(value, 1, 9999)


def ids(value: object) -> Ids:
    """External ids out of `{"tmdb", "imdb", "tvdb"}`; what is unusable is unknown."""
    if type(value) is not dict:
        return Ids()
    return Ids(
        tmdb=whole(value.get("tmdb"), 1, ID_LIMIT),
        imdb=text_or_none(value.get("imdb")),
        tvdb=whole(value.get("tvdb"), 1, ID_LIMIT),
    )


def moment(value: object, now: datetime) -> datetime:
    """A server's RFC 3339 time as aware UTC.

    `now` where `moment_or_none` finds none, or one more than five minutes ahead of `now`.
    """
    read = moment_or_none(value)
    return now if read is None or read - now > FUTURE_LIMIT else read


def moment_or_none(value: object) -> datetime | None:
    """A server's RFC 3339 time as aware UTC.

    None where it is absent, unreadable, without a zone, or Go's zero time (year 1).
    """
    if type(value) is not str:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        # RFC 3339 allows "t" and "z".
        try:
            read = datetime.fromisoformat(value.upper())
        except ValueError:
            return None
    zone = read.tzinfo
    if zone is not UTC:
        if zone is None:
            return None
        try:
            read = read.astimezone(UTC)
        except OverflowError:
            return None
    return None if read.year == 1 else read
