"""People with accounts, signed in without the cost of a password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from mailer.bootstrap import Mailer
from mailer.database.engine import transaction
from mailer.database.tables import Role, User
from mailer.staffing import passwords, sessions, users
from mailer.staffing.sessions import Visitor
from mailer.web.editor.origins import form_token

PASSWORD = "three words in a row"
PASSWORD_HASH = passwords.hash_password(PASSWORD)
FIREFOX = Visitor("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0", "203.0.113.0/24")


def add_user(
    mailer: Mailer,
    address: str = "ana@river.test",
    *,
    role: Role = Role.OWNER,
    name: str = "Ana Costa",
    now: datetime | None = None,
    **values: Any,
) -> User:
    """Somebody who has signed in before, with `PASSWORD`."""
    now = now or mailer.clock()
    with transaction(mailer.engine) as session:
        user = users.add(session, address, now=now, role=role, name=name)
        user.password_hash, user.seen_at = PASSWORD_HASH, now
        for field, value in values.items():
            setattr(user, field, value)
    return user


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One browser's session: what it sends."""

    user: User
    token: str

    @property
    def cookies(self) -> dict[str, str]:
        return {"mailer_session": self.token}

    @property
    def form(self) -> dict[str, str]:
        """The hidden field of every form."""
        return {"csrf": form_token(self.token)}


def sign_in(
    mailer: Mailer, client: httpx.AsyncClient | None = None, *, role: Role = Role.OWNER, **who: Any
) -> SignedIn:
    """Somebody new with *role*, signed in; with *client* as their browser."""
    values = {"address": f"{role.value}@river.test", "name": role.value.title()} | who
    user = add_user(mailer, role=role, **values)
    with transaction(mailer.engine) as session:
        token = sessions.begin(session, session.get_one(User, user.id), FIREFOX, now=mailer.clock())
    signed_in = SignedIn(user, token)
    if client is not None:
        client.cookies.update(signed_in.cookies)
    return signed_in
