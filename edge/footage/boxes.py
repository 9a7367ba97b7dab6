"""The boxes of an MP4 file, and the tables inside them. Bounded: nothing is made before it is known to fit.

Source: ISO/IEC 14496-12, 4.2 (a box is size, type, payload; size 1: 64 bits follow; size 0: to the end of the file).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

MAX_HEADER_BYTES = 256 << 20
_MAX_BOXES = 200_000
MAX_NUMBER = 1 << 61
"""What can still be added to without leaving 64 bits."""


class IndexDamagedError(Exception):
    """The tables of the index contradict each other or their boxes; another reader may still find something."""

    def __init__(self, *, why: str) -> None:
        super().__init__(f"the index cannot be believed: {why}")
        self.why = why


@dataclass(frozen=True, slots=True)
class TopLevel:
    """What a walk over the top level found. `broken_at`: the first byte that begins no box; None where all do."""

    has_index: bool
    index_is_whole: bool
    ends_beyond_file_bytes: int
    broken_at: int | None

    @property
    def is_cut(self) -> bool:
        """Whether a box is promised that the file does not hold."""
        return self.ends_beyond_file_bytes > 0


def walk_top_level(file: BinaryIO, size_bytes: int) -> TopLevel:
    """Read the headers of the top-level boxes, at most 200,000 of them."""
    kinds: dict[bytes, bool] = {}
    at, beyond, broken_at = 0, 0, None
    for _ in range(_MAX_BOXES):
        if at >= size_bytes:
            break
        file.seek(at)
        header = file.read(16)
        found = _box(header, size_bytes - at)
        length = None if found is None or not _is_box_type(header[4:8]) else found[2]
        if length is None:
            broken_at = at
            break
        is_whole = at + length <= size_bytes
        kind = header[4:8]
        kinds[kind] = kinds.get(kind, True) and is_whole
        beyond = max(beyond, at + length - size_bytes)
        at += length
    return TopLevel(
        has_index=b"moov" in kinds,
        index_is_whole=kinds.get(b"moov", False),
        ends_beyond_file_bytes=beyond,
        broken_at=broken_at,
    )


def _is_box_type(kind: bytes) -> bool:
    return all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in kind)


def boxes_of_file(descriptor: int, at: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """(type, first byte, first byte of the payload, end) of the boxes of the file that are wholly there."""
    for _ in range(_MAX_BOXES):
        header = os.pread(descriptor, 16, at)
        found = _box(header, end - at)
        if found is None or at + found[2] > end:
            return
        kind, head_bytes, length = found
        yield kind, at, at + head_bytes, at + length
        at += length


def _box(header: bytes, left_bytes: int) -> tuple[bytes, int, int] | None:
    """(type, length of the header, length of the box)."""
    if len(header) < 8:
        return None
    length, head_bytes = int.from_bytes(header[:4], "big"), 8
    if length == 0:
        length = left_bytes
    elif length == 1:
        length, head_bytes = int.from_bytes(header[8:16], "big"), 16
    return (header[4:8], head_bytes, length) if length >= head_bytes else None


def read_payload(descriptor: int, start: int, end: int) -> memoryview:
    """The bytes of a header box. Raises IndexDamagedError where it claims more than 256 MiB."""
    if end - start > MAX_HEADER_BYTES:
        raise IndexDamagedError(why=f"it claims {end - start} bytes")
    return memoryview(os.pread(descriptor, end - start, start))


def boxes_inside(data: memoryview, kinds: frozenset[bytes]) -> Iterator[tuple[bytes, memoryview]]:
    """The boxes of these types inside a payload."""
    at = 0
    while at + 8 <= len(data):
        found = _box(bytes(data[at : at + 16]), len(data) - at)
        if found is None or at + found[2] > len(data):
            raise IndexDamagedError(why=f"a box inside it does not fit at byte {at}")
        kind, head_bytes, length = found
        if kind in kinds:
            yield kind, data[at + head_bytes : at + length]
        at += length


def only_box(data: memoryview, *path: bytes) -> memoryview | None:
    """The payload of the first box at the path of types; None where there is none."""
    for kind in path:
        data_or_none = next((payload for _, payload in boxes_inside(data, frozenset({kind}))), None)
        if data_or_none is None:
            return None
        data = data_or_none
    return data


def number_at(data: memoryview, at: int, length: int = 4) -> int:
    """An unsigned number of `length` bytes. Raises IndexDamagedError where it is cut off or cannot be meant."""
    if at + length > len(data):
        raise IndexDamagedError(why="a table ends before its numbers do")
    value = int.from_bytes(data[at : at + length], "big")
    if value > MAX_NUMBER:
        raise IndexDamagedError(why=f"a place or time of {value}")
    return value


def version_of(data: memoryview) -> int:
    """The version of a full box."""
    return number_at(data, 0, 1)


def table_of(data: memoryview | None, columns: int, kind: str = ">u4", head_bytes: int = 8) -> NDArray[np.int64]:
    """The rows of a table whose count stands before them: int64 (n, columns); bounded by the box itself."""
    if data is None:
        return np.empty((0, columns), np.int64)
    count = number_at(data, head_bytes - 4)
    width = np.dtype(kind).itemsize * columns
    if head_bytes + count * width > len(data):
        raise IndexDamagedError(why=f"a table of {count} rows in {len(data)} bytes")
    rows = np.frombuffer(data, kind, count * columns, head_bytes)
    return rows.reshape(count, columns).astype(np.int64)
