"""Taking a delivered play back, where a service lets programs do that."""

from enum import StrEnum
from typing import Protocol, runtime_checkable

from revenge_companion.core.delivery import Delivery
from revenge_companion.core.errors import CompanionError


class Removal(StrEnum):
    """What came of asking a service to remove one play."""

    REMOVED = "removed"
    #: Accepted; the service carries it out within the hour.
    LATER = "later"
    #: The service does not show such a play (any more, or yet); nothing was removed.
    NOT_THERE = "not_there"


class UndoUnsafe(CompanionError):
    """The service can remove this play only together with more: a sentence that says what."""


@runtime_checkable
class UndoClient(Protocol):
    """A client (services.base.Client) of a service that lets programs remove single plays."""

    async def undo(self, delivery: Delivery) -> Removal:
        """Remove the one play that `delivery` was.

        Asking again changes nothing. Raises UndoUnsafe, or what other calls raise.
        """
        ...
