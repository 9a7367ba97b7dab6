"""Which bytes of unsealed clips are on stable storage: journalled before any `have` names them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import update

from server.domain.receiving import ByteSpan
from server.store.database import Database
from server.store.tables import Clip, Upload, WrongBytes


def journal_ranges(db: Database, held_of: Mapping[str, Sequence[ByteSpan]]) -> None:
    """Clip id -> all its ranges, each flushed to its file before; durable when this returns."""
    if not held_of:
        return
    with db.writing() as session:
        for clip_id, held in held_of.items():
            session.execute(update(Clip).where(Clip.clip_id == clip_id).values(held_json=json.dumps(held)))


def count_wrong_bytes(db: Database, clip_id: str, gateway_id: str) -> int:
    """Forget every range: the whole is not what the gateway announced. How often its bytes were wrong now."""
    with db.writing() as session:
        session.get_one(Clip, clip_id).held_json = "[]"
        row = session.get(WrongBytes, (clip_id, gateway_id))
        if row is None:
            row = WrongBytes(clip_id=clip_id, gateway_id=gateway_id, times=0)
            session.add(row)
        row.times += 1
        return row.times


def close_uploads(db: Database, numbers: Sequence[int], *, state: str) -> None:
    """Say that grants are over: lapsed or failed."""
    if not numbers:
        return
    with db.writing() as session:
        session.execute(update(Upload).where(Upload.number.in_(numbers)).values(state=state))


def lapse_all_uploads(db: Database) -> None:
    """At start: every grant of a worker that is no more has lapsed."""
    with db.writing() as session:
        session.execute(update(Upload).where(Upload.state == "open").values(state="lapsed"))
