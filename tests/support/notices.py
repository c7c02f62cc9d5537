"""What single mails were written, and the links in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage

from sqlalchemy import Engine, select

from mailer.database.engine import reading
from mailer.database.tables import Notice


def noticed(engine: Engine, to: str = "") -> list[Notice]:
    """Every notice that was written (to one address), oldest first."""
    query = select(Notice).order_by(Notice.id)
    with reading(engine) as session:
        return list(session.scalars(query.where(Notice.recipient == to) if to else query))


def text_of(notice: Notice) -> str:
    """The plain words of a notice."""
    message = message_from_bytes(notice.message or b"", policy=policy.default)
    assert isinstance(message, EmailMessage)
    part = message.get_body(("plain",))
    assert isinstance(part, EmailMessage)
    return str(part.get_content())


def link_to(engine: Engine, path: str, *, to: str = "") -> str:
    """What follows *path* in the newest notice (to one address) that has such a link."""
    return newest_link(noticed(engine, to), path)


def newest_link(notices: Sequence[Notice], path: str) -> str:
    """What follows *path* in the last of *notices* that has such a link."""
    for notice in reversed(notices):
        found = re.search(rf"\S+{re.escape(path)}(\S+)", text_of(notice))
        if found:
            return found[1]
    raise AssertionError(f"no notice has a link to {path}")
