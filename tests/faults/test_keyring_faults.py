"""Real Secret Services, each on a D-Bus session of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MISSING = [
    name for name in ("dbus-run-session", "gnome-keyring-daemon") if shutil.which(name) is None
]

ASK = """
import asyncio, sys, time
from pathlib import Path
from revenge_companion.core.errors import SecretsUnavailable
from revenge_companion.store.secrets import open_secrets

class Clock:
    def now(self):
        raise AssertionError
    def monotonic_s(self):
        return time.monotonic()
    def sleep(self, seconds):
        return asyncio.sleep(seconds)

async def main():
    try:
        secrets = await open_secrets(
            vault_path=Path("no-vault"), vault_key=None, clock=Clock(), limit_s=float(sys.argv[1]))
        print(secrets.where)
        await secrets.put("account/x", "s3cret-\\u00fc")
        print(await secrets.get("account/x") == "s3cret-\\u00fc")
        await secrets.drop("account/x")
        await secrets.drop("account/x")
        print(await secrets.get("account/x"))
    except SecretsUnavailable as error:
        print(error)
asyncio.run(main())
"""

GNOME = """
export HOME=$(mktemp -d) XDG_RUNTIME_DIR=$(mktemp -d); mkdir -p "$HOME/.cache"
printf test | gnome-keyring-daemon --unlock --components=secrets >/dev/null
exec "$@"
"""

#: Owns the name of the Secret Service and never answers anything.
SILENT = """
import subprocess, sys
from jeepney import DBusAddress, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
connection = open_dbus_connection("SESSION")
connection.send_and_get_reply(message_bus.RequestName("org.freedesktop.secrets"))
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"""


def said(*command: str, limit_s: str = "20") -> list[str]:
    done = subprocess.run(
        [*command, sys.executable, "-c", ASK, limit_s],
        capture_output=True, text=True, timeout=60, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.real_keyring
@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
def test_gnome_keyring_keeps_our_secrets() -> None:
    answer = said("dbus-run-session", "--", "sh", "-c", GNOME, "sh")
    assert answer == ["system keyring (Secret Service)", "True", "None"]


@pytest.mark.real_keyring
@pytest.mark.skipif("dbus-run-session" in MISSING, reason="not installed: dbus-run-session")
def test_a_silent_secret_service_is_given_up_and_the_process_ends() -> None:
    answer = said("dbus-run-session", "--", sys.executable, "-c", SILENT, limit_s="0.7")
    assert answer == ["The system's password store does not answer."]


@pytest.mark.real_keyring
@pytest.mark.skipif("dbus-run-session" in MISSING, reason="not installed: dbus-run-session")
def test_a_system_without_a_password_store_says_what_to_do(tmp_path: Path) -> None:
    # A session whose bus can start no service at all.
    config = tmp_path / "bus.conf"
    config.write_text(
        "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><policy "
        'context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>'
        '<allow own="*"/></policy></busconfig>'
    )
    answer = said("dbus-run-session", f"--config-file={config}", "--")
    assert answer[0].startswith("This system has no password store. Choose a passphrase")
