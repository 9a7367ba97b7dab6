"""A gateway says hello, or how it is: who it is, what it holds, and whether its history is ours."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.events import Opened
from edge.contract.instants import MICROS_PER_HOUR, UtcMicros
from edge.contract.messages import Hello, Holding, Status
from server.store.database import Database
from server.store.tables import Act, EventRow, Gateway
from server.usecases.receive_events import record_own_event
from server.usecases.signing_state import HISTORY_LOST, record_stop, stands_against_signing

GATEWAY_CLONED = "gateway_cloned"


@dataclass(frozen=True, slots=True)
class HelloOutcome:
    """What follows from a hello. `history_lost`: the gateway holds a receipt that this database does not know."""

    register_held: int
    history_lost: bool


def receive_hello(
    db: Database, opened: Opened, hello: Hello, *, gateway_id: str, received_us: UtcMicros
) -> HelloOutcome:
    """Kept: when it was seen, with which program, how far its clock is from ours."""
    with db.writing() as session:
        gateway = session.get_one(Gateway, gateway_id)
        gateway.last_seen_us = received_us
        gateway.software = hello.software
        gateway.clock_difference_us = received_us - opened.event.time
        gateway.register_held = hello.register_number
        if gateway.installation_id is None:
            gateway.installation_id = hello.installation_id
        lost = _history_is_lost(session, gateway_id, hello.latest_act_index, hello.latest_act_hash, received_us)
        return HelloOutcome(hello.register_number, lost)


def receive_holding(db: Database, holding: Holding, *, gateway_id: str, received_us: UtcMicros) -> HelloOutcome:
    """Kept: which register the gateway holds."""
    with db.writing() as session:
        gateway = session.get_one(Gateway, gateway_id)
        gateway.last_seen_us = received_us
        gateway.register_held = holding.register_number
        lost = _history_is_lost(session, gateway_id, holding.latest_act_index, holding.latest_act_hash, received_us)
        return HelloOutcome(holding.register_number, lost)


def receive_status(db: Database, status: Status, *, gateway_id: str, received_us: UtcMicros) -> None:
    """Kept: the latest status alone."""
    with db.writing() as session:
        gateway = session.get_one(Gateway, gateway_id)
        gateway.last_seen_us = received_us
        gateway.status_json = status.model_dump_json()


def record_clone(db: Database, *, gateway_id: str, boot_id: str, now_us: UtcMicros) -> None:
    """Two live under one id; a finding for a person. Put on record once an hour at most: boots cost nothing."""
    with db.writing() as session:
        lately = select(EventRow.row_id).where(
            EventRow.gateway_id == gateway_id,
            EventRow.code == GATEWAY_CLONED,
            EventRow.received_us > now_us - MICROS_PER_HOUR,
        )
        if session.scalars(lately.limit(1)).first() is not None:
            return
        record_own_event(
            session, gateway_id=gateway_id, code=GATEWAY_CLONED, detail={"refused_boot": boot_id}, now_us=now_us
        )


def _history_is_lost(
    session: Session, gateway_id: str, index: int | None, act_hash: str | None, now_us: UtcMicros
) -> bool:
    if index is None or act_hash is None:
        return False
    act = session.get(Act, index)
    if act is not None and act.hash == act_hash:
        return False
    if stands_against_signing(session, gateway_id, HISTORY_LOST):
        return False  # it has its say already: whoever invents an act with each hello fills no table
    detail = {"held_act": str(index), "held_hash": act_hash}
    return record_stop(session, gateway_id, HISTORY_LOST, detail, now_us)
