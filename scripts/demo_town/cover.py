"""A lens that is covered: what a hand right before it leaves of the picture. Pixels only, no files.

At a few millimetres a cover is out of focus by more than a third of the picture's width, so that nothing of its
texture is left: skin, lit through and from one side, with the grain of a sensor at high gain.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
_SKIN_BGR = (0.30, 0.38, 0.85)


def covered(picture: Picture, second: float) -> Picture:
    """BGR uint8 (h, w, 3) of the same size: the light of the scene behind, its shape lost."""
    height_px, width_px = picture.shape[:2]
    behind = cv2.resize(picture, (4, 3), interpolation=cv2.INTER_AREA)
    light = cv2.resize(behind, (width_px, height_px), interpolation=cv2.INTER_CUBIC).astype(np.float32).mean(axis=2)
    side = np.exp(-np.linspace(0, 1, width_px, dtype=np.float32) / 0.35)
    lit = (0.35 * light + 70 * side) * (1 + 0.04 * np.sin(second * 7.3))
    grain = np.random.default_rng(int(second * 1000)).normal(0, 5.0, (height_px, width_px, 1))
    held: Picture = np.clip(lit[..., None] * np.array(_SKIN_BGR) + grain, 0, 255).astype(np.uint8)
    return held
