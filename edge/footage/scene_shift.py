"""Where the scene went between two pictures of a fixed camera: shift, rotation, scale, and how far to be believed.

Phase correlation of locally normalised gradients, first over the whole picture, then in 3x3 overlapping tiles, with a
robust similarity through the tiles' shifts. Light, haze and shadows change grey levels, not where edges are; traffic
moves some tiles, not most. The border is left out: lenses shade it and overlays stand there.

All lengths here are pixels of the working picture, `WORKING_WIDTH_PX` wide or as wide as the stream where that is
narrower; right and down are positive; rotation is counter-clockwise as seen on the screen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.domain.reference_check import SceneShift

WORKING_WIDTH_PX = 480
_BORDER = 0.10
_GRID = 3
_TILE = 0.5
"""A tile covers half the inner picture each way, so that neighbours overlap and a small tile still holds edges."""
_NOISE_FLOOR = 4.0
"""Grey levels per pixel: gradients below it are noise, and stay small beside the edges of the same neighbourhood."""
_NEIGHBOURHOOD_PX = 31
_STRONGEST = 3.0
_GLOBAL_PEAK, _TILE_PEAK = 7.0, 6.0
"""A correlation peak in multiples of the rest's root mean square; the highest of pure noise is 4 to 5."""
_PEAK_SPREAD_PX = 1.2
_INLIER_PX = 0.6
LEAST_INLIERS, _LEAST_FOR_SHIFT = 5, 3
_STEEPEST = 0.12
"""Scale and rotation (as a tangent) beyond which a fit through tiles is an accident."""
_VISIBLE = 1.5 * _NOISE_FLOOR

Field = NDArray[np.complex64]
"""(h, w): horizontal gradient + i * vertical gradient, each divided by its neighbourhood's mean strength."""
Mask = NDArray[np.bool_]
"""(h, w): True where the picture counts."""


@dataclass(frozen=True, slots=True)
class Shift:
    """The similarity that takes the reference to the picture, about the centre. `inliers` of `tiles` tiles agree."""

    dx_px: float
    dy_px: float
    rotation_deg: float
    scale: float
    inliers: int
    tiles: int

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(2, 3), for points relative to the centre."""
        turn = math.radians(-self.rotation_deg)  # the y axis points down
        cos, sin = self.scale * math.cos(turn), self.scale * math.sin(turn)
        return np.array([[cos, -sin, self.dx_px], [sin, cos, self.dy_px]])


def working_luma(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A native picture, luma (h, w) or BGR (h, w, 3), as luma of the working width; never enlarged."""
    luma = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    height, width = luma.shape
    if width <= WORKING_WIDTH_PX:
        return np.ascontiguousarray(luma)
    size = (WORKING_WIDTH_PX, max(1, round(height * WORKING_WIDTH_PX / width)))
    return _as_luma(cv2.resize(luma, size, interpolation=cv2.INTER_AREA))


def gradient_field(luma: NDArray[np.uint8]) -> Field:
    """The normalised gradients of a working picture."""
    across, down = _slopes(luma)
    strength = cv2.magnitude(across, down)
    local = cv2.boxFilter(strength, -1, (_NEIGHBOURHOOD_PX, _NEIGHBOURHOOD_PX), borderType=cv2.BORDER_REFLECT)
    scale = 1.0 / (local + _NOISE_FLOOR)
    scale *= np.minimum(1.0, _STRONGEST / np.maximum(strength * scale, 1e-6))
    return np.asarray((across + 1j * down) * scale, np.complex64)


def detail_share(luma: NDArray[np.uint8], mask: Mask | None = None) -> float:
    """The share of the inner picture, 0..1, that has an edge stronger than noise."""
    visible = cv2.magnitude(*_slopes(luma)) > _VISIBLE
    rows, columns = _inner(visible.shape)
    counted = visible[rows, columns]
    if mask is None:
        return float(counted.mean())
    inside = mask[rows, columns]
    return float((counted & inside).sum() / max(1, int(inside.sum())))


def measure_shift(reference: Field, picture: Field, mask: Mask | None = None) -> Shift | None:
    """How the scene of `reference` lies in `picture`; None where too little agrees to say."""
    if reference.shape != picture.shape:
        return None
    if mask is not None:
        reference, picture = reference * mask, picture * mask
    rows, columns = _inner(reference.shape)
    whole = _peak(reference[rows, columns], picture[rows, columns])
    step = (round(whole[0]), round(whole[1])) if whole is not None and whole[2] >= _GLOBAL_PEAK else (0, 0)
    found = _tile_shifts(reference, picture, step)
    fit = _similarity(found, least=LEAST_INLIERS)
    if fit is None and whole is not None and whole[2] >= _GLOBAL_PEAK:
        fit = _pure_shift(found, whole)
    return fit


def agreement(reference: Field, picture: Field, shift: Shift | None, mask: Mask | None = None) -> float:
    """Normalised correlation of the two fields, -1..1, the picture brought back by `shift`; 0 where nothing is left."""
    height, width = reference.shape
    valid = np.ones((height, width), np.uint8) if mask is None else mask.astype(np.uint8)
    if shift is not None:
        towards = _about_corner(shift.matrix, width, height)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        both = np.ascontiguousarray(picture).view(np.float32).reshape(height, width, 2)
        picture = cv2.warpAffine(both, towards, (width, height), flags=flags).reshape(height, -1).view(np.complex64)
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        valid = valid & _as_luma(cv2.warpAffine(valid, towards, (width, height), flags=flags))
    rows, columns = _inner(reference.shape)
    inside = valid[rows, columns].astype(bool)
    one, other = reference[rows, columns][inside], picture[rows, columns][inside]
    power = float(np.vdot(one, one).real) * float(np.vdot(other, other).real)
    return 0.0 if power <= 0 else float(np.vdot(one, other).real) / math.sqrt(power)


def of_width(shift: Shift, width_px: int) -> SceneShift:
    """The same in percent of the working picture's width, as decisions take it."""
    percent = 100 / width_px
    return SceneShift(
        shift.dx_px * percent, shift.dy_px * percent, shift.rotation_deg, shift.scale, shift.inliers, shift.tiles
    )


def _slopes(luma: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    smooth = cv2.GaussianBlur(luma.astype(np.float32), (0, 0), 1.0)
    across: Any = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3, scale=0.25)
    down: Any = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3, scale=0.25)
    return across, down


def _as_luma(picture: Any) -> NDArray[np.uint8]:
    return np.asarray(picture, np.uint8)


def _inner(shape: tuple[int, ...]) -> tuple[slice, slice]:
    height, width = shape[:2]
    top, left = round(height * _BORDER), round(width * _BORDER)
    return slice(top, height - top), slice(left, width - left)


def _peak(one: Field, other: Field) -> tuple[float, float, float] | None:
    """(dx, dy, height of the peak over the rest) of `other` against `one`."""
    height, width = one.shape
    if height < 16 or width < 16:
        return None
    window, smooth = _weights(height, width)
    cross = np.fft.fft2(other * window) * np.conj(np.fft.fft2(one * window))
    strength = np.abs(cross)
    total = float(strength.mean())
    if total <= 0:
        return None
    surface = np.fft.ifft2(cross / (strength + 1e-3 * total) * smooth).real
    row, column = np.unravel_index(int(surface.argmax()), surface.shape)
    rest = math.sqrt(float(np.square(surface).mean()))
    dy = _signed(row, height) + _between(surface[:, column], int(row))
    dx = _signed(column, width) + _between(surface[row, :], int(column))
    if abs(dx) > width / 3 or abs(dy) > height / 3:
        return None  # less than two thirds in common: the window has taken what there was
    return dx, dy, float(surface[row, column]) / rest if rest else 0.0


@lru_cache(maxsize=8)
def _weights(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The window over a stretch, and the share of each frequency that makes its peak a Gaussian of known spread."""
    window = np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
    squares = np.fft.fftfreq(height)[:, None] ** 2 + np.fft.fftfreq(width)[None, :] ** 2
    return window, np.exp(-2.0 * (math.pi * _PEAK_SPREAD_PX) ** 2 * squares).astype(np.float32)


def _signed(place: Any, length: int) -> int:
    return int(place) - length if place > length // 2 else int(place)


def _between(line: NDArray[np.float64], place: int) -> float:
    """The top of the Gaussian through the highest value and its two neighbours, as an offset in -0.5..0.5."""
    before, top, after = (max(float(line[(place + way) % len(line)]), 1e-12) for way in (-1, 0, 1))
    bend = math.log(before) - 2 * math.log(top) + math.log(after)
    return 0.0 if bend >= 0 else max(-0.5, min(0.5, 0.5 * (math.log(before) - math.log(after)) / bend))


def _tile_shifts(reference: Field, picture: Field, step: tuple[int, int]) -> NDArray[np.float64]:
    """(n, 4): centre x, y relative to the picture's centre, shift x, y of each tile that says something.

    A tile of the reference is looked for where the whole picture's shift `step` has brought it.
    """
    height, width = reference.shape
    rows, columns = _inner(reference.shape)
    tall, wide = round((rows.stop - rows.start) * _TILE), round((columns.stop - columns.start) * _TILE)
    found = []
    for top in np.linspace(rows.start, rows.stop - tall, _GRID).round().astype(int):
        for left in np.linspace(columns.start, columns.stop - wide, _GRID).round().astype(int):
            up, side = top + step[1], left + step[0]
            if not (0 <= up <= height - tall and 0 <= side <= width - wide):
                continue
            peak = _peak(reference[top : top + tall, left : left + wide], picture[up : up + tall, side : side + wide])
            if peak is not None and peak[2] >= _TILE_PEAK:
                centre = (left + wide / 2 - width / 2, top + tall / 2 - height / 2)
                found.append((*centre, step[0] + peak[0], step[1] + peak[1]))
    return np.array(found, np.float64).reshape(-1, 4)


def _similarity(found: NDArray[np.float64], *, least: int) -> Shift | None:
    """The similarity that most tiles agree on: every pair proposes one, the best is refined over its inliers."""
    best = np.zeros(len(found), bool)
    for one, other in combinations(range(len(found)), 2):
        fit = _solve(found[[one, other]])
        if fit is not None:
            agrees = _residual(found, fit) <= _INLIER_PX
            if agrees.sum() > best.sum():
                best = agrees
    if best.sum() < least:
        return None
    fit = _solve(found[best])
    return None if fit is None else _shift(fit, int(best.sum()), len(found))


def _pure_shift(found: NDArray[np.float64], whole: tuple[float, float, float]) -> Shift | None:
    """By night a few lamps hold the whole: a shift alone, where tiles and the whole picture say the same."""
    near = np.hypot(found[:, 2] - whole[0], found[:, 3] - whole[1]) <= 2 * _INLIER_PX
    if near.sum() < max(_LEAST_FOR_SHIFT, 0.6 * len(found)):
        return None
    dx, dy = found[near, 2:].mean(axis=0)
    return Shift(float(dx), float(dy), 0.0, 1.0, int(near.sum()), len(found))


def _solve(found: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Least squares of (a, b, dx, dy): shift x = a x - b y + dx, shift y = b x + a y + dy."""
    x, y = found[:, 0], found[:, 1]
    none, one = np.zeros_like(x), np.ones_like(x)
    design = np.concatenate((np.stack((x, -y, one, none), 1), np.stack((y, x, none, one), 1)))
    fit = np.linalg.lstsq(design, np.concatenate((found[:, 2], found[:, 3])), rcond=None)[0]
    return None if abs(fit[0]) > _STEEPEST or abs(fit[1]) > _STEEPEST else np.asarray(fit)


def _residual(found: NDArray[np.float64], fit: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, across, down = found.T
    a, b, dx, dy = fit
    return np.asarray(np.hypot(a * x - b * y + dx - across, b * x + a * y + dy - down))


def _shift(fit: NDArray[np.float64], inliers: int, tiles: int) -> Shift:
    a, b, dx, dy = (float(part) for part in fit)
    rotation_deg = -math.degrees(math.atan2(b, 1 + a))
    return Shift(dx, dy, rotation_deg, math.hypot(1 + a, b), inliers, tiles)


def _about_corner(matrix: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """The same map for pixel places counted from the corner."""
    centre = np.array([width / 2 - 0.5, height / 2 - 0.5])
    moved = matrix.copy()
    moved[:, 2] += centre - matrix[:, :2] @ centre
    return moved
