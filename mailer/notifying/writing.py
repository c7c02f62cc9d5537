"""Writes notices: rendered and stored in the caller's transaction, sent once it is committed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.addresses import parse_address
from mailer.database.tables import Newsletter, Notice
from mailer.errors import ConfigurationError, InvalidAddress
from mailer.notifying.message import Envelope, compose
from mailer.rendering.notice import Letterhead, NoticePress

READY = "ready"  # the kind of messages that came written


@dataclass(frozen=True, slots=True)
class _Sender:
    name: str
    address: str  # as it travels
    return_path: str
    reply_to: str | None
    letterhead: Letterhead


@dataclass(frozen=True, slots=True)
class Notifier:
    """Everything that writing a notice takes; one for the whole installation."""

    press: NoticePress
    system_from: str | None  # like "River Watch <office@river.test>"

    def notify(
        self,
        session: Session,
        kind: str,
        *,
        to: str,
        values: Mapping[str, str],
        now: datetime,
        newsletter: Newsletter | None = None,
        to_name: str = "",
        language: str | None = None,
        expires_at: datetime | None = None,
    ) -> Notice:
        """Render ``templates/notices/<kind>`` with *values* and queue it for the address *to*.

        It comes from *newsletter*; without one, from the installation (``MAILER_SYSTEM_FROM``,
        else the first newsletter). Its words are in *language*, else in the newsletter's.
        Values are plain text, or `Markup` cleaned by `mailer.blocks.clean_body`; ``address`` and
        ``newsletter`` are always known. What is still waiting at *expires_at* is not sent.
        ``InvalidAddress``, or ``ConfigurationError`` (template, words, no sender).
        """
        address = parse_address(to)
        sender = self._sender(session, newsletter, language)
        rendered = self.press.render(kind, sender.letterhead, {"address": address.shown, **values})
        domain = sender.address.rpartition("@")[2]
        message = compose(
            Envelope(sender.name, sender.address, to_name, address.wire, sender.reply_to),
            rendered,
            language=sender.letterhead.language,
            message_id=f"{secrets.token_hex(12)}.{kind}@{domain}",
            now=now,
        )
        notice = Notice(
            kind=kind,
            newsletter_id=newsletter.id if newsletter else None,
            mail_from=sender.return_path,
            recipient=address.wire,
            subject=rendered.subject,
            message=message,
            created_at=now,
            due_at=now,
            expires_at=expires_at,
        )
        session.add(notice)
        session.flush()
        return notice

    def queue(
        self,
        session: Session,
        message: bytes,
        *,
        mail_from: str,
        to: str,
        subject: str,
        now: datetime,
        newsletter: Newsletter | None = None,
        kind: str = READY,
    ) -> Notice:
        """Queue a whole message as it is, such as the test of an issue; ``InvalidAddress``.

        It needs no dot-stuffing, and gets a DKIM signature where it has none and one is set.
        """
        notice = Notice(
            kind=kind,
            newsletter_id=newsletter.id if newsletter else None,
            mail_from=parse_address(mail_from).wire,
            recipient=parse_address(to).wire,
            subject=subject,
            message=message,
            created_at=now,
            due_at=now,
        )
        session.add(notice)
        session.flush()
        return notice

    def _sender(
        self, session: Session, newsletter: Newsletter | None, language: str | None
    ) -> _Sender:
        if newsletter is not None:
            return _of_newsletter(newsletter, language)
        first = session.scalars(select(Newsletter).order_by(Newsletter.id).limit(1)).first()
        if self.system_from:
            name, address = _parsed(self.system_from)
            shown = name or (first.name if first else address.rpartition("@")[2])
            return _Sender(shown, address, address, None, Letterhead(shown, language or "en", {}))
        if first is None:
            raise ConfigurationError(
                "Nobody can be written to yet: set MAILER_SYSTEM_FROM, or add a newsletter."
            )
        return _of_newsletter(first, language)


def _of_newsletter(newsletter: Newsletter, language: str | None) -> _Sender:
    address = parse_address(newsletter.from_address).wire
    return _Sender(
        name=newsletter.from_name,
        address=address,
        return_path=parse_address(newsletter.return_path or newsletter.from_address).wire,
        reply_to=parse_address(newsletter.reply_to).wire if newsletter.reply_to else None,
        letterhead=Letterhead(
            newsletter.name,
            language or newsletter.language,
            newsletter.look,
            newsletter.theme,
            newsletter.postal_address,
        ),
    )


def _parsed(system_from: str) -> tuple[str, str]:
    name, address = parseaddr(system_from)
    try:
        return name, parse_address(address or system_from).wire
    except InvalidAddress as error:
        raise ConfigurationError(f"MAILER_SYSTEM_FROM cannot be used: {error}") from error
