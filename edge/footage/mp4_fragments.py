"""The fragments of an MP4: runs of samples that continue the tracks of the header.

Source: ISO/IEC 14496-12, 8.8.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.footage.boxes import IndexDamagedError, boxes_inside, number_at, only_box, version_of
from edge.footage.mp4_tables import MAX_SAMPLES, Ints
from edge.footage.sample_entry import SampleEntry

_TFHD = ((0x1, "base", 8), (0x2, "description", 4), (0x8, "duration", 4), (0x10, "size", 4), (0x20, "flags", 4))
_FROM_MOOF = 0x020000
"""Places count from the fragment; without it from the end of the track before in the same fragment."""
_TRUN = (0x100, 0x200, 0x400, 0x800)
"""Which columns a run has: duration, size, flags, composition offset."""
_NO_KEY = 0x00010000
"""The flag of a sample that cannot be shown without another."""


@dataclass(slots=True)
class Track:
    """A track as it grows, header first, then fragment by fragment."""

    number: int
    handler: bytes
    ticks_per_s: int
    stated_ticks: int | None = None
    delay_us: int = 0
    entry: SampleEntry | None = None
    decoded_until: int = 0
    count: int = 0
    defaults: dict[str, int] = field(default_factory=dict)
    parts: list[tuple[Ints, Ints, Ints, Ints, NDArray[np.bool_]]] = field(default_factory=list)

    def add(self, durations: Ints, offsets: Ints, sizes: Ints, places: Ints, is_key: NDArray[np.bool_]) -> None:
        """Add samples behind those that are there. Raises IndexDamagedError where there are too many."""
        self.count += len(sizes)
        if self.count > MAX_SAMPLES:
            raise IndexDamagedError(why="counts_differ", detail=f"more than {MAX_SAMPLES} samples")
        decoded = self.decoded_until + np.cumsum(durations) - durations
        self.decoded_until += int(durations.sum())
        self.parts.append((decoded, offsets, sizes, places, is_key))

    def columns(self) -> tuple[Ints, Ints, Ints, Ints, NDArray[np.bool_]]:
        """Decoding times, composition offsets, sizes, places, keys of all samples."""
        if len(self.parts) == 1:
            return self.parts[0]
        none = np.empty(0, np.int64)
        parts = self.parts or [(none, none, none, none, np.empty(0, np.bool_))]
        decoded, offsets, sizes, places, is_key = (np.concatenate(column) for column in zip(*parts, strict=True))
        return decoded, offsets, sizes, places, is_key


def take_fragment(moof: memoryview, moof_at: int, tracks: list[Track], size_bytes: int) -> None:
    """Add the samples of a fragment to its tracks. Raises IndexDamagedError."""
    by_number = {track.number: track for track in tracks}
    base = moof_at
    for _, traf in boxes_inside(moof, frozenset({b"traf"})):
        header = only_box(traf, b"tfhd")
        track = None if header is None else by_number.get(number_at(header, 4))
        if header is None or track is None:
            continue
        at, values, flags = 8, dict(track.defaults), number_at(header, 0) & 0xFFFFFF
        if flags & _FROM_MOOF:
            base = moof_at
        for bit, name, length in _TFHD:
            if flags & bit:
                values[name] = number_at(header, at, length)
                at += length
        base = values.pop("base", base)
        decode = only_box(traf, b"tfdt")
        if decode is not None:
            track.decoded_until = number_at(decode, 4, 8 if version_of(decode) else 4)
        for _, run in boxes_inside(traf, frozenset({b"trun"})):
            if number_at(run, 4) > size_bytes:
                raise IndexDamagedError(why="counts_differ", detail="a run of more samples than the file has bytes")
            base = _take_run(track, run, base, values)


def _take_run(track: Track, run: memoryview, base: int, values: dict[str, int]) -> int:
    """Add the samples of a run; where the next run of the same fragment begins."""
    flags, count = number_at(run, 0) & 0xFFFFFF, number_at(run, 4)
    at, begin = 8, base
    if flags & 0x1:
        begin = base + int.from_bytes(run[8:12], "big", signed=True)
        at += 4
    first_flags = number_at(run, at) if flags & 0x4 else None
    at += 4 if flags & 0x4 else 0
    has = [bool(flags & bit) for bit in _TRUN]
    width = 4 * sum(has)
    if count > MAX_SAMPLES or at + count * width > len(run):
        raise IndexDamagedError(why="box_does_not_fit", detail=f"a run of {count} samples in {len(run)} bytes")
    rows = np.frombuffer(run, ">u4", count * sum(has), at).reshape(count, sum(has)).astype(np.int64)
    column = iter(range(sum(has)))
    durations, sizes, marks, offsets = (rows[:, next(column)] if present else None for present in has)
    durations = np.full(count, values.get("duration", 0), np.int64) if durations is None else durations
    sizes = np.full(count, values.get("size", 0), np.int64) if sizes is None else sizes
    marks = np.full(count, values.get("flags", 0), np.int64) if marks is None else marks
    if first_flags is not None and count:
        marks = np.concatenate([[first_flags], marks[1:]])
    if offsets is None:
        offsets = np.zeros(count, np.int64)
    else:  # version 0 with signed numbers is widespread
        offsets = np.where(offsets >= 1 << 31, offsets - (1 << 32), offsets)
    track.add(durations, offsets, sizes, begin + np.cumsum(sizes) - sizes, (marks & _NO_KEY) == 0)
    return begin + int(sizes.sum())
