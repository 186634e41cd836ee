"""Device codes that approve themselves, and tokens, of the destinations that use OAuth."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from revenge_companion.core.clock import Clock


class Polled(StrEnum):
    """What asking about a device code found."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    APPROVED = "approved"
    USED = "used"
    EXPIRED = "expired"
    DENIED = "denied"


@dataclass(slots=True)
class _Code:
    expires_at: datetime
    polls: int = 0
    used: bool = False


@dataclass(frozen=True, slots=True)
class Tokens:
    """A fresh pair; both are opaque."""

    access: str
    refresh: str


class Grants:
    """Codes, access tokens and refresh tokens of one destination; durations are seconds."""

    def __init__(
        self, clock: Clock, name: str, *, code_s: float, access_s: float, rotates: bool
    ) -> None:
        self._clock = clock
        self._name = name
        self._code_s = code_s
        self.access_s = access_s
        self._rotates = rotates
        self._made = 0
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, datetime] = {}
        self._refresh: set[str] = set()
        #: How many times a code is pending before it approves itself.
        self.pending_polls = 1
        #: Whether the user says no instead.
        self.denying = False
        #: How often a refresh token was accepted.
        self.refreshes = 0

    def new_code(self) -> str:
        """A device code that ends after its time."""
        code = self._make("device")
        self._codes[code] = _Code(self._clock.now() + timedelta(seconds=self._code_s))
        return code

    def poll(self, code: str) -> Polled:
        """Where a device code stands; asking counts, and an approved one is used up."""
        known = self._codes.get(code)
        if known is None:
            return Polled.UNKNOWN
        if known.used:
            return Polled.USED
        if self._clock.now() >= known.expires_at:
            return Polled.EXPIRED
        if self.denying:
            return Polled.DENIED
        known.polls += 1
        if known.polls <= self.pending_polls:
            return Polled.PENDING
        known.used = True
        return Polled.APPROVED

    def grant(self) -> Tokens:
        """Tokens of a new grant."""
        refresh = self._make("refresh")
        self._refresh.add(refresh)
        return Tokens(self._new_access(), refresh)

    def refresh(self, token: str) -> Tokens | None:
        """New tokens for a refresh token; None where it is not good."""
        if token not in self._refresh:
            return None
        self.refreshes += 1
        if self._rotates:
            self._refresh.discard(token)
            return self.grant()
        # Where the refresh token stays, the access token before it ends at once.
        self._access.clear()
        return Tokens(self._new_access(), token)

    def good(self, authorization: str) -> bool:
        """Whether an Authorization header holds a living access token."""
        scheme, _, token = authorization.partition(" ")
        expires_at = self._access.get(token)
        return scheme.lower() == "bearer" and (
            expires_at is not None and self._clock.now() < expires_at
        )

    def revoke(self, token: str) -> None:
        """End everything where `token` is one of ours."""
        if token in self._access or token in self._refresh:
            self.end()

    def expire(self) -> None:
        """Refuse the access tokens there are; refresh tokens go on working."""
        self._access.clear()

    def end(self) -> None:
        """Refuse every token there is, as when the user disconnects the app."""
        self._access.clear()
        self._refresh.clear()

    def _new_access(self) -> str:
        access = self._make("access")
        self._access[access] = self._clock.now() + timedelta(seconds=self.access_s)
        return access

    def _make(self, what: str) -> str:
        self._made += 1
        digest = hashlib.sha256(f"{self._name}/{what}/{self._made}".encode()).hexdigest()
        return f"{self._name}-{what}-{digest}"
