"""Finds e-mail addresses in reports: in header values, status fields and prose."""

from __future__ import annotations

import re

_LOCAL = r"[A-Za-z0-9_.+=&/!#$%*?^`{|}~'\u0080-\uffff-]{1,80}"
_DOMAIN = r"[A-Za-z0-9\u0080-\uffff](?:[A-Za-z0-9.\u0080-\uffff-]{0,200}[A-Za-z0-9\u0080-\uffff])?"
ADDRESS = re.compile(rf'(?:"[^"\s@<>]{{1,80}}"|{_LOCAL})@{_DOMAIN}')

_MACHINES = re.compile(
    r"(?:mailer-daemon|postmaster|post_master|postoffice|root|no-?reply|do-?not-?reply|daemon)",
    re.IGNORECASE,
)


def addresses_in(text: str) -> list[str]:
    """Every address in *text*, in order, each once."""
    return list(dict.fromkeys(map(_bare, ADDRESS.findall(text))))


def first_address(text: str) -> str:
    """The first address in *text*; empty where there is none."""
    found = ADDRESS.search(text)
    return _bare(found[0]) if found else ""


def _bare(found: str) -> str:
    """Without quotes, and without what an X.400 address has in front (``SMTP=``)."""
    return found.strip("'`*").removeprefix("SMTP=")


def is_machine(address: str) -> bool:
    """Whether a mail system, not a person, is at this address."""
    return _MACHINES.match(address.partition("@")[0].strip('"')) is not None
