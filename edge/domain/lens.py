"""What a lens does to a ray, by the models that calibrations name, and whether it can be undone inside the frame.

Normalised coordinates: x right, y down, at distance one before the lens. Models and order of coefficients as OpenCV
has them: pinhole (`plumb_bob`, `rational_polynomial`): k1 k2 p1 p2 k3 k4 k5 k6 s1 s2 s3 s4; fisheye (`equidistant`):
k1 k2 k3 k4 over the angle. Source: OpenCV documentation, calib3d and fisheye.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PINHOLE, FISHEYE = "pinhole", "fisheye"
MODELS = {
    "plumb_bob": PINHOLE,
    "rational_polynomial": PINHOLE,
    "thin_prism": PINHOLE,
    "radtan": PINHOLE,
    "pinhole": PINHOLE,
    "opencv": PINHOLE,
    "equidistant": FISHEYE,
    "equi": FISHEYE,
    "fisheye": FISHEYE,
    "kannala_brandt": FISHEYE,
}
"""The names files give, and the family each is of."""
PINHOLE_LENGTHS, FISHEYE_LENGTHS = (0, 4, 5, 8, 12, 14), (0, 4)
_STEPS, _STEEPEST, _WIDEST = 4000, 12.0, 3.0
"""Through a pinhole rays up to a tangent of 12 (85 degrees) are followed, through a fisheye up to 3 radians."""
_ROUNDS, _CLOSE, _STEP = 60, 1e-9, 1e-6
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lens:
    """`family`: PINHOLE or FISHEYE; `coefficients` in OpenCV's order, fewer mean zeros."""

    fx: float
    fy: float
    cx: float
    cy: float
    family: str = PINHOLE
    coefficients: tuple[float, ...] = ()

    def normalised(self, pixels: Floats) -> Floats:
        """(n, 2) pixels as distorted normalised coordinates."""
        return (np.asarray(pixels, np.float64) - (self.cx, self.cy)) / (self.fx, self.fy)

    def distorted(self, points: Floats) -> Floats:
        """(n, 2) rays, normalised, as the lens bends them."""
        x, y = points[:, 0], points[:, 1]
        square = x * x + y * y
        bent = points * self._radial(np.sqrt(square))[:, None]
        if self.family == FISHEYE:
            return bent
        _, _, p1, p2, _, _, _, _, s1, s2, s3, s4 = self._full()
        aside = 2 * p1 * x * y + p2 * (square + 2 * x * x) + s1 * square + s2 * square**2
        down = p1 * (square + 2 * y * y) + 2 * p2 * x * y + s3 * square + s4 * square**2
        return np.asarray(bent + np.stack((aside, down), axis=1))

    def undistorted(self, points: Floats) -> Floats:
        """(n, 2) rays that the lens bends to `points`; NaN where none was found."""
        rays = np.array(points, np.float64)
        right, lower = np.array([_STEP, 0.0]), np.array([0.0, _STEP])
        for _ in range(_ROUNDS):
            miss = self.distorted(rays) - points
            if not np.isfinite(miss).all() or np.abs(miss).max() < _CLOSE:
                break
            across = (self.distorted(rays + right) - self.distorted(rays - right)) / (2 * _STEP)
            down = (self.distorted(rays + lower) - self.distorted(rays - lower)) / (2 * _STEP)
            area = across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]
            area = np.where(np.abs(area) < 1e-12, np.nan, area)
            move_x = (miss[:, 0] * down[:, 1] - miss[:, 1] * down[:, 0]) / area
            move_y = (miss[:, 1] * across[:, 0] - miss[:, 0] * across[:, 1]) / area
            rays = rays - np.clip(np.stack((move_x, move_y), axis=1), -0.5, 0.5)
        wrong = ~(np.abs(self.distorted(rays) - points).max(axis=1) < 1e-6)
        rays[wrong] = np.nan
        return rays

    def invertible_share(self, width: float, height: float) -> float:
        """How far out the bending can be undone, as a share of the way from the axis to the farthest corner; 1: all.

        Beyond it two rays meet in one pixel, and nobody can say which it was.
        """
        frame = self.normalised(_border(width, height))
        farthest = float(np.hypot(frame[:, 0], frame[:, 1]).max())
        radii = np.linspace(0, _WIDEST if self.family == FISHEYE else _STEEPEST, _STEPS)
        bent = self._bent_angle(radii) if self.family == FISHEYE else radii * self._radial(radii)
        falling = np.flatnonzero(~(np.diff(bent) > 0))
        reach = float(bent[falling[0]]) if len(falling) else float(bent[-1])
        if not math.isfinite(reach) or reach < farthest:
            return max(0.0, reach / farthest) if math.isfinite(reach) else 0.0
        return 1.0 if self.family == FISHEYE else self._unfolded_share(frame, farthest, radii, bent)

    def _unfolded_share(self, frame: Floats, farthest: float, radii: Floats, bent: Floats) -> float:
        """The same for the parts that are not round: where the mapping of a grid of rays turns over."""
        edge = 1.1 * float(np.interp(farthest, bent, radii))
        axis = np.linspace(-edge, edge, 121)
        grid = np.stack(np.meshgrid(axis, axis), axis=-1)
        mapped = self.distorted(grid.reshape(-1, 2)).reshape(grid.shape)
        across, down = np.diff(mapped, axis=1)[:-1], np.diff(mapped, axis=0)[:, :-1]
        area = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
        low, high = frame.min(axis=0), frame.max(axis=0)
        here = mapped[:-1, :-1]
        folded = (~(area > 0)) & (here >= low).all(axis=-1) & (here <= high).all(axis=-1)
        if not folded.any():
            return 1.0
        return min(1.0, float(np.hypot(here[folded][:, 0], here[folded][:, 1]).min()) / farthest)

    def _radial(self, radius: Any) -> Floats:
        """What a ray at `radius` (tangent of its angle) is stretched by."""
        square = np.square(radius)
        if self.family == FISHEYE:
            bent = self._bent_angle(np.arctan(radius))
            return np.asarray(np.divide(bent, radius, out=np.ones_like(bent), where=np.asarray(radius) > 1e-12))
        k1, k2, _, _, k3, k4, k5, k6, *_ = self._full()
        below = 1 + square * (k4 + square * (k5 + square * k6))
        above = 1 + square * (k1 + square * (k2 + square * k3))
        return np.asarray(np.divide(above, below, out=np.full_like(above, np.nan), where=below > 1e-9))

    def _bent_angle(self, angle: Any) -> Floats:
        k1, k2, k3, k4 = (*self.coefficients, *(0.0,) * 4)[:4]
        square = np.square(angle)
        return np.asarray(angle * (1 + square * (k1 + square * (k2 + square * (k3 + square * k4)))))

    def _full(self) -> tuple[float, ...]:
        return (*self.coefficients, *(0.0,) * 12)[:12]


def view_angle_deg(lens: Lens, width: float) -> float:
    """The horizontal angle of view that the focal length means, distortion left aside."""
    half = width / (2 * lens.fx)
    angle = 2 * half if lens.family == FISHEYE else 2 * math.atan(half)
    return math.degrees(angle)


def _border(width: float, height: float) -> Floats:
    across, down = np.linspace(0, width, 33), np.linspace(0, height, 33)
    sides = [(x, y) for y in (0.0, height) for x in across] + [(x, y) for x in (0.0, width) for y in down]
    return np.array(sides)
