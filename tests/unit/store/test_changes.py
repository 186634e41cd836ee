from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.core.media import Ids, Series
from revenge_companion.core.scrobble import change_scrobble
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.outbox import Outbox
from revenge_companion.store.payload import micros, scrobble_from, scrobble_text
from tests.clock import START

SHOW = Subject(SubjectKind.SHOW, "Severance", 2022, Ids(tmdb=95396), refs=(("trakt", "1"),))
SEASON = Subject(
    SubjectKind.SEASON, "", series=Series("Severance", ids=Ids(tvdb=371980)), season_number=2
)


@given(
    st.sampled_from(list(Verb)),
    st.sampled_from([SHOW, SEASON, Subject(SubjectKind.TRACK, "Words", artist="Low")]),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.integers(1, 100),
    st.text(),
)
def test_every_change_comes_back(
    verb: Verb, subject: Subject, at: datetime | None, rating: int | None, note: str
) -> None:
    scrobble = change_scrobble(Change(verb, subject, at, rating, note), START)
    read = scrobble_from(
        scrobble.key,
        "",
        micros(scrobble.started_at),
        micros(scrobble.counted_at),
        scrobble_text(scrobble),
    )
    assert read == scrobble


async def test_the_same_wish_is_queued_once_and_a_later_one_again(
    outbox: Outbox, trakt: int
) -> None:
    rate = Change(Verb.RATE, SHOW, rating=80)
    assert await outbox.add(change_scrobble(rate, START), [trakt]) == 1
    assert await outbox.add(change_scrobble(rate, START), [trakt]) == 0
    later = START + timedelta(days=1)
    assert await outbox.add(change_scrobble(rate, later), [trakt]) == 1
    (newer, older) = await outbox.page()
    assert newer.scrobble.change == older.scrobble.change == rate
    assert newer.scrobble.label == "Severance (2022)"


async def test_changes_do_not_go_before_plays_of_now(
    outbox: Outbox, accounts: Accounts, trakt: int
) -> None:
    change = change_scrobble(Change(Verb.WANT, SHOW), START)
    assert START - change.dated_at >= timedelta(hours=1)
    dated = change_scrobble(Change(Verb.WANT, SHOW, at=START), START)
    assert dated.dated_at == START
