"""Patterns from users: what is refused, what is priced, and that none runs away."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenge_companion.core.errors import RuleRefused
from revenge_companion.core.patterns import LONGEST_TEXT, check_template, compiled, literal

USEFUL = [
    r" - remaster(ed)?$",
    r"\s*[\(\[].*?remaster(?:ed)?.*?[\)\]]\s*$",
    r"^(.*), The$",
    r"^(?P<last>[^,]+), (?P<first>.+)$",
    r"\bfeat\. .*$",
    r"( feat\. .*)?$",
    r"\d{4}",
    r"[]x]+",
    r"a{2,3}b{,4}",
    r"{not a repeat}",
    r"live|demo|edit",
    r"a++b",
    r"(?:ab)+",
]

RUNAWAY = [
    r"(a+)+b",
    r"(a*)*",
    r"(a|aa)+$",
    r"(a|a)*b",
    r"(a?){30}a{30}",
    r"((ab?)+c)*",
    r"(.*){3}x",
    r"(?:a{1,9}){1,9}",
    r"a?" * 25 + "a" * 25,
    r"a*a*a*a*a*a*a*b",
]


@pytest.mark.parametrize("text", USEFUL)
def test_a_pattern_that_people_write_is_taken(text: str) -> None:
    assert compiled(text).limit >= 60


@pytest.mark.parametrize("text", RUNAWAY)
def test_a_pattern_that_could_run_away_is_refused(text: str) -> None:
    with pytest.raises(RuleRefused):
        compiled(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "1 to 200"),
        ("a" * 201, "1 to 200"),
        ("(", "not valid"),
        ("a{99999999999}", "not valid"),
        (r"(a)\1", "refer back"),
        (r"(?P<x>a)(?P=x)", "no other"),
        (r"a(?=b)", "no other"),
        (r"(?<!b)a", "no other"),
        (r"(?i)a", "no other"),
        (r"(?:x{501,600})", None),
    ],
)
def test_a_refusal_says_why(text: str, says: str | None) -> None:
    with pytest.raises(RuleRefused, match=says):
        compiled(text)


@pytest.mark.parametrize(
    "text", ["a*b", "a*a*b", "a*a*a*b", "^a*a*a*b", ".*.*.*x", "a?a?a?a?a?a?a?a?a*a*b"]
)
def test_the_worst_text_of_a_dear_pattern_is_quick(text: str) -> None:
    pattern = compiled(text)
    began = time.process_time()
    assert not pattern.found_in("a" * pattern.limit)
    assert time.process_time() - began < 3.0


def test_a_text_too_long_for_a_pattern_is_left_alone() -> None:
    pattern = compiled("a*a*a*b")
    assert pattern.limit < LONGEST_TEXT
    long = "b" * (pattern.limit + 1)
    assert not pattern.found_in(long)
    assert pattern.replaced(long, "x") == long


def test_what_comes_out_is_never_longer_than_a_text_may_be() -> None:
    assert len(compiled("a").replaced("a" * 100, "b" * 100)) == LONGEST_TEXT


@pytest.mark.parametrize("template", [r"\2", r"\g<nobody>", "\\"])
def test_a_replacement_that_does_not_fit_is_refused(template: str) -> None:
    with pytest.raises(RuleRefused, match="replacement"):
        check_template(compiled("(a)"), template)


@given(st.text(max_size=60), st.text(max_size=60), st.booleans())
def test_plain_words_are_found_as_they_are(before: str, word: str, ignore: bool) -> None:
    if word:
        assert literal(word, whole=False, ignore_case=ignore).found_in(before + word)
        assert literal(word, whole=True, ignore_case=ignore).found_in(word)
        whole = literal(word, whole=True, ignore_case=False)
        assert whole.found_in(before) == (before == word)


_PIECES = st.lists(
    st.sampled_from(["a", "b", "(", ")", "|", "*", "+", "?", "{2}", "{0,3}", ".", "[ab]", "(?:"]),
    max_size=14,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(_PIECES)
def test_whatever_is_taken_is_quick_and_finds_what_python_finds(text: str) -> None:
    try:
        pattern = compiled(text)
    except RuleRefused:
        return
    for sample in ("a" * pattern.limit, "ab" * (pattern.limit // 2)):
        began = time.process_time()
        found = pattern.found_in(sample)
        assert time.process_time() - began < 3.0
        assert found == (re.search(text, sample, re.IGNORECASE) is not None)
