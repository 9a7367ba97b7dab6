"""Sizes and times of a stream's packets: from the index where the container has one, else by walking over the packets.

Digital silence and a frozen picture show in sizes alone, long before anything is decoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
import av.container
import av.stream
import numpy as np
from numpy.typing import NDArray

from edge.footage.medium import packets_of

_US_PER_S = 1_000_000
_MAX_PACKETS = 20_000_000
_CLOCK_ROUND = 1 << 33
"""The clock of a transport stream comes round; what begins a little before zero is written as a little before this."""
SAME_SIZE_CODECS = ("pcm_", "adpcm", "g72")
"""Their packets are of one size whatever is said: only decoding tells."""
_WHOLLY_INDEXED = frozenset({"mp4", "avi"})
"""Elsewhere an index holds some packets of a stream, for seeking."""
_ROUND_FORMATS = frozenset({"mpegts", "mpeg"})


@dataclass(frozen=True, slots=True)
class PacketSizes:
    """One row a packet, in the order of the file. `times_us` since the stream's first, int64; `is_key` bool.

    `first_ticks`: when that first one is, in the stream's own ticks.
    """

    times_us: NDArray[np.int64]
    bytes: NDArray[np.int64]
    is_key: NDArray[np.bool_]
    first_ticks: int = 0


def packet_sizes(medium: av.container.InputContainer, stream: av.stream.Stream) -> PacketSizes:
    """Of every packet of the stream. MP4 and AVI answer from their index; others are walked over."""
    is_indexed = _WHOLLY_INDEXED.intersection(medium.format.name.split(","))
    entries = stream.index_entries if is_indexed else None
    indexed = [] if entries is None else [(entry.timestamp, entry.size, entry.is_keyframe) for entry in entries]
    rows = [row for row in indexed if row[1] > 0]
    if len(rows) < 2:
        rows = _walked(medium, stream)
    base = stream.time_base or Fraction(1, _US_PER_S)
    times = np.array([unwrapped(row[0], stream) for row in rows], np.int64)
    first_ticks = int(times.min()) if len(times) else 0
    times = times - first_ticks
    return PacketSizes(
        times_us=np.asarray(times * float(base * _US_PER_S), np.int64),
        bytes=np.array([row[1] for row in rows], np.int64),
        is_key=np.array([row[2] for row in rows], np.bool_),
        first_ticks=first_ticks,
    )


def first_time(stream: av.stream.Stream) -> int:
    """When the stream begins, in its own ticks."""
    return unwrapped(stream.start_time or 0, stream)


def unwrapped(ticks: int, stream: av.stream.Stream) -> int:
    """The same moment on a clock that may begin below zero; other containers count on beyond 33 bits."""
    if _CLOCK_ROUND // 2 < ticks < _CLOCK_ROUND and stream.container.format.name in _ROUND_FORMATS:
        return ticks - _CLOCK_ROUND
    return ticks


def _walked(medium: av.container.InputContainer, stream: av.stream.Stream) -> list[tuple[int, int, bool]]:
    rows: list[tuple[int, int, bool]] = []
    try:
        medium.seek(0)
        for packet in packets_of(medium, stream):
            at = packet.dts if packet.dts is not None else packet.pts
            if packet.size and at is not None and len(rows) < _MAX_PACKETS:
                rows.append((at, packet.size, packet.is_keyframe))
    except av.FFmpegError:
        return rows  # the data end in the middle of a packet; what came before is there
    return rows
