"""Rows that a service may have already: looked for before they are sent, so that none is twice."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from revenge_companion.core.delivery import Delivered, Delivery, Outcome
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.reasons import Reason
from revenge_companion.services.base import Client, ReadsBack

_log = logging.getLogger(__name__)

#: A play that counted this long ago may have been delivered by another Companion of the user's, or
#: by this one before its file was damaged; a younger one is told apart by the service itself.
LATE_S = 240.0


class Doubts:
    """What one client can say about rows that may have arrived."""

    def __init__(self, name: str, client: Client) -> None:
        """`name` is what people call the service."""
        self._name = name
        self._client = client

    def among(self, batch: Sequence[Delivery], now: datetime) -> list[Delivery]:
        """Rows that may be there already, sent by us or by a second Companion."""
        if isinstance(self._client, ReadsBack):
            return list(self._client.doubtful(batch))
        return [one for one in batch if one.unsure or _is_late(one, now)]

    async def look(self, doubtful: Sequence[Delivery], outcomes: dict[int, Outcome]) -> None:
        """Note those that are there; raises what the client does, with those noted so far."""
        if not doubtful:
            return
        if isinstance(self._client, ReadsBack):
            _arrived(await self._client.find_many(doubtful), outcomes)
            return
        for one in doubtful:
            remote_id = await self._client.find(one)
            if remote_id is not None:
                _arrived({one.id: remote_id}, outcomes)

    async def confirm(self, sent: Sequence[Delivery], outcomes: dict[int, Outcome]) -> None:
        """Let two Companions that sent the same at the same moment leave it there once."""
        arrived = [one for one in sent if isinstance(outcomes.get(one.id), Delivered)]
        if not arrived or not isinstance(self._client, ReadsBack):
            return
        try:
            found = await self._client.confirm(arrived)
        except CompanionError as error:
            # They were accepted; that they are there once is only very likely now.
            _log.debug("%s could not be looked at: %s", self._name, error)
        except Exception:
            _log.exception("Looking at %s failed in a way nobody planned for", self._name)
        else:
            for one in arrived:
                before = outcomes[one.id]
                if one.id in found and isinstance(before, Delivered):
                    outcomes[one.id] = replace(before, remote_id=found[one.id] or None)


def _arrived(found: Mapping[int, str], outcomes: dict[int, Outcome]) -> None:
    for delivery_id, remote_id in found.items():
        outcomes[delivery_id] = Delivered(remote_id or None, Reason.ALREADY_THERE)


def _is_late(delivery: Delivery, now: datetime) -> bool:
    return (now - delivery.scrobble.dated_at).total_seconds() > LATE_S
