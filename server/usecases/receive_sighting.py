"""A gateway met a content: the clip's row, and the sighting with its manifest and corrected times."""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.instants import EARLIEST_US, LATEST_US, UtcMicros
from edge.contract.intervals import TimeInterval, interval_or_none
from edge.contract.manifest import Manifest
from server.store import to_judge
from server.store.tables import Clip, Docking, DockingFile, FootageAssignment, Gateway, SightingRow
from server.usecases.admission import Admit, admit_all

LOOKED_AT = {"view", "sound", "reference", "view_model"}
"""The fields of an inspection that `looks_json` keeps."""
ANNOUNCED, OFFERED, RECEIVING, SEALED, QUARANTINED = "announced", "offered", "receiving", "sealed", "quarantined"


class SightingReusedError(Exception):
    """A sighting id came back with another content or gateway; the message is set aside."""

    def __init__(self, *, sighting_id: str, clip_id: str) -> None:
        super().__init__(f"sighting {sighting_id} is already on record for another content than {clip_id}")
        self.sighting_id, self.clip_id = sighting_id, clip_id


def record_sighting(
    session: Session,
    manifest: Manifest,
    envelope: bytes,
    *,
    gateway: Gateway,
    flagged: bool,
    clock_limit_us: int,
    received_us: int,
    admit: Admit = admit_all,
) -> Clip:
    """The clip, announced if it is new; the sighting is added once, however often it is told.

    `clock_limit_us`: how far the gateway's clock may be from the server's (rule `clock.limit_server`).
    Raises SightingReusedError, OverLimitError.
    """
    clip = session.get(Clip, manifest.clip_id)
    if clip is None:
        admit(session, 0, is_new_clip=True)
        clip = Clip(
            clip_id=manifest.clip_id,
            sha256=manifest.sha256,
            size_bytes=manifest.size_bytes,
            state=ANNOUNCED,
            first_seen_us=received_us,
            gateway_id=gateway.gateway_id,
            held_json="[]",
        )
        session.add(clip)
        session.flush()
    known = session.get(SightingRow, manifest.sighting.sighting_id)
    if known is not None:
        if (known.clip_id, known.gateway_id) != (clip.clip_id, gateway.gateway_id):
            raise SightingReusedError(sighting_id=known.sighting_id, clip_id=clip.clip_id)
        return clip
    admit(session, len(envelope))
    offset_us = applied_offset_us(manifest, gateway, clock_limit_us)
    session.add(sighting_row(manifest, envelope, offset_us, flagged=flagged, received_us=received_us))
    session.flush()
    mark_clip(session, clip.clip_id, received_us)
    return clip


def mark_device(session: Session, device_number: str | None, now_us: int, windows: to_judge.Windows) -> None:
    """Judge these times of the device again; footage of no device is judged with everything that has no owner."""
    if device_number is None:
        to_judge.mark(session, "all", "", now_us, windows)
    else:
        to_judge.mark(session, "device", device_number, now_us, windows)


def mark_clip(session: Session, clip_id: str, now_us: int, *devices: str | None) -> None:
    """Judge the times of a clip again at every device that claims it, that a person named for it, and at `devices`."""
    rows = session.execute(
        select(
            SightingRow.device_number,
            SightingRow.corrected_start_us,
            SightingRow.corrected_end_us,
            SightingRow.received_us,
            SightingRow.docking_number,
        ).where(SightingRow.clip_id == clip_id)
    ).all()
    windows = [_placed(row.corrected_start_us, row.corrected_end_us, row.received_us) for row in rows]
    claiming = {*devices, *(row.device_number for row in rows), *_devices_said(session, clip_id)}
    for number in sorted(claiming, key=str):
        mark_device(session, number, now_us, windows)
    for number in sorted(_that_listed(session, clip_id, {row.docking_number for row in rows}) - claiming):
        mark_device(session, number, now_us, ())  # the footage is another's, but nothing of its list is missing now


def devices_of(session: Session, clip_id: str) -> set[str | None]:
    """Every device that a gateway read or a person named for the clip; None where a gateway could read none."""
    read = session.scalars(select(SightingRow.device_number).where(SightingRow.clip_id == clip_id))
    return {*read, *_devices_said(session, clip_id)}


def _devices_said(session: Session, clip_id: str) -> set[str | None]:
    """Every device that a person named for the clip."""
    return set(session.scalars(select(FootageAssignment.device_number).where(FootageAssignment.number == clip_id)))


def _that_listed(session: Session, clip_id: str, docking_numbers: set[str]) -> set[str]:
    """The devices in whose dockings the clip was met or listed."""
    listed = select(DockingFile.docking_number).where(DockingFile.clip_id == clip_id)
    is_one_of_them = Docking.number.in_(sorted(docking_numbers)) | Docking.number.in_(listed)
    devices = session.scalars(select(Docking.device_number).where(is_one_of_them).distinct())
    return {number for number in devices if number is not None}


def _placed(start_us: int | None, end_us: int | None, received_us: int) -> TimeInterval:
    """Where a sighting lies: in its recording's time, or at its arrival where that is not known."""
    if start_us is None:
        start_us, end_us = received_us, None
    return interval_or_none(start_us, end_us or start_us) or TimeInterval(UtcMicros(start_us), UtcMicros(start_us + 1))


def applied_offset_us(manifest: Manifest, gateway: Gateway, clock_limit_us: int) -> int:
    """By how much the originals are corrected: the measured offset where the gateway's own clock can be trusted."""
    clock = manifest.clock
    if clock is None or not clock.gateway_synchronised or gateway.clock_difference_us is None:
        return 0
    if not _can_be_named(manifest, clock.offset_us):
        return 0
    return clock.offset_us if abs(gateway.clock_difference_us) <= clock_limit_us else 0


def _can_be_named(manifest: Manifest, offset_us: int) -> bool:
    """Whether all times stay within what can be written down when they are corrected by the offset."""
    capture, media_us = manifest.capture, manifest.inspection.media_us or 0
    times = [time for interval in capture.recorded for time in (interval.start_us, interval.end_us)]
    if capture.start is not None:
        times += [capture.start, UtcMicros(min(capture.start + media_us, LATEST_US))]
    return all(EARLIEST_US <= time - offset_us <= LATEST_US for time in times)


def sighting_row(
    manifest: Manifest, envelope: bytes, offset_us: int, *, flagged: bool, received_us: int
) -> SightingRow:
    """What is kept of a manifest; the same manifest and offset always give the same row."""
    sighting, capture, inspection = manifest.sighting, manifest.capture, manifest.inspection
    recorded: tuple[TimeInterval, ...] = capture.recorded
    start_us = capture.start
    end_us: int | None = max((interval.end_us for interval in recorded), default=None)
    if end_us is None and start_us is not None and inspection.media_us:
        end_us = min(start_us + inspection.media_us, LATEST_US)
    return SightingRow(
        sighting_id=sighting.sighting_id,
        clip_id=manifest.clip_id,
        gateway_id=manifest.gateway_id,
        device_number=sighting.device,
        file_name=sighting.file_name,
        path=sighting.path,
        docking_number=sighting.docking_id,
        received_us=received_us,
        landed_us=sighting.landed,
        start_us=start_us,
        end_us=end_us,
        corrected_start_us=None if start_us is None else start_us - offset_us,
        corrected_end_us=None if end_us is None else end_us - offset_us,
        applied_offset_us=offset_us,
        measured_offset_us=None if manifest.clock is None else manifest.clock.offset_us,
        start_source=capture.start_source.value,
        uncertainty_us=capture.uncertainty_us,
        recorded_json=json.dumps([[interval.start_us, interval.end_us] for interval in recorded]),
        verdict=inspection.verdict.value,
        faults_json=json.dumps([fault.model_dump(mode="json") for fault in inspection.faults], ensure_ascii=False),
        looks_json=json.dumps(inspection.model_dump(mode="json", include=LOOKED_AT), ensure_ascii=False),
        reference_state=None if inspection.reference is None else inspection.reference.state,
        media_us=inspection.media_us,
        sequence=sighting.sequence,
        recording=sighting.recording,
        flagged=flagged or sighting.flagged,
        manifest=envelope,
    )
