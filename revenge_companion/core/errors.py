"""What can go wrong with the outside world, named by what to do next.

::

    CompanionError
      Unreachable        no request was sent or no connection was made: try again later
        NameUnknown      its name leads nowhere: mistyped, or this computer is not connected
        Untrusted        it answers with a certificate that cannot be trusted: tell the user
      Unanswered         sent, but no usable answer: it may or may not have arrived
      RateLimited        asked to wait: `retry_after_s`
      QuotaExhausted     a day's budget is gone: `retry_after_s` where known
      ServiceTrouble     5xx or nonsense before anything was accepted: try again later
      LinkExpired        the link no longer works: hold the lane, ask the user
      LaneBlocked        something only the user can mend (app key, locked account, plan)
      BatchRefused       this batch will never be accepted as it is: split it
      NotRevenge         an answer came, but not from a Revenge server
      SignInRefused      name, password or key was not accepted
      SessionExpired     the sign-in to Revenge is over: sign in again
      StoreTrouble       disk full, read-only, locked or unreadable: tell the user
      SecretsUnavailable no keyring and no vault: tell the user
      LinkRefused        a service refused to link: say why
      RuleRefused        a rule, or a file of rules, cannot be used: say why
      EditRefused        a delivery cannot be changed so: say why
      ImportRefused      a file or a run cannot be used for an import: say why
"""

from enum import StrEnum


class CompanionError(Exception):
    """The root of everything the environment can do to us.

    `str(error)` is one short sentence in English that names what happened and holds no secret.
    """


class Unreachable(CompanionError):
    """No answer could be had, and nothing can have been accepted: try again later."""


class NameUnknown(Unreachable):
    """The name in an address leads nowhere: mistyped, or this computer cannot look it up now."""


class Untrusted(Unreachable):
    """What answers cannot prove who it is: its certificate is over, another's, or a stranger's."""


class Unanswered(CompanionError):
    """The request left, and no usable answer came: it may or may not have been accepted."""


class RateLimited(CompanionError):
    """Asked to wait. `retry_after_s` is seconds, None where the service did not say."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QuotaExhausted(RateLimited):
    """A day's budget is used up; waits are hours, not seconds."""


class ServiceTrouble(CompanionError):
    """The service failed (5xx, portal page, broken JSON) and certainly accepted nothing."""


class LinkExpired(CompanionError):
    """The link (token, session key) no longer works: hold the lane and ask the user."""


class LaneBlocked(CompanionError):
    """Only the user can mend this: `code` says which case, from `core.reasons.Reason`."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class BatchRefused(CompanionError):
    """The whole request was refused for its content, without naming the row: split and resend."""


class NotRevenge(CompanionError):
    """Something answered at that address, but it is not a Revenge server."""


class SignInRefused(CompanionError):
    """The server did not accept the name, password or key."""


class SessionExpired(CompanionError):
    """The refresh token is gone or refused: the user has to sign in again."""


class StoreTrouble(CompanionError):
    """The database or the settings cannot be read or written (full, read-only, locked, newer)."""


class AlreadyRunning(StoreTrouble):
    """Another process of this user holds the profile's database."""


class SecretsUnavailable(CompanionError):
    """Neither a keyring nor a vault can keep secrets on this system."""


class LinkTrouble(StrEnum):
    """Why a link was refused, as far as it decides what can be done next."""

    #: The user said no, there or in the browser.
    DENIED = "denied"
    #: A code or an approval ran out.
    ENDED = "ended"
    #: No client id is known, or the service refuses it.
    CLIENT_ID = "client_id"
    #: The account's plan allows no more.
    LIMIT = "limit"
    #: What was typed or pasted is not right.
    WRONG_SECRET = "wrong_secret"
    #: Nothing of that kind answers at the address.
    ADDRESS = "address"
    #: The address is plain http to another computer, which has to be allowed first.
    PLAIN_HTTP = "plain_http"
    #: What the page shows has to be brought along, and nobody could be asked for it.
    PASTE = "paste"
    OTHER = "other"


class LinkRefused(CompanionError):
    """A service refused to link an account; `why` and `page` say what can be done.

    `page` is an address where the user mends it; empty where there is none.
    """

    def __init__(
        self, message: str, *, why: LinkTrouble = LinkTrouble.OTHER, page: str = ""
    ) -> None:
        super().__init__(message)
        self.why = why
        self.page = page


class RuleRefused(CompanionError):
    """A rule or a file of rules cannot be used: say why."""


class EditRefused(CompanionError):
    """A delivery cannot be changed so: say why."""


class ImportRefused(CompanionError):
    """A file cannot be read as what it should be, or a run cannot do what was asked: say why."""


class ExportRefused(CompanionError):
    """An export cannot be made as it was asked for."""
