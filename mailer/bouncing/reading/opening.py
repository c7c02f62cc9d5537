"""Reads one mail that came back: which form it has decides which reader is asked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mailer.bouncing.reading import complaints, json_notices, prose, status_reports
from mailer.bouncing.reading.addresses import addresses_in, first_address
from mailer.bouncing.reading.automatic import is_automatic
from mailer.bouncing.reading.identity import identify
from mailer.bouncing.reading.judging import Refusal, judge
from mailer.bouncing.reading.parts import Headers, Part, parse, take_apart, words_of
from mailer.bouncing.reading.recognising import FAILED, is_bounce, is_delay
from mailer.reports import Finding, Kind, Report
from mailer.tokens import Signer

_MOST_FINDINGS = 100
_MOST_TEXT = 200_000
_MOST_NAMED = 200  # characters of what names a mail
_MOST_PASSED_ON = 2  # reports in reports
_REPORTS = (*status_reports.KINDS, complaints.KIND)
_MAILS = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
_CAME_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc")
_FLAT = re.compile(r"^(?:action|final-recipient|original-recipient):", re.IGNORECASE | re.MULTILINE)
_LEAVING = re.compile(r"(?:unsubscribe|leave|remove)(?=[+@])", re.IGNORECASE)
_LEAVING_SUBJECT = re.compile(r"\s*unsubscribe(?:\s+[A-Za-z0-9_-]{32})?\s*$", re.IGNORECASE)
_RECEIVED_FOR = re.compile(r"\bfor\s+<?([^\s<>;]+@[^\s<>;]+?)>?(?=[;\s]|$)")


@dataclass(frozen=True, slots=True)
class _Opened:
    """A mail taken apart, as far as all forms need it."""

    headers: Headers
    leaves: list[Part]
    came_to: list[str]
    letter: str  # what the reporting machine, or a person, wrote
    original: Headers
    enclosed: str  # the original message as text, as far as it is there

    @property
    def subject(self) -> str:
        return words_of(self.headers.get("subject"))

    @property
    def sender(self) -> str:
        return first_address(self.headers.get("from"))

    @property
    def is_bounce(self) -> bool:
        return is_bounce(self.headers, self.sender, self.letter)

    @property
    def ours(self) -> set[str]:
        return {one.lower() for one in (*self.came_to, self.sender) if one}


def read(source: bytes, signer: Signer, *, recipients: Sequence[str] = ()) -> Report:
    """What *source* says; *recipients* are those of its envelope, where they are known.

    Never raises, whatever the bytes are.
    """
    opened = _innermost(_open(source.lstrip(b" \t\r\n"), recipients))
    identity = identify(signer, opened.came_to, _texts(opened))
    findings = tuple(_findings(opened))[:_MOST_FINDINGS]
    return Report(
        identity=_digest(source, opened, identity.reader),
        findings=findings or (Finding(Kind.OTHER, words=opened.letter[:200]),),
        reader=identity.reader,
        forged=identity.forged,
        subject=opened.subject[:500],
        sender=opened.sender[:320],
        message_id=opened.headers.get("message-id")[:_MOST_NAMED],
        date=opened.headers.get("date")[:_MOST_NAMED],
    )


def _open(source: bytes, recipients: Sequence[str]) -> _Opened:
    if source.startswith((b"From ", b">From ")):  # a line of a mailbox file
        source = source.partition(b"\n")[2]
    whole, leaves = take_apart(source)
    headers = whole.headers
    came_to = list(recipients) or addresses_in(" ".join(headers.all(*_CAME_TO)))
    texts = [leaf.text for leaf in leaves if leaf.kind in ("text/plain", "text/html")]
    letter, enclosed = prose.split_original(_first_telling(texts)[:_MOST_TEXT])
    inside = [leaf for leaf in leaves if leaf.kind in _MAILS]
    if inside:
        enclosed = inside[0].text[:_MOST_TEXT]
    original = parse(enclosed.lstrip("\n").encode("utf-8", "replace")).headers
    return _Opened(headers, leaves, came_to, letter, original, enclosed)


def _innermost(opened: _Opened) -> _Opened:
    """The report itself, where a machine only passes one on: a virus scanner, a mail relay."""
    for _ in range(_MOST_PASSED_ON):
        if any(leaf.kind in _REPORTS for leaf in opened.leaves) or not opened.is_bounce:
            return opened
        inside = _open(opened.enclosed.lstrip("\n").encode("utf-8", "replace"), ())
        if not any(leaf.kind in _REPORTS for leaf in inside.leaves):
            return opened
        opened = replace(inside, came_to=[*opened.came_to, *inside.came_to], headers=opened.headers)
    return opened


def _first_telling(texts: list[str]) -> str:
    return next((text for text in texts if text.strip()), "")


def _texts(opened: _Opened) -> Iterator[str]:
    """Where a token of ours may stand, from the likeliest place on."""
    for leaf in opened.leaves:
        if leaf.kind in status_reports.KINDS or leaf.kind == complaints.KIND:
            yield leaf.text[:_MOST_TEXT]
    for name in ("return-path", "message-id", "list-unsubscribe", "references", "in-reply-to"):
        yield " ".join((*opened.original.all(name), *opened.headers.all(name)))
    yield opened.subject
    yield opened.enclosed
    yield opened.letter


def _findings(opened: _Opened) -> Iterator[Finding]:
    for leaf in opened.leaves:
        if leaf.kind == complaints.KIND:
            yield from complaints.findings_of(leaf, opened.original, opened.came_to)
            return
    notice = json_notices.notice_in(opened.letter)
    complained = complaints.passed_on(opened.original)
    complained += json_notices.complaints_of(notice)
    refusals = [] if complained else list(_refusals(opened, notice))
    if complained:
        yield from complained
    elif refusals:
        yield from map(judge, refusals)
    elif _wants_to_leave(opened):
        yield Finding(Kind.UNSUBSCRIBE, address=opened.sender, words=opened.subject[:200])
    elif is_automatic(opened.headers):
        yield Finding(Kind.AUTO_REPLY, address=opened.sender, words=opened.subject[:200])


def _wants_to_leave(opened: _Opened) -> bool:
    """A mail to our address for that, or one whose subject is that alone and was made by us."""
    return any(_LEAVING.match(one) for one in opened.came_to) or bool(
        _LEAVING_SUBJECT.match(opened.subject)
    )


def _refusals(opened: _Opened, notice: dict[str, Any]) -> Iterator[Refusal]:
    if notice:
        yield from json_notices.refusals_of(notice)
        return
    groups = [
        group
        for leaf in opened.leaves
        if leaf.kind in status_reports.KINDS
        for group in status_reports.groups_of(leaf.text[:_MOST_TEXT])
    ]
    formal = list(status_reports.refusals_of(groups))
    if formal:
        yield from _with_letter(formal, opened)
    elif opened.is_bounce:
        # Status reports that lost their parts on the way: one text of everything.
        flat = _FLAT.search(opened.letter)
        groups = status_reports.groups_of(opened.letter[flat.start() :]) if flat else []
        formal = list(status_reports.refusals_of(groups))
        yield from _with_letter(formal, opened) if formal else _from_letter(opened)


def _with_letter(refusals: list[Refusal], opened: _Opened) -> Iterator[Refusal]:
    """What the letter says beside a status report: often more, and the only address at times."""
    alone = len(refusals) == 1
    for one in refusals:
        address = one.address
        if "@" not in address:
            named = prose.told(opened.letter, opened.ours)
            address = (named[0].address if named else _of_original(opened)) or address
        about = prose.lines_about(opened.letter, address, alone=alone)
        yield Refusal(
            address=address,
            asked=one.asked,
            action=one.action,
            status=one.status,
            words=one.words,
            around=f"{one.around} {about}",
        )


def _from_letter(opened: _Opened) -> Iterator[Refusal]:
    action = "delayed" if is_delay(opened.subject, opened.letter) else ""
    failed = addresses_in(" ".join(opened.headers.all(*FAILED)))
    named = prose.told(opened.letter, opened.ours)
    if not named and not failed:  # a bounce to the address that bounced
        named = prose.told(opened.letter, ())
    if named:
        for one in named:
            yield Refusal(address=one.address, action=action, words=one.words, around=one.beside)
        return
    lone = prose.lone_address(opened.letter, opened.ours)
    for address in failed or [lone or _of_original(opened)]:
        words = prose.lines_about(opened.letter, address, alone=len(failed) < 2)
        yield Refusal(address=address, action=action, words=words)


def _of_original(opened: _Opened) -> str:
    """To whom the original message had gone."""
    original = opened.original
    for name in ("x-original-to", "delivered-to", "to", "cc"):
        named = first_address(" ".join(original.all(name)))
        if named:
            return named
    for value in original.all("received"):
        found = _RECEIVED_FOR.search(value)
        if found:
            return found[1]
    return ""


def _digest(source: bytes, opened: _Opened, reader: object) -> str:
    """The same for each copy of a report: by its Message-ID, else by what it says."""
    headers = opened.headers
    named = [headers.get(name) for name in ("message-id", "date", "from", "subject")]
    if not named[0]:
        named.append(hashlib.sha256(source.partition(b"\n\n")[2]).hexdigest())
    return hashlib.sha256("\n".join((*named, repr(reader))).encode("utf-8", "replace")).hexdigest()
