"""The scope of an account: its units with all units below them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from server.domain.access import Role, Scope
from server.store.recorded import known_rows
from server.store.tables import Account, Unit

ALL_UNITS = "*"


def scope_of(session: Session, account: Account, *, now_us: int) -> Scope:
    """What this account may see now."""
    named = [word.strip() for word in account.unit_numbers.split(",") if word.strip()]
    units = None if ALL_UNITS in named else with_units_below(session, named, now_us=now_us)
    return Scope(
        account=account.name, role=Role(account.role), units=units, officer_number=account.officer_number or None
    )


def with_units_below(session: Session, units: Iterable[str], *, now_us: int) -> frozenset[str]:
    """These units and all below them. A circle in the tree ends where it began."""
    below: dict[str, list[str]] = {}
    for row in known_rows(session, Unit, known_us=now_us, at_us=now_us):
        if row.parent_number is not None:
            below.setdefault(row.parent_number, []).append(row.number)
    found: set[str] = set()
    waiting = list(units)
    while waiting:
        number = waiting.pop()
        if number not in found:
            found.add(number)
            waiting.extend(below.get(number, []))
    return frozenset(found)
