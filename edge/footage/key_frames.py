"""Pictures of a file at chosen moments, by seeking through its index to key frames. Only in a limited worker.

A sample is the key frame at or before the wished moment; decoding on to an exact second would cost as much as decoding
everything. Damaged files give whatever decodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import av.container
import av.video.frame
import av.video.stream
import numpy as np
from numpy.typing import NDArray

from edge.footage.medium import packets_of
from edge.footage.packet_sizes import first_time, unwrapped

_US_PER_S = 1_000_000
_MAX_PACKETS = 4000
"""As many packets are read on from a place that was sought before it counts as holding no key frame."""
_ROUGH_FORMATS = frozenset({"mpegts", "mpeg"})
_ROUGH_US = 3 * _US_PER_S
"""Without an index a seek lands somewhere near: it begins so much earlier, and reads on to the wish."""
_FURTHER_BACK = 4
"""Where a rough seek meets no key frame before the wish it begins so many times earlier, up to the very begin."""
_BEFORE_ALL_US = -(1 << 40)
_MAX_FEED = 12
"""A decoder that gives no picture after so many packets gives none of this key frame."""
MAX_PIXELS = 64_000_000
"""A picture of more would not fit into the worker's memory beside its copies."""


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """A picture as it was recorded: BGR uint8 (h, w, 3); `at_us` since the first picture of the file."""

    at_us: int
    picture: NDArray[np.uint8]


class Pictures:
    """The pictures of one open medium. Not safe for threads."""

    def __init__(self, medium: av.container.InputContainer) -> None:
        self._medium = medium
        self._stream: av.video.stream.VideoStream = medium.streams.video[0]
        self._stream.codec_context.thread_count = 1
        self._base = self._stream.time_base or Fraction(1, _US_PER_S)
        self._is_rough = medium.format.name in _ROUGH_FORMATS
        self._first = first_time(self._stream)
        self._last_key: int | None = None

    def at(self, times_us: Iterable[int]) -> Iterator[tuple[int, KeyFrame | None]]:
        """For each wished moment that leads to a new key frame: (moment, picture), None where nothing decodes."""
        for wished_us in times_us:
            packet = self._key_packet(wished_us)
            if packet is None:
                yield wished_us, None
                continue
            key = _time_of(packet)
            if key is not None and key == self._last_key:
                continue  # a long group of pictures: this one was seen
            self._last_key = key
            frame = self._decoded(packet)
            at_us = wished_us if key is None else self._since_first_us(key)
            picture = None if frame is None else _bgr(frame)
            yield (wished_us, None) if picture is None else (wished_us, KeyFrame(at_us, picture))

    def run(self, start_us: int, *, every_us: int, count: int) -> Iterator[KeyFrame]:
        """Up to `count` pictures `every_us` apart, decoding on from the key frame at or before `start_us`."""
        if not self._seek(start_us):
            return
        due_us, given = start_us, 0
        try:
            for frame in self._medium.decode(self._stream):
                if frame.pts is None:
                    continue
                at_us = self._since_first_us(frame.pts)
                if at_us < due_us:
                    continue
                picture = _bgr(frame)
                if picture is not None:
                    yield KeyFrame(at_us, picture)
                due_us, given = at_us + every_us, given + 1
                if given >= count:
                    return
        except (av.FFmpegError, IndexError):  # the latter: a stream that begins late, see `packets_of`
            return  # torn footage: what came before it is enough to judge, or too little and is not judged
        finally:
            self._stream.codec_context.flush_buffers()
            self._last_key = None

    def _since_first_us(self, pts: int) -> int:
        return max(0, int((unwrapped(pts, self._stream) - self._first) * self._base * _US_PER_S))

    def _seek(self, at_us: int) -> bool:
        try:
            if self._is_rough and at_us == 0:
                # they land behind the very first key frame else, also where the clock comes round behind it
                self._medium.seek(_BEFORE_ALL_US, backward=True, any_frame=True)
                self._stream.codec_context.flush_buffers()
                return True
            self._medium.seek(self._first + int(at_us / _US_PER_S / self._base), stream=self._stream, backward=True)
        except av.FFmpegError:
            return False
        self._stream.codec_context.flush_buffers()
        return True

    def _key_packet(self, wished_us: int) -> av.Packet[av.video.stream.VideoStream] | None:
        """The key frame at or before the wish; where seeking is rough, the one after serves if none is before."""
        if not self._is_rough:
            return self._key_packet_from(wished_us, wished_us)
        back_us = _ROUGH_US
        while True:
            from_us = max(0, wished_us - back_us)
            packet = self._key_packet_from(from_us, wished_us)
            if not from_us or (packet is not None and self._is_before(packet, wished_us)):
                return packet
            back_us *= _FURTHER_BACK

    def _is_before(self, packet: av.Packet[av.video.stream.VideoStream], wished_us: int) -> bool:
        key = _time_of(packet)
        return key is None or self._since_first_us(key) <= wished_us

    def _key_packet_from(self, from_us: int, wished_us: int) -> av.Packet[av.video.stream.VideoStream] | None:
        before: av.Packet[av.video.stream.VideoStream] | None = None
        if not self._seek(from_us):
            return None
        try:
            for number, packet in enumerate(packets_of(self._medium, self._stream)):
                if number > _MAX_PACKETS:
                    break
                if not packet.size or not packet.is_keyframe or packet.is_corrupt:
                    continue
                key = _time_of(packet)
                if not self._is_rough or key is None:
                    return packet
                if self._since_first_us(key) > wished_us:
                    return before or packet
                before = packet
        except av.FFmpegError:
            return before
        return before

    def _decoded(self, packet: av.Packet[av.video.stream.VideoStream]) -> av.video.frame.VideoFrame | None:
        """The key frame alone: one packet, then the decoder is drained; a slow one gets a few packets more."""
        context = self._stream.codec_context
        try:
            frames = [*context.decode(packet), *context.decode(None)]
            if frames:
                return frames[0]
            context.flush_buffers()
            for number, following in enumerate(packets_of(self._medium, self._stream)):
                frames = context.decode(packet if number == 0 else following)
                if frames or number > _MAX_FEED:
                    break
            return frames[0] if frames else None
        except av.FFmpegError:
            return None
        finally:
            context.flush_buffers()


def _time_of(packet: av.Packet[av.video.stream.VideoStream]) -> int | None:
    return packet.pts if packet.pts is not None else packet.dts


def _bgr(frame: av.video.frame.VideoFrame) -> NDArray[np.uint8] | None:
    if frame.width * frame.height > MAX_PIXELS:
        return None
    return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
