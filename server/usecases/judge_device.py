"""Judging a device: the findings that what changed at some times can touch, and no others.

Files and dockings are judged where something about them changed; what has not arrived, certificates and changed files
as a whole each time, because their facts are few; a monitor's days where footage, knowledge or time changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.contract.intervals import TimeInterval, clip_to, union
from server.domain.device_facts import (
    ClipFact,
    DeviceFacts,
    DockFact,
)
from server.domain.findings import FindingDraft, FindingKind
from server.domain.rules import RuleSet
from server.domain.zones import day_interval, local_day
from server.store.recorded import known_rows
from server.store.tables import (
    Assignment,
    Device,
    DeviceJudged,
    Finding,
    SightingRow,
)
from server.store.to_judge import ALL_TIMES, few
from server.usecases.clip_facts import facts_of_clips
from server.usecases.dock_facts import docks_named, latest_docks
from server.usecases.facts import device_facts
from server.usecases.find_certificates import certificate_facts, ending_drafts, recall_drafts
from server.usecases.find_device import (
    clip_drafts,
    clock_drafts,
    clock_id,
    hours_drafts,
    late_upload_drafts,
    next_late_us,
)
from server.usecases.find_footage import changed_file_drafts, footage_drafts
from server.usecases.find_view import band_drafts
from server.usecases.judge_reach import (
    Touched,
    batches,
    before_dockings,
    passed,
    reached,
    settled,
    touched_by,
    unsealed_clips,
)
from server.usecases.register_reads import days_of, latest_device
from server.usecases.view_changes import view_drafts

CLIP_KINDS = (
    FindingKind.CLIP_DAMAGED,
    FindingKind.NOT_SEEING,
    FindingKind.NOT_HEARING,
    FindingKind.TIMES_DISAGREE,
    FindingKind.UNASSIGNED_FOOTAGE,
    FindingKind.START_IN_FUTURE,
    FindingKind.CONTENT_CLAIMED_TWICE,
)
WHOEVER_KINDS = (FindingKind.UNASSIGNED_FOOTAGE, FindingKind.START_IN_FUTURE)
"""One finding for a clip, whichever of those that claim it is judged."""
WHOLE_KINDS = (
    FindingKind.NOT_YET_UPLOADED,
    FindingKind.FILE_CHANGED,
    FindingKind.CERTIFICATE_EXPIRED,
    FindingKind.CERTIFICATE_MISSING,
    FindingKind.CERTIFICATE_FAILED,
    FindingKind.CERTIFICATE_WITHDRAWN,
    FindingKind.CERTIFICATE_DUE,
    FindingKind.VIEW_MOVED,
    FindingKind.VIEW_BLOCKED,
)
HOURS_KINDS = (
    FindingKind.LATE_START,
    FindingKind.INTERRUPTION,
    FindingKind.EARLY_STOP,
    FindingKind.NOTHING_RECORDED,
    FindingKind.NO_RECORDER_ASSIGNED,
    FindingKind.NOT_HANDED_IN,
)
_LOOK_EVERY_US = MICROS_PER_DAY // 4


AnswersFor = Callable[[Session], list[Finding]]


@dataclass(frozen=True, slots=True)
class JudgedDevice:
    """What is so now, and which findings on record this judgement answers for: read where they are written.

    `changed`: the times at which duties and cases may have to be judged again. `due_us`: when time alone changes more.
    """

    drafts: list[FindingDraft]
    answers_for: AnswersFor
    changed: list[TimeInterval]
    rests_on: DeviceJudged
    due_us: int | None


def judge_device(
    session: Session, number: str, windows: Sequence[TimeInterval], *, rules: RuleSet, now_us: UtcMicros
) -> JudgedDevice:
    """Judge the device about `windows`, and about what time and new dockings have settled since it was judged last."""
    device = latest_device(session, number, known_us=now_us)
    latest = latest_docks(session, {number}, known_us=now_us, rules=rules).get(number, [])
    told = DeviceFacts(number, (), (), tuple(latest))
    before = session.get(DeviceJudged, number)
    windows = [ALL_TIMES] if before is None else few(windows)
    rests_on = DeviceJudged(
        device_number=number,
        judged_us=now_us,
        known_until_us=told.known_until_us,
        listed_until_us=told.listed_until_us,
    )
    touched = touched_by(session, number, windows, now_us)
    changed = few([*windows, *settled(before, rests_on), *before_dockings(session, number, windows, now_us)])
    drafts = footage_drafts(session, number, touched.clip_ids, rules=rules, now_us=now_us)
    unit = None if device is None else device.unit_number
    drafts += changed_file_drafts(session, number, unit, now_us=now_us)
    days: list[date] = []
    due_us = None
    if device is not None:
        unsealed = unsealed_clips(session, number, rules, now_us)
        days = _days(session, device, [*changed, *passed(before, rules, now_us)], rules, now_us)
        drafts += _about_files(session, device, touched, rules, now_us)
        drafts += late_upload_drafts(device, latest, unsealed, rules, now_us)
        certificates = certificate_facts(session, number, known_us=now_us)
        drafts += recall_drafts(session, device, certificates, now_us=now_us)
        drafts += ending_drafts(device, certificates, rules, now_us)
        drafts += view_drafts(session, device, now_us=now_us)
        drafts += _hours(session, device, days, rules, now_us)
        late_us = next_late_us(latest, unsealed, rules, now_us)
        looks_us = now_us + _LOOK_EVERY_US if device.schedule or device.functions else None
        due_us = min((one for one in (late_us, looks_us) if one is not None), default=None)
    answers_for = _answers_for(Finding.device_number == number, windows, touched, _spans(device, days))
    return JudgedDevice(drafts, answers_for, changed, rests_on, due_us)


def judge_unowned(
    session: Session, windows: Sequence[TimeInterval], *, rules: RuleSet, now_us: UtcMicros
) -> tuple[list[FindingDraft], AnswersFor]:
    """What is wrong about `windows` with footage that names no device, and the findings on record about it."""
    touched = touched_by(session, None, windows, now_us)
    drafts = footage_drafts(session, None, touched.clip_ids, rules=rules, now_us=now_us)
    drafts += changed_file_drafts(session, None, None, now_us=now_us)
    return drafts, _answers_for(Finding.device_number.is_(None), windows, touched, [])


def _about_files(
    session: Session, device: Device, touched: Touched, rules: RuleSet, now_us: UtcMicros
) -> list[FindingDraft]:
    held = known_rows(session, Assignment, known_us=now_us, device_number=device.number)
    clips = facts_of_clips(session, device.number, touched.clip_ids, known_us=now_us, rules=rules)
    docks: list[DockFact] = []
    for some in batches(touched.docking_numbers):
        docks += docks_named(session, some, device_number=device.number, known_us=now_us)
    clips_of = _clips_of(session, device, [dock for dock in docks if dock.offset_us], rules, now_us)
    drafts = [*clip_drafts(device, clips, held), *band_drafts(device, clips, held, rules)]
    return [*drafts, *clock_drafts(device, docks, clips_of, rules)]


def _clips_of(
    session: Session, device: Device, docks: Sequence[DockFact], rules: RuleSet, now_us: UtcMicros
) -> dict[str, list[ClipFact]]:
    clip_ids: set[str] = set()
    for some in batches({dock.number for dock in docks}):
        clip_ids |= set(session.scalars(select(SightingRow.clip_id).where(SightingRow.docking_number.in_(some))))
    found: dict[str, list[ClipFact]] = defaultdict(list)
    for clip in facts_of_clips(session, device.number, clip_ids, known_us=now_us, rules=rules):
        found[clip.docking_number].append(clip)
    return found


def _days(
    session: Session, device: Device, windows: Iterable[TimeInterval], rules: RuleSet, now_us: UtcMicros
) -> list[date]:
    """The local days of a monitor to judge: within the horizon, and older ones that have a finding on record."""
    zone = ZoneInfo(device.time_zone)
    horizon_us = UtcMicros(now_us - rules.duration_us("monitor.horizon", now_us))
    first = day_interval(local_day(horizon_us, zone), zone).start_us
    judged = TimeInterval(first, UtcMicros(now_us + 1))
    days: set[date] = set()
    for reach in reached(windows):
        for inside in clip_to([reach], judged):
            days |= set(days_of(local_day(inside.start_us, zone), local_day(UtcMicros(inside.end_us - 1), zone)))
        older = and_(Finding.from_us >= reach.start_us - MICROS_PER_DAY, Finding.from_us < min(reach.end_us, first))
        mine = and_(Finding.device_number == device.number, Finding.kind.in_(HOURS_KINDS), _OF_NO_DUTY)
        days |= {
            local_day(UtcMicros(from_us), zone)
            for from_us in session.scalars(select(Finding.from_us).where(mine, older))
            if from_us is not None and reach != ALL_TIMES
        }
    return sorted(days)


def _hours(
    session: Session, device: Device, days: Sequence[date], rules: RuleSet, now_us: UtcMicros
) -> list[FindingDraft]:
    if device.kind != "monitor" or not device.schedule:
        return []
    drafts: list[FindingDraft] = []
    for run in _runs(days):
        span = _spans(device, [run[0]])[0]
        whole = TimeInterval(span.start_us, _spans(device, [run[-1]])[0].end_us)
        facts = device_facts(session, [device.number], whole, known_us=now_us, rules=rules)[device.number]
        drafts += hours_drafts(session, device, facts, run, rules, now_us)
    return drafts


def _runs(days: Sequence[date]) -> list[list[date]]:
    """The days in runs of neighbouring ones."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] <= timedelta(days=3):
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _spans(device: Device | None, days: Iterable[date]) -> list[TimeInterval]:
    return [] if device is None else [day_interval(day, ZoneInfo(device.time_zone)) for day in days]


_OF_NO_DUTY = and_(Finding.duty_number.is_(None), Finding.clip_id.is_(None))


def _answers_for(
    own: ColumnElement[bool], windows: Sequence[TimeInterval], touched: Touched, days: Sequence[TimeInterval]
) -> AnswersFor:
    """The findings this judgement answers for. Every other one stays as it is."""
    of_clips = and_(own, Finding.duty_number.is_(None), Finding.kind.in_(CLIP_KINDS))
    conditions = [
        and_(own, Finding.duty_number.is_(None), Finding.kind.in_(WHOLE_KINDS)),
        and_(own, _OF_NO_DUTY, Finding.kind.in_(HOURS_KINDS), _from_within(union(days))),
    ]
    of_whoever = Finding.kind.in_(WHOEVER_KINDS)
    conditions += [and_(of_whoever, Finding.clip_id.in_(some)) for some in batches(touched.clip_ids)]
    if ALL_TIMES in windows:
        conditions += [of_clips, and_(own, Finding.kind == FindingKind.CLOCK_OFFSET)]
    else:
        conditions.append(and_(of_clips, _from_within(windows)))
        conditions += [and_(of_clips, Finding.clip_id.in_(some)) for some in batches(touched.clip_ids)]
        clocks = {clock_id(number) for number in touched.docking_numbers}
        conditions += [and_(own, Finding.finding_id.in_(some)) for some in batches(clocks)]

    def read(session: Session) -> list[Finding]:
        found = [row for condition in conditions for row in session.scalars(select(Finding).where(condition))]
        return list({finding.finding_id: finding for finding in found}.values())

    return read


def _from_within(windows: Sequence[TimeInterval]) -> ColumnElement[bool]:
    return or_(
        false(), *(and_(Finding.from_us >= window.start_us, Finding.from_us < window.end_us) for window in windows)
    )
