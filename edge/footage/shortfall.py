"""Too few pictures without a hole: single ones missing all over a file that otherwise keeps a constant rate.

The rule asks for a rate that the file itself shows: most distances are one period, and the others are whole numbers of
it, spread singly. A variable rate is no shortfall: its distances are no multiples, or change for whole stretches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.footage.frames import US_PER_S, runs_of

LEAST_MISSING = 0.05
_LEAST_DELTAS = 40
_PERIOD_SHARE = 0.70
_PERIODIC_SHARE = 0.40
_LONGEST_PATTERN = 12
_OFF_PERIOD = 0.2
_MOST_STRANGE = 0.02
_STRETCH = 5
_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """[start_us, end_us): from the first to the last missing picture. Rates per second."""

    start_us: int
    end_us: int
    nominal_fps: float
    real_fps: float

    @property
    def missing_share(self) -> float:
        """Of the pictures that should be there."""
        return 1 - self.real_fps / self.nominal_fps


def find_shortfall(starts_us: _Ints, isolated: NDArray[np.bool_]) -> Shortfall | None:
    """The shortfall of a file, by its times in the order in which they are shown.

    `isolated`: bool (n - 1,), the distances that are told as holes of their own.
    """
    kept = ~isolated
    deltas = np.diff(starts_us)[kept]
    if len(deltas) < _LEAST_DELTAS:
        return None
    low = float(np.percentile(deltas, 20))
    period_us = float(np.median(deltas[np.abs(deltas - low) <= _OFF_PERIOD * low]))
    if period_us <= 0:
        return None
    counts = np.rint(deltas / period_us).astype(np.int64)
    strange = (np.abs(deltas - counts * period_us) > _OFF_PERIOD * period_us) | (counts < 1)
    if strange.mean() > _MOST_STRANGE:
        return None
    counts = np.maximum(counts, 1)
    missing = counts > 1
    if 1 - len(counts) / counts.sum() < LEAST_MISSING or not _is_scattered(counts, missing):
        return None
    at = np.flatnonzero(kept)[missing]
    start_us, end_us = int(starts_us[at[0]]), int(starts_us[at[-1] + 1])
    nominal_fps = US_PER_S / period_us
    return Shortfall(start_us, end_us, nominal_fps, nominal_fps * len(counts) / float(counts.sum()))


def _is_scattered(counts: _Ints, missing: NDArray[np.bool_]) -> bool:
    """Whether single pictures are missing, at random or every so many, rather than the rate being another one."""
    share = 1 - missing.mean()
    if share < _PERIOD_SHARE and not (share >= _PERIODIC_SHARE and _repeats(counts)):
        return False
    in_stretches = sum(until - first for first, until in runs_of(missing) if until - first >= _STRETCH)
    return in_stretches * 2 <= int(missing.sum())


def _repeats(counts: _Ints) -> bool:
    """Whether one short pattern of distances repeats throughout."""
    return any((counts[length:] == counts[:-length]).mean() > 0.98 for length in range(2, _LONGEST_PATTERN + 1))
