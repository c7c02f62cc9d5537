"""Store of links that sign in: each is kept hashed, expires, and works once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mailer.database.tables import LinkPurpose, SignInLink, User
from mailer.errors import Conflict, InvalidToken
from mailer.staffing import users
from mailer.staffing.secret_words import hashed, new_secret

LIFETIMES = {
    LinkPurpose.WELCOME: timedelta(days=7),
    LinkPurpose.INVITATION: timedelta(days=7),
    LinkPurpose.SIGN_IN: timedelta(minutes=30),
    LinkPurpose.SECOND_STEP: timedelta(minutes=10),
}


def make(
    session: Session,
    purpose: LinkPurpose,
    user: User | None,
    *,
    now: datetime,
    lifetime: timedelta | None = None,
) -> str:
    """The token of a new link; an invitation or mailed link before it stops working."""
    session.execute(delete(SignInLink).where(SignInLink.expires_at <= now))
    if user is not None and purpose is not LinkPurpose.SECOND_STEP:
        session.execute(
            delete(SignInLink).where(SignInLink.user_id == user.id, SignInLink.purpose == purpose)
        )
    token = new_secret()
    session.add(
        SignInLink(
            token_hash=hashed(token),
            purpose=purpose,
            user_id=user.id if user else None,
            created_at=now,
            expires_at=now + (lifetime or LIFETIMES[purpose]),
        )
    )
    session.flush()
    return token


def make_welcome(session: Session, *, now: datetime) -> str:
    """The token that makes the first account; ``Conflict`` when there is an account already."""
    if users.is_anybody(session):
        raise Conflict("There are accounts already; an owner can invite you.")
    return make(session, LinkPurpose.WELCOME, None, now=now)


def path_of(purpose: LinkPurpose, token: str) -> str:
    """Where a link leads, below the base address."""
    return f"/sign-in/{token}" if purpose is LinkPurpose.SIGN_IN else f"/welcome/{token}"


def look_up(session: Session, token: str, *purposes: LinkPurpose, now: datetime) -> SignInLink:
    """The link, still unused; ``InvalidToken``."""
    link = session.get(SignInLink, hashed(token))
    if link is None or link.purpose not in purposes or link.expires_at <= now:
        raise InvalidToken("This link has been used, or it is too old.")
    return link


def use(session: Session, link: SignInLink) -> User | None:
    """Use a link up: whose it is, ``None`` for the first account. ``InvalidToken``: just used.

    The first account uses up all links to it: of two people who try, one becomes the owner.
    """
    spent = delete(SignInLink).where(SignInLink.token_hash == link.token_hash)
    if link.purpose is LinkPurpose.WELCOME:
        spent = delete(SignInLink).where(SignInLink.purpose == LinkPurpose.WELCOME)
    gone = session.scalars(
        spent.returning(SignInLink.token_hash).execution_options(synchronize_session=False)
    ).all()
    if link.token_hash not in gone:
        raise InvalidToken("This link has been used.")
    return None if link.user_id is None else session.get_one(User, link.user_id)


def invited_until(session: Session, user: User) -> datetime | None:
    """Until when an invitation waits; ``None``: none does."""
    return session.scalar(
        select(SignInLink.expires_at).where(
            SignInLink.user_id == user.id, SignInLink.purpose == LinkPurpose.INVITATION
        )
    )
