"""Words for the user's own word about a thing of the library: what it does, and who is told."""

from collections.abc import Sequence

from revenge_companion.core.library import Facet
from revenge_companion.core.ratings import rating_of
from revenge_companion.core.saying import Hearer, Hears, Spoken, Word
from revenge_companion.core.shown import Shown
from revenge_companion.ui import library_words, words
from revenge_companion.ui.words import say


def title(row: Shown) -> str:
    """A line with what it says: "Dune (2021) · 8 of 10"."""
    said = library_words.value(row)
    return " \N{MIDDLE DOT} ".join(filter(None, (row.label, said)))


def remove(facet: Facet) -> str:
    """What the button that takes it back says."""
    return {
        Facet.RATINGS: say("&Remove the rating"),
        Facet.WATCHLIST: say("Take off the &watchlist"),
    }.get(facet, say("No longer &loved"))


def who(hearers: Sequence[Hearer]) -> str:
    """Which accounts are told, and why the others are not."""
    told = _names(hearers, Hears.TOLD)
    parts = [say("Goes to {accounts}.").format(accounts=told) if told else _nobody(hearers)]
    later = _names(hearers, Hears.LATER)
    if later:
        parts.append(say("To {accounts} once you have linked again.").format(accounts=later))
    off = _names(hearers, Hears.OFF)
    if off:
        parts.append(say("Not to {accounts}: its sync of this is off.").format(accounts=off))
    for one in hearers:
        if one.hears is Hears.NOT:
            why = words.reason(one.reason_code, {"service": one.service})
            parts.append(say("Not to {accounts}: {why}").format(accounts=one.name, why=why))
    return " ".join(parts)


def _names(hearers: Sequence[Hearer], hears: Hears) -> str:
    return ", ".join(one.name for one in hearers if one.hears is hears)


def _nobody(hearers: Sequence[Hearer]) -> str:
    if hearers:
        return say("It changes here, and no account is told now.")
    return say("It changes here only: no linked account takes this.")


def before(changed: Sequence[Hearer] | None, removed: Sequence[Hearer]) -> str:
    """What a change would do; `changed` where a value can be changed, too."""
    taken_back = who(removed)
    if changed is None or who(changed) == taken_back:
        return taken_back
    text = say("Changing it: {changed} Removing it: {removed}")
    return text.format(changed=who(changed), removed=taken_back)


def done(spoken: Spoken) -> str:
    """What was said, and who is told."""
    return f"{_said(spoken.word).format(title=spoken.label)} {who(spoken.hearers)}"


def undone(spoken: Spoken) -> str:
    """What was taken back, and who could not be told so."""
    text = say("{title}: as it was before.").format(title=spoken.label)
    left = _names(spoken.hearers, Hears.NOT) if spoken.hearers else ""
    if left:
        more = say("Not taken back at {accounts}: look there.").format(accounts=left)
        text = f"{text} {more}"
    return text


def _said(word: Word) -> str:
    match word.facet:
        case Facet.RATINGS if word.gone:
            return say("The rating of {title} is removed.")
        case Facet.RATINGS:
            points = library_words.rating(word.rating or 0)
            return say("{{title}} is rated {rating}.").format(rating=points)
        case Facet.WATCHLIST if word.gone:
            return say("{title} is off the watchlist.")
        case Facet.WATCHLIST:
            return say("{title} is on the watchlist.")
        case _ if word.gone:
            return say("{title}: no longer loved or hated.")
    return say("{title} is loved.") if word.loved else say("{title} is hated.")


def steps() -> list[tuple[int, str]]:
    """What can be chosen as a rating, best first: points and words."""
    points = [rating_of(step) or 0 for step in range(10, 0, -1)]
    return [(one, library_words.rating(one)) for one in points]
