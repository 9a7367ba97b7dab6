"""A gateway's report: inspection of a clip, or a docking with the list of its files. Kept once."""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.dsse import SignatureRefusedError, Verifier
from edge.contract.events import MessageRefusedError, Opened
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from edge.contract.manifest import Manifest, ManifestKeyMismatchError, open_manifest
from edge.contract.messages import ClipReport, DockingReport, EnvelopeJson, ListedFile, NotedItem, Report
from server.store.database import Database
from server.store.recorded import known_rows, record, replace
from server.store.tables import Docking, DockingFile, Gateway, MessageSeen, ReportRow
from server.usecases.admission import Admit, admit_all
from server.usecases.receive_sighting import SightingReusedError, mark_device, record_sighting


def receive_report(
    db: Database,
    opened: Opened,
    *,
    gateway_id: str,
    verifier: Verifier,
    clock_limit_us: int,
    received_us: UtcMicros,
    admit: Admit = admit_all,
) -> NotedItem:
    """What `noted` may name, its rows durable when this returns. Raises MessageRefusedError, OverLimitError."""
    item, report = noted_item(opened), opened.data
    if not isinstance(report, Report):
        raise MessageRefusedError(reason="wrong_kind", detail="not a report")
    content = report.content
    if isinstance(content, ClipReport):
        manifest, envelope = believed_manifest(content.manifest, gateway_id=gateway_id, verifier=verifier)
    with db.writing() as session:
        if not first_time(session, gateway_id, item, received_us):
            return item
        admit(session, len(opened.raw))
        gateway = session.get_one(Gateway, gateway_id)
        if isinstance(content, DockingReport):
            _record_docking(session, content, gateway, received_us)
        else:
            try:
                record_sighting(
                    session,
                    manifest,
                    envelope,
                    gateway=gateway,
                    flagged=False,
                    clock_limit_us=clock_limit_us,
                    received_us=received_us,
                    admit=admit,
                )
            except SightingReusedError as error:
                raise MessageRefusedError(reason="sighting_reused", detail=str(error)) from error
        session.add(
            ReportRow(
                gateway_id=gateway_id,
                boot_id=item.boot_id,
                counter=item.counter,
                received_us=received_us,
                envelope=opened.raw,
            )
        )
    return item


def believed_manifest(envelope: EnvelopeJson, *, gateway_id: str, verifier: Verifier) -> tuple[Manifest, bytes]:
    """The manifest inside a message, and its envelope's bytes. Raises MessageRefusedError where it is another's."""
    data = json.dumps(envelope, separators=(",", ":")).encode()
    try:
        manifest = open_manifest(data, verifier)
    except SignatureRefusedError as error:
        raise MessageRefusedError(reason="manifest_bad_signature", detail=str(error)) from error
    except (ManifestKeyMismatchError, ValueError) as error:
        raise MessageRefusedError(reason="manifest_unreadable", detail=type(error).__name__) from error
    if manifest.gateway_id != gateway_id:
        raise MessageRefusedError(reason="manifest_of_another_gateway", detail=manifest.gateway_id)
    return manifest, data


def noted_item(opened: Opened) -> NotedItem:
    """What names a signed message. Raises MessageRefusedError where it has no boot id and counter."""
    boot_id, counter = opened.event.bootid, opened.event.counter
    if boot_id is None or counter is None:
        raise MessageRefusedError(reason="no_counter", detail="no boot id and counter")
    return NotedItem(boot_id=boot_id, counter=counter)


def first_time(session: Session, gateway_id: str, item: NotedItem, received_us: int) -> bool:
    """Whether this message's rows are not on record yet; from now on they are."""
    if session.get(MessageSeen, (gateway_id, item.boot_id, item.counter)) is not None:
        return False
    session.add(MessageSeen(gateway_id=gateway_id, boot_id=item.boot_id, counter=item.counter, received_us=received_us))
    session.flush()
    return True


def _record_docking(session: Session, report: DockingReport, gateway: Gateway, received_us: UtcMicros) -> None:
    _add_files(session, report)
    parts_here = set(
        session.scalars(select(DockingFile.part).where(DockingFile.docking_number == report.docking_id).distinct())
    ) | {report.part}
    clock = report.clock
    docked_us = min(report.docked, received_us)  # nobody can know what lies after, whatever the clock there says
    row = Docking(
        number=report.docking_id,
        valid_from_us=docked_us,
        valid_until_us=max(docked_us, min(report.until, received_us)),  # or a clock was set back in between
        recorded_us=received_us,
        recorded_by=f"gateway:{gateway.gateway_id}",
        replaces=None,
        withdrawn=False,
        device_number=report.device,
        gateway_id=gateway.gateway_id,
        complete=parts_here >= set(range(1, report.parts + 1)),
        offset_us=None if clock is None else clock.offset_us,
        offset_uncertainty_us=None if clock is None else clock.uncertainty_us,
        offset_measured_us=None if clock is None else clock.measured,
        gateway_synchronised=None if clock is None else clock.gateway_synchronised,
        battery_percent=report.battery_percent,
        free_bytes=report.free_bytes,
        total_bytes=report.total_bytes,
        parts=report.parts,
    )
    known = known_rows(session, Docking, known_us=received_us, number=report.docking_id)
    for one in (row, *known):
        mark_device(session, one.device_number, received_us, docking_windows(one))
    if not known:
        record(session, row)
    elif known[-1].gateway_id != gateway.gateway_id:
        raise MessageRefusedError(reason="docking_of_another_gateway", detail=report.docking_id)
    elif _says(row) != _says(known[-1]):
        replace(session, known[-1], row)


def docking_windows(row: Docking) -> list[TimeInterval]:
    """The times at which a docking itself says something new; what it settles is found when it is judged."""
    until_us = row.valid_from_us if row.valid_until_us is None else row.valid_until_us
    return [TimeInterval(UtcMicros(row.valid_from_us), UtcMicros(until_us + 1))]


def _says(row: Docking) -> tuple[object, ...]:
    return (
        row.device_number,
        row.valid_from_us,
        row.valid_until_us,
        row.complete,
        row.offset_us,
        row.offset_uncertainty_us,
        row.offset_measured_us,
        row.gateway_synchronised,
        row.battery_percent,
        row.free_bytes,
        row.total_bytes,
    )


def _add_files(session: Session, report: DockingReport) -> None:
    """Each listed file once; a list that is told again with more files adds those."""
    told = sorted({listed.name for listed in report.files})
    rows = session.scalars(
        select(DockingFile).where(DockingFile.docking_number == report.docking_id, DockingFile.name.in_(told))
    )
    known = {(row.name, row.size_bytes, row.modified_us, row.clip_id, row.reason) for row in rows}
    for listed in report.files:
        if _names(listed) not in known:
            session.add(
                DockingFile(
                    docking_number=report.docking_id,
                    part=report.part,
                    name=listed.name,
                    size_bytes=listed.size_bytes,
                    modified_us=listed.modified,
                    clip_id=listed.clip_id,
                    reason=listed.reason,
                )
            )
    session.flush()


def _names(listed: ListedFile) -> tuple[str, int, int, str | None, str | None]:
    return listed.name, listed.size_bytes, listed.modified, listed.clip_id, listed.reason
