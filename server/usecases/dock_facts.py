"""From rows to facts about dockings: those about a time, and those from which follows until when all is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.contract.intervals import TimeInterval
from server.domain.device_facts import DOCK_REACH_AFTER_US, DOCK_REACH_BEFORE_US, DockFact
from server.domain.rules import RuleSet
from server.store.recorded import known_rows, known_where
from server.store.tables import Docking, DockingFile, SightingRow
from server.usecases.clip_facts import clip_facts

PENDING_REASONS = ("still_changing", "unreadable")
GROWING = "still_changing"
MOST_UNSETTLED = 50
"""So many dockings are looked at, the latest first, for one of which everything was inspected."""
LATELY_US = 4 * MICROS_PER_DAY
_MOST_IN_ONE_CONDITION = 500
_LATER: Any = aliased(Docking)


def docks_about(
    session: Session, numbers: set[str], window: TimeInterval, *, known_us: int
) -> dict[str, list[DockFact]]:
    """The dockings of each device that ended about `window`, in order of their end; what is pending is left out."""
    first_us, last_us = window.start_us - DOCK_REACH_BEFORE_US, window.end_us + DOCK_REACH_AFTER_US
    query = known_where(Docking).where(
        Docking.device_number.in_(sorted(numbers)), Docking.valid_until_us >= first_us, Docking.valid_until_us < last_us
    )
    found: dict[str, list[DockFact]] = defaultdict(list)
    for row in session.scalars(query, {"known_us": known_us}):
        found[row.device_number or ""].append(_dock(row, []))
    return {device: sorted(docks, key=_by_end) for device, docks in found.items()}


def docks_named(session: Session, numbers: Iterable[str], *, device_number: str, known_us: int) -> list[DockFact]:
    """The dockings of these numbers as far as they are the device's; what is pending is left out."""
    named = known_rows(session, Docking, known_us=known_us, number=set(numbers))
    rows = [row for row in named if row.device_number == device_number]
    return sorted((_dock(row, []) for row in rows), key=_by_end)


def latest_docks(session: Session, numbers: set[str], *, known_us: int, rules: RuleSet) -> dict[str, list[DockFact]]:
    """The last dockings of each device, back to the one of which everything was inspected, in order of their end.

    What is pending matters only for dockings after that one.
    """
    found: dict[str, list[DockFact]] = defaultdict(list)
    before: dict[str, int] = dict.fromkeys(numbers, 2**62)
    growing: list[Docking] = []
    for round_number in range(MOST_UNSETTLED):
        rows = _latest_before(session, before, known_us, lately=round_number == 0)
        pending = _pending(session, [row for row in rows if row.complete], known_us)
        before = {}
        for row in rows:
            dock = _dock(row, pending.get(row.number, []))
            found[row.device_number or ""].append(dock)
            growing += [row] if dock.growing else []
        for row in rows:
            device = row.device_number or ""
            if not any(dock.complete and not dock.pending for dock in found[device]):
                before[device] = row.valid_until_us or row.valid_from_us
        if not before:
            break
    finished = _finished(session, growing, known_us, rules)
    return {
        device: sorted((_with_finished(dock, finished) for dock in docks), key=_by_end)
        for device, docks in found.items()
    }


def _latest_before(session: Session, before: dict[str, int], known_us: int, *, lately: bool) -> list[Docking]:
    """The last docking of each device that ended before the instant named for it, those of equal end together.

    `lately`: most devices were docked within some days, and for those nothing older needs to be looked through.
    """
    rows: list[Docking] = []
    if lately:
        rows = _latest_of(session, before, known_us, not_before_us=known_us - LATELY_US)
    found = {row.device_number for row in rows}
    left = {device: bound_us for device, bound_us in before.items() if device not in found}
    return rows + (_latest_of(session, left, known_us, not_before_us=0) if left else [])


def _latest_of(session: Session, before: dict[str, int], known_us: int, *, not_before_us: int) -> list[Docking]:
    rows: list[Docking] = []
    for condition in _ended_before(before):
        last = (
            known_where(Docking)
            .where(condition, Docking.valid_until_us >= not_before_us)
            .with_only_columns(Docking.device_number, func.max(Docking.valid_until_us).label("last_us"))
            .group_by(Docking.device_number)
            .subquery()
        )
        query = known_where(_LATER).join(
            last, and_(_LATER.device_number == last.c.device_number, _LATER.valid_until_us == last.c.last_us)
        )
        rows += session.scalars(query, {"known_us": known_us})
    return rows


def _ended_before(before: dict[str, int]) -> list[ColumnElement[bool]]:
    bounds = set(before.values())
    if len(bounds) == 1:
        return [and_(Docking.device_number.in_(sorted(before)), Docking.valid_until_us < bounds.pop())]
    each = [and_(Docking.device_number == one, Docking.valid_until_us < us) for one, us in sorted(before.items())]
    return [or_(*each[first : first + _MOST_IN_ONE_CONDITION]) for first in range(0, len(each), _MOST_IN_ONE_CONDITION)]


def _with_finished(dock: DockFact, finished: dict[str, int]) -> DockFact:
    if not dock.growing:
        return dock
    return DockFact(**{**_fields(dock), "finished_us": finished.get(dock.number, 0)})


def _fields(dock: DockFact) -> dict[str, Any]:
    return {name: getattr(dock, name) for name in DockFact.__slots__}


def _finished(session: Session, rows: Sequence[Docking], known_us: int, rules: RuleSet) -> dict[str, int]:
    """Until when each device had finished recordings, where the last file was still being written."""
    found: dict[str, int] = {}
    for row in rows:
        device, until_us = row.device_number or "", row.valid_until_us or row.valid_from_us
        about = TimeInterval(UtcMicros(until_us - 1), UtcMicros(until_us))
        clips = clip_facts(session, {device}, about, known_us=known_us, rules=rules).get(device, [])
        ends = [piece.end_us for clip in clips if not clip.doubtful for piece in clip.recorded]
        found[row.number] = max((end_us for end_us in ends if end_us <= until_us), default=0)
    return found


def _dock(row: Docking, pending: list[DockingFile]) -> DockFact:
    return DockFact(
        number=row.number,
        docked_us=row.valid_from_us,
        until_us=row.valid_until_us if row.valid_until_us is not None else row.valid_from_us,
        complete=row.complete,
        pending=tuple(listed.name for listed in pending),
        growing=bool(pending) and all(listed.reason == GROWING for listed in pending),
        offset_us=row.offset_us,
        uncertainty_us=row.offset_uncertainty_us,
        battery_percent=row.battery_percent,
        free_bytes=row.free_bytes,
        total_bytes=row.total_bytes,
    )


def _by_end(dock: DockFact) -> tuple[int, str]:
    return dock.until_us, dock.number


def _pending(session: Session, rows: Sequence[Docking], known_us: int) -> dict[str, list[DockingFile]]:
    """For each docking the listed files that may yet bring footage and of which no inspection is on record."""
    if not rows:
        return {}
    seen = select(SightingRow.sighting_id).where(
        SightingRow.clip_id == DockingFile.clip_id, SightingRow.received_us <= known_us
    )
    listed = session.scalars(
        select(DockingFile)
        .where(
            DockingFile.docking_number.in_(sorted(row.number for row in rows)),
            or_(DockingFile.reason.is_(None), DockingFile.reason.in_(PENDING_REASONS)),
            or_(DockingFile.clip_id.is_(None), ~seen.exists()),
        )
        .order_by(DockingFile.row_id)
    ).all()
    if not listed:
        return {}
    names = _names_seen(session, {row.number: row for row in rows}, listed, known_us)
    found: dict[str, list[DockingFile]] = defaultdict(list)
    for one in listed:
        if one.clip_id is not None or one.name not in names[one.docking_number]:
            found[one.docking_number].append(one)
    return found


def _names_seen(
    session: Session, docks: dict[str, Docking], listed: Sequence[DockingFile], known_us: int
) -> dict[str, set[str]]:
    """For each docking the names of files seen in it, or ever at its device, as far as they were listed."""
    names = {one.name for one in listed if one.clip_id is None}
    base = {name.rsplit("/", 1)[-1] for name in names}
    found: dict[str, set[str]] = {number: set() for number in docks}
    if not names:
        return found
    devices = {row.device_number for row in docks.values() if row.device_number is not None}
    where = or_(SightingRow.docking_number.in_(sorted(docks)), SightingRow.device_number.in_(sorted(devices)))
    rows = session.execute(
        select(SightingRow.docking_number, SightingRow.device_number, SightingRow.path, SightingRow.file_name).where(
            where, SightingRow.received_us <= known_us, SightingRow.file_name.in_(sorted(names | base))
        )
    )
    for docking, device, path, file_name in rows:
        for number, dock in docks.items():
            if docking == number or (device is not None and device == dock.device_number):
                found[number] |= {path, file_name}
    return found
