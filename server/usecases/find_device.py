"""Findings of a device: its footage, its clock, its certificates, and for monitors its hours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from edge.contract.coverage import CoverageState
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from server.domain.calibration import FIT, CertificateFact, FunctionVerdict, device_verdicts, endings
from server.domain.clock import ClockVerdict, clock_limit_key, clock_verdict
from server.domain.device_facts import DAMAGED_VERDICTS, ClipFact, DeviceFacts
from server.domain.findings import FindingDraft, FindingKind, finding_id_of
from server.domain.rules import RuleSet
from server.domain.zones import local_day
from server.store.recorded import known_rows
from server.store.tables import Assignment, Certificate, Device
from server.usecases.duty_verdicts import held_interval
from server.usecases.find_duty import rule_names
from server.usecases.monitor_verdicts import monitor_day
from server.usecases.register_reads import days_of, functions_of

DUE_RULES = ("certificate.due_first", "certificate.due_second", "certificate.due_last")
MAX_CLIPS_NAMED = 20


def certificate_facts(session: Session, device_number: str, *, known_us: int) -> list[CertificateFact]:
    """The certificates of a device on record at `known_us`."""
    return [
        CertificateFact(
            number=row.number,
            function=row.function,
            passed=row.result == "pass",
            valid_from_us=row.valid_from_us,
            valid_until_us=row.valid_until_us,
            withdrawn_us=row.withdrawn_us,
            supersedes=row.supersedes,
        )
        for row in known_rows(session, Certificate, known_us=known_us, device_number=device_number)
    ]


def device_drafts(
    session: Session, device: Device, facts: DeviceFacts, *, rules: RuleSet, now_us: UtcMicros
) -> list[FindingDraft]:
    """What is wrong with this device now. `facts` are of all times."""
    certificates = certificate_facts(session, device.number, known_us=now_us)
    held = known_rows(session, Assignment, known_us=now_us, device_number=device.number)
    return [
        *_damaged(device, facts.clips, held),
        *_late_uploads(device, facts, rules, now_us),
        *_clock(device, facts, rules),
        *_certificates(device, facts, certificates),
        *_endings(device, certificates, rules, now_us),
        *_hours(session, device, facts, rules, now_us),
    ]


def _damaged(device: Device, clips: Iterable[ClipFact], held: Sequence[Assignment]) -> list[FindingDraft]:
    drafts: list[FindingDraft] = []
    for clip in clips:
        if clip.verdict in DAMAGED_VERDICTS:
            evidence = (("file", clip.file_name), ("verdict", clip.verdict), ("faults", ", ".join(clip.faults)))
            drafts.append(_of_clip(device, clip, held, FindingKind.CLIP_DAMAGED, evidence))
        if "times_disagree" in clip.faults:
            drafts.append(_of_clip(device, clip, held, FindingKind.TIMES_DISAGREE, (("file", clip.file_name),)))
    return drafts


def _of_clip(
    device: Device,
    clip: ClipFact,
    held: Sequence[Assignment],
    kind: FindingKind,
    evidence: tuple[tuple[str, str], ...],
) -> FindingDraft:
    return FindingDraft(
        finding_id=finding_id_of(kind, "clip", clip.clip_id, device.number),
        kind=kind,
        unit_number=device.unit_number,
        officer_number=_wearer(clip, held),
        device_number=device.number,
        clip_id=clip.clip_id,
        from_us=clip.start_us,
        until_us=clip.end_us,
        evidence=evidence,
    )


def _wearer(clip: ClipFact, held: Sequence[Assignment]) -> str | None:
    """Who held the device when the clip began, where only one did: so that this person sees the finding too."""
    if clip.start_us is None:
        return None
    moment = UtcMicros(clip.start_us)
    wearers = {row.officer_number for row in held if held_interval(row).contains(moment)}
    return wearers.pop() if len(wearers) == 1 else None


def _late_uploads(device: Device, facts: DeviceFacts, rules: RuleSet, now_us: UtcMicros) -> list[FindingDraft]:
    """Files a docking listed that have not arrived, and clips that were not sealed, by the hand-in deadline."""
    kind = FindingKind.NOT_YET_UPLOADED
    deadline_us = rules.duration_us("handin.deadline", now_us)
    by_docking: dict[str, list[str]] = {}
    for dock in facts.docks:
        if dock.pending and not dock.growing and dock.until_us + deadline_us <= now_us:
            by_docking.setdefault(dock.number, []).extend(dock.pending)
    for clip in facts.clips:
        if clip.sealed_us is None and clip.received_us + deadline_us <= now_us:
            by_docking.setdefault(clip.docking_number, []).append(clip.file_name)
    return [
        FindingDraft(
            finding_id=finding_id_of(kind, "docking", number),
            kind=kind,
            unit_number=device.unit_number,
            device_number=device.number,
            evidence=(
                ("docking", number),
                ("files", str(len(names))),
                *(("file", name) for name in names[:MAX_CLIPS_NAMED]),
            ),
            rules=rule_names(rules.used(("handin.deadline",), now_us)),
        )
        for number, names in sorted(by_docking.items())
    ]


def _clock(device: Device, facts: DeviceFacts, rules: RuleSet) -> list[FindingDraft]:
    """One finding for each docking at which the clock was beyond its limit."""
    kind = FindingKind.CLOCK_OFFSET
    drafts: list[FindingDraft] = []
    for dock in facts.docks:
        at_us = UtcMicros(dock.docked_us)
        clips = [clip for clip in facts.clips if clip.docking_number == dock.number]
        applied_us = next((clip.applied_offset_us for clip in clips if clip.applied_offset_us), 0)
        verdict = clock_verdict(
            device.kind, measured_us=dock.offset_us, applied_us=applied_us, at_us=at_us, rules=rules
        )
        if verdict not in (ClockVerdict.CORRECTED, ClockVerdict.BEYOND) or dock.offset_us is None:
            continue
        starts = [clip.start_us for clip in clips if clip.start_us is not None]
        ends = [clip.end_us for clip in clips if clip.end_us is not None]
        drafts.append(
            FindingDraft(
                finding_id=finding_id_of(kind, "docking", dock.number),
                kind=kind,
                unit_number=device.unit_number,
                device_number=device.number,
                from_us=min(starts, default=dock.docked_us),
                until_us=max(ends, default=None),
                evidence=(
                    ("docking", dock.number),
                    ("offset_s", f"{dock.offset_us / 1e6:.3f}"),
                    ("times", verdict.value),
                    ("clips", str(len(clips))),
                ),
                rules=rule_names(rules.used((clock_limit_key(device.kind),), at_us)),
            )
        )
    return drafts


def _certificates(device: Device, facts: DeviceFacts, certificates: list[CertificateFact]) -> list[FindingDraft]:
    """One finding for each function and certificate, naming the recordings it touches: the recall list."""
    functions = functions_of(device)
    touched: dict[tuple[str, str, str], list[tuple[ClipFact, TimeInterval]]] = {}
    ended: dict[tuple[str, str, str], FunctionVerdict] = {}
    for clip in facts.clips:
        interval = clip.interval
        if interval is None or not functions:
            continue
        for verdict in device_verdicts(functions, certificates, interval):
            if verdict.verdict in FIT:
                continue
            number = verdict.certificate.number if verdict.certificate is not None else ""
            place = (verdict.function, verdict.verdict.value, number)
            touched.setdefault(place, []).append((clip, interval))
            ended[place] = verdict
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
                    *(("clip", clip.clip_id) for clip, _ in clips[:MAX_CLIPS_NAMED]),
                ),
            )
        )
    return drafts


def _endings(
    device: Device, certificates: list[CertificateFact], rules: RuleSet, now_us: UtcMicros
) -> list[FindingDraft]:
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


def _hours(
    session: Session, device: Device, facts: DeviceFacts, rules: RuleSet, now_us: UtcMicros
) -> list[FindingDraft]:
    """Gaps of a monitor's schedule within the horizon."""
    if device.kind != "monitor":
        return []
    drafts: list[FindingDraft] = []
    start_us = UtcMicros(max(0, now_us - rules.duration_us("monitor.horizon", now_us)))
    zone = ZoneInfo(device.time_zone)
    for day in days_of(local_day(start_us, zone), local_day(now_us, zone)):
        for part in monitor_day(session, device, day, {device.number: facts}, rules=rules, known_us=now_us):
            for stretch in part.stretches:
                judged = stretch.judged
                if judged.state is not CoverageState.GAP or judged.kind is None:
                    continue
                drafts.append(
                    FindingDraft(
                        finding_id=finding_id_of(judged.kind, "monitor", device.number, judged.interval.start_us),
                        kind=FindingKind(judged.kind),
                        cause=None if stretch.explained is None else stretch.explained.cause.value,
                        unit_number=device.unit_number,
                        device_number=device.number,
                        from_us=judged.interval.start_us,
                        until_us=judged.interval.end_us,
                        evidence=() if stretch.explained is None else stretch.explained.evidence,
                        rules=rule_names(part.rules),
                    )
                )
    return drafts
