"""What a sync passes over without judging it is nothing that would be sent."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from revenge_companion.core.library import OWN, Entry, Precision
from revenge_companion.core.media import Kind
from revenge_companion.engine.exporter import _verbs
from tests.clock import START
from tests.unit.engine.import_kit import episode, film, play
from tests.unit.engine.sync_kit import HISTORY, SPEC, FakeAccount, Home, home

SOURCES = ("account:1", "account:2", "file", OWN)


def lines(rng: random.Random, source: str) -> list[Entry]:
    """Some plays of few things, so that most meet those of other sources."""
    made = []
    for number in range(rng.randrange(60)):
        subject = rng.choice((film, episode))(rng.randrange(25))
        at = START - timedelta(days=rng.choice((1, 2, 40)), seconds=rng.randrange(200))
        entry = play(subject, f"{source}-{number}", at, removed=rng.random() < 0.1)
        match rng.randrange(6):
            case 0:
                entry = replace(
                    entry, at=None, precision=Precision.UNKNOWN, plays=rng.randint(1, 3)
                )
            case 1:
                noon = at.replace(hour=12, minute=0, second=0, microsecond=0)
                entry = replace(entry, at=noon, precision=Precision.DAY)
        made.append(entry)
    return made


async def sent(one: Home, account_id: int, *, sending: bool) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    walk = one.exporter._walked(account_id, (HISTORY,), _verbs, sending=sending)  # noqa: SLF001  # to tell both ways apart
    async for found, _ in walk:
        counts += found
    return counts


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"one_play": True},
        {"undated": True, "kinds": (Kind.EPISODE,)},
        {"max_age_s": 14 * 86_400.0, "undated": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("withheld", [False, True])
async def test_nothing_that_would_be_sent_is_passed_over(
    tmp_path: Path, terms: dict[str, object], withheld: bool
) -> None:
    first = replace(SPEC, **{"kinds": (Kind.MOVIE, Kind.EPISODE), **terms})  # type: ignore[arg-type]  # whatever a spec may say
    second = replace(SPEC, key="two", keeps_to_itself="It is not allowed." if withheld else "")
    total = 0
    async with home(tmp_path, FakeAccount(), FakeAccount(), specs=(first, second)) as one:
        rng = random.Random(7)
        for _ in range(6):
            for source in SOURCES:
                await one.library.put(source, lines(rng, source))
            every = await sent(one, 1, sending=False)
            assert await sent(one, 1, sending=True) == every
            total += every.total()
        # Some of them are on their way, and some went.
        await one.exporter.queue_facet(1, HISTORY)
        for source in SOURCES:
            await one.library.put(source, lines(rng, source))
        assert await sent(one, 1, sending=True) == await sent(one, 1, sending=False)
    assert total


async def test_a_page_of_what_is_not_sent_is_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from revenge_companion.store import exporting

    monkeypatch.setattr(exporting, "_MOST", 10)
    monkeypatch.setattr(exporting, "THINGS", 4)
    async with home(tmp_path, FakeAccount()) as one:
        known = [play(film(n), f"k{n}", START - timedelta(days=n)) for n in range(25)]
        await one.library.put("account:1", known)
        await one.library.put("file", [play(film(n), f"f{n}", START) for n in range(30, 47)])
        assert (await sent(one, 1, sending=True)).total() == 17
