"""What went wrong while linking, and what to do next."""

import math

from revenge_companion.core.errors import (
    CompanionError,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.ui import words


def trouble_sentence(error: CompanionError) -> str:
    """An error as sentences for a dialog; a refusal says by itself what can be done."""
    said = words.whole(words.told(error))
    match error:
        case Unreachable():
            next_step = words.say("Check the network and try again.")
        case RateLimited(retry_after_s=seconds) if seconds is not None and seconds >= 60:
            next_step = words.say("Try again in about %n minute(s).", math.ceil(seconds / 60))
        case RateLimited():
            next_step = words.say("Try again in a minute.")
        case ServiceTrouble() | Unanswered():
            next_step = words.say("Try again in a few minutes.")
        case _:
            return said
    return f"{said} {next_step}"
