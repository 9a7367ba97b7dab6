"""Findings of a device: its footage, its clock, what has not arrived, and for monitors their hours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy.orm import Session

from edge.contract.coverage import CoverageState
from edge.contract.instants import UtcMicros
from server.domain.clock import ClockVerdict, clock_limit_key, clock_verdict
from server.domain.device_facts import DAMAGED_VERDICTS, ClipFact, DeviceFacts, DockFact
from server.domain.findings import FindingDraft, FindingKind, finding_id_of
from server.domain.rules import RuleSet
from server.store.tables import Assignment, Device
from server.usecases.duty_verdicts import held_interval
from server.usecases.find_duty import rule_names
from server.usecases.monitor_verdicts import monitor_day, standing_intervals

MAX_FILES_NAMED = 20


def clip_drafts(device: Device, clips: Iterable[ClipFact], held: Sequence[Assignment]) -> list[FindingDraft]:
    """What is wrong with these files themselves."""
    drafts: list[FindingDraft] = []
    for clip in clips:
        if clip.verdict in DAMAGED_VERDICTS:
            evidence = (
                ("file", clip.file_name),
                ("verdict", clip.verdict),
                ("faults", ", ".join(dict.fromkeys(clip.faults))),
            )
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
        officer_number=wearer_of(clip, held),
        device_number=device.number,
        clip_id=clip.clip_id,
        from_us=clip.start_us,
        until_us=clip.end_us,
        evidence=evidence,
    )


def wearer_of(clip: ClipFact, held: Sequence[Assignment]) -> str | None:
    """Who held the device when the clip began, where only one did: so that this person sees the finding too."""
    if clip.start_us is None:
        return None
    moment = UtcMicros(clip.start_us)
    wearers = {row.officer_number for row in held if held_interval(row).contains(moment)}
    return wearers.pop() if len(wearers) == 1 else None


def late_upload_drafts(
    device: Device, latest: Iterable[DockFact], unsealed: Iterable[ClipFact], rules: RuleSet, now_us: UtcMicros
) -> list[FindingDraft]:
    """Files a docking listed that have not arrived, and clips that were not sealed, by the hand-in deadline."""
    kind = FindingKind.NOT_YET_UPLOADED
    deadline_us = rules.duration_us("handin.deadline", now_us)
    by_docking: dict[str, list[str]] = {}
    for dock in latest:
        if dock.pending and not dock.growing and dock.until_us + deadline_us <= now_us:
            by_docking.setdefault(dock.number, []).extend(dock.pending)
    for clip in unsealed:
        if clip.received_us + deadline_us <= now_us:
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
                *(("file", name) for name in names[:MAX_FILES_NAMED]),
            ),
            rules=rule_names(rules.used(("handin.deadline",), now_us)),
        )
        for number, names in sorted(by_docking.items())
    ]


def next_late_us(
    latest: Iterable[DockFact], unsealed: Iterable[ClipFact], rules: RuleSet, now_us: UtcMicros
) -> int | None:
    """When the next of what has not arrived will be late; None where nothing will."""
    deadline_us = rules.duration_us("handin.deadline", now_us)
    times = [dock.until_us + deadline_us for dock in latest if dock.pending and not dock.growing]
    times += [clip.received_us + deadline_us for clip in unsealed]
    return min((time_us for time_us in times if time_us > now_us), default=None)


def clock_id(docking_number: str) -> str:
    """The id that a docking's finding about the clock has or would have."""
    return finding_id_of(FindingKind.CLOCK_OFFSET, "docking", docking_number)


def clock_drafts(
    device: Device, docks: Iterable[DockFact], clips_of: Mapping[str, Sequence[ClipFact]], rules: RuleSet
) -> list[FindingDraft]:
    """One finding for each docking at which the clock was beyond its limit. `clips_of`: all clips of each docking."""
    kind = FindingKind.CLOCK_OFFSET
    drafts: list[FindingDraft] = []
    for dock in docks:
        at_us = UtcMicros(dock.docked_us)
        clips = clips_of.get(dock.number, ())
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
                finding_id=clock_id(dock.number),
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


def hours_drafts(
    session: Session, device: Device, facts: DeviceFacts, days: Iterable[date], rules: RuleSet, now_us: UtcMicros
) -> list[FindingDraft]:
    """Gaps of a monitor's schedule on these local days; `facts` are about all of them."""
    drafts: list[FindingDraft] = []
    standing = standing_intervals(session, device, known_us=now_us)
    for day in days:
        for part in monitor_day(
            session, device, day, {device.number: facts}, rules=rules, known_us=now_us, standing=standing
        ):
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
