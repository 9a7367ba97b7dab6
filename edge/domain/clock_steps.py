"""Where a device's clock was set: the next file by number does not begin where the file before it ended.

Forward, a pause looks the same as a step. A step is said only where the recording cannot have paused: the same
recording goes on, or the file before is as long as this device makes its files (it was closed by the device, not by a
person) and the jump is short or whole quarters of an hour, or whole hours. A jump of one size that comes again is a
timetable. A leap second moves nothing here by more than the limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from edge.contract.instants import (
    MICROS_PER_DAY,
    MICROS_PER_HOUR,
    MICROS_PER_SECOND,
    UtcMicros,
    moment_of,
)
from edge.contract.sentences import sentence
from edge.domain.device_files import FileFacts, TimeLineLimits, is_unset

_FACTORY_JUMP_US = 180 * MICROS_PER_DAY
"""Other clocks begin with the first of January of a year of their own, and jump by months once they are set."""
_QUARTER_US = MICROS_PER_HOUR // 4
_LARGEST_ZONE_US = 14 * MICROS_PER_HOUR
_ROUND_US = 2 * MICROS_PER_SECOND
_SHORT_US = 120 * MICROS_PER_SECOND
"""A recording that its device closed and that was begun again by hand pauses longer. House rule."""
_SAME_LENGTH_US = 1 * MICROS_PER_SECOND


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The clock was set between two files that follow each other. `kind`: set_back, set_forward, zone, not_set, lost.

    `step_us`: by how much the second begins after (negative: before) the end of the first.
    """

    at_us: UtcMicros
    step_us: int
    kind: str
    before: str
    after: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Border:
    """Two files of which the second follows by its number, and what lies between them on the clock."""

    before: FileFacts
    after: FileFacts

    @property
    def jump_us(self) -> int:
        """From the end of the first to the start of the second; negative where they overlap."""
        return self.after.begin_us - (self.before.end_us or 0)


def borders(runs: Sequence[Sequence[FileFacts]]) -> list[Border]:
    """Every place where one file follows another, where both have a time."""
    return [Border(one, two) for run in runs for one, two in pairwise(run) if one.recorded and two.recorded]


def clock_steps(found: Sequence[Border], limits: TimeLineLimits) -> dict[tuple[str, str], ClockStep]:
    """The steps among the borders, in order of time, by the contents of the two files."""
    lengths = _lengths_of_device(found, limits)
    habits = _habits(found, limits)
    steps = {
        (border.before.content, border.after.content): step
        for border in found
        if (step := _step(border, limits, lengths, habits)) is not None
    }
    return dict(sorted(steps.items(), key=lambda item: (item[1].at_us, item[1].before, item[0])))


def clock_was_unset(before: FileFacts, after: FileFacts) -> bool:
    """Whether the clock of `before` had lost its time, and `after`, which follows by number, has it again."""
    if before.start_us is None or after.start_us is None or is_unset(after.begin_us):
        return False
    if is_unset(before.begin_us):
        return True
    ahead = moment_of(UtcMicros(before.begin_us + _LARGEST_ZONE_US))
    on_new_year = ahead.month == 1 and ahead.day <= 2  # wherever on earth
    return on_new_year and after.begin_us - (before.end_us or 0) >= _FACTORY_JUMP_US


def unset_contents(runs: Sequence[Sequence[FileFacts]], timed: Sequence[FileFacts]) -> frozenset[str]:
    """The contents whose start is the word of a clock that had lost its time."""
    unset = {file.content for file in timed if file.start_us is not None and is_unset(file.begin_us)}
    for run in runs:
        for place in range(len(run) - 1, 0, -1):
            before, after = run[place - 1], run[place]
            went_on = after.content in unset and 0 <= after.begin_us - (before.end_us or 0) < _FACTORY_JUMP_US
            if went_on or (after.content not in unset and clock_was_unset(before, after)):
                unset.add(before.content)
    return frozenset(unset)


def _lengths_of_device(found: Sequence[Border], limits: TimeLineLimits) -> list[int]:
    """Lengths at which the device closed a file and went on at once."""
    return [
        _length_us(border.before)
        for border in found
        if abs(border.jump_us) <= limits.join_us and not border.before.is_damaged
    ]


def _habits(found: Sequence[Border], limits: TimeLineLimits) -> frozenset[int]:
    """Sizes of jumps, in whole seconds, that come again forward, or at most borders back: a timetable, a habit."""
    sizes = Counter(round(border.jump_us / _ROUND_US) for border in found if abs(border.jump_us) > limits.step_us)
    habits = set()
    for size, count in sizes.items():
        often = count + max(sizes.get(size - 1, 0), sizes.get(size + 1, 0))
        if (size > 0 and often > 1) or (size < 0 and often >= 3 and often * 2 > len(found)):
            habits.add(size)
    return frozenset(habits)


def _step(border: Border, limits: TimeLineLimits, lengths: Sequence[int], habits: frozenset[int]) -> ClockStep | None:
    before, after, jump_us = border.before, border.after, border.jump_us
    least_us = max(limits.step_us, before.uncertainty_us, after.uncertainty_us)
    if abs(jump_us) <= least_us:
        return None
    if clock_was_unset(before, after):
        return _told(border, "not_set", _numbers(border))
    if is_unset(after.begin_us) and not is_unset(before.begin_us):
        return _told(border, "lost", _numbers(border))
    same_recording = before.recording is not None and before.recording == after.recording
    if round(jump_us / _ROUND_US) in habits and not (same_recording and jump_us > 0):
        return None
    is_zone = _is_whole(jump_us, _QUARTER_US, least_us)
    if jump_us < 0:
        return _told(border, "zone" if is_zone else "set_back", _numbers(border))
    if before.is_damaged:
        return None  # its end is lost: what follows begins later for that reason
    if same_recording:
        evidence = sentence("step_recording", "both are of recording {recording}", recording=before.recording)
        return _told(border, "zone" if is_zone else "set_forward", _numbers(border), evidence)
    closed_by_device = any(abs(_length_us(before) - length_us) <= _SAME_LENGTH_US for length_us in lengths)
    if closed_by_device and (is_zone or jump_us <= _SHORT_US):
        evidence = sentence("step_length", "{before} is as long as this device makes its files", before=before.name)
        return _told(border, "zone" if is_zone else "set_forward", _numbers(border), evidence)
    if _is_whole(jump_us, MICROS_PER_HOUR, least_us):
        return _told(border, "zone", _numbers(border))
    return None


def _told(border: Border, kind: str, *evidence: str) -> ClockStep:
    at_us = border.before.end_us if kind == "lost" else UtcMicros(border.after.begin_us)
    return ClockStep(UtcMicros(at_us or 0), border.jump_us, kind, border.before.name, border.after.name, evidence)


def _numbers(border: Border) -> str:
    return sentence(
        "step_numbers",
        "{after} ({next}) follows {before} ({number}) by its number",
        before=border.before.name,
        number=border.before.sequence,
        after=border.after.name,
        next=border.after.sequence,
    )


def _is_whole(jump_us: int, unit_us: int, uncertainty_us: int) -> bool:
    """Whether the jump is one or several whole units, as far as the times are known."""
    apart_us = abs(abs(jump_us) - round(abs(jump_us) / unit_us) * unit_us)
    near_us = min(max(_ROUND_US, uncertainty_us), unit_us // 20)
    return unit_us - near_us <= abs(jump_us) <= _LARGEST_ZONE_US + near_us and apart_us <= near_us


def _length_us(file: FileFacts) -> int:
    return (file.end_us or 0) - file.begin_us
