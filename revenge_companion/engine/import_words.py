"""Lines of an import with the names and words a person needs."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import tzinfo

from revenge_companion.core.imports import ImportRow
from revenge_companion.core.library import Entry, Facet, Precision, Subject
from revenge_companion.core.ratings import step_of


def readable(
    row: ImportRow,
    known: Mapping[str, Subject],
    name_of: Callable[[str], str],
    zone: tzinfo | None,
) -> ImportRow:
    """`row` with the name of its item at the server and of the source it meets."""
    facts = dict(row.facts)
    if "source" in facts:
        facts["source"] = name_of(str(facts["source"]))
    matched = known.get(row.entry.subject.media_id)
    return replace(
        row,
        facts=facts,
        matched_label="" if matched is None else matched.label,
        ours="" if row.ours_entry is None else said(row.ours_entry, zone),
    )


def said(entry: Entry, zone: tzinfo | None) -> str:
    """What a line says, short: a time in `zone` (None is the system's own), or a rating."""
    if entry.facet is Facet.RATINGS and entry.rating is not None:
        return f"{step_of(entry.rating, entry.steps)}/{entry.steps}"
    if entry.facet is Facet.LOVED:
        return "loved" if entry.loved else "hated"
    if entry.at is None:
        return ""
    if entry.precision is Precision.DAY:
        return f"{entry.at:%Y-%m-%d}"
    try:
        return f"{entry.at.astimezone(zone):%Y-%m-%d %H:%M}"
    except (OverflowError, OSError, ValueError):
        # A date that no clock of this computer can show.
        return f"{entry.at:%Y-%m-%d %H:%M}"
