"""How many bytes a container promises beyond the end of its file, and whether its writer ever ended it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from edge.domain.media_kind import HEAD_BYTES, Container
from edge.footage.boxes import walk_top_level

_SEGMENT, _INFO, _DURATION, _VOID = b"\x18\x53\x80\x67", b"\x15\x49\xa9\x66", b"\x44\x89", b"\xec"
_OPENING_BYTES = 1 << 16
_NO_SIZES = frozenset({0, 0xFFFFFFFF})
_FLV_TAGS, _FLV_TAG_BYTES = frozenset({8, 9, 18}), 11
_MOST_TAGS = 2_000_000
"""Half a day of pictures and sound; a chain of more is followed no further."""
_FLV_LENGTH = b"\x00\x08duration\x00"
_PACK, _TAIL_BYTES = b"\x00\x00\x01\xba", 1 << 20
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
            return max(0, _segment(file.read(HEAD_BYTES))[1] - size_bytes)
        case Container.AVI | Container.WAV:
            promised = _riff_size(file)
            return 0 if promised in _NO_SIZES else max(0, 8 + promised - size_bytes)
        case Container.FLV:
            return _torn_tag(file, size_bytes)
        case Container.MPEG_PS:
            return _torn_pack(file, size_bytes)
        case Container.ASF:
            file.seek(0)
            return max(0, _asf_size(file.read(_ASF_HEADER_BYTES)) - size_bytes)
        case Container.MPEG_TS:
            file.seek(0)
            return _torn_packet(file.read(HEAD_BYTES), size_bytes)
        case _:
            return 0


def unfinished(file: BinaryIO, container: Container) -> str | None:
    """Which number of a container stands empty though its writer had left room for it; None where none does.

    Matroska and ASF written live leave no such room and are not meant; FLV and AVI written to a pipe leave it, and look
    like a recording that was broken off. A code with words in `fault_sentences`.
    """
    file.seek(0)
    head = file.read(_OPENING_BYTES)
    match container:
        case Container.MATROSKA:
            return "no_length" if _has_room_for_length(head) else None
        case Container.AVI:
            return "no_size" if _riff_size(file) in _NO_SIZES else None
        case Container.ASF:
            return "no_size" if _ASF_PROPERTIES in head and _asf_size(head) == 0 and not _is_live(head) else None
        case Container.FLV:
            at = head.find(_FLV_LENGTH) + len(_FLV_LENGTH)
            return "no_length" if at >= len(_FLV_LENGTH) and head[at : at + 8] == bytes(8) else None
        case _:
            return None


def _riff_size(file: BinaryIO) -> int:
    file.seek(4)
    return int.from_bytes(file.read(4), "little")


def _segment(head: bytes) -> tuple[int, int]:
    """(first byte inside, end) of the Matroska segment; end 0 where it does not say, (0, 0) where there is none.

    Source: RFC 8794, 6 (sizes of variable length).
    """
    header = _variable_size(head, 4)
    if header is None:
        return 0, 0
    at = header[1] + header[0]
    if head[at : at + 4] != _SEGMENT or len(head) < at + 5 or not head[at + 4]:
        return 0, 0
    inside = at + 4 + 9 - head[at + 4].bit_length()
    size = _variable_size(head, at + 4)
    return inside, 0 if size is None else inside + size[0]


def _has_room_for_length(head: bytes) -> bool:
    """Whether the segment's description has a length of zero, or a void where a length was to be written."""
    for kind, at, end in _elements(head, _segment(head)[0], len(head)):
        if kind == _INFO:
            inside = {kind: head[at:end] for kind, at, end in _elements(head, at, end)}
            length = inside.get(_DURATION)
            return not any(length) if length is not None else _VOID in inside
    return False


def _elements(head: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(identifier, first byte, end) of the elements from `at` on, as far as their sizes can be read."""
    while 0 < at < min(end, len(head)) and head[at]:
        wide = 9 - head[at].bit_length()
        size = _variable_size(head, at + wide)
        if size is None:
            return
        yield head[at : at + wide], size[1], size[1] + size[0]
        at = size[1] + size[0]


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
    if at < 0 or _is_live(head):
        return 0
    return int.from_bytes(head[at + _ASF_SIZE : at + _ASF_SIZE + 8], "little")


def _is_live(head: bytes) -> bool:
    at = head.find(_ASF_PROPERTIES)
    return len(head) < at + _ASF_FLAGS + 4 or bool(head[at + _ASF_FLAGS] & _ASF_IS_LIVE)


def _torn_tag(file: BinaryIO, size_bytes: int) -> int:
    """What the last tag of an FLV lacks; every tag is followed by its own length. Source: FLV 10.1, annex E.3."""
    descriptor = file.fileno()
    length = int.from_bytes(os.pread(descriptor, 4, size_bytes - 4), "big") if size_bytes > 4 else 0
    tag = os.pread(descriptor, 4, size_bytes - 4 - length) if _FLV_TAG_BYTES <= length < size_bytes - 4 else b""
    if tag and tag[0] & 0x1F in _FLV_TAGS and int.from_bytes(tag[1:4], "big") == length - _FLV_TAG_BYTES:
        return 0
    at = int.from_bytes(os.pread(descriptor, 4, 5), "big") + 4
    for _ in range(_MOST_TAGS):
        if at + 4 > size_bytes:
            break
        tag = os.pread(descriptor, 4, at)
        if tag[0] & 0x1F not in _FLV_TAGS:
            return 0  # no chain of tags: damage of another kind, or a writer of its own mind
        at += _FLV_TAG_BYTES + int.from_bytes(tag[1:4], "big") + 4
    else:
        return 0
    return max(0, at - size_bytes) or (1 if at < size_bytes else 0)


def _torn_pack(file: BinaryIO, size_bytes: int) -> int:
    """What the last packet of a program stream lacks. Source: ISO/IEC 13818-1, 2.5.3."""
    tail = os.pread(file.fileno(), _TAIL_BYTES, max(0, size_bytes - _TAIL_BYTES))
    at = tail.rfind(_PACK)
    while 0 <= at < len(tail):
        code = tail[at : at + 4]
        if not b"\0\0\1".startswith(code[:3]):
            return 0  # something else follows the packets
        if code == _PACK:
            is_second = tail[at + 4 : at + 5] >= b"\x40"
            at += 14 + (tail[at + 13] & 7 if is_second and len(tail) > at + 13 else 0) if is_second else 12
        elif code[3:] == b"\xb9":
            at += 4
        else:
            at += 6 + int.from_bytes(tail[at + 4 : at + 6], "big")
    return max(0, at - len(tail))


def _torn_packet(head: bytes, size_bytes: int) -> int:
    for length in _TS_LENGTHS:
        offset = 4 if length == 192 else 0
        places = range(offset, len(head), length)
        if all(head[place] == 0x47 for place in places):
            torn = size_bytes % length
            return length - torn if torn else 0
    return 0
