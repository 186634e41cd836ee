"""`signin`, `signout`, `link`, `unlink`, `accounts`."""

import argparse
import asyncio
import getpass
import json
import sys
from typing import Any

from revenge_companion.cli.parser import refused
from revenge_companion.cli.reach import answer, show
from revenge_companion.cli.status import account_line
from revenge_companion.engine.control import ask
from revenge_companion.paths import find_paths

#: Longest secret that is read from standard input, in characters.
_SECRET_LIMIT = 10_000
#: A linking in the browser may take as long as the services' codes live.
_LINK_S = 3700.0


def _stdin_secret() -> str:
    return sys.stdin.read(_SECRET_LIMIT).strip("\r\n")


def _prompt_secret(words: str) -> str:
    """A secret typed by a person; empty where nobody can type."""
    return getpass.getpass(words) if sys.stdin.isatty() else ""


def signin(args: argparse.Namespace) -> int:
    if args.api_key_stdin:
        key = _stdin_secret()
        if not key:
            return refused(args, "Standard input held no API key.")
        said = answer("signin", server=args.server, api_key=key, allow_http=args.allow_http)
        return show(args, said, _signed_in)
    if not args.username:
        print("signin: --username or --api-key-stdin is needed", file=sys.stderr)
        return 2
    password = _stdin_secret() if args.password_stdin else _prompt_secret("Password: ")
    if not password and args.password_stdin:
        return refused(args, "Standard input held no password.")
    if not password:
        return refused(args, "No password was given. Use --password-stdin.")
    said = answer(
        "signin",
        server=args.server,
        username=args.username,
        password=password,
        allow_http=args.allow_http,
    )
    return show(args, said, _signed_in)


def _signed_in(said: dict[str, Any]) -> None:
    print(f"Signed in to {said['server']} as {said['username']}.")


def signout(args: argparse.Namespace) -> int:
    return show(args, answer("signout"), lambda said: print("Signed out."))


def accounts(args: argparse.Namespace) -> int:
    def words(said: dict[str, Any]) -> None:
        for account in said["accounts"]:
            print(account_line(account))
        if not said["accounts"]:
            print("No account is linked. `revenge-companion services` lists what there is.")

    return show(args, answer("accounts", all=args.all), words)


def switch(args: argparse.Namespace) -> int:
    changes = {}
    for text in args.changes:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            print(f"accounts set: {text!r} is not KEY=VALUE", file=sys.stderr)
            return 2
        changes[name.strip()] = value
    said = answer("account_set", account=args.account, changes=changes)
    return show(args, said, _switches)


def _switches(said: dict[str, Any]) -> None:
    for name, value in said["switches"].items():
        if name in ("kinds", "libraries"):
            value = ", ".join(value) or "all"
        elif name == "threshold":
            value = "as in the settings" if value is None else f"{value:g}"
        else:
            value = "yes" if value else "no"
        print(f"{name} = {value}")


def unlink(args: argparse.Namespace) -> int:
    said = answer("unlink", account=args.account, keep_queued=args.keep_queued)
    return show(args, said, lambda said: print(f"Unlinked account {said['unlinked']}."))


def love(args: argparse.Namespace) -> int:
    def words(said: dict[str, Any]) -> None:
        done = "Loved" if said["loved"] else "No longer loved"
        print(f"{done} at {', '.join(said['services'])}.")

    return show(args, answer("love", play=args.play, undo=args.undo), words)


def _probe(args: argparse.Namespace) -> int:
    said = answer("probe", service=args.service, address=args.api_url, allow_http=args.allow_http)
    trouble = said.get("probe", {}).get("trouble")
    if trouble and not args.json:
        return refused(args, trouble)

    def words(said: dict[str, Any]) -> None:
        found = said["probe"]
        batches = "takes batches" if found["batches"] else "takes one play at a time"
        loves = "keeps loved tracks" if found["loves"] else "keeps no loved tracks"
        print(f"{found['kind']} answers at {found['address']}: it {batches} and {loves}.")

    return show(args, said, words) or (1 if trouble else 0)


def link(args: argparse.Namespace) -> int:
    if args.probe:
        if not args.api_url:
            print("link: --probe needs --api-url", file=sys.stderr)
            return 2
        return _probe(args)
    secret = _stdin_secret() if args.secret_stdin else _typed_secret(args)
    request = {
        "service": args.service,
        "label": args.label,
        "api_url": args.api_url,
        "auth_url": args.auth_url,
        "client_id": args.client_id,
        "username": args.username,
        "secret": secret,
        "allow_http": args.allow_http,
        "tell_server": args.json,
    }
    said = _linked_by(args, request)
    if said.get("code") == "paste" and not (args.json or args.secret_stdin):
        # A page shows what is needed: whoever sits at the keyboard can bring it.
        print(said["error"])
        pasted = _prompt_secret("Token: ")
        said = _linked_by(args, request | {"secret": pasted}) if pasted else said
    return show(args, said, _linked)


def _linked_by(args: argparse.Namespace, request: dict[str, Any]) -> dict[str, Any]:
    """What came of a linking, by the running instance or by the profile itself."""
    said = ask(find_paths().control, "link", timeout_s=120.0, **request)
    if said is None:
        return asyncio.run(_link_alone(args, request))
    if "ticket" in said:
        _show_prompt(args, said["prompt"])
        ticket, probe = said["ticket"], _probe_of(said)
        said = ask(find_paths().control, "link_wait", timeout_s=_LINK_S, ticket=ticket) or {
            "error": "The running Companion ended before the account was linked."
        }
        said |= probe
    return said


def _typed_secret(args: argparse.Namespace) -> str:
    from revenge_companion.services.base import LinkMethod
    from revenge_companion.services.catalog import SPECS

    spec = next((spec for spec in SPECS if spec.key == args.service), None)
    if spec is None or spec.hand_off:
        return ""
    if spec.link[0] is LinkMethod.TOKEN or args.username:
        return _prompt_secret("Password: " if args.username else "Token: ")
    return ""


def _probe_of(said: dict[str, Any]) -> dict[str, Any]:
    return {"probe": said["probe"]} if "probe" in said else {}


async def _link_alone(args: argparse.Namespace, request: dict[str, Any]) -> dict[str, Any]:
    from revenge_companion.engine.requests import Requests
    from revenge_companion.engine.start import open_engine

    running = await open_engine(find_paths())
    try:
        await running.engine.peek()
        requests = Requests(running.engine)
        try:
            said = await requests.handle("link", request)
            if "ticket" in said:
                _show_prompt(args, said["prompt"])
                probe = _probe_of(said)
                said = await requests.handle("link_wait", {"ticket": said["ticket"]}) | probe
        finally:
            await requests.close()
    finally:
        await running.close()
    return said


def _show_prompt(args: argparse.Namespace, prompt: dict[str, Any]) -> None:
    """What to do elsewhere; with --json a line of its own before the result."""
    if args.json:
        print(json.dumps({"prompt": prompt}, ensure_ascii=False), flush=True)
        return
    print(f"Open {prompt['complete_url'] or prompt['url']}")
    if prompt["code"]:
        print(f"and enter the code {prompt['code']}")
    print("Waiting for your approval. Press Ctrl+C to stop.", flush=True)


def _linked(said: dict[str, Any]) -> None:
    account = said["account"]
    print(f"Linked {account['service']} account {account['user']} as number {account['id']}.")
    from revenge_companion.services.catalog import SPECS

    if any(spec.key == account["service"] and spec.imports for spec in SPECS):
        print(f"`import account:{account['id']} --preview` shows what it knows already.")
