"""Findings of footage that does not fit: no owner, two owners, a date in the future, a file that changed."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.domain.access import Role, Scope
from server.domain.findings import FindingDraft, FindingKind, finding_id_of
from server.domain.rules import RuleSet
from server.store.tables import Clip, Device, EventRow, SightingRow
from server.usecases.clip_scope import ClipScope
from server.usecases.facts import dated_in_future

SYSTEM_SCOPE = Scope("system", Role.AUDITOR, None)
"""Findings are made for everybody; who may see one is decided when it is read."""
CHANGED_CODES = ("grew_after_landing", "file_changed")


def footage_drafts(
    session: Session, device_numbers: Iterable[str | None], *, rules: RuleSet, now_us: int
) -> list[FindingDraft]:
    """What is wrong with the footage of these devices; None stands for footage that names no device."""
    wanted = set(device_numbers)
    lookup = ClipScope(session, SYSTEM_SCOPE, known_us=now_us)
    drafts: list[FindingDraft] = []
    for sighting, clip in _first_sightings(session, wanted):
        drafts += _of_sighting(sighting, clip, lookup, rules)
    drafts += _claimed_twice(session, wanted, set(lookup.said))
    drafts += _changed_files(session, wanted)
    return drafts


def _names(column: InstrumentedAttribute[str | None], wanted: set[str | None]) -> ColumnElement[bool]:
    named = column.in_(sorted(number for number in wanted if number is not None))
    return or_(named, column.is_(None)) if None in wanted else named


def _first_sightings(session: Session, wanted: set[str | None]) -> list[tuple[SightingRow, Clip]]:
    query = select(SightingRow, Clip).join(Clip, Clip.clip_id == SightingRow.clip_id)
    condition = _names(SightingRow.device_number, wanted)
    first: dict[str, tuple[SightingRow, Clip]] = {}
    for sighting, clip in session.execute(query.where(condition).order_by(SightingRow.received_us)):
        first.setdefault(sighting.clip_id, (sighting, clip))
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
    if why is not None and why != "ambiguous_wearer":  # that is a finding of the duty, with both names
        drafts.append(draft(FindingKind.UNASSIGNED_FOOTAGE, why, (file, ("gateway", sighting.gateway_id))))
    codes = {str(fault.get("code")) for fault in json.loads(sighting.faults_json)}
    if "start_in_future" in codes or dated_in_future(sighting, rules):
        drafts.append(draft(FindingKind.START_IN_FUTURE, None, (file,)))
    return drafts


def _claimed_twice(session: Session, wanted: set[str | None], said: set[str]) -> list[FindingDraft]:
    """Contents that two devices claim; a person who assigned the clip has settled it."""
    contested = (
        select(SightingRow.clip_id)
        .where(SightingRow.device_number.is_not(None))
        .group_by(SightingRow.clip_id)
        .having(func.count(func.distinct(SightingRow.device_number)) > 1)
    )
    rows = session.execute(
        select(SightingRow.clip_id, SightingRow.device_number, SightingRow.file_name)
        .where(SightingRow.clip_id.in_(contested))
        .order_by(SightingRow.received_us)
    )
    claims: dict[str, dict[str, str]] = {}
    for clip_id, device, file_name in rows:
        if device is not None:
            claims.setdefault(clip_id, {}).setdefault(device, file_name)
    kind = FindingKind.CONTENT_CLAIMED_TWICE
    drafts: list[FindingDraft] = []
    for clip_id, devices in claims.items():
        owners = sorted(devices)
        if clip_id in said or not wanted & set(owners):
            continue
        # One finding for each device, so that judging one of them never withdraws what concerns the other.
        drafts += [
            FindingDraft(
                finding_id=finding_id_of(kind, "clip", clip_id, owner),
                kind=kind,
                unit_number=_unit_of(session, owner),
                device_number=owner,
                clip_id=clip_id,
                evidence=tuple(("device", device) for device in owners),
            )
            for owner in owners
            if owner in wanted
        ]
    return drafts


def _unit_of(session: Session, device_number: str) -> str | None:
    rows = session.scalars(
        select(Device).where(Device.number == device_number).order_by(Device.recorded_us, Device.row_id)
    ).all()
    return rows[-1].unit_number if rows else None


def _changed_files(session: Session, wanted: set[str | None]) -> list[FindingDraft]:
    kind = FindingKind.FILE_CHANGED
    events = session.scalars(
        select(EventRow).where(EventRow.code.in_(CHANGED_CODES), _names(EventRow.device_number, wanted))
    )
    return [
        FindingDraft(
            finding_id=finding_id_of(kind, event.gateway_id, event.device_number or "", event.file_name or ""),
            kind=kind,
            unit_number=None if event.device_number is None else _unit_of(session, event.device_number),
            device_number=event.device_number,
            from_us=event.at_us,
            evidence=(("file", event.file_name or ""), ("gateway", event.gateway_id)),
        )
        for event in events
    ]
