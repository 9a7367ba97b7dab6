"""Is the picture frozen? It must look the same second for second, and cost next to nothing to store.

Either sign alone deceives: a quiet street at night costs little, and a parked view hardly changes. The sizes come from
the index and cost nothing; only what they make suspicious is decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.domain.view_limits import LookLimits
from edge.footage.key_frames import Pictures
from edge.footage.packet_sizes import PacketSizes

_US_PER_S = 1_000_000
_THUMBNAIL = (96, 54)
_OVERLAY_TOP, _OVERLAY_BOTTOM = 5, 6
"""Rows of the thumbnail where a burned-in clock runs on over a frozen picture."""
_BLOCK_PX = 16
_CLOCK_BYTES = 150
"""A running clock costs so much however small the picture is."""
_BRIDGED_S = 2
"""A coder goes on refining a still picture for a second or two after each key frame."""
_LEAST_PAIRS, _DECODED = 4, 2.5
"""Fewer pairs prove nothing; the begin of a suspicious stretch is decoded for so many times its least length."""
_SAME_SIZE = 0.001
"""Pictures without predecessors (MJPEG) of a frozen view are all of one size, within this share."""
_MAX_STRETCHES = 20
_LONGEST_S = 8 * 86_400
"""Longer than any file may last: a time beyond it is a damaged one."""
Span = tuple[int, int]


def frozen_stretches(
    pictures: Pictures, sizes: PacketSizes, limits: LookLimits, *, width_px: int, height_px: int
) -> list[Span]:
    """[start, end) in microseconds since the first picture, each at least `frozen_least_s` long."""
    blocks = max(1, width_px // _BLOCK_PX) * max(1, height_px // _BLOCK_PX)
    least_us = round(limits.frozen_least_s * _US_PER_S)
    found = []
    for start_us, end_us in suspicious_stretches(sizes, limits, blocks=blocks)[:_MAX_STRETCHES]:
        seen = pictures.run(start_us, every_us=_US_PER_S, count=round(_DECODED * limits.frozen_least_s))
        shots = [(frame.at_us, thumbnail(frame.picture)) for frame in seen if frame.at_us < end_us]
        since = still_since([shot for _, shot in shots], limits.frozen_grey)
        if since is not None and end_us - shots[since][0] >= least_us:
            found.append((shots[since][0], end_us))
    return found


def suspicious_stretches(sizes: PacketSizes, limits: LookLimits, *, blocks: int) -> list[Span]:
    """Stretches long enough in which every second's pictures cost next to nothing, a second or two bridged."""
    if len(sizes.times_us) < 3:
        return []
    cheap = _bridged(_cheap_seconds(sizes, limits.frozen_block_bytes * blocks + _CLOCK_BYTES))
    least = round(limits.frozen_least_s)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], cheap.astype(np.int8), [0]])))
    spans = [(int(first), int(until)) for first, until in zip(edges[::2], edges[1::2], strict=True)]
    return [(first * _US_PER_S, until * _US_PER_S) for first, until in spans if until - first >= least]


def _bridged(cheap: NDArray[np.bool_]) -> NDArray[np.bool_]:
    places = np.flatnonzero(cheap)
    for before, after in pairwise(places.tolist()):
        if after - before <= _BRIDGED_S + 1:
            cheap[before:after] = True
    return cheap


def _cheap_seconds(sizes: PacketSizes, least_bytes: float) -> NDArray[np.bool_]:
    """Of each whole second of the file: whether its dependent pictures have collapsed."""
    dependent = ~sizes.is_key
    seconds = (sizes.times_us // _US_PER_S).astype(np.int64)
    count = int(seconds.max()) + 1
    if count > _LONGEST_S:
        return np.zeros(0, np.bool_)
    if not dependent.any():
        return _same_sizes(seconds, sizes.bytes, count)
    usual = float(np.median(sizes.bytes[dependent]))
    limit = max(least_bytes, 0.1 * usual)
    dear = np.bincount(seconds[dependent & (sizes.bytes >= limit)], minlength=count)
    there = np.bincount(seconds[dependent], minlength=count)
    return np.asarray((there > 0) & (dear <= 0.1 * there), np.bool_)


def _same_sizes(seconds: NDArray[np.int64], sizes: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    same = np.abs(np.diff(sizes, prepend=sizes[:1])) <= _SAME_SIZE * np.maximum(sizes, 1)
    other = np.bincount(seconds[~same], minlength=count)
    there = np.bincount(seconds, minlength=count)
    return np.asarray((there > 0) & (other == 0), np.bool_)


def thumbnail(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """float32 (43, 96): the grey thumbnail without the zones of burned-in text."""
    small = cv2.resize(picture, _THUMBNAIL, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return np.asarray(grey[_OVERLAY_TOP : _THUMBNAIL[1] - _OVERLAY_BOTTOM], np.float32)


def still_since(thumbnails: Sequence[NDArray[np.float32]], least_grey: float) -> int | None:
    """The first thumbnail from which on most successive ones differ by less than `least_grey`; None where none do.

    Most, not all: a coder quantises each key frame a little otherwise. Live pictures are never the same.
    """
    same = [float(np.abs(before - after).mean()) < least_grey for before, after in pairwise(thumbnails)]
    if True not in same:
        return None
    since = same.index(True)
    rest = same[since:]
    return since if len(rest) >= _LEAST_PAIRS and 2 * sum(rest) > len(rest) else None
