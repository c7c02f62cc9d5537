"""E-mail addresses: which can be mailed, how they are told apart, what looks mistyped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from mailer.errors import InvalidAddress, InvalidInput
from mailer.sentences import Sentence

NAME_LENGTH = 200

# What nearly every address looks like, decided many times faster than by email-validator and with
# the same verdict: dot-atom before the @ (RFC 5321), single hyphens inside labels (so no xn--),
# a last label of letters. Possessive, so that nothing is tried twice.
_ATOM = r"[A-Za-z0-9_+'-]++"
_LABEL = r"[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*+"
_COMMON = re.compile(
    # Of each line: the address, or nothing where it is not obvious. 64 octets before the @ and in
    # all 127 are the most; the names of RFC 6761 lead nowhere.
    rf"^(?:(?=[^@\n]{{1,64}}@[^@\n]{{1,63}}$)({_ATOM}(?:\.{_ATOM})*+@(?:{_LABEL}\.)+"
    r"(?!(?i:arpa|invalid|local|localhost|onion)$)[A-Za-z]{2,63})|.*)$",
    re.MULTILINE,
)
_BARE = r"[^\s@,;|<>\"]+@[^\s@,;|<>\"]+\.[^\s@,;|<>\".]{2,}"
_ADDRESSLIKE = re.compile(rf"\s*(?:{_BARE}(?:\s+\([^()@]*\))?|[^@<>]*<\s*{_BARE}\s*>)\s*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Line breaks, other controls, halves of characters, and marks that reverse the text after them.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]+")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Domains many people have an address at; what is one slip away from one of them is offered.
_KNOWN = _words(
    "gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.it yahoo.es yahoo.in "
    "yahoo.co.in yahoo.co.jp yahoo.ca yahoo.com.br yahoo.com.au ymail.com rocketmail.com "
    "hotmail.com hotmail.co.uk hotmail.de hotmail.fr hotmail.it hotmail.es hotmail.nl hotmail.se "
    "outlook.com outlook.de outlook.fr outlook.es outlook.it live.com live.co.uk live.de live.fr "
    "live.nl live.it msn.com icloud.com me.com mac.com aol.com aol.de protonmail.com proton.me "
    "pm.me tutanota.com tutanota.de tuta.com tuta.io posteo.de posteo.net mailbox.org riseup.net "
    "disroot.org fastmail.com fastmail.fm hey.com zoho.com gmx.com "
    "gmx.de gmx.net gmx.at gmx.ch gmx.us web.de freenet.de t-online.de arcor.de online.de "
    "bluewin.ch hispeed.ch aon.at chello.at orange.fr free.fr wanadoo.fr laposte.net sfr.fr "
    "libero.it virgilio.it tiscali.it alice.it comcast.net verizon.net att.net sbcglobal.net "
    "bellsouth.net cox.net charter.net earthlink.net rogers.com shaw.ca btinternet.com "
    "talktalk.net virginmedia.com sky.com ntlworld.com ziggo.nl kpnmail.nl xs4all.nl telenet.be "
    "skynet.be seznam.cz centrum.cz wp.pl onet.pl interia.pl o2.pl abv.bg mail.ru yandex.ru "
    "yandex.com bk.ru inbox.ru list.ru rambler.ru ukr.net qq.com 163.com 126.com sina.com "
    "foxmail.com naver.com daum.net hanmail.net rediffmail.com uol.com.br bol.com.br terra.com.br "
    "bigpond.com optusnet.com.au telia.com"
)
# One slip away from those above, yet what their owners meant.
_NEIGHBOURS = frozenset(("mail.com", "mail.de", "email.com", "email.de", "ymail.com", "gmx.com"))
_DOTS_MEAN_NOTHING = frozenset(("gmail.com", "googlemail.com"))
_MISTYPED_ENDS = {
    "con": "com", "cmo": "com", "ocm": "com", "vom": "com", "xom": "com", "cpm": "com",
    "comm": "com", "coom": "com", "ogr": "org", "orgg": "org", "nte": "net", "nett": "net",
    "dee": "de", "ed": "de",
}  # fmt: skip  # none of them is a top-level domain


# Whose end nobody writes otherwise.
_ENDS = dict.fromkeys(
    _words("gmail googlemail hotmail outlook icloud yahoo aol protonmail"), "com"
) | dict.fromkeys(_words("web t-online posteo"), "de")


class Address(NamedTuple):
    """One address: as people wrote it, as it is told apart from others, and its domain."""

    shown: str  # as written, without blanks around it
    key: str  # unique: lower case, NFC (UAX #15), the domain as A-labels (RFC 5890)
    domain: str  # the key's domain

    @property
    def wire(self) -> str:
        """For SMTP: the part before the @ as written, the domain as A-labels."""
        return f"{self.shown.rpartition('@')[0]}@{self.domain}"

    @property
    def mailbox(self) -> str:
        """Where its mail most likely lies: many addresses may lead to one (``ann+a@``, ``ann+b@``).

        For limits only: whether two people share a mailbox, nobody can know.
        """
        local = self.key.rpartition("@")[0]
        local = local.partition("+")[0] or local
        if self.domain in _DOTS_MEAN_NOTHING:
            return f"{local.replace('.', '')}@gmail.com"
        return f"{local}@{self.domain}"


def parse_address(text: str) -> Address:
    """*text* as an address; ``InvalidAddress`` says what is wrong with it.

    The verdicts are those of email-validator without DNS; the reserved domain ``.test`` is taken.
    """
    shown = text.strip(" \t\u00a0")
    (key,) = common_keys((shown,))
    return Address(shown, key, key.rpartition("@")[2]) if key else _uncommon(shown)


def common_keys(cells: Sequence[str]) -> list[str | None]:
    """The keys of many addresses without blanks around them; ``None`` where it is not obvious.

    What is ``None`` may be an address all the same: :func:`parse_address` knows.
    """
    found = _COMMON.findall("\n".join(cells))
    if len(found) != len(cells):  # a line break in one of them
        found = [one for cell in cells for one in _COMMON.findall(cell.replace("\n", " "))]
    return [key.lower() or None for key in found]


def looks_like_address(text: str) -> bool:
    """Whether a cell holds an address, perhaps with a name, and no more; it may still be invalid."""
    return "@" in text and _ADDRESSLIKE.fullmatch(text) is not None


def key_of(text: str) -> str:
    """The key under which *text* would be stored; ``InvalidAddress``."""
    return parse_address(text).key


def parse_domain(text: str) -> str:
    """A domain as A-labels in lower case, from ``x.test`` or ``@x.test``; ``InvalidAddress``."""
    name = text.strip().removeprefix("@")
    try:
        return parse_address(f"a@{name}").domain
    except InvalidAddress as error:
        raise InvalidAddress(
            "{domain} is not a domain such as example.com.", domain=quoted(name)
        ) from error


def suggest_domain(domain: str) -> str | None:
    """What ``gmial.com`` was probably meant to be (``gmail.com``); ``None`` when nothing stands out."""
    domain = domain.strip().lower()
    if domain in _KNOWN or domain in _NEIGHBOURS:
        return None
    if domain in _ENDS:
        return f"{domain}.{_ENDS[domain]}"
    tidy = domain.replace(",", ".").strip(".")
    if tidy.removesuffix(".com") in _KNOWN:
        tidy = tidy.removesuffix(".com")
    if tidy != domain:
        return suggest_domain(tidy) or tidy
    rest, _, end = domain.rpartition(".")
    if rest and end in _MISTYPED_ENDS:
        domain = f"{rest}.{_MISTYPED_ENDS[end]}"
        return suggest_domain(domain) or domain
    # Short names (gmx.de, me.com) have honest neighbours: only long ones are compared.
    return next((known for known in _KNOWN if len(known) >= 8 and _one_slip(domain, known)), None)


def suggest(text: str) -> str | None:
    """The address that was probably meant, for "Did you mean …?"; ``None`` when it looks right."""
    local, at, domain = text.strip().rpartition("@")
    better = suggest_domain(domain) if at and local else None
    return f"{local}@{better}" if better else None


def _one_slip(typed: str, meant: str) -> bool:
    """One letter too many, too few, wrong, or two neighbours swapped."""
    if typed == meant or abs(len(typed) - len(meant)) > 1:
        return False
    same = 0
    while same < min(len(typed), len(meant)) and typed[same] == meant[same]:
        same += 1
    left, right = typed[same:], meant[same:]
    return (
        left[1:] == right
        or left == right[1:]
        or left[1:] == right[1:]
        or (left[:2] == right[1::-1] and left[2:] == right[2:] and len(left) > 1)
    )


_LONGEST_REASON = 160  # it names each character that cannot be
# The library's words that the catalogues know; others of its sentences stay English.
_REASONS = (
    Sentence("An email address must have an @-sign"),
    Sentence("There must be something before the @-sign"),
    Sentence("There must be something after the @-sign"),
    Sentence("The part after the @-sign is not valid. It should have a period"),
    Sentence("An email address cannot end with a period"),
    Sentence("An email address cannot have two periods in a row"),
    Sentence("An email address cannot have a period immediately after the @-sign"),
    Sentence("The email address contains invalid characters before the @-sign: SPACE"),
)


@lru_cache(maxsize=4096)
def _uncommon(shown: str) -> Address:
    if not shown:
        raise InvalidAddress("There is no address; write one such as ann@example.com.")
    if _CONTROL.search(shown) or "\ufffd" in shown:
        raise InvalidAddress(
            "The address {address} contains a line break or a control character; "
            "write it on one line.",
            address=quoted(shown),
        )
    try:
        # test_environment allows the reserved domain .test; nothing is looked up.
        seen = validate_email(shown, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        said = str(error).removesuffix(".")
        said = said if len(said) <= _LONGEST_REASON else f"{said[: _LONGEST_REASON - 3]}..."
        reason = next((one for one in _REASONS if one == said), said)
        raise InvalidAddress(
            "{address} is not an address: {reason}.", address=quoted(shown), reason=reason
        ) from error
    local = unicodedata.normalize("NFC", unicodedata.normalize("NFC", seen.local_part).lower())
    return Address(shown, f"{local}@{seen.ascii_domain}", seen.ascii_domain)


def quoted(text: str) -> str:
    """Text that somebody gave, for a sentence: cut, without what would break the line."""
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    return "'" + _UNSAFE.sub("\ufffd", shown) + "'"


def clean_name(text: str) -> str:
    """A person's name without blanks around it; ``InvalidInput`` when it is not one line of text."""
    name = text.strip(" \t\u00a0")
    if _UNSAFE.search(name):
        raise InvalidInput(
            "The name {name} contains a line break or a control character; write it on one line.",
            name=quoted(name),
        )
    if len(name) > NAME_LENGTH:
        raise InvalidInput(
            "The name {name} has {count} characters; {most} is the most.",
            name=quoted(name),
            count=len(name),
            most=NAME_LENGTH,
        )
    return name


def tidy_name(text: str) -> str:
    """The name made fit: what :func:`clean_name` refuses becomes a blank or is cut off."""
    return " ".join(_UNSAFE.sub(" ", text).split())[:NAME_LENGTH].rstrip()
