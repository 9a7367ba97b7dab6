"""Steps of the device's clock inside one file, told by its times alone.

A backward step cannot stand in an MP4, whose times only rise: the muxer squeezes the pictures of the time that came
twice into steps of one tick. Other containers hold it as it was. A forward step looks like a hole that is far longer
than anything a camera loses; it is told beside the hole, since nobody can know which it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.footage.frames import FileTime, runs_of
from edge.footage.holes import Hole

_SQUEEZED = 0.25
_LEAST_SQUEEZED = 3
_MOST_BURSTS = 20
"""More than that is how this device writes its times."""
_NO_CAMERA_US = 2_100
"""480 pictures a second; deltas below that are not of a camera."""
_AHEAD_US = 300_000_000
"""A hole of five minutes inside one file: devices that stop for so long begin a new one."""
_BACK_FRAMES = 20
_LEAST_BACK_US = 500_000


@dataclass(frozen=True, slots=True)
class Step:
    """[start_us, end_us) is where the times cannot be believed; `step_us` < 0: the clock was set back."""

    start_us: int
    end_us: int
    step_us: int


def find_steps(time: FileTime) -> list[Step]:
    """All steps, in the order of their places."""
    found = [*_squeezed(time), *_back(time)]
    found += [Step(hole.start_us, hole.end_us, hole.end_us - hole.start_us) for hole in time.holes if _is_ahead(hole)]
    return sorted(found, key=lambda step: step.start_us)


def _is_ahead(hole: Hole) -> bool:
    return hole.end_us - hole.start_us >= _AHEAD_US


def _squeezed(time: FileTime) -> list[Step]:
    """Bursts of pictures nearer to each other than a quarter of the usual, and than any camera takes them."""
    deltas = np.diff(time.starts_us)
    if len(deltas) < 2 * _LEAST_SQUEEZED:
        return []
    usual_us = _usual(deltas)
    limit_us = min(_SQUEEZED * usual_us, max(_NO_CAMERA_US, 1.5 * time.frames.tick_us))
    bursts = [run for run in runs_of(deltas < limit_us) if run[1] - run[0] >= _LEAST_SQUEEZED]
    if len(bursts) > _MOST_BURSTS:
        return []
    steps = []
    for first, until in bursts:
        start_us, end_us = int(time.starts_us[first]), int(time.starts_us[until])
        squeezed_us = round((until - first) * usual_us) - (end_us - start_us)
        steps.append(Step(start_us, max(end_us, start_us + 1), -squeezed_us))
    return steps


def _usual(deltas: NDArray[np.int64]) -> float:
    """The median distance of pictures that are no burst."""
    seen = deltas[deltas >= _NO_CAMERA_US]
    return float(np.median(seen)) if len(seen) else float(np.median(deltas))


def _back(time: FileTime) -> list[Step]:
    """Where the decoding times go back: the stretch between both times is there twice."""
    decoded_us = time.frames.decoded_us
    deltas = np.diff(decoded_us)
    rising = deltas[deltas > 0]
    if not len(rising):
        return []
    usual_us = float(np.median(rising))
    falls = np.flatnonzero(deltas < -max(_LEAST_BACK_US, _BACK_FRAMES * usual_us))
    if len(falls) > _MOST_BURSTS:
        return []
    shown_us = time.frames.shown_us
    steps = []
    for at in falls.tolist():
        step_us = int(deltas[at]) - round(usual_us)
        end_us = min(int(shown_us[at]) + round(usual_us), time.frames.end_us)
        steps.append(Step(max(0, min(int(shown_us[at + 1]), end_us - 1)), end_us, step_us))
    return steps
