"""What a mail that came back says: pure values, whoever read them and whoever acts on them."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from mailer.tokens import Reader


class Kind(enum.StrEnum):
    """What came back; *permanent* and *transient* are bounces, reports after acceptance."""

    PERMANENT = "bounce-permanent"  # the address cannot be mailed: it or its host does not exist
    TRANSIENT = "bounce-transient"  # this mail did not arrive; the next one may
    DELAYED = "delayed"  # still being tried: no bounce
    COMPLAINT = "complaint"  # the reader said "this is spam"
    AUTO_REPLY = "auto-reply"  # on vacation, or received: no bounce
    UNSUBSCRIBE = "unsubscribe"  # a mail to unsubscribe+TOKEN@…
    OTHER = "other"  # a person's letter, or nothing we know


BOUNCES = frozenset((Kind.PERMANENT, Kind.TRANSIENT))


class Reason(enum.StrEnum):
    """Why a mail came back."""

    USER_UNKNOWN = "user unknown"
    HOST_UNKNOWN = "host unknown"
    MOVED = "moved"
    TAKES_NO_MAIL = "takes no mail"
    SUSPENDED = "suspended"
    MAILBOX_FULL = "mailbox full"
    MESSAGE_TOO_BIG = "message too big"
    BLOCKED = "blocked"
    SPAM = "content refused"
    SENDER = "sender refused"
    AUTHENTICATION = "sender not authenticated"
    POLICY = "policy"
    RATE = "too many messages"
    RELAYING = "relaying denied"
    NETWORK = "network trouble"
    SYSTEM = "system trouble"
    EXPIRED = "expired"
    LOOP = "mail loop"
    PROTOCOL = "protocol error"
    COMPLAINT = "complaint"
    UNDETERMINED = "undetermined"


# Nothing that is sent to the address can arrive, now or later.
FINAL = frozenset((Reason.USER_UNKNOWN, Reason.HOST_UNKNOWN, Reason.MOVED, Reason.TAKES_NO_MAIL))

# Said of the one mailbox; all else may be said of us, of the mail, or of a server on its way.
OF_MAILBOX = FINAL | {Reason.MAILBOX_FULL, Reason.SUSPENDED}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a report says of one recipient."""

    kind: Kind
    address: str = ""  # as named; empty: not named, or made unreadable
    status: str = ""  # an enhanced status code (RFC 3463), where there is one
    reason: Reason | None = None
    words: str = ""  # the server's own, on one line
    asked: str = ""  # the address that we had sent to, where the report tells it from *address*


@dataclass(frozen=True, slots=True)
class Report:
    """One mail that came back, read.

    *reader* is whom our own signed token in it names; *forged* says that there was a token in
    the address it was sent to, and that it was not made here.
    """

    identity: str  # the same each time this mail comes
    findings: tuple[Finding, ...]
    reader: Reader | None = None
    forged: bool = False
    subject: str = ""
    sender: str = ""
    message_id: str = ""  # of the mail that came back itself
    date: str = ""  # as it says
