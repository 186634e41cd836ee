"""Words for imports: what is read, how a run stands, and what each of its lines says.

Apart from `words`, since a tray icon alone needs none of them.
"""

from collections.abc import Collection
from datetime import datetime

from revenge_companion.core.imports import (
    MOST_UNREAD,
    Choice,
    ImportRow,
    ImportRun,
    RunState,
    Unread,
    Verdict,
)
from revenge_companion.core.library import Entry, Facet
from revenge_companion.ui import library_words, words
from revenge_companion.ui.theme import Tone
from revenge_companion.ui.words import say

#: Characters of one line that are shown outside of a table.
MOST_TEXT = 240
#: Characters of a file's name in a sentence.
MOST_NAME = 60


def facet_names(facets: Collection[Facet]) -> str:
    """Several facets in one line, in their usual order."""
    return ", ".join(library_words.facet(facet) for facet in Facet if facet in facets)


def facet_sentence(facet: Facet) -> str:
    """What a facet holds, in one sentence."""
    return {
        Facet.HISTORY: say("What you watched, heard or read, and when."),
        Facet.RATINGS: say("The marks and reviews you gave."),
        Facet.WATCHLIST: say("What you want to watch or read."),
        Facet.COLLECTION: say("What you said you own."),
        Facet.LOVED: say("What you loved, and what you did not."),
        Facet.LISTS: say("Lists you made, each under its name."),
    }[facet]


def verdict_name(verdict: Verdict) -> str:
    return {
        Verdict.NEW: say("New"),
        Verdict.THERE: say("Already there"),
        Verdict.CONFLICT: say("Conflicts"),
        Verdict.UNMATCHED: say("Unmatched"),
    }[verdict]


def verdict_sentence(verdict: Verdict) -> str:
    """What happens to the lines of a tab."""
    return {
        Verdict.NEW: say("These lines are added to your library."),
        Verdict.THERE: say("Your library says the same already. Nothing changes."),
        Verdict.CONFLICT: say(
            "The source says one thing and your library another. Choose, or leave it to the rules."
        ),
        Verdict.UNMATCHED: say(
            "No item of your server was found for these lines. They are kept in your library and "
            "can be matched now or later."
        ),
    }[verdict]


def verdict_empty(verdict: Verdict) -> str:
    return {
        Verdict.NEW: say("Nothing new."),
        Verdict.THERE: say("Nothing of this was there before."),
        Verdict.CONFLICT: say("No conflicts."),
        Verdict.UNMATCHED: say("Everything was matched."),
    }[verdict]


def choice_name(choice: Choice, source: str) -> str:
    """What becomes of a line; `source` is what the lines come from."""
    return {
        Choice.DEFAULT: say("By the rules"),
        Choice.THEIRS: say("Take {source}").format(source=source),
        Choice.OURS: say("Keep the library"),
        Choice.SKIP: say("Leave out"),
    }[choice]


def entry_says(entry: Entry) -> str:
    """What a line says of its subject, without naming it: "8 of 10, 03/05/2025 20:14"."""
    said = (library_words.value(entry), library_words.dated(entry), entry.note)
    return ", ".join(filter(None, said))


def entry_value(entry: Entry) -> str:
    """As `entry_says`, but for the date: "8 of 10"."""
    return ", ".join(filter(None, (library_words.value(entry), entry.note)))


def brief(text: str) -> str:
    """One line of what may be a whole review."""
    line = " ".join(text.split())
    return line if len(line) <= MOST_TEXT else f"{line[:MOST_TEXT].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def row_ours(row: ImportRow) -> str:
    """What the library says in a conflict."""
    return row.ours if row.ours_entry is None else entry_says(row.ours_entry)


def row_why(row: ImportRow) -> str:
    """Why a line got its verdict, in one sentence."""
    if row.never:
        return say("You said that it is not to be matched.")
    return words.reason(row.reason_code, row.facts)


def unread_name() -> str:
    """What lines are called that could not be read."""
    return say("Unreadable")


def unread_sentence(run: ImportRun) -> str:
    """What becomes of them, and how many are only counted."""
    text = say("These lines could not be read and are left out.")
    if run.file_name:
        mend = say(
            "Once they are mended, import the file again: what is there already stays as is."
        )
        text = f"{text} {mend}"
    if run.failed > MOST_UNREAD:
        more = say("The first %Ln are listed.", MOST_UNREAD)
        text = f"{text} {more}"
    return text


def unread_place(one: Unread) -> str:
    """Where a line stands: "diary.csv, line 17"; a dash where nobody knows."""
    line = say("line {number}").format(number=words.number(one.line)) if one.line else ""
    return ", ".join(filter(None, (one.file, line))) or "\N{EN DASH}"


def run_name(run: ImportRun) -> str:
    """What a run is from, told apart from others of its kind: "Letterboxd export (mine.zip)"."""
    name = run.file_name
    if len(name) > MOST_NAME:
        # Such names begin alike and end in a date.
        ends = MOST_NAME // 3
        name = f"{name[: MOST_NAME - ends]}\N{HORIZONTAL ELLIPSIS}{name[-ends:]}"
    source = words.told(run.source_name)
    return f"{source} ({name})" if name else source


def run_state(run: ImportRun) -> str:
    """Where a run is, in a few words."""
    halted = not run.running
    match run.state:
        case RunState.READING:
            return say("Reading was interrupted") if halted else say("Being read")
        case RunState.PREVIEW:
            return say("Waits for you to look at the preview")
        case RunState.WRITING:
            return say("Importing was interrupted") if halted else say("Being imported")
        case RunState.DONE:
            return say("Synced") if run.sync else say("Imported")
        case RunState.STOPPED:
            return {
                RunState.READING: say("Reading was stopped"),
                RunState.WRITING: say("Importing was stopped"),
                RunState.UNDOING: say("Undoing was stopped"),
            }.get(run.stage, say("Stopped"))
        case RunState.UNDOING:
            return say("Undoing was interrupted") if halted else say("Being undone")
        case RunState.UNDONE:
            return say("Undone")


def run_tone(run: ImportRun) -> Tone:
    """The tone that goes with `run_state`."""
    if run.trouble:
        return Tone.BAD
    if run.state in (RunState.DONE, RunState.UNDONE):
        return Tone.MUTED
    if run.state is RunState.PREVIEW or not run.running:
        return Tone.WAITING
    return Tone.PLAIN


def run_counts(run: ImportRun) -> str:
    """How many lines got which verdict: "3,210 new · 2 conflicts"."""
    counts = run.counts
    said = (
        (counts.get(Verdict.NEW, 0), say("%Ln new", counts.get(Verdict.NEW, 0))),
        (counts.get(Verdict.THERE, 0), say("%Ln already there", counts.get(Verdict.THERE, 0))),
        (counts.get(Verdict.CONFLICT, 0), say("%Ln conflict(s)", counts.get(Verdict.CONFLICT, 0))),
        (
            counts.get(Verdict.UNMATCHED, 0),
            say("%Ln unmatched", counts.get(Verdict.UNMATCHED, 0)),
        ),
        (run.failed, say("%Ln failed", run.failed)),
    )
    return " \N{MIDDLE DOT} ".join(text for count, text in said if count)


def finishing(run: ImportRun) -> str:
    """What still goes on when every line is done, and takes as long as it takes; "" before."""
    if not run.running or not run.total or run.processed < run.total:
        return ""
    if run.state is RunState.READING:
        return say("Everything is read. It is compared with your library now.")
    if run.state is RunState.UNDOING:
        return say("Your library is as it was. What was marked on your server is taken back now.")
    return say(
        "Everything is in your library. Your server is told what was watched now: %Ln marked.",
        run.marked,
    )


def remains(run: ImportRun) -> str:
    """How far a stopped or interrupted run came, and what remains of it."""
    total, done = run.total, run.processed
    left = None if total is None else max(0, total - done)
    if run.stage is RunState.UNDOING:
        return say("Some of it is still in your library. Go on to take the rest back.")
    if run.written:
        text = say("%Ln line(s) imported", done)
        if left:
            text = f"{text}, {say('%Ln still to come', left)}"
        if run.can_undo:
            more = say("{text}. Go on where it stopped, or undo what was imported.")
        else:
            more = say("{text}. Go on where it stopped.")
        return more.format(text=text)
    if run.stage is RunState.WRITING:
        return say("Nothing has been written yet. Go on to import what the preview showed.")
    if left:
        text = f"{say('%Ln line(s) read', done)}, {say('%Ln still to come', left)}"
    else:
        text = say("%Ln line(s) read", done)
    return say("{text}. Nothing has been written.").format(text=text)


def time_left(seconds: float | None) -> str:
    """How long something will still take; "" where nobody knows."""
    if seconds is None:
        return ""
    if seconds < 90:
        return say("about %n second(s)", max(1, round(seconds)))
    if seconds < 5400:
        return say("about %n min", round(seconds / 60))
    return say("about %n hour(s)", round(seconds / 3600))


def rate(lines_per_s: float | None) -> str:
    """Lines per second, or per minute where they are few; "" where nobody knows."""
    if not lines_per_s:
        return ""
    if lines_per_s >= 1:
        return say("%Ln a second", round(lines_per_s))
    return say("%Ln a minute", max(1, round(lines_per_s * 60)))


def share(run: ImportRun) -> float | None:
    """0 to 1 of the lines there are; None where the end is not known.

    A source that was wrong about its total never makes more than the whole.
    """
    if not run.total or finishing(run):
        return None
    return min(1.0, max(0, run.processed) / run.total)


def begun(run: ImportRun, now: datetime) -> str:
    """When a run began, as people say it."""
    return words.ago(run.started_at, now)
