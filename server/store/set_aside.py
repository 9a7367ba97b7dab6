"""Messages that could not be believed or read: kept with the reason, bounded by count."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from server.store.tables import SetAside

MAX_PAYLOAD_BYTES = 64 * 1024


def set_aside(
    session: Session, *, topic: str, payload: bytes, reason: str, detail: str, received_us: int, max_rows: int
) -> None:
    """Keep a message for a person to look at; the oldest go when there are more than `max_rows`."""
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
    newest = session.scalar(select(func.max(SetAside.row_id))) or 0
    session.execute(delete(SetAside).where(SetAside.row_id <= newest - max_rows))
