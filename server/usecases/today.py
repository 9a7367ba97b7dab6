"""What a supervisor must see in ten seconds: what is wrong, what is due, who is on duty."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from server.domain.access import Permission, Scope
from server.domain.findings import GAP_KINDS, FindingKind
from server.domain.rules import RuleSet
from server.domain.zones import day_interval, local_day
from server.store.recorded import known_rows
from server.store.tables import Duty, Finding
from server.usecases.cases import count_without_footage, proposed_link_count
from server.usecases.certificates_due import certificates_due
from server.usecases.devices import gateways
from server.usecases.duty_verdicts import DutyVerdict, duty_verdicts, sum_times
from server.usecases.finding_reads import finding_views, officer_names, open_findings
from server.usecases.signing_state import signing_stopped_us
from server.usecases.unassigned import unassigned_count
from server.usecases.views import CauseCount, FindingView, GatewayView, TodayOfficer, TodayView

NEWEST = 10


def today(session: Session, *, scope: Scope, rules: RuleSet, now_us: int) -> TodayView:
    """The local date of `now_us`, within the scope. Raises NotPermittedError."""
    scope.require(Permission.SEE_TODAY)
    zone = ZoneInfo(rules.time_zone)
    day = local_day(UtcMicros(now_us), zone)
    verdicts = _verdicts_of_day(session, scope, rules, now_us)
    kinds = _open_by_kind(session, scope)
    may_unassigned = scope.may(Permission.SEE_UNASSIGNED)
    return TodayView(
        day=day,
        time_zone=rules.time_zone,
        now_us=UtcMicros(now_us),
        officers=_officers(session, verdicts, scope, now_us),
        times=sum_times([verdict.times for verdict in verdicts]),
        open_findings=sum(kinds.values()),
        open_gaps=_open_gaps(session, scope),
        open_by_kind=tuple(sorted(kinds.items(), key=lambda item: (-item[1], item[0]))),
        not_handed_in=_newest(session, scope, now_us, FindingKind.NOT_HANDED_IN),
        newest_findings=_newest(session, scope, now_us, None),
        certificates_due=certificates_due(session, scope=scope, rules=rules, now_us=now_us),
        gateways_silent=_silent(session, scope, rules, now_us),
        cases_without_footage=count_without_footage(session, scope=scope, now_us=now_us),
        proposed_links=proposed_link_count(session, scope=scope, now_us=now_us),
        unassigned_clips=unassigned_count(session, scope=scope, now_us=now_us) if may_unassigned else 0,
        signing_stopped_us=signing_stopped_us(session),
    )


def _verdicts_of_day(session: Session, scope: Scope, rules: RuleSet, now_us: int) -> list[DutyVerdict]:
    zone = ZoneInfo(rules.time_zone)
    span = day_interval(local_day(UtcMicros(now_us), zone), zone)
    duties = [
        duty
        for duty in known_rows(session, Duty, known_us=now_us, overlapping=span)
        if span.contains(UtcMicros(duty.valid_from_us)) and scope.sees_unit(duty.unit_number)
    ]
    return duty_verdicts(session, duties, rules=rules, known_us=now_us)


def _officers(session: Session, verdicts: list[DutyVerdict], scope: Scope, now_us: int) -> tuple[TodayOfficer, ...]:
    numbers = list(dict.fromkeys(verdict.duty.officer_number for verdict in verdicts))
    names = officer_names(session, numbers, known_us=now_us)
    counts = Counter(
        session.scalars(select(Finding.officer_number).where(open_findings(scope), Finding.officer_number.in_(numbers)))
    )
    officers: list[TodayOfficer] = []
    for number in numbers:
        own = [verdict for verdict in verdicts if verdict.duty.officer_number == number]
        officers.append(
            TodayOfficer(
                officer_number=number,
                officer_name=names.get(number, ""),
                unit_number=own[0].duty.unit_number,
                duty_count=len(own),
                on_duty_now=any(verdict.interval.contains(UtcMicros(now_us)) for verdict in own),
                times=sum_times([verdict.times for verdict in own]),
                open_findings=counts[number],
            )
        )
    return tuple(sorted(officers, key=lambda one: (-one.times.gap_us, one.officer_number)))


def _open_by_kind(session: Session, scope: Scope) -> dict[str, int]:
    rows = session.execute(select(Finding.kind, func.count()).where(open_findings(scope)).group_by(Finding.kind))
    return {row[0]: row[1] for row in rows}


def _open_gaps(session: Session, scope: Scope) -> tuple[CauseCount, ...]:
    gaps = and_(open_findings(scope), Finding.kind.in_([kind.value for kind in GAP_KINDS]))
    length = func.sum(Finding.until_us - Finding.from_us)
    cause = func.coalesce(Finding.cause, Finding.kind)
    rows = session.execute(
        select(cause, func.count(), length).where(gaps).group_by(cause).order_by(func.count().desc())
    )
    return tuple(CauseCount(str(name), count, int(total or 0)) for name, count, total in rows)


def _newest(session: Session, scope: Scope, now_us: int, kind: FindingKind | None) -> tuple[FindingView, ...]:
    wanted = open_findings(scope)
    if kind is not None:
        wanted = and_(wanted, Finding.kind == kind.value)
    rows = session.scalars(
        select(Finding).where(wanted).order_by(Finding.opened_us.desc(), Finding.finding_id).limit(NEWEST)
    ).all()
    return tuple(finding_views(session, rows, scope=scope, known_us=now_us))


def _silent(session: Session, scope: Scope, rules: RuleSet, now_us: int) -> tuple[GatewayView, ...]:
    if not scope.may(Permission.SEE_GATEWAYS):
        return ()
    limit_us = rules.duration_us("gateway.silent", UtcMicros(now_us))
    return tuple(
        view
        for view in gateways(session, scope=scope, now_us=now_us)
        if view.state == "active" and view.silent_us is not None and view.silent_us > limit_us
    )
