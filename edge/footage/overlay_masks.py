"""Where text is burned into the pictures of a camera: it stays where it is when the camera is turned.

Recorders write near the upper and the lower edge, in thin strokes of one grey level. What shows such strokes in most
samples and lies there in a row is masked; anything else a person masks by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_BAND = 0.18
"""Share of the height, above and below, in which text is looked for."""
_STROKE_PX = 5
"""A stroke is thinner than this in the working picture; a window or a lane mark near by is not."""
_CONTRAST = 60
"""Grey levels of a stroke over, or under, what is around it."""
_ALWAYS = 0.6
"""Digits change; three fifths of the samples have a stroke within a pixel of any place of a running clock."""
_JOIN_PX, _GROW_PX = 11, 3
_LETTER_PX = (5, 30)
_LEAST_LENGTH = 2.5
_LEAST_FILL = 0.45
_LEAST_LEVELS = 70
"""Between the strokes and what they were written over, at the ends of the scale."""
_LEAST_PICTURES = 3

Box = tuple[int, int, int, int]


def overlay_boxes(lumas: Sequence[NDArray[np.uint8]]) -> list[Box]:
    """(left, top, width, height) of each row of text, in pixels of the pictures, which are all of one size."""
    if len(lumas) < _LEAST_PICTURES:
        return []
    found: list[Box] = []
    for bright in (True, False):
        strokes = np.mean([_strokes(luma, bright=bright) for luma in lumas], axis=0) >= _ALWAYS
        found.extend(_rows_of(strokes.astype(np.uint8)))
    middle = np.median(np.stack(lumas), axis=0)
    return _merged([_grown(box, middle.shape) for box in found if _is_contrasty(box, middle)])


def _strokes(luma: NDArray[np.uint8], *, bright: bool) -> NDArray[np.bool_]:
    """True within a pixel of a thin bright, or dark, stroke."""
    what = cv2.MORPH_TOPHAT if bright else cv2.MORPH_BLACKHAT
    thin: Any = cv2.morphologyEx(luma, what, np.ones((_STROKE_PX, _STROKE_PX), np.uint8))
    return np.asarray(np.asarray(cv2.dilate(thin, np.ones((3, 3), np.uint8))) > _CONTRAST)


def _rows_of(strokes: NDArray[np.uint8]) -> list[Box]:
    """Rows of strokes, long and dense, near the upper and the lower edge."""
    height = strokes.shape[0]
    strokes[round(_BAND * height) : height - round(_BAND * height)] = 0
    joined: Any = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((1, _JOIN_PX), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    return [
        (int(left), int(top), int(wide), int(tall))
        for left, top, wide, tall, _ in stats[1:]
        if _LETTER_PX[0] <= tall <= _LETTER_PX[1]
        and wide >= _LEAST_LENGTH * tall
        and strokes[top : top + tall, left : left + wide].mean() >= _LEAST_FILL
    ]


def _is_contrasty(box: Box, middle: NDArray[np.float64]) -> bool:
    left, top, wide, tall = box
    inside = middle[top : top + tall, left : left + wide]
    return float(np.percentile(inside, 98) - np.percentile(inside, 5)) >= _LEAST_LEVELS


def _grown(box: Box, shape: tuple[int, ...]) -> Box:
    left, top = max(0, box[0] - _GROW_PX), max(0, box[1] - _GROW_PX)
    right, bottom = min(shape[1], box[0] + box[2] + _GROW_PX), min(shape[0], box[1] + box[3] + _GROW_PX)
    return left, top, right - left, bottom - top


def _merged(boxes: Sequence[Box]) -> list[Box]:
    """Boxes that touch become one around both, until none touch."""
    merged: list[Box] = []
    for box in boxes:
        left, top, right, bottom = box[0], box[1], box[0] + box[2], box[1] + box[3]
        apart = []
        for other in merged:
            if left <= other[0] + other[2] and other[0] <= right and top <= other[1] + other[3] and other[1] <= bottom:
                left, top = min(left, other[0]), min(top, other[1])
                right, bottom = max(right, other[0] + other[2]), max(bottom, other[1] + other[3])
            else:
                apart.append(other)
        merged = [*apart, (left, top, right - left, bottom - top)]
    return sorted(merged)
