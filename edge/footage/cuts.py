"""How many bytes a container promises beyond the end of its file."""

from __future__ import annotations

from typing import BinaryIO

from edge.domain.media_kind import HEAD_BYTES, Container
from edge.footage.boxes import walk_top_level

_SEGMENT = b"\x18\x53\x80\x67"
_TS_LENGTHS = (188, 192, 204)
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_HEADER_BYTES = 1 << 16
_ASF_SIZE, _ASF_FLAGS, _ASF_IS_LIVE = 40, 88, 1


def missing_bytes(file: BinaryIO, size_bytes: int, container: Container) -> int:
    """Bytes that are promised and not there; 0 where all are, or where the container promises nothing."""
    match container:
        case Container.MP4:
            return walk_top_level(file.fileno(), size_bytes).beyond_bytes
        case Container.MATROSKA:
            file.seek(0)
            return max(0, _segment_end(file.read(HEAD_BYTES)) - size_bytes)
        case Container.AVI | Container.WAV:
            file.seek(4)
            return max(0, 8 + int.from_bytes(file.read(4), "little") - size_bytes)
        case Container.ASF:
            file.seek(0)
            return max(0, _asf_size(file.read(_ASF_HEADER_BYTES)) - size_bytes)
        case Container.MPEG_TS:
            file.seek(0)
            return _torn_packet(file.read(HEAD_BYTES), size_bytes)
        case _:
            return 0


def _segment_end(head: bytes) -> int:
    """Where the Matroska segment ends; 0 where it does not say. Source: RFC 8794, 6 (sizes of variable length)."""
    header = _variable_size(head, 4)
    if header is None:
        return 0
    at = header[1] + header[0]
    if head[at : at + 4] != _SEGMENT:
        return 0
    segment = _variable_size(head, at + 4)
    return 0 if segment is None else segment[1] + segment[0]


def _variable_size(data: bytes, at: int) -> tuple[int, int] | None:
    """(value, place after it); None where it is cut off or says "unknown"."""
    if at >= len(data) or data[at] == 0:
        return None
    length = 9 - data[at].bit_length()
    if at + length > len(data):
        return None
    value = int.from_bytes(data[at : at + length], "big") & ((1 << 7 * length) - 1)
    return None if value == (1 << 7 * length) - 1 else (value, at + length)


def _asf_size(head: bytes) -> int:
    """How long the file is by its own header; 0 where it is live or does not say. Source: ASF 1.20.03, 3.2."""
    at = head.find(_ASF_PROPERTIES)
    if at < 0 or len(head) < at + _ASF_FLAGS + 4 or head[at + _ASF_FLAGS] & _ASF_IS_LIVE:
        return 0
    return int.from_bytes(head[at + _ASF_SIZE : at + _ASF_SIZE + 8], "little")


def _torn_packet(head: bytes, size_bytes: int) -> int:
    for length in _TS_LENGTHS:
        offset = 4 if length == 192 else 0
        places = range(offset, len(head), length)
        if all(head[place] == 0x47 for place in places):
            torn = size_bytes % length
            return length - torn if torn else 0
    return 0
