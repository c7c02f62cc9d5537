"""A segment's rule means one thing, as text, as a tree and as JSON."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import InvalidInput, InvalidRule
from mailer.rules import from_json, parse, positions, to_json
from mailer.rules.syntax import (
    Aim,
    And,
    Comparison,
    Deed,
    InSegment,
    LastDays,
    LastIssues,
    Not,
    OneIssue,
    Operator,
    Or,
    Rule,
    Standing,
    Subject,
    Subscribed,
    Target,
    Verb,
    leaves,
)
from tests.support.rules import rules

CAMPAIGN = (
    'tag is "volunteer" and (place within "Lindholm" or field district is "North") and joined '
    "after 2026-01-01 and clicked any action in last 3 issues and not received in last 2 issues "
    'and language is "de"'
)


def is_(subject: Subject, value: str, field: str = "") -> Comparison:
    return Comparison(subject, Operator.IS, (value,), field)


def test_a_rule_of_every_kind_is_read_as_it_is_meant() -> None:
    assert parse(CAMPAIGN) == And(
        (
            is_(Subject.TAG, "volunteer"),
            Or(
                (
                    Comparison(Subject.PLACE, Operator.WITHIN, ("Lindholm",)),
                    is_(Subject.FIELD, "North", "district"),
                )
            ),
            Comparison(Subject.JOINED, Operator.AFTER, (date(2026, 1, 1),)),
            Deed(Verb.CLICKED, Target(Aim.ACTION), LastIssues(3)),
            Not(Deed(Verb.RECEIVED, None, LastIssues(2))),
            is_(Subject.LANGUAGE, "de"),
        )
    )
    assert str(parse(CAMPAIGN)) == CAMPAIGN


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('tag is not "a"', Not(is_(Subject.TAG, "a"))),
        ('not tag is "a"', Not(is_(Subject.TAG, "a"))),
        ('tag is one of "a", "b"', Comparison(Subject.TAG, Operator.ONE_OF, ("a", "b"))),
        ("language is not empty", Not(Comparison(Subject.LANGUAGE, Operator.EMPTY))),
        ('time zone starts with "Europe/"', Comparison(Subject.TIME_ZONE, Operator.STARTS, ("Europe/",))),
        ("field age at least 18", Comparison(Subject.FIELD, Operator.AT_LEAST, (18.0,), "age")),
        ("field member is yes", Comparison(Subject.FIELD, Operator.IS, (True,), "member")),
        ('field "two words" is -1.5', Comparison(Subject.FIELD, Operator.IS, (-1.5,), "two words")),
        ("joined since 31.1.2026", Comparison(Subject.JOINED, Operator.SINCE, (date(2026, 1, 31),))),
        ('joined since "2026-1-31"', Comparison(Subject.JOINED, Operator.SINCE, (date(2026, 1, 31),))),
        ("joined in the last 30 days", Comparison(Subject.JOINED, Operator.LAST_DAYS, (30.0,))),
        ('subscribed to "river"', Subscribed("river")),
        ('unsubscribed from "river"', Subscribed("river", Standing.UNSUBSCRIBED)),
        ('in segment "All"', InSegment("All")),
        ("opened", Deed(Verb.OPENED)),
        ("clicked", Deed(Verb.CLICKED)),
        ('acted on "Sign" in issue 7', Deed(Verb.CLICKED, Target(Aim.ACTION, "Sign"), OneIssue(7))),
        ('clicked link "https://x.test/" in last 9 days', Deed(Verb.CLICKED, Target(Aim.LINK, "https://x.test/"), LastDays(9))),
        ('did nothing in last 5 issues of "river"', Deed(Verb.NOTHING, None, LastIssues(5, "river"))),
        ("TAG IS “a”", is_(Subject.TAG, "a")),
        ('place is "Germany"', Comparison(Subject.PLACE, Operator.WITHIN, ("Germany",))),
        ('place is not "DE"', Not(Comparison(Subject.PLACE, Operator.WITHIN, ("DE",)))),
    ],
)  # fmt: skip
def test_what_can_be_said(text: str, rule: Rule) -> None:
    assert parse(text) == rule


def test_and_binds_tighter_than_or_and_the_canonical_text_shows_it() -> None:
    rule = parse('tag is "a" or tag is "b" and not (tag is "c" or opened)')
    assert str(rule) == 'tag is "a" or (tag is "b" and not (tag is "c" or opened))'


@given(rules())
def test_the_text_of_a_tree_is_read_as_the_same_tree(rule: Rule) -> None:
    assert parse(str(rule)) == rule
    assert str(parse(str(rule))) == str(rule)


@given(rules())
def test_the_json_of_a_tree_is_read_as_the_same_tree(rule: Rule) -> None:
    assert from_json(json.loads(json.dumps(to_json(rule)))) == rule


@given(rules())
def test_each_comparison_is_found_where_it_stands(rule: Rule) -> None:
    text = str(rule)
    found = positions(text)
    parts = [str(leaf) for leaf in leaves(rule)]
    assert len(found) == len(parts)
    assert all(
        text.startswith(part.split(" is ")[0], at) for part, at in zip(parts, found, strict=True)
    )


@given(st.text(max_size=60) | st.text('tagis"() andornt', max_size=60))
def test_any_text_is_a_rule_or_refused_with_a_place_in_it(text: str) -> None:
    place: int | None = None
    try:
        rule = parse(text)
    except InvalidRule as error:
        place = error.position
    else:
        assert parse(str(rule)) == rule
    assert place is None or 0 <= place <= len(text)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "the rule ends where"),
        ('tag equals "x"', 4, "there is equals where is, is one of or is empty was expected"),
        ('tag is "x', 7, "no closing quotation mark"),
        ("tag is x", 7, 'there is x where a text such as "this" was expected'),
        ('tag is "x" und opened', 11, "there is und where and, or or the end was expected"),
        ('(tag is "x"', 11, "the rule ends where ), and or or was expected"),
        ('tag = "x"', 4, "'=' has no meaning here; write is"),
        ('tags is "x"', 0, "tags is nothing that a rule asks for; write tag"),
        ('opened or newsletter is "x"', 10, 'newsletter is nothing that a rule asks for; write subscribed to "…"'),
        ("field age is 1,5", 13, "write 1.5 with a point"),
        ("field age above 1,250", 16, "write 1.250 with a point, or several numbers behind: is one of"),
        ("field age is 1e5", 13, "write the number 1e5 in at most 15 plain digits"),
        ("field age is one of 1, .5", 23, "write the number .5"),
        ('name is "a\x00b"', 10, "something that is no character"),
        ('name is "\ud83d"', 9, "something that is no character"),
        ("joined after 2026-02-30", 13, "there is no day 2026-02-30"),
        ("joined after 31/1/2026", 13, "write the day 31/1/2026 like 2026-01-31"),
        ("joined after yesterday", 13, "a day such as 2026-01-31 was expected"),
        ("clicked any button", 12, "action, link or block was expected"),
        ("received in last 0 issues", 17, "0 cannot be counted"),
        ("received in last 2.5 issues", 17, "2.5 cannot be counted"),
        ("did nothing", 11, "in last 5 issues"),
        ('subscribed to river', 14, "a newsletter's short name in quotation marks"),
        ('segment ""', 8, "a segment's name in quotation marks"),
        ("field age at least \"x\"", 19, "a number was expected"),
        ("(" * 50 + "opened" + ")" * 50, 40, "nested too deeply"),
        (" and ".join(["opened"] * 201), 200 * 11, "more than 200 parts"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(text: str, position: int, words: str) -> None:
    with pytest.raises(InvalidRule) as caught:
        parse(text)

    assert words in str(caught.value)
    assert caught.value.position == position
    assert str(caught.value).startswith(f"The rule cannot be read at character {position + 1}: ")


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"and": [{"segment": "one"}]},
        {"subject": "tag", "operator": "above", "values": [3]},
        {"subject": "tag", "operator": "is", "values": []},
        {"subject": "joined", "operator": "after", "values": ["tomorrow"]},
        {"subject": "tag", "operator": "is", "values": [{"x": 1}]},
        {"verb": "did nothing"},
        {"verb": "opened", "target": {"aim": "link"}},
        {"segment": ""},
        {"not": {"standing": "fond of", "newsletter": "river"}},
    ],
)
def test_json_that_says_no_rule_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        from_json(value)
