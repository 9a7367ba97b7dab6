"""What a reader of one container found in a file, before it is judged; the same for all containers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.contract.fault_words import fault_of
from edge.contract.inspection import Fault, FaultCode
from edge.footage.frames import US_PER_S, FileTime, Frames, runs_of
from edge.footage.shortfall import find_shortfall
from edge.footage.steps import find_steps

FURTHEST_SOUND_US = 12 * 3600 * US_PER_S
"""Sound further from the picture than this is one of both clocks that came round, or a claim."""
_MOST_PLACES = 40
"""Places told one by one for each code; the last fault then speaks for the rest."""
_Bools = NDArray[np.bool_]


@dataclass(slots=True)
class Structure:
    """`frames` is None where there is no picture track. `past_end`, `destroyed`: bool (n,), why pictures are not there.

    `sound_from_us`: how much later than the first picture the sound begins. `data_holes`: where holes between the
    pictures end (us) that are there because the data are destroyed.
    """

    width_px: int | None = None
    height_px: int | None = None
    codec: str | None = None
    has_sound: bool = False
    sound_us: int | None = None
    sound_from_us: int = 0
    created_us: int | None = None
    has_times: bool = True
    frames: Frames | None = None
    past_end: _Bools | None = None
    destroyed: _Bools | None = None
    data_holes: set[int] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)


def faults_of_pictures(structure: Structure, time: FileTime) -> list[Fault]:
    """What the times and places of the pictures say."""
    found = list(_lost(structure, time))
    if not structure.has_times:
        return found
    for hole in time.holes[:_MOST_PLACES]:
        start_s, end_s = hole.start_us / US_PER_S, hole.end_us / US_PER_S
        frames = _about(time, hole.start_us, hole.end_us)
        if hole.end_us in structure.data_holes:
            found.append(
                fault_of(FaultCode.DATA_HOLE, from_s=start_s, to_s=end_s, frames=frames, shown_again_at_s=end_s)
            )
        else:
            found.append(fault_of(FaultCode.FRAMES_MISSING, from_s=start_s, to_s=end_s, frames=frames))
    rest = time.holes[_MOST_PLACES:]
    if rest:
        frames = sum(_about(time, hole.start_us, hole.end_us) for hole in rest)
        start_s, end_s = rest[0].start_us / US_PER_S, rest[-1].end_us / US_PER_S
        found.append(fault_of(FaultCode.FRAMES_MISSING, from_s=start_s, to_s=end_s, frames=frames))
    found.extend(_steps(time))
    found.extend(_shortfall(time))
    return found


def _about(time: FileTime, start_us: int, end_us: int) -> int:
    """How many pictures a hole would hold: its length in distances of the pictures before it."""
    at = int(np.searchsorted(time.starts_us, end_us, "left")) - 1
    usual_us = max(1, start_us - int(time.starts_us[at]))
    return max(1, round((end_us - start_us) / usual_us))


def _lost(structure: Structure, time: FileTime) -> Iterator[Fault]:
    for code, mask in ((FaultCode.SAMPLES_PAST_END, structure.past_end), (FaultCode.DATA_HOLE, structure.destroyed)):
        runs = [] if mask is None else runs_of(mask)
        if len(runs) > _MOST_PLACES:
            runs = [*runs[: _MOST_PLACES - 1], (runs[_MOST_PLACES - 1][0], runs[-1][1])]
        for first, until in runs:
            start_us, end_us = time.span_us(first, until)
            frames = int(mask[first:until].sum()) if mask is not None else 0
            values = (
                {"frames": frames, "frames_indexed": len(time.frames)}
                if code is FaultCode.SAMPLES_PAST_END
                else {"frames": frames, "shown_again_at_s": time.shown_again_us(until) / US_PER_S}
            )
            yield fault_of(code, from_s=start_us / US_PER_S, to_s=end_us / US_PER_S, samples=(first, until), **values)


def _steps(time: FileTime) -> Iterator[Fault]:
    for step in find_steps(time)[:_MOST_PLACES]:
        yield fault_of(
            FaultCode.CLOCK_STEP,
            from_s=step.start_us / US_PER_S,
            to_s=step.end_us / US_PER_S,
            direction="back" if step.step_us < 0 else "ahead",
            step=round(abs(step.step_us) / US_PER_S, 1),
        )


def _shortfall(time: FileTime) -> Iterator[Fault]:
    isolated = np.zeros(max(0, len(time.starts_us) - 1), np.bool_)
    ends = [int(np.searchsorted(time.starts_us, hole.end_us, "left")) - 1 for hole in time.holes]
    isolated[ends] = True
    found = find_shortfall(time.starts_us, isolated)
    if found is not None:
        yield fault_of(
            FaultCode.RATE_SHORTFALL,
            from_s=found.start_us / US_PER_S,
            to_s=found.end_us / US_PER_S,
            nominal_fps=round(found.nominal_fps, 2),
            real_fps=round(found.real_fps, 2),
            missing_percent=round(100 * found.missing_share, 1),
        )
