"""Whether a calibration may be used for a recording: every fault at once, as codes with values; NaN fails."""

from __future__ import annotations

import math
from collections.abc import Iterator

from edge.domain.camera_calibration import (
    Against,
    CalibrationCode,
    CalibrationFault,
    CalibrationLimits,
    CameraCalibration,
)
from edge.domain.camera_calibration import calibration_fault as fault_of
from edge.domain.lens import PINHOLE, Lens, view_angle_deg
from edge.domain.road_plane import survey_fit

_MOST_MM, _SENSOR_MM = 100.0, 7.2
"""Lenses over a road are shorter than this; the example is for a sensor of 1/1.8 inch."""
_PINHOLE_WIDEST_DEG = 150.0
_HEIGHTS_M = 0.5, 60.0


def calibration_faults(
    calibration: CameraCalibration, limits: CalibrationLimits, against: Against
) -> tuple[CalibrationFault, ...]:
    """Everything wrong over the whole capture, besides what the file's reader found; empty: fit."""
    return (
        *_file_faults(calibration, against),
        *_picture_faults(calibration, against),
        *_lens_faults(calibration, limits),
        *_error_faults(calibration, limits),
        *_date_faults(calibration, limits, against),
        *_road_faults(calibration, limits),
    )


def _file_faults(calibration: CameraCalibration, against: Against) -> Iterator[CalibrationFault]:
    kept = against.commissioned_sha256
    if kept is not None and kept != calibration.sha256:
        yield fault_of(CalibrationCode.FILE_CHANGED, sha256=calibration.sha256[:16], commissioned=kept[:16])
    if against.serial is not None and calibration.serial is None:
        yield fault_of(CalibrationCode.SERIAL_MISSING, expected=against.serial)
    elif against.serial is not None and calibration.serial != against.serial:
        yield fault_of(CalibrationCode.SERIAL_DIFFERS, serial=calibration.serial or "", expected=against.serial)


def _picture_faults(calibration: CameraCalibration, against: Against) -> Iterator[CalibrationFault]:
    size = _size(calibration)
    if size is not None and against.stream_px is not None and not is_integer_scale(size, against.stream_px):
        off = 100 * (size[0] / against.stream_px[0] - 1)
        yield fault_of(
            CalibrationCode.RESOLUTION_DIFFERS,
            calibrated=f"{size[0]}x{size[1]}",
            stream=f"{against.stream_px[0]}x{against.stream_px[1]}",
            percent=round(abs(off), 1),
        )
    zooms = calibration.zoom, against.zoom
    if zooms[0] is not None and zooms[1] is not None and not math.isclose(zooms[0], zooms[1], rel_tol=1e-3):
        yield fault_of(CalibrationCode.ZOOM_DIFFERS, calibrated=zooms[0], stream=zooms[1])


def is_integer_scale(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Equal sizes, or one exactly twice, three times ... the other both ways: nothing was cropped."""
    large, small = max(one, other), min(one, other)
    times = large[0] // small[0]
    return large == (small[0] * times, small[1] * times)


def _lens_faults(calibration: CameraCalibration, limits: CalibrationLimits) -> Iterator[CalibrationFault]:
    lens, size = calibration.lens, _size(calibration)
    if lens is None:
        return
    ratio = 100 * abs(lens.fx / lens.fy - 1) if lens.fy else math.inf
    if not ratio <= limits.focal_ratio:
        yield fault_of(CalibrationCode.FOCAL_LENGTHS_DIFFER, percent=round(ratio, 1), limit=limits.focal_ratio)
    if size is None:
        return
    focal = list(_focal_faults(lens, size, limits))
    yield from focal
    yield from _centre_faults(lens, size, limits)
    if calibration.distortion_model is None or focal or lens.fy <= 0:
        return  # with a focal length that is none, every distortion folds
    share = lens.invertible_share(*size)
    if not share >= 1:
        yield fault_of(
            CalibrationCode.DISTORTION_NOT_INVERTIBLE, percent=math.floor(100 * share) if math.isfinite(share) else 0
        )


def _focal_faults(lens: Lens, size: tuple[int, int], limits: CalibrationLimits) -> Iterator[CalibrationFault]:
    angle_deg = view_angle_deg(lens, size[0]) if lens.fx > 0 else math.inf
    widest_deg = min(limits.view_most, _PINHOLE_WIDEST_DEG if lens.family == PINHOLE else math.inf)
    if 0 < lens.fx <= _MOST_MM and angle_deg > widest_deg:
        example = round(lens.fx * size[0] / _SENSOR_MM)
        yield fault_of(CalibrationCode.FOCAL_LENGTH_IN_MM, focal=lens.fx, example=example)
        return
    if limits.view_least <= angle_deg <= limits.view_most:
        return
    yield fault_of(
        CalibrationCode.FOCAL_LENGTH_IMPLAUSIBLE,
        focal=round(lens.fx, 1),
        angle="?" if not math.isfinite(angle_deg) else round(angle_deg, 1),
        least=limits.view_least,
        most=limits.view_most,
    )


def _centre_faults(lens: Lens, size: tuple[int, int], limits: CalibrationLimits) -> Iterator[CalibrationFault]:
    width, height = size
    place = {"x": round(lens.cx, 1), "y": round(lens.cy, 1)}
    if not (0 <= lens.cx < width and 0 <= lens.cy < height):
        yield fault_of(CalibrationCode.PRINCIPAL_POINT_OUTSIDE, **place, size=f"{width}x{height}")
        return
    off = max(100 * abs(lens.cx / width - 0.5), 100 * abs(lens.cy / height - 0.5))
    if not off <= limits.principal_point:
        yield fault_of(
            CalibrationCode.PRINCIPAL_POINT_OFF_CENTRE, **place, percent=round(off, 1), limit=limits.principal_point
        )


def _error_faults(calibration: CameraCalibration, limits: CalibrationLimits) -> Iterator[CalibrationFault]:
    error_px = calibration.reprojection_error_px
    if error_px is None:
        yield fault_of(CalibrationCode.REPROJECTION_ERROR_MISSING)
    elif not math.isfinite(error_px) or error_px < 0:
        yield fault_of(CalibrationCode.REPROJECTION_ERROR_NOT_A_NUMBER, error=str(error_px))
    elif not error_px <= limits.reprojection:
        yield fault_of(
            CalibrationCode.REPROJECTION_ERROR_TOO_LARGE, error=round(error_px, 3), limit=limits.reprojection
        )


def _date_faults(
    calibration: CameraCalibration, limits: CalibrationLimits, against: Against
) -> Iterator[CalibrationFault]:
    performed = calibration.performed_on
    if performed is None:
        yield fault_of(CalibrationCode.DATE_MISSING)
        return
    if performed > against.captured_from:
        captured = against.captured_from.isoformat()
        yield fault_of(CalibrationCode.DATED_IN_FUTURE, performed=performed.isoformat(), captured=captured)
    age_days = (against.captured_until - performed).days
    if age_days > limits.age:
        yield fault_of(CalibrationCode.TOO_OLD, performed=performed.isoformat(), days=age_days, limit=limits.age)


_LEAST_TO_LAY = 2
"""Fewer points cannot be laid on each other."""


def _road_faults(calibration: CameraCalibration, limits: CalibrationLimits) -> Iterator[CalibrationFault]:
    plane, lens = calibration.road_plane, calibration.lens
    if plane is None:
        return
    if not _HEIGHTS_M[0] <= plane.height_m <= _HEIGHTS_M[1] or not 0 < plane.tilt_deg < 90:
        yield fault_of(CalibrationCode.ROAD_PLANE_IMPLAUSIBLE, height=plane.height_m, tilt=plane.tilt_deg)
        return
    if len(plane.points) < limits.road_points:
        yield fault_of(CalibrationCode.ROAD_PLANE_POINTS_FEW, count=len(plane.points), least=int(limits.road_points))
    if lens is None or lens.fx <= 0 or lens.fy <= 0:
        return
    fit = survey_fit(lens, plane)
    if fit is None:
        return
    for number in fit.beyond_horizon:
        yield fault_of(CalibrationCode.ROAD_PLANE_POINT_BEYOND_HORIZON, number=number)
    if len(plane.points) - len(fit.beyond_horizon) < _LEAST_TO_LAY:
        return  # told above as too few, or as beyond the horizon
    off_percent = abs(fit.length_percent)
    if not (fit.rms_m <= limits.road_plane and off_percent <= limits.road_length):
        yield fault_of(
            CalibrationCode.ROAD_PLANE_ERROR_TOO_LARGE,
            rms=round(fit.rms_m, 2),
            most=round(fit.most_m, 2),
            limit=limits.road_plane,
            percent=round(off_percent, 1),
            percent_limit=limits.road_length,
        )


def _size(calibration: CameraCalibration) -> tuple[int, int] | None:
    if not calibration.width_px or not calibration.height_px:
        return None
    return calibration.width_px, calibration.height_px
