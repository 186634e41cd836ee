"""Words for syncs and exports."""

from datetime import datetime

from revenge_companion.core.syncing import AccountSync, FacetSync, Question, Way
from revenge_companion.ui import library_words, words
from revenge_companion.ui.words import say


def account(one: AccountSync, now: datetime) -> str:
    """How an account is kept in step, in one line."""
    if one.running:
        return say("Being synced now.")
    if not one.facets:
        return say("Nothing is synced. Switch it on in the account's settings.")
    if one.next_at is None:
        return say("Synced soon.")
    return say("Looked at again {when}.").format(when=words.moment(one.next_at, now))


def facet(one: FacetSync, now: datetime) -> str:
    """How one facet stands: "History: in step, 4 min ago; 12 taken over, 3 sent"."""
    return f"{library_words.facet(one.facet)}: {_stands(one, now)}"


def _stands(one: FacetSync, now: datetime) -> str:
    if one.trouble:
        return words.told(one.trouble)
    if one.question is not None:
        return question(one.question)
    if one.left is not None:
        return say("left as it is.")
    if one.synced_at is None:
        return say("not synced yet.")
    counts = [
        say("%Ln taken over", one.added) if one.added else "",
        say("%Ln removed", one.removed) if one.removed else "",
        say("%Ln sent", one.sent) if one.sent else "",
    ]
    came = ", ".join(filter(None, counts)) or say("nothing to do")
    when = words.ago(one.synced_at, now)
    text = say("in step, {when}; {came}.").format(when=when, came=came)
    return f"{text} {say('%Ln line(s) could not be read.', one.unread)}" if one.unread else text


def question(one: Question) -> str:
    """What a sync asks."""
    numbers = {"added": words.number(one.added), "removed": words.number(one.removed),
               "before": words.number(one.before)}  # fmt: skip
    if one.way is Way.SEND:
        text = say("{added} would be added there and {removed} removed, of {before}.")
    else:
        text = say("{added} are new there and {removed} are gone, of {before}.")
    return f"{text.format(**numbers)} {say('Nothing was changed yet.')}"
