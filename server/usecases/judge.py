"""The judging loop's work: subjects whose facts changed, and deadlines that pass without any event."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.contract.intervals import TimeInterval, interval_or_none
from server.domain.findings import FindingDraft
from server.domain.rules import RuleSet
from server.store import to_judge
from server.store.database import Database
from server.store.recorded import known_rows
from server.store.tables import (
    Assignment,
    Case,
    Docking,
    Duty,
    Finding,
    FootageAssignment,
    Installation,
    SightingRow,
    ToJudge,
)
from server.usecases.duty_verdicts import duty_verdicts, held_interval
from server.usecases.facts import device_facts
from server.usecases.find_device import device_drafts
from server.usecases.find_duty import duty_drafts
from server.usecases.find_footage import footage_drafts
from server.usecases.find_gateway import GATEWAY_KINDS, gateway_drafts
from server.usecases.finding_store import write_findings
from server.usecases.judge_due import next_due_us
from server.usecases.link_case import cases_near, write_links
from server.usecases.register_reads import latest_device

RECENT_US = 2 * MICROS_PER_DAY


def judge_pending(db: Database, rules: RuleSet, now_us: int) -> int:
    """Judge what waits; how many subjects were judged. 0: nothing waits."""
    waiting = subjects_waiting(db)
    for row in waiting:
        judge_subject(db, rules, row, UtcMicros(now_us))
    return len(waiting)


def judge_due(db: Database, rules: RuleSet, now_us: int) -> int:
    """Judge what became due by the passing of time alone, gateways included; how many subjects."""
    due = subjects_due(db, now_us)
    for row in due:
        judge_subject(db, rules, row, UtcMicros(now_us))
    judge_gateways(db, rules, UtcMicros(now_us))
    return len(due)


def subjects_waiting(db: Database) -> list[ToJudge]:
    """The next subjects whose facts have changed."""
    with db.reading() as session:
        return to_judge.waiting(session)


def subjects_due(db: Database, now_us: int) -> list[ToJudge]:
    """The next subjects that time alone has made due."""
    with db.reading() as session:
        return to_judge.due(session, now_us)


def put_off(db: Database, row: ToJudge, until_us: int) -> None:
    """Judge a subject whose judgement failed again at `until_us`."""
    with db.writing() as session:
        to_judge.put_off(session, row, until_us)


def judge_subject(db: Database, rules: RuleSet, row: ToJudge, now_us: UtcMicros) -> None:
    """One subject. What marked it may have been recorded a moment after `now_us` was read, and counts too."""
    if not row.subject_kind.endswith(to_judge.DUE):
        now_us = UtcMicros(max(now_us, row.since_us))
    kind, number = row.subject_kind.removesuffix(to_judge.DUE), row.subject_number
    if kind == "device":
        _judge_device(db, rules, number, now_us)
    elif kind == "duty":
        _judge_duties(db, rules, _duty_rows(number, now_us), {number}, now_us)
    elif kind == "officer":
        _judge_officer(db, rules, number, now_us)
    elif kind == "case":
        _judge_cases(db, rules, [number], now_us)
    else:
        _judge_all(db, rules, now_us)
    with db.writing() as session:
        to_judge.unmark(session, [row])


def _duty_rows(number: str, now_us: UtcMicros) -> Callable[[Session], list[Duty]]:
    def read(session: Session) -> list[Duty]:
        return known_rows(session, Duty, known_us=now_us, number=number)

    return read


def _judge_duties(
    db: Database, rules: RuleSet, read: Callable[[Session], list[Duty]], numbers: set[str], now_us: UtcMicros
) -> None:
    """Judge the duties that `read` finds; of `numbers` that are on record no more, the findings are withdrawn."""
    with db.reading() as session:
        duties = read(session)
        verdicts = duty_verdicts(session, duties, rules=rules, known_us=now_us)
        drafts = [draft for verdict in verdicts for draft in duty_drafts(verdict, rules)]
        due = {verdict.duty.number: next_due_us(verdict, now_us) for verdict in verdicts}
        cases = {
            case.number
            for verdict in verdicts
            for case in cases_near(
                session, {verdict.duty.officer_number}, set(), verdict.interval, rules=rules, known_us=now_us
            )
        }
    numbers = numbers | {duty.number for duty in duties}
    with db.writing() as session:
        on_record = _findings(session, Finding.duty_number.in_(sorted(numbers)))
        write_findings(session, drafts, on_record, now_us=now_us)
        for number, due_us in due.items():
            if due_us is not None:
                to_judge.mark_due(session, "duty", number, due_us)
    _judge_cases(db, rules, cases, now_us)


def _judge_officer(db: Database, rules: RuleSet, number: str, now_us: UtcMicros) -> None:
    def read(session: Session) -> list[Duty]:
        return known_rows(session, Duty, known_us=now_us, officer_number=number)

    with db.reading() as session:
        before = set(
            session.scalars(select(Finding.duty_number).where(Finding.officer_number == number).distinct())
        ) - {None}
        cases = [case.number for case in known_rows(session, Case, known_us=now_us, officer_number=number)]
    _judge_duties(db, rules, read, {one for one in before if one is not None}, now_us)
    _judge_cases(db, rules, cases, now_us)


def _judge_device(db: Database, rules: RuleSet, number: str, now_us: UtcMicros) -> None:
    with db.reading() as session:
        device = latest_device(session, number, known_us=now_us)
        facts = device_facts(session, {number}, None, known_us=now_us, rules=rules)[number]
        drafts = footage_drafts(session, [number], rules=rules, now_us=now_us)
        if device is not None:
            drafts += device_drafts(session, device, facts, rules=rules, now_us=now_us)
        duties = _duties_of(session, number, now_us, rules)
        cases = _cases_of(session, number, rules, now_us)
        horizon_us = now_us - rules.duration_us("monitor.horizon", now_us)
    with db.writing() as session:
        own = (Finding.device_number == number) & Finding.duty_number.is_(None) & Finding.kind.not_in(GATEWAY_KINDS)
        on_record = [row for row in _findings(session, own) if not _beyond_horizon(row, drafts, horizon_us)]
        write_findings(session, drafts, on_record, now_us=now_us)
        if device is not None and (device.schedule or device.functions):
            to_judge.mark_due(session, "device", number, now_us + MICROS_PER_DAY // 4)
    _judge_duties(db, rules, lambda _session: duties, set(), now_us)
    _judge_cases(db, rules, cases, now_us)


def _beyond_horizon(finding: Finding, drafts: Iterable[FindingDraft], horizon_us: int) -> bool:
    """A monitor's gap of a day that is not judged any more stays as it is."""
    timed = finding.clip_id is None and finding.cause is not None and finding.from_us is not None
    return (
        timed
        and finding.from_us is not None
        and finding.from_us < horizon_us + MICROS_PER_DAY
        and all(draft.finding_id != finding.finding_id for draft in drafts)
    )


def _duties_of(session: Session, device_number: str, now_us: UtcMicros, rules: RuleSet) -> list[Duty]:
    """Duties of whoever held the device: recent ones, and those that new footage or a new docking is about."""
    windows = [TimeInterval(UtcMicros(max(0, now_us - rules.duration_us("monitor.horizon", now_us))), _later(now_us))]
    windows += _recent_footage(session, device_number, now_us) + _recent_dockings(session, device_number, now_us)
    duties: dict[int, Duty] = {}
    for row in known_rows(session, Assignment, known_us=now_us, device_number=device_number):
        held = held_interval(row)
        for window in windows:
            if held.overlaps(window):
                for duty in known_rows(
                    session, Duty, known_us=now_us, overlapping=window, officer_number=row.officer_number
                ):
                    duties[duty.row_id] = duty
    return list(duties.values())


def _later(now_us: UtcMicros) -> UtcMicros:
    return UtcMicros(now_us + MICROS_PER_DAY)


def _recent_dockings(session: Session, device_number: str, now_us: int) -> list[TimeInterval]:
    """What dockings that came on record lately may settle, however long ago they were: the days before each."""
    return [
        TimeInterval(
            UtcMicros(row.valid_from_us - RECENT_US),
            UtcMicros((row.valid_from_us if row.valid_until_us is None else row.valid_until_us) + 1),
        )
        for row in known_rows(session, Docking, known_us=now_us, device_number=device_number)
        if row.recorded_us >= now_us - RECENT_US
    ]


def _recent_footage(session: Session, device_number: str, now_us: int) -> list[TimeInterval]:
    """The span of the footage that arrived lately, or that a person said lately is this device's."""
    given = select(FootageAssignment.number).where(
        FootageAssignment.device_number == device_number, FootageAssignment.recorded_us >= now_us - RECENT_US
    )
    arrived = and_(SightingRow.device_number == device_number, SightingRow.received_us >= now_us - RECENT_US)
    rows = session.execute(
        select(SightingRow.corrected_start_us, SightingRow.corrected_end_us).where(
            or_(arrived, SightingRow.clip_id.in_(given)), SightingRow.corrected_start_us.is_not(None)
        )
    ).all()
    if not rows:
        return []
    starts = [start for start, _ in rows if start is not None]
    ends = [end if end is not None else start for start, end in rows if start is not None]
    hull = interval_or_none(min(starts), max(*ends, min(starts) + 1))
    return [] if hull is None else [hull]


def _cases_of(session: Session, device_number: str, rules: RuleSet, now_us: UtcMicros) -> set[str]:
    windows = _recent_footage(session, device_number, now_us)
    officers = {
        row.officer_number for row in known_rows(session, Assignment, known_us=now_us, device_number=device_number)
    }
    sites = {row.site_number for row in known_rows(session, Installation, known_us=now_us, device_number=device_number)}
    return {
        case.number
        for window in windows
        for case in cases_near(session, officers, sites, window, rules=rules, known_us=now_us)
    }


def _judge_cases(db: Database, rules: RuleSet, numbers: Iterable[str], now_us: UtcMicros) -> None:
    wanted = set(numbers)
    if not wanted:
        return
    with db.writing() as session:
        for case in known_rows(session, Case, known_us=now_us, number=wanted):
            write_links(session, case, rules=rules, now_us=now_us)


def _judge_all(db: Database, rules: RuleSet, now_us: UtcMicros) -> None:
    """What has no owner, and the gateways."""
    with db.reading() as session:
        drafts = footage_drafts(session, [None], rules=rules, now_us=now_us)
    with db.writing() as session:
        unowned = Finding.device_number.is_(None) & Finding.duty_number.is_(None) & Finding.kind.not_in(GATEWAY_KINDS)
        write_findings(session, drafts, _findings(session, unowned), now_us=now_us)
    judge_gateways(db, rules, now_us)


def judge_gateways(db: Database, rules: RuleSet, now_us: UtcMicros) -> None:
    with db.reading() as session:
        drafts = gateway_drafts(session, rules=rules, now_us=now_us)
        on_record = _findings(session, Finding.kind.in_(GATEWAY_KINDS))
        if {one.finding_id for one in on_record if one.state == "open"} == {one.finding_id for one in drafts}:
            return
    with db.writing() as session:
        write_findings(session, drafts, _findings(session, Finding.kind.in_(GATEWAY_KINDS)), now_us=now_us)


def _findings(session: Session, condition: ColumnElement[bool]) -> list[Finding]:
    return list(session.scalars(select(Finding).where(condition)))
