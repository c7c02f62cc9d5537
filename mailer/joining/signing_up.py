"""Signing up and confirming: from a form, through a mail, to a consent on record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from mailer.addresses import parse_address
from mailer.audience import consent, subscribers, suppressions
from mailer.database.tables import (
    Consent,
    Newsletter,
    OptIn,
    Outcome,
    SignUp,
    Subscription,
)
from mailer.errors import Conflict, ExpiredToken, InvalidToken
from mailer.joining import counting
from mailer.joining.greeting import greet
from mailer.joining.office import Asked, Office, Trace

_PURPOSE = "confirm"
_ID_BYTES = 8
SOURCE = "form"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a confirmation link stands for, before and after its button was pressed."""

    newsletter: Newsletter
    address: str
    language: str | None
    confirmed: bool  # the button was pressed
    subscribed: bool  # and they get the newsletter now


def ask(session: Session, office: Office, newsletter: Newsletter, asked: Asked, now: datetime) -> None:  # fmt: skip
    """Take a form in. Whatever was known of the address, the answer to the asker is the same.

    Unknown people wait for their click (with single opt-in and proof of work they do not); whoever
    left can come back by confirming; whoever is subscribed gets a mail that says so. Suppressed
    addresses, and those that had enough mails from strangers, get nothing and nothing is kept.
    """
    suppression = suppressions.find(session, asked.address, office.signer)
    gone = suppression is not None and suppressions.is_own(suppression)
    silent = None
    if not office.may_mail(session, asked.address, now):
        silent = Outcome.OFTEN
    if suppression is not None and not gone:  # those may come back by confirming
        silent = Outcome.SUPPRESSED
    with session.begin_nested() as kept:  # the same work for everybody takes the same time
        proved = asked.proved and not gone
        outcome = _take_in(session, office, newsletter, replace(asked, proved=proved), now)
        if silent:
            kept.rollback()
    counting.count(session, newsletter.id, silent or outcome, now)


def look_up(session: Session, office: Office, token: str, now: datetime) -> Invitation:
    """What the link stands for; ``ExpiredToken`` also when the sign-up was removed since."""
    sign_up = session.get(SignUp, _sign_up_id(office, token, now))
    if sign_up is None:
        raise ExpiredToken("This sign-up was removed.")
    return _invitation(session, sign_up)


def confirm(session: Session, office: Office, token: str, trace: Trace, now: datetime) -> Invitation:  # fmt: skip
    """The person pressed the button. Doing so again changes nothing, not even after they left.

    ``InvalidToken``, ``ExpiredToken``; ``Conflict`` when the address is suppressed.
    """
    sign_up = session.get(SignUp, _sign_up_id(office, token, now), with_for_update=True)
    if sign_up is None:
        raise ExpiredToken("This sign-up was removed.")
    if sign_up.confirmed_at is None:
        suppressions.lift_own(session, sign_up.address, office.signer, now=now)
        if suppressions.find(session, sign_up.address, office.signer) is not None:
            raise Conflict("This address was suppressed since.")
        _confirm(session, office, sign_up, trace, now)
    return _invitation(session, sign_up)


def _take_in(
    session: Session, office: Office, newsletter: Newsletter, asked: Asked, now: datetime
) -> Outcome:
    subscriber = subscribers.find_or_add(session, asked.address, now=now)
    known = session.get(Subscription, (newsletter.id, subscriber.id))
    if known is not None and known.state is Consent.CONFIRMED:
        greet(session, office, newsletter, subscriber, "known", language=asked.language, now=now)
        return Outcome.KNOWN
    sign_up = SignUp(
        newsletter_id=newsletter.id,
        address=asked.address.shown,
        address_key=asked.address.key,
        name=asked.name,
        language=asked.language,
        fields=dict(asked.fields),
        evidence=asked.trace.evidence(),
        at=now,
    )
    session.add(sign_up)
    session.flush()
    if known is None:
        consent.change(
            session,
            newsletter_id=newsletter.id,
            subscriber_id=subscriber.id,
            state=Consent.PENDING,
            now=now,
            source=SOURCE,
            evidence=sign_up.evidence,
        )
        if newsletter.opt_in is OptIn.SINGLE and asked.proved:
            _confirm(session, office, sign_up, asked.trace, now)
            return Outcome.ASKED
    _ask_to_confirm(session, office, newsletter, sign_up, now)
    return Outcome.ASKED


def _ask_to_confirm(
    session: Session, office: Office, newsletter: Newsletter, sign_up: SignUp, now: datetime
) -> None:
    until = now + office.confirm_within
    token = office.signer.seal(_PURPOSE, sign_up.id.to_bytes(_ID_BYTES, "big"), until=until)
    language = sign_up.language or newsletter.language
    office.notifier.notify(  # without the name: a stranger may have put an advertisement there
        session,
        "confirm",
        to=sign_up.address,
        newsletter=newsletter,
        language=language,
        values={
            "link": f"{office.base_url}/confirm/{token}",
            "until": office.notifier.press.day(language, until),
        },
        now=now,
        expires_at=until,
    )


def _confirm(
    session: Session, office: Office, sign_up: SignUp, trace: Trace, now: datetime
) -> None:
    newsletter = session.get_one(Newsletter, sign_up.newsletter_id)
    subscriber = subscribers.find_or_add(session, parse_address(sign_up.address), now=now)
    # What was known stays: anybody can fill a form in, so it only adds.
    subscriber.name = subscriber.name or sign_up.name
    subscriber.language = subscriber.language or sign_up.language
    subscriber.fields = {**sign_up.fields, **subscriber.fields}
    sign_up.confirmed_at = now
    how = SOURCE if trace.form != "confirm" else "confirmed"
    changed = consent.change(
        session,
        newsletter_id=newsletter.id,
        subscriber_id=subscriber.id,
        state=Consent.CONFIRMED,
        now=now,
        source=": ".join(filter(None, (how, sign_up.evidence.get("source")))),
        evidence={
            **sign_up.evidence,
            "asked_at": sign_up.at.isoformat(timespec="seconds"),
            "confirmation": trace.evidence(),
        },
    )
    if changed:
        counting.count(session, newsletter.id, Outcome.CONFIRMED, now)
        language = sign_up.language
        greet(session, office, newsletter, subscriber, "welcome", language=language, now=now)


def _sign_up_id(office: Office, token: str, now: datetime) -> int:
    payload = office.signer.unseal(_PURPOSE, token, now=now)
    if len(payload) != _ID_BYTES:
        raise InvalidToken("This link is damaged.")
    return int.from_bytes(payload, "big")


def _invitation(session: Session, sign_up: SignUp) -> Invitation:
    newsletter = session.get_one(Newsletter, sign_up.newsletter_id)
    subscriber = subscribers.find(session, parse_address(sign_up.address))
    subscription = subscriber and session.get(Subscription, (newsletter.id, subscriber.id))
    return Invitation(
        newsletter=newsletter,
        address=sign_up.address,
        language=sign_up.language,
        confirmed=sign_up.confirmed_at is not None,
        subscribed=bool(subscription and subscription.state is Consent.CONFIRMED),
    )
