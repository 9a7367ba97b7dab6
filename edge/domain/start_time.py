"""When did a clip start? Every source's word with its uncertainty, the best of them, and whether they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from edge.contract.instants import MICROS_PER_SECOND, UtcMicros, instant_of, parse_rfc3339
from edge.contract.manifest import StartSource, TimeStatement
from edge.domain.file_names import LocalStart

WHOLE_SECOND_US = 1 * MICROS_PER_SECOND
"""A text with whole seconds does not say more."""
CONTAINER_US = 2 * MICROS_PER_SECOND
"""Recorders write the header around the first frame. House rule."""
MTIME_US = 5 * MICROS_PER_SECOND
"""FAT keeps even seconds, and the last write follows the last frame. House rule."""
FUTURE_TOLERANCE_US = 5 * MICROS_PER_SECOND
"""Limit of a recorder's clock: rule `clock.recorder_limit` of `cn-traffic`."""
_NAMEABLE_US = parse_rfc3339("0002-01-01T00:00:00Z"), parse_rfc3339("9998-01-01T00:00:00Z")
EARLIEST_NOW_US = parse_rfc3339("2026-01-01T00:00:00Z")
"""A gateway whose clock shows an earlier time lost it; then nothing can be said to lie in the future."""
_QUARTER_HOUR_US = 900 * MICROS_PER_SECOND
_LARGEST_ZONE_US = 14 * 3_600 * MICROS_PER_SECOND
_BEST_FIRST = (StartSource.SIDECAR, StartSource.NAME, StartSource.CONTAINER, StartSource.MTIME)


class ContainerTime(StrEnum):
    """What a device writes as creation time into the container."""

    UTC = "utc"
    LOCAL = "local"
    END = "end"


@dataclass(frozen=True, slots=True)
class StartDecision:
    """The start on the device's own clock, from the best source; None where no source says anything.

    `disagreeing` names the sources whose word cannot be true together with the best one.
    """

    start_us: UtcMicros | None
    source: StartSource
    uncertainty_us: int
    statements: tuple[TimeStatement, ...]
    disagreeing: tuple[StartSource, ...]


def in_zone(moment: datetime, zone: ZoneInfo) -> tuple[UtcMicros, int]:
    """The instant of a local time without offset, and the uncertainty a change of summer time adds to it.

    A double time is taken as the first of the two, a missing one as the clock before the change had it; both may be
    wrong by the width of the change.
    """
    first = instant_of(moment.replace(tzinfo=zone, fold=0))
    second = instant_of(moment.replace(tzinfo=zone, fold=1))
    return _nameable(first), abs(second - first)


def other_reading(moment: datetime, zone: ZoneInfo) -> UtcMicros | None:
    """The second instant of a local time that a change of summer time made double or missing; None for all others."""
    first = instant_of(moment.replace(tzinfo=zone, fold=0))
    second = instant_of(moment.replace(tzinfo=zone, fold=1))
    return None if first == second else _nameable(second)


def _nameable(start_us: UtcMicros) -> UtcMicros:
    """The start, or the nearest whose whole recording can still be written down: a year 9999 is wrong in any case."""
    return max(_NAMEABLE_US[0], min(start_us, _NAMEABLE_US[1]))


def stated_by_name(start: LocalStart, zone: ZoneInfo) -> TimeStatement:
    """The name's word: whole seconds."""
    return _stated(StartSource.NAME, start, zone)


def stated_by_sidecar(start: datetime, zone: ZoneInfo) -> TimeStatement:
    """The sidecar's word; a time without offset is read in `zone`. A text with a fraction is exact to a millisecond."""
    resolution_us = 1_000 if start.microsecond else WHOLE_SECOND_US
    if start.tzinfo is not None:
        return TimeStatement(
            source=StartSource.SIDECAR, start=_nameable(instant_of(start)), uncertainty_us=resolution_us
        )
    instant_us, change_us = in_zone(start, zone)
    return TimeStatement(source=StartSource.SIDECAR, start=instant_us, uncertainty_us=resolution_us + change_us)


def stated_by_container(
    created_us: UtcMicros, media_us: int | None, convention: ContainerTime, zone: ZoneInfo
) -> TimeStatement | None:
    """The container's word under the device's convention; None where it cannot be read as a start.

    `created_us` is the creation time as if it were UTC. Source: ISO/IEC 14496-12, 8.2.2 (the standard says UTC).
    """
    if convention is ContainerTime.END:
        if media_us is None:
            return None
        return TimeStatement(
            source=StartSource.CONTAINER, start=UtcMicros(created_us - media_us), uncertainty_us=CONTAINER_US
        )
    if convention is ContainerTime.LOCAL:
        wall = datetime(1970, 1, 1) + timedelta(microseconds=created_us)  # noqa: DTZ001 - local by convention
        instant_us, change_us = in_zone(wall, zone)
        return TimeStatement(source=StartSource.CONTAINER, start=instant_us, uncertainty_us=CONTAINER_US + change_us)
    return TimeStatement(source=StartSource.CONTAINER, start=created_us, uncertainty_us=CONTAINER_US)


def stated_by_mtime(modified_us: UtcMicros, media_us: int | None) -> TimeStatement | None:
    """The file's time of change is the END of the recording; None where its length is not known."""
    if media_us is None:
        return None
    return TimeStatement(source=StartSource.MTIME, start=UtcMicros(modified_us - media_us), uncertainty_us=MTIME_US)


def decide_start(statements: Sequence[TimeStatement]) -> StartDecision:
    """The best source's word, with all words beside it in the order of their standing."""
    ranked = tuple(sorted(statements, key=lambda statement: _BEST_FIRST.index(statement.source)))
    if not ranked:
        return StartDecision(None, StartSource.NONE, 0, (), ())
    best = ranked[0]
    disagreeing = tuple(other.source for other in ranked[1:] if not _can_both_be_true(best, other))
    return StartDecision(best.start, best.source, best.uncertainty_us, ranked, disagreeing)


def starts_in_future(decision: StartDecision, *, clock_offset_us: int, landed_us: UtcMicros) -> bool:
    """Whether the clip began after it was met, by more than clocks may differ. `clock_offset_us` = device - gateway."""
    if decision.start_us is None or landed_us < EARLIEST_NOW_US:
        return False
    return decision.start_us - clock_offset_us > landed_us + max(decision.uncertainty_us, FUTURE_TOLERANCE_US)


def _stated(source: StartSource, start: LocalStart, zone: ZoneInfo) -> TimeStatement:
    if start.is_utc:
        return TimeStatement(
            source=source, start=_nameable(instant_of(start.moment.replace(tzinfo=UTC))), uncertainty_us=WHOLE_SECOND_US
        )
    instant_us, change_us = in_zone(start.moment, zone)
    return TimeStatement(source=source, start=instant_us, uncertainty_us=WHOLE_SECOND_US + change_us)


def _can_both_be_true(best: TimeStatement, other: TimeStatement) -> bool:
    difference_us = other.start - best.start
    allowed_us = best.uncertainty_us + other.uncertainty_us
    if abs(difference_us) <= allowed_us:
        return True
    if other.source is not StartSource.MTIME:
        return False
    if difference_us > 0:
        return True  # every copy makes the time of change later; only an earlier one says something
    beside_zone_us = abs(-difference_us - round(-difference_us / _QUARTER_HOUR_US) * _QUARTER_HOUR_US)
    return -difference_us <= _LARGEST_ZONE_US and beside_zone_us <= allowed_us  # FAT keeps local time without a zone
