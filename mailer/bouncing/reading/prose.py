"""Reads bounces that are told in words: which addresses failed, and what was said of each.

Every mail system has its own letter, yet they are alike: an address stands at the beginning of a
line, what went wrong on the same line or below it, and then the original message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from mailer.bouncing.reading.addresses import ADDRESS, addresses_in, first_address, is_machine

_MOST_LINES = 400
_MOST_WORDS = 1500

# Where the original message begins.
_ORIGINAL = re.compile(
    r"^[\W_]*(?:(?:below (?:this line )?is|included is|this is|here is|following is)?\s*(?:a |the )?"
    r"(?:copy of |header of |headers of |text of |body of |first \d+ lines of )"
    r"(?:the |your )?(?:original |returned |message|mail|header)|"
    r"(?:the |your )?(?:original|returned|unsent|unsent|bounced|undelivered|rejected) "
    r"(?:message|mail|e-mail|msg)(?:'s)?\s*(?:headers?|text|info|follows?|is attached|below)?\b"
    r"(?![^\n]{0,40}(?:was|could|has|is in|to the|not))|"
    r"message (?:text|header|body|contents?) follows|unsent message follows|"
    r"original mail info|begin message|-- ?original|bounced e-?mail\b|"
    r"ursprüngliche nachricht|message d'origine)",
    re.IGNORECASE,
)
_HEADER_LINE = re.compile(
    r"(?:received|return-path|message-id|mime-version|content-type|dkim-signature|x-[\w-]+|from|"
    r"to|subject|date|delivered-to|reply-to|sender|x-mailer)\s*:",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"(?:received|return-path|dkim-signature|domainkey-signature)\s*:", re.IGNORECASE
)
# An address that a line begins with, whatever marks stand before it.
_AT_START = re.compile(
    rf"""^[\s>*•·"'(\[-]{{0,40}}(?:(?:(?:final |original |failed |target |e-?mail |mail )?"""
    rf"""(?:recipient|user|adresse|address|rcpt to|empfänger|destinataire|mailbox|destinatario|"""
    rf"""mail address)s?\s*(?:name|address)?\s*(?::|=)|to:(?=\s*<))\s*)?"""
    rf"""["'<(\[]{{0,3}}(?:smtp:)?({ADDRESS.pattern})""",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(
    r"^\s*(?:from|to|cc|bcc|sender|reply-to|return-path|mail from|subject|date|sent|message-id|"
    r"x-[\w-]+|received|by|for|id)\b\s*:",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    r"(?<![\w@.-])(?:mailbox is full|attempts|deliver(?:ed|ing|y)?[^.\n<]{0,60} (?:to|for)|message (?:sent )?to|mail (?:sent )?to|"
    r"undeliverable to|userid|user id|rcpt to|recipients?(?: address)?|"
    r"permanent errors|not reach|reached|failed for|"
    r"wasn.t delivered to|couldn.t be delivered to|address|account|user|mailbox for|to)(?![\w@.-])"
    rf"""[\s:"'<(\[]{{0,6}}({ADDRESS.pattern})""",
    re.IGNORECASE,
)
_SAID = re.compile(r"\s*(?:>>> ?[A-Z]{4}\b|<<< ?\d|=> ?)", re.IGNORECASE)
_DIALOGUE = re.compile(r"^\s*(?:>>> ?|<<< ?|=> ?)")
_SENT_BY = re.compile(r"(?:sent by|from|please contact|contact)\s*:?$", re.IGNORECASE)
_ASKING = re.compile(
    r"\b(?:contact|assistance|support|help|questions?|reply to|report)\b", re.IGNORECASE
)
_CODE_FIRST = re.compile(rf"^\s*[45]\d\d[ -][^<\n]{{0,60}}<({ADDRESS.pattern})>")


_Naming = Callable[[str], Iterable[str]]


@dataclass(slots=True)
class Told:
    """One address that a letter names, and the lines about it."""

    address: str
    lines: list[str]
    beside: str = ""  # what the letter says to everybody

    @property
    def words(self) -> str:
        """The lines, as far as they are worth judging."""
        return "\n".join(self.lines)[:_MOST_WORDS]


def split_original(text: str) -> tuple[str, str]:
    """The letter itself, and the original message that it encloses."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if number and _ORIGINAL.match(line.strip()):
            return "\n".join(lines[:number]), "\n".join(lines[number + 1 :])
        if _OPENING.match(line) and _headers_from(lines, number):
            return "\n".join(lines[:number]), "\n".join(lines[number:])
    return text, ""


def _headers_from(lines: list[str], start: int) -> bool:
    """Whether a block of headers begins here: three of the next lines at least look so."""
    following = lines[start : start + 12]
    return sum(bool(_HEADER_LINE.match(line)) for line in following) >= 2


def told(letter: str, ours: Collection[str]) -> list[Told]:
    """What a letter says of each address; *ours* are those it was sent to or by."""
    lines = letter.split("\n")[:_MOST_LINES]
    for naming in (_named_at_start, _named_by_code, _named_inside):
        found = _gather(lines, ours, naming)
        if found:
            return found
    return []


def _gather(lines: list[str], ours: Collection[str], naming: _Naming) -> list[Told]:
    found: dict[str, Told] = {}
    current: Told | None = None
    before: list[str] = []
    last = ""
    for line in lines:
        named = [
            one
            for one in naming(line)
            if one.lower() not in ours and not is_machine(one) and not _SENT_BY.search(last)
        ]
        last = line.strip() or last
        for address in named:
            current = found.setdefault(address.lower(), Told(address, []))
            current.lines.append(line)
        if not named and current is not None:
            current.lines.append(line)
        elif not named:
            before.append(line)
    all_told = list(found.values())
    if len(all_told) == 1:
        all_told[0].beside = "\n".join(before[-30:])[:_MOST_WORDS]
    elif naming is _named_by_code:  # one line each; what follows is about the next one
        for one in all_told:
            one.lines = [line for line in lines if one.address in line]
    return all_told


def _named_at_start(line: str) -> Iterator[str]:
    if _OF_OTHERS.match(line) and not re.match(r"^\s*(?:rcpt )?to\s*:\s*<", line, re.IGNORECASE):
        return
    at_start = None if _SAID.match(line) else _AT_START.match(line)
    if at_start:
        yield at_start[1].strip("'`*")


def _named_by_code(line: str) -> Iterator[str]:
    by_code = _CODE_FIRST.match(_DIALOGUE.sub("", line))
    if by_code:
        yield by_code[1]


def _named_inside(line: str) -> Iterator[str]:
    if _OF_OTHERS.match(line):
        return
    for inside in _INSIDE.finditer(line):
        yield first_address(inside[1])


def lone_address(letter: str, ours: Collection[str]) -> str:
    """The one address of somebody else that a letter names, wherever it stands."""
    named = {
        one.lower(): one
        for line in letter.split("\n")[:_MOST_LINES]
        if not _OF_OTHERS.match(line) and not _ASKING.search(line)
        for one in addresses_in(line)
        if one.lower() not in ours and not is_machine(one)
    }
    return next(iter(named.values())) if len(named) == 1 else ""


def lines_about(letter: str, address: str, *, alone: bool) -> str:
    """What a letter says of one *address*, known from elsewhere; all of it if it is *alone*."""
    if alone:
        return letter[: 4 * _MOST_WORDS]
    lines = letter.split("\n")[:_MOST_LINES]
    wanted = address.lower()
    out: list[str] = []
    near = False
    for line in lines:
        others = [one.lower() for one in addresses_in(line)]
        near = wanted in others or (near and not others)
        if near:
            out.append(line)
    return "\n".join(out)[:_MOST_WORDS]
