"""Store of request meters: how often something may be asked for, over all processes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, delete, literal
from sqlalchemy.orm import Session

from mailer.database.tables import RequestMeter
from mailer.database.tables.base import Moment
from mailer.database.upserting import insert_into
from mailer.rates import Rate


def allow(session: Session, scope: str, rate: Rate, now: datetime) -> bool:
    """Count one request; ``False`` when *scope* has used up its *rate*.

    A window begins with the first request in it; what is refused counts, too.
    """
    return used(session, scope, rate, now) <= rate.most


def used(session: Session, scope: str, rate: Rate, now: datetime) -> int:
    """Count one request; how many there were in this window, with it."""
    moment = bindparam("now", now, type_=Moment())
    ends = now + rate.window
    over = RequestMeter.until <= moment
    new = insert_into(session, RequestMeter).values(scope=f"{scope} {rate}", until=ends, used=1)
    count = new.on_conflict_do_update(
        index_elements=[RequestMeter.scope],
        set_={
            "used": case((over, literal(1)), else_=RequestMeter.used + 1),
            "until": case((over, literal(ends, Moment())), else_=RequestMeter.until),
        },
    )
    return session.execute(count.returning(RequestMeter.used)).scalar_one()


def until(session: Session, scope: str, rate: Rate, now: datetime) -> timedelta:
    """How long it takes until a scope that has used up its rate may go on."""
    meter = session.get(RequestMeter, f"{scope} {rate}")
    return max(meter.until - now, timedelta()) if meter else timedelta()


def remove_ended(session: Session, now: datetime) -> int:
    """Forget windows that are over; how many."""
    ended = delete(RequestMeter).where(RequestMeter.until <= now).returning(RequestMeter.scope)
    return len(session.scalars(ended).all())
