"""Sign-up forms of a newsletter: their words, their fields, whom they take."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.address_rules import AddressRules
from mailer.addresses import Address
from mailer.blocks import Line, address_problem, clean_body
from mailer.database.tables import CustomField, Newsletter, Wording
from mailer.errors import InvalidInput, NotFound, complaint
from mailer.field_kinds import EditableBy, FieldKind, FieldType, Kept
from mailer.sentences import there_are

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
MOST_HOURLY = 10_000
_MOST_FIELDS = 20
_MOST_SITES = 20
_LONGEST_ANSWER = 500


def _page(url: str) -> str:
    problem = address_problem(url) if url else None
    if problem:
        raise InvalidInput(problem)
    if url and not url.startswith(("https://", "http://")):
        raise InvalidInput("the address of a page starts with https://")
    return url


def _origin(site: str) -> str:
    """``https://example.org`` of whatever address of that site somebody entered."""
    parts = urlsplit(site if "://" in site else f"https://{site}")
    host = parts.netloc.rpartition("@")[2].lower()
    named = "." in host or host.partition(":")[0] == "localhost"
    if parts.scheme not in ("https", "http") or not named or address_problem(f"https://{host}"):
        raise InvalidInput("{site!r} is no site; write https://example.org", site=site)
    return f"{parts.scheme}://{host}"


class FormField(BaseModel):
    """A custom field that a form asks for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    required: bool = False


class FormSettings(BaseModel):
    """What a newsletter's people chose for its forms; without a word from them, it works."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    open: bool = True
    offered: bool = True  # while it is open: to readers of the others, among their preferences
    heading: Line = ""
    intro: Words = ""
    consent: Words = ""
    button: Annotated[Line, StringConstraints(max_length=60)] = ""
    ask_name: bool = True
    fields: tuple[FormField, ...] = ()
    welcome: bool = True
    welcome_subject: Line = ""
    welcome_body: Annotated[str, AfterValidator(clean_body)] = ""
    roles: bool = True
    disposable: bool = False
    work: bool = False  # forms without proof of work are refused
    hourly: Annotated[int, Field(ge=10, le=MOST_HOURLY)] = 60  # forms from one network, with proof
    sites: Annotated[
        tuple[Annotated[str, AfterValidator(_origin)], ...], Field(max_length=_MOST_SITES)
    ] = ()  # that may show the form; none named: any
    # Pages of their own in place of ours, after the form and after the confirmation.
    asked_page: Annotated[Line, AfterValidator(_page)] = ""
    confirmed_page: Annotated[Line, AfterValidator(_page)] = ""

    def refuses(
        self, address: Address, rules: AddressRules
    ) -> Literal["role", "disposable"] | None:
        """Why this kind of address may not sign up; ``None``: it may."""
        if not self.disposable and rules.is_disposable(address.key):
            return "disposable"
        return "role" if not self.roles and rules.is_role(address.key) else None


@dataclass(frozen=True, slots=True)
class Question:
    """A custom field as a form shows it."""

    name: str
    label: str
    kind: str
    options: tuple[str, ...]
    required: bool

    def keep(self, answer: str) -> Kept | None:
        """The answer as it is kept; ``InvalidInput``, to be read after the field's label."""
        if len(answer) > _LONGEST_ANSWER:
            raise InvalidInput("is longer than {most} characters", most=_LONGEST_ANSWER)
        return FieldType(FieldKind(self.kind), self.options).keep(answer)


def settings_of(newsletter: Newsletter) -> FormSettings:
    """The form's settings; ``InvalidInput`` names the newsletter and the first wrong value."""
    return _parsed(newsletter, newsletter.sign_up)


def offered(
    session: Session, address: Address, besides: Collection[int], rules: AddressRules
) -> list[tuple[Newsletter, FormSettings]]:
    """Newsletters, *besides* some, that a reader at *address* may have by a tick; by name."""
    every = session.scalars(
        select(Newsletter)
        .where(Newsletter.id.not_in(besides))
        .order_by(Newsletter.name, Newsletter.id)
    )
    known = [(one, settings_of(one)) for one in every]
    return [
        (one, settings)
        for one, settings in known
        if settings.open and settings.offered and not settings.refuses(address, rules)
    ]


def change(session: Session, newsletter: Newsletter, **values: Any) -> FormSettings:
    """Set some of the form's settings; ``InvalidInput``, or ``NotFound``: no such custom field."""
    parsed = changed(session, newsletter, **values)
    newsletter.sign_up = parsed.model_dump(mode="json", exclude_defaults=True)
    return parsed


def changed(session: Session, newsletter: Newsletter, **values: Any) -> FormSettings:
    """What :func:`change` would set; nothing is kept."""
    parsed = _parsed(newsletter, {**newsletter.sign_up, **values})
    known = set(session.scalars(select(CustomField.name)))
    for field in parsed.fields:
        if field.name not in known:
            raise NotFound(
                "There is no custom field {name!r}; {there}",
                name=field.name,
                there=there_are(sorted(known)),
            )
    if len(parsed.fields) > _MOST_FIELDS:
        raise InvalidInput("A form asks for {most} custom fields at most.", most=_MOST_FIELDS)
    return parsed


def questions(session: Session, settings: FormSettings) -> tuple[Question, ...]:
    """The custom fields of a form, in its order; those that were removed since are left out."""
    known = {
        one.name: one
        for one in session.scalars(
            select(CustomField).where(CustomField.name.in_([f.name for f in settings.fields]))
        )
    }
    return tuple(
        _question(known[field.name], required=field.required)
        for field in settings.fields
        if field.name in known
    )


def own_questions(session: Session) -> tuple[Question, ...]:
    """The custom fields that readers may change themselves."""
    rows = session.scalars(
        select(CustomField)
        .where(CustomField.editable_by == EditableBy.READER)
        .order_by(CustomField.label, CustomField.name)
    )
    return tuple(_question(one, required=False) for one in rows)


def answers(asked: Sequence[Question], given: Mapping[str, str]) -> dict[str, Kept]:
    """What was answered, by field; ``InvalidInput`` names the first answer that cannot be kept."""
    kept: dict[str, Kept] = {}
    for question in asked:
        try:
            value = question.keep(given.get(question.name, ""))
        except InvalidInput as error:
            raise InvalidInput(
                "{question}: {problem}.", question=question.label, problem=error.sentence
            ) from error
        if value is not None:
            kept[question.name] = value
        elif question.required:
            raise InvalidInput("{question}: please fill this in.", question=question.label)
    return kept


def wording_digest(text: str) -> str:
    """By what forms name what they say."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def remember_wording(session: Session, text: str, *, now: datetime) -> str:
    """Keep what a form says, for the records of consent given on it; its digest."""
    digest = wording_digest(text)
    if session.get(Wording, digest) is None:
        session.add(Wording(digest=digest, text=text, first_shown_at=now))
        session.flush()
    return digest


def wording(session: Session, digest: str) -> str | None:
    """What the form with this digest said."""
    known = session.get(Wording, digest)
    return known.text if known else None


def _question(field: CustomField, *, required: bool) -> Question:
    return Question(
        field.name, field.label, field.kind.value, tuple(field.options), required=required
    )


def _parsed(newsletter: Newsletter, values: Mapping[str, Any]) -> FormSettings:
    try:
        return FormSettings.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidInput(
            "The form of {newsletter!r} cannot be used: {place}: {problem}.",
            newsletter=newsletter.name,
            place=place,
            problem=complaint(first),
        ) from error
