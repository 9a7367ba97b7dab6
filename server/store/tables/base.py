"""The base of all tables, and the columns of rows that are never updated in place."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A counting key: SQLite counts only INTEGER PRIMARY KEY, PostgreSQL wants BIGINT."""


class Base(DeclarativeBase):
    """Constraint names are fixed, so that a migration can name them on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {int: BigInteger()}  # noqa: RUF012  (SQLAlchemy's own form)


class Recorded:
    """A row with valid time and recorded time. It is never updated: a later row `replaces` it, or withdraws it.

    A row is known at K when recorded_us <= K and no row with recorded_us <= K replaces it. `number` is the external
    id; all rows of one thing share it. Valid over [valid_from_us, valid_until_us), until None: open.
    """

    row_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    number: Mapped[str] = mapped_column(index=True)
    valid_from_us: Mapped[int]
    valid_until_us: Mapped[int | None]
    recorded_us: Mapped[int] = mapped_column(index=True)
    recorded_by: Mapped[str]
    replaces: Mapped[int | None] = mapped_column(index=True)
    withdrawn: Mapped[bool] = mapped_column(default=False)
