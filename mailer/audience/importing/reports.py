"""Reports of what was sent, opened and clicked, told from lists of readers: they hold no consent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from mailer.audience.importing.guessing import TELLING
from mailer.audience.importing.mapped import Column, Mapped
from mailer.audience.importing.meanings import Meaning, normalise
from mailer.audience.importing.statuses import Standing, standing_of
from mailer.sentences import Sentence

LEFT_OUT = Sentence("a report of what was sent and read makes nobody a reader")
_DONE = r"(?:opens?|opened|clicks?|clicked|sent|send|deliver(?:ed|y)|processed)"
# How often, which lists tell, too; and when, which only reports do.
_COUNTED = re.compile(rf"(?:total|unique|numberof|is|was|has)?{_DONE}(?:count|total)?s?")
_TIMED = re.compile(
    rf"(?:date|time)(?:first)?{_DONE}|(?:first)?{_DONE}(?:at|on|date|time|timestamp)|firstview|"
    r"(?:message|mailing|post|campaign)u?u?id|emailclient|devicetype|useragent|clickedurl|"
    r"clickedlink|feedbacktype"
)
_BOUNCES = re.compile(r"bounce(?:type|category|class|classification)")
# Times that stand for the event itself as often as for the day on which somebody joined.
_STAMPS = frozenset(("timestamp", "created", "createdat", "date", "added"))
_EVENTS = frozenset(
    [
        "sent",
        "send",
        "processed",
        "delivered",
        "delivery",
        "notdelivered",
        "deferred",
        "deferral",
        "dropped",
        "open",
        "opened",
        "opens",
        "click",
        "clicked",
        "clicks",
        "failed",
        "accepted",
        "queued",
        "requests",
        "request",
        "loadedbyproxy",
        "firstopening",
        "uniqueopened",
        "rejected",
    ]
)
_SOFT = frozenset(
    ["soft", "softbounce", "transient", "temporary", "block", "blocked", "undetermined", "deferred"]
)
_HARD = frozenset(["hard", "hardbounce", "permanent", "bounce", "bounced", "invalid"])
_NAMES = frozenset(
    [
        "opened",
        "opens",
        "openers",
        "clicked",
        "clicks",
        "clickers",
        "unopened",
        "notopened",
        "didnotopen",
        "nonopeners",
        "delivered",
        "sentto",
        "geoffnet",
        "geklickt",
        "ouvreurs",
        "cliqueurs",
    ]
)


def as_report(
    mapped: Mapped, sample: Sequence[Sequence[str]], name: str
) -> tuple[tuple[Column, ...], str] | None:
    """The columns of a report, of which those count that say who left, and what there is to say.

    ``None`` when the file is a list of readers.
    """
    if mapped.system is not None:
        return None
    events = [column for column in mapped.columns if _tells_events(column, _cells(column, sample))]
    bounces = [one for one in mapped.columns if _BOUNCES.fullmatch(normalise(one.header))]
    words = [(column, normalise(column.header)) for column in mapped.columns]
    timed = [column for column, word in words if _TIMED.fullmatch(word)]
    counted = [column for column, word in words if _COUNTED.fullmatch(word)]
    signs = [*events, *bounces, *timed, *counted]
    if not (signs or _named_as_report(name)) or _is_list(mapped.columns, events, bool(timed)):
        return None
    columns = tuple(
        _of_report(column, events, bounces, _cells(column, sample)) for column in mapped.columns
    )
    return columns, _told(list(dict.fromkeys(column.header for column in signs)), columns)


def _told(signs: Sequence[str], columns: Sequence[Column]) -> str:
    leaving = (Meaning.STATUS, Meaning.UNSUBSCRIBED, Meaning.SUPPRESSED)
    some = any(column.meaning in leaving for column in columns)
    return Sentence(
        "This seems to be a report of what was sent, opened or clicked ({signs}), which holds no "
        "consent: {what}. Bring the list of subscribers; if this is one, say what people are where "
        "it says nothing (`--state confirmed`).",
        signs=", ".join(signs[:5]) or Sentence("so the file's name says"),
        what=Sentence("only who left, bounced or complained is taken from it")
        if some
        else Sentence("nobody becomes a reader by it"),
    )


def _is_list(columns: Sequence[Column], events: Sequence[Column], timed: bool) -> bool:
    """Whether a column says that these are readers: a status, when they joined, tags."""
    stamps = _STAMPS if timed or events else {"timestamp"}
    return any(
        (column.meaning in (*TELLING, Meaning.TAGS) and normalise(column.header) != "tag")
        or (column.meaning is Meaning.JOINED and normalise(column.header) not in stamps)
        for column in columns
        if column not in events and not _COUNTED.fullmatch(normalise(column.header))
    )


def _of_report(
    column: Column, events: Sequence[Column], bounces: Sequence[Column], cells: Sequence[str]
) -> Column:
    if column in events:
        return _with_words(column, {cell: standing_of(cell) for cell in cells})
    if column in bounces:
        return _with_words(column, {cell: _of_bounce(cell) for cell in cells})
    if bounces and "bounce" in normalise(column.header):
        return replace(column, meaning=Meaning.IGNORE, field="", watched=False)
    return replace(column, watched=False)


def _with_words(column: Column, words: dict[str, Standing | None]) -> Column:
    told = {word.lower(): found or Standing.CONFIRMED for word, found in words.items()}
    return replace(
        column, meaning=Meaning.STATUS, field="", watched=False, words=tuple(told.items())
    )


def _of_bounce(cell: str) -> Standing:
    word = normalise(cell)
    hard = word in _HARD or (word not in _SOFT and standing_of(cell) is Standing.SUPPRESSED)
    return Standing.SUPPRESSED if hard else Standing.CONFIRMED


def _tells_events(column: Column, cells: Sequence[str]) -> bool:
    """Whether its words are of what happens to mails: opened, clicked, delivered, bounced."""
    if column.meaning not in (Meaning.FIELD, Meaning.STATUS, Meaning.TAGS):
        return False
    words = {normalise(cell) for cell in cells}
    events = words & _EVENTS
    known = sum(word in _EVENTS or standing_of(word) is not None for word in words)
    return bool(events) and known * 2 > len(words)


def _cells(column: Column, sample: Sequence[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(row[column.number - 1] for row in sample if row[column.number - 1]))


def _named_as_report(name: str) -> bool:
    words = [normalise(word) for word in re.findall(r"[^\W\d_]+", name.rpartition(".")[0] or name)]
    joined = {*words, *map("".join, pairwise(words)), "".join(words)}
    return bool(joined & _NAMES) or words[:1] == ["sent"]
