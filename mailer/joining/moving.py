"""A person's own link by mail; a new address, confirmed at the new one and told to the old one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.addresses import Address, parse_address
from mailer.audience import consent, subscribers, suppressions
from mailer.database.tables import Consent, Newsletter, Subscriber, Subscription
from mailer.errors import Conflict, ExpiredToken, InvalidToken
from mailer.joining.office import Office, Trace

_NEW, _BACK = "address", "address back"  # what a link is for
_NOTICES = {_NEW: "address", _BACK: "address-left"}
_ID_BYTES = 8
_CHECK_BYTES = 8


@dataclass(frozen=True, slots=True)
class Move:
    """From which address to which; *done* when it has been made."""

    subscriber_id: int
    old: str
    new: str
    language: str | None
    back: bool  # to the address they had, by the link that was mailed there
    done: bool


def send_link(session: Session, office: Office, address: Address, language: str | None, now: datetime) -> None:  # fmt: skip
    """Mail a person the link to their page; to strangers' eyes the same for everybody."""
    subscriber = subscribers.find(session, address)
    newsletter = newsletter_of(session, subscriber.id if subscriber else None)
    known = subscriber is not None and suppressions.find(session, address, office.signer) is None
    known &= office.may_mail(session, address, now)
    if newsletter is None:
        return  # there is none at all yet
    with session.begin_nested() as kept:  # the same work for everybody takes the same time
        person = subscriber or subscribers.find_or_add(session, address, now=now)
        office.notifier.notify(
            session,
            "preferences",
            to=person.address,
            to_name=person.name,
            newsletter=newsletter,
            language=person.language or language,
            values={"link": office.preferences_link(person.id)},
            now=now,
        )
        if not known:
            kept.rollback()


def ask_to_move(session: Session, office: Office, subscriber_id: int, address: Address, now: datetime) -> None:  # fmt: skip
    """Mail a link to the new address; nothing changes before it was followed and confirmed."""
    subscriber = session.get_one(Subscriber, subscriber_id)
    newsletter = newsletter_of(session, subscriber.id)
    suppression = suppressions.find(session, address, office.signer)
    if newsletter is None or (suppression and not suppressions.is_own(suppression)):
        return
    if not office.may_mail(session, address, now):
        return
    payload = _check(office, subscriber.address_key) + address.shown.encode()
    _mail_link(session, office, subscriber, newsletter, _Letter(_NEW, address.shown, payload), now)


def look_up(session: Session, office: Office, token: str, now: datetime) -> Move:
    """What the link stands for; ``ExpiredToken`` when the address was changed otherwise since.

    The link that takes an address back works whatever became of the other one.
    """
    purpose, payload = _unsealed(office, token, now)
    start = _ID_BYTES + (_CHECK_BYTES if purpose == _NEW else 0)
    if len(payload) <= start:
        raise InvalidToken("This link is damaged.")
    number, new = int.from_bytes(payload[:_ID_BYTES], "big"), payload[start:].decode()
    subscriber = session.get(Subscriber, number, with_for_update=True)
    if subscriber is None:
        raise ExpiredToken("This person was erased.")
    done = subscriber.address_key == parse_address(new).key
    asked_from = payload[_ID_BYTES:start] or _check(office, subscriber.address_key)
    if not done and asked_from != _check(office, subscriber.address_key):
        raise ExpiredToken("The address was changed since.")
    return Move(number, subscriber.address, new, subscriber.language, purpose == _BACK, done=done)


def move(session: Session, office: Office, token: str, trace: Trace, now: datetime) -> Move:
    """Use the new address from now on; doing so again changes nothing.

    ``Conflict`` when somebody is known under it already, or it was suppressed since.
    """
    wanted = look_up(session, office, token, now)
    if wanted.done:
        return wanted
    address = parse_address(wanted.new)
    if subscribers.find(session, address) is not None:
        raise Conflict("That address is on our list already.")
    suppressions.lift_own(session, address, office.signer, now=now)
    if suppressions.find(session, address, office.signer) is not None:
        raise Conflict("That address was suppressed since.")
    subscriber = session.get_one(Subscriber, wanted.subscriber_id)
    if not wanted.back:
        _tell_old_address(session, office, subscriber, now)
    suppressions.give_up(session, subscriber.address_key, office.signer, now=now)
    subscriber.address, subscriber.address_key = address.shown, address.key
    consent.note(
        session,
        subscriber_id=subscriber.id,
        now=now,
        source=consent.NEW_ADDRESS,
        evidence={"from": wanted.old, "to": wanted.new, "confirmation": trace.evidence()},
    )
    return replace(wanted, done=True)


@dataclass(frozen=True, slots=True)
class _Letter:
    """A mail with a link that changes an address."""

    kind: str
    to: str
    payload: bytes


def _tell_old_address(session: Session, office: Office, subscriber: Subscriber, now: datetime) -> None:  # fmt: skip
    """Say there what happened, with a link that takes it back; whoever took it away gets none."""
    newsletter = newsletter_of(session, subscriber.id)
    if newsletter is None or suppressions.find(session, subscriber.address, office.signer):
        return
    letter = _Letter(_BACK, subscriber.address, subscriber.address.encode())
    _mail_link(session, office, subscriber, newsletter, letter, now)


def _mail_link(
    session: Session,
    office: Office,
    subscriber: Subscriber,
    newsletter: Newsletter,
    letter: _Letter,
    now: datetime,
) -> None:
    until = now + office.confirm_within
    payload = subscriber.id.to_bytes(_ID_BYTES, "big") + letter.payload
    language = subscriber.language or newsletter.language
    office.notifier.notify(
        session,
        _NOTICES[letter.kind],
        to=letter.to,
        to_name=subscriber.name,
        newsletter=newsletter,
        language=language,
        values={
            "link": f"{office.base_url}/address/{office.signer.seal(letter.kind, payload, until=until)}",
            "until": office.notifier.press.day(language, until),
        },
        now=now,
        expires_at=until,
    )


def _unsealed(office: Office, token: str, now: datetime) -> tuple[str, bytes]:
    try:
        return _NEW, office.signer.unseal(_NEW, token, now=now)
    except ExpiredToken:
        raise
    except InvalidToken:
        return _BACK, office.signer.unseal(_BACK, token, now=now)


def _check(office: Office, address_key: str) -> bytes:
    return bytes.fromhex(office.signer.digest("address", address_key))[:_CHECK_BYTES]


def newsletter_of(session: Session, subscriber_id: int | None) -> Newsletter | None:
    """In whose dress to write: one they get, one they got, else the first there is."""
    if subscriber_id is not None:
        own = session.scalars(
            select(Newsletter)
            .join(Subscription, Subscription.newsletter_id == Newsletter.id)
            .where(Subscription.subscriber_id == subscriber_id)
            .order_by(Subscription.state != Consent.CONFIRMED, Newsletter.id)
            .limit(1)
        ).first()
        if own is not None:
            return own
    return session.scalars(select(Newsletter).order_by(Newsletter.id).limit(1)).first()
