"""When each sealed clip was read and compared last, and how it was: by it a rolling check knows where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from server.store.database import Database
from server.store.tables import Clip, ClipCheck

GOOD = "good"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class CheckDue:
    """A sealed clip that is to be read again. `checked_us`: when it was read last; its sealing read it, too."""

    clip_id: str
    size_bytes: int
    checked_us: int


def note_sealed(db: Database, *, since_us: int) -> int:
    """Clips sealed since then have been read at their sealing: they take their turn from there. Until when that holds.

    What was sealed while this was written is noted the next time.
    """
    with db.reading() as session:
        newest = select(func.max(Clip.sealed_us)).where(Clip.state == "sealed")
        until_us = session.scalar(newest) or since_us
        sealed = select(Clip.clip_id, Clip.sealed_us, literal(GOOD)).where(
            Clip.state == "sealed", Clip.sealed_us >= since_us, Clip.clip_id.not_in(select(ClipCheck.clip_id))
        )
        missing = session.execute(sealed.limit(1)).first() is not None
    if missing:
        with db.writing() as session:
            columns = ["clip_id", "checked_us", "outcome"]
            session.execute(insert(ClipCheck).from_select(columns, sealed).on_conflict_do_nothing())
    return until_us


def longest_unchecked(session: Session, *, clips: int | None, size_bytes: int | None) -> Iterator[CheckDue]:
    """Noted clips, the longest unchecked first, up to either limit.

    At least one where there is any: a clip larger than `size_bytes` must have its turn, too.
    """
    query = (
        select(ClipCheck.clip_id, Clip.size_bytes, ClipCheck.checked_us)
        .join(Clip, ClipCheck.clip_id == Clip.clip_id)
        .where(Clip.state == "sealed")
        .order_by(ClipCheck.checked_us, ClipCheck.clip_id)
        .limit(clips)
    )
    taken_bytes = 0
    for clip_id, clip_bytes, checked_us in session.execute(query).yield_per(_AT_ONCE):
        taken_bytes += clip_bytes
        if size_bytes is not None and taken_bytes > size_bytes and taken_bytes > clip_bytes:
            return
        yield CheckDue(clip_id, clip_bytes, checked_us)


def sealed_clips(session: Session, *, after: str) -> list[CheckDue]:
    """The next sealed clips by id, after that one."""
    query = (
        select(Clip.clip_id, Clip.size_bytes)
        .where(Clip.state == "sealed", Clip.clip_id > after)
        .order_by(Clip.clip_id)
        .limit(_AT_ONCE)
    )
    return [CheckDue(clip_id, clip_bytes, 0) for clip_id, clip_bytes in session.execute(query)]


def record_checks(session: Session, outcomes: Mapping[str, str], *, now_us: int) -> None:
    """Clip id -> GOOD, or the code of what is wrong."""
    for clip_id, outcome in outcomes.items():
        values = {"checked_us": now_us, "outcome": outcome}
        session.execute(
            insert(ClipCheck)
            .values(clip_id=clip_id, **values)
            .on_conflict_do_update(index_elements=["clip_id"], set_=values)
        )


def wrong_checks(session: Session) -> Iterable[ClipCheck]:
    """The clips that were not as they were sealed when they were looked at last."""
    return session.scalars(select(ClipCheck).where(ClipCheck.outcome != GOOD).order_by(ClipCheck.clip_id)).all()


def sealed_total(session: Session) -> tuple[int, int]:
    """How many clips are sealed, and their bytes."""
    count, size_bytes = session.execute(
        select(func.count(), func.coalesce(func.sum(Clip.size_bytes), 0)).where(Clip.state == "sealed")
    ).one()
    return int(count), int(size_bytes)
