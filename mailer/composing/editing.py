"""Issues in the composer: opened, saved over the version they were opened at, begun, doubled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from mailer.blocks import Content
from mailer.composing import issues, versions
from mailer.composing.drafting import NO_SUBJECT, Draft, document_of, read_draft
from mailer.database.tables import Issue, IssueState, Newsletter
from mailer.errors import Conflict

CHANGEABLE = (IssueState.DRAFT, IssueState.SCHEDULED)


class Outdated(Conflict):
    """Somebody else has saved the issue since."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An issue as it was left, also where it is not ready to be sent."""

    issue: Issue
    version: int
    document: Mapping[str, Any]
    by: str
    by_id: int | None = None  # whose account wrote it last, where that is known


def open_issue(session: Session, issue_id: int) -> Opened:
    """What to edit; ``NotFound``."""
    issue = issues.get(session, issue_id)
    content = issues.content_of(session, issue)
    kept = versions.newest(session, issue_id)
    # A version may also count up without a word changed, as when the audience is chosen.
    if kept is not None and read_draft(kept.doc).content == content:
        return Opened(issue, issue.version, kept.doc, kept.by, kept.by_id)
    return Opened(issue, issue.version, document_of(content), "")


def save(
    session: Session,
    issue_id: int,
    document: Mapping[str, Any],
    *,
    version: int,
    by: str,
    by_id: int | None = None,
    now: datetime,
) -> tuple[int, Draft]:
    """Write *document* over *version*: the new version, and what is still to be done.

    ``Outdated`` where somebody else was faster, ``Conflict`` where it is being sent,
    ``InvalidIssue`` for what is no document.
    """
    draft = read_draft(document)
    before = issues.get(session, issue_id)
    if before.state in CHANGEABLE and before.version != version:
        raise Outdated(f"Issue {issue_id} was saved by somebody else meanwhile.")
    opened = open_issue(session, issue_id)
    if not opened.by:  # an import or a command wrote it
        document_before = opened.document
        versions.keep(session, issue_id, version, document_before, by="", now=before.changed_at)
    try:
        number = issues.replace(session, issue_id, draft.content, version=version, now=now)
    except Conflict as error:  # at the very same moment
        session.expire_all()
        if issues.get(session, issue_id).state in CHANGEABLE:
            raise Outdated(str(error)) from error
        raise
    versions.keep(session, issue_id, number, document, by=by, by_id=by_id, now=now)
    return number, draft


def begin(
    session: Session, newsletter: Newsletter, *, by: str, by_id: int | None = None, now: datetime
) -> Issue:
    """A new, empty issue."""
    empty = Content(subject=NO_SUBJECT, language=newsletter.language)
    issue = issues.create(session, newsletter.id, empty, now=now)
    document = document_of(empty) | {"subject": ""}
    versions.keep(session, issue.id, issue.version, document, by=by, by_id=by_id, now=now)
    return issue


def double(
    session: Session, issue_id: int, *, by: str, by_id: int | None = None, now: datetime
) -> Issue:
    """A new draft that says the same as *issue_id*."""
    opened = open_issue(session, issue_id)
    draft = read_draft(opened.document)
    content = draft.content.model_copy(update={"title": ""})
    issue = issues.create(session, opened.issue.newsletter_id, content, now=now)
    document = {**opened.document, "title": ""}
    versions.keep(session, issue.id, issue.version, document, by=by, by_id=by_id, now=now)
    return issue
