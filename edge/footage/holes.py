"""Holes between the frames of one file, told from a variable frame rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_NEIGHBOURS = 20
_RECURS = 3
_FACTOR = 1.5
_FIRST_FRAMES = 2
"""Shorter behind the first picture alone is no hole: writers of fragments move all others by the sound's lead."""
_SAME_DELTA_US = 2_500
"""Deltas this near count as one: containers round to milliseconds, some clocks to a tick of 1/1200 s."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Media time without a frame, in microseconds of the file's own time; half-open."""

    start_us: int
    end_us: int


def usual_delta_us(times_us: NDArray[np.int64]) -> int:
    """The median distance of frames; 0 where there is none."""
    return int(np.median(np.diff(times_us))) if len(times_us) > 1 else 0


def find_holes(times_us: NDArray[np.int64]) -> list[Hole]:
    """Isolated distances larger than 1.5 times the largest that recurs (three times) within 20 frames either side.

    `times_us`: int64 (n,), presentation order, rising. A recurring distance is a variable rate, no hole. The hole
    begins where the frame before it would usually have ended. Source: design paper on footage, second pass.
    """
    if len(times_us) < 3:
        return []
    deltas = np.diff(times_us)
    suspects = np.flatnonzero(deltas > _FACTOR * _local_median(deltas))
    is_inner = (suspects >= _NEIGHBOURS) & (suspects < len(deltas) - _NEIGHBOURS)
    suspects = np.concatenate([suspects[~is_inner], _isolated(deltas, suspects[is_inner])])
    holes = []
    for index in np.sort(suspects):
        around = np.concatenate(
            [deltas[max(0, index - _NEIGHBOURS) : index], deltas[index + 1 : index + 1 + _NEIGHBOURS]]
        )
        recurring_us = _largest_recurring(around)
        if deltas[index] > _FACTOR * recurring_us:
            start_us = int(times_us[index]) + max(1, int(np.median(around)))
            is_first = index == 0 and times_us[1] - start_us < _FIRST_FRAMES * (start_us - times_us[0])
            if start_us < times_us[index + 1] and not is_first:
                holes.append(Hole(start_us, int(times_us[index + 1])))
    return holes


def _isolated(deltas: NDArray[np.int64], suspects: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those of the inner suspects that no distance near them comes up to: the same rule, for many at once."""
    kept = []
    around = np.delete(np.arange(-_NEIGHBOURS, _NEIGHBOURS + 1), _NEIGHBOURS)
    for at in range(0, len(suspects), 10_000):
        some = suspects[at : at + 10_000]
        ranked = np.sort(deltas[some[:, None] + around], axis=1)
        recurs = ranked[:, _RECURS - 1 :] - ranked[:, : -(_RECURS - 1)] <= _SAME_DELTA_US
        last = ranked.shape[1] - 1 - np.argmax(recurs[:, ::-1], axis=1)
        largest = np.where(recurs.any(axis=1), ranked[np.arange(len(some)), last], ranked[:, -1])
        kept.append(some[deltas[some] > _FACTOR * largest])
    return np.concatenate(kept) if kept else suspects


def _local_median(deltas: NDArray[np.int64]) -> NDArray[np.float64]:
    """The median of each delta's neighbourhood, in pieces that keep memory small."""
    width = 2 * _NEIGHBOURS + 1
    if len(deltas) <= width:
        return np.full(len(deltas), float(np.median(deltas)))
    padded = np.pad(deltas, _NEIGHBOURS, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    pieces = [np.median(windows[at : at + 10_000], axis=1) for at in range(0, len(windows), 10_000)]
    return np.concatenate(pieces).astype(np.float64)


def _largest_recurring(around: NDArray[np.int64]) -> float:
    """The largest delta that has at least two others near it; the largest of all where none recurs."""
    ranked = np.sort(around)
    if len(ranked) < _RECURS:
        return float(ranked[-1])
    spans = ranked[_RECURS - 1 :] - ranked[: -(_RECURS - 1)]
    recurring = np.flatnonzero(spans <= _SAME_DELTA_US)
    return float(ranked[recurring[-1] + _RECURS - 1]) if len(recurring) else float(ranked[-1])
