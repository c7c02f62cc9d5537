"""An issue ready to be sent: its message template and the envelope each reader's copy travels in."""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from sqlalchemy.orm import Session

from mailer.addresses import parse_address
from mailer.database.tables import Issue, Rendition
from mailer.delivering.envelopes import envelope
from mailer.delivering.recipients import Recipient
from mailer.errors import NotFound
from mailer.rendering.message import (
    MessageHead,
    MessageTemplate,
    mailbox,
    personal_values,
)
from mailer.signing import DkimSigner
from mailer.tokens import Signer

log = logging.getLogger(__name__)

_FEEDBACK_ID_LENGTH = 15  # SenderId: 5 to 15 characters, the same in every mail


@dataclass(frozen=True, slots=True)
class PreparedIssue:
    """What a worker needs to write any reader's copy; no database behind it."""

    issue_id: int
    newsletter_id: int
    template: MessageTemplate
    from_address: str
    return_path: str | None
    dkim: DkimSigner | None = None

    @property
    def sender(self) -> str:
        """The domain that it is sent from."""
        return self.from_address.rpartition("@")[2]

    @property
    def with_fields(self) -> bool:
        """Whether the text uses subscribers' own fields."""
        return bool(self.template.fields - {"name", "address"})

    def compose(
        self, recipient: Recipient, signer: Signer, date: bytes, *, dsn: bool = False
    ) -> tuple[bytes, bytes]:
        """The envelope and the message; ``MissingField``.

        With *dsn*, reports of failure and delay are asked for.
        """
        raw = signer.raw(self.issue_id, recipient.subscriber_id)
        address = recipient.wire_address.encode()
        message = self.template.render(
            base64.urlsafe_b64encode(raw),
            mailbox(recipient.name, address),
            date,
            personal_values(
                recipient.address, recipient.name, recipient.fields, self.template.fields
            ),
        )
        if self.dkim is not None:
            message = self.dkim.sign(message, now=_moment(date), canonical=True)
        if not self.return_path:
            return envelope(self.from_address.encode(), address), message
        # In hex: some servers change the case of a local part on its way back.
        identity = raw.hex()
        local, _, domain = self.return_path.rpartition("@")
        sender = f"{local}+{identity}@{domain}".encode()
        return envelope(sender, address, identity=identity.encode() if dsn else b""), message


def load_prepared(
    session: Session, issue_id: int, *, base_url: str, dkim: DkimSigner | None = None
) -> PreparedIssue:
    """The frozen rendition of an issue as a template; ``NotFound`` before it was frozen."""
    issue = session.get(Issue, issue_id)
    rendition = session.get(Rendition, issue_id)
    if issue is None or rendition is None:
        raise NotFound("Issue {number} has not been started.", number=issue_id)
    head = message_head(issue, rendition.subject, base_url=base_url)
    return PreparedIssue(
        issue_id=issue_id,
        newsletter_id=issue.newsletter_id,
        template=MessageTemplate(head, html=rendition.html, text=rendition.text),
        from_address=head.from_address,
        return_path=_wire(issue.newsletter.return_path),
        dkim=_covering(dkim, head.from_address),
    )


def message_head(issue: Issue, subject: str, *, base_url: str) -> MessageHead:
    """What stands in the header of every copy of an issue."""
    newsletter = issue.newsletter
    from_address = parse_address(newsletter.from_address).wire  # the domain as A-labels
    domain = from_address.rpartition("@")[2]
    return_path = _wire(newsletter.return_path)
    return MessageHead(
        subject=subject,
        from_name=newsletter.from_name,
        from_address=from_address,
        list_name=newsletter.name,
        list_id=f"{newsletter.slug}.{domain}",
        feedback_id=f"{issue.id}:{newsletter.slug}:issue:{_sender_id(domain)}",
        base_url=base_url,
        language=issue.language,
        reply_to=_wire(newsletter.reply_to),
        incoming_domain=return_path.rpartition("@")[2] if return_path else None,
    )


def _wire(address: str | None) -> str | None:
    return parse_address(address).wire if address else None


def _covering(dkim: DkimSigner | None, from_address: str) -> DkimSigner | None:
    if dkim is None:
        return None
    fitting = dkim.covering(from_address)
    if fitting is None:
        log.warning(
            "mails from %s go without a DKIM signature: the keys are for %s",
            from_address,
            ", ".join(sorted({key.domain for key in dkim.keys})),
        )
    return fitting


@lru_cache(maxsize=16)
def _moment(date: bytes) -> datetime:
    """When a message was written: the signature says what its Date says."""
    return parsedate_to_datetime(date.decode())


def _sender_id(domain: str) -> str:
    return "".join(c for c in domain if c.isalnum())[:_FEEDBACK_ID_LENGTH].ljust(5, "0")
