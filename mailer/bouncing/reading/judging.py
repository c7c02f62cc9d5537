"""Judges one refusal: is the address the reason, or may the next mail arrive?

In doubt it may: a transient bounce is counted, and only many of them in a row end in a suppression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.bouncing.reading.codes import (
    DECISIVE,
    by_reply,
    by_status,
    detail_of,
    replies_in,
    statuses_in,
)
from mailer.bouncing.reading.phrases import by_words
from mailer.reports import FINAL, Finding, Kind, Reason

_MOST_JUDGED = 1500  # characters of a server's words
_MOST_KEPT = 500
_AFTER_RCPT = re.compile(
    r"\bRCPT|does not like recipient|"
    # As servers begin their answer to it.
    r"\b5\d\d:? <[^<>\s]{1,80}@[^<>\s]{1,255}>: ",
    re.IGNORECASE,
)
_AFTER_DATA = re.compile(
    r"end of data|(?:\bDATA|\bTEXT|end of message) command|>>> DATA|\bDATA\b", re.IGNORECASE
)
_AFTER_MAIL = re.compile(
    r"\bMAIL[ _]?FROM\b|sender address|my name was rejected|\b(?:HELO|EHLO) command",
    re.IGNORECASE,
)
# What a system says of its own users: nobody else refused.
_OF_ITS_OWN = re.compile(
    r"not listed in|invalid final delivery|name is not recogni[sz]ed|unknown\s+recipient|"
    r"account or domain may not exist|check if address is correct|5\.4\.1|#?5\.1\.0|"
    r"wasn.{1,8}t found at|recipientnotfound|does(?:n't| not) exist|(?:^|: )unknown user: |"
    r"no valid recipients|no user by that name at this server|mailbox unavailable: user not found",
    re.IGNORECASE,
)
# Google says it above the other server's words, whatever these are: it counts where there are none.
_NOT_FOUND = re.compile(r"the address couldn.t be found", re.IGNORECASE)
# A gateway's own words around those of the server it asked.
_QUOTING = re.compile(r"^5\.\d\.\d - [\w ]{5,40} 550[- ]'(.+?)'?(?: \(delivery attempts: \d+\))?$")
_GIVEN_UP = re.compile(r"was aborted after", re.IGNORECASE)
# Yahoo says it after the message, and of its own users.
_CERTAIN = re.compile(r"delivery error: dd this user doesn't have", re.IGNORECASE)
# A mailbox that cannot be written is there.
_LOCAL_TROUBLE = re.compile(r"(?:could(?:n't| not)|cannot) create", re.IGNORECASE)
# What a sending server says of hosts by itself, without having asked one.
_VAGUE = frozenset((Reason.POLICY, Reason.PROTOCOL, Reason.SYSTEM, Reason.NETWORK))


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a report holds about one recipient, not yet judged."""

    address: str = ""
    asked: str = ""
    action: str = ""  # of RFC 3464; empty where it was told in prose
    status: str = ""
    words: str = ""  # the other server's
    around: str = ""  # what the reporting server says about it


def judge(refusal: Refusal) -> Finding:
    """The finding: what came back, and why."""
    words = " ".join(refusal.words.split())[:_MOST_JUDGED]
    around = " ".join(refusal.around.split())[:_MOST_JUDGED]
    quoted = _QUOTING.match(words)
    if quoted:
        words = f"550 {quoted[1]}"
        status = next(iter(statuses_in(words)), refusal.status)
    else:
        status = _status(refusal.status, words or around)
    if refusal.action in ("delivered", "relayed", "expanded"):
        kind, reason = Kind.OTHER, None
    else:
        reason = _reason(status, words, around)
        kind = _kind(refusal.action, status, reason, words, around)
    return Finding(
        kind=kind,
        address=refusal.address,
        status=status,
        reason=reason,
        words=(words or around)[:_MOST_KEPT],
        asked=refusal.asked,
    )


def judge_reply(address: str, reply: str) -> Finding:
    """The same of what a relay answered at once, when it was offered a mail to *address*."""
    return judge(Refusal(address=address, action="failed", words=reply))


def _status(named: str, words: str) -> str:
    """The most telling code: the other server's own stands in its words."""
    own = statuses_in(words)
    telling = [code for code in own if not detail_of(code).startswith("0.")]
    given = statuses_in(named)
    if given and detail_of(given[0]) not in (
        "0.0",
        "5.0",
        "3.0",
        "1.0",
        "2.0",
        "7.0",
        "4.0",
        "4.7",
    ):
        return given[0]
    return next(iter(telling or given or own), "")


def _reason(status: str, words: str, around: str) -> Reason:
    answered = by_reply(next(iter(replies_in(words)), ""))
    if answered is Reason.TAKES_NO_MAIL and by_words(words) in (None, *_VAGUE):
        return answered
    by_code = by_status(status)
    if by_code and detail_of(status) in DECISIVE:
        said = by_words(words)
        if by_words(around) is Reason.MAILBOX_FULL:
            return Reason.MAILBOX_FULL
        # "5.1.1 mailbox full": servers that know one code only.
        return said if said and (said in _OVERRULING or _LOCAL_TROUBLE.search(words)) else by_code
    if by_code and by_code not in _VAGUE:
        said = by_words(words)
        clearer = (by_code, said) in _CLEARER or (by_code is Reason.SUSPENDED and said in FINAL)
        return said if said and clearer else by_code
    said = by_words(words) or by_words(around)
    if said is Reason.HOST_UNKNOWN and _GIVEN_UP.search(around) and not replies_in(words):
        return Reason.EXPIRED
    if said:
        return said
    codes = replies_in(words) or replies_in(around)
    return by_code or (by_reply(codes[0]) if codes else None) or Reason.UNDETERMINED


_CLEARER = frozenset(((Reason.HOST_UNKNOWN, Reason.NETWORK),))
_OVERRULING = frozenset(
    (
        Reason.MAILBOX_FULL,
        Reason.SPAM,
        Reason.BLOCKED,
        Reason.AUTHENTICATION,
        Reason.RATE,
        Reason.LOOP,
    )
)


def _kind(action: str, status: str, reason: Reason, words: str, around: str) -> Kind:
    if action == "delayed":
        return Kind.DELAYED
    if reason not in FINAL or status.startswith("4") or _only_later(words):
        return Kind.TRANSIENT
    if reason is Reason.USER_UNKNOWN and not _sure(status, words, around):
        return Kind.TRANSIENT
    if reason is Reason.HOST_UNKNOWN and _of_the_sender(words, around):
        return Kind.TRANSIENT
    return Kind.PERMANENT


def _only_later(words: str) -> bool:
    codes = replies_in(words)
    return bool(codes) and all(code.startswith("4") for code in codes)


def _sure(status: str, words: str, around: str) -> bool:
    """Whether "user unknown" was said of the recipient, and before the message was seen.

    Filters say it after the message, or to senders they do not like.
    """
    if detail_of(status) in DECISIVE or detail_of(status) == "5.0":
        return True
    if _CERTAIN.search(words):
        return True
    said = f"{words} {around}"
    if _AFTER_DATA.search(said) and not _AFTER_RCPT.search(words):
        return False
    if _of_the_sender(words, around):
        return False
    if _NOT_FOUND.search(said) and not replies_in(said):
        return True
    return bool(_AFTER_RCPT.search(said)) or _OF_ITS_OWN.search(said) is not None


def _of_the_sender(words: str, around: str) -> bool:
    """Whether the server spoke before it had heard of the recipient."""
    said = f"{words} {around}"
    return bool(_AFTER_MAIL.search(said)) and not _AFTER_RCPT.search(said)
