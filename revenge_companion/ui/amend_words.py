"""Words for second thoughts: undone plays, edited deliveries, rules.

Apart from `words`, since a tray icon alone needs none of them.
"""

from collections.abc import Sequence

from revenge_companion.core.rules import Action, Field, Match, Rule
from revenge_companion.core.undoing import UndoResult
from revenge_companion.ui import words
from revenge_companion.ui.words import say


def undone_lines(results: Sequence[UndoResult], *, titles: bool = False) -> str:
    """One line per destination; with `titles` each says which play it is about."""
    lines = []
    for result in results:
        parts = [
            words.reason(result.reason_code, {"service": result.service}),
            words.told(result.detail),
        ]
        if titles:
            parts.insert(0, f"{result.label}:")
        lines.append(" ".join(part for part in parts if part))
    return "\n".join(dict.fromkeys(lines))


def undone_title(results: Sequence[UndoResult]) -> str:
    """Whether the play is gone from everywhere, in two words."""
    if all(result.done for result in results):
        return say("Undone")
    return say("Not undone everywhere")


def edited_field(name: str) -> str:
    """What can be edited of a delivery, as a label."""
    known = {
        "title": say("Title"),
        "artist": say("Artist"),
        "album": say("Album"),
        "album_artist": say("Album artist"),
        "track_number": say("Track number"),
        "show": say("Podcast"),
        "series": say("Series"),
        "season": say("Season"),
        "episode": say("Episode"),
        "year": say("Year"),
        "date": say("Date"),
        "tmdb": say("TMDB id"),
        "imdb": say("IMDb id"),
        "tvdb": say("TVDB id"),
        "series_tmdb": say("Series: TMDB id"),
        "series_imdb": say("Series: IMDb id"),
        "series_tvdb": say("Series: TVDB id"),
        "recording_mbid": say("MusicBrainz recording"),
        "track_mbid": say("MusicBrainz track"),
        "release_mbid": say("MusicBrainz release"),
    }
    return known.get(name, name)


def rule_action(action: Action) -> str:
    """What a rule does."""
    return say("Correct a text") if action is Action.CORRECT else say("Never scrobble")


def rule_field(field: Field) -> str:
    """What of an item a rule looks at."""
    known = {Field.LIBRARY: say("Library"), Field.DEVICE: say("Device")}
    return known.get(field) or edited_field(field.value)


def rule_match(match: Match) -> str:
    """How a rule finds."""
    return {
        Match.WHOLE: say("The whole text is"),
        Match.CONTAINS: say("The text contains"),
        Match.REGEX: say("A regular expression finds"),
    }[match]


def rule_sentence(rule: Rule) -> str:
    """A rule in one line."""
    field, find = rule_field(rule.field), rule.find
    if rule.action is Action.BLOCK:
        return say(
            "Never scrobble: {field} \N{LEFT DOUBLE QUOTATION MARK}{find}"
            "\N{RIGHT DOUBLE QUOTATION MARK}"
        ).format(field=field, find=find)
    text = "{field}: {find} \N{RIGHTWARDS ARROW} {replace}"
    empty = say("(nothing)")
    return text.format(field=field, find=find, replace=rule.replace or empty)
