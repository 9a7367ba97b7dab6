"""A monitor's view against its commissioning, from samples over time: ok, suspect, moved, blocked or unknown.

One picture proves nothing: a truck stands in front, headlights dazzle, the mast sways. Only what several samples say
alike over minutes is a verdict, and what too few samples can tell is `unknown`, never `ok`. Every sample is held
against the commissioned view itself, so that a drift too slow to be seen from day to day is found as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from edge.contract.inspection import ReferenceCheck, ReferenceState
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from edge.contract.messages import Register
from edge.domain.rule_limits import with_rules

_MOST_OF = 0.75
"""The share of a short clip's samples that makes it suspect: 6 of 8, said of fewer."""


@dataclass(frozen=True, slots=True)
class ReferenceLimits:
    """Rule rows `reference.*`; the defaults are those of `cn-traffic`, for a gateway that has no register yet."""

    pictures: float = 6
    shift: float = 0.30
    sway: float = 0.40
    margin: float = 1.25
    agree: float = 0.15
    samples: float = 3
    spread: float = 300
    blocked_agreement: float = 0.5
    blocked_detail: float = 0.25
    blocked_of: float = 8
    blocked_samples: float = 6
    not_seeing: float = 0.5
    measured: float = 0.25
    commission_measured: float = 0.6
    commission_agreement: float = 0.4
    night_luma: float = 60


@dataclass(frozen=True, slots=True)
class SceneShift:
    """Where the scene lies against the reference. Lengths in percent of the width; right and down positive."""

    dx_percent: float
    dy_percent: float
    rotation_deg: float
    scale: float
    inliers: int
    tiles: int

    def way_percent(self, aspect: float, other: SceneShift | None = None) -> float:
        """The mean way of nine points (corners, sides' middles, centre) from the reference, or from `other`.

        `aspect` is height over width. 10 px at 1920, 1 percent of zoom and half a degree of roll are 0.52, 0.43, 0.37.
        """
        total = 0.0
        for x in (-50.0, 0.0, 50.0):
            for y in (-50.0 * aspect, 0.0, 50.0 * aspect):
                here, there = self._moved(x, y), (x, y) if other is None else other._moved(x, y)
                total += math.hypot(here[0] - there[0], here[1] - there[1])
        return total / 9

    def _moved(self, x: float, y: float) -> tuple[float, float]:
        turn = math.radians(-self.rotation_deg)  # counter-clockwise on a screen whose y axis points down
        cos, sin = self.scale * math.cos(turn), self.scale * math.sin(turn)
        return cos * x - sin * y + self.dx_percent, sin * x + cos * y + self.dy_percent


@dataclass(frozen=True, slots=True)
class ViewSample:
    """One picture against the reference.

    `agreement`: -1..1, how far its edges are the reference's, brought back by `shift`; `detail`: share of the picture
    with edges. `own_agreement`, `own_detail`, `shift_limit_percent`: the camera's own, from its commissioning, for the
    light (day, night) it was held against. `comparable`: False for a dark picture where no view by night is known.
    `not_seeing`: the view model's probability that the picture shows nothing of use; None where it did not look.
    """

    at_us: int
    shift: SceneShift | None
    agreement: float
    detail: float
    own_agreement: float
    own_detail: float
    shift_limit_percent: float
    comparable: bool = True
    not_seeing: float | None = None


def reference_limits(register: Register | None) -> ReferenceLimits:
    """The register's `reference.*` rules; a rule that is absent or no number keeps its default."""
    return with_rules(ReferenceLimits(), "reference.", register, {"min": 60.0, "h": 3600.0})


def judge_reference(
    samples: Sequence[ViewSample], limits: ReferenceLimits, *, reference: str, width_px: int, height_px: int
) -> ReferenceCheck:
    """The verdict over one clip, `samples` in time order. `width_px`, `height_px` are the stream's.

    Moved: enough samples displaced alike, over long enough, most of those measured meanwhile. Blocked: in 6 of 8
    neighbouring samples the view's edges are gone and the view model sees nothing either. A clip too short for either
    is suspect at most; clips one after the other are put together by `confirmed_across_clips`.
    """
    aspect = height_px / width_px
    measured = [
        (sample, sample.shift.way_percent(aspect))
        for sample in samples
        if sample.shift is not None and _is_the_view(sample, limits)
    ]
    displaced = [sample for sample, way_percent in measured if way_percent > sample.shift_limit_percent]
    still = [sample for sample, way_percent in measured if way_percent <= sample.shift_limit_percent]
    group = _agreeing(displaced, limits, aspect)
    told = _Telling(samples, len(measured), reference, width_px)
    if _is_moved(group, still, limits):
        return told.check(ReferenceState.MOVED, group)
    gone = [sample for sample in samples if _is_gone(sample, limits)]
    blocked = _blocked(samples, limits)
    if blocked:
        return told.check(ReferenceState.BLOCKED, (), place=blocked)
    if len(group) >= 2 or (group and not still):
        return told.check(ReferenceState.SUSPECT, group)
    if gone and len(gone) >= _MOST_OF * len(samples):
        return told.check(ReferenceState.SUSPECT, (), place=gone)
    if still and len(still) >= limits.measured * len(samples):
        return told.check(ReferenceState.OK, still, place=())
    return told.check(ReferenceState.UNKNOWN, (), place=())


def confirmed_across_clips(
    check: ReferenceCheck,
    start_us: UtcMicros,
    before: Sequence[tuple[UtcMicros, ReferenceCheck]],
    limits: ReferenceLimits,
    *,
    width_px: int,
    height_px: int,
    after: Sequence[tuple[UtcMicros, ReferenceCheck]] = (),
) -> ReferenceCheck:
    """The verdict of a suspect clip with those of its neighbours, in time order: moved where enough agree.

    Each clip counts as one sample, however many it held. On either side a clip that was ok or lay elsewhere ends the
    row; one that could not tell is passed over.
    """
    mine = _shift_of(check, width_px)
    if check.state != ReferenceState.SUSPECT or mine is None:
        return check
    aspect = height_px / width_px
    alike = _Alike(mine, check.reference, width_px, aspect, _tolerated(mine, limits, aspect))
    times = [*alike.row(reversed(before)), start_us, *alike.row(after)]
    is_long = max(times) - min(times) >= limits.spread * MICROS_PER_SECOND
    if len(times) < limits.samples or not is_long:
        return check
    return check.model_copy(update={"state": ReferenceState.MOVED})


@dataclass(frozen=True, slots=True)
class _Alike:
    """What a neighbouring clip must say to count as displaced in the same way."""

    shift: SceneShift
    reference: str
    width_px: int
    aspect: float
    tolerated_percent: float

    def row(self, neighbours: Iterable[tuple[UtcMicros, ReferenceCheck]]) -> list[UtcMicros]:
        """When the neighbours began that say so, the nearest first, until one says otherwise."""
        found: list[UtcMicros] = []
        for at_us, check in neighbours:
            if check.state == ReferenceState.UNKNOWN:
                continue
            shift = _shift_of(check, self.width_px)
            is_displaced = check.state in (ReferenceState.SUSPECT, ReferenceState.MOVED)
            if check.reference != self.reference or not is_displaced or shift is None:
                break
            if self.shift.way_percent(self.aspect, shift) > self.tolerated_percent:
                break
            found.append(at_us)
        return found


@dataclass(frozen=True, slots=True)
class _Telling:
    samples: Sequence[ViewSample]
    used: int
    reference: str
    width_px: int

    def check(
        self, state: ReferenceState, group: Sequence[ViewSample], *, place: Sequence[ViewSample] | None = None
    ) -> ReferenceCheck:
        """The verdict with the group's median movement, and from when to when `place` (else the group) lasted."""
        place = group if place is None else place
        shifts = [sample.shift for sample in group if sample.shift is not None]

        def middle(value: Callable[[SceneShift], float], digits: int) -> float | None:
            return round(median(map(value, shifts)), digits) if shifts else None

        percent = self.width_px / 100
        return ReferenceCheck(
            state=state,
            reference=self.reference,
            samples=len(self.samples),
            samples_used=self.used,
            dx_px=middle(lambda shift: shift.dx_percent * percent, 2),
            dy_px=middle(lambda shift: shift.dy_percent * percent, 2),
            rotation_deg=middle(lambda shift: shift.rotation_deg, 3),
            scale=middle(lambda shift: shift.scale, 5),
            from_s=place[0].at_us / MICROS_PER_SECOND if place else None,
            to_s=place[-1].at_us / MICROS_PER_SECOND if place else None,
        )


def _tolerated(shift: SceneShift, limits: ReferenceLimits, aspect: float) -> float:
    """How far two measurements of one movement may lie apart: a large one is measured less exactly."""
    return max(limits.agree, 0.2 * shift.way_percent(aspect))


def _agreeing(displaced: Sequence[ViewSample], limits: ReferenceLimits, aspect: float) -> list[ViewSample]:
    """The largest group of displaced samples that say the same as one of them; the earliest of equal ones."""
    best: list[ViewSample] = []
    for centre in displaced:
        if centre.shift is None:
            continue
        near = _tolerated(centre.shift, limits, aspect)
        group = [one for one in displaced if one.shift and one.shift.way_percent(aspect, centre.shift) <= near]
        if len(group) > len(best):
            best = group
    return best


def _is_moved(group: Sequence[ViewSample], still: Sequence[ViewSample], limits: ReferenceLimits) -> bool:
    if len(group) < limits.samples:
        return False
    first_us, last_us = group[0].at_us, group[-1].at_us
    unmoved = sum(first_us <= sample.at_us <= last_us for sample in still)
    return last_us - first_us >= limits.spread * MICROS_PER_SECOND and len(group) > unmoved


def _is_the_view(sample: ViewSample, limits: ReferenceLimits) -> bool:
    """Enough of the commissioned edges are there; lane marks alone are those of many streets."""
    return sample.agreement >= limits.blocked_agreement * sample.own_agreement


def _is_gone(sample: ViewSample, limits: ReferenceLimits) -> bool:
    """Nothing of the commissioned view is left, and the view model sees nothing in the picture either."""
    differs = not _is_the_view(sample, limits)
    if not sample.comparable or (sample.shift is not None and not differs):
        return False
    is_empty = sample.detail < limits.blocked_detail * sample.own_detail
    return (differs or is_empty) and sample.not_seeing is not None and sample.not_seeing >= limits.not_seeing


def _blocked(samples: Sequence[ViewSample], limits: ReferenceLimits) -> Sequence[ViewSample]:
    """The gone samples of all windows of 8 in which at least 6 are gone."""
    gone = [_is_gone(sample, limits) for sample in samples]
    of, found = int(limits.blocked_of), set[int]()
    for start in range(len(samples) - of + 1):
        if sum(gone[start : start + of]) >= limits.blocked_samples:
            found.update(place for place in range(start, start + of) if gone[place])
    return [samples[place] for place in sorted(found)]


def _shift_of(check: ReferenceCheck, width_px: int) -> SceneShift | None:
    if check.dx_px is None or check.dy_px is None or check.rotation_deg is None or check.scale is None:
        return None
    percent = 100 / width_px
    return SceneShift(check.dx_px * percent, check.dy_px * percent, check.rotation_deg, check.scale, 0, 0)
