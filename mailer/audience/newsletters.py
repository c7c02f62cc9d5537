"""Newsletters: adding one, finding one by its slug, all of them with their readers counted."""

from __future__ import annotations

import difflib
import re
import zoneinfo
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.addresses import clean_name, parse_address
from mailer.database.tables import Consent, Newsletter, Subscription
from mailer.errors import Conflict, InvalidInput, NotFound
from mailer.sending_hours import parse_sending_hours
from mailer.sentences import did_you_mean, there_are

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_POSTAL = 500
_LONGEST_LOCAL = 64 - len("+") - 48  # RFC 5321 section 4.5.3.1.1
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Named:
    """A newsletter to choose."""

    id: int
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Counted:
    """A newsletter and how many subscriptions are in each state."""

    newsletter: Newsletter
    confirmed: int
    pending: int
    unsubscribed: int


def add(  # noqa: PLR0913  # a newsletter has that many facts
    session: Session,
    slug: str,
    name: str,
    from_address: str,
    *,
    now: datetime,
    from_name: str | None = None,
    reply_to: str | None = None,
    return_path: str | None = None,
    language: str = "en",
    time_zone: str = "UTC",
    postal_address: str = "",
    sending_hours: str | None = None,
) -> Newsletter:
    """A new newsletter; ``InvalidInput`` or ``Conflict`` (the slug is taken)."""
    if len(slug) > 60 or not _SLUG.fullmatch(slug):
        raise InvalidInput(
            "The slug {slug!r} cannot be used; write small letters, digits and single hyphens, "
            "such as river-watch, 60 at most.",
            slug=slug,
        )
    title = clean_name(name)
    if not title:
        raise InvalidInput("A newsletter needs a name.")
    if find(session, slug) is not None:
        raise Conflict("There is a newsletter {slug!r} already; choose another slug.", slug=slug)
    newsletter = Newsletter(slug=slug, look={}, theme="default", created_at=now)
    change(
        newsletter,
        name=title,
        from_address=from_address,
        from_name=from_name or "",
        reply_to=reply_to or "",
        return_path=return_path or "",
        language=language,
        time_zone=time_zone,
        postal_address=postal_address,
        sending_hours=sending_hours or "",
    )
    session.add(newsletter)
    session.flush()
    return newsletter


def change(  # noqa: PLR0913  # a newsletter has that many facts
    newsletter: Newsletter,
    *,
    name: str,
    from_address: str,
    from_name: str,
    reply_to: str,
    return_path: str,
    language: str,
    time_zone: str,
    postal_address: str,
    sending_hours: str,
) -> None:
    """Everything but the slug, which stands in links; an empty text stands for none.

    ``InvalidInput`` says what cannot be taken; nothing has changed then.
    """
    title = clean_name(name)
    if not title:
        raise InvalidInput("A newsletter needs a name.")
    if len(postal_address) > _LONGEST_POSTAL:
        raise InvalidInput(
            "The postal address has more than {most} characters.",
            most=_LONGEST_POSTAL,
        )
    values = {
        "name": title,
        "from_name": clean_name(from_name) or title,
        "from_address": parse_address(from_address).shown,
        "reply_to": parse_address(reply_to).shown if reply_to else None,
        "return_path": _return_path(return_path) if return_path else None,
        "language": _language(language),
        "time_zone": _time_zone(time_zone),
        "postal_address": postal_address.strip(),
        "sending_hours": str(parse_sending_hours(sending_hours)) if sending_hours.strip() else None,
    }
    for field, value in values.items():
        setattr(newsletter, field, value)


def set_sending_hours(newsletter: Newsletter, hours: str) -> None:
    """``08:00-20:00`` in the newsletter's time zone; empty: at any time. ``InvalidInput``."""
    newsletter.sending_hours = str(parse_sending_hours(hours)) if hours.strip() else None


def find(session: Session, slug: str) -> Newsletter | None:
    """The newsletter with this slug."""
    return session.scalars(select(Newsletter).where(Newsletter.slug == slug)).one_or_none()


def get(session: Session, slug: str) -> Newsletter:
    """The newsletter with this slug; ``NotFound`` names those there are."""
    newsletter = find(session, slug)
    if newsletter is not None:
        return newsletter
    slugs = session.scalars(select(Newsletter.slug).order_by(Newsletter.slug)).all()
    close = difflib.get_close_matches(slug, slugs, n=1)
    there = did_you_mean(close[0]) if close else there_are(slugs)
    raise NotFound("There is no newsletter {slug!r}; {there}", slug=slug, there=there)


def named(session: Session) -> list[Named]:
    """All newsletters by name, uncounted."""
    rows = session.execute(
        select(Newsletter.id, Newsletter.slug, Newsletter.name).order_by(
            Newsletter.name, Newsletter.id
        )
    )
    return [Named(*row) for row in rows]


def counted(session: Session) -> list[Counted]:
    """All newsletters by name, with their subscriptions counted."""
    rows = session.execute(
        select(Subscription.newsletter_id, Subscription.state, func.count()).group_by(
            Subscription.newsletter_id, Subscription.state
        )
    )
    counts = {(newsletter_id, state): count for newsletter_id, state, count in rows}
    return [
        Counted(newsletter, *(counts.get((newsletter.id, state), 0) for state in _STATES))
        for newsletter in session.scalars(select(Newsletter).order_by(Newsletter.name))
    ]


def _return_path(text: str) -> str:
    """The address that gets a reader's token of 48 characters after a plus (VERP)."""
    address = parse_address(text).shown
    local = address.rpartition("@")[0]
    if not local.isascii() or len(local) > _LONGEST_LOCAL:
        raise InvalidInput(
            "The return path {address!r} cannot be used: before the @ it may have "
            "{most} plain letters at most, for a reader's token is added to it.",
            address=address,
            most=_LONGEST_LOCAL,
        )
    return address


_STATES = (Consent.CONFIRMED, Consent.PENDING, Consent.UNSUBSCRIBED)


def _language(tag: str) -> str:
    if len(tag) > 35 or not _LANGUAGE.fullmatch(tag):
        raise InvalidInput("{tag!r} is no language tag; write en, de or pt-BR (BCP 47).", tag=tag)
    return tag


def _time_zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise InvalidInput(
            "{name!r} is no time zone; write UTC or Europe/Berlin (IANA names).", name=name
        )
    return name
