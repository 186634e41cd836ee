"""Corrections and blocks, on every text of an item; previews; files."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core import rule_files
from revenge_companion.core.errors import RuleRefused
from revenge_companion.core.media import Item, Kind, MusicIds, Series
from revenge_companion.core.rules import (
    CORRECTABLE,
    Action,
    Field,
    FieldChange,
    Match,
    Rule,
    Rulebook,
    Seen,
    check_all,
    checked,
    preview,
    text_of,
    with_text,
)
from tests.clock import START

SONG = Item(
    kind=Kind.TRACK,
    media_id="m1",
    title="Words - Remastered 2011",
    artist="low",
    artists=("low",),
    album="I Could Live in Hope (Deluxe)",
    album_artist="low",
    music_ids=MusicIds("rec", "trk", "rel", ("art",)),
    library_id="Music",
)
EPISODE = Item(
    kind=Kind.EPISODE, media_id="m2", title="Pilot", series=Series("Severance (2022)"),
    season_number=1, episode_number=1,
)  # fmt: skip


def a_rule(**changes: Any) -> Rule:
    rule = Rule("r", Action.CORRECT, Field.ARTIST, "low", replace="Low")
    return replace(rule, **changes)


def a_block(field: Field, find: str, **changes: Any) -> Rule:
    return a_rule(name=f"no {find}", action=Action.BLOCK, field=field, find=find, **changes)


@pytest.mark.parametrize(
    ("rule", "field", "after"),
    [
        (a_rule(), Field.ARTIST, "Low"),
        (a_rule(find="LOW"), Field.ARTIST, "Low"),
        (a_rule(find="LOW", ignore_case=False), Field.ARTIST, "low"),
        (a_rule(find="lo"), Field.ARTIST, "low"),
        (a_rule(find="o", match=Match.CONTAINS, replace=r"\1"), Field.ARTIST, r"l\1w"),
        (
            a_rule(field=Field.TITLE, find=r"\s*- Remaster.*$", match=Match.REGEX, replace=""),
            Field.TITLE,
            "Words",
        ),
        (
            a_rule(
                field=Field.ALBUM, find=r"^(.*) \((\w+)\)$", match=Match.REGEX, replace=r"\2: \1"
            ),
            Field.ALBUM,
            "Deluxe: I Could Live in Hope",
        ),
        (a_rule(field=Field.ALBUM_ARTIST, replace=""), Field.ALBUM_ARTIST, ""),
        (a_rule(replace="  "), Field.ARTIST, "low"),
        (a_rule(kinds=(Kind.MOVIE,)), Field.ARTIST, "low"),
        (a_rule(enabled=False), Field.ARTIST, "low"),
        (a_rule(find="(", match=Match.REGEX), Field.ARTIST, "low"),
    ],
)
def test_a_correction_changes_one_text(rule: Rule, field: Field, after: str) -> None:
    ruled = Rulebook([rule]).apply(SONG)
    assert text_of(ruled.item, field) == after
    for other in CORRECTABLE:
        if other is not field:
            assert text_of(ruled.item, other) == text_of(SONG, other)
    assert ruled.corrected_by == (("r",) if ruled.item != SONG else ())


def test_a_series_is_corrected_and_keeps_its_ids() -> None:
    rule = a_rule(field=Field.SERIES, find=r" \(\d{4}\)$", match=Match.REGEX, replace="")
    item = Rulebook([rule]).apply(EPISODE).item
    assert item.series is not None
    assert item.series.title == "Severance"
    assert item.ids == EPISODE.ids


def test_rules_run_in_their_order() -> None:
    first, second = a_rule(name="1", replace="Slow"), a_rule(name="2", find="slow", replace="Fast")
    assert Rulebook([first, second]).apply(SONG).item.artist == "Fast"
    assert Rulebook([second, first]).apply(SONG).item.artist == "Slow"


def test_another_name_forgets_the_ids_that_named_the_old_one() -> None:
    artist = Rulebook([a_rule(replace="Other")]).apply(SONG).item
    assert artist.music_ids == MusicIds(release_mbid="rel")
    assert artist.artists == ("Other",)
    assert with_text(SONG, Field.ALBUM, "X").music_ids == MusicIds("rec", None, None, ("art",))
    assert with_text(SONG, Field.TITLE, SONG.title) is SONG


@pytest.mark.parametrize(
    ("rule", "blocked"),
    [
        (a_block(Field.ARTIST, "Low"), True),
        (a_block(Field.ARTIST, "slow"), False),
        (a_block(Field.TITLE, "words", match=Match.CONTAINS), True),
        (a_block(Field.ALBUM, r"deluxe\)$", match=Match.REGEX), True),
        (a_block(Field.LIBRARY, "music"), True),
        (a_block(Field.DEVICE, "kitchen"), True),
        (a_block(Field.DEVICE, "garage"), False),
        (a_block(Field.SERIES, "Severance"), False),
        (a_block(Field.ARTIST, "Low", kinds=(Kind.EPISODE,)), False),
        (a_block(Field.ARTIST, "Low", enabled=False), False),
    ],
)
def test_a_block_names_what_is_never_scrobbled(rule: Rule, blocked: bool) -> None:
    ruled = Rulebook([rule]).apply(SONG, ("", "Kitchen"))
    assert ruled.blocked_by == (rule.name if blocked else "")


def test_a_block_finds_an_item_by_its_old_name_and_by_its_corrected_one() -> None:
    correct = a_rule(replace="Mid")
    for name in ("low", "Mid"):
        assert Rulebook([correct, a_block(Field.ARTIST, name)]).apply(SONG).blocked_by


@pytest.mark.parametrize(
    "rule",
    [
        a_rule(name=" "),
        a_rule(name="n" * 101),
        a_rule(find=""),
        a_rule(find="f" * 201),
        a_rule(replace="r" * 501),
        a_rule(find="\ud800"),
        a_rule(find="a\0"),
        a_rule(field=Field.DEVICE),
        a_rule(field=Field.LIBRARY),
        a_rule(match=Match.REGEX, find="(a+)+"),
        a_rule(match=Match.REGEX, find="a", replace=r"\1"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(rule: Rule) -> None:
    with pytest.raises(RuleRefused):
        checked(rule)


def test_names_of_rules_are_single() -> None:
    with pytest.raises(RuleRefused, match="Two rules are called r"):
        check_all([a_rule(), a_rule()])
    with pytest.raises(RuleRefused, match="room for 500"):
        check_all([a_rule(name=str(number)) for number in range(501)])


def test_a_preview_shows_what_would_have_changed_and_nothing_else() -> None:
    plays = [Seen(1, SONG, "Kitchen", START), Seen(2, EPISODE, "Kitchen", START)]
    changed = preview([a_rule(), a_block(Field.TITLE, "Pilot")], plays)
    assert [(one.play.play_id, one.changes, one.blocked_by) for one in changed] == [
        (1, (FieldChange(Field.ARTIST, "low", "Low"),), ""),
        (2, (), "no Pilot"),
    ]
    assert preview([], plays) == []


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
_NAMES = _TEXTS.filter(lambda text: bool(text.strip()))
_RULES = st.builds(
    Rule,
    name=_NAMES,
    action=st.just(Action.CORRECT),
    field=st.sampled_from(CORRECTABLE),
    find=_NAMES,
    match=st.sampled_from([Match.WHOLE, Match.CONTAINS]),
    replace=_TEXTS,
    ignore_case=st.booleans(),
    kinds=st.lists(st.sampled_from(Kind), unique=True, max_size=2).map(tuple),
    enabled=st.booleans(),
)


@given(st.lists(_RULES, max_size=5, unique_by=lambda rule: rule.name), st.booleans())
def test_a_file_gives_back_the_rules_that_were_written(rules: list[Rule], toml: bool) -> None:
    assert rule_files.read(rule_files.write(rules, toml=toml), toml=toml) == tuple(rules)


@given(_RULES, _NAMES, _NAMES)
def test_a_correction_never_leaves_a_title_or_an_artist_empty(
    rule: Rule, title: str, artist: str
) -> None:
    item = replace(SONG, title=title, artist=artist)
    after = Rulebook([rule]).apply(item).item
    assert after.title
    assert after.artist


ROW = {"name": "r", "action": "block", "field": "artist", "find": "x"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("[]", "not a file of rules"),
        ("{", "not a JSON file"),
        ("[" * 100_000, "not a JSON file"),
        ({"rules": []}, "not a file of rules"),
        ({"format": "revenge-companion-rules"}, "version"),
        ({"format": "revenge-companion-rules", "version": 2}, "newer"),
        ({"format": "revenge-companion-rules", "version": 1, "rules": {}}, "a list"),
        ([7], "Rule 1: A rule has to be"),
        ([ROW, {**ROW, "name": 5}], "Rule 2: name has to be a text"),
        ([{**ROW, "enabled": 1}], "true or false"),
        ([{**ROW, "action": "burn"}], "action has to be one of correct, block"),
        ([{**ROW, "field": ["artist"]}], "field has to be one of"),
        ([{**ROW, "kinds": [{}]}], "kinds has to be a list"),
        ([{**ROW, "colour": "red"}], "'colour' is not a part"),
        ([{"name": "r"}], "A rule needs action, field, find"),
        ([{**ROW, "match": "regex", "find": "(a+)+"}], "Rule 1: A repeated group"),
    ],
)
def test_a_file_that_is_off_is_refused_with_the_place(data: Any, says: str) -> None:
    if isinstance(data, list):
        data = {"format": "revenge-companion-rules", "version": 1, "rules": data}
    text = data if isinstance(data, str) else json.dumps(data)
    with pytest.raises(RuleRefused, match=says):
        rule_files.read(text, toml=False)


def test_an_import_replaces_rules_of_the_same_name_and_adds_the_others() -> None:
    old, other, new = a_rule(), a_rule(name="o"), a_rule(replace="LOW")
    assert rule_files.merged([old, other], [new, a_rule(name="n")]) == (
        new, other, a_rule(name="n"),
    )  # fmt: skip
