"""Finding a listen at ListenBrainz as it keeps it, to have it deleted."""

from collections.abc import Mapping
from typing import Any

from revenge_companion.net.http import Answer
from revenge_companion.services.answers import first_text, mapping, object_of, rows_of
from revenge_companion.services.undo import UndoUnsafe

NOT_HERE = "This server does not let programs remove listens."
#: Listens of the same second that are looked at.
COUNT = 100


def found(answer: Answer, listen: Mapping[str, Any]) -> str | None:
    """The id (recording_msid) of `listen` in an answer of /1/user/…/listens; None without it.

    Raises UndoUnsafe where the server shows no listens as ListenBrainz does.
    """
    payload = (object_of(answer) or {}).get("payload") if answer.status == 200 else None
    if not isinstance(payload, dict) or not isinstance(payload.get("listens"), list):
        raise UndoUnsafe(NOT_HERE)
    sent = listen["track_metadata"]
    for row in rows_of(payload["listens"]):
        kept = mapping(row.get("track_metadata"))
        same = all(
            first_text(kept.get(key)).casefold() == sent[key].casefold()
            for key in ("artist_name", "track_name")
        )
        if same and row.get("listened_at") == listen["listened_at"]:
            return first_text(row.get("recording_msid")) or None
    return None
