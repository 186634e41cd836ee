"""One import: what is asked for, how it stands, and what each of its lines would change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from revenge_companion.core.library import Entry, Facet
from revenge_companion.core.reasons import Fact


class RunState(StrEnum):
    """Where a run is. It goes on after a crash from where its last page was written."""

    #: Pages are read and matched; nothing is written to the library yet.
    READING = "reading"
    #: Everything is read: the preview waits for the user.
    PREVIEW = "preview"
    #: The lines are being written.
    WRITING = "writing"
    DONE = "done"
    #: The user stopped it, or something did: `ImportRun.trouble` says what. It can be resumed.
    STOPPED = "stopped"
    UNDOING = "undoing"
    UNDONE = "undone"


class Verdict(StrEnum):
    """What a line would change; the tabs of the preview."""

    NEW = "new"
    THERE = "there"
    CONFLICT = "conflict"
    #: New, but no item of the server was found for it: it is kept, and can be matched later.
    UNMATCHED = "unmatched"


class Choice(StrEnum):
    """What the user wants of a line; the default is by the rules of `core.merging`."""

    DEFAULT = "default"
    #: In a conflict, what the source says.
    THEIRS = "theirs"
    #: In a conflict, what the library says.
    OURS = "ours"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class ImportSource:
    """Something that can be imported from: a linked account, or a kind of file."""

    #: "account:3", "revenge" for the media server, or the key of a file format such as
    #: "letterboxd-zip".
    key: str
    name: str
    #: The service's key, for its icon; empty where it is none of ours.
    service: str
    facets: tuple[Facet, ...]
    #: Endings of the files it reads, such as ".zip"; empty for an account.
    suffixes: tuple[str, ...] = ()
    #: What the user should know first, one or two sentences; may be empty.
    note: str = ""
    #: Where the file is had from; empty for an account.
    help_url: str = ""

    @property
    def is_file(self) -> bool:
        return bool(self.suffixes)


@dataclass(frozen=True, slots=True)
class ImportRun:
    """One run as it stands."""

    id: int
    source: str
    source_name: str
    facets: tuple[Facet, ...]
    state: RunState
    #: Aware UTC.
    started_at: datetime
    ended_at: datetime | None = None
    #: Lines there are, as far as the source says; None where it does not.
    total: int | None = None
    #: Lines read (while READING) or written (while WRITING).
    processed: int = 0
    #: Of those, lines whose item the server has.
    matched: int = 0
    #: Lines that could not be read or written.
    failed: int = 0
    counts: Mapping[Verdict, int] = field(default_factory=dict)
    #: Lines of those counts that the user does not want (Choice.SKIP).
    left_out: int = 0
    #: Lines marked as watched at the server.
    marked: int = 0
    #: What stopped it, a sentence; empty when nothing did.
    trouble: str = ""
    #: Lines per second lately, and seconds left at that pace; None where unknown.
    rate: float | None = None
    left_s: float | None = None
    #: What it does, or did when it was stopped: it is resumed there.
    stage: RunState = RunState.READING
    #: Pages go on being read or lines being written this moment.
    running: bool = False

    @property
    def can_undo(self) -> bool:
        return self.written and self.state in (RunState.DONE, RunState.STOPPED)

    @property
    def interrupted(self) -> bool:
        """It was under way when the program ended; nobody wanted it to stop."""
        under_way = (RunState.READING, RunState.WRITING, RunState.UNDOING)
        return not self.running and self.state in under_way

    @property
    def can_resume(self) -> bool:
        return not self.running and self.state in (
            RunState.READING, RunState.WRITING, RunState.STOPPED, RunState.UNDOING
        )  # fmt: skip

    #: Something of it is in the library.
    written: bool = False
    #: Begun by a sync, not by the user: nobody waits for it.
    sync: bool = False
    #: What the file is called that it is from, as its user named it; empty for an account.
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One line of a run, for the preview and the list of what is unmatched."""

    id: int
    run_id: int
    entry: Entry
    verdict: Verdict
    choice: Choice = Choice.DEFAULT
    #: Why, a code of `core.reasons`, with its facts.
    reason_code: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    #: The item it was matched with at the server, as people write it; empty for none.
    matched_label: str = ""
    #: In a conflict: what the library says, for the command line; `ours_entry` has its values.
    ours: str = ""
    ours_entry: Entry | None = None
    #: The user said it will never be matched.
    never: bool = False


#: Lines of one run that could not be read are kept up to this number; the rest is only counted.
MOST_UNREAD = 1000
#: Characters of such a line that are kept.
MOST_SAID = 200


@dataclass(frozen=True, slots=True)
class Unread:
    """A line of a source that cannot be used, and why."""

    #: A code of `core.reasons`.
    reason_code: str
    #: What stands there, its beginning; never in a log.
    text: str = field(default="", repr=False)
    #: In a file: the line, from 1, and which file of an archive; 0 and "" where nobody knows.
    line: int = 0
    file: str = ""


@dataclass(frozen=True, slots=True)
class UnreadLine:
    """One of them as it was kept."""

    id: int
    facet: Facet
    unread: Unread


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item of the server that an unmatched line might be."""

    media_id: str
    label: str
    #: 0 to 1, how alike the titles are.
    likeness: float
