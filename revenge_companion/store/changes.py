"""Changes (core.changes) as the outbox keeps them: plain values inside a scrobble's payload."""

import json
from typing import Any

from revenge_companion.core.changes import Change, Verb
from revenge_companion.store.payload import maybe_micros, maybe_moment
from revenge_companion.store.subjects import subject_from, subject_text


def change_values(change: Change) -> dict[str, Any]:
    """`change` as JSON values; what it does not say is left out."""
    values: dict[str, Any] = {
        "verb": change.verb.value,
        "subject": json.loads(subject_text(change.subject)),
        "media_id": change.subject.media_id,
        "at_us": maybe_micros(change.at),
        "rating": change.rating,
        "note": change.note,
    }
    return {name: value for name, value in values.items() if value not in (None, "")}


def change_from(values: dict[str, Any]) -> Change:
    """The change that `change_values` wrote."""
    return Change(
        verb=Verb(values["verb"]),
        subject=subject_from(json.dumps(values["subject"]), values.get("media_id", "")),
        at=maybe_moment(values.get("at_us")),
        rating=values.get("rating"),
        note=values.get("note", ""),
    )
