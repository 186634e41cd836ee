"""Sorting a batch of changes into requests that one service can take."""

from collections.abc import Hashable, Mapping, Sequence

from revenge_companion.core.changes import FACETS, Change, Verb
from revenge_companion.core.delivery import Delivery


def change_of(delivery: Delivery) -> Change:
    """The change a delivery carries. A play has none: giving one here is a mistake of ours."""
    change = delivery.scrobble.change
    if change is None:
        raise ValueError(f"delivery {delivery.id} is a play, not a change")
    return change


def by_verb(
    batch: Sequence[Delivery], about: Mapping[int, Hashable]
) -> list[tuple[Verb, list[Delivery]]]:
    """`batch` in groups of one verb each, in an order that ends as the batch ends.

    `about` says what each row is about, by its id. Rows that say something else of the same thing
    (a rating that was changed twice) are never in one group, nor are they swapped.
    """
    groups: list[tuple[Verb, list[Delivery]]] = []
    #: The last group that says something of a thing, so what follows comes after it.
    last: dict[Hashable, int] = {}
    for row in batch:
        verb = change_of(row).verb
        thing = (FACETS[verb], about[row.id])
        after = last.get(thing, -1) + 1
        place = next((n for n in range(after, len(groups)) if groups[n][0] is verb), len(groups))
        if place == len(groups):
            groups.append((verb, []))
        groups[place][1].append(row)
        last[thing] = place
    return groups
