"""The verdict of duties from what was on record at a moment: one place for pages, answers and findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from edge.contract.coverage import CoverageState, Tolerance
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, clip_to, intersection, subtract
from server.domain.causes import Explained, gap_cause
from server.domain.compliance import HoldingFact, JudgedStretch, judge_duty
from server.domain.device_facts import DeviceFacts
from server.domain.findings import GAP_KINDS, FindingKind
from server.domain.rules import Rule, RuleSet
from server.store.recorded import known_rows
from server.store.tables import Assignment, Duty
from server.usecases.facts import device_facts
from server.usecases.views import Times

GAP_RULES = ("gap.join_tolerance", "gap.start_grace", "gap.end_grace", "handin.deadline", "duty.must_record")
CAUSED_KINDS = GAP_KINDS - {FindingKind.NO_RECORDER_ASSIGNED}
FOREVER_US = UtcMicros(253_402_300_799_999_999)


@dataclass(frozen=True, slots=True)
class CausedStretch:
    """A stretch with the cause of its gap, where it is one that a recorder could have filled."""

    judged: JudgedStretch
    explained: Explained | None


@dataclass(frozen=True, slots=True)
class DutyVerdict:
    """A duty with everything its verdict rests on."""

    duty: Duty
    interval: TimeInterval
    must_record: bool
    holdings: tuple[HoldingFact, ...]
    devices: Mapping[str, DeviceFacts]
    stretches: tuple[CausedStretch, ...]
    times: Times
    deadline_us: UtcMicros
    rules: tuple[Rule, ...]


def duty_verdicts(session: Session, duties: Sequence[Duty], *, rules: RuleSet, known_us: int) -> list[DutyVerdict]:
    """The verdicts of these duties, in their order, from what was on record at `known_us`."""
    intervals = [duty_interval(duty) for duty in duties]
    if not intervals:
        return []
    hull = TimeInterval(min(one.start_us for one in intervals), max(one.end_us for one in intervals))
    holdings = holdings_of(session, {duty.officer_number for duty in duties}, hull, known_us=known_us)
    numbers = {holding.device_number for held in holdings.values() for holding in held}
    devices = device_facts(session, numbers, hull, known_us=known_us, rules=rules)
    return [
        _verdict(duty, interval, holdings.get(duty.officer_number, []), devices, rules, UtcMicros(known_us))
        for duty, interval in zip(duties, intervals, strict=True)
    ]


def duty_interval(duty: Duty) -> TimeInterval:
    """The duty's own interval; a row without an end lasts a day, so that it can be judged at all."""
    end_us = duty.valid_until_us if duty.valid_until_us is not None else duty.valid_from_us + 86_400_000_000
    return TimeInterval(UtcMicros(duty.valid_from_us), UtcMicros(end_us))


def tolerance_at(rules: RuleSet, at_us: UtcMicros) -> Tolerance:
    """The tolerances in force at the begin of what is judged."""
    return Tolerance(
        start_us=rules.duration_us("gap.start_grace", at_us),
        join_us=rules.duration_us("gap.join_tolerance", at_us),
        end_us=rules.duration_us("gap.end_grace", at_us),
    )


def holdings_of(
    session: Session, officer_numbers: set[str], window: TimeInterval, *, known_us: int
) -> dict[str, list[HoldingFact]]:
    """What each officer held within `window`; where somebody else held it too, the holding is ambiguous."""
    own = known_rows(session, Assignment, known_us=known_us, overlapping=window, officer_number=officer_numbers)
    devices = {row.device_number for row in own}
    rivals: dict[str, list[Assignment]] = defaultdict(list)
    for row in known_rows(session, Assignment, known_us=known_us, overlapping=window, device_number=devices):
        rivals[row.device_number].append(row)
    held: dict[str, list[HoldingFact]] = defaultdict(list)
    for row in own:
        mine = intersection(held_interval(row), window)
        if mine is None:
            continue
        others = [held_interval(one) for one in rivals[row.device_number] if one.officer_number != row.officer_number]
        held[row.officer_number] += [HoldingFact(row.device_number, piece) for piece in subtract([mine], others)]
        held[row.officer_number] += [HoldingFact(row.device_number, piece, True) for piece in clip_to(others, mine)]
    return held


def held_interval(row: Assignment) -> TimeInterval:
    """The interval of an assignment; an open one lasts for ever."""
    end_us = UtcMicros(row.valid_until_us) if row.valid_until_us is not None else FOREVER_US
    return TimeInterval(UtcMicros(row.valid_from_us), end_us)


def times_of(stretches: Sequence[CausedStretch]) -> Times:
    """Expected time by state."""
    by_state = dict.fromkeys(CoverageState, 0)
    for stretch in stretches:
        by_state[stretch.judged.state] += stretch.judged.interval.duration_us
    return Times(
        expected_us=sum(by_state.values()),
        recorded_us=by_state[CoverageState.RECORDED],
        tolerated_us=by_state[CoverageState.TOLERATED],
        gap_us=by_state[CoverageState.GAP],
        undetermined_us=by_state[CoverageState.UNDETERMINED],
    )


def sum_times(parts: Sequence[Times]) -> Times:
    """The times of several duties together."""
    return Times(
        expected_us=sum(part.expected_us for part in parts),
        recorded_us=sum(part.recorded_us for part in parts),
        tolerated_us=sum(part.tolerated_us for part in parts),
        gap_us=sum(part.gap_us for part in parts),
        undetermined_us=sum(part.undetermined_us for part in parts),
    )


def with_causes(
    stretches: Sequence[JudgedStretch], expected: TimeInterval, devices: Sequence[DeviceFacts], join_us: int
) -> tuple[CausedStretch, ...]:
    """Each stretch, and for gaps that a recorder could have filled the cause the evidence supports."""
    return tuple(
        CausedStretch(
            stretch,
            gap_cause(
                stretch.interval,
                devices,
                join_us=join_us,
                reaches_end=stretch.interval.end_us == expected.end_us,
            )
            if stretch.state is CoverageState.GAP and stretch.kind in CAUSED_KINDS
            else None,
        )
        for stretch in stretches
    )


def _verdict(
    duty: Duty,
    interval: TimeInterval,
    held: Sequence[HoldingFact],
    devices: Mapping[str, DeviceFacts],
    rules: RuleSet,
    known_us: UtcMicros,
) -> DutyVerdict:
    at_us = interval.start_us
    holdings = tuple(holding for holding in held if holding.interval.overlaps(interval))
    own = {holding.device_number: devices[holding.device_number].about(interval) for holding in holdings}
    must_record = duty.kind in rules.words("duty.must_record", at_us)
    deadline_us = UtcMicros(interval.end_us + rules.duration_us("handin.deadline", at_us))
    tolerance = tolerance_at(rules, at_us)
    judged: tuple[JudgedStretch, ...] = ()
    if must_record:
        judged = judge_duty(
            interval, holdings=holdings, devices=own, known_us=known_us, deadline_us=deadline_us, tolerance=tolerance
        )
    stretches = with_causes(judged, interval, list(own.values()), tolerance.join_us)
    return DutyVerdict(
        duty=duty,
        interval=interval,
        must_record=must_record,
        holdings=holdings,
        devices=own,
        stretches=stretches,
        times=times_of(stretches),
        deadline_us=deadline_us,
        rules=rules.used(GAP_RULES, at_us),
    )
