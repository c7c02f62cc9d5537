"""Finds calls to action: "Click HERE to …" sentences and links that stand alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailer.composing.importing.elements import (
    Call,
    Element,
    Paragraph,
    Run,
    Runs,
    cut,
    link_of,
    raw_text,
    tidy,
    words,
)
from mailer.composing.importing.notes import Notes
from mailer.sentences import Sentence

_HERE = (
    r"(?:(?:on |at |in )?(?:the |this )?(?:link|button|picture|image)(?: right)?(?: here| below| above)?"
    r"|(?:right )?(?:here|below|above))"
)
_DO = r"(?:click|tap|press)"
_VERBS = (
    r"(?:learn|read|find out|see|sign|donate|give|join|register|rsvp|book|buy|get|take|watch"
    r"|listen|view|share|tell|send|write|email|call|contact|support|help|volunteer|subscribe"
    r"|download|submit|vote|apply|start|become|act|add|demand|urge|reserve|discover|explore"
    r"|visit|order|continue|check|try|please|more|forward|spread|pass)"
)
_SENTENCE_FORMS = tuple(
    re.compile(form, re.IGNORECASE | re.DOTALL)
    for form in (
        rf"(?:please |just |simply |now |or |and )*{_DO} {_HERE}(?:,? (?:to|for|and|in order to) (?P<what>.+))?",
        rf"(?:to|for) (?P<what>.{{3,200}}?),? (?:please |just |simply )*{_DO} {_HERE}",
        rf"(?P<what>{_VERBS}\b.{{0,100}}?),? (?:here|(?:by )?(?:clicking|following) {_HERE})",
        r"(?:bitte )?klick(?:en sie|e|t)?(?: bitte)? (?:hier|unten),? (?:um |für )(?P<what>.+)",
        r"cliquez ici pour (?P<what>.+)",
        r"(?:haz|haga|haced|hacé) clic aquí para (?P<what>.+)",
        r"(?:clique|clica) aqui para (?P<what>.+)",
        r"clicca qui per (?P<what>.+)",
        r"klik hier (?:om|voor) (?P<what>.+)",
    )
)
# What every form has one of; most sentences need no closer look.
_HINT = re.compile(
    r"click|tap|press|here|below|link|cli[cq]|hier|unten|qui|aqu|follow", re.IGNORECASE
)
_LONE_LINK = re.compile(rf"[»→➜▶>👉 ]*(?:(?i:{_VERBS})\b|[A-Z][A-Z !-]{{3,}}$)")
_SHARE = re.compile(
    r"(?:please )?(?:share|forward|spread|pass (?:it|this)|tell (?:a |your |everyone)(?:friends?)?)\b",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?…。！？]+[\"”’')\]]*(?=\s|$)|\n+")
_ABBREVIATION = re.compile(r"\b(?:[A-Z]|St|Mr|Mrs|Ms|Dr|No|vs|Prof|Sen|Rep|Gov|Jr|Sr)\.$")
_LONGEST_LABEL = 120
_LONGEST_LONE = 70
# No paragraph that people write changes its look so often.
_MOST_RUNS = 1_000
# A sentence this long calls for nothing.
_LONGEST_SENTENCE = 400

BECAME = Sentence("Sentences that ask for a click became buttons")


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    call: Call


def with_calls(elements: list[Element], notes: Notes) -> list[Element]:
    """*elements* with their calls to action taken out of the paragraphs and put after them."""
    result: list[Element] = []
    for element in elements:
        if isinstance(element, Paragraph):
            result.extend(_parted(element, notes))
        else:
            result.append(element)
    return result


def _parted(paragraph: Paragraph, notes: Notes) -> Iterator[Element]:
    if lone := _lone_link(paragraph.runs):
        yield lone
        return
    found = list(_sentence_calls(paragraph.runs))
    rest: list[Run] = []
    position = 0
    for one in found:
        rest.extend(cut(paragraph.runs, position, one.start))
        position = one.end
        said = " ".join(raw_text(cut(paragraph.runs, one.start, one.end)).split())
        notes.list(BECAME, f"“{said}” → “{one.call.label}”")
    rest.extend(cut(paragraph.runs, position, len(raw_text(paragraph.runs))))
    if runs := tidy(rest):
        yield Paragraph(runs)
    for one in found:
        yield one.call


def _lone_link(runs: Runs) -> Call | None:
    """The call that a paragraph of nothing but one link is, if it reads like one."""
    linked = tuple(run for run in runs if run.href)
    around = "".join(run.text for run in runs if not run.href)
    url = link_of(linked)
    label = words(runs)
    if not url or label == url or around.strip(" .!?:→»>👉\n|"):
        return None
    drawn = any(run.button for run in linked)
    if len(label) <= (_LONGEST_LABEL if drawn else _LONGEST_LONE) and (
        drawn or _LONE_LINK.match(label)
    ):
        said = _asked(label)
        return Call(said or label, url, bool(said and _SHARE.match(said)))
    return None


def _sentence_calls(runs: Runs) -> Iterator[_Found]:
    if len(runs) > _MOST_RUNS:
        return
    text = raw_text(runs)
    last = len(text.rstrip())
    for start, end in _sentences(text):
        if not 5 <= end - start <= _LONGEST_SENTENCE:
            continue
        if not _HINT.search(text, start, end):
            continue
        sentence = cut(runs, start, end)
        addresses = [run.href for run in sentence if run.href]
        spoken = "".join(run.text for run in sentence if run.text != run.href)
        label = _asked(" ".join(spoken.split()))
        # With an address and words behind it, the link is better left where it stands.
        if label and (not addresses or end >= last):
            url = addresses[0] if addresses else None
            yield _Found(start, end, Call(label, url, bool(_SHARE.match(label)) and not url))


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for found in _END.finditer(text):
        if not _ABBREVIATION.search(text[max(0, found.end() - 6) : found.end()]):
            yield start, found.end()
            start = found.end()
    if start < len(text):
        yield start, len(text)


def _asked(sentence: str) -> str:
    """The words for the button, if *sentence* asks for a click; else an empty string."""
    bare = sentence.strip(" :\n").rstrip(".…:→» ").strip()
    mark = bare[-1:] if bare[-1:] in ("!", "?") else ""
    bare = bare.rstrip("!? ").strip()
    for form in _SENTENCE_FORMS:
        if found := form.fullmatch(bare):
            what = (found["what"] or "").strip(" ,:")
            label = (what[:1].upper() + what[1:] + mark) if what else bare
            return label if len(label) <= _LONGEST_LABEL else ""
    return ""


def asks_for_click(text: str) -> bool:
    """Whether *text* ends with a sentence that asks for a click."""
    *_, (start, end) = _sentences(text) if text else [(0, 0)]
    return bool(_asked(text[start:end])) and end - start <= _LONGEST_SENTENCE
