"""Box types of an index that nobody writes: a type of the standard with a bit turned over, or in the wrong place.

A table whose name is damaged is not missed by anyone: its track is then read without it, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge.footage.boxes import boxes_inside

_CHILDREN: dict[bytes, frozenset[bytes]] = {
    b"moov": frozenset({b"mvhd", b"trak", b"mvex"}),
    b"trak": frozenset({b"tkhd", b"mdia", b"edts"}),
    b"mdia": frozenset({b"mdhd", b"hdlr", b"minf"}),
    b"minf": frozenset({b"vmhd", b"smhd", b"dinf", b"stbl"}),
    b"stbl": frozenset({b"stsd", b"stts", b"ctts", b"stsz", b"stsc", b"stco", b"co64", b"stss"}),
}
_ALSO = frozenset(
    b"free skip wide uuid udta meta iods tref gmhd nmhd hmhd sthd hdlr elng sgpd sbgp sdtp cslg stps subs saiz saio"
    b" padb stdp stz2 stsh load tapt clip matt kmat prof clef enof trgr ludt ctab cmov rmra clip edts mehd trex pssh"
    b" gmin tmcd elst sinf".split()
)
_STANDARD = frozenset().union(*_CHILDREN.values(), _CHILDREN)
_MOST_BITS = 3
_HANDLERS = (b"vide", b"soun")


def is_garbled(moov: memoryview) -> bool:
    """Whether a name inside the index is damaged. Raises IndexDamagedError where a box does not fit."""
    return any(_is_strange(kind, parent) for kind, parent in _names(moov, b"moov"))


def is_garbled_handler(handler: bytes) -> bool:
    """Whether the kind of a track is that of a picture or a sound with bits turned over."""
    return handler not in _HANDLERS and any(_bits_apart(handler, known) <= _MOST_BITS for known in _HANDLERS)


def _names(data: memoryview, parent: bytes) -> Iterator[tuple[bytes, bytes]]:
    for kind, payload in boxes_inside(data):
        yield kind, parent
        if kind in _CHILDREN and kind in _CHILDREN[parent]:
            yield from _names(payload, kind)


def _is_strange(kind: bytes, parent: bytes) -> bool:
    if kind in _CHILDREN[parent] or kind in _ALSO:
        return False
    return kind in _STANDARD or any(_bits_apart(kind, known) <= _MOST_BITS for known in _CHILDREN[parent])


def _bits_apart(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()
