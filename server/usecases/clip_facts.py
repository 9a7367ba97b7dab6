"""From rows to facts about clips, on record at `known_us`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from edge.contract.inspection import Fault, ReferenceCheck, SoundStretch, ViewStretch
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, interval_or_none
from server.domain.device_facts import CLIP_REACH_AFTER_US, CLIP_REACH_BEFORE_US, ClipFact
from server.domain.looks import NOTHING_LOOKED, Looks, placed
from server.domain.rules import RuleSet
from server.store.recorded import known_rows
from server.store.tables import Clip, FootageAssignment, SightingRow

Told = TypeVar("Told", Fault, ReferenceCheck, SoundStretch, ViewStretch)
_BATCH = 5000
_COLUMNS = (
    SightingRow.clip_id,
    SightingRow.device_number,
    SightingRow.file_name,
    SightingRow.corrected_start_us,
    SightingRow.corrected_end_us,
    SightingRow.recorded_json,
    SightingRow.verdict,
    SightingRow.faults_json,
    SightingRow.looks_json,
    SightingRow.sequence,
    SightingRow.docking_number,
    SightingRow.received_us,
    SightingRow.landed_us,
    SightingRow.measured_offset_us,
    SightingRow.applied_offset_us,
    Clip.sealed_us,
    Clip.state,
)
"""What a fact is made of: never the manifest and the receipt, which are most of a row's bytes."""


def clip_facts(
    session: Session, numbers: set[str], window: TimeInterval | None, *, known_us: int, rules: RuleSet
) -> dict[str, list[ClipFact]]:
    """The clips of each device about `window` in order of time; footage a person assigned belongs to whom they named.

    None: of all times, which may be very many.
    """
    condition = None if window is None else _near(window)
    return _facts(session, numbers, condition, known_us=known_us, rules=rules)


def facts_of_clips(
    session: Session, device_number: str, clip_ids: Iterable[str], *, known_us: int, rules: RuleSet
) -> list[ClipFact]:
    """The facts of these clips as far as they are this device's, in order of time."""
    found: list[ClipFact] = []
    ordered = sorted(set(clip_ids))
    for first in range(0, len(ordered), _BATCH):
        some = SightingRow.clip_id.in_(ordered[first : first + _BATCH])
        found += _facts(session, {device_number}, some, known_us=known_us, rules=rules).get(device_number, [])
    return sorted(found, key=_by_time)


def clip_fact(
    sighting: SightingRow | Any, clip: Clip | Any, *, contested: bool, known_us: int, rules: RuleSet
) -> ClipFact:
    """One sighting as a fact. The original times stay in the row; here they are corrected.

    A row of `_COLUMNS` serves as both.
    """
    offset_us = sighting.applied_offset_us
    recorded = [
        interval_or_none(start - offset_us, end - offset_us) for start, end in json.loads(sighting.recorded_json)
    ]
    told = json.loads(sighting.faults_json) if sighting.faults_json != "[]" else ()
    faults = tuple(str(fault.get("code", "")) for fault in told)
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
        looks=looks_of(sighting),
    )


def looks_of(sighting: SightingRow | Any) -> Looks:
    """What was seen and heard, on the corrected axis; nothing where nobody looked or the start is not known."""
    if sighting.looks_json in ("", "{}"):
        return NOTHING_LOOKED
    told = json.loads(sighting.looks_json)
    compared, view_model = told.get("reference"), told.get("view_model")
    reference = None if compared is None else as_stored(ReferenceCheck, compared)
    start_us, end_us = sighting.corrected_start_us, sighting.corrected_end_us
    if start_us is None:
        return Looks(reference=reference, view_model=view_model)
    view = [as_stored(ViewStretch, part) for part in told.get("view", ())]
    sound = [as_stored(SoundStretch, part) for part in told.get("sound", ())]
    return Looks(
        placed([(one.state, one.from_s, one.to_s, one.confidence) for one in view], start_us=start_us, end_us=end_us),
        placed([(one.state, one.from_s, one.to_s, 1.0) for one in sound], start_us=start_us, end_us=end_us),
        reference,
        view_model,
    )


def as_stored(form: type[Told], told: dict[str, Any]) -> Told:
    """A part of an inspection as it was taken: a row is never refused by a contract that has become stricter since."""
    return form.model_construct(**told)


def dated_in_future(sighting: SightingRow | Any, rules: RuleSet) -> bool:
    """Whether the recording begins later than its own landing by more than the rule allows."""
    start_us = sighting.corrected_start_us
    if start_us is None or start_us <= sighting.landed_us:
        return False
    return bool(
        start_us > sighting.landed_us + rules.duration_us("time.future_tolerance", UtcMicros(sighting.landed_us))
    )


def state_then(clip: Clip | Any, known_us: int) -> str:
    """The clip's state as far as it was on record at `known_us`: a seal that came later is not known yet."""
    if clip.sealed_us is not None:
        return "sealed" if clip.sealed_us <= known_us else "announced"
    return str(clip.state)


def placed_in(windows: Sequence[TimeInterval]) -> ColumnElement[bool]:
    """The sightings that lie in these windows: by their begin, or by their arrival where nobody knows it."""
    parts: list[ColumnElement[bool]] = []
    for window in windows:
        start, arrived = SightingRow.corrected_start_us, SightingRow.received_us
        parts.append(and_(start >= window.start_us, start < window.end_us))
        parts.append(and_(start.is_(None), arrived >= window.start_us, arrived < window.end_us))
    return or_(*parts)


def _facts(
    session: Session, numbers: set[str], condition: ColumnElement[bool] | None, *, known_us: int, rules: RuleSet
) -> dict[str, list[ClipFact]]:
    said = {row.number: row.device_number for row in known_rows(session, FootageAssignment, known_us=known_us)}
    given = [clip_id for clip_id, device in said.items() if device in numbers]
    rows: list[Any] = []
    for own in _owned(sorted(numbers), given):
        query = _sightings(known_us).where(own)
        rows += session.execute(query if condition is None else query.where(condition)).all()
    rows.sort(key=_speaks_first)
    contested = _contested(session, {row.clip_id for row in rows} - said.keys(), known_us)
    found: dict[str, dict[str, ClipFact]] = defaultdict(dict)
    for row in rows:
        device = said.get(row.clip_id, row.device_number)
        if device not in numbers or row.clip_id in found[device]:
            continue
        doubt = row.clip_id in contested
        found[device][row.clip_id] = clip_fact(row, row, contested=doubt, known_us=known_us, rules=rules)
    return {device: sorted(facts.values(), key=_by_time) for device, facts in found.items()}


def _owned(numbers: list[str], given: list[str]) -> list[ColumnElement[bool]]:
    """One condition for each index that finds the sightings; together in one query neither would be used."""
    own = [SightingRow.device_number.in_(numbers)]
    outside = or_(SightingRow.device_number.is_(None), SightingRow.device_number.not_in(numbers))
    return own + ([and_(SightingRow.clip_id.in_(given), outside)] if given else [])


def _sightings(known_us: int) -> Any:
    joined = select(*_COLUMNS, SightingRow.sighting_id).join(Clip, Clip.clip_id == SightingRow.clip_id)
    return joined.where(SightingRow.received_us <= known_us)


def _speaks_first(row: Any) -> tuple[bool, int, str]:
    """Those whose times are corrected first, then the earliest: the first of them speaks for a clip."""
    return row.applied_offset_us == 0, row.received_us, row.sighting_id


def _near(window: TimeInterval) -> ColumnElement[bool]:
    start = SightingRow.corrected_start_us
    return and_(start >= window.start_us - CLIP_REACH_BEFORE_US, start < window.end_us + CLIP_REACH_AFTER_US)


def _contested(session: Session, clip_ids: set[str], known_us: int) -> set[str]:
    """The contents that more than one device claims."""
    claims: dict[str, set[str]] = defaultdict(set)
    ordered = sorted(clip_ids)
    for first in range(0, len(ordered), _BATCH):
        rows = session.execute(
            select(SightingRow.clip_id, SightingRow.device_number).where(
                SightingRow.clip_id.in_(ordered[first : first + _BATCH]),
                SightingRow.received_us <= known_us,
                SightingRow.device_number.is_not(None),
            )
        )
        for clip_id, device in rows:
            claims[clip_id].add(device or "")
    return {clip_id for clip_id, devices in claims.items() if len(devices) > 1}


def _by_time(fact: ClipFact) -> tuple[int, str]:
    return (fact.start_us if fact.start_us is not None else -1, fact.clip_id)
