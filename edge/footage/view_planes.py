"""What the view network sees of a picture. One implementation for training and for the gateway.

Everything is made from the picture at its own size: a picture that was enlarged or reduced on the way has lost or
invented the very detail that tells a covered lens from a road.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, PLANES = 96, 54, 4
"""The network's input: thumbnail in blue, green, red, and the map of sharpness."""
_REDUCED = (384, 216)
_OVERLAY_TOP, _OVERLAY_BOTTOM = 4, 5
"""Rows of the 96 x 54 tiles in which burned-in text lies; it is sharp in front of any cover."""

Picture = NDArray[np.uint8]


class Look(NamedTuple):
    """`planes`: uint8 (54, 96, 4). `detail_share`: 0..1 of the tiles with visible detail at half the native size."""

    planes: NDArray[np.uint8]
    detail_share: float


def look_at(picture: Picture, *, least_grey: float) -> Look:
    """Both views of a BGR picture uint8 (h, w, 3); `least_grey`: rule `view.detail_grey`."""
    return Look(planes_of(picture), detail_share(picture, least_grey=least_grey))


def planes_of(picture: Picture) -> NDArray[np.uint8]:
    """The network's input uint8 (54, 96, 4) of a BGR picture uint8 (h, w, 3) at its native size."""
    reduced = cv2.resize(picture, _REDUCED, interpolation=cv2.INTER_AREA)
    edges = np.abs(cv2.Laplacian(cv2.cvtColor(reduced, cv2.COLOR_BGR2GRAY), cv2.CV_32F, ksize=1))
    sharpness = cv2.resize(edges, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    planes = np.empty((HEIGHT, WIDTH, PLANES), np.uint8)
    planes[:, :, :3] = cv2.resize(reduced, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    planes[:, :, 3] = np.clip(45.0 * np.log1p(sharpness), 0, 255)
    return planes


def detail_share(picture: Picture, *, least_grey: float) -> float:
    """The share of tiles, text zones left out, whose mean |Laplacian| one octave below native reaches `least_grey`."""
    energy = tile_energy(picture)[_OVERLAY_TOP : HEIGHT - _OVERLAY_BOTTOM]
    return float(np.mean(energy > least_grey))


def tile_energy(picture: Picture, *, octave: int = 1) -> NDArray[np.float32]:
    """Mean |Laplacian| in grey levels, float32 (54, 96), of the native luma after `octave` halvings."""
    luma = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    for _ in range(octave):
        luma = cv2.pyrDown(luma)
    edges = np.abs(cv2.Laplacian(luma, cv2.CV_32F, ksize=1))
    return np.asarray(cv2.resize(edges, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.float32)
