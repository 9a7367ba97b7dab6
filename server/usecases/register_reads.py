"""Small reads of the registers that several use cases share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from sqlalchemy.orm import Session

from server.store.recorded import known_rows
from server.store.tables import Assignment, Device, Officer, Unit


def functions_of(device: Device) -> tuple[str, ...]:
    """The functions of a device that need a certificate."""
    return tuple(word for word in device.functions.split(",") if word)


def days_of(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last, both included."""
    day = first
    while day <= last:
        yield day
        day += timedelta(days=1)


def device_at(session: Session, number: str, *, at_us: int, known_us: int) -> Device | None:
    """The device as the register had it at that moment; the row that began last counts."""
    rows = known_rows(session, Device, known_us=known_us, at_us=at_us, number=number)
    return rows[-1] if rows else None


def devices_at(session: Session, numbers: Iterable[str], *, at_us: int, known_us: int) -> dict[str, Device]:
    """The same for many devices; one that is not on record is absent."""
    rows = known_rows(session, Device, known_us=known_us, at_us=at_us, number=set(numbers))
    return {row.number: row for row in rows}


def latest_device(session: Session, number: str, *, known_us: int) -> Device | None:
    """The device's last row on record, whenever it holds."""
    rows = known_rows(session, Device, known_us=known_us, number=number)
    return rows[-1] if rows else None


def officers_at(session: Session, numbers: Iterable[str], *, at_us: int, known_us: int) -> dict[str, Officer]:
    """Officers as the register had them at that moment; one that is not on record is absent."""
    rows = known_rows(session, Officer, known_us=known_us, at_us=at_us, number=set(numbers))
    return {row.number: row for row in rows}


def unit_names(session: Session, *, at_us: int, known_us: int) -> dict[str, str]:
    """Names of all units at that moment."""
    return {row.number: row.name for row in known_rows(session, Unit, known_us=known_us, at_us=at_us)}


def wearers_at(session: Session, device_number: str, *, at_us: int, known_us: int) -> tuple[str, ...]:
    """The officers who held the device at that moment; more than one: nobody may guess who wore it."""
    rows = known_rows(session, Assignment, known_us=known_us, at_us=at_us, device_number=device_number)
    return tuple(sorted({row.officer_number for row in rows}))
