"""Why no item of the server was found: a source that knows more of that is believed."""

import pytest

from revenge_companion.core.library import Subject, SubjectKind, keys
from revenge_companion.core.matching import Match, NoMatch, match, wanted_keys
from revenge_companion.core.media import Ids, Series
from revenge_companion.core.reasons import Reason

LETTERBOXD = Subject(SubjectKind.MOVIE, "Dune", 2021, refs=(("letterboxd", "2bbs"),))
SEVERANCE = Series("Severance", 2022, Ids(tvdb=371980))
EPISODE = Subject(SubjectKind.EPISODE, "", series=SEVERANCE, season_number=1, episode_number=500)
WHY = Reason.ANIME_ABSOLUTE


def test_an_id_that_no_server_knows_is_none() -> None:
    assert match(LETTERBOXD, keys(LETTERBOXD), {}) == NoMatch(Reason.NO_IDS)
    assert not wanted_keys(LETTERBOXD, keys(LETTERBOXD))


@pytest.mark.parametrize("found", [{}, {"show/tvdb:371980": "s1"}])
def test_the_sources_own_reason_goes_before_ours(found: dict[str, str]) -> None:
    assert match(EPISODE, keys(EPISODE), found, WHY) == NoMatch(WHY)
    assert match(LETTERBOXD, keys(LETTERBOXD), found, WHY) == NoMatch(WHY)
    assert match(EPISODE, keys(EPISODE), found) != NoMatch(WHY)


def test_what_was_found_needs_no_reason() -> None:
    found = {"episode/show/tvdb:371980/1/500": "e500"}
    assert match(EPISODE, keys(EPISODE), found, WHY) == Match("e500")
    assert set(found) < set(wanted_keys(EPISODE, keys(EPISODE)))
