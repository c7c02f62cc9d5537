"""What all tables share: naming of constraints, types that mean the same on both engines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import JSON, TypeDecorator

from mailer.sentences import kept, told

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# What becomes of a column's row when its subscriber is erased (see mailer.keeping.erasing):
PERSONAL = {"erasing": "empty"}  # words that may name them: the column is emptied
ADDRESS_OF = {"erasing": "remove"}  # an address: the row is removed

SECRET = {"archiving": "secret"}  # left empty in archives that are made without secrets

# SQLite counts rows only in INTEGER PRIMARY KEY columns.
Id = BigInteger().with_variant(Integer(), "sqlite")


class Moment(TypeDecorator[datetime]):
    """An aware datetime; UTC in the database and in the program."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are aware; this one names no zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002  # named by SQLAlchemy
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Words for people. A sentence is kept with how it was made, and read as such; where that is
    longer than the column, its English stays."""

    impl = String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length)
        self.length = length
        if length is None:
            self.impl = Text()  # type: ignore[assignment]  # of one column, not of the class

    def process_bind_param(
        self,
        value: str | None,
        dialect: Dialect,  # noqa: ARG002  # named by SQLAlchemy
    ) -> str | None:
        if value is None:
            return None
        text = kept(value)
        return text if self.length is None or len(text) <= self.length else value[: self.length]

    def process_result_value(
        self,
        value: str | None,
        dialect: Dialect,  # noqa: ARG002  # named by SQLAlchemy
    ) -> str | None:
        return None if value is None else told(value)


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: Moment(), dict[str, Any]: JSON()}
