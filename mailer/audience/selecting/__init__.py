"""Rules compiled to SQL: whom they mean in the database, now."""

from mailer.audience.selecting.compiling import Selection, select_people

__all__ = ["Selection", "select_people"]
