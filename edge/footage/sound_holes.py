"""Packets of compressed sound that are nothing but zeros: a hole in the data that no picture shows."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edge.contract.fault_words import fault_of
from edge.contract.inspection import Fault, FaultCode
from edge.footage.frames import US_PER_S, runs_of
from edge.footage.mp4_index import Samples

LEAST_BYTES = 16
"""A smaller packet may be a coder's word for silence."""
_STRIDE_BYTES = 2048
"""So near to each other lie the packets that are looked at first: of packets smaller than this, one lies wholly in
every lost cluster of 4 kB. A smaller hole may be missed."""
_MOST_PACKETS = 200_000
_MOST_PLACES = 20


def zero_packets(descriptor: int, sound: Samples) -> NDArray[np.bool_]:
    """bool (n,), in decoding order: which packets of compressed sound are all zeros."""
    lost = np.zeros(len(sound.sizes), np.bool_)
    if sound.entry is None or sound.entry.codec is None:
        return lost
    order = np.argsort(sound.places, kind="stable")
    before = np.cumsum(sound.sizes[order]) // _STRIDE_BYTES
    owners = np.flatnonzero(np.diff(before, prepend=-1) > 0)
    left = _MOST_PACKETS
    for owner in owners[:_MOST_PACKETS].tolist():
        for steps in (range(owner, len(order)), range(owner - 1, -1, -1)):
            for step in steps:
                packet = int(order[step])
                if lost[packet] or left <= 0 or not _is_zeros(descriptor, sound, packet):
                    break
                lost[packet], left = True, left - 1
            if not lost[order[owner]]:
                break
    return lost


def _is_zeros(descriptor: int, sound: Samples, packet: int) -> bool:
    size, place = int(sound.sizes[packet]), int(sound.places[packet])
    if size < LEAST_BYTES or any(os.pread(descriptor, LEAST_BYTES, place)):
        return False
    data = os.pread(descriptor, min(size, 1 << 16), place)
    return len(data) > 0 and not any(data)


def faults_of_sound(
    starts_us: NDArray[np.int64], ends_us: NDArray[np.int64], lost: NDArray[np.bool_]
) -> Iterator[Fault]:
    """Where the sound is destroyed; times on the film's own time, int64 (n,), the last fault for all that follow."""
    runs = runs_of(lost)
    if len(runs) > _MOST_PLACES:
        runs = [*runs[: _MOST_PLACES - 1], (runs[_MOST_PLACES - 1][0], runs[-1][1])]
    for first, until in runs:
        yield fault_of(
            FaultCode.SOUND_HOLE,
            from_s=max(0, int(starts_us[first])) / US_PER_S,
            to_s=max(0, int(ends_us[until - 1])) / US_PER_S,
            packets=int(lost[first:until].sum()),
        )
