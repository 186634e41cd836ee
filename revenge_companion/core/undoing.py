"""What came of undoing one play at one account."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UndoResult:
    """One destination of a play, and whether the play is gone from there."""

    play_id: int
    delivery_id: int
    account_id: int
    #: What people call the service, and the account.
    service: str
    account_label: str
    #: How people write the item.
    label: str
    #: It is not there any more, or will be gone within the hour.
    done: bool
    #: Reason code of `core.reasons`, and further words; may be empty.
    reason_code: str
    detail: str = ""
