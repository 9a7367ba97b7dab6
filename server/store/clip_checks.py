"""When each sealed clip was read and compared last, and how it was: by it a rolling check knows where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from server.store.tables import Clip, ClipCheck

GOOD = "good"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class CheckDue:
    """A sealed clip that waits to be read again. `checked_us` None: never since it was sealed."""

    clip_id: str
    size_bytes: int
    checked_us: int | None


def longest_unchecked(session: Session, *, clips: int | None, size_bytes: int | None) -> Iterator[CheckDue]:
    """Sealed clips, those that were never checked and then the longest unchecked first, up to either limit.

    At least one where there is any: a clip larger than `size_bytes` must have its turn, too.
    """
    query = (
        select(Clip.clip_id, Clip.size_bytes, ClipCheck.checked_us)
        .join(ClipCheck, ClipCheck.clip_id == Clip.clip_id, isouter=True)
        .where(Clip.state == "sealed")
        .order_by(ClipCheck.checked_us.nulls_first(), Clip.clip_id)
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
    return [CheckDue(clip_id, clip_bytes, None) for clip_id, clip_bytes in session.execute(query)]


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


def forget_checks(session: Session, clip_ids: Iterable[str]) -> None:
    """These are as if never checked: their turn comes first."""
    session.execute(delete(ClipCheck).where(ClipCheck.clip_id.in_(sorted(clip_ids))))


def sealed_total(session: Session) -> tuple[int, int]:
    """How many clips are sealed, and their bytes."""
    count, size_bytes = session.execute(
        select(func.count(), func.coalesce(func.sum(Clip.size_bytes), 0)).where(Clip.state == "sealed")
    ).one()
    return int(count), int(size_bytes)
