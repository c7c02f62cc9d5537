"""Store of accounts: there is always an owner once there is anybody."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.addresses import clean_name, parse_address
from mailer.database.tables import Role, User
from mailer.errors import Conflict, InvalidInput, NotFound


def add(
    session: Session,
    address: str,
    *,
    now: datetime,
    role: Role,
    name: str = "",
    language: str = "en",
    time_zone: str = "UTC",
) -> User:
    """A new account without a password; ``Conflict`` when there is one, ``InvalidInput``."""
    parsed = parse_address(address)
    if find(session, address) is not None:
        raise Conflict("{address} has an account already.", address=parsed.shown)
    user = User(
        address=parsed.shown,
        address_key=parsed.key,
        name=clean_name(name),
        role=role,
        language=language,
        time_zone=known_zone(time_zone),
        created_at=now,
    )
    session.add(user)
    session.flush()
    return user


def known_zone(name: str) -> str:
    """An IANA time zone; ``InvalidInput``."""
    if name not in zoneinfo.available_timezones():
        raise InvalidInput("{name!r} is no time zone; choose one such as Europe/Lisbon.", name=name)
    return name


def find(session: Session, address: str) -> User | None:
    """The account at this address, however it is written; ``InvalidAddress``."""
    key = parse_address(address).key
    return session.scalars(select(User).where(User.address_key == key)).one_or_none()


def get(session: Session, address: str) -> User:
    """The account at this address; ``NotFound`` or ``InvalidAddress``."""
    user = find(session, address)
    if user is None:
        raise NotFound(
            "Nobody with the address {address} has an account.",
            address=parse_address(address).shown,
        )
    return user


def get_by_id(session: Session, user_id: int) -> User:
    """The account of this number; ``NotFound``."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("This account was removed.")
    return user


def listed(session: Session) -> Sequence[User]:
    """All accounts by name."""
    return session.scalars(select(User).order_by(func.lower(User.name), User.address_key)).all()


def is_anybody(session: Session) -> bool:
    """Whether there is any account yet."""
    return session.scalar(select(User.id).limit(1)) is not None


def set_role(session: Session, user: User, role: Role) -> None:
    """Let somebody do more or less; ``Conflict`` for the last owner."""
    if user.role is Role.OWNER and role is not Role.OWNER:
        _require_another_owner(session, user)
    user.role = role


def rename(user: User, name: str) -> None:
    """Call somebody something else; ``InvalidInput``."""
    cleaned = clean_name(name)
    if not cleaned:
        raise InvalidInput("Say what the person is called.")
    user.name = cleaned


def change_self(user: User, *, name: str, language: str, time_zone: str) -> None:
    """What people say about themselves; ``InvalidInput``, and nothing has changed then."""
    zone = known_zone(time_zone)
    rename(user, name)
    user.language, user.time_zone = language, zone


def remove(session: Session, user: User) -> None:
    """End an account with its sessions and links; ``Conflict`` for the last owner."""
    if user.role is Role.OWNER:
        _require_another_owner(session, user)
    session.delete(user)
    session.flush()


def _require_another_owner(session: Session, user: User) -> None:
    # All owners are locked: of two who step down at the same time, one has to stay.
    owners = session.scalars(select(User).where(User.role == Role.OWNER).with_for_update()).all()
    if all(one.id == user.id or one.seen_at is None for one in owners):
        raise Conflict(
            "{name} is the only owner; make somebody else an owner first.",
            name=user.name or user.address,
        )
