"""The pictures of a file on its own time: when each is shown, and which of them are really there."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from edge.footage.holes import Hole, find_holes, usual_delta_us
from edge.footage.mp4_index import Samples

US_PER_S = 1_000_000
_LONGEST_LAST_US = US_PER_S
MAX_FRAMES = 20_000_000
"""Three days at 60 frames per second; more is no recording."""
_FAR_US = 1 << 60
_Ints = NDArray[np.int64]
_Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Frames:
    """One row a picture, in decoding order. Times in microseconds since the first picture as it is shown.

    `shown_us`, `decoded_us`: int64 (n,). `there`: whether its bytes are; `is_key`: whether it is shown without another.
    `end_us`: when the last one has ended. `tick_us`: the step of the file's own clock.
    """

    shown_us: _Ints
    decoded_us: _Ints
    there: _Bools
    is_key: _Bools
    end_us: int
    tick_us: float

    def __len__(self) -> int:
        return len(self.shown_us)


def frames_of_index(samples: Samples, there: _Bools) -> Frames:
    """The pictures of an MP4 by its index alone."""
    base = Fraction(1, samples.ticks_per_s)
    first = int(samples.shown.min()) if len(samples.shown) else 0
    shown_us, decoded_us = scaled(samples.shown - first, base), scaled(samples.decoded - first, base)
    ordered = np.sort(shown_us)
    end_us = _end_us(ordered)
    if len(ordered):
        last_lasts_us = round(samples.length_ticks * base * US_PER_S) - int(ordered[-1])
        if 0 < last_lasts_us <= 3 * usual_delta_us(ordered) + _LONGEST_LAST_US:
            end_us = int(ordered[-1]) + last_lasts_us  # a last frame of an hour is a claim, no footage
    return Frames(shown_us, decoded_us, there, samples.is_key, end_us, float(base * US_PER_S))


def frames_of_packets(
    shown: list[int], decoded: list[int], there: list[bool], is_key: list[bool], base: Fraction, *, alone_us: int = 0
) -> Frames:
    """The pictures of a stream as its packets came. `alone_us`: how long a single one lasts, by the stream's rate."""
    times = np.asarray(shown, np.int64)
    first = int(times.min()) if shown else 0
    shown_us = scaled(times - first, base)
    return Frames(
        shown_us=shown_us,
        decoded_us=scaled(np.asarray(decoded, np.int64) - first, base),
        there=np.asarray(there, np.bool_),
        is_key=np.asarray(is_key, np.bool_),
        end_us=_end_us(np.sort(shown_us)) if len(shown) != 1 else min(alone_us, _LONGEST_LAST_US),
        tick_us=float(base * US_PER_S),
    )


@dataclass(frozen=True, slots=True)
class FileTime:
    """The pictures in the order in which they are shown, with the end of each, and the holes between them."""

    frames: Frames
    order: _Ints
    starts_us: _Ints
    ends_us: _Ints
    holes: tuple[Hole, ...]

    @staticmethod
    def of(frames: Frames, *, has_holes: bool = True) -> FileTime:
        """`has_holes`: whether the times say anything of holes."""
        order = np.argsort(frames.shown_us, kind="stable")
        starts_us = frames.shown_us[order]
        holes = tuple(find_holes(starts_us)) if has_holes else ()
        ends_us = np.append(starts_us[1:], frames.end_us)[: len(starts_us)]
        for hole in holes:
            ends_us[np.searchsorted(starts_us, hole.end_us, "left") - 1] = hole.start_us
        return FileTime(frames, order, starts_us, ends_us, holes)

    def recorded(self) -> list[tuple[int, int]]:
        """[start, end) in microseconds of what is really there, neighbours merged."""
        there = self.frames.there[self.order] & (self.ends_us > self.starts_us)
        starts, ends = self.starts_us[there], self.ends_us[there]
        if not len(starts):
            return []
        breaks = np.flatnonzero(starts[1:] != ends[:-1])
        firsts, lasts = np.append(0, breaks + 1), np.append(breaks, len(starts) - 1)
        return [(int(starts[first]), int(ends[last])) for first, last in zip(firsts, lasts, strict=True)]

    def there_until_us(self) -> int:
        """When the last picture that is there has ended; 0 where none is."""
        there = self.frames.there[self.order]
        return int(self.ends_us[there].max()) if there.any() else 0

    def span_us(self, first: int, until: int) -> tuple[int, int]:
        """From when to when the samples [first, until) of the decoding order are shown."""
        among = (self.order >= first) & (self.order < until)
        return int(self.starts_us[among].min()), int(self.ends_us[among].max())

    def shown_again_us(self, until: int) -> int:
        """When the first key picture that is there comes after the sample before `until`; the end where none does."""
        frames = self.frames
        keys = np.flatnonzero(frames.is_key[until:] & frames.there[until:])
        return int(frames.shown_us[until + keys[0]]) if len(keys) else frames.end_us


def runs_of(mask: _Bools) -> list[tuple[int, int]]:
    """[first, until) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return [(int(first), int(until)) for first, until in zip(edges[::2], edges[1::2], strict=True)]


def scaled(ticks: _Ints, base: Fraction) -> _Ints:
    """Ticks in microseconds."""
    us = np.rint(ticks.astype(np.float64) * float(base * US_PER_S))
    return np.clip(us, -_FAR_US, _FAR_US).astype(np.int64)


def _end_us(ordered_us: _Ints) -> int:
    return int(ordered_us[-1]) + usual_delta_us(ordered_us) if len(ordered_us) else 0
