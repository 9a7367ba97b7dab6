"""The verdict of a monitor's day: its schedule where it was installed, against its footage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from edge.contract.coverage import Tolerance
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, clip_to, union
from server.domain.compliance import HoldingFact, judge_duty
from server.domain.device_facts import DeviceFacts
from server.domain.rules import Rule, RuleSet
from server.domain.schedule import expected_on, parse_schedule
from server.domain.zones import day_interval
from server.store.recorded import known_rows
from server.store.tables import Device, Installation
from server.usecases.duty_verdicts import FOREVER_US, CausedStretch, tolerance_at, with_causes

MONITOR_RULES = ("gap.join_tolerance", "gap.start_grace", "gap.end_grace", "handin.deadline")


@dataclass(frozen=True, slots=True)
class MonitorStretch:
    """One expected interval of a monitor's day with its verdict."""

    expected: TimeInterval
    stretches: tuple[CausedStretch, ...]
    rules: tuple[Rule, ...]


def monitor_day(
    session: Session,
    device: Device,
    day: date,
    facts: Mapping[str, DeviceFacts],
    *,
    rules: RuleSet,
    known_us: int,
    standing: Sequence[TimeInterval] | None = None,
) -> list[MonitorStretch]:
    """Each expected interval of the monitor's local day, judged. A device that expects nothing has none.

    `standing`: what `standing_intervals` said, where several days are asked about.
    Where midnight cuts a longer interval, only the join tolerance applies: nothing begins or ends there.
    """
    zone = ZoneInfo(device.time_zone)
    whole = day_interval(day, zone)
    standing = standing_intervals(session, device, known_us=known_us) if standing is None else standing
    expected = [
        piece
        for planned in expected_on(parse_schedule(device.schedule), day, zone)
        for piece in clip_to(standing, planned)
    ]
    judged: list[MonitorStretch] = []
    for interval in expected:
        grace = tolerance_at(rules, interval.start_us)
        tolerance = Tolerance(
            start_us=grace.join_us if interval.start_us == whole.start_us else grace.start_us,
            join_us=grace.join_us,
            end_us=grace.join_us if interval.end_us == whole.end_us else grace.end_us,
        )
        near = {number: one.about(interval) for number, one in facts.items()}
        stretches = judge_duty(
            interval,
            holdings=[HoldingFact(device.number, interval)],
            devices=near,
            known_us=UtcMicros(known_us),
            deadline_us=UtcMicros(interval.end_us + rules.duration_us("handin.deadline", interval.start_us)),
            tolerance=tolerance,
        )
        caused = with_causes(stretches, interval, list(near.values()), grace.join_us)
        judged.append(MonitorStretch(interval, caused, rules.used(MONITOR_RULES, interval.start_us)))
    return judged


def standing_intervals(session: Session, device: Device, *, known_us: int) -> list[TimeInterval]:
    """When the monitor stood somewhere: its installations, or, where none is on record, its own validity."""
    rows: list[Device] | list[Installation]
    rows = known_rows(session, Installation, known_us=known_us, device_number=device.number) or [device]
    return union(
        TimeInterval(
            UtcMicros(row.valid_from_us),
            UtcMicros(row.valid_until_us) if row.valid_until_us is not None else FOREVER_US,
        )
        for row in rows
    )
