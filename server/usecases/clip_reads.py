"""From rows to views of clips and links."""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from edge.contract.inspection import Fault
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, interval_or_none
from server.store.tables import Clip, LinkRow, SightingRow
from server.usecases.clip_facts import as_stored, state_then
from server.usecases.clip_scope import ClipScope
from server.usecases.views import ClipItem, LinkView, SightingView

_HEAVY = (SightingRow.manifest, SightingRow.faults_json, SightingRow.looks_json)


def clip_item(clip: Clip, sighting: SightingRow, clip_scope: ClipScope, *, known_us: int) -> ClipItem:
    """A clip in a list, told by the sighting that speaks for it."""
    device, at_us = clip_scope.owner_of(sighting), sighting.corrected_start_us
    wearers = clip_scope.wearers_of(device, at_us)
    sealed = clip.sealed_us is not None and clip.sealed_us <= known_us
    return ClipItem(
        clip_id=clip.clip_id,
        state=state_then(clip, known_us),
        size_bytes=clip.size_bytes,
        device_number=device,
        unit_number=clip_scope.unit_of(device, at_us),
        officer_number=wearers[0] if len(wearers) == 1 else None,
        file_name=sighting.file_name,
        interval=corrected_interval(sighting),
        verdict=sighting.verdict,
        first_seen_us=UtcMicros(clip.first_seen_us),
        sealed_us=UtcMicros(clip.sealed_us) if sealed and clip.sealed_us is not None else None,
        act_index=clip.act_index if sealed else None,
    )


def corrected_interval(sighting: SightingRow) -> TimeInterval | None:
    """From first to last instant on the corrected axis, where both are known."""
    if sighting.corrected_start_us is None or sighting.corrected_end_us is None:
        return None
    return interval_or_none(sighting.corrected_start_us, sighting.corrected_end_us)


def sighting_view(sighting: SightingRow) -> SightingView:
    """A sighting with its original and its corrected times."""
    original = None
    if sighting.start_us is not None and sighting.end_us is not None:
        original = interval_or_none(sighting.start_us, sighting.end_us)
    faults = tuple(as_stored(Fault, fault) for fault in json.loads(sighting.faults_json))
    return SightingView(
        sighting_id=sighting.sighting_id,
        gateway_id=sighting.gateway_id,
        device_number=sighting.device_number,
        file_name=sighting.file_name,
        path=sighting.path,
        docking_number=sighting.docking_number,
        received_us=UtcMicros(sighting.received_us),
        original=original,
        corrected=corrected_interval(sighting),
        measured_offset_us=sighting.measured_offset_us,
        applied_offset_us=sighting.applied_offset_us,
        start_source=sighting.start_source,
        uncertainty_us=sighting.uncertainty_us,
        verdict=sighting.verdict,
        faults=faults,
        media_us=sighting.media_us,
        sequence=sighting.sequence,
        recording=sighting.recording,
        flagged=sighting.flagged,
    )


def link_view(session: Session, row: LinkRow) -> LinkView:
    """A link with the footage it is about."""
    sighting = speaking_sighting(session, row.clip_id)
    return LinkView(
        case_number=row.case_number,
        clip_id=row.clip_id,
        state=row.state,
        score=row.score,
        reasons=tuple(json.loads(row.reasons_json)),
        decided_by=row.decided_by,
        recorded_us=UtcMicros(row.recorded_us),
        device_number=None if sighting is None else sighting.device_number,
        interval=None if sighting is None else corrected_interval(sighting),
    )


def speaking_sighting(session: Session, clip_id: str, *, known_us: int = 2**62) -> SightingRow | None:
    """The sighting that speaks for a clip: one whose times are corrected, else the earliest."""
    rows = sightings_of(session, clip_id, known_us=known_us)
    return min(rows, key=lambda row: (row.applied_offset_us == 0, row.received_us, row.sighting_id), default=None)


def sightings_of(session: Session, clip_id: str, *, known_us: int) -> list[SightingRow]:
    """All sightings of a clip on record at `known_us`, the earliest first; what is heavy is read when asked for."""
    query = select(SightingRow).where(SightingRow.clip_id == clip_id, SightingRow.received_us <= known_us)
    query = query.order_by(SightingRow.received_us, SightingRow.sighting_id)
    return list(session.scalars(query.options(*(defer(column) for column in _HEAVY))))
