"""What status codes mean: enhanced ones (RFC 3463, IANA's registry, providers' own), reply codes."""

from __future__ import annotations

import re

from mailer.reports import Reason

_STATUS = re.compile(r"(?<![\d.])([245])[.](\d{1,3})[.](\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.:@/-])([45][0-7]\d)(?=[ -:#\]\n]|$)(?![.]\d)")

# By subject and detail, whatever the class: 5.2.2 and 4.2.2 are the same trouble.
_STATUSES = {
    "1.1": Reason.USER_UNKNOWN,
    "1.2": Reason.HOST_UNKNOWN,
    "1.3": Reason.USER_UNKNOWN,
    "1.6": Reason.MOVED,
    "1.7": Reason.SENDER,
    "1.8": Reason.SENDER,
    "1.9": Reason.PROTOCOL,
    "1.10": Reason.USER_UNKNOWN,  # RFC 7505: no mail at this domain; with Microsoft: no such user
    "1.351": Reason.USER_UNKNOWN,
    "2.1": Reason.SUSPENDED,
    "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.MESSAGE_TOO_BIG,
    "3.1": Reason.SYSTEM,
    "3.2": Reason.SYSTEM,
    "3.4": Reason.MESSAGE_TOO_BIG,
    "4.1": Reason.NETWORK,
    "4.2": Reason.NETWORK,
    "4.3": Reason.SYSTEM,
    "4.4": Reason.HOST_UNKNOWN,
    "4.5": Reason.SYSTEM,
    "4.6": Reason.LOOP,
    "4.7": Reason.EXPIRED,
    "4.14": Reason.LOOP,
    "4.310": Reason.HOST_UNKNOWN,
    "4.312": Reason.NETWORK,
    "4.316": Reason.EXPIRED,
    "5.0": Reason.PROTOCOL,
    "5.1": Reason.PROTOCOL,
    "5.2": Reason.PROTOCOL,
    "5.4": Reason.PROTOCOL,
    "6.0": Reason.SPAM,
    "6.1": Reason.SPAM,
    "7.0": Reason.POLICY,
    "7.1": Reason.POLICY,
    "7.2": Reason.POLICY,
    "7.7": Reason.POLICY,
    "7.9": Reason.POLICY,
    "7.13": Reason.SUSPENDED,
    "7.20": Reason.AUTHENTICATION,
    "7.21": Reason.AUTHENTICATION,
    "7.22": Reason.AUTHENTICATION,
    "7.23": Reason.AUTHENTICATION,
    "7.24": Reason.AUTHENTICATION,
    "7.25": Reason.BLOCKED,
    "7.26": Reason.AUTHENTICATION,
    "7.27": Reason.POLICY,
    "7.28": Reason.RATE,
    "7.50": Reason.AUTHENTICATION,
    "7.509": Reason.AUTHENTICATION,
    "7.515": Reason.AUTHENTICATION,
    "7.606": Reason.BLOCKED,
}
# Of these the address itself is certainly the reason.
DECISIVE = frozenset(("1.1", "1.2", "1.3", "1.6", "1.10", "1.351"))

_REPLIES = {
    "421": Reason.NETWORK,
    "450": Reason.SYSTEM,
    "451": Reason.SYSTEM,
    "452": Reason.MAILBOX_FULL,
    "521": Reason.TAKES_NO_MAIL,  # RFC 7504
    "551": Reason.USER_UNKNOWN,
    "552": Reason.MAILBOX_FULL,
    "556": Reason.TAKES_NO_MAIL,  # RFC 7504
}


def statuses_in(text: str) -> list[str]:
    """Every enhanced status code in *text*: ``5.1.1``."""
    return [".".join(found) for found in _STATUS.findall(text)]


def replies_in(text: str) -> list[str]:
    """Every reply code of a refusal in *text*: ``550``."""
    return _REPLY.findall(text)


def detail_of(status: str) -> str:
    """Subject and detail: ``1.1`` of ``5.1.1``."""
    return status.partition(".")[2]


def by_status(status: str) -> Reason | None:
    """What an enhanced status code says; ``None``: nothing."""
    return _STATUSES.get(detail_of(status))


def by_reply(code: str) -> Reason | None:
    """What a reply code says by itself; ``None``: nothing."""
    return _REPLIES.get(code)
