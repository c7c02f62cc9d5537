"""Finds what stands on top of a text: its subject, said once or twice, and its preheader."""

from __future__ import annotations

from collections.abc import Sequence

from mailer.composing.importing.elements import Element, Heading, Paragraph, Rule, words
from mailer.composing.importing.headlines import is_greeting
from mailer.composing.importing.notes import Notes
from mailer.sentences import Sentence

_LONGEST_SUBJECT = 150
_LONGEST_PREHEADER = 200
_SEARCHED = 6

REPEATED = Sentence("Lines on top that repeat the subject were left out")


def take_subject(elements: list[Element], subject: str, notes: Notes) -> tuple[str, list[Element]]:
    """The subject and the elements without it; *subject* is what the source names so, if it does."""
    rest = [element for element in elements if not isinstance(element, Rule)]
    if not subject:
        subject, taken = _found(rest, notes)
        if taken is not None:
            at = elements.index(taken)
            elements = [*elements[:at], *elements[at + 1 :]]
    return subject, _without_repeats(elements, subject, notes)


def take_preheader(elements: list[Element], notes: Notes) -> tuple[str, list[Element]]:
    """One line between the subject and the first headline is what the inbox shows beside it."""
    if len(elements) < 2 or not isinstance(elements[1], Heading):
        return "", elements
    first = elements[0]
    if not isinstance(first, Paragraph) or any(run.href for run in first.runs):
        return "", elements
    text = words(first.runs)
    if len(text) > _LONGEST_PREHEADER or is_greeting(text):
        return "", elements
    notes.say(Sentence("The line below the subject became the preheader: “{line}”.", line=text))
    return text, elements[1:]


def _found(elements: Sequence[Element], notes: Notes) -> tuple[str, Element | None]:
    for element in elements[:_SEARCHED]:
        if isinstance(element, Heading) and len(text := words(element.runs)) <= _LONGEST_SUBJECT:
            return text, element
        if element is elements[0] and isinstance(element, Paragraph) and _is_subject(element):
            return words(element.runs), element
    for element in elements:
        if isinstance(element, Heading | Paragraph):
            text = words(element.runs)
            if not is_greeting(text):
                return _guessed(text, notes), None
    notes.say(Sentence("The text names no subject; write one."))
    return "No subject", None


def _is_subject(paragraph: Paragraph) -> bool:
    text = words(paragraph.runs)
    return len(text) <= 100 and not is_greeting(text) and not any(r.href for r in paragraph.runs)


def _guessed(text: str, notes: Notes) -> str:
    subject = text
    if len(text) > 80:
        cut = text[:80].rsplit(" ", 1)[0]
        subject = f"{cut.rstrip(' ,;:–-')} …"
    notes.say(
        Sentence("The text names no subject; its first words were taken: “{words}”.", words=subject)
    )
    return subject


def _without_repeats(elements: list[Element], subject: str, notes: Notes) -> list[Element]:
    kept: list[Element] = []
    for at, element in enumerate(elements):
        if (
            at < _SEARCHED
            and isinstance(element, Heading | Paragraph)
            and _same(words(element.runs), subject)
            and not any(run.href for run in element.runs)
        ):
            notes.list(REPEATED, f"“{words(element.runs)}”")
        else:
            kept.append(element)
    return kept


def _same(one: str, other: str) -> bool:
    return one.casefold().rstrip(".!? ") == other.casefold().rstrip(".!? ")
