"""Words for exports: what an account takes, what becomes of each line, and how long it takes."""

from collections.abc import Sequence
from datetime import datetime

from revenge_companion.core.accounts import AccountState
from revenge_companion.core.changes import Verb
from revenge_companion.core.exporting import (
    ExportPreview,
    ExportRow,
    ExportTarget,
    ExportVerdict,
    LastRead,
)
from revenge_companion.core.library import Facet
from revenge_companion.core.status import AccountStatus
from revenge_companion.services.base import ServiceSpec
from revenge_companion.ui import import_words, library_words, words
from revenge_companion.ui.words import say

_DAY_S = 86_400.0


def rules(target: ExportTarget, spec: ServiceSpec, others: Sequence[ServiceSpec]) -> list[str]:
    """What of the library an account does not get, a sentence each; `others` are all services."""
    found = [
        words.told(one.keeps_to_itself)
        for one in others
        if one.keeps_to_itself and one.key != spec.key
    ]
    if Facet.HISTORY in target.facets:
        if spec.undated:
            text = say("Plays that nobody dates are sent to {service} without a date.")
        else:
            text = say("Plays that nobody dates are left out: {service} takes none.")
        found.append(text.format(service=spec.name))
        if spec.one_play:
            text = say("{service} keeps one play of each item; further ones are left out.")
            found.append(text.format(service=spec.name))
        if target.max_age_s is not None:
            days = round(target.max_age_s / _DAY_S)
            text = say("Plays that are more than %n day(s) old are left out: {service} takes none.",
                       days)  # fmt: skip
            found.append(text.format(service=spec.name))
    return found


def facet_says(facet: Facet, read: LastRead | None, now: datetime) -> str:
    """What a facet holds, and since when what the account has of it is known.

    `read` is None for what the account cannot be read for.
    """
    holds = import_words.facet_sentence(facet)
    if read is None:
        more = say("The account cannot be read; what was sent there before is remembered.")
    elif read.at is None:
        more = say("Never read there: it is read first.")
    else:
        text = say("Last read there: {when}.")
        if not read.fresh:
            text = say("Last read there: {when}. It is read again first.")
        more = text.format(when=words.ago(read.at, now))
    return f"{holds} {more}"


def not_taken(service: str) -> str:
    """Why a facet cannot be chosen."""
    return say("The Companion cannot send this to {service}.").format(service=service)


def verdict_name(verdict: ExportVerdict) -> str:
    return {
        ExportVerdict.SEND: say("Sent"),
        ExportVerdict.THERE: say("Already there"),
        ExportVerdict.LEFT_OUT: say("Left out"),
    }[verdict]


def verdict_sentence(verdict: ExportVerdict) -> str:
    """What happens to the lines of a tab."""
    return {
        ExportVerdict.SEND: say("These lines go out once you queue them."),
        ExportVerdict.THERE: say("The account has these, or they wait for it. Nothing is sent."),
        ExportVerdict.LEFT_OUT: say("These lines are not sent; each says why."),
    }[verdict]


def verdict_empty(verdict: ExportVerdict) -> str:
    return {
        ExportVerdict.SEND: say("There is nothing to send."),
        ExportVerdict.THERE: say("Nothing of this is there yet."),
        ExportVerdict.LEFT_OUT: say("Nothing is left out."),
    }[verdict]


def summary(preview: ExportPreview) -> str:
    """What an export comes to, in one line."""
    send, left = (preview.count(one) for one in (ExportVerdict.SEND, ExportVerdict.LEFT_OUT))
    if not send:
        text = say("There is nothing to send to {account}.").format(account=preview.target.name)
    else:
        text = say("%Ln line(s) will be sent to {account}.", send).format(
            account=preview.target.name
        )
    return f"{text} {say('%Ln left out.', left)}" if left else text


def does(row: ExportRow) -> str:
    """What a line says, or does at the account: "8 of 10", "off the watchlist"."""
    if not row.verb:
        if row.rating is not None:
            return library_words.rating(row.rating)
        return ""
    match Verb(row.verb):
        case Verb.RATE:
            return "" if row.rating is None else library_words.rating(row.rating)
        case Verb.UNRATE:
            return say("remove the rating")
        case Verb.WANT:
            return say("onto the watchlist")
        case Verb.UNWANT:
            return say("off the watchlist")
        case Verb.COLLECT:
            return say("into the collection")
        case Verb.LOVE:
            return say("love")
        case Verb.UNLOVE:
            return say("no longer love")
        case Verb.HATE:
            return say("hate")


def why(row: ExportRow, service: str) -> str:
    return words.reason(row.reason_code, {"service": service}) if row.reason_code else ""


def queue_them(count: int) -> str:
    """What the last button says."""
    return say("&Queue %Ln line(s)", count)


def looking(lines: int) -> str:
    return say("%Ln line(s) looked at.", lines)


def queued(count: int, account: str) -> str:
    """The headline of the last step."""
    if not count:
        return say("Nothing new was queued for {account}").format(account=account)
    return say("%Ln line(s) queued for {account}", count).format(account=account)


def arrives(status: AccountStatus | None, spec: ServiceSpec, takes_s: float, now: datetime) -> str:
    """When what was queued will be there; `takes_s` is at the service's own pace."""
    if status is None:
        return ""
    sends = status.account.switches.enabled and status.account.state is AccountState.LINKED
    if not sends or status.hand_off or status.eta is not None:
        # What holds it up, the files it goes by, or the day its budget is through.
        return words.account_sentence(status, spec.name, now)
    return say(
        "At the pace of {service} that takes {time}. New plays go first; the rest goes on whenever "
        "the Companion runs."
    ).format(service=spec.name, time=library_words.seconds(takes_s))
