"""Whether this server may sign: it stops when its history is not the one its receipts name, until a person decides."""

from __future__ import annotations

import json

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from edge.contract.sentences import Sentence, sentence
from server.domain.acts import ChainBrokenError
from server.domain.broker_access import SERVER_USER
from server.domain.verification import STOP_ACTS_BROKEN, STOP_FILE_CHANGED, STOP_FILE_MISSING, STOP_RECORD_CHANGED
from server.store.act_log import append_act, latest_act, verify_acts
from server.store.database import Database
from server.store.history_mark import HistoryMark
from server.store.tables import Act, EventRow, Gateway
from server.usecases.gateways import ACTIVE
from server.usecases.receive_events import record_own_event

HISTORY_LOST = "history_lost"
"""A gateway holds a receipt that this database does not know: the database is an older backup."""
RESTORED = "restored"
"""This database is a backup that was put back: what was sealed since it was made is not known here."""
SEALED_FILE_MISSING = STOP_FILE_MISSING
ACTS_BROKEN = STOP_ACTS_BROKEN
_STOPPING = (HISTORY_LOST, RESTORED, STOP_FILE_MISSING, STOP_FILE_CHANGED, STOP_RECORD_CHANGED, STOP_ACTS_BROKEN)
_RESUME = "resume_signing"
_CHECKED_AT_START = 2_000


def why_signing_stopped(session: Session) -> list[str]:
    """What stands against signing; empty: the server may sign. What came before a person's decision does not count."""
    return [_reason(row, session) for row in session.scalars(_undecided(session).limit(20))]


def signing_stopped_us(session: Session) -> UtcMicros | None:
    """When the first reason that stands against signing came; None: the server may sign."""
    first = session.scalars(_undecided(session).limit(1)).first()
    return None if first is None else UtcMicros(first.received_us)


def stands_against_signing(session: Session, gateway_id: str, code: str) -> bool:
    """Whether a word of that gateway with that code stops signing now."""
    own = _undecided(session).where(EventRow.gateway_id == gateway_id, EventRow.code == code)
    return session.scalars(own.limit(1)).first() is not None


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


def check_recent_acts(db: Database, *, now_us: UtcMicros, mark: HistoryMark | None = None) -> None:
    """The newest acts must still be a chain, and reach as far as they were seen to, or signing stops."""
    if mark is not None:
        check_the_end(db, mark, now_us=now_us)
    try:
        with db.reading() as session:
            verify_acts(session, last=_CHECKED_AT_START)
    except ChainBrokenError as error:
        stop_signing(db, ACTS_BROKEN, {"act": str(error.index), "why": error.why}, now_us=now_us)


def check_the_end(db: Database, mark: HistoryMark, *, now_us: UtcMicros) -> None:
    """An act that was seen committed must still be there, or signing stops."""
    with db.reading() as session:
        act = session.get(Act, mark.act_index)
        newest = latest_act(session)
    if act is None or act.hash != mark.act_hash:
        detail = {"written_act": str(mark.act_index), "last_act": str(0 if newest is None else newest[0])}
        stop_signing(db, ACTS_BROKEN, detail, now_us=now_us)


def _reason(row: EventRow, session: Session) -> Sentence:
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
        case "sealed_file_changed":
            return sentence(
                "signing_file_changed",
                "sealed_file_changed: the file of a sealed clip is not what was sealed ({detail})",
                detail=detail,
            )
        case "record_changed":
            return sentence(
                "signing_record_changed",
                "record_changed: what is on record is not what was signed ({detail})",
                detail=detail,
            )
        case "restored":
            return sentence(
                "signing_restored",
                "restored: this is a backup that was put back ({detail}); gateways not heard since: {silent}",
                detail=detail,
                silent=_not_heard_since(session, row.received_us),
            )
        case _:
            return sentence(
                "signing_acts_broken",
                "acts_broken: the acts are not the ones that were written ({detail})",
                detail=detail,
            )


def _not_heard_since(session: Session, since_us: int) -> tuple[str, ...] | Sentence:
    """The names of gateways that may still hold a receipt nobody here knows of."""
    heard = or_(Gateway.last_seen_us.is_(None), Gateway.last_seen_us < since_us)
    names = session.scalars(select(Gateway.name).where(Gateway.state == ACTIVE, heard).order_by(Gateway.name)).all()
    return tuple(names) or sentence("all_heard", "none, decide now")


def _undecided(session: Session) -> Select[EventRow]:
    """Reasons to stop that came after the last decision of a person."""
    decided = session.scalars(select(Act.at_us).where(Act.verb == _RESUME).order_by(Act.index.desc()).limit(1)).first()
    query = select(EventRow).where(EventRow.code.in_(_STOPPING)).order_by(EventRow.row_id)
    return query if decided is None else query.where(EventRow.received_us > decided)
