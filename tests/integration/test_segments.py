"""Segments and tags: saved, counted live, kept as long as something needs them."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.audience import field_uses, fields, segments, tags, targeting
from mailer.audience.selecting import doubts, select_people
from mailer.audience.selecting.describing import describe
from mailer.database.engine import reading, transaction
from mailer.database.tables import Consent, Issue, IssueLink, IssueSegment, IssueState
from mailer.errors import Conflict, InvalidInput, InvalidRule, MeaninglessRule, NotFound
from mailer.field_kinds import FieldKind
from mailer.rules import from_json, parse
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber


def people(session: Session, rule: str) -> int:
    return segments.count(session, select_people(session, parse(rule), now=NOON))


def test_a_segment_is_counted_live_and_paged(engine: Engine) -> None:
    with transaction(engine) as session:
        for n in range(5):
            add_subscriber(session, f"{n}@readers.test", language="de" if n % 2 else "en")
        saved = segments.add(session, "English", "LANGUAGE is  “en”", now=NOON)
        assert saved.rule == 'language is "en"'
    with transaction(engine) as session:
        add_subscriber(session, "new@readers.test", language="en-GB")
    with reading(engine) as session:
        selected = segments.selection(session, "english", now=NOON)
        assert segments.count(session, selected) == 4
        first = segments.members(session, selected, limit=2)
        rest = segments.members(session, selected, after=first[-1].id)
        assert [one.address for one in [*first, *rest]] == [
            "0@readers.test", "2@readers.test", "4@readers.test", "new@readers.test",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ('tag is "volunter"', "There is no tag 'volunter'; did you mean 'Volunteer'?"),
        ('field distrikt is "x"', "There is no field 'distrikt'; did you mean 'district'?"),
        ('subscribed to "rivers"', "did you mean 'river'?"),
        ('segment "x"', "There is no segment 'x'; there is none at all yet."),
        ("received in issue 9", "There is no issue 9."),
        (f'tag is "{"v" * 9000}"', "There is no tag 'v{120}…'; there are"),
        ('place within "x"', "Nobody's place is known"),
        ("field age is yes", r"The field age \(number\) is compared with numbers, not yes"),
        ('field age contains "1"', r"The field age \(number\) cannot be compared by contains; write one of: is, "),
        ("field district is 5", "texts in quotation marks, not 5"),
        ('field size is "huge"', "The field size: 'huge' is none of small, large"),
    ],
)  # fmt: skip
def test_a_rule_that_means_nothing_here_is_not_saved(engine: Engine, rule: str, words: str) -> None:
    """Which part of it, and where that stands, is said."""
    with transaction(engine) as session:
        add_newsletter(session)
        tags.ensure(session, ["Volunteer"], now=NOON)
        fields.add(session, "district", FieldKind.TEXT, now=NOON)
        fields.add(session, "age", FieldKind.NUMBER, now=NOON)
        fields.add(session, "size", FieldKind.CHOICE, now=NOON, options=["small", "large"])
        with pytest.raises(MeaninglessRule, match=words) as said:
            segments.add(session, "Wrong", f"(opened) or not {rule}", now=NOON)
        assert (said.value.part, said.value.position) == (1, len("(opened) or not "))


def test_a_field_without_the_word_field_is_told_from_a_word_that_nobody_knows(
    engine: Engine,
) -> None:
    with transaction(engine) as session:
        fields.add(session, "district", FieldKind.TEXT, now=NOON)
        with pytest.raises(InvalidRule, match="district is a field; write field district") as said:
            segments.add(session, "Wrong", 'opened or district is "North"', now=NOON)
        assert said.value.position == len("opened or ")
        with pytest.raises(InvalidRule, match="there is distract where"):
            segments.add(session, "Wrong", 'distract is "North"', now=NOON)


@pytest.mark.parametrize(
    ("rule", "part", "words"),
    [
        ('opened or field district is "Nroth"', 1, "Nobody fits field district is \"Nroth\"; did you mean 'North'?"),
        ('not language is one of "dee", "en"', 0, "Nobody fits language is \"dee\"; did you mean 'de'?"),
        ('language is "Klingon"', 0, "Nobody fits language is \"Klingon\"; there are: de, en."),
        ('place within "Norht"', 0, "Nobody fits place within \"Norht\"."),
        ('name is "Bo"', 0, 'Nobody fits name is "Bo".'),
        ('acted on "Sing now" in last 2 issues', 0, "No issue has the action 'Sing now'; did you mean 'Sign now'?"),
        ('clicked block "now"', 0, "No issue has the block 'now'; did you mean 'now-1'?"),
        ('clicked link "https://else.test/"', 0, "No issue has the link 'https://else.test/'; there are: Sign now."),
    ],
)  # fmt: skip
def test_what_nobody_has_is_told_with_what_people_have(
    engine: Engine, rule: str, part: int, words: str
) -> None:
    with transaction(engine) as session:
        a_place_to_speak_of(session)
        found = doubts(session, parse(rule), now=NOON)
        assert [(one.part, str(one.words)) for one in found] == [(part, words)]


def test_of_what_somebody_has_nothing_is_told(engine: Engine) -> None:
    with transaction(engine) as session:
        a_place_to_speak_of(session)
        for rule in (
            'language is "German" and language is one of "englisch", "de"',
            'field district is "NORTH" and not field district starts with "n"',
            'acted on "sign NOW" in last 1 issues or clicked block "now-1" in issue 1',
            'address is "ann@readers.test" and domain within "test" and joined on 2020-01-01',
            "clicked any action in last 5 days or field age above 99 or tag is empty",
        ):
            assert doubts(session, parse(rule), now=NOON) == [], rule


def a_place_to_speak_of(session: Session) -> None:
    newsletter = add_newsletter(session)
    fields.add(session, "district", FieldKind.TEXT, now=NOON)
    fields.add(session, "age", FieldKind.NUMBER, now=NOON)
    fields.add(session, "city", FieldKind.TEXT, now=NOON)
    for name, language in (("ann", "de"), ("cy", "de"), ("di", "en")):
        one = add_subscriber(session, f"{name}@readers.test", language=language)
        one.fields = {"district": "North"}
    issue = add_issue(session, newsletter, state=IssueState.SENT, started_at=NOON)
    session.add(
        IssueLink(
            issue_id=issue.id, number=1, url="https://act.test/", label="Sign now", role="action",
            block="now-1", block_position=1,
        )
    )  # fmt: skip
    session.flush()


def test_a_segment_is_never_part_of_itself(engine: Engine) -> None:
    with transaction(engine) as session:
        segments.add(session, "A", 'language is "en"', now=NOON)
        segments.add(session, "B", 'segment "A" or language is "de"', now=NOON)
        for rule in ('segment "A"', 'not segment "b"'):
            with pytest.raises(InvalidInput, match="would be part of itself"):
                segments.change_rule(session, "A", rule, now=NOON)
        assert segments.get(session, "A").rule == 'language is "en"'
        with pytest.raises(Conflict, match="part of the segment 'B'"):
            segments.remove(session, "A")
        with pytest.raises(Conflict, match="already"):
            segments.add(session, "a", 'language is "en"', now=NOON)


def test_a_segment_that_an_issue_waits_with_stays(engine: Engine) -> None:
    with transaction(engine) as session:
        issue = add_issue(session, add_newsletter(session), state=IssueState.SCHEDULED)
        segments.add(session, "A", 'language is "en"', now=NOON)
        targeting.choose(session, issue.id, include=["a"], now=NOON)
        with pytest.raises(Conflict, match=f"audience of issue {issue.id}, which is scheduled"):
            segments.remove(session, "A")
        targeting.choose(session, issue.id, now=NOON)
        segments.remove(session, "A")
        assert segments.every(session) == []


def test_a_whole_selection_is_tagged_and_untagged_at_once(engine: Engine) -> None:
    with transaction(engine) as session:
        for n in range(6):
            add_subscriber(session, f"{n}@readers.test", language="de" if n % 2 else "en")
        ann = add_subscriber(session, "ann@readers.test")
        english = select_people(session, parse('language is "en"'), now=NOON)
        everybody = select_people(session, parse('not address is "x@y.test"'), now=NOON)

        assert tags.tag(session, " River  Friends ", english, now=NOON) == 3
        assert tags.tag(session, "river friends", everybody, now=NOON) == 4
        assert tags.mark(session, ann.id, ["RIVER FRIENDS", "new"], now=NOON) == 1
        assert tags.of(session, ann.id) == ["new", "River Friends"]
        assert tags.untag(session, "River Friends", english) == 3
        assert people(session, 'tag is "river FRIENDS"') == 4
        assert people(session, "tag is empty") == 3
        assert [(one.name, one.people) for one in tags.counted(session)] == [
            ("new", 1), ("River Friends", 4),
        ]  # fmt: skip


def test_a_tag_that_a_rule_needs_stays(engine: Engine) -> None:
    """Whether a segment says it or an issue that goes out by what the segment said."""
    with transaction(engine) as session:
        tags.mark(session, add_subscriber(session).id, ["vip"], now=NOON)
        segments.add(session, "Them", 'not tag is one of "VIP"', now=NOON)
        issue = an_issue_for(session, "Them")
        with pytest.raises(Conflict, match="The tag 'vip' is needed by the segment 'Them'"):
            tags.remove(session, "vip")
        segments.change_rule(session, "Them", "opened", now=NOON)
        with pytest.raises(Conflict, match=f"The tag 'vip' is needed by issue {issue.id} until"):
            tags.remove(session, "vip")
        issue.state = IssueState.SENT
        assert tags.remove(session, "vip") == 1
        with pytest.raises(NotFound):
            tags.get(session, "vip")


def test_rules_follow_a_tag_that_is_renamed(engine: Engine) -> None:
    with transaction(engine) as session:
        tags.mark(session, add_subscriber(session).id, ["vip", "other"], now=NOON)
        segments.add(session, "Them", 'opened or not (tag is one of "VIP", "other")', now=NOON)
        issue = an_issue_for(session, "Them")
        with pytest.raises(Conflict, match="'Other' already; merge the two"):
            tags.rename(session, "vip", "Other")
        assert tags.rename(session, "vip", 'Very "I" P').name == 'Very "I" P'
        wanted = 'opened or tag is not one of "Very \\"I\\" P", "other"'
        assert segments.get(session, "Them").rule == wanted
        assert session.scalars(
            select(IssueSegment.rule).where(IssueSegment.issue_id == issue.id)
        ).all() == [wanted]
        assert tags.needed_by(session) == {'Very "I" P': ["Them"], "other": ["Them"]}


def test_two_tags_become_one(engine: Engine) -> None:
    with transaction(engine) as session:
        both, one, other = (add_subscriber(session, f"{n}@readers.test") for n in range(3))
        tags.mark(session, both.id, ["vip", "V.I.P."], now=NOON)
        tags.mark(session, one.id, ["vip"], now=NOON)
        tags.mark(session, other.id, ["V.I.P."], now=NOON)
        segments.add(session, "Them", 'tag is one of "vip", "V.I.P." or tag is "VIP"', now=NOON)
        with pytest.raises(InvalidInput, match="with itself"):
            tags.merge(session, "vip", "VIP")
        assert tags.merge(session, "vip", "v.i.p.") == 1
        assert [(tag.name, tag.people) for tag in tags.counted(session)] == [("V.I.P.", 3)]
        assert segments.get(session, "Them").rule == 'tag is one of "V.I.P." or tag is "V.I.P."'
        assert segments.count(session, segments.selection(session, "Them", now=NOON)) == 3


def an_issue_for(session: Session, segment: str) -> Issue:
    """One that has started, with its audience frozen."""
    issue = add_issue(session, add_newsletter(session), state=IssueState.SCHEDULED)
    targeting.choose(session, issue.id, include=[segment], now=NOON)
    targeting.freeze(session, issue.id, now=NOON)
    issue.state = IssueState.SENDING
    session.flush()
    return issue


def test_what_is_offered_for_building_rules_makes_rules(engine: Engine) -> None:
    """Every subject and operator described is one that a rule can be made of."""
    values = {
        "text": "x",
        "option": "small",
        "number": 1,
        "day": "2026-01-01",
        "yes-no": True,
        "days": 3,
    }
    with transaction(engine) as session:
        add_newsletter(session)
        tags.ensure(session, ["x"], now=NOON)
        for kind in FieldKind:
            options = ["small"] if kind is FieldKind.CHOICE else []
            fields.add(session, f"f_{kind.name}", kind, now=NOON, options=options)
        fields.add(session, "city", FieldKind.TEXT, now=NOON)
        known = describe(session)
        made = 0
        for subject in known["subjects"]:
            for operator in subject["operators"]:
                value = operator["value"]
                part = {
                    "subject": subject["subject"], "operator": operator["operator"],
                    "values": [] if value == "nothing" else [values[value]],
                    **({"field": subject["field"]} if "field" in subject else {}),
                }  # fmt: skip
                session.execute(select_people(session, from_json(part), now=NOON).count())
                made += 1
        assert made > 40
        assert known["newsletters"] == [{"slug": "river", "name": "River Watch"}]


def test_people_of_a_segment_are_still_those_who_agreed(engine: Engine) -> None:
    with transaction(engine) as session:
        river = add_newsletter(session)
        for state in Consent:
            add_subscriber(session, f"{state}@x.test", newsletter=river, state=state, language="en")
        segments.add(session, "English", 'language is "en"', now=NOON)
        selected = segments.selection(session, "English", now=NOON)
        assert segments.count(session, selected) == 3
        assert targeting.confirmed(session, "river", selected) == 1


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("cc", "DE", "de"), ("land", "Norge", "norge"), ("state", "Ohio", "OHIO"),
        ("ort", "Lindholm", "Lindholm"), ("plz", "24937", "249"), ("zip_code", "90210", "90210"),
        ("code_postal", "75011", "75"), ("région", "Bretagne", "bretagne"),
    ],
)  # fmt: skip
def test_a_place_is_known_by_whatever_its_column_was_called(
    engine: Engine, field: str, value: str, wanted: str
) -> None:
    with transaction(engine) as session:
        fields.add(session, field, FieldKind.TEXT, now=NOON)
        add_subscriber(session, "ann@a.test", fields={field: value})
        add_subscriber(session, "ben@a.test", fields={field: "elsewhere"})
        segments.add(session, "Here", f'place within "{wanted}"', now=NOON)
        assert people(session, f'place within "{wanted}"') == 1
        with pytest.raises(Conflict, match="needed by the segment 'Here'"):
            field_uses.remove(session, field)
