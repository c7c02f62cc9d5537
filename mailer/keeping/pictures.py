"""Finds uploaded pictures that nothing shows any more, and removes them in time."""

from __future__ import annotations

import re
from collections.abc import Set
from datetime import datetime, timedelta

from sqlalchemy import Text, cast, delete, select, update
from sqlalchemy.orm import Session

from mailer.database.tables import (
    IssueBlock,
    IssueVersion,
    Newsletter,
    Picture,
    Rendition,
    SavedBlock,
)

KEPT = timedelta(days=30)  # after nothing shows it any more
_MOST = 500  # marked or removed in one transaction
_ADDRESS = re.compile(r"/pictures/([0-9a-f]{40})\.")
# What was sent stays for ever, and with it the pictures that mails in people's mailboxes load.
_PLACES = (
    IssueBlock.content,
    IssueVersion.doc,
    SavedBlock.block,
    Newsletter.look,
    Rendition.html,
)


def shown(session: Session) -> frozenset[str]:
    """The pictures that an issue, one of its versions, a saved block or a look shows."""
    found: set[str] = set()
    for place in _PLACES:
        text = cast(place, Text)
        for words in session.scalars(
            select(text).where(text.contains("/pictures/")).execution_options(yield_per=100)
        ):
            found.update(_ADDRESS.findall(words))
    return frozenset(found)


def sweep(session: Session, seen: Set[str], *, now: datetime) -> int:
    """Note which pictures are not *seen*, and remove some that were not for long; how many."""
    marks = session.execute(select(Picture.digest, Picture.unused_since)).all()
    unused = [digest for digest, since in marks if since is None and digest not in seen]
    used = [digest for digest, since in marks if since is not None and digest in seen]
    over = [
        digest
        for digest, since in marks
        if since is not None and since < now - KEPT and digest not in seen
    ]
    for digests, since in ((unused, now), (used, None)):
        these = Picture.digest.in_(digests[:_MOST])
        session.execute(update(Picture).where(these).values(unused_since=since))
    session.execute(delete(Picture).where(Picture.digest.in_(over[:_MOST])))
    return len(over[:_MOST])
