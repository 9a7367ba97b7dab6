"""One officer on one local date: duties, footage, gaps with their causes, clocks, cases, findings."""

from __future__ import annotations

import json
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, clip_to
from server.domain.access import NotVisibleError, Permission, Scope
from server.domain.compliance import HoldingFact
from server.domain.device_facts import DeviceFacts
from server.domain.looks import unheard, unseen, within
from server.domain.rules import Rule, RuleSet
from server.domain.zones import day_interval
from server.store.recorded import known_rows
from server.store.tables import Case, Duty, Finding, Officer
from server.usecases.duty_verdicts import CausedStretch, DutyVerdict, duty_verdicts, holdings_of, sum_times
from server.usecases.facts import device_facts
from server.usecases.find_duty import stretch_finding_id
from server.usecases.finding_reads import finding_views, visible_findings
from server.usecases.link_case import current_links, window_of
from server.usecases.views import (
    ClockMark,
    CoverageBand,
    DayCase,
    DayDuty,
    DayStretch,
    FindingView,
    Holding,
    OfficerDay,
)

SHOWN_LINKS = ("proposed", "confirmed")


def officer_day(
    session: Session,
    officer_number: str,
    day: date,
    *,
    scope: Scope,
    rules: RuleSet,
    known_us: int,
    now_us: int,
) -> OfficerDay:
    """The officer's day as on record at `known_us`. A duty belongs to the local date of its start.

    Raises NotVisibleError for an officer who is absent or outside the scope, NotPermittedError.
    """
    scope.require(Permission.SEE_OFFICER_DAYS)
    known_us = min(known_us, now_us)
    span = day_interval(day, ZoneInfo(rules.time_zone))
    officer = _visible_officer(session, officer_number, span, scope, known_us)
    duties = [
        duty
        for duty in known_rows(session, Duty, known_us=known_us, overlapping=span, officer_number=officer_number)
        if span.contains(UtcMicros(duty.valid_from_us)) and (scope.own_only or scope.sees_unit(duty.unit_number))
    ]
    verdicts = duty_verdicts(session, duties, rules=rules, known_us=known_us)
    shown = _shown(span, verdicts)
    held = holdings_of(session, {officer_number}, shown, known_us=known_us).get(officer_number, [])
    devices = device_facts(session, {one.device_number for one in held}, shown, known_us=known_us, rules=rules)
    finding_rows = _findings(session, officer_number, duties, shown, scope, known_us)
    live = {view.finding_id for view in finding_rows if view.state != "withdrawn"}
    return OfficerDay(
        officer_number=officer_number,
        officer_name=officer.name,
        unit_number=officer.unit_number,
        day=day,
        time_zone=rules.time_zone,
        span=shown,
        known_us=UtcMicros(known_us),
        duties=tuple(_duty(verdict, live) for verdict in verdicts),
        times=sum_times([verdict.times for verdict in verdicts]),
        holdings=tuple(Holding(one.device_number, one.interval) for one in held),
        bands=_bands(held, devices),
        clock_marks=_clock_marks(devices, shown),
        cases=_cases(session, officer_number, shown, scope, rules, known_us),
        findings=tuple(finding_rows),
        rules=_rules(verdicts),
    )


def _visible_officer(session: Session, number: str, span: TimeInterval, scope: Scope, known_us: int) -> Officer:
    rows = known_rows(session, Officer, known_us=known_us, overlapping=span, number=number)
    for row in reversed(rows):
        if scope.sees_officer(number, row.unit_number):
            return row
    raise NotVisibleError(kind="officer", number=number)


def _shown(span: TimeInterval, verdicts: list[DutyVerdict]) -> TimeInterval:
    """The day, and what a duty begun in it lasts beyond it."""
    end_us = max([span.end_us, *(verdict.interval.end_us for verdict in verdicts)])
    return TimeInterval(span.start_us, UtcMicros(end_us))


def _duty(verdict: DutyVerdict, live: set[str]) -> DayDuty:
    return DayDuty(
        number=verdict.duty.number,
        kind=verdict.duty.kind,
        interval=verdict.interval,
        must_record=verdict.must_record,
        device_numbers=tuple(dict.fromkeys(holding.device_number for holding in verdict.holdings)),
        stretches=tuple(day_stretch(verdict.duty.number, stretch, live) for stretch in verdict.stretches),
        times=verdict.times,
        hand_in_deadline_us=verdict.deadline_us,
        note=verdict.duty.note,
    )


def day_stretch(duty_number: str, stretch: CausedStretch, live: set[str]) -> DayStretch:
    """A stretch as pages show it. `kind` of an undetermined one says what it waits for."""
    judged = stretch.judged
    finding_id = stretch_finding_id(duty_number, stretch)
    return DayStretch(
        interval=judged.interval,
        state=judged.state,
        kind=judged.kind or (None if judged.why is None else judged.why.value),
        cause=None if stretch.explained is None else stretch.explained.cause.value,
        finding_id=finding_id if finding_id in live else None,
        evidence=() if stretch.explained is None else stretch.explained.evidence,
    )


def _bands(held: list[HoldingFact], devices: dict[str, DeviceFacts]) -> tuple[CoverageBand, ...]:
    bands = [
        CoverageBand(
            device_number=holding.device_number,
            clip_id=clip.clip_id,
            interval=interval,
            state=clip.state,
            verdict=clip.verdict,
            file_name=clip.file_name,
            applied_offset_us=clip.applied_offset_us,
            unseen=within(unseen(clip.looks), interval),
            unheard=within(unheard(clip.looks), interval),
        )
        for holding in held
        for clip in devices[holding.device_number].clips
        for interval in clip_to(clip.recorded, holding.interval)
    ]
    return tuple(sorted(bands, key=lambda band: (band.device_number, band.interval, band.clip_id)))


def _clock_marks(devices: dict[str, DeviceFacts], shown: TimeInterval) -> tuple[ClockMark, ...]:
    marks: list[ClockMark] = []
    for number, facts in sorted(devices.items()):
        of_day = {clip.docking_number for clip in facts.clips if clip.interval and clip.interval.overlaps(shown)}
        for dock in facts.docks:
            if dock.number in of_day or shown.contains(UtcMicros(dock.docked_us)):
                applied = any(clip.applied_offset_us for clip in facts.clips if clip.docking_number == dock.number)
                marks.append(ClockMark(number, UtcMicros(dock.docked_us), dock.offset_us, dock.uncertainty_us, applied))
    return tuple(marks)


def _cases(
    session: Session, officer: str, shown: TimeInterval, scope: Scope, rules: RuleSet, known_us: int
) -> tuple[DayCase, ...]:
    rows = [
        case
        for case in known_rows(session, Case, known_us=known_us, officer_number=officer)
        if shown.contains(UtcMicros(case.valid_from_us)) and scope.sees_officer(officer, case.unit_number)
    ]
    links = current_links(session, known_us=known_us, case_numbers=[case.number for case in rows])
    return tuple(
        DayCase(
            number=case.number,
            kind=case.kind,
            occurred_us=UtcMicros(case.valid_from_us),
            window=window_of(case, rules).interval,
            linked_clip_ids=tuple(
                link.clip_id for link in links if link.case_number == case.number and link.state in SHOWN_LINKS
            ),
        )
        for case in rows
    )


def _findings(
    session: Session, officer: str, duties: list[Duty], shown: TimeInterval, scope: Scope, known_us: int
) -> list[FindingView]:
    of_day = or_(
        Finding.duty_number.in_([duty.number for duty in duties]),
        and_(Finding.from_us >= shown.start_us, Finding.from_us < shown.end_us),
    )
    query = select(Finding).where(
        Finding.officer_number == officer, of_day, Finding.opened_us <= known_us, visible_findings(scope)
    )
    rows = session.scalars(query.order_by(Finding.from_us, Finding.finding_id)).all()
    return finding_views(session, rows, scope=scope, known_us=known_us)


def _rules(verdicts: list[DutyVerdict]) -> tuple[Rule, ...]:
    return tuple({json.dumps([rule.key, rule.version]): rule for one in verdicts for rule in one.rules}.values())
