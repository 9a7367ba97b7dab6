"""Calibration files of all forms are read into the same values; a hostile one is refused with a sentence."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.devices.calibration_files import (
    CalibrationReading,
    calibration_of,
    read_calibration,
)
from edge.domain.lens import FISHEYE, PINHOLE, Lens
from edge.domain.road_plane import ControlPoint, RoadPlane

MATRIX = [[1500.0, 0.0, 950.0], [0.0, 1510.0, 545.0], [0.0, 0.0, 1.0]]
COEFFICIENTS = [-0.1, 0.01, 0.001, -0.002, 0.0]
LENS = Lens(1500.0, 1510.0, 950.0, 545.0, PINHOLE, tuple(COEFFICIENTS))
ROS = """image_width: 1920
image_height: 1080
camera_name: MON07
camera_matrix: {rows: 3, cols: 3, data: [1500, 0, 950, 0, 1510, 545, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [-0.1, 0.01, 0.001, -0.002, 0]}
"""
OPENCV_4 = """%YAML:1.0
---
calibration_time: "Fri May  1 10:20:30 2026"
image_width: 1920
image_height: 1080
camera_matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 1500., 0., 950., 0., 1510., 545., 0., 0., 1. ]
distortion_coefficients: !!opencv-matrix
   rows: 5
   cols: 1
   dt: d
   data: [ -1.0000000000000001e-01, 1.0e-02, 1.0e-03, -2.0e-03, 0. ]
avg_reprojection_error: 3.0e-01
"""
OWN: dict[str, Any] = {
    "format": "tallylight-camera-calibration",
    "version": 1,
    "serial": "MON07",
    "performed_on": "2026-05-01",
    "image_width_px": 1920,
    "image_height_px": 1080,
    "zoom": 1.0,
    "camera_matrix": MATRIX,
    "distortion": {"model": "plumb_bob", "coefficients": COEFFICIENTS},
    "reprojection_error_px": 0.3,
    "road_plane": {
        "height_m": 6.0,
        "tilt_deg": 11.3,
        "stretch_m": [25, 35],
        "control_points": [{"pixel": [100, 900], "metres": [-3.0, 24.0]}],
    },
}


def read(text: str | bytes) -> CalibrationReading:
    return calibration_of(text.encode() if isinstance(text, str) else text, path=Path("camera.file"))


def fields_of(reading: CalibrationReading) -> set[tuple[str, str]]:
    return {(fault.code.value, str(dict(fault.values).get("field"))) for fault in reading.faults}


def own(**changed: Any) -> CalibrationReading:
    return read(json.dumps({name: value for name, value in {**OWN, **changed}.items() if value is not None}))


# ------------------------------------------------------------------------------------------------ every importer
@pytest.mark.parametrize("extension", ["yml", "json", "xml"])
@pytest.mark.parametrize("kind", ["f8", "f4"])
def test_what_opencv_itself_writes_is_read(tmp_path: Path, extension: str, kind: str) -> None:
    path = tmp_path / f"camera.{extension}"
    file = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    file.write("calibration_time", "Fri May  1 10:20:30 2026")
    file.write("image_width", 1920)
    file.write("image_height", 1080)
    file.write("camera_matrix", np.array(MATRIX, kind))
    file.write("distortion_coefficients", np.array([COEFFICIENTS], kind))
    file.write("avg_reprojection_error", 0.3)
    file.release()
    calibration = read_calibration(path).calibration
    assert read_calibration(path).faults == ()
    assert (calibration.form, calibration.width_px, calibration.height_px) == ("opencv", 1920, 1080)
    assert calibration.lens is not None
    assert calibration.lens.coefficients == pytest.approx(COEFFICIENTS, abs=1e-7)
    assert (calibration.lens.fx, calibration.lens.cy) == (1500.0, 545.0)
    assert (calibration.performed_on, calibration.reprojection_error_px) == (date(2026, 5, 1), 0.3)


@pytest.mark.parametrize("extension", ["yml", "json", "xml"])
def test_what_opencv_writes_for_no_number_is_told_as_such(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"camera.{extension}"
    file = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    file.write("image_width", 1920)
    file.write("image_height", 1080)
    file.write("camera_matrix", np.array(MATRIX) * math.nan)
    file.write("distortion_coefficients", np.array([COEFFICIENTS]))
    file.write("avg_reprojection_error", math.inf)
    file.release()
    reading = read_calibration(path)
    assert fields_of(reading) == {("not_a_number", "camera_matrix")}
    assert reading.calibration.reprojection_error_px == math.inf


def test_the_yaml_of_opencv_4_is_read() -> None:
    reading = read(OPENCV_4)
    assert reading.faults == ()
    assert reading.calibration.lens == LENS
    assert reading.calibration.performed_on == date(2026, 5, 1)


def test_a_fisheye_of_opencv_is_one() -> None:
    text = OPENCV_4.replace("rows: 5", "rows: 4").replace(", 0. ]\navg", " ]\navg") + "fisheye_model: 1\n"
    calibration = read(text).calibration
    assert calibration.lens is not None
    assert (calibration.lens.family, len(calibration.lens.coefficients)) == (FISHEYE, 4)


def test_a_ros_camera_info_is_read() -> None:
    reading = read(ROS)
    assert reading.faults == ()
    assert (reading.calibration.form, reading.calibration.lens) == ("ros", LENS)
    assert (reading.calibration.serial, reading.calibration.performed_on) == ("MON07", None)


def test_the_region_and_the_binning_of_ros_are_those_of_the_picture() -> None:
    region = "roi: {x_offset: 100, y_offset: 40, width: 1600, height: 1000, do_rectify: false}\n"
    calibration = read(ROS + region + "binning_x: 2\nbinning_y: 2\n").calibration
    assert (calibration.width_px, calibration.height_px) == (800, 500)
    assert calibration.lens is not None
    assert (calibration.lens.fx, calibration.lens.cx, calibration.lens.cy) == (750.0, 425.0, 252.5)


@pytest.mark.shared
def test_the_published_ros_file_is_read(shared_footage: Path) -> None:
    reading = read_calibration(shared_footage.parent / "calibration" / "ros_camera_info.yaml")
    assert reading.faults == ()
    assert (reading.calibration.width_px, reading.calibration.height_px) == (640, 480)
    assert reading.calibration.lens is not None
    assert reading.calibration.lens.fx == 1168.68


def test_our_own_json_is_read_with_its_road_plane() -> None:
    reading = own()
    assert reading.faults == ()
    calibration = reading.calibration
    assert (calibration.form, calibration.lens, calibration.serial, calibration.zoom) == (
        "tallylight",
        LENS,
        "MON07",
        1.0,
    )
    assert calibration.road_plane == RoadPlane(6.0, 11.3, 0.0, (ControlPoint(100, 900, -3.0, 24.0),), (25.0, 35.0))


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-05-01", date(2026, 5, 1)),
        ("2026-05-01T10:20:30+08:00", date(2026, 5, 1)),
        ("Fri May  1 10:20:30 2026", date(2026, 5, 1)),
        ("Fri 01 May 2026 10:20:30 AM CST", date(2026, 5, 1)),
        ("2026年05月01日 星期五", date(2026, 5, 1)),
        ("2026/5/1 10:20", date(2026, 5, 1)),
        ("2026-02-31", None),
        ("last spring", None),
    ],
)
def test_the_day_is_read_as_machines_write_it(written: str, day: date | None) -> None:
    assert own(performed_on=written).calibration.performed_on == day


# ---------------------------------------------------------------------------------------------- what does not fit
@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"image_width_px": None}, ("field_missing", "image_width_px")),
        ({"camera_matrix": None}, ("field_missing", "camera_matrix")),
        ({"distortion": None}, ("field_missing", "distortion")),
        ({"reprojection_error_px": None}, ("field_missing", "reprojection_error_px")),
        ({"performed_on": None}, ("field_missing", "performed_on")),
        ({"serial": None}, ("field_missing", "serial")),
        ({"image_width_px": "wide"}, ("not_a_number", "image_width_px")),
        ({"image_width_px": 1920.5}, ("not_a_number", "image_width_px")),
        ({"image_height_px": -1}, ("not_a_number", "image_height_px")),
        ({"camera_matrix": MATRIX[:2]}, ("wrong_shape", "camera_matrix")),
        ({"camera_matrix": [[1, 2], [3]]}, ("wrong_shape", "camera_matrix")),
        ({"camera_matrix": "identity"}, ("wrong_shape", "camera_matrix")),
        ({"camera_matrix": [[math.nan, 0, 1], [0, 1, 1], [0, 0, 1]]}, ("not_a_number", "camera_matrix")),
        ({"camera_matrix": [[1e400, 0, 1], [0, 1, 1], [0, 0, 1]]}, ("not_a_number", "camera_matrix")),
        (
            {"camera_matrix": [list(row) for row in zip(*MATRIX, strict=True)]},
            ("matrix_is_no_cameras", "camera_matrix"),
        ),
        ({"camera_matrix": [[-1500, 0, 950], [0, 1510, 545], [0, 0, 1]]}, ("matrix_is_no_cameras", "camera_matrix")),
        ({"distortion": {"model": "plumb_bob", "coefficients": [1, 2, 3]}}, ("wrong_shape", "distortion_coefficients")),
        (
            {"distortion": {"model": "plumb_bob", "coefficients": ["a"] * 5}},
            ("not_a_number", "distortion.coefficients"),
        ),
        ({"distortion": {"model": "bent", "coefficients": []}}, ("distortion_model_unknown", "None")),
        ({"road_plane": {"height_m": 6}}, ("field_missing", "road_plane.tilt_deg")),
        ({"road_plane": {"height_m": 6, "tilt_deg": 9}}, ("field_missing", "road_plane.control_points")),
        ({"road_plane": []}, ("field_missing", "road_plane")),
        (
            {"road_plane": {"height_m": 6, "tilt_deg": 9, "control_points": [{"pixel": [1, 2, 3], "metres": [1, 2]}]}},
            ("wrong_shape", "road_plane.control_points[1].pixel, metres"),
        ),
        (
            {"road_plane": {"height_m": 6, "tilt_deg": 9, "control_points": [7]}},
            ("field_missing", "road_plane.control_points[1].pixel"),
        ),
    ],
)
def test_what_is_missing_or_of_a_wrong_form_is_named(changed: dict[str, Any], fault: tuple[str, str]) -> None:
    assert fault in fields_of(own(**changed))


def test_everything_wrong_is_named_at_once() -> None:
    reading = own(image_width_px=None, camera_matrix=[[1]], serial=None, reprojection_error_px="small")
    assert fields_of(reading) == {
        ("field_missing", "image_width_px"),
        ("wrong_shape", "camera_matrix"),
        ("field_missing", "serial"),
        ("not_a_number", "reprojection_error_px"),
    }
