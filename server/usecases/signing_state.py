"""Whether this server may sign: it stops when its history is not the one its receipts name, until a person decides."""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from edge.contract.sentences import Sentence, sentence
from server.domain.acts import ChainBrokenError
from server.domain.broker_access import SERVER_USER
from server.store.act_log import append_act, verify_acts
from server.store.database import Database
from server.store.tables import Act, EventRow
from server.usecases.receive_events import record_own_event

HISTORY_LOST = "history_lost"
"""A gateway holds a receipt that this database does not know: the database is an older backup."""
SEALED_FILE_MISSING = "sealed_file_missing"
ACTS_BROKEN = "acts_broken"
_STOPPING = (HISTORY_LOST, SEALED_FILE_MISSING, ACTS_BROKEN)
_RESUME = "resume_signing"
_CHECKED_AT_START = 2_000


def why_signing_stopped(session: Session) -> list[str]:
    """What stands against signing; empty: the server may sign. What came before a person's decision does not count."""
    decided = session.scalars(select(Act.at_us).where(Act.verb == _RESUME).order_by(Act.index.desc()).limit(1)).first()
    query = select(EventRow).where(EventRow.code.in_(_STOPPING)).order_by(EventRow.row_id)
    if decided is not None:
        query = query.where(EventRow.received_us > decided)
    return [_reason(row) for row in session.scalars(query.limit(20))]


def stop_signing(db: Database, code: str, detail: dict[str, str], *, now_us: UtcMicros) -> bool:
    """Put a reason against signing on record, once. Whether it was new."""
    with db.writing() as session:
        return record_stop(session, SERVER_USER, code, detail, now_us)


def record_stop(session: Session, gateway_id: str, code: str, detail: dict[str, str], now_us: UtcMicros) -> bool:
    """The same inside a transaction: a reason that was told before, and decided upon, does not stop signing again."""
    text = json.dumps(detail, ensure_ascii=False)
    known = session.scalars(select(EventRow).where(EventRow.code == code, EventRow.detail_json == text)).first()
    if known is not None:
        return False
    record_own_event(session, gateway_id=gateway_id, code=code, detail=detail, now_us=now_us)
    return True


def resume_signing(db: Database, *, by: str, reason: str, now_us: UtcMicros) -> list[str]:
    """A person decides that signing goes on; what was decided upon stands in the act. The reasons that stood."""
    with db.writing() as session:
        reasons = why_signing_stopped(session)
        if reasons:
            append_act(
                session,
                at_us=now_us,
                actor=by,
                verb=_RESUME,
                subject_kind="server",
                subject_id=SERVER_USER,
                data={"reason": reason, "in_spite_of": reasons},
            )
        return reasons


def check_recent_acts(db: Database, *, now_us: UtcMicros) -> None:
    """At start: the newest acts must still be a chain, or signing stops."""
    try:
        with db.reading() as session:
            verify_acts(session, last=_CHECKED_AT_START)
    except ChainBrokenError as error:
        stop_signing(db, ACTS_BROKEN, {"act": str(error.index), "why": error.why}, now_us=now_us)


def _reason(row: EventRow) -> Sentence:
    values: dict[str, str] = json.loads(row.detail_json)
    detail = ", ".join(f"{key} {value}" for key, value in values.items())
    match row.code:
        case "history_lost":
            return sentence(
                "signing_history_lost",
                "history_lost: gateway {gateway} holds a receipt that this database does not know ({detail})",
                gateway=row.gateway_id,
                detail=detail,
            )
        case "sealed_file_missing":
            return sentence(
                "signing_file_missing",
                "sealed_file_missing: a sealed clip is not in the store ({detail})",
                detail=detail,
            )
        case _:
            return sentence(
                "signing_acts_broken",
                "acts_broken: the acts are not the ones that were written ({detail})",
                detail=detail,
            )
