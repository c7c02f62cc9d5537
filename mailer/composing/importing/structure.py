"""Makes blocks of elements: news, urgent calls, answers, lists of actions, pictures, words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from mailer.blocks import (
    Actions,
    Block,
    Button,
    Divider,
    Media,
    Response,
    Share,
    Text,
    Update,
    Urgent,
)
from mailer.composing.importing.bodies import as_body, bodies_of
from mailer.composing.importing.dates import days
from mailer.composing.importing.elements import (
    Call,
    Element,
    Paragraph,
    Quote,
    Run,
    all_runs,
    html_of,
    words,
)
from mailer.composing.importing.notes import Notes
from mailer.composing.importing.parts import Part, parts_of
from mailer.errors import InvalidFile
from mailer.sentences import Sentence

_MOST_BLOCKS = 200
# Behind so many parts, the rest is joined: an issue holds 200 blocks.
_MOST_PARTS = 150
_MOST_ITEMS = 100

_URGENT = re.compile(
    r"\burgent(?:ly|e|es)?\b|\bemergency\b|\bact now\b|\blast chance\b|\btime is running out\b"
    r"|\bfinal (?:call|days?|hours?)\b|\bdeadline\b|\bbefore it.s too late\b|\bdringend\b|\beilt\b"
    r"|\burgence\b|\búltima oportunidad\b|срочно|緊急|紧急|긴급|فوری",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"\b(?:responds|responded|replies|replied|answers us|answered|hears us|heard from"
    r"|(?:sends|sent|gives|gave) (?:us )?(?:a |an |its |his |her |their )?(?:\w+ )?(?:response|reply|answer)"
    r"|(?:response|reply|answer) from|official (?:[\w-]+ ){0,5}?(?:response|reply|answer))\b",
    re.IGNORECASE,
)
_NAME = r"[A-Z][\w’'.-]*(?: (?:(?:of|de|von|van|the|for|and) )?[A-Z][\w’'.-]*)*"
_WHO = tuple(
    re.compile(form)
    for form in (
        rf"(?:^|[:–—!?.-] )(?:[Tt]he )?(?P<who>{_NAME}) (?:responds|responded|replies|replied|answers|answered|sends|sent|gives|gave)\b",
        rf"Official (?P<who>{_NAME}) (?:Response|Reply|Answer)\b",
        rf"(?:[Rr]esponse|[Rr]eply|[Aa]nswer) from (?:the )?(?P<who>{_NAME})",
    )
)
_VIDEO = re.compile(
    r"//(?:[\w-]+\.)?(?:youtube\.com|youtu\.be|vimeo\.com|peertube\.)", re.IGNORECASE
)

GUESSED_DAY = Sentence("Deadlines were taken from the text, so check them")
NO_YEAR = Sentence("Urgent calls name a day without a year, so set the deadline")
GUESSED_WHO = Sentence("Who answered was guessed from the text")


def blocks_of(elements: Iterable[Element], notes: Notes, *, near: date | None) -> list[Block]:
    """Blocks that say what *elements* say; *near* is the issue's date, if known."""
    parts = parts_of(elements)
    if len(parts) > _MOST_PARTS:
        notes.say(
            Sentence(
                "The text has more parts than an issue holds blocks: all after part {most} were "
                "joined, with their headlines in bold.",
                most=_MOST_PARTS,
            )
        )
        rest = [piece for part in parts[_MOST_PARTS:] for piece in as_body(part)]
        parts = [*parts[:_MOST_PARTS], Part(body=rest)]
    blocks = [block for part in parts for block in _blocks(part, notes, near)]
    if len(blocks) > _MOST_BLOCKS:
        raise InvalidFile("The text is too long for one issue; split it into several files.")
    return blocks


def _blocks(part: Part, notes: Notes, near: date | None) -> Iterator[Block]:
    if part.rule:
        yield Divider()
        return
    if part.link:
        _keep_headline_link(part)
    first, *others = bodies_of(part.body) or [""]
    if part.items:
        yield Actions(headline=part.headline, body=first, items=part.items[:_MOST_ITEMS])
        for start in range(_MOST_ITEMS, len(part.items), _MOST_ITEMS):
            yield Actions(items=part.items[start : start + _MOST_ITEMS])
    elif part.picture:
        yield _media(part, first)
    else:
        yield _worded(part, first, notes, near)
    for body in others:
        yield Text(body=body)


def _keep_headline_link(part: Part) -> None:
    """The address a headline leads to becomes the button's, or a link below."""
    if part.call is None and not part.items:
        part.call = Call(part.headline, part.link)
    else:
        part.body.insert(0, Paragraph((Run(part.headline, part.link),)))


def _media(part: Part, body: str) -> Media:
    picture = part.picture
    href = picture.href if picture else ""
    return Media(
        media="video" if _VIDEO.search(href) else "image",
        headline=part.headline,
        image=picture.src if picture else None,
        alt=picture.alt if picture else "",
        url=href or None,
        body=body,
        button=_button(part),
    )


def _button(part: Part) -> Button | None:
    return Button(label=part.call.label, url=part.call.url) if part.call else None


def _worded(part: Part, body: str, notes: Notes, near: date | None) -> Block:
    text = " ".join(words(all_runs(element)) for element in part.body)
    if part.call and part.call.share and not part.headline:
        return Share(headline=part.call.label, body=body)
    if part.headline and _ANSWER.search(part.headline):
        return _response(part, text, body, notes)
    if _is_urgent(part, text):
        return Urgent(
            headline=part.headline,
            body=body,
            deadline=_deadline(part.headline, text, notes, near),
            button=_button(part),
        )
    if part.headline or part.call:
        return Update(headline=part.headline, body=body, button=_button(part))
    return Text(body=body)


def _is_urgent(part: Part, text: str) -> bool:
    if _URGENT.search(part.headline):
        return True
    if not part.headline or not part.call:
        return False
    return bool(_URGENT.search(text)) or any(day.until for day in days(text))


def _deadline(headline: str, text: str, notes: Notes, near: date | None) -> date | None:
    named = list(days(f"{headline} . {text}", near=near))
    named.sort(key=lambda day: not day.until)
    if not named:
        return None
    if named[0].value is None:
        notes.list(NO_YEAR, f"“{headline[:80]}”: {named[0].words}")
        return None
    notes.list(GUESSED_DAY, f"“{headline[:80]}”: {named[0].value.isoformat()}")
    return named[0].value


def _response(part: Part, text: str, body: str, notes: Notes) -> Response:
    who = _who(part.headline) or _who(text)
    if who:
        notes.list(
            GUESSED_WHO, Sentence("“{who}” in “{headline}”", who=who, headline=part.headline[:80])
        )
    quote = ""
    if part.body and isinstance(part.body[0], Quote):
        quote = html_of(part.body[0])
        body = body.removeprefix(quote)
    return Response(headline=part.headline, who=who, quote=quote, view=body, button=_button(part))


def _who(text: str) -> str:
    for form in _WHO:
        if (found := form.search(text[:2000])) and len(found["who"]) <= 120:
            return found["who"].strip().rstrip(".")
    return ""
