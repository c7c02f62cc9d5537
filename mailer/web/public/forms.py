"""Reads sign-up forms, and writes the words that they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from starlette.requests import Request

from mailer.address_rules import AddressRules
from mailer.addresses import NAME_LENGTH, Address, common_keys, parse_address, suggest
from mailer.audience.forms import FormSettings, Question, answers
from mailer.database.tables import Newsletter, Outcome
from mailer.errors import InvalidAddress, InvalidInput
from mailer.field_kinds import Kept
from mailer.web.public.visits import Form, line
from mailer.web.site import site_of
from mailer.web.wording import Say

_MOST_ADDRESS = 320
_MOST_ANSWER = 600
MOST_SOURCE = 60


@dataclass(frozen=True, slots=True)
class Words:
    """What a form says; all of it is kept with a consent that is given on it."""

    heading: str
    intro: str
    consent: str
    button: str

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.heading, self.intro, self.consent, self.button)))


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody has filled in, or a link has filled in for them."""

    address: str = ""
    name: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    source: str = ""  # where they came from, in the group's own words


class Refusal(Exception):
    """A form that cannot be taken: words for whoever filled it in, and the field they are about."""

    def __init__(
        self, words: str, outcome: Outcome, place: str = "", wait: timedelta = timedelta()
    ) -> None:
        super().__init__(words)
        self.outcome, self.place, self.wait = outcome, place, wait


class Doubt(Exception):
    """An address that was probably meant otherwise."""

    def __init__(self, suggestion: str) -> None:
        super().__init__(suggestion)
        self.suggestion = suggestion


def words_of(newsletter: Newsletter, settings: FormSettings, say: Say) -> Words:
    """The newsletter's own words, else the usual ones of the language."""
    return Words(
        heading=settings.heading or say("form.heading", newsletter=newsletter.name),
        intro=settings.intro,
        consent=settings.consent or say("form.consent", newsletter=newsletter.name),
        button=settings.button or say("form.button"),
    )


def read_given(form: Form) -> Given:
    """The fields of a form or of a page's address, cut to what is possible."""
    return Given(
        address=line(form, "choice", _MOST_ADDRESS) or line(form, "address", _MOST_ADDRESS),
        name=line(form, "name", NAME_LENGTH),
        fields={
            name.removeprefix("f."): line(form, name, _MOST_ANSWER)
            for name in form
            if name.startswith("f.")
        },
        source=_source(form),
    )


def _source(form: Form) -> str:
    """``?source=spring-fair``, else the UTM tags of the link that led here."""
    tags = (line(form, f"utm_{name}", MOST_SOURCE) for name in ("source", "campaign"))
    return (line(form, "source", MOST_SOURCE) or " / ".join(filter(None, tags)))[:MOST_SOURCE]


def read_address(
    form: Form, given: Given, settings: FormSettings, rules: AddressRules, say: Say
) -> Address:
    """The address of a form; ``Refusal``, or ``Doubt``: only the person can say which is meant."""
    insisted = line(form, "choice", _MOST_ADDRESS) or line(form, "as_typed", _MOST_ADDRESS)
    meant = suggest(given.address)
    try:
        address = parse_address(given.address)
    except InvalidAddress as error:
        if meant and insisted != given.address and all(common_keys([meant])):
            raise Doubt(meant) from error
        raise Refusal(say("form.bad_address"), Outcome.ADDRESS, "address") from error
    if meant and insisted != address.shown:
        raise Doubt(meant)
    refused = settings.refuses(address, rules)
    if refused:
        raise Refusal(say(f"form.no_{refused}"), Outcome(refused), "address")
    return address


def read_answers(asked: tuple[Question, ...], given: Given, say: Say) -> dict[str, Kept]:
    """The custom fields of a form; ``Refusal`` names the answer that cannot be kept."""
    kept: dict[str, Kept] = {}
    for question in asked:
        try:
            kept |= answers([question], given.fields)
        except InvalidInput as error:
            words = say("form.bad_answer", label=question.label)
            raise Refusal(words, Outcome.ANSWER) from error
    return kept


def is_own_or_allowed(request: Request, settings: FormSettings) -> bool:
    """Whether the site that shows the form may; programs that are no browser do not say which."""
    if not settings.sites or request.headers.get("sec-fetch-site") in {"same-origin", "none"}:
        return True
    origin = request.headers.get("origin")
    own = urlsplit(site_of(request).mailer.settings.base_url)
    return origin in (None, f"{own.scheme}://{own.netloc}", *settings.sites)


def referrer_of(request: Request) -> str:
    """The page with the form, without what may stand behind a ``?``."""
    parts = urlsplit(request.headers.get("referer", "")[:1000])
    return f"{parts.scheme}://{parts.netloc}{parts.path}"[:300] if parts.netloc else ""
