"""How alike two titles are: for suggestions that the user confirms, never for a match."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from heapq import nlargest
from typing import TypeVar

T = TypeVar("T")

#: Titles less alike than this are not worth showing.
LEAST = 0.55
#: What a title is at least that has a word for each beginning that somebody typed.
_BEGUN = 0.8
#: What another year takes off: a remake is no better than a slip of the pen in the title.
_OTHER_YEAR, _NEXT_YEAR = 0.2, 0.03

_WORD = re.compile(r"\w+")
#: Articles that catalogues put first, last or nowhere.
_ARTICLES = frozenset({"the", "a", "an", "der", "die", "das", "le", "la", "les", "el", "los", "il"})


def words_of(title: str) -> tuple[str, ...]:
    """The words of a title without case, accents, marks and a leading article."""
    plain = unicodedata.normalize("NFKD", title.casefold())
    words = _WORD.findall("".join(sign for sign in plain if not unicodedata.combining(sign)))
    # "Matrix, The" is "The Matrix"; a title that is nothing but an article stays.
    kept = [
        word for at, word in enumerate(words) if word not in _ARTICLES or 0 < at < len(words) - 1
    ]
    return tuple(kept or words)


def likeness(
    wanted: Sequence[str], title: Sequence[str], *, years: tuple[int | None, int | None]
) -> float:
    """From 0 to 1, of two titles as `words_of` gives them; `years` are theirs, where known."""
    if not wanted or not title:
        return 0.0
    if tuple(wanted) == tuple(title):
        found = 1.0
    else:
        one, other = set(wanted), set(title)
        shared = len(one & other) / len(one | other)
        matcher = SequenceMatcher(None, " ".join(wanted), " ".join(title), autojunk=False)
        # Two cheap upper bounds first: most titles of a library have nothing in common.
        if not shared and (matcher.real_quick_ratio() < LEAST or matcher.quick_ratio() < LEAST):
            return 0.0
        # A title that holds the other whole ("Dune" in "Dune: Part One") is more than its letters.
        inside = 0.75 if one <= other or other <= one else 0.0
        found = min(0.99, max(matcher.ratio(), inside, (matcher.ratio() + shared) / 2))
    return max(0.0, round(found - _off(years), 4))


def _off(years: tuple[int | None, int | None]) -> float:
    """What two years take off, where both are known."""
    mine, theirs = years
    if mine is None or theirs is None or mine == theirs:
        return 0.0
    return _NEXT_YEAR if abs(mine - theirs) == 1 else _OTHER_YEAR


def most_alike(
    title: str,
    year: int | None,
    among: Iterable[T],
    *,
    titles: Callable[[T], Iterable[str]],
    year_of: Callable[[T], int | None],
    limit: int = 20,
    typed: bool = False,
) -> list[tuple[T, float]]:
    """The things of `among` whose best title is most like `title`, best first, with likeness.

    What somebody has `typed` may be the beginnings of words.
    """
    wanted = words_of(title)

    def alike(one: T) -> float:
        years = year, year_of(one)
        return max((of_title(words_of(text), years) for text in titles(one)), default=0.0)

    def of_title(found: Sequence[str], years: tuple[int | None, int | None]) -> float:
        score = likeness(wanted, found, years=years)
        if (
            typed
            and wanted
            and all(any(word.startswith(part) for word in found) for part in wanted)
        ):
            # The year is the line's, not what was typed: it only puts one before the other.
            score = max(score, _BEGUN - _off(years))
        return score

    scored = ((one, alike(one)) for one in among)
    return nlargest(limit, (found for found in scored if found[1] >= LEAST), key=lambda f: f[1])
