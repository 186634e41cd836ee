"""Changes in groups: one verb each, and what was said last of a thing stays last."""

from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.changes import FACETS, Change, Verb
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.services.changing import by_verb
from tests.unit.services.kit import a_change


def film(number: int) -> Subject:
    return Subject(SubjectKind.MOVIE, f"Film {number}")


@given(st.lists(st.tuples(st.sampled_from(list(Verb)), st.integers(1, 3)), max_size=30))
def test_groups_hold_each_row_once_and_keep_each_things_order(said: list[tuple[Verb, int]]) -> None:
    rows = [a_change(Change(verb, film(n)), row) for row, (verb, n) in enumerate(said)]
    about = {row: n for row, (_, n) in enumerate(said)}
    groups = by_verb(rows, about)
    order = [row.id for _, group in groups for row in group]
    assert sorted(order) == list(range(len(said)))
    for verb, group in groups:
        assert {said[row.id][0] for row in group} == {verb}
        # Nothing is said twice of one thing in one request.
        assert len({about[row.id] for row in group}) == len(group)
    for thing in {(FACETS[verb], n) for verb, n in said}:
        theirs = [row for row in order if (FACETS[said[row][0]], about[row]) == thing]
        assert theirs == sorted(theirs)


def test_what_can_be_said_together_is() -> None:
    verbs = [Verb.RATE, Verb.WANT, Verb.RATE, Verb.WANT]
    rows = [a_change(Change(verb, film(n)), n) for n, verb in enumerate(verbs)]
    groups = by_verb(rows, {row.id: row.id for row in rows})
    assert [(verb, [row.id for row in group]) for verb, group in groups] == [
        (Verb.RATE, [0, 2]),
        (Verb.WANT, [1, 3]),
    ]
