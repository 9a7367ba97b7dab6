"""The times of the frames that are really there: from an MP4 index, or by walking over the packets."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av.container
import av.video.stream
import numpy as np
from numpy.typing import NDArray

from edge.footage.holes import usual_delta_us
from edge.footage.mp4_index import Samples

_US_PER_S = 1_000_000
_LONGEST_LAST_US = _US_PER_S
MAX_FRAMES = 20_000_000
"""Three days at 60 frames per second; more is no recording."""


@dataclass(frozen=True, slots=True)
class Frames:
    """`times_us`: int64 (n,), microseconds since the first frame, rising. `media_us`: until the last frame has ended.

    `lost`: frames the index names beyond the end of the file. `corrupt`: packets the demuxer flags as torn.
    `promised_us`: the length the header states. `timeless`: frames that are there and carry no time.
    """

    times_us: NDArray[np.int64]
    media_us: int
    promised_us: int | None
    lost: int = 0
    corrupt: int = 0
    timeless: int = 0


def frames_of_index(samples: Samples, size_bytes: int) -> Frames:
    """Frames of an MP4 by its index alone, in the order in which they are shown.

    What is decoded after the first frame that is not wholly in the file is lost, and so is all that is shown from the
    first lost one on.
    """
    base = Fraction(1, samples.ticks_per_s)
    beyond = np.flatnonzero(samples.places + samples.sizes > size_bytes)
    count, there = len(samples.sizes), int(beyond[0]) if len(beyond) else len(samples.sizes)
    promised_us = round(samples.length_ticks * base * _US_PER_S)
    if there < count:
        lost_from = samples.shown[there:].min()
        kept = np.sort(samples.shown[:there][samples.shown[:there] < lost_from])
        times_us = _scaled(np.append(kept, lost_from), base)
        return Frames(times_us[:-1], int(times_us[-1]), promised_us, lost=count - there)
    times_us = _scaled(np.sort(samples.shown), base)
    if len(times_us):
        last_lasts_us = promised_us - int(times_us[-1])
        if 0 < last_lasts_us <= 3 * usual_delta_us(times_us) + _LONGEST_LAST_US:
            return Frames(times_us, promised_us, promised_us)
    return Frames(times_us, _end_us(times_us), promised_us)  # a last frame of an hour is a claim, no footage


def demuxed_frames(medium: av.container.InputContainer, stream: av.video.stream.VideoStream) -> Frames:
    """Frames by walking over all packets of the stream; torn ones are counted and left out."""
    times: list[int] = []
    corrupt = timeless = 0
    try:
        for packet in medium.demux(stream):
            if packet.size == 0 or len(times) >= MAX_FRAMES:
                continue
            if packet.is_corrupt:
                corrupt += 1
            elif packet.pts is not None or packet.dts is not None:
                times.append(packet.pts if packet.pts is not None else (packet.dts or 0))
            else:
                timeless += 1
    except av.FFmpegError:
        corrupt += 1  # the data end in the middle of a packet; what came before is there
    base = stream.time_base or Fraction(1, _US_PER_S)
    times_us = _scaled(np.sort(np.asarray(times, dtype=np.int64)), base)
    promised_us = None if medium.duration is None else int(medium.duration)
    return Frames(times_us, _end_us(times_us), promised_us, corrupt=corrupt, timeless=timeless)


def sound_length_us(medium: av.container.InputContainer) -> int | None:
    """How long a file without a picture lasts, as its header says."""
    return None if medium.duration is None else max(0, int(medium.duration))


def _scaled(times: NDArray[np.int64], base: Fraction) -> NDArray[np.int64]:
    if not len(times):
        return times
    since_first = (times - times[0]).astype(np.float64)
    scaled: NDArray[np.int64] = np.rint(since_first * float(base * _US_PER_S)).astype(np.int64)
    return scaled


def _end_us(times_us: NDArray[np.int64]) -> int:
    return int(times_us[-1]) + usual_delta_us(times_us) if len(times_us) else 0
