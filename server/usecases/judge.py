"""The judging loop's work: subjects whose facts changed, and deadlines that pass without any event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from server.domain.findings import LIVE_STATES
from server.domain.rules import RuleSet
from server.store import to_judge
from server.store.database import Database
from server.store.recorded import known_rows
from server.store.tables import Assignment, Case, DeviceJudged, Duty, Finding, Installation, ToJudge
from server.usecases.decided_looks import as_on_record, without_decided
from server.usecases.duty_verdicts import duty_interval, duty_verdicts, held_interval
from server.usecases.find_duty import duty_drafts
from server.usecases.find_gateway import GATEWAY_KINDS, gateway_drafts
from server.usecases.find_store import STORE_KINDS, store_drafts
from server.usecases.finding_store import write_findings
from server.usecases.judge_device import judge_device, judge_unowned
from server.usecases.judge_due import next_due_us
from server.usecases.judge_reach import reached
from server.usecases.link_case import cases_near, write_links


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
    with db.reading() as session:
        windows = to_judge.few([*to_judge.windows_of(row), *to_judge.windows_put_off(session, kind, number)])
    rests_on: DeviceJudged | None = None
    if kind == "device":
        rests_on = _judge_device(db, rules, number, windows, now_us)
    elif kind == "duty":
        _judge_duties(db, rules, _duty_rows(number, now_us), {number}, now_us)
    elif kind == "officer":
        _judge_officer(db, rules, number, windows, now_us)
    elif kind == "case":
        _judge_cases(db, rules, [number], now_us)
    elif kind == "site":
        _judge_site(db, rules, number, windows, now_us)
    else:
        _judge_unowned(db, rules, windows, now_us)
    with db.writing() as session:
        if rests_on is not None:  # last: whoever is stopped before this settles the same duties again
            session.merge(rests_on)
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
    if numbers:
        with db.writing() as session:
            on_record = _findings(session, Finding.duty_number.in_(sorted(numbers)))
            write_findings(session, drafts, on_record, now_us=now_us)
            for number, due_us in due.items():
                if due_us is not None:
                    to_judge.mark_due(session, "duty", number, due_us)
    _judge_cases(db, rules, cases, now_us)


def _judge_officer(db: Database, rules: RuleSet, number: str, windows: list[TimeInterval], now_us: UtcMicros) -> None:
    def read(session: Session) -> list[Duty]:
        found = [
            duty
            for window in windows
            for duty in known_rows(session, Duty, known_us=now_us, overlapping=window, officer_number=number)
        ]
        return list({duty.row_id: duty for duty in found}.values())

    own = and_(Finding.officer_number == number, Finding.duty_number.is_not(None))
    within = or_(*(and_(Finding.from_us >= one.start_us, Finding.from_us < one.end_us) for one in windows), false())
    with db.reading() as session:
        before = set(session.scalars(select(Finding.duty_number).where(own, within).distinct()))
        cases = {
            case.number
            for window in windows
            for case in cases_near(session, {number}, set(), window, rules=rules, known_us=now_us)
        }
    _judge_duties(db, rules, read, {one for one in before if one is not None}, now_us)
    _judge_cases(db, rules, cases, now_us)


def _judge_site(db: Database, rules: RuleSet, number: str, windows: list[TimeInterval], now_us: UtcMicros) -> None:
    """The cases of a site at which something came to stand, or no longer does."""
    with db.reading() as session:
        near = [cases_near(session, set(), {number}, one, rules=rules, known_us=now_us) for one in windows]
    _judge_cases(db, rules, {case.number for cases in near for case in cases}, now_us)


def _judge_device(
    db: Database, rules: RuleSet, number: str, windows: list[TimeInterval], now_us: UtcMicros
) -> DeviceJudged:
    """What the judgement rested on, to be put on record once nothing of it is left to do."""
    with db.reading() as session:
        judged = judge_device(session, number, windows, rules=rules, now_us=now_us)
        duties = _duties_of(session, number, judged.changed, now_us)
        cases = _cases_of(session, number, judged.changed, rules, now_us)
    with db.writing() as session:
        on_record = judged.answers_for(session)
        looked = as_on_record(judged.drafts, on_record)
        write_findings(session, looked, without_decided(session, looked, on_record, now_us=now_us), now_us=now_us)
        if judged.due_us is not None:
            to_judge.mark_due(session, "device", number, judged.due_us)
    _judge_duties(db, rules, lambda _session: duties, set(), now_us)
    _judge_cases(db, rules, cases, now_us)
    return judged.rests_on


def _duties_of(session: Session, device_number: str, windows: Sequence[TimeInterval], now_us: UtcMicros) -> list[Duty]:
    """Duties that what changed at these times is about, of whoever held the device then."""
    duties: dict[int, Duty] = {}
    for reach in reached(windows):
        held = known_rows(session, Assignment, known_us=now_us, overlapping=reach, device_number=device_number)
        for officer_number in sorted({row.officer_number for row in held}):
            spans = [span for row in held if row.officer_number == officer_number for span in [held_interval(row)]]
            for duty in known_rows(session, Duty, known_us=now_us, overlapping=reach, officer_number=officer_number):
                if any(span.overlaps(duty_interval(duty)) for span in spans):
                    duties[duty.row_id] = duty
    return list(duties.values())


def _cases_of(
    session: Session, device_number: str, windows: Sequence[TimeInterval], rules: RuleSet, now_us: UtcMicros
) -> set[str]:
    if not windows:
        return set()
    held = known_rows(session, Assignment, known_us=now_us, device_number=device_number)
    stood = known_rows(session, Installation, known_us=now_us, device_number=device_number)
    officers, sites = {row.officer_number for row in held}, {row.site_number for row in stood}
    return {
        case.number
        for window in windows
        for case in cases_near(session, officers, sites, window, rules=rules, known_us=now_us)
    }


def _judge_cases(db: Database, rules: RuleSet, numbers: Iterable[str], now_us: UtcMicros) -> None:
    """Each in a transaction of its own: receipts must not wait behind many cases."""
    for number in sorted(set(numbers)):
        with db.writing() as session:
            for case in known_rows(session, Case, known_us=now_us, number=number):
                write_links(session, case, rules=rules, now_us=now_us)


def _judge_unowned(db: Database, rules: RuleSet, windows: list[TimeInterval], now_us: UtcMicros) -> None:
    """What has no owner, and the gateways."""
    with db.reading() as session:
        drafts, answers_for = judge_unowned(session, windows, rules=rules, now_us=now_us)
    with db.writing() as session:
        write_findings(session, drafts, answers_for(session), now_us=now_us)
    judge_gateways(db, rules, now_us)


def judge_gateways(db: Database, rules: RuleSet, now_us: UtcMicros) -> None:
    """Gateways, and what was promised to them."""
    kinds = GATEWAY_KINDS | STORE_KINDS
    with db.reading() as session:
        drafts = [*gateway_drafts(session, rules=rules, now_us=now_us), *store_drafts(session, now_us=now_us)]
        on_record = _findings(session, Finding.kind.in_(kinds))
        if {one.finding_id for one in on_record if one.state in LIVE_STATES} == {one.finding_id for one in drafts}:
            return
    with db.writing() as session:
        write_findings(session, drafts, _findings(session, Finding.kind.in_(kinds)), now_us=now_us)


def _findings(session: Session, condition: ColumnElement[bool]) -> list[Finding]:
    return list(session.scalars(select(Finding).where(condition)))
