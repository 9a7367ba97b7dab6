"""How far what changed at some times reaches: the clips, dockings and times that may have to be judged again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from edge.contract.instants import EARLIEST_US, LATEST_US, MICROS_PER_DAY, UtcMicros
from edge.contract.intervals import TimeInterval, interval_or_none, union
from server.domain.device_facts import CLIP_REACH_AFTER_US, CLIP_REACH_BEFORE_US, DOCK_REACH_AFTER_US, ClipFact
from server.domain.rules import RuleSet
from server.store.recorded import known_rows, known_where
from server.store.tables import Clip, DeviceJudged, Docking, FootageAssignment, SightingRow
from server.usecases.clip_facts import facts_of_clips, placed_in

_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Touched:
    """Clips and dockings about which something may have changed."""

    clip_ids: set[str]
    docking_numbers: set[str]


def reached(windows: Iterable[TimeInterval]) -> list[TimeInterval]:
    """The times whose verdict may rest on what is so within `windows`."""
    return union(
        TimeInterval(
            UtcMicros(max(EARLIEST_US, one.start_us - CLIP_REACH_AFTER_US)),
            UtcMicros(min(LATEST_US, one.end_us + CLIP_REACH_BEFORE_US)),
        )
        for one in windows
    )


def touched_by(session: Session, number: str | None, windows: Sequence[TimeInterval], now_us: int) -> Touched:
    """The clips of the device that lie in the windows, and the dockings that do, or that brought these clips."""
    if not windows:
        return Touched(set(), set())
    own: ColumnElement[bool] = SightingRow.device_number.is_(None)
    given: list[str] = []
    if number is not None:
        own = SightingRow.device_number == number
        said = select(FootageAssignment.number).where(
            FootageAssignment.device_number == number, FootageAssignment.recorded_us <= now_us
        )
        given = list(session.scalars(said.distinct()))  # those taken from it again too: it must lose their findings
    clip_ids: set[str] = set()
    for window in windows:
        placed = placed_in([window])
        clip_ids |= set(session.scalars(select(SightingRow.clip_id).where(own, placed).distinct()))
        if given:
            clip_ids |= set(session.scalars(select(SightingRow.clip_id).where(SightingRow.clip_id.in_(given), placed)))
    dockings: set[str] = set()
    for some in batches(clip_ids):
        brought = select(SightingRow.docking_number).where(SightingRow.clip_id.in_(some))
        dockings |= set(session.scalars(brought.distinct()))
    for window in windows if number is not None else ():
        ended = and_(Docking.valid_until_us >= window.start_us, Docking.valid_until_us < window.end_us)
        dockings |= set(session.scalars(select(Docking.number).where(Docking.device_number == number, ended)))
    return Touched(clip_ids, dockings)


def settled(before: DeviceJudged | None, now: DeviceJudged) -> list[TimeInterval]:
    """The times about which a docking has told since the last judgement, or no longer tells."""
    if before is None:
        return []
    pairs = ((before.known_until_us, now.known_until_us), (before.listed_until_us, now.listed_until_us))
    hulls = (interval_or_none(min(pair), max(pair)) for pair in pairs)
    return [hull for hull in hulls if hull is not None]


def before_dockings(
    session: Session, number: str, windows: Sequence[TimeInterval], now_us: UtcMicros
) -> list[TimeInterval]:
    """Before each docking within the windows, the time since the one before: its battery and storage explain gaps.

    Also where a docking was said to be, but is no longer: the next one explains those gaps now.
    """
    found: list[TimeInterval] = []
    for window in windows:
        first_us, last_us = window.start_us - DOCK_REACH_AFTER_US - MICROS_PER_DAY, window.end_us
        ended = (Docking.device_number == number, Docking.valid_until_us >= first_us, Docking.valid_until_us < last_us)
        known = session.scalars(known_where(Docking).where(*ended), {"known_us": now_us})
        ends = sorted({row.valid_until_us or 0 for row in known})
        for end_us in sorted({one or 0 for one in session.scalars(select(Docking.valid_until_us).where(*ended))}):
            if end_us >= window.start_us:
                before = bisect_left(ends, end_us)
                since_us = max(ends[before - 1] if before else first_us, end_us - DOCK_REACH_AFTER_US - MICROS_PER_DAY)
                between = interval_or_none(since_us, end_us)
                found += [] if between is None else [between]
    return found


def passed(before: DeviceJudged | None, rules: RuleSet, now_us: UtcMicros) -> list[TimeInterval]:
    """The times of which the deadline has passed, or which have come, since the last judgement."""
    since_us = now_us if before is None else min(before.judged_us, now_us)
    since_us -= rules.duration_us("handin.deadline", now_us) + 2 * MICROS_PER_DAY
    return [TimeInterval(UtcMicros(since_us), UtcMicros(now_us + 1))]


def unsealed_clips(session: Session, number: str, rules: RuleSet, now_us: UtcMicros) -> list[ClipFact]:
    """The device's clips that have not arrived. Found by the clips' state: there are few such, and many of a device."""
    whose = func.coalesce(SightingRow.device_number, "")
    query = select(SightingRow.clip_id).join(Clip, Clip.clip_id == SightingRow.clip_id).where(Clip.sealed_us.is_(None))
    said = [row.number for row in known_rows(session, FootageAssignment, known_us=now_us, device_number=number)]
    open_ids = set(session.scalars(query.where(or_(whose == number, SightingRow.clip_id.in_(said)))))
    return facts_of_clips(session, number, open_ids, known_us=now_us, rules=rules)


def batches(ids: set[str]) -> Iterable[list[str]]:
    """The ids in order, not too many for one statement."""
    ordered = sorted(ids)
    return (ordered[first : first + _BATCH] for first in range(0, len(ordered), _BATCH))
