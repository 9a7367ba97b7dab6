"""The boxes of an MP4 file, and the tables inside them. Bounded: nothing is made before it is known to fit.

Source: ISO/IEC 14496-12, 4.2 (a box is size, type, payload; size 1: 64 bits follow; size 0: to the end of the file).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_HEADER_BYTES = 256 << 20
_MAX_BOXES = 200_000
MAX_NUMBER = 1 << 61
"""What can still be added to without leaving 64 bits."""


class IndexDamagedError(Exception):
    """The tables of the index contradict each other or their boxes; another reader may still find something.

    `why` is a code with words in `contract/fault_sentences.py`; `detail` says which number did not fit.
    """

    def __init__(self, *, why: str, detail: str) -> None:
        super().__init__(f"the index cannot be believed: {detail}")
        self.why, self.detail = why, detail


class Box(NamedTuple):
    """A box of the file: its type, first byte, first byte of its payload, and end, which may lie beyond the file."""

    kind: bytes
    at: int
    payload_at: int
    end: int


@dataclass(frozen=True, slots=True)
class TopLevel:
    """What a walk over the top level found. `broken_at`: the first byte that begins no box; None where all do."""

    boxes: tuple[Box, ...]
    size_bytes: int
    broken_at: int | None

    @property
    def beyond_bytes(self) -> int:
        """How many bytes are promised that the file does not hold."""
        return max((box.end - self.size_bytes for box in self.boxes[-1:]), default=0)

    def has(self, kind: bytes, *, whole: bool = False) -> bool:
        """Whether there is a box of that type, at least one of them wholly in the file."""
        return any(box.kind == kind and (not whole or box.end <= self.size_bytes) for box in self.boxes)


def walk_top_level(descriptor: int, size_bytes: int, start: int = 0) -> TopLevel:
    """Read the headers of the boxes from `start` on, at most 200,000 of them."""
    boxes: list[Box] = []
    at, broken_at = start, None
    while at < size_bytes and len(boxes) < _MAX_BOXES:
        header = os.pread(descriptor, 16, at)
        found = _box(header, size_bytes - at)
        if found is None or not _is_box_type(header[4:8]):
            broken_at = at
            break
        kind, head_bytes, length = found
        boxes.append(Box(kind, at, at + head_bytes, at + length))
        at += length
    return TopLevel(tuple(boxes), size_bytes, broken_at)


def _is_box_type(kind: bytes) -> bool:
    return all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in kind)


def _box(header: bytes, left_bytes: int) -> tuple[bytes, int, int] | None:
    """(type, length of the header, length of the box)."""
    if len(header) < 8:
        return None
    length, head_bytes = int.from_bytes(header[:4], "big"), 8
    if length == 0:
        length = left_bytes
    elif length == 1:
        length, head_bytes = int.from_bytes(header[8:16], "big"), 16
    return (header[4:8], head_bytes, length) if head_bytes <= length < MAX_NUMBER else None


def read_payload(descriptor: int, box: Box) -> memoryview:
    """The bytes of a header box. Raises IndexDamagedError where it claims more than 256 MiB."""
    length = box.end - box.payload_at
    if length > MAX_HEADER_BYTES:
        raise IndexDamagedError(why="box_does_not_fit", detail=f"it claims {length} bytes")
    return memoryview(os.pread(descriptor, length, box.payload_at))


def boxes_inside(data: memoryview, kinds: frozenset[bytes] | None = None) -> Iterator[tuple[bytes, memoryview]]:
    """The boxes of these types inside a payload; all of them where none are named."""
    at = 0
    while at + 8 <= len(data):
        found = _box(bytes(data[at : at + 16]), len(data) - at)
        if found is None or at + found[2] > len(data):
            raise IndexDamagedError(why="box_does_not_fit", detail=f"a box inside it does not fit at byte {at}")
        kind, head_bytes, length = found
        if kinds is None or kind in kinds:
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
        raise IndexDamagedError(why="box_does_not_fit", detail="a table ends before its numbers do")
    value = int.from_bytes(data[at : at + length], "big")
    if value > MAX_NUMBER:
        raise IndexDamagedError(why="tables_contradict", detail=f"a place or time of {value}")
    return value


def version_of(data: memoryview) -> int:
    """The version of a full box."""
    return number_at(data, 0, 1)


class TableBomb(NamedTuple):
    """A table whose count is more than its box, or its samples, can hold."""

    table: str
    claimed: int
    fitting: int


def table_of(
    data: memoryview | None,
    columns: int,
    bombs: list[TableBomb],
    *,
    name: str,
    kind: str = ">u4",
    head_bytes: int = 8,
) -> NDArray[np.int64]:
    """The rows of a table whose count stands before them: int64 (n, columns).

    A count that the box cannot hold is noted in `bombs`, and the rows that fit are read: the box itself says how many.
    """
    if data is None:
        return np.empty((0, columns), np.int64)
    count = number_at(data, head_bytes - 4)
    fitting = (len(data) - head_bytes) // (np.dtype(kind).itemsize * columns)
    if count > fitting:
        bombs.append(TableBomb(name, count, fitting))
        count = fitting
    rows = np.frombuffer(data, kind, count * columns, head_bytes)
    return rows.reshape(count, columns).astype(np.int64)
