"""The same arithmetic as the server's, shown at the dock as preliminary: by device and duty number, no names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.contract.coverage import CoverageState, Stretch, Tolerance, judge_expected
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from edge.contract.intervals import TimeInterval
from edge.contract.messages import Register, RegisterDuty

DEFAULT_TOLERANCE = Tolerance(
    start_us=30 * MICROS_PER_SECOND, join_us=2 * MICROS_PER_SECOND, end_us=30 * MICROS_PER_SECOND
)
"""While no register has come. Source: rules gap.start_grace, gap.join_tolerance, gap.end_grace of `cn-traffic`."""
_LEAST_UNIT_US = {"us": 1, "ms": 1_000, "s": MICROS_PER_SECOND, "min": 60 * MICROS_PER_SECOND}


@dataclass(frozen=True, slots=True)
class DeviceFootage:
    """What this gateway has of a device: corrected recorded intervals, holes inside files, end of the last docking."""

    recorded: tuple[TimeInterval, ...]
    holes_inside_files: tuple[TimeInterval, ...]
    known_until_us: UtcMicros


@dataclass(frozen=True, slots=True)
class PreliminaryDuty:
    """A duty that had to be recorded, instant by instant."""

    number: str
    device: str
    interval: TimeInterval
    stretches: tuple[Stretch, ...]

    def total_us(self, state: CoverageState) -> int:
        """Microseconds in that state."""
        return sum(stretch.interval.duration_us for stretch in self.stretches if stretch.state is state)

    @property
    def gaps(self) -> tuple[TimeInterval, ...]:
        """What is missing and not tolerated."""
        return tuple(stretch.interval for stretch in self.stretches if stretch.state is CoverageState.GAP)


def tolerance_of(register: Register | None) -> Tolerance:
    """The register's tolerances; a rule that is absent, or has a unit unknown here, keeps its default."""
    rules = {} if register is None else {rule.key: rule for rule in register.rules}

    def limit_us(key: str, default_us: int) -> int:
        rule = rules.get(key)
        if rule is None or isinstance(rule.value, str | bool) or rule.unit not in _LEAST_UNIT_US:
            return default_us
        return round(rule.value * _LEAST_UNIT_US[rule.unit])

    return Tolerance(
        start_us=limit_us("gap.start_grace", DEFAULT_TOLERANCE.start_us),
        join_us=limit_us("gap.join_tolerance", DEFAULT_TOLERANCE.join_us),
        end_us=limit_us("gap.end_grace", DEFAULT_TOLERANCE.end_us),
    )


def judge_duties(register: Register, footage: Mapping[str, DeviceFootage]) -> list[PreliminaryDuty]:
    """Every duty that must be recorded, in time order. Where a device never docked all is undetermined."""
    tolerance = tolerance_of(register)
    duties = (duty for duty in register.duties if duty.must_record)
    return [_judge(duty, footage.get(duty.device), tolerance) for duty in sorted(duties, key=_by_time)]


def _by_time(duty: RegisterDuty) -> tuple[TimeInterval, str]:
    return duty.interval, duty.number


def _judge(duty: RegisterDuty, footage: DeviceFootage | None, tolerance: Tolerance) -> PreliminaryDuty:
    if footage is None:
        stretches: Iterable[Stretch] = (Stretch(duty.interval, CoverageState.UNDETERMINED),)
    else:
        stretches = judge_expected(
            duty.interval,
            footage.recorded,
            known_until_us=footage.known_until_us,
            tolerance=tolerance,
            holes_inside_files=footage.holes_inside_files,
        )
    return PreliminaryDuty(duty.number, duty.device, duty.interval, tuple(stretches))
