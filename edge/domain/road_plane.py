"""The road as a plane under a camera: where a pixel lies on it, how well surveyed points fit, what an error costs.

A camera at `height_m` looks `tilt_deg` below the horizon. A pixel's ray meets the road at height / tan(depression): the
flatter the ray, the more a hundredth of a degree moves that point, and a speed is the way of such points per second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge.domain.lens import Floats, Lens

_MOST_PAIRS, _LEAST_LENGTH_M = 20_000, 1.0
_NEAR, _FAR = 5 / 6, 7 / 6
"""Where no stretch is named, speeds are taken to be measured from 25 to 35 m of 30 m."""


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """A surveyed mark: its place in the picture (pixels) and on the road (metres, x to the right of y from above)."""

    x_px: float
    y_px: float
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class RoadPlane:
    """`tilt_deg`: below the horizon; `roll_deg`: clockwise as seen from behind the camera; `stretch_m`: from, to."""

    height_m: float
    tilt_deg: float
    roll_deg: float = 0.0
    points: tuple[ControlPoint, ...] = ()
    stretch_m: tuple[float, float] | None = None

    @property
    def range_m(self) -> float | None:
        """Where the axis meets the road; None where it does not."""
        return self.height_m / math.tan(math.radians(self.tilt_deg)) if 0 < self.tilt_deg < 90 else None

    def measured_over_m(self) -> tuple[float, float] | None:
        """The stretch over which speeds are measured."""
        range_m = self.range_m
        return self.stretch_m or (None if range_m is None else (range_m * _NEAR, range_m * _FAR))


@dataclass(frozen=True, slots=True)
class SurveyFit:
    """How far the points computed from the pose lie from the surveyed ones, after laying one map on the other.

    `length_percent`: how much longer than surveyed the distances between them are computed in all; a speed is read
    about as much too high.
    """

    rms_m: float
    most_m: float
    length_percent: float
    beyond_horizon: tuple[int, ...]


def on_road(lens: Lens, plane: RoadPlane, pixels: Floats) -> Floats:
    """(n, 2) metres on the road, right and ahead of the camera's foot; NaN for what looks at or above the horizon."""
    rays = lens.undistorted(lens.normalised(pixels))
    roll = math.radians(plane.roll_deg)
    x = rays[:, 0] * math.cos(roll) - rays[:, 1] * math.sin(roll)
    y = rays[:, 0] * math.sin(roll) + rays[:, 1] * math.cos(roll)
    tilt = math.radians(plane.tilt_deg)
    falls = y * math.cos(tilt) + math.sin(tilt)
    reach = plane.height_m / np.where(falls > 1e-6, falls, np.nan)
    return np.stack((x * reach, (math.cos(tilt) - y * math.sin(tilt)) * reach), axis=1)


@np.errstate(all="ignore")  # what overflows is told as a fault: it keeps no limit
def survey_fit(lens: Lens, plane: RoadPlane) -> SurveyFit | None:
    """The fit of the surveyed points; None where there are none, NaN where fewer than two of them lie on the road."""
    if not plane.points:
        return None
    pixels = np.array([(point.x_px, point.y_px) for point in plane.points], np.float64).reshape(-1, 2)
    surveyed = np.array([(point.x_m, point.y_m) for point in plane.points], np.float64).reshape(-1, 2)
    computed = on_road(lens, plane, pixels)
    there = np.isfinite(computed).all(axis=1)
    beyond = tuple(int(number) + 1 for number in np.flatnonzero(~there))
    if there.sum() < 2:
        return SurveyFit(math.nan, math.nan, math.nan, beyond)
    one, other = computed[there], surveyed[there]
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    turn = math.atan2(float((one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]).sum()), float((one * other).sum()))
    cos, sin = math.cos(turn), math.sin(turn)
    laid = np.stack((cos * one[:, 0] - sin * one[:, 1], sin * one[:, 0] + cos * one[:, 1]), axis=1)
    apart = np.hypot(*(laid - other).T)
    return SurveyFit(float(np.sqrt(np.square(apart).mean())), float(apart.max()), _length_percent(one, other), beyond)


def _length_percent(computed: Floats, surveyed: Floats) -> float:
    pairs = [(one, other) for one in range(len(surveyed)) for other in range(one)][:_MOST_PAIRS]
    first, second = np.array(pairs).T
    true = np.hypot(*(surveyed[first] - surveyed[second]).T)
    read = np.hypot(*(computed[first] - computed[second]).T)
    apart = true > _LEAST_LENGTH_M
    if not apart.any():
        return math.nan
    return float(100.0 * (np.sum(read[apart]) / np.sum(true[apart]) - 1.0))


def speed_error_percent(plane: RoadPlane, *, tilt_deg: float = 0.0, height_m: float = 0.0) -> float | None:
    """How much too high a speed is read over the stretch, in percent, when the camera has since come to look `tilt_deg`
    lower, or to stand `height_m` higher, than was calibrated; None where the stretch is not on the road any more.
    """
    stretch = plane.measured_over_m()
    if stretch is None:
        return None
    read = []
    for way_m in stretch:
        depression = math.atan2(plane.height_m + height_m, way_m) - math.radians(tilt_deg)
        if depression <= 1e-4:
            return None
        read.append(plane.height_m / math.tan(depression))
    return 100.0 * ((read[1] - read[0]) / (stretch[1] - stretch[0]) - 1.0)


def tilt_of_shift_deg(lens: Lens, dy_px: float) -> float:
    """How much lower a camera looks whose scene went `dy_px` pixels down (up: negative) at the centre of the picture.

    A scene that goes up in the picture belongs to a camera that looks lower.
    """
    return -math.degrees(math.atan(dy_px / lens.fy))
