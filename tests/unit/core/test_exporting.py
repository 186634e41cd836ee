"""What an export sends, and why it leaves the rest: every verdict with its reason."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.changes import Verb
from revenge_companion.core.exporting import (
    UNDATED,
    ExportVerdict,
    Known,
    Terms,
    completed,
    scrobble_of,
    value_of,
)
from revenge_companion.core.judging import judged
from revenge_companion.core.library import OWN, Facet, Precision, Subject, SubjectKind
from revenge_companion.core.lines import Line
from revenge_companion.core.media import Ids, Kind, Series
from revenge_companion.core.ratings import rating_of, step_of
from revenge_companion.core.reasons import Reason

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
AT = NOW - timedelta(days=400)
SEND, THERE, LEFT_OUT = ExportVerdict.SEND, ExportVerdict.THERE, ExportVerdict.LEFT_OUT
TERMS = Terms(
    source="account:1",
    kinds=(Kind.MOVIE, Kind.EPISODE),
    verbs=(Verb.RATE, Verb.UNRATE, Verb.WANT, Verb.UNWANT),
    rated=(SubjectKind.MOVIE, SubjectKind.SHOW),
    now=NOW,
    refs=("trakt",),
    withheld=frozenset({"account:9"}),
)
MUSIC = replace(TERMS, kinds=(Kind.TRACK,), verbs=(Verb.LOVE,), rated=(SubjectKind.TRACK,))
FILM = Subject(SubjectKind.MOVIE, "Dune", 2021, Ids(tmdb=1))
TRACK = Subject(SubjectKind.TRACK, "Words", artist="Low")
FILE, SIMKL, TRAKT = (
    Line(source, "", AT) for source in ("letterboxd-zip", "account:2", "account:9")
)
MINE = Line("account:1", "", AT)


def play(*said: Line, **values: Any) -> Known:
    return Known(**{"facet": Facet.HISTORY, "subject": FILM, "said": said or (FILE,)} | values)


def said(source: str, rating: int | None = None, **values: Any) -> Line:
    return Line(source, "", AT, rating=rating, **values)


def rated(*lines: Line, **values: Any) -> Known:
    return Known(**{"facet": Facet.RATINGS, "subject": FILM, "said": lines} | values)


DAY = replace(FILE, precision=Precision.DAY)
NEVER = replace(FILE, at=None, precision=Precision.UNKNOWN)
RATED = value_of(said("account:2", 80), Verb.RATE)
TAKEN = (Line("account:2", "", NOW, removed=True),)

PLAYS = [
    ("missing there", play(), TERMS, SEND, ""),
    ("known from it", play(FILE, MINE), TERMS, THERE, ""),
    ("removed there", play(FILE, replace(MINE, removed=True)), TERMS, LEFT_OUT, "removed_there"),
    ("delivered by itself", play(sent=(("", "delivered"),)), TERMS, THERE, "sent_before"),
    ("waits", play(sent=(("", "pending"),)), TERMS, THERE, "on_its_way"),
    ("unsure", play(sent=(("", "unsure"),)), TERMS, THERE, "on_its_way"),
    ("held", play(sent=(("", "held"),)), TERMS, THERE, "on_its_way"),
    ("parked", play(sent=(("", "parked"),)), TERMS, LEFT_OUT, "parked_before"),
    ("undone", play(sent=(("", "undone"),)), TERMS, LEFT_OUT, "given_up_before"),
    ("parked, then sent", play(sent=(("", "parked"), ("", "sending"))), TERMS, THERE, "on_its_way"),
    ("never was queued", play(sent=(("", ""),)), TERMS, SEND, ""),
    ("other kind", play(), MUSIC, LEFT_OUT, "not_taken"),
    ("no id", play(subject=replace(FILM, ids=Ids())), TERMS, LEFT_OUT, "no_ids"),
    ("only Trakt", play(TRAKT), TERMS, LEFT_OUT, "kept_to_itself"),
    ("Trakt and a file", play(TRAKT, FILE), TERMS, SEND, ""),
    ("Trakt, and Simkl took it back", play(TRAKT, replace(SIMKL, removed=True)), TERMS, LEFT_OUT,
     "kept_to_itself"),
    ("no date", play(NEVER), TERMS, LEFT_OUT, "date_unknown"),
    ("no date, taken", play(NEVER), replace(TERMS, undated=True), SEND, "sent_undated"),
    ("a day", play(DAY), TERMS, SEND, "sent_at_noon"),
    ("a day of music", play(DAY, subject=TRACK), MUSIC, LEFT_OUT, "time_unknown"),
    ("too old", play(), replace(TERMS, max_age_s=86_400.0), LEFT_OUT, "too_old"),
    ("young enough", play(), replace(TERMS, max_age_s=401 * 86_400.0), SEND, ""),
    ("one play kept", play(has_other=True), replace(TERMS, one_play=True), THERE, "keeps_one_play"),
    ("an earlier one", play(has_earlier=True), replace(TERMS, one_play=True), LEFT_OUT,
     "keeps_one_play"),
    ("every play kept", play(has_other=True, has_earlier=True), TERMS, SEND, ""),
    ("other library", play(library_id="kids"), replace(TERMS, libraries=("own",)), LEFT_OUT,
     "filtered"),
    ("its library", play(library_id="own"), replace(TERMS, libraries=("own",)), SEND, ""),
]  # fmt: skip
CHANGES = [
    ("not rated there", rated(said("account:2", 80)), TERMS, SEND, "", Verb.RATE),
    ("same", rated(said("account:2", 80), said("account:1", 80)), TERMS, THERE, "", None),
    ("same when rounded", rated(said("account:2", 83, steps=100), said("account:1", 80)), TERMS,
     THERE, "", None),
    ("otherwise", rated(said("account:2", 80), said("account:1", 60)), TERMS, SEND, "changed_here",
     Verb.RATE),
    ("only Trakt's word", rated(said("account:9", 80), said("account:1", 60)), TERMS, LEFT_OUT,
     "kept_to_itself", None),
    ("Trakt's word and ours", rated(said("account:9", 80), said("account:2", 80)), TERMS, SEND, "",
     Verb.RATE),
    ("Trakt's later word", rated(said("account:9", 80), said("account:2", 60)), TERMS, LEFT_OUT,
     "kept_to_itself", None),
    ("an episode", rated(said("account:2", 80), subject=Subject(
        SubjectKind.EPISODE, "", ids=Ids(tvdb=4))), TERMS, LEFT_OUT, "not_taken", None),
    ("sent so", rated(said("account:2", 80), sent=((RATED, "delivered"),)), TERMS, THERE,
     "sent_before", None),
    ("sent otherwise", rated(said("account:2", 90), sent=((RATED, "delivered"),)), TERMS, SEND,
     "", Verb.RATE),
    ("taken back", rated(said("account:1", 80), taken_back=TAKEN), TERMS, SEND, "taken_back",
     Verb.UNRATE),
    ("taken back at Trakt", rated(said("account:1", 80), taken_back=(
        Line("account:9", "", NOW, removed=True),)), TERMS, LEFT_OUT, "kept_to_itself", None),
    ("wanted", Known(Facet.WATCHLIST, FILM, (FILE,)), TERMS, SEND, "", Verb.WANT),
    ("wanted there", Known(Facet.WATCHLIST, FILM, (FILE, MINE)), TERMS, THERE, "", None),
    ("no more", Known(Facet.WATCHLIST, FILM, (MINE,), taken_back=TAKEN), TERMS, SEND, "taken_back",
     Verb.UNWANT),
    ("nothing is taken off", Known(Facet.WATCHLIST, FILM, (MINE,), taken_back=TAKEN),
     replace(TERMS, verbs=(Verb.WANT,)), LEFT_OUT, "not_taken", None),
    ("loved", Known(Facet.LOVED, TRACK, (FILE,)), MUSIC, SEND, "", Verb.LOVE),
    ("hated", Known(Facet.LOVED, TRACK, (replace(FILE, loved=False),)), MUSIC, LEFT_OUT,
     "not_taken", None),
    ("loved no more", Known(Facet.LOVED, TRACK, (MINE,), taken_back=TAKEN),
     replace(MUSIC, verbs=(Verb.LOVE, Verb.UNLOVE)), SEND, "taken_back", Verb.UNLOVE),
    ("not collected", Known(Facet.COLLECTION, FILM, (FILE,)), TERMS, LEFT_OUT, "not_taken", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "terms", "verdict", "reason"), [one[1:] for one in PLAYS], ids=[o[0] for o in PLAYS]
)
def test_plays(known: Known, terms: Terms, verdict: ExportVerdict, reason: str) -> None:
    what = judged(known, terms)
    assert (what.verdict, what.reason) == (verdict, reason)
    assert (what.said is not None) is (verdict is SEND)


@pytest.mark.parametrize(
    ("known", "terms", "verdict", "reason", "verb"),
    [one[1:] for one in CHANGES],
    ids=[one[0] for one in CHANGES],
)
def test_changes(
    known: Known, terms: Terms, verdict: ExportVerdict, reason: str, verb: Verb | None
) -> None:
    what = judged(known, terms)
    assert (what.verdict, what.reason, what.verb) == (verdict, reason, verb)


def test_the_date_is_one_that_may_be_sent_on() -> None:
    earlier = replace(TRAKT, at=AT - timedelta(minutes=2))
    what = judged(play(earlier, FILE), TERMS)
    assert what.said == FILE
    assert scrobble_of(play(earlier, FILE), what, NOW).dated_at == AT


def test_the_same_line_is_the_same_row_whenever_it_is_asked_for() -> None:
    rows = set()
    for known in (play(), play(place=1), play(NEVER), rated(said("account:2", 80))):
        what = judged(known, replace(TERMS, undated=True))
        one, other = (scrobble_of(known, what, NOW + timedelta(days=by)) for by in (0, 3))
        assert (one.key, one.dated_at) == (other.key, other.dated_at)
        rows.add(one.key)
    assert len(rows) == 4
    assert scrobble_of(play(NEVER), judged(play(NEVER), replace(TERMS, undated=True)),
                       NOW).dated_at == UNDATED  # fmt: skip


def test_ids_are_put_together_and_none_is_overwritten() -> None:
    one = Subject(SubjectKind.EPISODE, "", series=Series("Show", None, Ids(tmdb=7)),
                  season_number=1, episode_number=2)  # fmt: skip
    other = replace(one, ids=Ids(tvdb=5), series=Series("Show!", 2010, Ids(tmdb=8, tvdb=77)))
    both = completed([one, other])
    assert both.ids == Ids(tvdb=5)
    assert both.series == Series("Show", None, Ids(tmdb=7, tvdb=77))


@given(st.integers(1, 100), st.sampled_from([5, 10, 20, 100]), st.sampled_from([5, 10, 100]))
def test_a_rating_that_was_taken_over_is_never_sent_again(
    rating: int, steps: int, scale: int
) -> None:
    # Every line is a whole step of its own scale.
    known = rating_of(step_of(rating, steps), steps) or 1
    ours = said("account:2", known, steps=steps)
    theirs = said("account:1", rating_of(step_of(known, scale), scale), steps=scale)
    assert judged(rated(ours, theirs), TERMS).verdict is THERE


def test_what_was_sent_is_told_apart_by_what_it_said() -> None:
    assert value_of(FILE, None) == ""
    assert value_of(said(OWN, 80), Verb.RATE) != value_of(said(OWN, 90), Verb.RATE)
    # Wanted again after it was taken back: that is another wish.
    again = replace(FILE, at=NOW)
    assert value_of(FILE, Verb.WANT) != value_of(again, Verb.WANT)
    assert Reason(judged(play(TRAKT), TERMS).reason) in Reason


@pytest.mark.parametrize(
    ("ref", "verdict", "reason"),
    [
        ("trakt", SEND, ""),
        ("mal", LEFT_OUT, Reason.NO_IDS),
        ("letterboxd", LEFT_OUT, Reason.NO_IDS),
    ],
)
@pytest.mark.parametrize("facet", [Facet.RATINGS, Facet.WATCHLIST])
def test_an_id_that_only_another_service_knows_names_nothing(
    ref: str, verdict: ExportVerdict, reason: str, facet: Facet
) -> None:
    subject = Subject(SubjectKind.MOVIE, "Dune", 2021, refs=((ref, "7"),))
    what = judged(rated(said("letterboxd-zip", 80), subject=subject, facet=facet), TERMS)
    assert (what.verdict, what.reason) == (verdict, reason)


def test_a_play_is_named_by_no_services_own_id() -> None:
    subject = Subject(SubjectKind.MOVIE, "Dune", 2021, refs=(("trakt", "7"),))
    what = judged(play(subject=subject), TERMS)
    assert (what.verdict, what.reason) == (LEFT_OUT, Reason.NO_IDS)


@pytest.mark.parametrize(
    "zone", ["UTC", "Pacific/Auckland", "Pacific/Kiritimati", "Pacific/Niue", "Asia/Kathmandu"]
)
@pytest.mark.parametrize("facet", [Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST])
def test_what_is_known_by_its_day_is_sent_as_noon_of_that_day_where_the_user_is(
    zone: str, facet: Facet
) -> None:
    # On the day summer time begins in Auckland, too.
    for day in (date(2024, 8, 1), date(2024, 1, 1), date(2024, 9, 29)):
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        line = replace(DAY, at=noon, rating=80)
        known = Known(facet, FILM, (line,))
        what = judged(known, TERMS)
        sent = scrobble_of(known, what, NOW, ZoneInfo(zone))
        there = sent.started_at.astimezone(ZoneInfo(zone))
        assert (there.date(), there.hour) == (day, 12)
        if sent.change is not None:
            assert sent.change.at == sent.started_at
        # Who moves to another country sends nothing twice.
        assert sent.key == scrobble_of(known, what, NOW, UTC).key
