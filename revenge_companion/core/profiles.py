"""Profiles: who listens through this program, each a server and a user there.

Linked accounts, plays and what is listened for belong to a profile, so that on a computer two
people use nobody's plays go to the other's accounts. One profile is active at a time: only its
plays are heard. What waits for the accounts of the others goes on being delivered.

What the user set for this program (filters, rules, private mode, thresholds) is the same for all.
"""

import json
from dataclasses import dataclass
from typing import Final

#: The profile that is there before anybody signs in; who does so first is it.
FIRST: Final = 1
#: No profile: of an account that was linked while nobody was signed in, until somebody is.
NOBODY: Final = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """One server and one user there."""

    #: Row id in the database; what people type on the command line.
    id: int
    server_url: str
    username: str


@dataclass(frozen=True, slots=True)
class KnownProfile:
    """A profile as it stands."""

    profile: Profile
    #: It is signed in, and its plays are heard.
    active: bool
    #: Its sign-in is kept: it can become the active one without being signed in to again.
    kept: bool


class Places:
    """The last event heard of each profile, for a server that can tell what came after it."""

    def __init__(self, text: str = "") -> None:
        """From what `text` wrote. Raises nothing: an unreadable place is none."""
        self._known: dict[int, str] = {}
        if not text.startswith("{"):
            # A version without profiles kept the one place as it is.
            self.put(FIRST, text)
            return
        try:
            for number, place in json.loads(text).items():
                self.put(int(number), str(place))
        except (ValueError, AttributeError):
            self._known.clear()

    def of(self, profile: int) -> str:
        """The last event of a profile; "" where there is none."""
        return self._known.get(profile, "")

    def put(self, profile: int, event_id: str) -> None:
        """Note the last event of a profile."""
        if event_id:
            self._known[profile] = event_id

    def text(self) -> str:
        """All of them as one text; "" for none."""
        if self._known.keys() <= {FIRST}:
            return self.of(FIRST)
        return json.dumps({str(profile): place for profile, place in self._known.items()})
