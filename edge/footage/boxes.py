"""The top level of an MP4 file: which boxes there are and whether they end inside the file. Bounded, index only.

Source: ISO/IEC 14496-12, 4.2 (a box is size, type, payload; size 1: 64 bits follow; size 0: to the end of the file).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

_MAX_BOXES = 200_000


@dataclass(frozen=True, slots=True)
class TopLevel:
    """What a walk over the top level found. `broken_at`: the first byte that begins no box; None where all do."""

    has_index: bool
    index_is_whole: bool
    is_fragmented: bool
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
        length = _box_length(header, size_bytes - at)
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
        is_fragmented=b"moof" in kinds,
        ends_beyond_file_bytes=beyond,
        broken_at=broken_at,
    )


def _box_length(header: bytes, left_bytes: int) -> int | None:
    if len(header) < 8 or not _is_box_type(header[4:8]):
        return None
    length = int.from_bytes(header[:4], "big")
    if length == 0:
        return left_bytes
    if length == 1:
        length = int.from_bytes(header[8:16], "big") if len(header) == 16 else 0
    return length if length >= 8 else None


def _is_box_type(kind: bytes) -> bool:
    return all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in kind)
