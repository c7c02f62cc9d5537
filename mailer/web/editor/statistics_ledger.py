"""Where everybody is whom an issue was planned for, and how opens are told: words of the statistics page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from mailer.delivering.auditing import Audit
from mailer.sentences import Counted, Sentence
from mailer.tracking.opens import OpenFigures, open_figures
from mailer.web.reasons import reason_words


@dataclass(frozen=True, slots=True)
class Place:
    """So many people are in one place of the ledger."""

    words: Sentence
    people: int
    more: tuple[Sentence, ...] = ()  # what is to be known of some of them


def ledger_of(result: Audit) -> list[Place]:
    """Everybody planned, each in one place: the numbers add up to *planned* where it balances."""
    places = [
        Place(Sentence("Accepted by the relay"), result.accepted, _doubts(result)),
        Place(Sentence("Refused by the relay"), result.refused, _gone(result)),
        *(
            Place(Sentence("Skipped: {reason}", reason=reason_words(reason)), count)
            for reason, count in result.skipped_reasons.items()
        ),
        Place(Sentence("Waiting"), result.waiting, _put_off(result)),
    ]
    return [one for one in places if one.people or one is places[0]]


def opens_of(session: Session, issue_id: int, *, counting: bool) -> OpenFigures | None:
    """Fetches of the tracking picture; ``None`` where none was counted, nor is."""
    figures = open_figures(session, issue_id)
    return figures if counting or figures.fetches or figures.machine_fetches else None


def _doubts(result: Audit) -> tuple[Sentence, ...]:
    if not result.uncertain:
        return ()
    return (
        Counted(
            "{n} of all may have got it twice: an answer was lost",
            "{n:,} of all may have got it twice: answers were lost",
            n=result.uncertain,
        ),
    )


def _gone(result: Audit) -> tuple[Sentence, ...]:
    if not result.suppressed:
        return ()
    return (
        Counted(
            "{n} of them is suppressed from now on: the address is gone",
            "{n:,} of them are suppressed from now on: the addresses are gone",
            n=result.suppressed,
        ),
    )


def _put_off(result: Audit) -> tuple[Sentence, ...]:
    if not result.deferred:
        return ()
    return (
        Counted(
            "{n} of them was put off by the relay and is tried again",
            "{n:,} of them were put off by the relay and are tried again",
            n=result.deferred,
        ),
    )
