"""Goodreads: nothing to log in to; files for the user to import."""

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
from revenge_companion.services.goodreads import payload
from revenge_companion.services.goodreads.spec import SPEC
from revenge_companion.services.hand_off import NothingSent, local_link

#: Longest name a user may give the account, in characters.
LONGEST_NAME = 60


class Goodreads:
    """The service; see `services.base.Service` and `services.base.HandOff`."""

    spec = SPEC

    def __init__(self, http: Http, clock: Clock, environ: Mapping[str, str]) -> None:
        """Takes what every service takes; it makes no request and reads no setting."""

    async def link(self, request: LinkRequest, show: ShowPrompt) -> Linked:
        """An account on this computer; a name tells several apart and is not needed.

        Raises LinkRefused for one that is too long or cannot be shown.
        """
        name = request.username.strip()
        if not name:
            return local_link("", SPEC.name)
        if len(name) > LONGEST_NAME or not name.isprintable():
            raise LinkRefused("This name is too long or has characters that cannot be shown.")
        return local_link(name, SPEC.name, remote_id=f"@{name.casefold()}")

    def client(self, account: Account, slot: SecretSlot) -> NothingSent:
        """A line that sends nothing."""
        return NothingSent(account)

    def files(
        self, deliveries: Sequence[Delivery], zone: tzinfo | None, history: Sequence[Played] = ()
    ) -> list[HandOffFile]:
        """Import files; see `services.goodreads.payload`."""
        return payload.files(deliveries, zone, history)
