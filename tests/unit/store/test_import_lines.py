"""Lines that are made ready before those of earlier pages are staged."""

import pytest

from revenge_companion.core.imports import Verdict
from revenge_companion.core.library import Subject
from revenge_companion.store.import_lines import Prepared, Preparing, Seen, StagedItem
from tests.unit.engine.import_kit import film, play

#: Lines of a page, and pages that are made ready before the first is staged.
LINES, PAGES = 2000, 4


def a_page(seen: Seen, subjects: list[Subject], first: int = 0) -> Prepared:
    preparing = Preparing(seen)
    for number in range(first, first + LINES):
        preparing.add([play(subjects[number % len(subjects)], str(number))])
    return preparing.whole()


@pytest.mark.parametrize("films", [10, 1500])
def test_what_is_repeated_is_known_however_late_it_is_staged(films: int) -> None:
    seen, subjects = Seen(), [film(number) for number in range(films)]
    pages = [a_page(seen, subjects, LINES * number) for number in range(PAGES)]
    assert [len(page.items) for page in pages] == [films] * PAGES
    for number, page in enumerate(pages):
        staged = [StagedItem(at, Verdict.NEW.value, "") for at in range(films)]
        seen.add((item.subject for item in page.items), staged)
        assert len(page.rows) == LINES, number
    page = a_page(seen, subjects)
    assert page.items == ()
    assert page.wanted == []
    assert {about for about, _ in page.rows} == set(staged)


def test_what_is_not_repeated_is_not_remembered_for_ever() -> None:
    seen = Seen()
    subjects = [film(number) for number in range(LINES * PAGES)]
    for number in range(PAGES):
        page = a_page(seen, subjects, LINES * number)
        assert len(page.items) == LINES
    assert not seen.helps
