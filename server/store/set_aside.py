"""Messages that could not be believed or read: kept with the reason, bounded by count."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from server.domain.broker_access import gateway_in
from server.store.tables import SetAside

MAX_PAYLOAD_BYTES = 64 * 1024
_LEAVE = 0.99
"""How full the table is after room was made: going through it for each message would be dear."""


def set_aside(
    session: Session, *, topic: str, payload: bytes, reason: str, detail: str, received_us: int, max_rows: int
) -> None:
    """Keep a message for a person to look at. There are never more than `max_rows`: the oldest of whoever has most in
    the table go, so that a flood of one gateway drives out its own.
    """
    session.add(
        SetAside(
            received_us=received_us,
            topic=topic[:500],
            reason=reason,
            detail=detail[:1000],
            payload=payload[:MAX_PAYLOAD_BYTES],
        )
    )
    session.flush()
    newest, oldest = session.execute(select(func.max(SetAside.row_id), func.min(SetAside.row_id))).one()
    if newest - oldest >= max_rows:  # rows that went in between leave gaps, so there may be fewer
        _make_room(session, max_rows)


def _make_room(session: Session, max_rows: int) -> None:
    rows = session.execute(select(SetAside.row_id, SetAside.topic).order_by(SetAside.row_id)).all()
    if len(rows) <= max_rows:
        return
    of_gateway: dict[str, list[int]] = {}
    for row_id, topic in rows:
        of_gateway.setdefault(gateway_in(topic), []).append(row_id)
    counts = Counter({gateway_id: len(row_ids) for gateway_id, row_ids in of_gateway.items()})
    going: list[int] = []
    for _row in range(len(rows) - max(1, int(max_rows * _LEAVE))):
        ((most, count),) = counts.most_common(1)
        going.append(of_gateway[most][len(of_gateway[most]) - count])
        counts[most] -= 1
    for start in range(0, len(going), 500):
        session.execute(delete(SetAside).where(SetAside.row_id.in_(going[start : start + 500])))
