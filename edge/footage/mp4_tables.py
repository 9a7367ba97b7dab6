"""The tables of one track of an MP4: how long each sample lasts, when it is shown, how large it is, where it lies.

Every table is bounded by its box and by the number of samples. What is contradictory but can still be read is noted;
what cannot be read raises. Source: ISO/IEC 14496-12, 8.6 and 8.7.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.footage.boxes import MAX_NUMBER, IndexDamagedError, TableBomb, boxes_inside, number_at, table_of, version_of

MAX_SAMPLES = 6_000_000
"""A day at 60 frames per second; the tables of more would not fit into a worker's memory."""
_TOLERATED_RUN = 1
"""One entry more or less than there are samples is a habit of writers, no damage."""
Ints = NDArray[np.int64]
_TABLES = frozenset({b"stsd", b"stts", b"ctts", b"stsz", b"stz2", b"stsc", b"stco", b"co64", b"stss"})


_FURTHEST = 64
"""Samples of one size can promise this many times the bytes of a file that was cut; more of them are a bomb."""


@dataclass(slots=True)
class Doubts:
    """What was noted while an index was read and did not stop the reading. `size_bytes`: of the file."""

    size_bytes: int
    bombs: list[TableBomb] = field(default_factory=list)
    contradictions: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Tables:
    """One row a sample, in decoding order: durations and offsets in ticks, sizes and places in bytes.

    Of sound in samples of one size there is one row a chunk, lasting as long as its samples: there may be millions.
    """

    durations: Ints
    offsets: Ints
    sizes: Ints
    places: Ints
    is_key: NDArray[np.bool_]
    description: memoryview | None


def read_tables(data: memoryview, doubts: Doubts) -> Tables:
    """The tables inside a sample table box. Raises IndexDamagedError."""
    found: dict[bytes, memoryview] = {}
    for kind, payload in boxes_inside(data, _TABLES):
        found.setdefault(kind, payload)
    sizes = _sizes(found, doubts)
    count = len(sizes)
    runs = table_of(found.get(b"stts"), 2, doubts.bombs, name="stts")
    durations = _spread(runs, count, "stts", doubts)
    if len(durations) < count:
        raise IndexDamagedError(why="counts_differ", detail=f"times for {len(durations)} of {count} samples")
    composed = found.get(b"ctts")
    kind_of_offset = ">i4" if composed is not None and version_of(composed) else ">u4"
    offset_runs = table_of(composed, 2, doubts.bombs, name="ctts", kind=kind_of_offset)
    if kind_of_offset == ">u4":  # version 0 with signed numbers is widespread
        offset_runs[:, 1] = offset_runs[:, 1].astype(np.int32)
    else:
        offset_runs[:, 0] &= 0xFFFFFFFF
    offsets = np.zeros(count, np.int64)
    if len(offset_runs):
        spread = _spread(offset_runs, count, "ctts", doubts)
        offsets[: len(spread)] = spread
    places = _places(found, sizes, doubts)
    return Tables(durations, offsets, sizes, places, _keys(found, count, doubts), found.get(b"stsd"))


def _sizes(found: dict[bytes, memoryview], doubts: Doubts) -> Ints:
    data = found.get(b"stsz")
    if data is None:
        return _compact_sizes(found.get(b"stz2"))
    same, count = number_at(data, 4), number_at(data, 8)
    if not same:
        sizes = table_of(data, 1, doubts.bombs, name="stsz", head_bytes=12)[:, 0]
        return _bounded(sizes)
    fitting = min(MAX_SAMPLES, _FURTHEST * doubts.size_bytes // same)
    if count > fitting:
        doubts.bombs.append(TableBomb("stsz", count, fitting))
        raise IndexDamagedError(why="counts_differ", detail=f"{count} samples")
    return np.full(count, same, np.int64)


def _compact_sizes(data: memoryview | None) -> Ints:
    """Sizes of 8 or 16 bits; those of 4 bits are no pictures."""
    if data is None:
        raise IndexDamagedError(why="tables_contradict", detail="no sizes of samples")
    bits, count = number_at(data, 7, 1), number_at(data, 8)
    if bits not in (8, 16) or count * bits // 8 > len(data) - 12:
        raise IndexDamagedError(why="tables_contradict", detail=f"{count} sizes of {bits} bits")
    return _bounded(np.frombuffer(data, f">u{bits // 8}", count, 12).astype(np.int64))


def _bounded(sizes: Ints) -> Ints:
    if len(sizes) > MAX_SAMPLES:
        raise IndexDamagedError(why="counts_differ", detail=f"{len(sizes)} samples")
    return sizes


def _spread(runs: Ints, count: int, name: str, doubts: Doubts) -> Ints:
    """(count, value) runs as one value a sample, at most `count` of them."""
    claimed = int(runs[:, 0].sum())
    if claimed > 2 * count + 1000:
        doubts.bombs.append(TableBomb(name, claimed, count))
    elif abs(claimed - count) > _TOLERATED_RUN:
        doubts.contradictions.add("counts_differ")
    lengths = np.clip(runs[:, 0], 0, count)
    until = np.minimum(np.cumsum(lengths), count)
    return np.repeat(runs[:, 1], np.diff(until, prepend=0))


def _keys(found: dict[bytes, memoryview], count: int, doubts: Doubts) -> NDArray[np.bool_]:
    """Which samples can be shown without another; all of them where no table says."""
    data = found.get(b"stss")
    if data is None:
        return np.ones(count, np.bool_)
    numbers = table_of(data, 1, doubts.bombs, name="stss")[:, 0] - 1
    inside = (numbers >= 0) & (numbers < count)
    if not inside.all() or np.any(np.diff(numbers) <= 0):
        doubts.contradictions.add("tables_contradict")
    is_key = np.zeros(count, np.bool_)
    is_key[numbers[inside]] = True
    return is_key


def read_sound_tables(data: memoryview, doubts: Doubts) -> Tables:
    """The tables of a sound track: as above, but a chunk as one sample where all samples have one size."""
    found: dict[bytes, memoryview] = {}
    for kind, payload in boxes_inside(data, _TABLES):
        found.setdefault(kind, payload)
    stsz = found.get(b"stsz")
    if stsz is None or not number_at(stsz, 4):
        return read_tables(data, doubts)
    same, count = number_at(stsz, 4), number_at(stsz, 8)
    runs = table_of(found.get(b"stts"), 2, doubts.bombs, name="stts")
    lasting = min(int((runs[:, 0] * runs[:, 1]).sum()), MAX_NUMBER)
    chunks = _chunks(found, doubts)
    samples = _per_chunk(table_of(found.get(b"stsc"), 3, doubts.bombs, name="stsc"), len(chunks))
    samples = np.diff(np.minimum(np.cumsum(samples), count), prepend=0)
    if len(samples) != len(chunks) or int(samples.sum()) < count:
        raise IndexDamagedError(why="counts_differ", detail=f"places for {int(samples.sum())} of {count} samples")
    if count * same > _FURTHEST * doubts.size_bytes:
        doubts.bombs.append(TableBomb("stsz", count, _FURTHEST * doubts.size_bytes // same))
        raise IndexDamagedError(why="counts_differ", detail=f"{count} samples")
    durations = samples * (lasting // max(1, count))
    is_key = np.ones(len(chunks), np.bool_)
    return Tables(durations, np.zeros(len(chunks), np.int64), samples * same, chunks, is_key, found.get(b"stsd"))


def _chunks(found: dict[bytes, memoryview], doubts: Doubts) -> Ints:
    large = found.get(b"co64")
    if large is not None:
        return table_of(large, 1, doubts.bombs, name="co64", kind=">i8")[:, 0]
    return table_of(found.get(b"stco"), 1, doubts.bombs, name="stco")[:, 0]


def _places(found: dict[bytes, memoryview], sizes: Ints, doubts: Doubts) -> Ints:
    """Where each sample begins: chunks of the file hold runs of samples."""
    chunks = _chunks(found, doubts)
    runs = table_of(found.get(b"stsc"), 3, doubts.bombs, name="stsc")
    if not len(sizes):
        return sizes
    per_chunk = np.clip(_per_chunk(runs, len(chunks)), 0, len(sizes) + 1)
    claimed = int(per_chunk.sum())
    until = np.minimum(np.cumsum(per_chunk), len(sizes))
    if not len(until) or until[-1] < len(sizes):
        raise IndexDamagedError(why="counts_differ", detail=f"places for {claimed} of {len(sizes)} samples")
    if claimed - len(sizes) >= max(1, int(per_chunk[-1])):  # a last chunk that is not full is a habit of writers
        doubts.contradictions.add("counts_differ")
    chunk_of = np.repeat(np.arange(len(until)), np.diff(until, prepend=0))
    before = np.cumsum(sizes) - sizes
    first_of_chunk = np.concatenate([[0], until])[:-1]
    inside = before - before[np.minimum(first_of_chunk, len(sizes) - 1)][chunk_of]
    return np.asarray(chunks[chunk_of] + inside, np.int64)


def _per_chunk(runs: Ints, chunks: int) -> Ints:
    """How many samples each chunk holds; runs that begin behind the last chunk say nothing."""
    if not chunks or not len(runs) or runs[0, 0] != 1 or np.any(np.diff(runs[:, 0]) <= 0):
        raise IndexDamagedError(why="tables_contradict", detail="no places of samples")
    first = np.clip(runs[:, 0] - 1, 0, chunks)
    return np.repeat(runs[:, 1], np.diff(first, append=chunks))
