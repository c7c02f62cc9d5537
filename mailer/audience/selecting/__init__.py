"""Rules compiled to SQL: whom they mean in the database, now."""

from mailer.audience.selecting.compiling import Selection, select_people
from mailer.audience.selecting.understanding import Doubt, doubts, understood

__all__ = ["Doubt", "Selection", "doubts", "select_people", "understood"]
