"""Every reason is a sentence, and its blanks are filled by what is really known."""

import re

import pytest

from revenge_companion.core import counting
from revenge_companion.core.counting import Progress
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.observing import Span
from revenge_companion.core.reasons import SENTENCES, Reason, minutes, sentence
from revenge_companion.core.thresholds import Thresholds

#: Reasons whose only blank is the service's name, which everybody who shows them gives.
_BLANK = re.compile(r"{(\w+)}")
#: Filled by what the counting gives, proven below.
_COUNTED = {
    Reason.PLAYED_SHARE,
    Reason.PLAYED_CAP,
    Reason.POSITION_REACHED,
    Reason.PLAYED_ON_AFTER_JUMP,
    Reason.TOO_SHORT,
    Reason.STOPPED_EARLY,
    Reason.PLAYED_TOO_LITTLE,
    Reason.SKIPPED_PAST,
    Reason.LOST_SIGHT,
    # Filled by `core.passed_over`, and proven beside it.
    Reason.OWN_THRESHOLD,
}


def item(kind: Kind, duration: float | None) -> Item:
    return Item(kind, "m", "t", duration_s=duration)


@pytest.mark.parametrize("reason", Reason)
def test_every_code_has_a_sentence_that_ends(reason: Reason) -> None:
    assert SENTENCES[reason].endswith(".")
    assert SENTENCES[reason][0].isupper() or SENTENCES[reason].startswith("{service}")


@pytest.mark.parametrize("reason", sorted(set(Reason) - _COUNTED))
def test_blanks_of_other_reasons_are_names_and_counts(reason: Reason) -> None:
    assert set(_BLANK.findall(SENTENCES[reason])) <= {
        "service", "services", "source", "count", "rule",
    }  # fmt: skip


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("duration", [None, 1.0, 30.0, 299.0, 599.0, 3000.0])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_why_not_is_always_a_whole_sentence(
    kind: Kind, duration: float | None, share: float
) -> None:
    position = (duration or 100.0) * share
    for podcasts in (False, True):
        reason, facts = counting.why_not(
            item(kind, duration), Thresholds(podcasts=podcasts), Progress(), position, position
        )
        assert "?" not in sentence(reason, facts)


@pytest.mark.parametrize("kind", [Kind.TRACK, Kind.MOVIE, Kind.EPISODE, Kind.PODCAST])
@pytest.mark.parametrize("ratio", [0.05, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("start", [0.0, 2900.0])
def test_why_it_counts_is_always_a_whole_sentence(kind: Kind, ratio: float, start: float) -> None:
    rules = {"": Thresholds(ratio, 240.0, ratio, ratio, ratio, podcasts=True)}
    one = item(kind, 3000.0)
    span = Span(3000.0 - start, start, 3000.0, 3000.0, jumped=False)
    verdicts = counting.judge(one, counting.shares_of(one, rules), Progress(), span, 3000.0)
    for verdict in verdicts:
        assert "?" not in sentence(verdict.reason, verdict.facts)


def test_a_missing_fact_shows_as_a_question_mark_and_never_raises() -> None:
    assert sentence(Reason.STOPPED_EARLY, {"percent": 61}) == (
        "Stopped at 61 %: it counts from ? %."
    )


def test_an_unknown_code_comes_back_as_it_is() -> None:
    assert sentence("from_a_newer_version") == "from_a_newer_version"


def test_facts_never_pass_through_the_translator() -> None:
    said = sentence(Reason.NOT_FOUND, {"service": "{x}"}, lambda text: text.upper().lower())
    assert said == "{x} does not know this item."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0:00"), (0, "0:00"), (59.9, "0:59"), (100, "1:40"), (3723, "1:02:03")],
)
def test_lengths_read_as_people_write_them(seconds: float, text: str) -> None:
    assert minutes(seconds) == text
