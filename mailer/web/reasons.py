"""Reasons that the database keeps in a few words of English, as sentences that pages can say."""

from __future__ import annotations

import re

from mailer.sentences import Sentence
from mailer.web.languages import spoken

# Why somebody was skipped, is suppressed, or is taken for a machine; others (a relay's, a person's
# own words, a program's name) stay as they are.
_KNOWN = {
    str(one): one
    for one in (
        Sentence("not confirmed"),
        Sentence("unsubscribed"),
        Sentence("paused"),
        Sentence("erased"),
        Sentence("cancelled"),
        Sentence("asked for"),
        Sentence("given up for a new address"),
        Sentence("complained: spam"),
        Sentence("undeliverable or blocked in the program before"),
        Sentence("no reason given"),
        Sentence("user unknown"),
        Sentence("host unknown"),
        Sentence("moved"),
        Sentence("takes no mail"),
        Sentence("suspended"),
        Sentence("mailbox full"),
        Sentence("blocked"),
        Sentence("expired"),
        Sentence("HEAD request"),
        Sentence("prefetch"),
        Sentence("no user agent"),
        Sentence("within 2 seconds of sending"),
        Sentence("3 links within 3 seconds"),
    )
}
# Those that say more: the same words, with what is read from the places in braces.
_MADE = (
    Sentence("bounced: {why}"),
    Sentence("refused: {why}"),
    Sentence("bounced {count} times in a row over {days} days: {why}"),
    Sentence("refused {count} times in a row over {days} days: {why}"),
    Sentence("undeliverable or blocked in the program before ({why})"),
    Sentence("{why}, {status}"),
)
_SUPPRESSED = "suppressed: "
_PLACES = {"count": r"\d+", "days": r"\d+", "status": r"\d\.\d{1,3}\.\d{1,3}", "why": ".+"}


def _reader(pattern: str) -> re.Pattern[str]:
    named = re.sub(
        r"\\\{(\w+)\\\}", lambda place: f"(?P<{place[1]}>{_PLACES[place[1]]})", re.escape(pattern)
    )
    return re.compile(named, re.DOTALL)


_READERS = [(_reader(one), str(one)) for one in _MADE]


def reason_words(reason: str) -> str:
    """A stored reason, ready to be said in the language of the page."""
    if reason in _KNOWN:
        return _KNOWN[reason]
    if reason.startswith(_SUPPRESSED):
        return Sentence("suppressed ({why})", why=reason_words(reason.removeprefix(_SUPPRESSED)))
    for reader, pattern in _READERS:
        if found := reader.fullmatch(reason):
            places = {
                name: reason_words(value) if name == "why" else _number(value)
                for name, value in found.groupdict().items()
            }
            return Sentence(pattern, **places)
    return reason


def reason_said(reason: str) -> str:
    """The same, said."""
    return spoken(reason_words(reason))


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text
