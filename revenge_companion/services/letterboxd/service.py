"""Letterboxd: nothing to log in to; files for the user to import."""

import re
from collections.abc import Mapping, Sequence
from datetime import tzinfo

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import Delivery
from revenge_companion.core.errors import LinkRefused
from revenge_companion.net.http import Http
from revenge_companion.services.base import (
    HandOffFile,
    Linked,
    LinkRequest,
    Played,
    SecretSlot,
    ShowPrompt,
)
from revenge_companion.services.hand_off import LOCAL_ID, NothingSent, local_link
from revenge_companion.services.letterboxd import payload
from revenge_companion.services.letterboxd.spec import SPEC

_NAME = re.compile(r"\w{2,15}", re.ASCII)


class Letterboxd:
    """The service; see `services.base.Service` and `services.base.HandOff`."""

    spec = SPEC

    def __init__(self, http: Http, clock: Clock, environ: Mapping[str, str]) -> None:
        """Takes what every service takes; it makes no request and reads no setting."""

    async def link(self, request: LinkRequest, show: ShowPrompt) -> Linked:
        """An account on this computer; the user's name there is welcome and not needed.

        Raises LinkRefused for a name that nobody can have there.
        """
        name = request.username.strip().removeprefix("@")
        if not name:
            return local_link("", SPEC.name)
        if not _NAME.fullmatch(name):
            raise LinkRefused(
                "A Letterboxd name has 2 to 15 letters, digits and underscores. "
                "It may also be left empty."
            )
        page = f"https://letterboxd.com/{name}/"
        remote_id = name.casefold()
        if remote_id == LOCAL_ID:
            remote_id = f"@{remote_id}"
        return local_link(name, SPEC.name, remote_id=remote_id, page=page)

    def client(self, account: Account, slot: SecretSlot) -> NothingSent:
        """A line that sends nothing."""
        return NothingSent(account)

    def files(
        self, deliveries: Sequence[Delivery], zone: tzinfo | None, history: Sequence[Played] = ()
    ) -> list[HandOffFile]:
        """Import files; see `services.letterboxd.payload`."""
        return payload.files(deliveries, zone, history)
