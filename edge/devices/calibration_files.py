"""Calibration files as cameras' makers and tools write them, read into values: our JSON, OpenCV (YAML, JSON, XML; 4 and
5), ROS camera_info. What is missing or of a wrong form is a fault beside the values, so that all is told at once.

Our JSON: {"format": "tallylight-camera-calibration", "version": 1, "serial", "performed_on": "2026-05-01",
"image_width_px", "image_height_px", "zoom" (optional), "camera_matrix": [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] in
pixels, "distortion": {"model", "coefficients"}, "reprojection_error_px", "road_plane" (optional): {"height_m",
"tilt_deg" below the horizon, "roll_deg" (optional), "stretch_m": [from, to] (optional), "control_points":
[{"pixel": [x, y], "metres": [x, y]}]}}.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from edge.contract.sentences import Sentence, sentence
from edge.devices.bounded_text import MAX_BYTES, UnsafeTextError, json_values, xml_values, yaml_values
from edge.devices.calibration_fields import Fields
from edge.domain.camera_calibration import CalibrationFault, CameraCalibration
from edge.platform.regular_files import NotRegularError, open_regular

OWN, OPENCV, ROS = "tallylight", "opencv", "ros"
_OWN_FORMAT = "tallylight-camera-calibration"
_MATRIX = ("camera_matrix", "Camera_Matrix", "cameraMatrix", "camera_matrix_", "K", "mtx", "intrinsic_matrix")
_COEFFICIENTS = (
    "distortion_coefficients",
    "Distortion_Coefficients",
    "distCoeffs",
    "dist_coeffs",
    "distortion",
    "D",
    "dist",
)
_WIDTH = ("image_width", "image_Width", "imageWidth", "width")
_HEIGHT = ("image_height", "image_Height", "imageHeight", "height")
_ERROR = ("avg_reprojection_error", "Avg_Reprojection_Error", "reprojection_error", "reprojectionError", "rms")
_DATE = ("calibration_time", "calibration_Time", "calibrationDate", "date")
_SERIAL = ("serial", "serial_number", "serialNumber", "camera_serial")
_FISHEYE = ("fisheye_model", "Fisheye_Model")
_IN_FIGURES = re.compile(r"(?P<year>\d{4})\D{1,2}(?P<month>\d{1,2})\D{1,2}(?P<day>\d{1,2})(?!\d)")
_MONTH = re.compile(r"\b(?P<name>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)")
_YEAR, _DAY_OF_MONTH = re.compile(r"\b(?:19|20)\d{2}\b"), re.compile(r"(?<![\d:])\d{1,2}(?![\d:])")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class CalibrationUnreadableError(Exception):
    """The file is no calibration that can be read; a person gives another, or has it written again."""

    def __init__(self, *, path: Path, why: Sentence) -> None:
        super().__init__(
            sentence(
                "calibration_unreadable",
                "{path} is no calibration file that can be read: {why}. Known are OpenCV (YAML, JSON, XML), ROS"
                " camera_info and our JSON",
                path=path,
                why=why,
            )
        )
        self.path, self.why = path, why


@dataclass(frozen=True, slots=True)
class CalibrationReading:
    """What the file says, and what was missing or of a wrong form in it."""

    calibration: CameraCalibration
    faults: tuple[CalibrationFault, ...]


def read_calibration(path: Path) -> CalibrationReading:
    """The calibration in a file. Raises CalibrationUnreadableError or OSError."""
    try:
        with open_regular(path, follow=True) as file:
            data = file.read(MAX_BYTES + 1)
    except NotRegularError as error:
        raise CalibrationUnreadableError(path=path, why=sentence("calibration_no_file", "it is no file")) from error
    return calibration_of(data, path=path)


def calibration_of(data: bytes, *, path: Path) -> CalibrationReading:
    """The calibration in bytes; `path` is named in an error. Raises CalibrationUnreadableError."""
    if len(data) > MAX_BYTES:
        why = sentence("calibration_large", "it is larger than {limit} bytes", limit=MAX_BYTES)
        raise CalibrationUnreadableError(path=path, why=why)
    try:
        values = _values(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CalibrationUnreadableError(path=path, why=sentence("text_not_utf8", "it is no text in UTF-8")) from error
    except UnsafeTextError as error:
        raise CalibrationUnreadableError(path=path, why=error.said) from error
    if not isinstance(values, dict) or not _is_calibration(values):
        why = sentence("calibration_no_camera", "it names neither a camera matrix nor our format")
        raise CalibrationUnreadableError(path=path, why=why)
    fields, sha256 = Fields(values), hashlib.sha256(data).hexdigest()
    is_own = values.get("format") == _OWN_FORMAT
    calibration = _own(fields, sha256) if is_own else _foreign(fields, sha256)
    return CalibrationReading(calibration, tuple(fields.faults))


def _values(text: str) -> Any:
    start = text.lstrip()
    if start.startswith("<"):
        return xml_values(text.strip())
    return json_values(text) if start.startswith(("{", "[")) else yaml_values(text)


def _is_calibration(values: dict[str, Any]) -> bool:
    return values.get("format") == _OWN_FORMAT or any(name in values for name in (*_MATRIX, *_COEFFICIENTS))


def _own(fields: Fields, sha256: str) -> CameraCalibration:
    distortion = fields.part("distortion")
    model = distortion.text("model", required=True)
    coefficients = distortion.numbers("coefficients", required=True)
    return CameraCalibration(
        form=OWN,
        sha256=sha256,
        width_px=fields.whole("image_width_px"),
        height_px=fields.whole("image_height_px"),
        lens=fields.lens(("camera_matrix",), model, coefficients),
        distortion_model=model,
        reprojection_error_px=fields.number("reprojection_error_px", required=True, any_value=True),
        performed_on=_day(fields.text("performed_on", required=True)),
        serial=fields.text("serial", required=True),
        zoom=fields.number("zoom"),
        road_plane=fields.road_plane("road_plane"),
    )


def _foreign(fields: Fields, sha256: str) -> CameraCalibration:
    """OpenCV and ROS name the same things; only ROS says its model, a region and a binning."""
    is_ros = "distortion_model" in fields.values
    coefficients = fields.numbers(*_COEFFICIENTS, required=True)
    model = fields.text("distortion_model") if is_ros else "equidistant" if fields.flag(*_FISHEYE) else "plumb_bob"
    lens, width, height = fields.seen_through(
        fields.lens(_MATRIX, model, coefficients), fields.whole(*_WIDTH), fields.whole(*_HEIGHT)
    )
    return CameraCalibration(
        form=ROS if is_ros else OPENCV,
        sha256=sha256,
        width_px=width,
        height_px=height,
        lens=lens,
        distortion_model=model,
        reprojection_error_px=fields.number(*_ERROR, any_value=True),
        performed_on=_day(fields.text(*_DATE)),
        serial=fields.text(*_SERIAL) or (fields.text("camera_name") if is_ros else None),
    )


def _day(text: str | None) -> date | None:
    """The day of a time as OpenCV writes it in the locale of its machine, or of an ISO date."""
    if text is None:
        return None
    figures = _IN_FIGURES.match(text)
    month, year, day = _MONTH.search(text), _YEAR.search(text), _DAY_OF_MONTH.search(text)
    try:
        if figures is not None:
            return date(int(figures["year"]), int(figures["month"]), int(figures["day"]))
        if month is None or year is None or day is None:
            return None
        return date(int(year[0]), _MONTHS.index(month["name"]) + 1, int(day[0]))
    except ValueError:
        return None  # such as the 31st of February: it says no day
