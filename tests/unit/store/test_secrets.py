import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from revenge_companion import APP_ID
from revenge_companion.core.errors import SecretsUnavailable
from revenge_companion.store.secrets import NO_STORE, Secrets, open_secrets
from revenge_companion.store.vault import Vault
from tests.clock import FakeClock, eventually, settle, within

SECRET = "s3cret-ü"


class MemoryKeyring:
    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}
        self.threads: set[str] = set()

    def get_password(self, service: str, username: str) -> str | None:
        self.threads.add(threading.current_thread().name)
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


class BrokenKeyring(MemoryKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError(f"cannot show {SECRET}")


class SilentKeyring(MemoryKeyring):
    def __init__(self) -> None:
        super().__init__()
        self.answer = threading.Event()
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        self.answer.wait(10)
        return None


async def from_keyring(tmp_path: Path, clock: FakeClock, keyring: MemoryKeyring) -> Secrets:
    return await open_secrets(
        vault_path=tmp_path / "vault.json",
        vault_key=None,
        clock=clock,
        find_backend=lambda: (keyring, "Test"),
    )


async def from_vault(tmp_path: Path, clock: FakeClock, key: str = "open sesame") -> Secrets:
    return await open_secrets(vault_path=tmp_path / "vault.json", vault_key=key, clock=clock)


async def test_the_keyring_keeps_secrets_under_our_id(tmp_path: Path, clock: FakeClock) -> None:
    keyring = MemoryKeyring()
    secrets = await from_keyring(tmp_path, clock, keyring)
    await secrets.put("account/x", SECRET)
    assert keyring.held == {(APP_ID, "account/x"): SECRET}
    assert await secrets.get("account/x") == SECRET
    await secrets.drop("account/x")
    await secrets.drop("account/x")
    assert await secrets.get("account/x") is None
    assert secrets.where == "system keyring (Test)"
    assert "MainThread" not in keyring.threads


async def test_no_keyring_and_no_passphrase_says_what_to_do(
    tmp_path: Path, clock: FakeClock
) -> None:
    for find in (lambda: None, lambda: (BrokenKeyring(), "Test")):
        with pytest.raises(SecretsUnavailable) as caught:
            await open_secrets(
                vault_path=tmp_path / "v", vault_key=None, clock=clock, find_backend=find
            )
        assert str(caught.value) == NO_STORE
        assert SECRET not in repr(caught.value.__cause__)


async def test_a_keyring_that_never_answers_is_given_up(tmp_path: Path, clock: FakeClock) -> None:
    keyring = SilentKeyring()
    opening = asyncio.ensure_future(from_keyring(tmp_path, clock, keyring))
    await eventually(lambda: keyring.asked == 1)
    assert not opening.done()
    await clock.turn(61)
    with pytest.raises(SecretsUnavailable, match="does not answer"):
        await within(opening)
    keyring.answer.set()
    await settle()


async def test_the_vault_keeps_secrets_over_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    secrets = await from_vault(tmp_path, clock)
    assert secrets.where == "encrypted vault"
    await secrets.put("a", SECRET)
    await secrets.put("b", "other")
    again = await from_vault(tmp_path, clock)
    assert await again.get("a") == SECRET
    await again.drop("a")
    assert await again.get("a") is None
    assert await again.get("b") == "other"


async def test_the_vault_shows_nothing_and_belongs_to_the_user(
    tmp_path: Path, clock: FakeClock
) -> None:
    secrets = await from_vault(tmp_path, clock)
    await secrets.put("account/trakt/ann", SECRET)
    file = tmp_path / "vault.json"
    text = file.read_text()
    assert "trakt" not in text
    assert "s3cret" not in text
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


async def test_every_change_is_sealed_with_a_new_nonce(tmp_path: Path, clock: FakeClock) -> None:
    secrets = await from_vault(tmp_path, clock)
    nonces = set()
    for _ in range(3):
        await secrets.put("a", SECRET)
        nonces.add(json.loads((tmp_path / "vault.json").read_text())["nonce"])
    assert len(nonces) == 3


async def test_a_wrong_passphrase_is_said_and_changes_nothing(
    tmp_path: Path, clock: FakeClock
) -> None:
    secrets = await from_vault(tmp_path, clock)
    await secrets.put("a", SECRET)
    before = (tmp_path / "vault.json").read_bytes()
    with pytest.raises(SecretsUnavailable, match="does not open"):
        await from_vault(tmp_path, clock, "wrong")
    assert (tmp_path / "vault.json").read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: text.replace('"n": 32768', '"n": 1073741824'),
        lambda text: text.replace('"salt": "', '"salt": "?'),
        lambda text: "[" * 100_000,
    ],
    ids=["truncated", "other json", "huge cost", "no base64", "deep"],
)
def test_a_damaged_vault_is_said_and_kept(tmp_path: Path, damage: Callable[[str], str]) -> None:
    file = tmp_path / "vault.json"
    Vault(file, "k").change("a", SECRET)
    broken = damage(file.read_text())
    file.write_text(broken)
    with pytest.raises(SecretsUnavailable, match="damaged"):
        Vault(file, "k").change("b", "x")
    assert file.read_text() == broken


def test_a_forged_cost_does_not_open(tmp_path: Path) -> None:
    file = tmp_path / "vault.json"
    Vault(file, "k").change("a", SECRET)
    file.write_text(file.read_text().replace('"n": 32768', '"n": 16384'))
    with pytest.raises(SecretsUnavailable, match="does not open"):
        Vault(file, "k").read()


def test_a_vault_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SecretsUnavailable, match="cannot be"):
        Vault(tmp_path / "file" / "vault.json", "k").change("a", SECRET)
