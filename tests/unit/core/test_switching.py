"""An account's switches by name."""

import pytest

from revenge_companion.core.accounts import Switches
from revenge_companion.core.errors import EditRefused
from revenge_companion.core.library import Facet
from revenge_companion.core.media import Kind
from revenge_companion.core.switching import Offer, switched, values_of

FILMS = Offer("Trakt", (Kind.MOVIE, Kind.EPISODE), True, (Facet.HISTORY, Facet.RATINGS))
MUSIC = Offer("ListenBrainz", (Kind.TRACK, Kind.PODCAST), True, ())
FILES = Offer("Letterboxd", (Kind.MOVIE,), False, ())


def test_only_what_the_service_can_is_offered() -> None:
    assert FILMS.names == (
        "enabled",
        "scrobble",
        "now_playing",
        "sync_history",
        "sync_ratings",
        "threshold",
        "kinds",
        "libraries",
        "allow_http",
    )
    assert "threshold" not in MUSIC.names
    assert not any(name.startswith("sync") for name in MUSIC.names)
    assert "now_playing" not in FILES.names
    # What is loved is how music is rated.
    loves = Offer("Last.fm", (Kind.TRACK,), True, (Facet.HISTORY, Facet.LOVED))
    assert [one for one in loves.names if one.startswith("sync")] == [
        "sync_history",
        "sync_ratings",
    ]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("enabled", "false", False),
        ("enabled", "", True),
        ("scrobble", " No ", False),
        ("now_playing", "OFF", False),
        ("sync_history", "on", True),
        ("sync_ratings", "yes", True),
        ("sync_ratings", "", False),
        ("allow_http", "1", True),
        ("threshold", "0.9", 0.9),
        ("threshold", "90 %", 0.9),
        ("threshold", "1", 1.0),
        ("threshold", "", None),
        ("kinds", "movie", (Kind.MOVIE,)),
        ("kinds", "movie, episode", ()),
        ("kinds", "", ()),
        ("kinds", "all", ()),
        ("libraries", " All ", ()),
        ("libraries", " a, b ,,a", ("a", "b")),
        ("libraries", "", ()),
    ],
)
def test_a_switch_is_set_by_its_name(name: str, text: str, value: object) -> None:
    before = Switches(kinds=(Kind.EPISODE,), threshold=0.7, libraries=("x",))
    after = switched(before, {name: text}, FILMS)
    assert getattr(after, name) == value
    others = set(Switches.__dataclass_fields__) - {name}
    assert all(getattr(after, other) == getattr(before, other) for other in others)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("sync_watchlist", "true", "Trakt has no switch 'sync_watchlist'"),
        ("colour", "red", "There are enabled, scrobble"),
        ("x" * 500, "", "no switch"),
        ("enabled", "perhaps", "true or false"),
        ("threshold", "0.01", "share of the runtime"),
        ("threshold", "1.01", "share of the runtime"),
        ("threshold", "nan", "share of the runtime"),
        ("threshold", "half", "share of the runtime"),
        ("kinds", "movie,track", "takes movie, episode; not 'track'"),
        ("libraries", "x" * 300, "ids of libraries"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(name: str, text: str, words: str) -> None:
    with pytest.raises(EditRefused, match=words) as caught:
        switched(Switches(), {name: text}, FILMS)
    assert len(str(caught.value)) < 250


def test_one_bad_value_changes_nothing() -> None:
    before = Switches()
    with pytest.raises(EditRefused):
        switched(before, {"enabled": "false", "threshold": "x"}, FILMS)
    assert before == Switches()


def test_the_values_are_plain_and_read_back_the_same() -> None:
    mine = Switches(enabled=False, threshold=0.85, kinds=(Kind.MOVIE,), libraries=("a", "b"))
    values = values_of(mine, FILMS)
    assert values == {
        "enabled": False,
        "scrobble": True,
        "now_playing": True,
        "sync_history": False,
        "sync_ratings": False,
        "threshold": 0.85,
        "kinds": ["movie"],
        "libraries": ["a", "b"],
        "allow_http": False,
    }
    texts = {
        name: ",".join(value) if isinstance(value, list) else str(value)
        for name, value in values.items()
    }
    assert switched(Switches(), texts, FILMS) == mine
