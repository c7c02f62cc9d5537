"""What is said where a rule cannot be read: what stands there, what may, and what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from mailer.errors import InvalidRule
from mailer.rules.lexing import Kind, Token
from mailer.sentences import Sentence

# What others call it, and what it is called here.
_INSTEAD = {
    **dict.fromkeys(("newsletter", "newsletters", "list", "subscriber"), 'subscribed to "…"'),
    **dict.fromkeys(("email", "e-mail", "mail"), "address"),
    **dict.fromkeys(("city", "town", "country", "region", "postcode"), 'place within "…"'),
    **dict.fromkeys(("click", "clicks"), "clicked"),
    **dict.fromkeys(("open", "opens"), "opened"),
    **dict.fromkeys(("registered", "signed"), "joined"),
    "group": 'segment "…"',
    "did": "did nothing, not opened or not clicked",
    "got": "received",
}


def unexpected(here: Token, expected: Iterable[str]) -> InvalidRule:
    """Something stands where one of other things may."""
    wanted = tuple(one if isinstance(one, Sentence) else str(one) for one in expected)
    found = (
        Sentence("the rule ends")
        if here.kind is Kind.END
        else Sentence("there is {words}", words=here.source[:40])
    )
    return InvalidRule(
        "{found} where {wanted} was expected",
        position=here.position,
        expected=wanted,
        found=found,
        wanted=_listed(wanted),
    )


def unknown(here: Token, beginnings: tuple[str, ...]) -> InvalidRule:
    """A condition begins with none of its words: which one is meant, if that can be told."""
    word = here.source.lower() if here.kind is Kind.WORD else ""
    close = difflib.get_close_matches(word, beginnings, n=1, cutoff=0.75)
    instead = _INSTEAD.get(word) or "".join(close)
    if not instead:
        return unexpected(here, beginnings)
    return InvalidRule(
        "{word} is nothing that a rule asks for; write {instead}",
        position=here.position,
        expected=beginnings,
        word=here.source,
        instead=instead,
    )


def _listed(words: tuple[str, ...]) -> str:
    if len(words) == 1:
        return words[0]
    return Sentence("{words} or {last}", words=", ".join(words[:-1]), last=words[-1])
