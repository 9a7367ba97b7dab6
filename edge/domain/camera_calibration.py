"""A camera's calibration metadata as values: what a file says, the codes of its faults, its limits and its effects.

Intrinsics hold for one camera, one size of picture and one zoom; a road plane for one mounting. NaN fails every limit.
What a file does not say is a fault of its own kind: the verdict is then `undetermined`, never `fit`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from edge.contract.messages import Register
from edge.domain.lens import Lens
from edge.domain.road_plane import RoadPlane, speed_error_percent
from edge.domain.rule_limits import with_rules

_EFFECT_TILTS_DEG = (0.1, 0.3)
_EFFECT_HEIGHT_M = 0.05


class CalibrationCode(StrEnum):
    """What is wrong with a calibration, or cannot be known from its file."""

    FIELD_MISSING = "field_missing"
    NOT_A_NUMBER = "not_a_number"
    WRONG_SHAPE = "wrong_shape"
    MATRIX_IS_NO_CAMERAS = "matrix_is_no_cameras"
    RESOLUTION_DIFFERS = "resolution_differs"
    ZOOM_DIFFERS = "zoom_differs"
    PRINCIPAL_POINT_OUTSIDE = "principal_point_outside"
    PRINCIPAL_POINT_OFF_CENTRE = "principal_point_off_centre"
    FOCAL_LENGTHS_DIFFER = "focal_lengths_differ"
    FOCAL_LENGTH_IMPLAUSIBLE = "focal_length_implausible"
    FOCAL_LENGTH_IN_MM = "focal_length_in_mm"
    DISTORTION_MODEL_UNKNOWN = "distortion_model_unknown"
    DISTORTION_NOT_INVERTIBLE = "distortion_not_invertible"
    REPROJECTION_ERROR_NOT_A_NUMBER = "reprojection_error_not_a_number"
    REPROJECTION_ERROR_TOO_LARGE = "reprojection_error_too_large"
    REPROJECTION_ERROR_MISSING = "reprojection_error_missing"
    DATED_IN_FUTURE = "dated_in_future"
    TOO_OLD = "too_old"
    DATE_MISSING = "date_missing"
    SERIAL_DIFFERS = "serial_differs"
    SERIAL_MISSING = "serial_missing"
    ROAD_PLANE_IMPLAUSIBLE = "road_plane_implausible"
    ROAD_PLANE_POINTS_FEW = "road_plane_points_few"
    ROAD_PLANE_POINT_BEYOND_HORIZON = "road_plane_point_beyond_horizon"
    ROAD_PLANE_ERROR_TOO_LARGE = "road_plane_error_too_large"
    FILE_CHANGED = "file_changed"


NOT_SAID = frozenset(
    {CalibrationCode.REPROJECTION_ERROR_MISSING, CalibrationCode.DATE_MISSING, CalibrationCode.SERIAL_MISSING}
)
"""What a file of a foreign form may lack; nothing is wrong with it, but it cannot be judged whole."""


class CalibrationVerdict(StrEnum):
    """May it be used?"""

    FIT = "fit"
    UNFIT = "unfit"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class CalibrationFault:
    """A fault with the values for its sentence."""

    code: CalibrationCode
    values: tuple[tuple[str, str | int | float], ...] = ()


@dataclass(frozen=True, slots=True)
class CameraCalibration:
    """What a calibration file says; None where it does not. `sha256` is of the file."""

    form: str
    sha256: str
    width_px: int | None = None
    height_px: int | None = None
    lens: Lens | None = None
    distortion_model: str | None = None
    reprojection_error_px: float | None = None
    performed_on: date | None = None
    serial: str | None = None
    zoom: float | None = None
    road_plane: RoadPlane | None = None


@dataclass(frozen=True, slots=True)
class Against:
    """What a calibration is held against; None where it is not known. Dates are the recording's, in local days."""

    captured_from: date
    captured_until: date
    stream_px: tuple[int, int] | None = None
    serial: str | None = None
    zoom: float | None = None
    commissioned_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class CalibrationLimits:
    """Rule rows `calibration.*`; the defaults are those of `cn-traffic`. `age` in days."""

    principal_point: float = 10
    focal_ratio: float = 2
    view_least: float = 20
    view_most: float = 170
    reprojection: float = 1
    age: float = 730
    road_plane: float = 0.5
    road_length: float = 3
    road_points: float = 4


def calibration_limits(register: Register | None) -> CalibrationLimits:
    """The register's limits; a rule that is absent or no number keeps its default."""
    return with_rules(CalibrationLimits(), "calibration.", register, {"h": 1 / 24})


def calibration_verdict(faults: tuple[CalibrationFault, ...]) -> CalibrationVerdict:
    """Unfit where anything is wrong, undetermined where something needed is not said."""
    if any(fault.code not in NOT_SAID for fault in faults):
        return CalibrationVerdict.UNFIT
    return CalibrationVerdict.UNDETERMINED if faults else CalibrationVerdict.FIT


@dataclass(frozen=True, slots=True)
class CalibrationEffect:
    """What a small change of the mounting does here: `what` is tilt or height, `change` degrees or metres; a speed is
    then read `speed_percent` too high (negative: too low); `shift_px` is how far the scene goes in the picture.
    """

    what: str
    change: float
    speed_percent: float
    shift_px: float | None
    range_m: float


def calibration_effects(calibration: CameraCalibration) -> tuple[CalibrationEffect, ...]:
    """The price of an unnoticed change, for a camera with a road plane."""
    plane, lens = calibration.road_plane, calibration.lens
    stretch = None if plane is None else plane.measured_over_m()
    if plane is None or stretch is None:
        return ()
    middle_m, effects = (stretch[0] + stretch[1]) / 2, []
    for tilt_deg in _EFFECT_TILTS_DEG:
        percent = speed_error_percent(plane, tilt_deg=tilt_deg)
        if percent is not None:
            shift_px = None if lens is None else lens.fy * math.tan(math.radians(tilt_deg))
            effects.append(CalibrationEffect("tilt", tilt_deg, percent, shift_px, middle_m))
    percent = speed_error_percent(plane, height_m=_EFFECT_HEIGHT_M)
    if percent is not None:
        effects.append(CalibrationEffect("height", _EFFECT_HEIGHT_M, percent, None, middle_m))
    return tuple(effects)


def calibration_fault(code: CalibrationCode, **values: str | int | float) -> CalibrationFault:
    """A fault, its values in order of their names."""
    return CalibrationFault(code, tuple(sorted(values.items())))
