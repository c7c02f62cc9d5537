"""Custom fields hold what their kind says, whoever writes them and whatever stood there before."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from mailer.audience import field_uses, fields, forms, segments, subscribers
from mailer.audience.selecting import select_people
from mailer.blocks import Content, Text
from mailer.composing import issues
from mailer.database.engine import reading, transaction
from mailer.errors import Conflict, InvalidInput, NotFound
from mailer.field_kinds import EditableBy, FieldKind
from mailer.rules import parse
from tests.support.factories import NOON, add_newsletter, add_subscriber
from tests.support.sending import SIGNER
from tests.support.site import mailer_of


def test_a_field_is_defined_changed_and_listed(engine: Engine) -> None:
    with transaction(engine) as session:
        fields.add(session, "Age", FieldKind.NUMBER, now=NOON, default="18")
        fields.add(session, "size", FieldKind.CHOICE, now=NOON, options=["small", "large"])
        fields.change(session, "age", label="Years", editable_by=EditableBy.READER)
    with reading(engine) as session:
        age, size = fields.every(session)
        assert (age.name, age.label, age.kind) == ("age", "Years", FieldKind.NUMBER)
        assert age.default == {"value": 18}
        assert age.editable_by is EditableBy.READER
        assert (size.label, size.options) == ("Size", ["small", "large"])


@pytest.mark.parametrize("name", ["", "2nd", "two words", "name", "token", "tags", "x" * 61])
def test_a_field_needs_a_name_that_placeholders_can_write(engine: Engine, name: str) -> None:
    with transaction(engine) as session, pytest.raises(InvalidInput, match="cannot be called"):
        fields.add(session, name, FieldKind.TEXT, now=NOON)


def test_a_field_is_defined_once_and_a_choice_has_options(engine: Engine) -> None:
    with transaction(engine) as session:
        fields.add(session, "city", FieldKind.TEXT, now=NOON)
        with pytest.raises(Conflict, match="already"):
            fields.add(session, "CITY", FieldKind.TEXT, now=NOON)
        with pytest.raises(InvalidInput, match="needs options"):
            fields.add(session, "size", FieldKind.CHOICE, now=NOON)
        with pytest.raises(InvalidInput, match="Options are for a choice"):
            fields.add(session, "age", FieldKind.NUMBER, now=NOON, options=["1"])
        with pytest.raises(NotFound, match="there are: city"):
            fields.get(session, "town")


def test_what_people_have_is_made_to_fit_or_nothing_is_changed(engine: Engine) -> None:
    with transaction(engine) as session:
        for n, value in enumerate(["18", "1,5", 7, "old", None]):
            add_subscriber(session, f"{n}@readers.test", fields={"age": value, "x": "y"})
    unfit = pytest.raises(InvalidInput, match="'old', which is no number")
    with unfit, transaction(engine) as session:
        fields.add(session, "age", FieldKind.NUMBER, now=NOON)
    with reading(engine) as session:
        assert fields.every(session) == []

    with transaction(engine) as session:
        _, changed = fields.add(session, "age", FieldKind.NUMBER, now=NOON, clear_unfit=True)
    with reading(engine) as session:
        kept = [subscribers.get(session, f"{n}@readers.test").fields for n in range(5)]
    assert [one.get("age") for one in kept] == [18, 1.5, 7, None, None]
    assert all(one["x"] == "y" for one in kept)
    assert changed == 4


def test_values_of_one_person_are_checked_when_they_are_written(engine: Engine) -> None:
    with transaction(engine) as session:
        river = add_newsletter(session)
        fields.add(session, "age", FieldKind.NUMBER, now=NOON, label="Age")
        with pytest.raises(InvalidInput, match="Age: 'ten' is no number"):
            subscribers.add(
                session, river, "a@x.test", now=NOON, fields={"age": "ten"}, signer=SIGNER
            )
        ann = subscribers.add(
            session,
            river,
            "a@x.test",
            now=NOON,
            fields={"age": "10", "other": " free "},
            signer=SIGNER,
        ).subscriber
        assert ann.fields == {"age": 10, "other": "free"}


def test_readers_change_only_what_they_may(engine: Engine) -> None:
    by = EditableBy.READER
    with transaction(engine) as session:
        fields.add(session, "city", FieldKind.TEXT, now=NOON, editable_by=by)
        fields.add(session, "rank", FieldKind.TEXT, now=NOON)

        assert fields.kept_values(session, {"city": " Lisbon "}, by=by) == {"city": "Lisbon"}
        assert fields.kept_values(session, {"city": ""}, by=by) == {"city": None}
        for name in ("rank", "unknown"):
            with pytest.raises(InvalidInput, match=f"{name} cannot be changed here"):
                fields.kept_values(session, {name: "1"}, by=by)


def test_a_field_that_a_segment_needs_stays(engine: Engine) -> None:
    with transaction(engine) as session:
        add_subscriber(session, fields={"city": "Lindholm", "age": 3})
        fields.add(session, "city", FieldKind.TEXT, now=NOON)
        segments.add(session, "Here", 'place within "Lindholm"', now=NOON)
        with pytest.raises(Conflict, match="needed by the segment 'Here'"):
            field_uses.remove(session, "city")
        segments.remove(session, "Here")
        assert field_uses.remove(session, "city", with_values=True) == 1
    with reading(engine) as session:
        assert subscribers.get(session, "ann@readers.test").fields == {"age": 3}


def test_a_field_keeps_its_use_under_another_name(engine: Engine) -> None:
    with transaction(engine) as session:
        river = add_newsletter(session)
        add_subscriber(session, fields={"town": "Lindholm", "age": 3})
        for name in ("town", "age"):
            fields.add(session, name, FieldKind.TEXT, now=NOON)
        forms.change(session, river, fields=[{"name": "age"}, {"name": "town", "required": True}])
        segments.add(session, "Here", 'field town is "Lindholm" or place within "x"', now=NOON)
        draft = issues.create(
            session, river.id, Content(subject="News", preheader="for [[town|you]]"), now=NOON
        )
        used = field_uses.uses(session)["town"]
        assert (used.segments, used.forms, used.issues) == (["Here"], [river.name], [draft.id])

        with pytest.raises(Conflict, match=rf"Issue {draft.id} says \[\[town\]\]"):
            field_uses.rename(session, "town", "city")
        draft.preheader = ""
        with pytest.raises(Conflict, match="already"):
            field_uses.rename(session, "town", "age")
        field_uses.rename(session, "town", "City")
        asked = forms.questions(session, forms.settings_of(river))
        assert [(one.name, one.required) for one in asked] == [("age", False), ("city", True)]
        rule = segments.get(session, "Here").rule
        assert rule == 'field city is "Lindholm" or place within "x"'
        with pytest.raises(Conflict, match="asks for the field age"):
            field_uses.remove(session, "age")
    with reading(engine) as session:
        kept = subscribers.get(session, "ann@readers.test").fields
        assert kept == {"city": "Lindholm", "age": "3"}


def test_a_default_stands_in_mails_where_a_person_has_no_value(engine: Engine) -> None:
    with transaction(engine) as session:
        fields.add(session, "city", FieldKind.TEXT, now=NOON, default="your <town> [here]")
        content = Content(
            subject="News for [[city]]",
            blocks=(Text(body="<p>[[city]], [[city|you]], [[age]]</p>"),),
        )
        issue = issues.create(session, add_newsletter(session).id, content, now=NOON)
        rendered = mailer_of(engine).publisher.publish(session, issue, now=NOON).rendered
    assert rendered.subject == "News for [[city|your <town>  here ]]"
    assert "[[city|your &lt;town&gt;  here ]], [[city|you]], [[age]]" in rendered.html
    assert "[[city|your <town>  here ]], [[city|you]], [[age]]" in rendered.text


def test_a_name_of_any_script_finds_what_people_have(engine: Engine) -> None:
    """However their values came: SQLite keeps what lists bring as written, all else in escapes."""
    with transaction(engine) as session:
        add_subscriber(session, "ann@a.test", fields={"größe": "18"})
        ben = add_subscriber(session, "ben@a.test")
        raw = 'UPDATE subscribers SET fields = \'{"größe":"7"}\' WHERE id = :id'
        session.execute(text(raw), {"id": ben.id})
        assert fields.add(session, "größe", FieldKind.NUMBER, now=NOON)[1] == 2
        found = select_people(session, parse("field größe at least 7"), now=NOON)
        assert session.scalar(found.count()) == 2
        assert field_uses.remove(session, "größe", with_values=True) == 2
