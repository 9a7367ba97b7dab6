"""What is known of each file of a device before the files speak together, and the limits by which they are judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from edge.contract.instants import MICROS_PER_SECOND, UtcMicros, parse_rfc3339
from edge.contract.intervals import TimeInterval, union
from edge.contract.messages import Register


@dataclass(frozen=True, slots=True)
class TimeLineLimits:
    """When neighbouring files are one recording, and when their clock stepped or drifts. Microseconds and ppm.

    Source: rules gap.join_tolerance, timeline.merge_tolerance, timeline.clock_step, clock.drift_limit and
    clock.drift_assumed of `cn-traffic`.
    """

    join_us: int = 2 * MICROS_PER_SECOND
    merge_us: int = 50_000
    step_us: int = 1 * MICROS_PER_SECOND
    drift_limit_ppm: float = 500.0
    drift_assumed_ppm: float = 20.0


DEFAULT_LIMITS = TimeLineLimits()
_FACTORS = {
    "join_us": ("gap.join_tolerance", {"s": 1e6, "ms": 1e3, "us": 1.0}),
    "merge_us": ("timeline.merge_tolerance", {"s": 1e6, "ms": 1e3, "us": 1.0}),
    "step_us": ("timeline.clock_step", {"s": 1e6, "ms": 1e3, "us": 1.0}),
    "drift_limit_ppm": ("clock.drift_limit", {"ppm": 1.0}),
    "drift_assumed_ppm": ("clock.drift_assumed", {"ppm": 1.0}),
}


def limits_of(register: Register | None) -> TimeLineLimits:
    """The register's limits; a rule that is absent, or has a unit unknown here, keeps its default."""
    rules = {} if register is None else {rule.key: rule for rule in register.rules}
    found: dict[str, float] = {}
    for name, (key, factors) in _FACTORS.items():
        rule = rules.get(key)
        if rule is not None and not isinstance(rule.value, str | bool) and rule.unit in factors:
            found[name] = rule.value * factors[rule.unit]
    default = DEFAULT_LIMITS
    return TimeLineLimits(
        join_us=round(found.get("join_us", default.join_us)),
        merge_us=round(found.get("merge_us", default.merge_us)),
        step_us=round(found.get("step_us", default.step_us)),
        drift_limit_ppm=found.get("drift_limit_ppm", default.drift_limit_ppm),
        drift_assumed_ppm=found.get("drift_assumed_ppm", default.drift_assumed_ppm),
    )


NOT_SET_BEFORE_US = parse_rfc3339("2001-01-01T00:00:00Z")
"""A clock that shows an earlier time lost it: 1970 and 2000 are what clocks without power begin with."""


@dataclass(frozen=True, slots=True)
class PlacedFault:
    """A fault found in a file; `interval` on the corrected axis, None where it concerns the whole file."""

    code: str
    interval: TimeInterval | None = None


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file of a device on the corrected axis. `recorded` is empty where nothing in it can be read.

    `uncertainty_us`: of its start against the files beside it; `placed_us`: what the clock's offset adds to that.
    `other_start_us`: the second reading of a local time that exists twice, or not at all, at a change of summer time.
    `in_future`: it began after it was met. `other_devices`: who else claims the same content.
    """

    name: str
    content: str
    start_us: UtcMicros | None
    recorded: tuple[TimeInterval, ...]
    sequence: int | None
    is_damaged: bool
    recording: str | None = None
    uncertainty_us: int = 0
    placed_us: int = 0
    other_start_us: UtcMicros | None = None
    frame_us: int = 0
    faults: tuple[PlacedFault, ...] = ()
    is_growing: bool = False
    in_future: bool = False
    other_devices: tuple[str, ...] = ()

    @property
    def end_us(self) -> UtcMicros | None:
        """Where what can be read of it ends; its start where nothing can."""
        return self.recorded[-1].end_us if self.recorded else self.start_us

    @property
    def begin_us(self) -> int:
        """Its start for putting files in order; 0 where it is not known."""
        return self.recorded[0].start_us if self.recorded else self.start_us or 0

    @property
    def holes(self) -> tuple[TimeInterval, ...]:
        """Holes between what was recorded inside this one file."""
        pieces = union(self.recorded)
        return tuple(TimeInterval(one.end_us, two.start_us) for one, two in pairwise(pieces))


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same content under a further name. It counts once, under `of`."""

    name: str
    of: str


@dataclass(frozen=True, slots=True)
class NotCounted:
    """A file that has no place on the time line: unknown_start, clock_not_set, start_in_future, other_device."""

    name: str
    reason: str


def without_duplicates(files: Iterable[FileFacts]) -> tuple[list[FileFacts], list[Duplicate]]:
    """Each content once, in order of time, and its further names.

    The name that stays is the one whose start is known best, then the earliest, then the first by its letters.
    """
    by_content: dict[str, list[FileFacts]] = {}
    for file in files:
        by_content.setdefault(file.content, []).append(file)
    kept: list[FileFacts] = []
    further: list[Duplicate] = []
    for same in by_content.values():
        same.sort(key=lambda file: (file.start_us is None, file.uncertainty_us, file.begin_us, file.name))
        kept.append(same[0])
        further += [Duplicate(file.name, same[0].name) for file in same[1:]]
    return sorted(kept, key=by_time), sorted(further, key=lambda copy: (copy.name, copy.of))


def by_time(file: FileFacts) -> tuple[int, int, str, str]:
    """Files in order of their start."""
    return file.begin_us, file.end_us or 0, file.name, file.content


def is_unset(at_us: int) -> bool:
    """Whether a clock that shows this lost its time."""
    return at_us < NOT_SET_BEFORE_US


def without_place(files: Sequence[FileFacts], unset: frozenset[str]) -> dict[str, NotCounted]:
    """By content: the files that must not count as footage of a time. `unset`: contents of a clock that was not set."""
    found: dict[str, NotCounted] = {}
    for file in files:
        if file.start_us is None:
            found[file.content] = NotCounted(file.name, "unknown_start")
        elif file.other_devices:
            found[file.content] = NotCounted(file.name, "other_device")
        elif file.in_future:
            found[file.content] = NotCounted(file.name, "start_in_future")
        elif file.content in unset:
            found[file.content] = NotCounted(file.name, "clock_not_set")
    return found
