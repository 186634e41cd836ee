"""Why no connection was made, in words that say what can be done."""

import socket
import ssl

from revenge_companion.core.errors import NameUnknown, Unreachable, Untrusted


def unreachable(host: str, error: BaseException) -> Unreachable:
    """Why no connection was made, as far as the system tells: the name may lead nowhere."""
    cause: BaseException | None = error
    # httpx wraps what httpcore wraps what the system raised.
    for _ in range(5):
        if isinstance(cause, socket.gaierror):
            # Without a network some systems say, too, that there is no such name.
            name = host.rpartition(":")[0] or host
            return NameUnknown(
                f"{name} could not be found. Check the name, and that this computer is connected."
            )
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _untrusted(host, cause.verify_code)
        cause = None if cause is None else cause.__cause__ or cause.__context__
    return Unreachable(f"{host} cannot be reached.")


def _untrusted(host: str, code: int) -> Untrusted:
    """What is wrong with a certificate, by OpenSSL's code for it (X509_V_ERR_…)."""
    match code:
        case 9:
            return Untrusted(
                f"The certificate of {host} is not valid yet. Check this computer's clock."
            )
        case 10:
            return Untrusted(f"The certificate of {host} has expired, so nothing is sent there.")
        case 62 | 63 | 64:
            return Untrusted(
                f"The certificate of {host} is for another name, so nothing is sent there. Check "
                "the address."
            )
    return Untrusted(
        f"This computer does not trust the certificate of {host}, so nothing is sent there. If the "
        "server is yours, add its certificate to those this computer trusts."
    )
