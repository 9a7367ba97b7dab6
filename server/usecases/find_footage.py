"""Findings of footage that does not fit: no owner, two owners, a date in the future, a file that changed."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session, defer

from server.domain.access import Role, Scope
from server.domain.findings import FindingDraft, FindingKind, finding_id_of
from server.domain.rules import RuleSet
from server.store.tables import Clip, EventRow, SightingRow
from server.usecases.clip_facts import dated_in_future
from server.usecases.clip_scope import ClipScope

SYSTEM_SCOPE = Scope("system", Role.AUDITOR, None)
"""Findings are made for everybody; who may see one is decided when it is read."""
CHANGED_CODES = ("grew_after_landing", "file_changed")
_BATCH = 5000


def footage_drafts(
    session: Session, device_number: str | None, clip_ids: Iterable[str], *, rules: RuleSet, now_us: int
) -> list[FindingDraft]:
    """What is wrong with these clips as footage of the device; None stands for footage that names no device.

    Who owns a clip, and from when it is, is one question whoever claims it: the first sighting with a doubt tells it.
    """
    lookup = ClipScope(session, SYSTEM_SCOPE, known_us=now_us)
    drafts: list[FindingDraft] = []
    ordered = sorted(set(clip_ids))
    for first in range(0, len(ordered), _BATCH):
        some = ordered[first : first + _BATCH]
        for sighting, clip in _first_sightings(session, some, now_us):
            drafts += _of_sighting(sighting, clip, lookup, rules)
        if device_number is not None:
            unsettled = [clip_id for clip_id in some if clip_id not in lookup.said]
            drafts += _claimed_twice(session, device_number, unsettled, lookup, now_us)
    return drafts


def _named(column: InstrumentedAttribute[str | None], device_number: str | None) -> ColumnElement[bool]:
    return column.is_(None) if device_number is None else column == device_number


def _first_sightings(session: Session, clip_ids: list[str], now_us: int) -> list[tuple[SightingRow, Clip]]:
    """The first sighting of each clip by each device that claims it, the earliest first."""
    query = (
        select(SightingRow, Clip)
        .join(Clip, Clip.clip_id == SightingRow.clip_id)
        .where(SightingRow.clip_id.in_(clip_ids), SightingRow.received_us <= now_us)
        .options(defer(SightingRow.manifest), defer(Clip.receipt))
    )
    first: dict[tuple[str, str | None], tuple[SightingRow, Clip]] = {}
    for sighting, clip in session.execute(query.order_by(SightingRow.received_us, SightingRow.sighting_id)):
        first.setdefault((sighting.clip_id, sighting.device_number), (sighting, clip))
    return list(first.values())


def _of_sighting(sighting: SightingRow, clip: Clip, lookup: ClipScope, rules: RuleSet) -> list[FindingDraft]:
    drafts: list[FindingDraft] = []
    device = lookup.device(lookup.owner_of(sighting), None)
    unit = lookup.unit_of_gateway(sighting.gateway_id) if device is None else device.unit_number

    def draft(kind: FindingKind, cause: str | None, evidence: tuple[tuple[str, str], ...]) -> FindingDraft:
        return FindingDraft(
            finding_id=finding_id_of(kind, "clip", clip.clip_id),
            kind=kind,
            cause=cause,
            unit_number=unit,
            device_number=sighting.device_number,
            clip_id=clip.clip_id,
            from_us=sighting.corrected_start_us,
            until_us=sighting.corrected_end_us,
            evidence=evidence,
        )

    file = ("file", sighting.file_name)
    why = lookup.why_unowned(sighting)
    if why is not None:
        drafts.append(draft(FindingKind.UNASSIGNED_FOOTAGE, why, (file, ("gateway", sighting.gateway_id))))
    codes = {str(fault.get("code")) for fault in json.loads(sighting.faults_json)}
    if "start_in_future" in codes or dated_in_future(sighting, rules):
        drafts.append(draft(FindingKind.START_IN_FUTURE, None, (file,)))
    return drafts


def _claimed_twice(
    session: Session, device_number: str, clip_ids: list[str], lookup: ClipScope, now_us: int
) -> list[FindingDraft]:
    """Contents that another device claims too; one that a person assigned is settled.

    One finding for each device, so that judging one of them never withdraws what concerns the other.
    """
    rows = session.execute(
        select(SightingRow.clip_id, SightingRow.device_number).where(
            SightingRow.clip_id.in_(clip_ids),
            SightingRow.device_number.is_not(None),
            SightingRow.received_us <= now_us,
        )
    )
    claims: dict[str, set[str]] = {}
    for clip_id, device in rows:
        claims.setdefault(clip_id, set()).add(device or "")
    kind = FindingKind.CONTENT_CLAIMED_TWICE
    device_row = lookup.device(device_number, None)
    return [
        FindingDraft(
            finding_id=finding_id_of(kind, "clip", clip_id, device_number),
            kind=kind,
            unit_number=None if device_row is None else device_row.unit_number,
            device_number=device_number,
            clip_id=clip_id,
            evidence=tuple(("device", device) for device in sorted(devices)),
        )
        for clip_id, devices in claims.items()
        if len(devices) > 1 and device_number in devices
    ]


def changed_file_drafts(
    session: Session, device_number: str | None, unit_number: str | None, *, now_us: int
) -> list[FindingDraft]:
    """Files that changed after they were taken, as gateways told of this device (None: of no device)."""
    kind = FindingKind.FILE_CHANGED
    events = session.scalars(
        select(EventRow)
        .where(
            _named(EventRow.device_number, device_number),
            EventRow.code.in_(CHANGED_CODES),
            EventRow.received_us <= now_us,
        )
        .order_by(EventRow.row_id)
    )
    return [
        FindingDraft(
            finding_id=finding_id_of(kind, event.gateway_id, event.device_number or "", event.file_name or ""),
            kind=kind,
            unit_number=unit_number,
            device_number=event.device_number,
            from_us=event.at_us,
            evidence=(("file", event.file_name or ""), ("gateway", event.gateway_id)),
        )
        for event in events
    ]
