"""Which living gateways may hold an old register: asked every few seconds, so the question must be cheap."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_SECOND, UtcMicros
from server.store.tables import Assignment, Certificate, Device, Duty, Gateway, RegisterIssued, ServerKeyRow, Unit
from server.usecases.gateways import ACTIVE

_ALIVE_US = 120 * MICROS_PER_SECOND
_SOURCES = (Unit, Device, Assignment, Duty, Certificate)


def register_version(session: Session, now_us: UtcMicros) -> tuple[int, ...]:
    """Changes whenever a row came that a register is made of, and with the day, because its window moves then."""
    keys = session.scalar(select(func.count()).select_from(ServerKeyRow)) or 0
    newest = (session.scalar(select(func.max(source.row_id))) or 0 for source in _SOURCES)
    return (*newest, keys, now_us // MICROS_PER_DAY)


def living_gateways(session: Session, now_us: UtcMicros, *, only_behind: bool) -> list[tuple[str, int]]:
    """(id, number of the register held) of gateways heard in the last two minutes.

    `only_behind`: those alone that do not hold the number last issued to them.
    """
    query = select(Gateway.gateway_id, Gateway.register_held).where(
        Gateway.state == ACTIVE, Gateway.last_seen_us > now_us - _ALIVE_US
    )
    if only_behind:
        query = query.join(RegisterIssued, RegisterIssued.gateway_id == Gateway.gateway_id)
        query = query.where(RegisterIssued.number != Gateway.register_held)
    return [(gateway_id, held) for gateway_id, held in session.execute(query)]
