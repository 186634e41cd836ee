"""The user's own rules: corrections of what is scrobbled, and a list of what never is.

Rules run in their order before anything is queued. A correction changes one text of the item; a
block keeps a play from being scrobbled, whether it names the item as it was or as corrected.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from revenge_companion.core.errors import RuleRefused
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.patterns import (
    LONGEST_PATTERN,
    LONGEST_TEXT,
    Pattern,
    check_template,
    compiled,
    literal,
)

#: The most rules a profile holds.
MOST_RULES = 500
_LONGEST_NAME = 100


class Action(StrEnum):
    CORRECT = "correct"
    BLOCK = "block"


class Match(StrEnum):
    """How `Rule.find` is read."""

    #: The whole text is this.
    WHOLE = "whole"
    #: The text contains this.
    CONTAINS = "contains"
    #: A regular expression (`core.patterns`), found anywhere.
    REGEX = "regex"


class Field(StrEnum):
    """What of an item a rule looks at."""

    TITLE = "title"
    ARTIST = "artist"
    ALBUM = "album"
    ALBUM_ARTIST = "album_artist"
    #: A podcast's own title.
    SHOW = "show"
    #: A series' own title.
    SERIES = "series"
    #: The library's id, and the device's id, name or client: for blocking only.
    LIBRARY = "library"
    DEVICE = "device"


#: What a correction can change.
CORRECTABLE = tuple(one for one in Field if one not in (Field.LIBRARY, Field.DEVICE))
#: A text that no correction may leave empty: services need it.
_NEEDED = (Field.TITLE, Field.ARTIST, Field.SERIES)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as the user wrote it; `checked` says whether it can be used."""

    name: str
    action: Action
    field: Field
    find: str
    match: Match = Match.WHOLE
    #: What takes the place of what was found; \\1 and \\g<name> with a regular expression.
    replace: str = ""
    ignore_case: bool = True
    #: Kinds of items it is for; empty means all.
    kinds: tuple[Kind, ...] = ()
    enabled: bool = True


def checked(rule: Rule) -> Pattern:
    """The pattern of `rule`. Raises RuleRefused with a sentence where it cannot be used."""
    for text, longest, what in (
        (rule.name, _LONGEST_NAME, "name"),
        (rule.find, LONGEST_PATTERN, "text to find"),
    ):
        if not text.strip() or len(text) > longest:
            raise RuleRefused(f"A rule needs a {what} of 1 to {longest} characters.")
    if len(rule.replace) > LONGEST_TEXT:
        raise RuleRefused(f"A replacement has at most {LONGEST_TEXT} characters.")
    for text in (rule.name, rule.find, rule.replace):
        if any(0xD800 <= ord(char) < 0xE000 or char == "\0" for char in text):
            raise RuleRefused("A rule holds a character that cannot be stored.")
    if rule.action is Action.CORRECT and rule.field not in CORRECTABLE:
        raise RuleRefused("Libraries and devices can be blocked, but not corrected.")
    if rule.match is Match.REGEX:
        pattern = compiled(rule.find, ignore_case=rule.ignore_case)
        check_template(pattern, rule.replace)
        return pattern
    whole = rule.match is Match.WHOLE
    return literal(rule.find, whole=whole, ignore_case=rule.ignore_case)


def check_all(rules: Sequence[Rule]) -> None:
    """Raise RuleRefused where `rules` cannot be kept together, with the rule's name."""
    if len(rules) > MOST_RULES:
        raise RuleRefused(f"There is room for {MOST_RULES} rules.")
    names: set[str] = set()
    for rule in rules:
        try:
            checked(rule)
        except RuleRefused as error:
            raise RuleRefused(f"{rule.name[:_LONGEST_NAME]}: {error}") from error
        if rule.name in names:
            raise RuleRefused(f"Two rules are called {rule.name}.")
        names.add(rule.name)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One text before and after the rules; empty where there is none."""

    field: Field
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Ruled:
    """What the rules make of one item."""

    item: Item
    #: The rule that blocks it; empty where none does.
    blocked_by: str = ""
    #: Names of the corrections that changed something, in order.
    corrected_by: tuple[str, ...] = ()


class Rulebook:
    """Rules ready to be applied; those that are off or cannot be used are passed over."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._corrections: list[tuple[Rule, Pattern]] = []
        self._blocks: list[tuple[Rule, Pattern]] = []
        for rule in rules:
            if not rule.enabled:
                continue
            try:
                pattern = checked(rule)
            except RuleRefused:
                continue
            known = self._blocks if rule.action is Action.BLOCK else self._corrections
            known.append((rule, pattern))

    @property
    def has_blocks(self) -> bool:
        return bool(self._blocks)

    def apply(self, item: Item, devices: Sequence[str] = ()) -> Ruled:
        """`item` corrected, and whether it is blocked; `devices` are the names of where it plays.

        Applying again what was applied may change more: it is done once, when a play is queued.
        """
        after, names = self.correct(item)
        return Ruled(after, self.blocks(item, after, devices), names)

    def correct(self, item: Item) -> tuple[Item, tuple[str, ...]]:
        """`item` corrected, with the names of the rules that did it."""
        names = []
        for rule, pattern in self._corrections:
            changed = item if _other_kind(rule, item) else _corrected(item, rule, pattern)
            if changed != item:
                item = changed
                names.append(rule.name)
        return item, tuple(names)

    def blocks(self, before: Item, after: Item, devices: Sequence[str] = ()) -> str:
        """The name of the rule that blocks an item, as it was or as corrected; "" for none."""
        for rule, pattern in self._blocks:
            if _other_kind(rule, before):
                continue
            texts = {text for one in (before, after) for text in _texts(one, rule.field)}
            if rule.field is Field.DEVICE:
                texts = {name for name in devices if name}
            if any(pattern.found_in(text) for text in texts):
                return rule.name
        return ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A play of the past, to try rules on."""

    play_id: int
    item: Item
    device_name: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """A past play that the rules would have changed or blocked."""

    play: Seen
    after: Item
    changes: tuple[FieldChange, ...]
    blocked_by: str
    corrected_by: tuple[str, ...]


def preview(rules: Iterable[Rule], plays: Iterable[Seen]) -> list[Changed]:
    """What `rules` would have made of `plays`; those that stay as they are are left out."""
    book = Rulebook(rules)
    changed = []
    for play in plays:
        ruled = book.apply(play.item, (play.device_name,))
        if ruled.blocked_by or ruled.item != play.item:
            changes = tuple(
                FieldChange(field, before, after)
                for field in CORRECTABLE
                if (before := text_of(play.item, field)) != (after := text_of(ruled.item, field))
            )
            changed.append(Changed(play, ruled.item, changes, ruled.blocked_by, ruled.corrected_by))
    return changed


def text_of(item: Item, field: Field) -> str:
    """The text of `item` that a correction of `field` changes; "" where there is none."""
    if field is Field.SERIES:
        return item.series.title if item.series is not None else ""
    if field not in CORRECTABLE:
        return ""
    return getattr(item, field.value) or ""


def with_text(item: Item, field: Field, text: str) -> Item:
    """`item` with another text.

    MusicBrainz ids of what has another name now go: services believe an id before a name.
    """
    if text == text_of(item, field):
        return item
    if field is Field.SERIES:
        if item.series is None:
            return item
        return replace(item, series=replace(item.series, title=text))
    ids = item.music_ids
    match field:
        case Field.TITLE:
            ids = replace(ids, recording_mbid=None, track_mbid=None)
        case Field.ARTIST:
            ids = replace(ids, recording_mbid=None, track_mbid=None, artist_mbids=())
        case Field.ALBUM | Field.ALBUM_ARTIST:
            ids = replace(ids, release_mbid=None, track_mbid=None)
    changed = replace(item, music_ids=ids)
    match field:
        case Field.TITLE:
            return replace(changed, title=text)
        case Field.ARTIST:
            # One name for all of them: who takes part is the user's to say now.
            return replace(changed, artist=text or None, artists=(text,) if text else ())
        case Field.ALBUM:
            return replace(changed, album=text or None)
        case Field.ALBUM_ARTIST:
            return replace(changed, album_artist=text or None)
        case Field.SHOW:
            return replace(changed, show=text or None)
    return item


def _corrected(item: Item, rule: Rule, pattern: Pattern) -> Item:
    before = text_of(item, rule.field)
    if not before or not pattern.found_in(before):
        return item
    template = rule.replace
    if rule.match is not Match.REGEX:
        template = template.replace("\\", r"\\")
    after = pattern.replaced(before, template).strip()
    if not after and rule.field in _NEEDED:
        return item
    return with_text(item, rule.field, after)


def _texts(item: Item, field: Field) -> Sequence[str]:
    if field is Field.LIBRARY:
        return (item.library_id,) if item.library_id else ()
    text = text_of(item, field)
    if field is Field.ARTIST:
        return tuple(one for one in (text, *item.artists) if one)
    return (text,) if text else ()


def _other_kind(rule: Rule, item: Item) -> bool:
    return bool(rule.kinds) and item.kind not in rule.kinds
