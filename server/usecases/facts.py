"""From rows to what decisions take: footage and dockings of devices, on record at `known_us`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.contract.intervals import TimeInterval, interval_or_none
from server.domain.device_facts import ClipFact, DeviceFacts, DockFact
from server.domain.rules import RuleSet
from server.store.recorded import known_rows
from server.store.tables import Clip, Docking, DockingFile, FootageAssignment, SightingRow

PENDING_REASONS = ("still_changing", "unreadable")
GROWING = "still_changing"
MAX_DOCKINGS_LOOKED_AT = 50


def device_facts(
    session: Session,
    device_numbers: Iterable[str],
    window: TimeInterval | None,
    *,
    known_us: int,
    rules: RuleSet,
) -> dict[str, DeviceFacts]:
    """The facts of each device about `window` and a day on either side, as on record at `known_us`; None: all times."""
    numbers = set(device_numbers)
    if not numbers:
        return {}
    clips = clip_facts(session, numbers, window, known_us=known_us, rules=rules)
    docks = _docks(session, numbers, window, known_us)
    return {
        number: DeviceFacts(number, tuple(clips.get(number, ())), tuple(docks.get(number, ()))) for number in numbers
    }


def clip_facts(
    session: Session, numbers: set[str], window: TimeInterval | None, *, known_us: int, rules: RuleSet
) -> dict[str, list[ClipFact]]:
    """The clips of each device in order of time; footage a person assigned belongs to the device they named."""
    said = {row.number: row.device_number for row in known_rows(session, FootageAssignment, known_us=known_us)}
    given = [clip_id for clip_id, device in said.items() if device in numbers]
    query = _sightings(known_us).where(
        or_(SightingRow.device_number.in_(sorted(numbers)), SightingRow.clip_id.in_(given))
    )
    if window is not None:
        query = query.where(_near(window))
    rows = session.execute(query).all()
    claims = _claims(session, {sighting.clip_id for sighting, _ in rows}, known_us)
    found: dict[str, dict[str, ClipFact]] = defaultdict(dict)
    for sighting, clip in rows:
        device = said.get(sighting.clip_id, sighting.device_number)
        if device is None or device not in numbers or sighting.clip_id in found[device]:
            continue
        contested = sighting.clip_id not in said and len(claims[sighting.clip_id]) > 1
        found[device][sighting.clip_id] = clip_fact(sighting, clip, contested=contested, known_us=known_us, rules=rules)
    return {device: sorted(facts.values(), key=_by_time) for device, facts in found.items()}


def clip_fact(sighting: SightingRow, clip: Clip, *, contested: bool, known_us: int, rules: RuleSet) -> ClipFact:
    """One sighting as a fact. The original times stay in the row; here they are corrected."""
    offset_us = sighting.applied_offset_us
    recorded = [
        interval_or_none(start - offset_us, end - offset_us) for start, end in json.loads(sighting.recorded_json)
    ]
    faults = tuple(str(fault.get("code", "")) for fault in json.loads(sighting.faults_json))
    sealed_us = clip.sealed_us if clip.sealed_us is not None and clip.sealed_us <= known_us else None
    return ClipFact(
        clip_id=sighting.clip_id,
        file_name=sighting.file_name,
        start_us=sighting.corrected_start_us,
        end_us=sighting.corrected_end_us,
        recorded=tuple(piece for piece in recorded if piece is not None),
        verdict=sighting.verdict,
        faults=faults,
        sequence=sighting.sequence,
        state=state_then(clip, known_us),
        docking_number=sighting.docking_number,
        received_us=sighting.received_us,
        sealed_us=sealed_us,
        measured_offset_us=sighting.measured_offset_us,
        applied_offset_us=offset_us,
        doubtful=contested or dated_in_future(sighting, rules),
    )


def dated_in_future(sighting: SightingRow, rules: RuleSet) -> bool:
    """Whether the recording begins later than its own landing by more than the rule allows."""
    start_us = sighting.corrected_start_us
    if start_us is None:
        return False
    return start_us > sighting.landed_us + rules.duration_us("time.future_tolerance", UtcMicros(sighting.landed_us))


def state_then(clip: Clip, known_us: int) -> str:
    """The clip's state as far as it was on record at `known_us`: a seal that came later is not known yet."""
    if clip.sealed_us is not None:
        return "sealed" if clip.sealed_us <= known_us else "announced"
    return clip.state


def _sightings(known_us: int) -> Select[SightingRow, Clip]:
    """Sightings on record, those whose times are corrected first, then the earliest: one of them speaks for a clip."""
    return (
        select(SightingRow, Clip)
        .join(Clip, Clip.clip_id == SightingRow.clip_id)
        .where(SightingRow.received_us <= known_us)
        .order_by(SightingRow.applied_offset_us == 0, SightingRow.received_us, SightingRow.sighting_id)
    )


def _near(window: TimeInterval) -> ColumnElement[bool]:
    first_us, last_us = window.start_us - MICROS_PER_DAY, window.end_us + MICROS_PER_DAY
    return and_(SightingRow.corrected_start_us >= first_us - MICROS_PER_DAY, SightingRow.corrected_start_us < last_us)


def _claims(session: Session, clip_ids: set[str], known_us: int) -> dict[str, set[str]]:
    """Which devices claim each content."""
    claims: dict[str, set[str]] = {clip_id: set() for clip_id in clip_ids}
    ordered = sorted(clip_ids)
    for first in range(0, len(ordered), 5000):
        rows = session.execute(
            select(SightingRow.clip_id, SightingRow.device_number)
            .where(
                SightingRow.clip_id.in_(ordered[first : first + 5000]),
                SightingRow.received_us <= known_us,
                SightingRow.device_number.is_not(None),
            )
            .distinct()
        )
        for clip_id, device in rows:
            if device is not None:
                claims[clip_id].add(device)
    return claims


def _by_time(fact: ClipFact) -> tuple[int, str]:
    return (fact.start_us if fact.start_us is not None else -1, fact.clip_id)


def _docks(
    session: Session, numbers: set[str], window: TimeInterval | None, known_us: int
) -> dict[str, list[DockFact]]:
    """The latest dockings of each device and those about the window, in order of their end."""
    by_device: dict[str, list[Docking]] = defaultdict(list)
    for row in known_rows(session, Docking, known_us=known_us, device_number=numbers):
        by_device[row.device_number or ""].append(row)
    docks: dict[str, list[DockFact]] = {}
    for device, rows in by_device.items():
        rows.sort(key=_end_of)
        last = rows[-MAX_DOCKINGS_LOOKED_AT:]
        about = [row for row in rows[:-MAX_DOCKINGS_LOOKED_AT] if window is not None and _about(row, window)]
        docks[device] = _with_pending(session, about[:MAX_DOCKINGS_LOOKED_AT] + last, known_us)
    return docks


def _with_pending(session: Session, rows: list[Docking], known_us: int) -> list[DockFact]:
    """What is pending matters only for dockings after the last one of which everything was inspected."""
    docks: list[DockFact] = []
    settled = False
    for row in reversed(rows):
        dock = _dock(row, [] if settled or not row.complete else _pending(session, row, known_us))
        settled = settled or (row.complete and not dock.pending)
        docks.append(dock)
    return docks[::-1]


def _end_of(row: Docking) -> int:
    return row.valid_until_us if row.valid_until_us is not None else row.valid_from_us


def _about(row: Docking, window: TimeInterval) -> bool:
    return window.start_us - MICROS_PER_DAY <= _end_of(row) < window.end_us + 7 * MICROS_PER_DAY


def _dock(row: Docking, pending: list[DockingFile]) -> DockFact:
    return DockFact(
        number=row.number,
        docked_us=row.valid_from_us,
        until_us=_end_of(row),
        complete=row.complete,
        pending=tuple(listed.name for listed in pending),
        growing=bool(pending) and all(listed.reason == GROWING for listed in pending),
        offset_us=row.offset_us,
        uncertainty_us=row.offset_uncertainty_us,
        battery_percent=row.battery_percent,
        free_bytes=row.free_bytes,
        total_bytes=row.total_bytes,
    )


def _pending(session: Session, row: Docking, known_us: int) -> list[DockingFile]:
    """Listed files that may yet bring footage and of which no inspection is on record."""
    seen = select(SightingRow.sighting_id).where(
        SightingRow.clip_id == DockingFile.clip_id, SightingRow.received_us <= known_us
    )
    listed = session.scalars(
        select(DockingFile).where(
            DockingFile.docking_number == row.number,
            or_(DockingFile.reason.is_(None), DockingFile.reason.in_(PENDING_REASONS)),
            or_(DockingFile.clip_id.is_(None), ~seen.exists()),
        )
    ).all()
    if not listed:
        return []
    by_name = select(SightingRow.path, SightingRow.file_name).where(
        SightingRow.received_us <= known_us,
        or_(SightingRow.docking_number == row.number, SightingRow.device_number == row.device_number),
    )
    names = {name for path, file_name in session.execute(by_name) for name in (path, file_name)}
    return [one for one in listed if one.clip_id is not None or one.name not in names]
