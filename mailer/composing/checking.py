"""What stands between an issue and its readers, found before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.audience import targeting
from mailer.blocks import Content, Urgent
from mailer.composing import editing
from mailer.composing.approving import lacks_approval
from mailer.composing.drafting import read_draft
from mailer.composing.publishing import Published
from mailer.database.tables import Consent, CustomField, Issue, Subscriber, Subscription
from mailer.errors import MailerError
from mailer.placeholders import BUILT_IN, Placeholder, find
from mailer.rendering.places import (
    images_without_alt,
    missing_links,
    placeholders_in_addresses,
    unknown_placeholders,
)
from mailer.sentences import Counted, Sentence

_GMAIL_CLIPS = 102 * 1024
_BUDGET = 80 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend (*blocking*) or to look at; *place* is like ``blocks.3.button.url``."""

    message: Sentence
    place: str = ""
    blocking: bool = False
    waivable: bool = False  # may go out all the same, if somebody says so

    @property
    def sentence(self) -> Sentence:
        """With its place."""
        if not self.place:
            return self.message
        return Sentence("{place}: {problem}", place=self.place, problem=self.message)

    def __str__(self) -> str:
        return str(self.sentence)


def check(session: Session, issue: Issue, published: Published, *, now: datetime) -> list[Finding]:
    """Everything found, what blocks first. Rendering has been done: a broken template never
    comes this far."""
    findings = [
        *_readers_pages(published),
        *_audience(session, issue, now),
        *_placeholders(session, issue, published.content),
        *check_content(issue, published),
    ]
    if not issue.newsletter.postal_address:
        findings.append(
            Finding(
                Sentence("The newsletter has no postal address; many countries' laws ask for one.")
            )
        )
    return joined(_unfinished(session, issue), findings)


def check_content(issue: Issue, published: Published) -> list[Finding]:
    """What the content alone tells; quick, for whoever is writing it."""
    return [
        *_places(published.content),
        *_links(published),
        *_sizes(published),
        *_dates(published.content, issue),
    ]


def joined(unfinished: Iterable[Finding], findings: Iterable[Finding]) -> list[Finding]:
    """Both, what blocks first; of two at one place, what is said of the unfinished field."""
    first = list(unfinished)
    told = {finding.place for finding in first}
    rest = [finding for finding in findings if not finding.place or finding.place not in told]
    return sorted([*first, *rest], key=lambda finding: not finding.blocking)


def _unfinished(session: Session, issue: Issue) -> Iterator[Finding]:
    """Fields that somebody left in the composer as they cannot be sent, and a missing approval."""
    for problem in read_draft(editing.open_issue(session, issue.id).document).problems:
        yield Finding(problem.words, problem.place, blocking=True)
    if lacks_approval(session, issue):
        yield Finding(
            Sentence(
                "A second person has to approve this version: {newsletter} asks for it.",
                newsletter=issue.newsletter.name,
            ),
            "approval",
            blocking=True,
        )


def _audience(session: Session, issue: Issue, now: datetime) -> Iterator[Finding]:
    try:
        people = targeting.size(session, issue, now=now)
    except MailerError as error:  # a segment's rule names what is gone
        yield Finding(
            Sentence("Its audience cannot be told: {problem}", problem=error.sentence),
            "audience",
            blocking=True,
        )
        return
    if people == 0:
        chosen = targeting.audience_of(session, issue.id)
        nobody = (
            Sentence(
                "Nobody subscribed to {newsletter} is in its audience ({audience}): "
                "there is nobody to send it to.",
                newsletter=issue.newsletter.name,
                audience=chosen,
            )
            if chosen.include or chosen.exclude
            else Sentence(
                "Nobody is subscribed to {newsletter}: there is nobody to send it to.",
                newsletter=issue.newsletter.name,
            )
        )
        yield Finding(nobody, "audience", blocking=True)
    if not issue.newsletter.name or not issue.subject.strip():
        yield Finding(Sentence("The issue needs a subject."), "subject", blocking=True)


def _placeholders(session: Session, issue: Issue, content: Content) -> Iterator[Finding]:
    used = {placeholder.field: placeholder for placeholder in find(content.model_dump_json())}
    known = {
        *BUILT_IN,
        *(name for name in used if name not in BUILT_IN and _exists(session, name)),
    }
    for place, name in unknown_placeholders(content, known):
        yield Finding(
            Sentence(
                "No subscriber has a field [[{name}]]; check the spelling, or add the field first.",
                name=name,
            ),
            place,
            blocking=True,
        )
    for placeholder in used.values():
        if placeholder.field in known and placeholder.default is None:
            yield from _without_default(session, issue, placeholder)


def _exists(session: Session, name: str) -> bool:
    if session.get(CustomField, name) is not None:
        return True
    held = Subscriber.fields[name].as_string().is_not(None)
    return session.scalar(select(Subscriber.id).where(held).limit(1)) is not None


def _without_default(session: Session, issue: Issue, placeholder: Placeholder) -> Iterator[Finding]:
    name = placeholder.field
    field = session.get(CustomField, name)
    if name == "address" or (field is not None and field.default):
        return
    own = func.coalesce(Subscriber.fields[name].as_string(), "") == ""
    lacks = own & (Subscriber.name == "") if name == "first_name" else own
    if name == "name":
        lacks = Subscriber.name == ""
    missing = session.scalar(
        select(func.count())
        .select_from(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            Subscription.newsletter_id == issue.newsletter_id,
            Subscription.state == Consent.CONFIRMED,
            lacks,
        )
    )
    if missing:
        yield Finding(
            Counted(
                "{n} of the subscribers has no {name} and would be skipped; "
                "give a default, as in [[{name}|friend]].",
                "{n:,} of the subscribers have no {name} and would be skipped; "
                "give a default, as in [[{name}|friend]].",
                n=missing,
                name=name,
            )
        )


def _readers_pages(published: Published) -> Iterator[Finding]:
    if published.stranded_at:
        yield Finding(
            Sentence(
                "Links, pictures and unsubscribing lead to {address}: for readers, that is their own "
                "machine. Set MAILER_BASE_URL to where they reach this one.",
                address=published.stranded_at,
            ),
            blocking=True,
            waivable=True,
        )


def _places(content: Content) -> Iterator[Finding]:
    if not content.blocks:
        nothing = Sentence("The issue has no blocks: there is nothing to read.")
        yield Finding(nothing, "blocks", blocking=True)
    for place in missing_links(content):
        missing = Sentence("An address is missing: fill it in.")
        yield Finding(missing, place, blocking=True, waivable=True)
    for place in placeholders_in_addresses(content):
        yield Finding(
            Sentence("Placeholders are not filled in in addresses."), place, blocking=True
        )
    for place in images_without_alt(content):
        yield Finding(Sentence("The picture has no words for people who do not see it."), place)


def _links(published: Published) -> Iterator[Finding]:
    for link in published.links:
        for conflict in link.conflicts:
            yield Finding(
                Sentence("The link {label!r}: {problem}.", label=link.label, problem=conflict),
                f"blocks.{link.block_position}",
            )


def _sizes(published: Published) -> Iterator[Finding]:
    size = published.rendered.size
    if size > _GMAIL_CLIPS:
        yield Finding(
            Sentence(
                "The HTML has {n} KB: Gmail shows only the first 102 KB. Shorten the issue.",
                n=size // 1024,
            )
        )
    elif size > _BUDGET:
        yield Finding(
            Sentence("The HTML has {n} KB; from 102 KB on, Gmail cuts it off.", n=size // 1024)
        )


def _dates(content: Content, issue: Issue) -> Iterator[Finding]:
    day: date = (issue.scheduled_at or issue.changed_at).date()
    for position, block in enumerate(content.blocks):
        if isinstance(block, Urgent) and block.deadline is not None and block.deadline < day:
            yield Finding(
                Sentence(
                    "The deadline, {day}, is over when the issue goes out.",
                    day=block.deadline.isoformat(),
                ),
                f"blocks.{position}.deadline",
            )
