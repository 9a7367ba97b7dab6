"""A gateway names contents it holds: which of them this server has as well, and which receipts never came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros, parse_rfc3339
from edge.contract.intervals import TimeInterval
from edge.contract.messages import ComparedContents, HeldContent
from server.store.tables import Act, Clip, EventRow
from server.usecases.receive_sighting import SEALED
from server.usecases.signing_state import RESTORED


@dataclass(frozen=True, slots=True)
class Compared:
    """The answer, and the stored receipts of those that are sealed here and have none there."""

    answer: ComparedContents
    receipts: tuple[bytes, ...]


def compare_contents(session: Session, contents: Sequence[HeldContent]) -> Compared:
    """Only reads. A receipt is known where its clip is sealed by exactly the act that it names."""
    clips = _clips(session, [content.clip_id for content in contents])
    hashes = _hashes(session, [content.act_index for content in contents if content.act_index is not None])
    not_held, unknown, receipts = [], [], []
    for content in contents:
        clip = clips.get(content.clip_id)
        sealed = clip is not None and clip.state == SEALED
        if content.act_index is not None:
            same = clip is not None and sealed and clip.act_index == content.act_index
            if not same or hashes.get(content.act_index) != content.act_hash:
                not_held.append(content.clip_id)
        elif clip is None:
            unknown.append(content.clip_id)
        elif sealed and clip.receipt is not None:
            receipts.append(clip.receipt)
    answer = ComparedContents(not_held=tuple(not_held), unknown=tuple(unknown), forgotten=forgotten(session))
    return Compared(answer, tuple(receipts))


def forgotten(session: Session) -> TimeInterval | None:
    """From when the backup was made that this database is, to when it was put back; None: it is no backup."""
    query = select(EventRow).where(EventRow.code == RESTORED).order_by(EventRow.row_id.desc()).limit(1)
    event = session.scalars(query).first()
    if event is None:
        return None
    made_us = parse_rfc3339(json.loads(event.detail_json)["made"])
    return TimeInterval(made_us, UtcMicros(max(event.received_us, made_us + 1)))


def _clips(session: Session, clip_ids: list[str]) -> dict[str, Clip]:
    return {clip.clip_id: clip for clip in session.scalars(select(Clip).where(Clip.clip_id.in_(clip_ids)))}


def _hashes(session: Session, indexes: list[int]) -> dict[int, str]:
    return dict(session.execute(select(Act.index, Act.hash).where(Act.index.in_(indexes))).all())
