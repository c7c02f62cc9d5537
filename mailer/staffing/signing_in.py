"""Signing in: by password or by a link, then by a one-time code where that is switched on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.addresses import clean_name, parse_address
from mailer.database.engine import reading, transaction
from mailer.database.tables import LinkPurpose, Role, User
from mailer.errors import InvalidAddress, InvalidInput
from mailer.sealing import Sealer
from mailer.staffing import attempts, links, passwords, second_factor, sessions, users
from mailer.staffing.sessions import Visitor


class WrongPassword(InvalidInput):
    """Address, password or code are wrong; which one is not said."""

    def __init__(self) -> None:
        super().__init__("The address or the password is not right.")


class WrongCode(InvalidInput):
    """The one-time code is wrong."""

    def __init__(self) -> None:
        super().__init__("That code is not right, or it was used before.")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The token for the cookie."""

    token: str


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The token with which the code is to be given."""

    step: str


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What somebody says about themselves when they first come."""

    name: str
    address: str
    password: str
    language: str = "en"
    time_zone: str = "UTC"


Outcome = SignedIn | CodeNeeded


def by_password(
    engine: Engine, address: str, password: str, visitor: Visitor, *, now: datetime
) -> Outcome:
    """``WrongPassword``, or ``TooManyAttempts`` after too many of them."""
    key = _key(address)
    with transaction(engine) as session:
        attempts.begin(session, key, visitor.network, now=now)
    with reading(engine) as session:
        user = users.find(session, key) if "@" in key else None
        known = user.password_hash if user else None
    # Outside of any transaction, for it is slow on purpose.
    if not passwords.verify(known, password) or user is None:
        raise WrongPassword
    with transaction(engine) as session:
        user = session.get_one(User, user.id)
        if known is not None and passwords.is_outdated(known):
            user.password_hash = passwords.hash_password(password)
        outcome = _enter(session, user, visitor, now=now)
        if isinstance(outcome, SignedIn):
            attempts.succeed(session, key, visitor.network)
        return outcome


def by_link(engine: Engine, token: str, visitor: Visitor, *, now: datetime) -> Outcome:
    """Use a sign-in link up; ``InvalidToken``."""
    with transaction(engine) as session:
        user = links.use(session, links.look_up(session, token, LinkPurpose.SIGN_IN, now=now))
        assert user is not None  # noqa: S101  # only the first account's link names nobody
        return _enter(session, user, visitor, now=now)


def by_code(
    engine: Engine, sealer: Sealer, step: str, code: str, visitor: Visitor, *, now: datetime
) -> SignedIn:
    """The second step; ``WrongCode``, ``InvalidToken`` when the first one is too long ago."""
    with transaction(engine) as session:
        link = links.look_up(session, step, LinkPurpose.SECOND_STEP, now=now)
        user = session.get_one(User, link.user_id)
        attempts.begin(session, user.address_key, visitor.network, now=now)
    with transaction(engine) as session:
        user = session.get_one(User, user.id, with_for_update=True)
        if not second_factor.accept(session, sealer, user, code, now=now):
            raise WrongCode
        links.use(session, link)
        attempts.succeed(session, user.address_key, visitor.network)
        return SignedIn(sessions.begin(session, user, visitor, now=now))


def join(
    engine: Engine, token: str, account: NewAccount, visitor: Visitor, *, now: datetime
) -> SignedIn:
    """Make the first account, or take up an invitation; ``InvalidInput``, ``InvalidToken``."""
    with reading(engine) as session:
        link = links.look_up(session, token, *_JOINING, now=now)
        invited = session.get(User, link.user_id) if link.user_id else None
    address = invited.address if invited else parse_address(account.address).shown
    name = clean_name(account.name)
    if not name:
        raise InvalidInput("Say what you are called.")
    passwords.require_strong(account.password, address=address, name=name)
    password_hash = passwords.hash_password(account.password)
    with transaction(engine) as session:
        user = links.use(session, link) or users.add(session, address, now=now, role=Role.OWNER)
        user.name, user.password_hash = name, password_hash
        user.language, user.time_zone = account.language, users.known_zone(account.time_zone)
        return SignedIn(sessions.begin(session, user, visitor, now=now))


def link_for(
    session: Session, address: str, network: str, *, now: datetime
) -> tuple[User, str] | None:
    """A fresh sign-in link for somebody who asks for one; ``None``: nobody at this address.

    Counted apart from passwords, so that nobody's inbox is filled; ``TooManyAttempts``.
    """
    key = _key(address)
    attempts.begin(session, f"link {key}", network, now=now)
    user = users.find(session, key) if "@" in key else None
    return None if user is None else (user, links.make(session, LinkPurpose.SIGN_IN, user, now=now))


_JOINING = (LinkPurpose.WELCOME, LinkPurpose.INVITATION)


def _enter(session: Session, user: User, visitor: Visitor, *, now: datetime) -> Outcome:
    if user.totp_secret is not None:
        return CodeNeeded(links.make(session, LinkPurpose.SECOND_STEP, user, now=now))
    return SignedIn(sessions.begin(session, user, visitor, now=now))


def _key(address: str) -> str:
    """Under what tries are counted, also for what is no address."""
    try:
        return parse_address(address).key
    except InvalidAddress:
        return address.strip().lower().replace("@", " at ")[:320]
