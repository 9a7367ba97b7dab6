"""Rows with two times: when they hold in the world, and when they came on record. Nothing is updated in place."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import BigInteger, ColumnElement, bindparam, inspect, or_, select
from sqlalchemy.orm import Session, aliased

from edge.contract.intervals import TimeInterval
from server.store.tables import Recorded

Row = TypeVar("Row", bound=Recorded)


class OtherThingError(ValueError):
    """A row was to replace one with another number: that would rewrite the history of two things."""

    def __init__(self, *, old_number: str, new_number: str) -> None:
        super().__init__(f"a row of {new_number!r} cannot replace one of {old_number!r}")
        self.old_number, self.new_number = old_number, new_number


def known_rows(
    session: Session,
    model: type[Row],
    *conditions: ColumnElement[bool],
    known_us: int,
    at_us: int | None = None,
    overlapping: TimeInterval | None = None,
    **equal: Any,
) -> list[Row]:
    """The rows on record at `known_us`, replaced and withdrawn ones left out, by begin of validity.

    `at_us`: only those valid then. `overlapping`: only those valid at some instant of it. `equal`: column = value, or
    one of the values where a set, list or tuple is given. `conditions` are any others.
    """
    table: Any = model
    query = known_where(table).where(*conditions)
    if at_us is not None:
        query = query.where(table.valid_from_us <= at_us, _open_after(table, at_us))
    if overlapping is not None:
        query = query.where(table.valid_from_us < overlapping.end_us, _open_after(table, overlapping.start_us))
    for name, value in equal.items():
        column = getattr(table, name)
        many = isinstance(value, frozenset | set | list | tuple)
        query = query.where(column.in_(sorted(value)) if many else column == value)
    return list(session.scalars(query.order_by(table.valid_from_us, table.row_id), {"known_us": known_us}))


@cache
def known_where(table: Any) -> Any:
    """The query for the rows on record at the parameter `known_us`, to which conditions are added.

    Built once for each table (or alias of one): building takes longer than asking.
    """
    later: Any = aliased(table)
    known_us = bindparam("known_us", type_=BigInteger)
    replaced = select(later.row_id).where(later.replaces == table.row_id, later.recorded_us <= known_us).exists()
    return select(table).where(table.recorded_us <= known_us, table.withdrawn.is_(False), ~replaced)


def record(session: Session, row: Row) -> Row:
    """Put a new row on record; its `row_id` is set when this returns."""
    session.add(row)
    session.flush()
    return row


def record_all(session: Session, rows: Iterable[Recorded]) -> None:
    """Put new rows on record at once."""
    session.add_all(rows)
    session.flush()


def replacement(old: Row, new: Row) -> Row:
    """`new` in the place of `old`, not yet on record. Raises OtherThingError."""
    if new.number != old.number:
        raise OtherThingError(old_number=old.number, new_number=new.number)
    new.replaces = old.row_id
    new.recorded_us = max(new.recorded_us, old.recorded_us)
    return new


def replace(session: Session, old: Row, new: Row) -> Row:
    """Put `new` on record in the place of `old`, which stays for questions about an earlier `known`."""
    return record(session, replacement(old, new))


def withdraw(session: Session, old: Row, *, recorded_us: int, recorded_by: str) -> Row:
    """Say on record that `old` was entered by mistake: a copy of it, marked withdrawn, replaces it."""
    values = {
        attribute.key: getattr(old, attribute.key)
        for attribute in inspect(type(old)).column_attrs
        if attribute.key not in {"row_id", "recorded_us", "recorded_by", "replaces", "withdrawn"}
    }
    values |= {"recorded_us": recorded_us, "recorded_by": recorded_by, "withdrawn": True}
    copy = type(old)(**values)
    return replace(session, old, copy)


def _open_after(table: Any, instant_us: int) -> Any:
    return or_(table.valid_until_us.is_(None), table.valid_until_us > instant_us)
