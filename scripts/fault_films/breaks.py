"""Breaking the bytes of a whole film, and what must be found then: the code, and from when to when.

What is expected is worked out from the packets of the whole film as FFmpeg lists them, never by the reader under test.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import av

from fault_films.boxes import top_boxes

Span = tuple[float, float]


@dataclass(frozen=True)
class Packet:
    """One picture: its bytes in the file, and when it is shown, in seconds since the first."""

    at: int
    size_bytes: int
    shown_s: float
    end_s: float


def packets_of(path: Path) -> list[Packet]:
    """The pictures of a whole film in decoding order."""
    with av.open(str(path)) as medium:
        stream = medium.streams.video[0]
        packets = [packet for packet in medium.demux(stream) if packet.size and packet.pts is not None]
    rows = [(packet.pos or 0, packet.size, float((packet.pts or 0) * packet.time_base)) for packet in packets]
    ordered = sorted({shown for _, _, shown in rows})
    last = ordered[-1] + (ordered[-1] - ordered[-2] if len(ordered) > 1 else 0.04)
    ends = dict(zip(ordered, [*ordered[1:], last], strict=True))
    return [Packet(at, size, shown - ordered[0], ends[shown] - ordered[0]) for at, size, shown in rows]


@dataclass(frozen=True)
class Broken:
    """Bytes and what must be found in them; `span` is None where the fault has no place or it is not exact."""

    content: bytes
    span: Span | None = None
    samples: tuple[int, int] | None = None


class NothingBrokenError(Exception):
    """The bytes hold no picture: sound, or space."""

    def __init__(self, *, start: int, length: int) -> None:
        super().__init__(f"no picture in {length} bytes at {start}")


def _span(packets: list[Packet], first: int, until: int) -> Span:
    lost = packets[first:until]
    return min(p.shown_s for p in lost), max(p.end_s for p in lost)


def cut(content: bytes, packets: list[Packet], share: float) -> Broken:
    """The first `share` of the bytes; the span is that of the pictures beyond."""
    kept = int(len(content) * share)
    lost = [number for number, p in enumerate(packets) if p.at + p.size_bytes > kept]
    span = _span(packets, lost[0], len(packets)) if lost else None
    return Broken(content[:kept], span, (lost[0], len(packets)) if lost else None)


def hole(content: bytes, packets: list[Packet], start: int, length: int) -> Broken:
    """Zeros over [start, start + length)."""
    until = min(len(content), start + length)
    broken = content[:start] + bytes(until - start) + content[until:]
    lost = [number for number, packet in enumerate(packets) if _bytes(broken, packet) != _bytes(content, packet)]
    if not lost:
        raise NothingBrokenError(start=start, length=length)
    return Broken(broken, _span(packets, lost[0], lost[-1] + 1), (lost[0], lost[-1] + 1))


def _bytes(content: bytes, packet: Packet) -> bytes:
    return content[packet.at : packet.at + packet.size_bytes]


def empty_data(content: bytes, packets: list[Packet]) -> Broken:
    """All footage zeros, the index good."""
    out = bytearray(content)
    for kind, at, end in top_boxes(content):
        if kind == b"mdat":
            begin = at + (16 if content[at : at + 4] == b"\0\0\0\1" else 8)
            out[begin:end] = bytes(end - begin)
    return Broken(bytes(out), _span(packets, 0, len(packets)), (0, len(packets)))


def box_span(content: bytes, kind: bytes) -> tuple[int, int]:
    """Where the first top-level box of that type lies."""
    return next((at, end) for found, at, end in top_boxes(content) if found == kind)


def flipped_index(content: bytes, seed: int, flips: int = 30) -> Broken:
    """Single bits of the index turned over."""
    at, end = box_span(content, b"moov")
    dice, out = random.Random(seed), bytearray(content)
    for _ in range(flips):
        out[dice.randrange(at + 8, end)] ^= 1 << dice.randrange(8)
    return Broken(bytes(out))


def number_over(content: bytes, table: bytes, offset: int, value: int) -> Broken:
    """A number of the picture track's table overwritten, counted from the payload of its box."""
    at = content.index(b"vide")
    place = content.index(table, at) + 4 + offset
    return Broken(content[:place] + value.to_bytes(4, "big") + content[place + 4 :])


def zeros_behind(content: bytes, mark: bytes, length: int) -> bytes:
    """Zeros over what follows the first `mark`."""
    at = content.index(mark) + len(mark)
    return content[:at] + bytes(length) + content[at + length :]


def sound_hole(content: bytes, path: Path, from_s: float, to_s: float) -> Broken:
    """Zeros over the packets of the sound between both times; no picture is touched."""
    out = bytearray(content)
    with av.open(str(path)) as medium:
        for packet in medium.demux(audio=0):
            if packet.pos is not None and packet.pts is not None and from_s <= packet.pts * packet.time_base < to_s:
                out[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    return Broken(bytes(out))
