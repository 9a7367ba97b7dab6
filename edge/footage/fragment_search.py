"""Finding the boxes of an MP4 again behind bytes that begin none: only in files whose walk lost its way."""

from __future__ import annotations

import os

from edge.footage.boxes import TopLevel, walk_top_level

_WINDOW_BYTES = 1 << 20
_MOST_SEARCHES = 200
_FIRST_INSIDE = {b"moof": b"mfhd", b"moov": b"mvhd"}
"""What must stand first inside, so that footage that spells a name is no box."""
_HEAD_BYTES = 16


def find_boxes_again(descriptor: int, top: TopLevel) -> TopLevel:
    """The walk continued behind every lost place. `broken_at` is then the place behind which nothing was found."""
    boxes, broken_at = list(top.boxes), top.broken_at
    for _ in range(_MOST_SEARCHES):
        if broken_at is None:
            break
        found_at = _next_box(descriptor, broken_at, top.size_bytes)
        if found_at is None:
            break
        further = walk_top_level(descriptor, top.size_bytes, found_at)
        boxes.extend(further.boxes)
        broken_at = further.broken_at
    return TopLevel(tuple(boxes), top.size_bytes, broken_at)


def _next_box(descriptor: int, start: int, size_bytes: int) -> int | None:
    """Where the next header or fragment begins."""
    for at in range(start, size_bytes, _WINDOW_BYTES):
        window = os.pread(descriptor, _WINDOW_BYTES + _HEAD_BYTES, at)
        places = [place for kind in _FIRST_INSIDE for place in _places(window, kind)]
        for place in sorted(places):
            if at + place > start:
                return at + place
    return None


def _places(window: bytes, kind: bytes) -> list[int]:
    """Where boxes of that type may begin in the window; at most a few are looked at."""
    found: list[int] = []
    at = window.find(kind)
    while at >= 0 and len(found) < 100:
        if at >= 4 and window[at + 8 : at + 12] == _FIRST_INSIDE[kind]:
            found.append(at - 4)
        at = window.find(kind, at + 4)
    return found
