from datetime import timedelta

from revenge_companion.core.accounts import AccountState, Switches
from revenge_companion.core.delivery import DeliveryState, Settlement
from revenge_companion.core.media import Kind
from revenge_companion.core.status import OutboxCounts
from revenge_companion.store.accounts import Accounts, switches_from
from revenge_companion.store.outbox import Outbox
from tests.clock import START
from tests.unit.store.builders import a_scrobble

NOW = START + timedelta(hours=1)


async def test_an_account_comes_back_as_it_was_linked(accounts: Accounts) -> None:
    switches = Switches(kinds=(Kind.TRACK,), libraries=("1", "2"), threshold=0.9, now_playing=False)
    account = await accounts.add(
        service="listenbrainz",
        remote_id="u1",
        remote_name="ann",
        profile_url="https://x.example/ann",
        api_url="https://api.example",
        auth_url="https://auth.example",
        client_id="c",
        switches=switches,
    )
    assert account.label == "ann"
    assert account.switches == switches
    assert account.state is AccountState.LINKED
    assert await accounts.get(account.id) == account
    assert await accounts.all() == [account]


async def test_linking_again_resumes_the_same_account(accounts: Accounts) -> None:
    first = await accounts.add(service="trakt", remote_id="1", label="Mine", remote_name="ann")
    await accounts.set_switches(first.id, Switches(scrobble=False))
    await accounts.set_state(first.id, AccountState.LINK_AGAIN, "Link again.")
    again = await accounts.add(service="trakt", remote_id="1", remote_name="anna")
    assert (again.id, again.label, again.remote_name) == (first.id, "Mine", "anna")
    assert (again.state, again.state_detail) == (AccountState.LINKED, "")
    assert again.switches == Switches(scrobble=False)


async def test_linking_again_says_anew_whether_plain_http_may_be_used(accounts: Accounts) -> None:
    mine = Switches(scrobble=False, allow_http=True)
    first = await accounts.add(service="trakt", remote_id="1", allow_http=True)
    assert first.switches == Switches(allow_http=True)
    await accounts.set_switches(first.id, mine)
    again = await accounts.add(service="trakt", remote_id="1", allow_http=True)
    assert again.switches == mine
    again = await accounts.add(service="trakt", remote_id="1")
    assert again.switches == Switches(scrobble=False)


async def test_another_server_or_user_is_another_account(accounts: Accounts) -> None:
    for service, remote_id, api_url in (
        ("listenbrainz", "1", ""),
        ("listenbrainz", "2", ""),
        ("listenbrainz", "1", "https://own.example"),
        ("lastfm", "1", ""),
    ):
        await accounts.add(service=service, remote_id=remote_id, api_url=api_url)
    assert len(await accounts.all()) == 4


async def test_state_switches_and_label_are_kept(accounts: Accounts, trakt: int) -> None:
    await accounts.set_state(trakt, AccountState.QUOTA, "No more today.", NOW)
    await accounts.rename(trakt, "Ours")
    account = await accounts.get(trakt)
    assert account is not None
    assert (account.state, account.state_detail) == (AccountState.QUOTA, "No more today.")
    assert (account.held_until, account.label) == (NOW, "Ours")


async def test_unlinking_gives_up_what_waited(
    accounts: Accounts, outbox: Outbox, trakt: int, lastfm: int
) -> None:
    await outbox.add_many([(a_scrobble(f"k{n}", minute=n), [trakt, lastfm]) for n in range(4)])
    claimed = await outbox.claim(trakt, 2, NOW)
    await outbox.settle([(claimed[0].id, Settlement(DeliveryState.DELIVERED, 1, None))], NOW)
    await accounts.remove(trakt, keep_queued=False)
    assert (await outbox.counts())[trakt] == OutboxCounts(delivered=1, sending=1, undone=2)
    assert (await outbox.counts())[lastfm] == OutboxCounts(pending=4)
    assert await accounts.get(trakt) is None
    assert [one.id for one in await accounts.all()] == [lastfm]
    assert [one.reason_code for one in await outbox.page(state="undone")] == ["discarded"] * 2


async def test_unlinking_can_keep_what_waits_for_linking_again(
    accounts: Accounts, outbox: Outbox, trakt: int
) -> None:
    await outbox.add(a_scrobble(), [trakt])
    await accounts.remove(trakt, keep_queued=True)
    again = await accounts.add(service="trakt", remote_id="t1", remote_name="ann")
    assert again.id == trakt
    assert len(await outbox.claim(trakt, 5, NOW)) == 1


def test_switches_of_a_newer_program_are_read() -> None:
    text = '{"kinds":["track","hologram"],"beam":true,"scrobble":false}'
    assert switches_from(text) == Switches(kinds=(Kind.TRACK,), scrobble=False)
