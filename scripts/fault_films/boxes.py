"""Rewriting the boxes of a small MP4, to make files that are valid and seldom."""

from __future__ import annotations

import struct
from collections.abc import Iterator


def top_boxes(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, first byte, end) of the boxes of a whole file."""
    at = 0
    while at + 8 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big") or len(content) - at
        if length == 1:
            length = int.from_bytes(content[at + 8 : at + 16], "big")
        yield content[at + 4 : at + 8], at, at + length
        at += length


def place_of(content: bytes, *path: bytes, last: bool = False) -> int:
    """The first byte of the payload of the box named last in the path, each looked for behind the one before."""
    at = 0
    for kind in path:
        at = (content.rindex(kind) if last else content.index(kind, at)) + 4
    return at


def shifted(moov: bytes, by: int) -> bytes:
    """The index with all places of chunks moved."""
    out = bytearray(moov)
    at = moov.find(b"stco")
    while at >= 0:
        count = int.from_bytes(moov[at + 8 : at + 12], "big")
        for number in range(count):
            place = at + 12 + 4 * number
            out[place : place + 4] = (int.from_bytes(moov[place : place + 4], "big") + by).to_bytes(4, "big")
        at = moov.find(b"stco", at + 4)
    return bytes(out)


def _rebuilt(content: bytes, parts: dict[bytes, bytes], *, moved: int) -> bytes:
    boxes = [(kind, content[at:end]) for kind, at, end in top_boxes(content)]
    made = [parts.get(kind, data) for kind, data in boxes]
    return b"".join(shifted(data, moved) if data[4:8] == b"moov" else data for data in made)


def with_long_mdat(content: bytes) -> bytes:
    """The size of the footage's box in 64 bits."""
    ((at, end),) = ((at, end) for kind, at, end in top_boxes(content) if kind == b"mdat")
    long = struct.pack(">I4sQ", 1, b"mdat", end - at + 8) + content[at + 8 : end]
    return _rebuilt(content, {b"mdat": long}, moved=8)


def with_open_mdat(content: bytes) -> bytes:
    """The footage's box, the last, with size zero: to the end of the file."""
    *_, (kind, at, _) = top_boxes(content)
    if kind != b"mdat":
        raise ValueError("the footage does not come last")
    return content[:at] + bytes(4) + content[at + 4 :]


def with_free_boxes(content: bytes) -> bytes:
    """Free space before the footage and at the end."""
    ((at, end),) = ((at, end) for kind, at, end in top_boxes(content) if kind == b"mdat")
    free = struct.pack(">I4s", 4096, b"free") + bytes(4088)
    return _rebuilt(content, {b"mdat": free + content[at:end]}, moved=len(free)) + free


def with_empty_edit(content: bytes) -> bytes:
    """An edit list that begins with a second of nothing."""
    at = content.index(b"elst") - 4
    old_bytes = int.from_bytes(content[at : at + 4], "big")
    edits = content[at + 16 : at + old_bytes]
    empty = struct.pack(">IiHH", 1000, -1, 1, 0)
    new = struct.pack(">I4sII", old_bytes + 12, b"elst", 0, 1 + len(edits) // 12) + empty + edits
    out = content[:at] + new + content[at + old_bytes :]
    for kind in (b"edts", b"trak", b"moov"):
        place = out.rindex(kind, 0, at) - 4
        out = out[:place] + (int.from_bytes(out[place : place + 4], "big") + 12).to_bytes(4, "big") + out[place + 4 :]
    moov_at = out.rindex(b"moov", 0, at) - 4
    if moov_at < out.index(b"mdat"):
        raise ValueError("the index comes first: its places would move")
    return out


def with_padded_pictures(content: bytes) -> bytes:
    """Every picture with zeros behind it, as devices that write in blocks leave them: sizes and places rewritten."""
    mdat_at = next(at for kind, at, _ in top_boxes(content) if kind == b"mdat")
    at = content.index(b"stsz")
    count = int.from_bytes(content[at + 12 : at + 16], "big")
    sizes = struct.unpack(f">{count}I", content[at + 16 : at + 16 + 4 * count])
    chunks = int.from_bytes(content[content.index(b"stco") + 8 : content.index(b"stco") + 12], "big")
    if chunks != 1:
        raise ValueError("the pictures lie in more than one chunk")
    place, pictures = int.from_bytes(content[content.index(b"stco") + 12 : content.index(b"stco") + 16], "big"), []
    for size in sizes:
        pictures.append(content[place : place + size] + bytes(-size % 512))
        place += size
    data = b"".join(pictures)
    moov = next(content[begin:end] for kind, begin, end in top_boxes(content) if kind == b"moov")
    new_sizes = struct.pack(f">{count}I", *map(len, pictures))
    stsz = moov.index(b"stsz") + 16
    moov = moov[:stsz] + new_sizes + moov[stsz + 4 * count :]
    head = content[:mdat_at]
    moov = shifted(moov, mdat_at + 8 - int.from_bytes(moov[moov.index(b"stco") + 12 :][:4], "big"))
    return head + struct.pack(">I4s", len(data) + 8, b"mdat") + data + moov
