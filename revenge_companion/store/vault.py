"""The encrypted vault: a file of secrets for systems without a keyring.

A passphrase becomes a key by scrypt; the names and values together are one AES-GCM message, sealed
anew with a fresh nonce at every change. The file shows only how many bytes it holds.
"""

import base64
import binascii
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from revenge_companion.core.errors import SecretsUnavailable, StoreTrouble
from revenge_companion.store.files import replace_file

#: scrypt's cost: 32 MiB and about 100 ms at each start.
_N, _R, _P = 1 << 15, 8, 1
_MOST_MEMORY = 256 * 1024 * 1024
_LARGEST = 4_000_000
_WRONG = "The passphrase does not open the encrypted vault."
_DAMAGED = "The encrypted vault is damaged. Move it away and link again."


class Vault:
    """The vault file at `path`. Blocking: call it away from the loop, one call at a time."""

    def __init__(self, path: Path, passphrase: str) -> None:
        self._path = path
        self._passphrase = passphrase
        self._derived: tuple[tuple[bytes, int, int, int], bytes] | None = None

    def read(self) -> dict[str, str]:
        """Every secret by name; empty where there is no file yet.

        Raises SecretsUnavailable for a wrong passphrase or a damaged file, which stays as it is.
        """
        # Costs 16 ms and is needed only where there is a vault.
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            with self._path.open("rb") as file:
                text = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SecretsUnavailable(
                f"The encrypted vault cannot be read: {error.strerror}."
            ) from error
        try:
            head, nonce, sealed = _parts(text)
        except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
            raise SecretsUnavailable(_DAMAGED) from error
        try:
            opened = AESGCM(self._key(*head)).decrypt(nonce, sealed, _bound(*head))
        except InvalidTag as error:
            raise SecretsUnavailable(_WRONG) from error
        values = json.loads(opened)
        return {str(name): str(value) for name, value in values.items()}

    def change(self, name: str, value: str | None) -> None:
        """Keep `value` under `name`, or drop it with None; on disk when this returns.

        Raises SecretsUnavailable as `read` does, and where the file cannot be written.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        values = self.read()
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value
        head = self._derived[0] if self._derived else (os.urandom(16), _N, _R, _P)
        nonce = os.urandom(12)
        text = json.dumps(values).encode()
        sealed = AESGCM(self._key(*head)).encrypt(nonce, text, _bound(*head))
        salt, n, r, p = head
        content = {
            "version": 1, "kdf": "scrypt", "n": n, "r": r, "p": p, "salt": _base64(salt),
            "cipher": "aes-256-gcm", "nonce": _base64(nonce), "sealed": _base64(sealed),
        }  # fmt: skip
        try:
            replace_file(self._path, json.dumps(content, indent=1).encode())
        except StoreTrouble as error:
            raise SecretsUnavailable(str(error)) from error

    def _key(self, salt: bytes, n: int, r: int, p: int) -> bytes:
        head = (salt, n, r, p)
        if self._derived is None or self._derived[0] != head:
            key = hashlib.scrypt(
                self._passphrase.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MOST_MEMORY, dklen=32
            )
            self._derived = (head, key)
        return self._derived[1]


def _parts(text: bytes) -> tuple[tuple[bytes, int, int, int], bytes, bytes]:
    if len(text) > _LARGEST:
        raise ValueError("larger than any vault")
    data: Any = json.loads(text)
    n, r, p = (int(data[name]) for name in "nrp")
    # A forged file must not make us derive for hours or ask for all memory.
    if data["version"] != 1 or data["kdf"] != "scrypt" or not 1 < n <= 1 << 17:
        raise ValueError("not a vault of ours")
    if not (n & (n - 1) == 0 and 1 <= r <= 8 and 1 <= p <= 4):
        raise ValueError("not a vault of ours")
    salt, nonce = _bytes(data["salt"]), _bytes(data["nonce"])
    if not (8 <= len(salt) <= 64 and len(nonce) == 12):
        raise ValueError("not a vault of ours")
    return (salt, n, r, p), nonce, _bytes(data["sealed"])


def _bound(salt: bytes, n: int, r: int, p: int) -> bytes:
    """What the seal also covers, so that the costs cannot be changed unseen."""
    return b"revenge-companion vault 1|" + salt + f"|{n}|{r}|{p}".encode()


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
