"""A test of an issue: the message that readers get, for one of those who write it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.addresses import parse_address
from mailer.composing import editing, issues
from mailer.composing.publishing import Publisher
from mailer.database.tables import Issue, IssueTest, Newsletter, Subscriber
from mailer.delivering.prepared import message_head
from mailer.placeholders import TOKEN, find
from mailer.rendering.message import MessageTemplate, date_value, mailbox, personal_values

# Stands where a reader's token does: no link of a test unsubscribes anybody.
TEST_TOKEN = "test-"  # noqa: S105  # a mark, not a secret
_TOKEN_BYTES = 13


@dataclass(frozen=True, slots=True)
class Trial:
    """A message to be queued, and what goes with it."""

    message: bytes
    mail_from: str
    subject: str
    newsletter: Newsletter


def compose(
    session: Session,
    issue_id: int,
    publisher: Publisher,
    *,
    to_name: str,
    to_address: str,
    now: datetime,
) -> Trial:
    """The test of the issue as it is stored, for whoever asks.

    Its links lead straight to where they go, so that they can be tried before there is anything
    to count. ``NotFound``, ``InvalidAddress``, ``InvalidIssue``, ``ConfigurationError``.
    """
    issue = issues.get(session, issue_id)
    published = replace(publisher, track_clicks=False, track_opens=False).publish(
        session, issue, now=now
    )
    rendered = published.rendered
    subject = rendered.subject
    head = message_head(issue, subject, base_url=publisher.base_url)
    template = MessageTemplate(head, html=rendered.html, text=rendered.text)
    address = parse_address(to_address)
    marks = find(f"{subject} {rendered.html} {rendered.text}")
    bare = frozenset(mark.field for mark in marks if mark.default is None) - {TOKEN}
    message = template.render(
        f"{TEST_TOKEN}{secrets.token_hex(_TOKEN_BYTES)}".encode(),
        mailbox(to_name, address.wire.encode()),
        date_value(now),
        _values(session, address.shown, to_name, template.fields, bare),
    )
    return Trial(message, head.from_address, subject, issue.newsletter)


def _values(
    session: Session, address: str, name: str, needed: frozenset[str], bare: frozenset[str]
) -> Mapping[str, str]:
    """What they have as a subscriber; what they lack, and has no default, is shown as written."""
    known = session.scalars(
        select(Subscriber).where(Subscriber.address_key == address.lower())
    ).first()
    fields = known.fields if known else {}
    values = personal_values(address, (known and known.name) or name, fields, needed)
    return {field: f"[[{field}]]" for field in bare} | {
        field: value for field, value in values.items() if value
    }


def note(session: Session, issue_id: int, *, to: str, by: str, now: datetime) -> None:
    """Remember which version was tested."""
    opened = editing.open_issue(session, issue_id)
    session.add(IssueTest(issue_id=issue_id, version=opened.version, address=to, by=by, at=now))
    session.flush()


def last_test(session: Session, issue: Issue) -> IssueTest | None:
    """The newest test of the version there is now."""
    return session.scalars(
        select(IssueTest)
        .where(IssueTest.issue_id == issue.id, IssueTest.version == issue.version)
        .order_by(IssueTest.id.desc())
        .limit(1)
    ).first()
