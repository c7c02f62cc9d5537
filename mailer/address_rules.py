"""Addresses that are no person's own for long: an office's, or a service's for throw-away addresses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mailer.addresses import parse_domain
from mailer.errors import ConfigurationError, InvalidAddress
from mailer.sentences import Sentence

ROLE = Sentence("an office's address, such as info@")
DISPOSABLE = Sentence("a throw-away address")

_ROLES = frozenset(
    [
        "abuse",
        "accounting",
        "accounts",
        "admin",
        "administrator",
        "all",
        "billing",
        "bounce",
        "bounces",
        "contact",
        "contacto",
        "contato",
        "devnull",
        "donotreply",
        "enquiries",
        "everyone",
        "feedback",
        "ftp",
        "help",
        "hello",
        "helpdesk",
        "hostmaster",
        "hr",
        "info",
        "inquiries",
        "it",
        "jobs",
        "kontakt",
        "list",
        "mail",
        "mailer-daemon",
        "marketing",
        "media",
        "news",
        "newsletter",
        "no-reply",
        "noc",
        "noreply",
        "nobody",
        "office",
        "orders",
        "owner",
        "postmaster",
        "presse",
        "press",
        "privacy",
        "register",
        "root",
        "sales",
        "secretariat",
        "security",
        "service",
        "spam",
        "staff",
        "subscribe",
        "support",
        "sysadmin",
        "team",
        "tech",
        "test",
        "undisclosed-recipients",
        "unsubscribe",
        "usenet",
        "uucp",
        "verwaltung",
        "webmaster",
        "www",
    ]
)
_DISPOSABLE = frozenset(
    [
        "0-mail.com",
        "10minutemail.com",
        "10minutemail.net",
        "20minutemail.com",
        "33mail.com",
        "anonbox.net",
        "burnermail.io",
        "byom.de",
        "cock.li",
        "discard.email",
        "discardmail.com",
        "discardmail.de",
        "dispostable.com",
        "emailondeck.com",
        "fakeinbox.com",
        "fakemail.net",
        "filzmail.com",
        "getairmail.com",
        "getnada.com",
        "grr.la",
        "guerrillamail.biz",
        "guerrillamail.com",
        "guerrillamail.de",
        "guerrillamail.info",
        "guerrillamail.net",
        "guerrillamail.org",
        "guerrillamailblock.com",
        "harakirimail.com",
        "incognitomail.org",
        "inboxbear.com",
        "inboxkitten.com",
        "jetable.org",
        "luxusmail.org",
        "mail-temp.com",
        "mail.tm",
        "mailcatch.com",
        "maildrop.cc",
        "mailexpire.com",
        "mailinator.com",
        "mailinator.net",
        "mailnesia.com",
        "mailnull.com",
        "mailpoof.com",
        "mailsac.com",
        "meltmail.com",
        "minutemail.com",
        "mintemail.com",
        "moakt.com",
        "mohmal.com",
        "mt2015.com",
        "mytemp.email",
        "mytrashmail.com",
        "nada.email",
        "one-time.email",
        "owlymail.com",
        "sharklasers.com",
        "spam4.me",
        "spambog.com",
        "spambox.us",
        "spamex.com",
        "spamgourmet.com",
        "spamspot.com",
        "temp-mail.io",
        "temp-mail.org",
        "tempail.com",
        "tempinbox.com",
        "tempmail.com",
        "tempmail.dev",
        "tempmail.net",
        "tempmailaddress.com",
        "tempr.email",
        "throwawaymail.com",
        "tmail.ws",
        "trash-mail.com",
        "trashmail.com",
        "trashmail.de",
        "trashmail.me",
        "trashmail.net",
        "trbvm.com",
        "wegwerfemail.de",
        "wegwerfmail.de",
        "wegwerfmail.net",
        "wegwerfmail.org",
        "yopmail.com",
        "yopmail.fr",
        "yopmail.net",
    ]
)


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Which local parts are offices' and which domains give out throw-away addresses."""

    roles: frozenset[str] = field(default=_ROLES, repr=False)
    domains: frozenset[str] = field(default=_DISPOSABLE, repr=False)

    def is_role(self, key: str) -> bool:
        """An office rather than a person reads it: ``info@``, ``postmaster@``."""
        return key.partition("@")[0].partition("+")[0] in self.roles

    def is_disposable(self, key: str) -> bool:
        """Its domain gives out addresses that vanish after minutes."""
        return key.rpartition("@")[2] in self.domains

    def flag(self, key: str) -> str:
        """What is to be said about an address (its `Address.key`); mostly nothing."""
        if self.is_disposable(key):
            return DISPOSABLE
        return ROLE if self.is_role(key) else ""

    def flags(self, keys: Iterable[str]) -> Counter[str]:
        """How many of many addresses :meth:`flag` says what about."""
        roles, domains = self.roles, self.domains
        counted: Counter[str] = Counter()
        for key in keys:
            local, _, domain = key.rpartition("@")
            if domain in domains:
                counted[DISPOSABLE] += 1
            elif local in roles or ("+" in local and self.is_role(key)):
                counted[ROLE] += 1
        return counted


BUILT_IN = AddressRules()


def load_rules(path: Path | None) -> AddressRules:
    """The rules that ship and those of a file: ``info@`` or ``@mailinator.com``, one a line.

    What follows a ``#`` is not read. ``ConfigurationError`` names the line that is neither.
    """
    if path is None:
        return BUILT_IN
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"MAILER_ADDRESS_RULES_FILE cannot be read: {error}.") from error
    roles, domains = set(_ROLES), set(_DISPOSABLE)
    for number, line in enumerate(lines, 1):
        rule = line.partition("#")[0].strip().lower()
        if not rule:
            continue
        if rule.endswith("@") and len(rule) > 1:
            roles.add(rule[:-1])
            continue
        try:
            domains.add(parse_domain(rule))
        except InvalidAddress as error:
            raise ConfigurationError(
                f"{path.name} line {number}: {rule!r} is neither a name such as info@ "
                "nor a domain such as @example.com."
            ) from error
    return AddressRules(frozenset(roles), frozenset(domains))
