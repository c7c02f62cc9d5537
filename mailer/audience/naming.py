"""Which segments' rules speak of something, so that nothing they need is taken away."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.database.tables import Segment
from mailer.rules import parse
from mailer.rules.syntax import Leaf, leaves


def segments_that(session: Session, speaks: Callable[[Leaf], bool]) -> list[str]:
    """Names of the segments whose rules have a leaf that *speaks* of it."""
    return [
        segment.name
        for segment in session.scalars(select(Segment).order_by(Segment.name))
        if any(map(speaks, leaves(parse(segment.rule))))
    ]
