"""Changes to a film that a bad card, a bad link or a bad person makes, as patches of bytes."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

_NUMBERS = (
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\0\0\0\x01",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\0\x10\0\0",
    b"\0\0\x01\0",
    b"\0\0\0\x08",
)
_BOXES = re.compile(
    rb"moov|moof|traf|trun|tfhd|tfdt|trak|mdia|minf|stbl|stsd|stts|ctts|stsz|stsc|stco|co64|stss|mdhd|hdlr|tkhd"
    rb"|mvhd|mvex|trex|mdat|ftyp|avcC|hvcC|edts|elst"
)
_NAMES = tuple(sorted(set(_BOXES.pattern.split(b"|"))))
_NEAR_BYTES = 96


@dataclass(frozen=True)
class Base:
    """A film to change, and where its boxes are named."""

    name: str
    content: bytes
    boxes: tuple[int, ...]

    @staticmethod
    def of(name: str, content: bytes) -> Base:
        """With the places of all box types in it."""
        return Base(name, content, tuple(match.start() for match in _BOXES.finditer(content)))


Patch = tuple[int, bytes]


def mutate(base: Base, dice: random.Random) -> tuple[list[Patch], int]:
    """(patches, size of the file after them): one to eight changes, mostly near the boxes; sometimes a cut."""
    size_bytes = len(base.content)
    patches = [_one(base, dice) for _ in range(dice.choice((1, 1, 2, 3, 5, 8)))]
    if dice.random() < 0.1:
        size_bytes = dice.randrange(1, size_bytes)
    return [(at, data[: max(0, size_bytes - at)]) for at, data in patches if at < size_bytes], size_bytes


def _one(base: Base, dice: random.Random) -> Patch:
    content, kind = base.content, dice.random()
    if kind < 0.15:
        at = dice.randrange(len(content))
        return at, bytes(dice.randrange(1, 400))
    at = dice.choice(base.boxes)
    if kind < 0.25:
        return at, dice.choice(_NAMES)
    if kind < 0.40:
        return at - 4, dice.choice(_NUMBERS)
    at = min(len(content) - 4, max(0, at - 4 + dice.randrange(_NEAR_BYTES)))
    if kind < 0.65:
        return at, dice.choice(_NUMBERS)
    if kind < 0.85:
        return at, bytes([content[at] ^ 1 << dice.randrange(8)])
    return at, dice.randbytes(dice.randint(1, 8))
