"""Store of blocks kept for reuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from mailer.composing.drafting import read_draft
from mailer.database.tables import SavedBlock
from mailer.errors import Conflict

_MOST = 100


def saved_blocks(session: Session) -> Sequence[SavedBlock]:
    """All of them, the newest first."""
    return session.scalars(select(SavedBlock).order_by(SavedBlock.id.desc())).all()


def save_block(session: Session, block: Mapping[str, Any], *, by: str, now: datetime) -> None:
    """Keep *block*; ``InvalidIssue`` for what is none, ``Conflict`` when there are too many."""
    read_draft({"subject": "A block", "blocks": [dict(block)]})
    if (session.scalar(select(func.count()).select_from(SavedBlock)) or 0) >= _MOST:
        raise Conflict(
            "{most} blocks are saved already: forget one you do not need any more.", most=_MOST
        )
    session.add(SavedBlock(block=dict(block), by=by, at=now))
    session.flush()


def forget_block(session: Session, number: int) -> None:
    """Nothing happens when somebody else forgot it first."""
    session.execute(delete(SavedBlock).where(SavedBlock.id == number))
