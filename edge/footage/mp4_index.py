"""The index of an MP4 file, whole or fragmented: when each sample is shown, how large it is and where it lies.

Only headers and tables are read, never the footage, and no table is made before it is known to fit: a count must be
covered by the bytes of its box, a run by the number of samples. Source: ISO/IEC 14496-12, 8.1 to 8.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.footage.boxes import (
    MAX_NUMBER,
    IndexDamagedError,
    boxes_inside,
    boxes_of_file,
    number_at,
    only_box,
    read_payload,
    table_of,
    version_of,
)

MAX_SAMPLES = 6_000_000
"""A day at 60 frames per second; the tables of more would not fit into a worker's memory."""
_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one track in decoding order, all int64 (n,). Times in ticks of `ticks_per_s`.

    `shown` = decoding time + composition offset. `length_ticks`: how long the samples last together.
    """

    handler: bytes
    ticks_per_s: int
    shown: _Ints
    sizes: _Ints
    places: _Ints
    length_ticks: int


@dataclass(slots=True)
class _Track:
    number: int = 0
    handler: bytes = b""
    ticks_per_s: int = 0
    decoded_until: int = 0
    defaults: dict[str, int] = field(default_factory=dict)
    offsets: list[_Ints] = field(default_factory=list)
    starts: list[_Ints] = field(default_factory=list)
    sizes: list[_Ints] = field(default_factory=list)
    places: list[_Ints] = field(default_factory=list)


def read_index(descriptor: int, size_bytes: int) -> list[Samples]:
    """The tracks of an open file, in the order of its header. Raises IndexDamagedError."""
    tracks: list[_Track] = []
    for kind, box_at, start, end in boxes_of_file(descriptor, 0, size_bytes):
        if kind == b"moov":
            tracks = list(_tracks(read_payload(descriptor, start, end)))
        elif kind == b"moof":
            _take_fragment(read_payload(descriptor, start, end), box_at, tracks)
    return [_samples(track) for track in tracks if track.ticks_per_s > 0]


# ------------------------------------------------------------------ the header
def _tracks(moov: memoryview) -> Iterator[_Track]:
    extends: dict[int, memoryview] = {}
    mvex = only_box(moov, b"mvex")
    for _, trex in boxes_inside(mvex, frozenset({b"trex"})) if mvex is not None else ():
        extends[number_at(trex, 4)] = trex
    for _, trak in boxes_inside(moov, frozenset({b"trak"})):
        header, media, handler = (only_box(trak, *path) for path in _PATHS)
        tables = only_box(trak, b"mdia", b"minf", b"stbl")
        if header is None or media is None or handler is None or tables is None:
            continue
        track = _Track(number_at(header, 20 if version_of(header) else 12), bytes(handler[8:12]))
        if track.handler not in _HANDLERS:
            continue
        track.ticks_per_s = number_at(media, 20 if version_of(media) else 12)
        trex_or_none = extends.get(track.number)
        if trex_or_none is not None:
            track.defaults = {"duration": number_at(trex_or_none, 12), "size": number_at(trex_or_none, 16)}
        _take_tables(track, tables)
        yield track


_HANDLERS = frozenset({b"vide", b"soun"})
_PATHS = ((b"tkhd",), (b"mdia", b"mdhd"), (b"mdia", b"hdlr"))


def _take_tables(track: _Track, tables: memoryview) -> None:
    sizes = _sizes(only_box(tables, b"stsz"))
    count = len(sizes)
    durations = _spread(table_of(only_box(tables, b"stts"), 2), count)
    if len(durations) < count:
        raise IndexDamagedError(why=f"times for {len(durations)} of {count} samples")
    composed = only_box(tables, b"ctts")
    offsets = _spread(table_of(composed, 2, ">i4" if composed is not None and version_of(composed) else ">u4"), count)
    places = _places(tables, sizes)
    _add(track, durations, offsets, sizes, places)


def _sizes(data: memoryview | None) -> _Ints:
    if data is None:
        raise IndexDamagedError(why="no sizes of samples")
    same, count = number_at(data, 4), number_at(data, 8)
    if count > MAX_SAMPLES:
        raise IndexDamagedError(why=f"{count} samples")
    return np.full(count, same, np.int64) if same else table_of(data, 1, head_bytes=12)[:, 0]


def _spread(runs: NDArray[np.int64], count: int) -> _Ints:
    """(count, value) runs as one value a sample, at most `count` of them."""
    lengths = np.clip(runs[:, 0], 0, count)
    until = np.minimum(np.cumsum(lengths), count)
    return np.repeat(runs[:, 1], np.diff(until, prepend=0))


def _places(tables: memoryview, sizes: _Ints) -> _Ints:
    """Where each sample begins: chunks of the file hold runs of samples."""
    chunks = table_of(only_box(tables, b"stco"), 1)[:, 0]
    large = only_box(tables, b"co64")
    if large is not None:
        chunks = table_of(large, 1, ">i8")[:, 0]
    runs = table_of(only_box(tables, b"stsc"), 3)
    if not len(sizes):
        return sizes
    if not len(chunks) or not len(runs) or runs[0, 0] != 1 or np.any(np.diff(runs[:, 0]) <= 0):
        raise IndexDamagedError(why="no places of samples")
    per_chunk = _spread(np.column_stack([np.diff(runs[:, 0], append=len(chunks) + 1), runs[:, 1]]), len(chunks))
    per_chunk = np.clip(per_chunk, 0, len(sizes))
    until = np.minimum(np.cumsum(per_chunk), len(sizes))
    if not len(until) or until[-1] < len(sizes):
        raise IndexDamagedError(why=f"places for {until[-1] if len(until) else 0} of {len(sizes)} samples")
    chunk_of = np.repeat(np.arange(len(until)), np.diff(until, prepend=0))
    before = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    first_of_chunk = np.concatenate([[0], until])[:-1]
    inside = before - before[np.minimum(first_of_chunk, len(sizes) - 1)][chunk_of]
    return np.asarray(chunks[chunk_of] + inside, np.int64)


# ------------------------------------------------------------------ fragments
def _take_fragment(moof: memoryview, moof_at: int, tracks: list[_Track]) -> None:
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
            base = _take_run(track, run, base, values)


_TFHD = ((0x1, "base", 8), (0x2, "description", 4), (0x8, "duration", 4), (0x10, "size", 4), (0x20, "flags", 4))
_FROM_MOOF = 0x020000
"""Places count from the fragment; without it from the end of the track before in the same fragment."""
_TRUN = (0x100, 0x200, 0x400, 0x800)
"""Which columns a run has: duration, size, flags, composition offset."""


def _take_run(track: _Track, run: memoryview, base: int, values: dict[str, int]) -> int:
    """Add the samples of a run; where the next run of the same fragment begins."""
    flags, count = number_at(run, 0) & 0xFFFFFF, number_at(run, 4)
    at, begin = 8, base
    if flags & 0x1:
        begin = base + int.from_bytes(run[8:12], "big", signed=True)
        at += 4
    at += 4 if flags & 0x4 else 0
    has = [bool(flags & bit) for bit in _TRUN]
    width = 4 * sum(has)
    if count > MAX_SAMPLES or at + count * width > len(run):
        raise IndexDamagedError(why=f"a run of {count} samples in {len(run)} bytes")
    rows = np.frombuffer(run, ">u4", count * sum(has), at).reshape(count, sum(has)).astype(np.int64)
    column = iter(range(sum(has)))
    durations, sizes, _, offsets = (rows[:, next(column)] if present else None for present in has)
    durations = np.full(count, values.get("duration", 0), np.int64) if durations is None else durations
    sizes = np.full(count, values.get("size", 0), np.int64) if sizes is None else sizes
    if offsets is None:
        offsets = np.zeros(count, np.int64)
    elif version_of(run):
        offsets = np.where(offsets >= 1 << 31, offsets - (1 << 32), offsets)
    _add(track, durations, offsets, sizes, begin + np.cumsum(sizes) - sizes)
    return begin + int(sizes.sum())


# ------------------------------------------------------------------ together
def _add(track: _Track, durations: _Ints, offsets: _Ints, sizes: _Ints, places: _Ints) -> None:
    if sum(map(len, track.sizes)) + len(sizes) > MAX_SAMPLES:
        raise IndexDamagedError(why=f"more than {MAX_SAMPLES} samples")
    track.starts.append(track.decoded_until + np.cumsum(durations) - durations)
    track.decoded_until += int(durations.sum())
    track.offsets.append(offsets if len(offsets) == len(sizes) else np.resize(np.append(offsets, 0), len(sizes)))
    track.sizes.append(sizes)
    track.places.append(places)


def _samples(track: _Track) -> Samples:
    starts, offsets, sizes, places = (
        np.concatenate(parts) if parts else np.empty(0, np.int64)
        for parts in (track.starts, track.offsets, track.sizes, track.places)
    )
    if np.any((places < 0) | (places > MAX_NUMBER)):
        raise IndexDamagedError(why="samples that lie nowhere")
    first = int(starts[0]) if len(starts) else 0
    return Samples(
        track.handler, track.ticks_per_s, starts + offsets, sizes, places, max(0, track.decoded_until - first)
    )
