"""Words for the library: kinds of things, facets, and when something was, as exactly as known."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from PySide6.QtCore import QDate, QLocale

from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.exporting import ExportRow
from revenge_companion.core.library import Entry, Facet, Precision, SubjectKind
from revenge_companion.core.shown import Shown
from revenge_companion.core.statistics import Bar, Bucket, Statistics
from revenge_companion.ui import words
from revenge_companion.ui.words import say


def kinds(kind: SubjectKind) -> str:
    """What several things of a kind are called."""
    return {
        SubjectKind.MOVIE: say("Films"),
        SubjectKind.SHOW: say("Series"),
        SubjectKind.SEASON: say("Seasons"),
        SubjectKind.EPISODE: say("Episodes"),
        SubjectKind.TRACK: say("Tracks"),
        SubjectKind.ALBUM: say("Albums"),
        SubjectKind.PODCAST: say("Podcasts"),
        SubjectKind.BOOK: say("Books"),
    }[kind]


def kind(one: SubjectKind) -> str:
    """What one thing of a kind is called."""
    return {
        SubjectKind.MOVIE: say("Film"),
        SubjectKind.SHOW: say("Series"),
        SubjectKind.SEASON: say("Season"),
        SubjectKind.EPISODE: say("Episode"),
        SubjectKind.TRACK: say("Track"),
        SubjectKind.ALBUM: say("Album"),
        SubjectKind.PODCAST: say("Podcast"),
        SubjectKind.BOOK: say("Book"),
    }[one]


def most_played(kind: SubjectKind) -> str:
    """The title of a list of what was played most: episodes count for their series."""
    return {
        SubjectKind.EPISODE: say("Most watched series"),
        SubjectKind.MOVIE: say("Most watched films"),
        SubjectKind.TRACK: say("Most heard artists"),
        SubjectKind.ALBUM: say("Most heard artists"),
        SubjectKind.PODCAST: say("Most heard podcasts"),
        SubjectKind.BOOK: say("Books"),
    }.get(kind, kinds(kind))


def facet(one: Facet) -> str:
    return {
        Facet.HISTORY: say("History"),
        Facet.RATINGS: say("Ratings"),
        Facet.WATCHLIST: say("Watchlist"),
        Facet.COLLECTION: say("Collection"),
        Facet.LOVED: say("Loved"),
        Facet.LISTS: say("Lists"),
    }[one]


def when(row: Shown, now: datetime) -> str:
    """When it was, no more exactly than it is known."""
    if row.at is None:
        return say("date unknown")
    return _day(row.at) if row.precision is Precision.DAY else words.moment(row.at, now)


def exact(row: Shown | Entry | ExportRow) -> str:
    """Date and time in full, as far as they are known."""
    if row.at is None:
        return say("date unknown")
    return _day(row.at) if row.precision is Precision.DAY else words.exact(row.at)


def dated(row: Entry | ExportRow) -> str:
    """The date of a line; "" for a wish, a rating or the like without one, which says nothing."""
    return exact(row) if row.at is not None or row.facet is Facet.HISTORY else ""


def _day(at: datetime) -> str:
    # Noon UTC stands for the whole day: it is never moved to another one.
    return QLocale().toString(QDate(at.year, at.month, at.day), QLocale.FormatType.ShortFormat)


def value(row: Shown | Entry) -> str:
    """What a line says besides its thing: the rating, the list, how often."""
    match row.facet:
        case Facet.RATINGS if row.rating is not None:
            return rating(row.rating)
        case Facet.LISTS:
            return row.list_name
        case Facet.LOVED:
            return say("loved") if row.loved else say("hated")
        case Facet.HISTORY if row.plays > 1:
            return say("%n time(s)", row.plays)
    return ""


def rating(points: int) -> str:
    """1 to 100 points as people say them: "8.5 of 10"."""
    return say("{rating} of 10").format(rating=words.decimal(points / 10))


def change(one: Change) -> str:
    """A change with what it is about: "Rate Dune (2021) 8 of 10"."""
    text = {
        Verb.RATE: say("Rate {title} {rating} of 10"),
        Verb.UNRATE: say("Remove the rating of {title}"),
        Verb.WANT: say("{title}: onto the watchlist"),
        Verb.UNWANT: say("{title}: off the watchlist"),
        Verb.COLLECT: say("{title}: into the collection"),
        Verb.LOVE: say("Love {title}"),
        Verb.UNLOVE: say("No longer love {title}"),
        Verb.HATE: say("Hate {title}"),
    }[one.verb]
    return text.format(title=one.subject.label, rating=words.decimal((one.rating or 0) / 10))


def span(bucket: Bucket) -> str:
    """The stretch that all bars of a bucket are."""
    return {
        Bucket.DAY: say("the last 30 days"),
        Bucket.WEEK: say("the last 26 weeks"),
        Bucket.MONTH: say("the last 24 months"),
        Bucket.YEAR: say("the last 20 years"),
    }[bucket]


def bucket(one: Bucket) -> str:
    return {
        Bucket.DAY: say("By day"),
        Bucket.WEEK: say("By week"),
        Bucket.MONTH: say("By month"),
        Bucket.YEAR: say("By year"),
    }[one]


def bar_short(bar: Bar, bucket: Bucket) -> str:
    """A bar's place on the axis: "3 Mar", "Mar 26", "2026"."""
    day, locale = bar.day, QLocale()
    match bucket:
        case Bucket.YEAR:
            return str(day.year)
        case Bucket.MONTH:
            name = locale.standaloneMonthName(day.month, QLocale.FormatType.ShortFormat)
            return f"{name} {day.year % 100:02}"
    name = locale.monthName(day.month, QLocale.FormatType.ShortFormat)
    return say("{day} {month}").format(day=day.day, month=name)


def bar_whole(bar: Bar, bucket: Bucket, kinds_shown: Sequence[SubjectKind]) -> str:
    """A bar in words: its stretch of time, and what is in it."""
    locale = QLocale()
    first = locale.toString(
        QDate(bar.day.year, bar.day.month, bar.day.day), QLocale.FormatType.LongFormat
    )
    match bucket:
        case Bucket.YEAR:
            title = str(bar.day.year)
        case Bucket.MONTH:
            title = f"{locale.standaloneMonthName(bar.day.month)} {bar.day.year}"
        case Bucket.WEEK:
            end = bar.day + timedelta(days=6)
            last = locale.toString(
                QDate(end.year, end.month, end.day), QLocale.FormatType.ShortFormat
            )
            start = locale.toString(
                QDate(bar.day.year, bar.day.month, bar.day.day), QLocale.FormatType.ShortFormat
            )
            title = f"{start} \N{EN DASH} {last}"
        case _:
            title = first
    parts = [
        f"{kinds(one)}: {words.number(bar.plays[one])}" for one in kinds_shown if bar.plays.get(one)
    ]
    return "\n".join([title, *(parts or [say("Nothing was played.")])])


def total(statistics: Statistics) -> str:
    """How much was played in all, in one sentence."""
    if not statistics.total:
        text = say("Nothing was played in {span}.")
    else:
        text = say("%Ln play(s) in {span}.", statistics.total)
    return text.format(span=span(statistics.bucket))


def figures(statistics: Statistics) -> str:
    """What a chart shows, for those who do not see it: how much, of what, and when most."""
    if not statistics.total:
        return total(statistics)
    parts = (
        f"{kinds(one)}: {words.number(sum(bar.plays.get(one, 0) for bar in statistics.bars))}"
        for one in statistics.kinds
    )
    most = max(statistics.bars, key=lambda bar: bar.total)
    when = bar_whole(most, statistics.bucket, ()).partition("\n")[0]
    peak = say("Most: {count}, {when}.").format(count=words.number(most.total), when=when)
    return f"{total(statistics)} {', '.join(parts)}. {peak}"


def seconds(value: float) -> str:
    """A wait as people say it."""
    if value < 1.5:
        return say("about a second")
    if value < 90:
        return say("%n second(s)", round(value))
    if value < 5400:
        return say("%n min", round(value / 60))
    if value < 172_800:
        return say("%n hour(s)", round(value / 3600))
    return say("%n day(s)", round(value / 86_400))
