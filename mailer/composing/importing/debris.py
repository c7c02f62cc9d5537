"""Recognises what other systems left in a text: tracking debris, their footers, their marks."""

from __future__ import annotations

import re

from mailer.composing.importing.elements import (
    Element,
    Heading,
    Item,
    Listing,
    Paragraph,
    Quote,
    Rule,
    Run,
    Runs,
    tidy,
    words,
)
from mailer.composing.importing.notes import Notes
from mailer.sentences import Sentence

# A key that only analytics reads, inside a word that is no address.
_ANALYTICS = re.compile(
    r"(?:utm_(?:source|medium|campaign|content|term|id)|mc_[ce]id|fbclid|gclid|_hsenc|_hsmi)="
)
_WORD = re.compile(r"\S+")
_DEBRIS_START = re.compile(r"[!?#&]?_{2,}|[?#&](?=[\w%+.-]*[=&])")
_ENDS = re.compile(r"[.!?…”\"’')\]]$")
_INLINE_IMAGE = re.compile(r"\[(?:image|cid|Inline image)[^\[\]\n]{0,300}\]", re.IGNORECASE)

_FIRST_NAME = re.compile(
    r"\*\|(?:FNAME|FIRSTNAME)\|\*|\{\{ ?(?:contact\.)?(?:first_?name|FIRSTNAME) ?\}\}|%FIRSTNAME%|%%first_?name%%",
    re.IGNORECASE,
)
_FOREIGN_MARK = re.compile(
    r"\*\|[A-Za-z0-9_:=./ -]{1,80}\|\*|%%[\w .:-]{1,60}%%|\{\{[^{}\n]{1,200}\}\}|\{%[^{}\n]{1,400}%\}"
    r"|\[\[[A-Z][A-Z0-9_]{2,60}\]\]|\{:[^{}\n]{1,120}\}"
)

_LEAVE = re.compile(
    r"unsubscribe|opt[ -]?out|(?:manage|update|change|edit) (?:your |my )?(?:e-?mail )?"
    r"(?:preferences|subscription|settings)|e-?mail preferences|subscription preferences"
    r"|view (?:this |it |the )?(?:e-?mail |message |newsletter |issue )?(?:in|on) (?:your|a|the)?"
    r" ?(?:web )?browser|view (?:it |this )?online|web ?version|(?:^| )abmelden|abbestellen"
    r"|austragen|im browser (?:an|öffnen)|d[ée]sabonne|d[ée]sinscri|version en ligne"
    r"|dans (?:votre|le) navigateur|dar(?:se|te|me) de baja|cancelar (?:la |a |su |sua )?"
    r"(?:suscripci|inscri|subscri|assinatura)|en (?:su|tu) navegador|descadastr|no navegador"
    r"|disiscri|cancella.{0,12}iscrizione|nel (?:tuo )?browser|afmelden|uitschrijven"
    r"|in (?:je|uw) browser|avsluta prenumeration|avprenumerera|avmeld|frameld|peruuta tilaus"
    r"|wypisz|odhlásit|leiratkoz|отписаться|отказаться от рассылки|відписатися|退订|取消订阅"
    r"|取消訂閱|配信停止|配信解除|購読解除|구독 ?취소|수신 ?거부|لغو (?:عضویت|اشتراک)|إلغاء الاشتراك"
    r"|सदस्यता (?:रद्द|समाप्त)",
    re.IGNORECASE,
)
_LEAVE_ADDRESS = re.compile(
    r"unsub|opt-?out|list-manage\d?\.com/(?:profile|unsubscribe)|\*\|(?:UNSUB|UPDATE_PROFILE|ARCHIVE)",
    re.IGNORECASE,
)
_LEAVE_OPENING = re.compile(
    r"(?:(?:click|tap) here to |to )?(?:unsubscribe|opt out)\b|if you (?:no longer|don.t|do not) "
    r"(?:wish|want) to (?:receive|get)|you(?:.re| are)? (?:are |have )?(?:receiving|received|"
    r"getting|got) this (?:e-?mail|message|newsletter|mail) (?:because|as)|view (?:this |it )?"
    r"(?:e-?mail |message |newsletter )?in (?:your|a) (?:web )?browser",
    re.IGNORECASE,
)
_FOOTER_OPENING = re.compile(
    r"©|\(c\) ?\d{4}|copyright\b|all rights reserved|our mailing address|unsere postanschrift"
    r"|notre adresse postale",
    re.IGNORECASE,
)
_LONGEST_FOOTER = 400

DEBRIS = Sentence("Tracking debris was left out")
FOOTER = Sentence(
    "The footer of another newsletter system was left out; this system writes its own"
)
MARKS = Sentence("Marks of another system were left out")
IMAGES = Sentence("Places of pictures that the text does not carry were left out")
NAMES = Sentence(
    "The mark for the reader's name became [[first_name|friend]]; change “friend” as you like"
)


def without_debris(text: str, notes: Notes) -> str:
    """*text* without left-over tracking and foreign marks, each named in a note."""
    if _ANALYTICS.search(text):
        text = _WORD.sub(lambda found: _cut_debris(found[0], notes), text)
    text = _dropped(_INLINE_IMAGE, text, notes, IMAGES)
    if _FIRST_NAME.search(text):
        notes.list(NAMES, _FIRST_NAME.search(text)[0])  # type: ignore[index]  # it was found before
        text = _FIRST_NAME.sub("[[first_name|friend]]", text)
    return _dropped(_FOREIGN_MARK, text, notes, MARKS)


def _dropped(pattern: re.Pattern[str], text: str, notes: Notes, opening: Sentence) -> str:
    for found in pattern.finditer(text):
        notes.list(opening, found[0])
    return pattern.sub("", text)


def _cut_debris(word: str, notes: Notes) -> str:
    key = _ANALYTICS.search(word)
    if not key or "://" in word or word.startswith("www."):
        return word
    start = _DEBRIS_START.search(word)
    at = start.start() if start and start.start() < key.start() else key.start()
    kept = word[:at]
    # “now!____x&utm_…”: the exclamation mark is the sentence's, if it has no other end.
    if start and at == start.start() and word[at] in "!?" and kept and not _ENDS.search(kept):
        kept += word[at]
    notes.list(DEBRIS, word[len(kept) :])
    return kept


def clean_elements(elements: tuple[Element, ...], notes: Notes) -> list[Element]:
    """*elements* without debris and without another system's footer."""
    cleaned = [kept for element in elements if (kept := _cleaned(element, notes)) is not None]
    return _without_footer(cleaned, notes)


def _cleaned(element: Element, notes: Notes) -> Element | None:
    if isinstance(element, Heading | Paragraph):
        runs = _cleaned_runs(element.runs, notes)
        if not runs:
            return None
        return Heading(element.level, runs) if isinstance(element, Heading) else Paragraph(runs)
    if isinstance(element, Listing):
        items = tuple(item for item in (_cleaned_item(i, notes) for i in element.items) if item)
        return Listing(items, element.ordered, element.calls) if items else None
    if isinstance(element, Quote):
        parts = _cleaned_parts(element.parts, notes)
        return Quote(parts) if parts else None
    return element


def _cleaned_item(item: Item, notes: Notes) -> Item | None:
    parts = _cleaned_parts(item.parts, notes)
    return Item(parts) if parts else None


def _cleaned_parts(
    parts: tuple[Paragraph | Listing, ...], notes: Notes
) -> tuple[Paragraph | Listing, ...]:
    kept = (_cleaned(part, notes) for part in parts)
    return tuple(part for part in kept if isinstance(part, Paragraph | Listing))


def _cleaned_runs(runs: Runs, notes: Notes) -> Runs:
    return tidy(
        run
        if run.href and run.text == run.href
        else Run(without_debris(run.text, notes), run.href, run.strong, run.em, run.button, run.big)
        for run in runs
    )


def _without_footer(elements: list[Element], notes: Notes) -> list[Element]:
    leaving = [at for at, element in enumerate(elements) if _asks_to_leave(element)]
    dropped = set(leaving)
    if leaving and leaving[-1] * 2 >= len(elements):
        dropped |= _around_footer(elements, leaving[-1])
    for at in sorted(dropped):
        if not isinstance(elements[at], Rule):
            notes.list(FOOTER, _told(elements[at]))
    return [element for at, element in enumerate(elements) if at not in dropped]


def _around_footer(elements: list[Element], leaving: int) -> set[int]:
    """Copyright lines before the last unsubscribe link, an address and the like behind it."""
    around: set[int] = set()
    behind = range(leaving + 1, len(elements))
    if len(behind) <= 6 and all(_is_small_print(elements[at]) for at in behind):
        around.update(behind)
    for at in range(leaving - 1, max(-1, leaving - 5), -1):
        element = elements[at]
        if isinstance(element, Paragraph) and _FOOTER_OPENING.match(words(element.runs)):
            around.update(
                between for between in range(at, leaving) if _is_small_print(elements[between])
            )
    return around


def _is_small_print(element: Element) -> bool:
    if isinstance(element, Rule):
        return True
    return (
        isinstance(element, Paragraph)
        and len(words(element.runs)) <= 200
        and not any(run.href for run in element.runs)
    )


def _asks_to_leave(element: Element) -> bool:
    if not isinstance(element, Paragraph):
        return False
    text = words(element.runs)
    if len(text) > _LONGEST_FOOTER:
        return False
    if _LEAVE_OPENING.match(text) or _is_leave_label(text):
        return True
    return any(
        run.href
        and len(run.text) <= 60
        and (_LEAVE.search(run.text) or _LEAVE_ADDRESS.search(run.href))
        for run in element.runs
    )


def _is_leave_label(text: str) -> bool:
    """Whether *text* is a link's words whose link the source has lost."""
    if not _LEAVE.search(text):
        return False
    return (len(text) <= 40 and not text.endswith(".")) or (
        len(text) <= 100 and ("click" in text.lower() or bool(_LEAVE.match(text)))
    )


def _told(element: Element) -> str:
    if not isinstance(element, Paragraph):
        return "a part of it"
    addresses = [run.href for run in element.runs if run.href]
    return f"“{words(element.runs)}”" + (f" ({', '.join(addresses)})" if addresses else "")
