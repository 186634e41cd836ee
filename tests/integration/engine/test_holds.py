"""What only the user can mend at Trakt: each has its own words, from the answer to the card."""

import json
from pathlib import Path

import pytest

from revenge_companion.core.accounts import AccountState
from revenge_companion.core.reasons import Reason
from revenge_companion.engine.api import Notice
from revenge_companion.ui import words
from tests.integration.engine.house import FILM, running

#: Status, body, headers, the reason, and what the card says.
HOLDS = (
    (403, {"error": "invalid_api_key"}, {}, Reason.APP_KEY_REFUSED, "Trakt refused the app key: "),
    (420, {}, {}, Reason.ACCOUNT_LIMIT, "This account has reached a limit at Trakt."),
    (
        423,
        {},
        {"X-Account-Locked": "true"},
        Reason.ACCOUNT_LOCKED,
        "Trakt has locked this account. Write to support@trakt.tv.",
    ),
    (
        426,
        {},
        {"X-Upgrade-URL": "https://trakt.tv/vip"},
        Reason.VIP_NEEDED,
        "Trakt asks for a paid plan. https://trakt.tv/vip",
    ),
)


@pytest.mark.parametrize(
    ("status", "body", "headers", "reason", "card"), HOLDS, ids=[str(hold[0]) for hold in HOLDS]
)
async def test_the_card_says_what_trakt_said_and_the_play_waits(
    home: Path,
    status: int,
    body: dict[str, str],
    headers: dict[str, str],
    reason: Reason,
    card: str,
) -> None:
    async with running(home, services=("trakt",)) as house:
        site = house.world.destinations.sites["trakt"]
        for path in ("/scrobble/stop", "/sync/history"):
            site.answer(status, json.dumps(body), headers, times=9, path=path)
        await house.play(FILM)
        await house.until(lambda: house.account("trakt").account.state is AccountState.HELD)
        await house.until(lambda: house.account("trakt").counts.waiting == 1)

        shown = house.account("trakt")
        assert words.account_sentence(shown, "Trakt", house.world.clock.now()).startswith(card)
        told = [n.reason for n in house.notices if n.notice is Notice.ACCOUNT_TROUBLE]
        assert told == [reason]
        assert house.held("trakt") == 0

        site.forget_answers()
        assert await house.engine.test_account(shown.account.id)
        await house.until(lambda: house.held("trakt") == 1)
        assert house.account("trakt").account.state is AccountState.LINKED
