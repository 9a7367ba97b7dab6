"""Findings of certificates: the recordings that one touches, and those that end soon."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from edge.contract.instants import EARLIEST_US, LATEST_US, MICROS_PER_DAY, UtcMicros
from edge.contract.intervals import TimeInterval, interval_or_none, union
from server.domain.calibration import FIT, CertificateFact, FunctionVerdict, device_verdicts, endings
from server.domain.findings import FindingDraft, FindingKind, finding_id_of
from server.domain.rules import RuleSet
from server.store.recorded import known_rows
from server.store.tables import Certificate, Device, FootageAssignment, SightingRow
from server.usecases.find_duty import rule_names
from server.usecases.register_reads import functions_of

DUE_RULES = ("certificate.due_first", "certificate.due_second", "certificate.due_last")
MAX_CLIPS_NAMED = 20
LONGEST_CLIP_US = 2 * MICROS_PER_DAY


def certificate_facts(session: Session, device_number: str, *, known_us: int) -> list[CertificateFact]:
    """The certificates of a device on record at `known_us`."""
    return certificates_of(session, {device_number}, known_us=known_us)[device_number]


def certificates_of(session: Session, device_numbers: set[str], *, known_us: int) -> dict[str, list[CertificateFact]]:
    """The certificates of each device on record at `known_us`, in one statement."""
    found: dict[str, list[CertificateFact]] = {number: [] for number in device_numbers}
    for row in known_rows(session, Certificate, known_us=known_us, device_number=device_numbers):
        found[row.device_number].append(
            CertificateFact(
                number=row.number,
                function=row.function,
                passed=row.result == "pass",
                valid_from_us=row.valid_from_us,
                valid_until_us=row.valid_until_us,
                withdrawn_us=row.withdrawn_us,
                supersedes=row.supersedes,
            )
        )
    return found


def recall_drafts(
    session: Session, device: Device, certificates: list[CertificateFact], *, now_us: UtcMicros
) -> list[FindingDraft]:
    """One finding for each function and certificate, naming the recordings it touches: the recall list.

    Only times at which something is not in force are looked through, so that a device in order costs nothing.
    """
    functions = functions_of(device)
    touched: dict[tuple[str, str, str], list[tuple[str, TimeInterval]]] = {}
    for clip_id, interval in _clips_within(session, device.number, _unfit(functions, certificates), now_us):
        for verdict in device_verdicts(functions, certificates, interval):
            if verdict.verdict in FIT:
                continue
            touched.setdefault(_place(verdict), []).append((clip_id, interval))
    drafts: list[FindingDraft] = []
    for (function, state, number), clips in sorted(touched.items()):
        kind = FindingKind(f"certificate_{state}")
        drafts.append(
            FindingDraft(
                finding_id=finding_id_of(kind, "device", device.number, function, number),
                kind=kind,
                unit_number=device.unit_number,
                device_number=device.number,
                from_us=min(interval.start_us for _, interval in clips),
                until_us=max(interval.end_us for _, interval in clips),
                evidence=(
                    ("function", function),
                    ("certificate", number),
                    ("clips", str(len(clips))),
                    *(("clip", clip_id) for clip_id, _ in clips[:MAX_CLIPS_NAMED]),
                ),
            )
        )
    return drafts


def ending_drafts(
    device: Device, certificates: list[CertificateFact], rules: RuleSet, now_us: UtcMicros
) -> list[FindingDraft]:
    """What ends soon, of a device that is still in use."""
    if device.valid_until_us is not None and device.valid_until_us <= now_us:
        return []
    kind = FindingKind.CERTIFICATE_DUE
    bands = [rules.duration_us(key, now_us) for key in DUE_RULES]
    return [
        FindingDraft(
            finding_id=finding_id_of(kind, "device", device.number, ending.function, ending.certificate.number),
            kind=kind,
            unit_number=device.unit_number,
            device_number=device.number,
            until_us=ending.certificate.valid_until_us,
            evidence=(
                ("function", ending.function),
                ("certificate", ending.certificate.number),
                ("within_days", str(ending.band_days)),
            ),
            rules=rule_names(rules.used(DUE_RULES, now_us)),
        )
        for ending in endings(functions_of(device), certificates, now_us=now_us, bands_us=bands)
        if ending.band_days > 0
    ]


def _place(verdict: FunctionVerdict) -> tuple[str, str, str]:
    return (
        verdict.function,
        verdict.verdict.value,
        verdict.certificate.number if verdict.certificate is not None else "",
    )


def _unfit(functions: Sequence[str], certificates: Sequence[CertificateFact]) -> list[TimeInterval]:
    """The times at which some function is not in force, and every instant at which that may change.

    Between two such instants a verdict is the same for every recording.
    """
    if not functions:
        return []
    ends = [one.valid_until_us for one in certificates if one.valid_until_us is not None]
    changes = {one.valid_from_us for one in certificates} | set(ends)
    edges = [EARLIEST_US, *sorted(one for one in changes if EARLIEST_US < one < LATEST_US), LATEST_US]
    unfit = [interval_or_none(max(edge - 1, EARLIEST_US), min(edge + 1, LATEST_US)) for edge in edges]
    for start, end in pairwise(edges):
        between = TimeInterval(UtcMicros(start), UtcMicros(end))
        if any(one.verdict not in FIT for one in device_verdicts(functions, certificates, between)):
            unfit.append(between)
    return union(one for one in unfit if one is not None)


def _clips_within(
    session: Session, device_number: str, windows: Sequence[TimeInterval], now_us: int
) -> list[tuple[str, TimeInterval]]:
    """The recordings of the device that meet the windows, in order of time."""
    if not windows:
        return []
    said = {row.number: row.device_number for row in known_rows(session, FootageAssignment, known_us=now_us)}
    given = [clip_id for clip_id, device in said.items() if device == device_number]
    rows: list[Any] = []
    columns = (
        SightingRow.clip_id,
        SightingRow.corrected_start_us,
        SightingRow.corrected_end_us,
        SightingRow.applied_offset_us,
        SightingRow.received_us,
        SightingRow.sighting_id,
    )
    within = or_(*(_meets(window) for window in windows))
    for own in (SightingRow.device_number == device_number, SightingRow.clip_id.in_(given)):
        rows += session.execute(select(*columns).where(own, SightingRow.received_us <= now_us, within)).all()
    rows.sort(key=lambda row: (row.applied_offset_us == 0, row.received_us, row.sighting_id))
    found: dict[str, TimeInterval] = {}
    for row in rows:
        interval = interval_or_none(row.corrected_start_us, row.corrected_end_us)
        if interval is not None and said.get(row.clip_id, device_number) == device_number:
            found.setdefault(row.clip_id, interval)
    return sorted(found.items(), key=lambda item: (item[1].start_us, item[0]))


def _meets(window: TimeInterval) -> Any:
    start, end = SightingRow.corrected_start_us, SightingRow.corrected_end_us
    return and_(start >= window.start_us - LONGEST_CLIP_US, start < window.end_us, end > window.start_us)
