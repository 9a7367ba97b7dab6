"""What happened at a gateway and must not be lost: kept once, however often it comes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.events import MessageRefusedError, Opened
from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.contract.messages import Events, NotedItem
from server.domain.gateway_limits import OverLimitError
from server.store import to_judge
from server.store.database import Database
from server.store.tables import EventRow
from server.usecases.admission import Admit, admit_all
from server.usecases.receive_report import first_time, noted_item
from server.usecases.receive_sighting import mark_device

GATEWAY_OVER_LIMIT = "gateway_over_limit"
_TOLD_AGAIN_US = 7 * MICROS_PER_DAY

SERVER_CODES = frozenset(
    {
        "gateway_cloned",
        "hash_differs",
        "history_lost",
        "restored",
        "sealed_file_missing",
        "sealed_file_changed",
        "record_changed",
        "acts_broken",
        GATEWAY_OVER_LIMIT,
    }
)
"""What the server itself puts on record about gateways; from a gateway such a code would stop signing, or accuse."""


def receive_events(
    db: Database, opened: Opened, *, gateway_id: str, received_us: UtcMicros, admit: Admit = admit_all
) -> NotedItem:
    """What `noted` may name, its rows durable when this returns. Raises MessageRefusedError, OverLimitError."""
    item, events = noted_item(opened), opened.data
    if not isinstance(events, Events):
        raise MessageRefusedError(reason="wrong_kind", detail="not events")
    if any(event.code in SERVER_CODES for event in events.events):
        raise MessageRefusedError(reason="code_of_the_server", detail="only the server says what these codes mean")
    with db.writing() as session:
        if not first_time(session, gateway_id, item, received_us):
            return item
        admit(session, len(opened.raw))
        for event in events.events:
            session.add(
                EventRow(
                    gateway_id=gateway_id,
                    code=event.code,
                    at_us=event.at,
                    received_us=received_us,
                    device_number=event.device,
                    file_name=event.file_name,
                    detail_json=json.dumps(event.detail, ensure_ascii=False),
                )
            )
        for device in {event.device for event in events.events}:
            mark_device(session, device, received_us, ())
    return item


def record_own_event(
    session: Session, *, gateway_id: str, code: str, detail: Mapping[str, str], now_us: UtcMicros
) -> None:
    """Something the server itself saw about a gateway; it becomes a finding like the gateway's own events."""
    session.add(
        EventRow(
            gateway_id=gateway_id,
            code=code,
            at_us=now_us,
            received_us=now_us,
            device_number=None,
            file_name=None,
            detail_json=json.dumps(dict(detail), ensure_ascii=False),
        )
    )
    to_judge.mark(session, "all", "", now_us, ())


def record_over_limit(db: Database, error: OverLimitError, *, now_us: UtcMicros) -> bool:
    """A gateway is over a limit: on record once a week at most, so that it becomes a finding. Whether it was new."""
    detail = {"limit": error.limit.value, "most": str(error.most)}
    with db.writing() as session:
        lately = select(EventRow.detail_json).where(
            EventRow.gateway_id == error.gateway_id,
            EventRow.code == GATEWAY_OVER_LIMIT,
            EventRow.received_us > now_us - _TOLD_AGAIN_US,
        )
        if any(json.loads(told).get("limit") == error.limit for told in session.scalars(lately)):
            return False
        record_own_event(session, gateway_id=error.gateway_id, code=GATEWAY_OVER_LIMIT, detail=detail, now_us=now_us)
        return True
