"""What single mails were written, and the links in them."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

from sqlalchemy import Engine, select

from mailer.database.engine import reading
from mailer.database.tables import Notice


def noticed(engine: Engine) -> list[Notice]:
    """Every notice that waits, oldest first."""
    with reading(engine) as session:
        return list(session.scalars(select(Notice).order_by(Notice.id)))


def text_of(notice: Notice) -> str:
    """The plain words of a notice."""
    message = message_from_bytes(notice.message or b"", policy=policy.default)
    assert isinstance(message, EmailMessage)
    part = message.get_body(("plain",))
    assert isinstance(part, EmailMessage)
    return str(part.get_content())


def link_to(engine: Engine, path: str, *, to: str = "") -> str:
    """What follows *path* in the newest notice (to one address) that has such a link."""
    for notice in reversed(noticed(engine)):
        found = re.search(rf"\S+{re.escape(path)}(\S+)", text_of(notice))
        if found and (not to or notice.recipient == to):
            return found[1]
    raise AssertionError(f"no notice has a link to {path}")
