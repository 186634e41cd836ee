"""`status`: what is going on."""

import argparse
from typing import Any

from revenge_companion.cli.reach import answer, show


def status(args: argparse.Namespace) -> int:
    return show(args, answer("status", timeout_s=10.0), _words)


def _words(said: dict[str, Any]) -> None:
    if said["signed_in"]:
        print(f"Signed in to {said['server']} as {said['username']}.")
    elif said["sign_in"] == "sign_in_again":
        print(f"Your server {said['server']} signed you out. Sign in again to go on.")
    else:
        print("Signed out.")
    if said["source"]:
        state = "connected" if said["connected"] else "not connected"
        print(f"Listening by {said['source']}, {state}.")
    elif said["signed_in"]:
        print("Not listening.")
    if said["source_reason"] and said["sign_in"] != "sign_in_again":
        print(said["source_reason"])
    for playing in said["now_playing"]:
        print(f"{playing['state'].capitalize()}: {playing['item']}")
    for account in said["accounts"]:
        print(account_line(account))
    outbox = said["outbox"]
    waiting = sum(outbox[name] for name in ("pending", "sending", "unsure", "held"))
    print(f"Outbox: {waiting} waiting, {outbox['delivered']} delivered, {outbox['parked']} parked.")
    if said["paused"]:
        print("Scrobbling is paused.")
    if said["trouble"]:
        print(said["trouble"])


def account_line(account: dict[str, Any]) -> str:
    """One account in one line."""
    line = (
        f"{account['id']}: {account['service']} ({account['label']}), {account['state']}, "
        f"{account['pending']} waiting, {account['parked']} parked"
    )
    if account["eta"]:
        line += f", done {account['eta']} at this pace"
    if account["last_delivery"]:
        line += f", last delivery {account['last_delivery']}"
    if account["detail"]:
        line += f"\n   {account['detail']}"
    return line
