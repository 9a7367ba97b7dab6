"""Which pictures of an MP4 are destroyed though its index names them: a walk over the lengths of their NAL units.

A picture of H.264 or H.265 is a chain of units, each with its length before it, that ends exactly where the index says
it ends. Zeros break that chain; and since such a unit never holds three zero bytes in a row (emulation prevention), a
run of zeros inside one is destruction too. What changes bytes without breaking a chain (a flipped bit in a slice) is
not found here; only the file's hash tells that. Read with `pread` into one buffer: a mapped file would count as memory.

Source: ISO/IEC 14496-15, 4.3.3; ITU-T H.264, 7.3.1 and 7.4.1; H.265, 7.3.1.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.footage.mp4_index import Samples

_WINDOW_BYTES = 1 << 20
_MARGIN = 16
_STRIDE = 32
"""Every 32nd word of eight bytes is looked at: a run of 263 zeros is always met, so every lost sector of a card."""
_FEW = 48
"""So many pictures in one window are followed one by one; numpy costs more than it saves."""
_JOIN_BYTES = 1 << 16
"""What lies between two pictures and is read along with them; sound, mostly."""
_MAX_UNITS = 1000
"""In one picture; cameras make a few, a slice for every row of blocks at most some hundred."""
_START_CODE = b"\0\0\0\1"
_HEADS = {"mjpeg": b"\xff\xd8", "mpeg4": b"\0\0\1"}
_NOWHERE = int(np.iinfo(np.int64).max)
_Ints = NDArray[np.int64]
_Bools = NDArray[np.bool_]


class Destroyed(NamedTuple):
    """bool (n,) each, in decoding order: which samples are destroyed, and which of them by zeros."""

    samples: _Bools
    by_zeros: _Bools


def destroyed_samples(descriptor: int, samples: Samples, there: _Bools) -> Destroyed:
    """Which of the samples that are `there`, wholly inside the file, are destroyed."""
    entry = samples.entry
    destroyed, by_zeros = np.zeros(len(samples.sizes), np.bool_), np.zeros(len(samples.sizes), np.bool_)
    chosen = np.flatnonzero(there & (samples.sizes > 0))
    if entry is None or not len(chosen):
        return Destroyed(destroyed, by_zeros)
    chosen = chosen[np.argsort(samples.places[chosen], kind="stable")]
    places, sizes = samples.places[chosen], samples.sizes[chosen]
    if entry.length_bytes and not _has_start_codes(descriptor, places):
        walk = _Walk(descriptor, places, sizes, entry.length_bytes, entry.codec == "hevc")
        destroyed[chosen], by_zeros[chosen] = walk.run()
    elif not entry.length_bytes:
        destroyed[chosen] = _headless(descriptor, places, sizes, _HEADS.get(entry.codec or "", b""))
    return Destroyed(destroyed, by_zeros)


def _has_start_codes(descriptor: int, places: _Ints) -> bool:
    """Whether a writer put start codes where lengths belong, as some cameras do; such a chain cannot be walked."""
    looked_at = places[:: max(1, len(places) // 8)]
    return sum(os.pread(descriptor, 4, int(place)) == _START_CODE for place in looked_at) * 2 > len(looked_at)


def _headless(descriptor: int, places: _Ints, sizes: _Ints, head: bytes) -> _Bools:
    """Pictures of other codecs: those that do not begin as they must, or begin with nothing but zeros."""
    bad = np.zeros(len(places), np.bool_)
    for number, (place, size) in enumerate(zip(places.tolist(), sizes.tolist(), strict=True)):
        begin = os.pread(descriptor, min(size, 64), place)
        bad[number] = (len(begin) >= len(head) and not begin.startswith(head)) or (size >= 64 and not any(begin))
    return bad


class _Walk:
    """One pass over the pictures in the order in which they lie in the file."""

    def __init__(self, descriptor: int, places: _Ints, sizes: _Ints, length_bytes: int, is_h265: bool) -> None:
        self._descriptor, self._length_bytes, self._is_h265 = descriptor, length_bytes, is_h265
        self._places, self._ends = places, places + sizes
        self._cursors = places.copy()
        self._open = np.ones(len(places), np.bool_)
        self._bad = self._open
        self._units = np.zeros(len(places), np.int32)
        self._zeros_at = np.full(len(places), _NOWHERE)
        self._broken_at = np.full(len(places), _NOWHERE)
        window_bytes = min(_WINDOW_BYTES, int(self._ends.max() - places[0]))
        self._bytes = memoryview(bytearray(window_bytes + _MARGIN))
        self._buffer = np.frombuffer(self._bytes, np.uint8)

    def run(self) -> tuple[_Bools, _Bools]:
        """Which are destroyed, and which of them by zeros; bool (n,), in the order of their places."""
        for begin, end, first, until in _windows(self._places, self._ends):
            got = os.preadv(self._descriptor, [self._bytes[: end - begin]], begin)
            self._buffer[got : end - begin + _MARGIN] = 0
            self._note_zeros(begin, got)
            is_last = end - begin < _WINDOW_BYTES
            self._follow(begin, end if is_last else end - _MARGIN, first, until)
        self._bad = self._open | (self._broken_at < _NOWHERE) | (self._zeros_at < _NOWHERE)
        self._settle_padding()
        return self._bad, self._bad & (self._zeros_at < _NOWHERE)

    def _note_zeros(self, begin: int, got: int) -> None:
        words = self._buffer[: got // 8 * 8].view(np.uint64)[::_STRIDE]
        hits = np.flatnonzero(words == 0)
        if not len(hits):
            return
        at = begin + hits * (8 * _STRIDE)
        owners = np.searchsorted(self._places, at, "right") - 1
        inside = (owners >= 0) & (at + 8 <= self._ends[owners])
        np.minimum.at(self._zeros_at, owners[inside], at[inside])

    def _follow(self, begin: int, limit: int, first: int, until: int) -> None:
        """Go along the chains of the samples [first, until) as far as their lengths lie before `limit`."""
        if until - first <= _FEW:
            self._follow_few(begin, limit, first, until)
            return
        numbers = first + np.flatnonzero(self._open[first:until])
        while True:
            numbers = numbers[self._cursors[numbers] < limit]
            if not len(numbers):
                return
            at, ends = self._cursors[numbers], self._ends[numbers]
            here = at - begin
            length = self._numbers(here)
            head = self._buffer[here + self._length_bytes]
            following = at + self._length_bytes + length
            bad = (length == 0) | (following > ends) | (head >= 0x80)
            if self._is_h265:
                bad |= (self._buffer[here + self._length_bytes + 1] & 7) == 0
            self._units[numbers] += 1
            bad |= self._units[numbers] > _MAX_UNITS
            np.minimum.at(self._zeros_at, numbers[length == 0], at[length == 0])
            self._broken_at[numbers[bad]] = at[bad]
            self._cursors[numbers] = following
            self._open[numbers[bad | (following > ends - self._length_bytes - 1)]] = False
            numbers = numbers[self._open[numbers]]

    def _follow_few(self, begin: int, limit: int, first: int, until: int) -> None:
        """The same, one picture after the other."""
        data, length_bytes = self._bytes, self._length_bytes
        cursors, ends = self._cursors[first:until].tolist(), self._ends[first:until].tolist()
        for offset in np.flatnonzero(self._open[first:until]).tolist():
            at, end, number = cursors[offset], ends[offset], first + offset
            units = int(self._units[number])
            while at < limit:
                here = at - begin + length_bytes
                length = int.from_bytes(data[here - length_bytes : here], "big")
                following = at + length_bytes + length
                units += 1
                if (
                    not 0 < length <= end - at - length_bytes
                    or data[here] >= 0x80
                    or (self._is_h265 and not data[here + 1] & 7)
                    or units > _MAX_UNITS
                ):
                    self._broken_at[number], self._open[number] = at, False
                    if length == 0:
                        self._zeros_at[number] = min(int(self._zeros_at[number]), at)
                    break
                at = following
                if at > end - length_bytes - 1:
                    self._open[number] = False
                    break
            self._cursors[number], self._units[number] = at, units

    def _numbers(self, here: _Ints) -> _Ints:
        value = np.zeros(len(here), np.int64)
        for offset in range(self._length_bytes):
            value = (value << 8) | self._buffer[here + offset]
        return value

    def _settle_padding(self) -> None:
        """Zeros behind the last unit of a picture, to its end and not beyond, are padding; all others destroy it."""
        for number in np.flatnonzero(self._bad & (self._places < self._zeros_at) & (self._zeros_at == self._broken_at)):
            zeros_at, end = int(self._zeros_at[number]), int(self._ends[number])
            tail = os.pread(self._descriptor, end - zeros_at + _MARGIN, zeros_at)
            if not any(tail[: end - zeros_at]) and any(tail[end - zeros_at :]):
                self._bad[number] = False
        whole_until = np.flatnonzero(self._bad[1:] & ~self._bad[:-1])
        for number in whole_until:  # a hole that took the last bytes of a picture, fewer than are looked for above
            last = os.pread(self._descriptor, 1, int(self._ends[number]) - 1)
            following = os.pread(self._descriptor, 8, int(self._places[number + 1]))
            self._bad[number] = not any(last) and not any(following)


def _windows(places: _Ints, ends: _Ints) -> Iterator[tuple[int, int, int, int]]:
    """(first byte, end, first sample, end of samples) of what is to be read, in order; windows of a span overlap."""
    breaks = np.flatnonzero(places[1:] - np.maximum.accumulate(ends)[:-1] > _JOIN_BYTES) + 1
    firsts = np.concatenate([[0], breaks])
    untils = np.concatenate([breaks, [len(places)]])
    for first, until in zip(firsts.tolist(), untils.tolist(), strict=True):
        begin, end = int(places[first]), int(ends[first:until].max())
        low = first
        while begin < end:
            window_end = min(begin + _WINDOW_BYTES, end)
            high = first + int(np.searchsorted(places[first:until], window_end, "left"))
            yield begin, window_end, low, high
            if window_end == end:
                break
            begin = window_end - _MARGIN
            while low < high and ends[low] <= begin:
                low += 1
