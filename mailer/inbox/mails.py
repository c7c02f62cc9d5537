"""Store of mails that the built-in inbox took; only the newest are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from mailer.database.tables import InboxMail

MOST_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it came: its envelope, its subject in words, its bytes."""

    received_at: datetime
    sender: str
    recipient: str
    subject: str
    source: bytes


def add_mails(connection: Connection, mails: Sequence[Mail]) -> None:
    """Keep *mails*, and forget those that are too many."""
    connection.execute(
        insert(InboxMail),
        [
            {
                "received_at": mail.received_at,
                "sender": mail.sender,
                "recipient": mail.recipient,
                "subject": mail.subject,
                "source": mail.source,
            }
            for mail in mails
        ],
    )
    newest = select(func.max(InboxMail.id)).scalar_subquery()
    connection.execute(delete(InboxMail).where(InboxMail.id <= newest - MOST_KEPT))


def find(session: Session, words: str, *, before: int | None, most: int) -> list[InboxMail]:
    """The newest mails that hold *words* in sender, recipient or subject; with their sources."""
    query = select(InboxMail).where(*_matching(words))
    if before is not None:
        query = query.where(InboxMail.id < before)
    return list(session.scalars(query.order_by(InboxMail.id.desc()).limit(most)))


def count(session: Session, words: str = "") -> int:
    """How many mails hold *words*."""
    return session.scalar(select(func.count()).select_from(InboxMail).where(*_matching(words))) or 0


def neighbours(session: Session, mail_id: int) -> tuple[int | None, int | None]:
    """The next newer and the next older mail."""
    newer = session.scalar(select(func.min(InboxMail.id)).where(InboxMail.id > mail_id))
    older = session.scalar(select(func.max(InboxMail.id)).where(InboxMail.id < mail_id))
    return newer, older


def clear(session: Session) -> None:
    """Forget all mails."""
    session.execute(delete(InboxMail))


def _matching(words: str) -> list[ColumnElement[bool]]:
    return [
        or_(
            *(
                column.icontains(word, autoescape=True)
                for column in (InboxMail.sender, InboxMail.recipient, InboxMail.subject)
            )
        )
        for word in words.split()
    ]
