"""What a lens bends can be undone where it says so, and where a pixel lies on the road."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.calibration_faults import calibration_faults
from edge.domain.camera_calibration import CalibrationLimits
from edge.domain.lens import FISHEYE, PINHOLE, Lens, view_angle_deg
from edge.domain.road_plane import RoadPlane, on_road, speed_error_percent, survey_fit, tilt_of_shift_deg
from edge.local.calibration_words import told_calibration
from tests.edge.domain.test_camera_calibration import CAPTURED, GOOD, LENS, TILT_DEG, pixel_of, surveyed


def test_a_fisheye_is_followed_beyond_ninety_degrees() -> None:
    wide = Lens(600.0, 600.0, 960.0, 540.0, FISHEYE, (0.02, 0.0, 0.0, 0.0))
    assert wide.invertible_share(1920, 1080) == 1.0
    assert view_angle_deg(wide, 1920) > 180
    folding = replace(wide, coefficients=(-0.2, 0.0, 0.0, 0.0))
    assert folding.invertible_share(1920, 1080) < 1


@given(st.floats(-0.25, 0.25), st.floats(-0.02, 0.02), st.floats(-0.002, 0.002), st.floats(0, 1919), st.floats(0, 1079))
def test_what_a_lens_bends_can_be_undone_wherever_it_says_so(
    k1: float, k2: float, p: float, x: float, y: float
) -> None:
    bent = Lens(1500.0, 1500.0, 960.0, 540.0, PINHOLE, (k1, k2, p, -p, 0.0))
    if bent.invertible_share(1920, 1080) < 1:
        return
    seen = bent.normalised(np.array([[x, y]]))
    assert np.abs(bent.distorted(bent.undistorted(seen)) - seen).max() < 1e-6


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=9, max_size=9),
    st.sampled_from(["pinhole", "fisheye"]),
)
def test_any_numbers_at_all_get_their_faults(numbers: list[float], family: str) -> None:
    fx, fy, cx, cy, *coefficients = numbers
    strange = Lens(fx, fy, cx, cy, family, tuple(coefficients[:4]))
    plane = replace(surveyed(), height_m=numbers[7], tilt_deg=numbers[8])
    faults = calibration_faults(replace(GOOD, lens=strange, road_plane=plane), CalibrationLimits(), CAPTURED)
    assert all(told_calibration(fault, "en") for fault in faults)


@pytest.mark.parametrize(("tilt_deg", "percent"), [(0.1, 1.8), (0.25, 4.5), (0.3, 5.5), (0.5, 9.35), (-0.1, -1.7)])
def test_what_a_tilt_costs_at_six_metres_and_thirty(tilt_deg: float, percent: float) -> None:
    found = speed_error_percent(RoadPlane(6.0, TILT_DEG), tilt_deg=tilt_deg)
    assert found == pytest.approx(percent, abs=0.05)


def test_standing_higher_reads_low() -> None:
    assert speed_error_percent(RoadPlane(6.0, TILT_DEG), height_m=0.05) == pytest.approx(-0.83, abs=0.01)


def test_a_tilt_that_lifts_the_stretch_off_the_road_has_no_figure() -> None:
    assert speed_error_percent(RoadPlane(6.0, TILT_DEG), tilt_deg=10.5) is None


def test_a_scene_that_went_up_means_a_camera_that_looks_lower() -> None:
    assert tilt_of_shift_deg(LENS, -22.7) == pytest.approx(0.3, abs=0.001)


def test_pixels_meet_the_road_where_they_were_seen_from() -> None:
    plane = surveyed()
    for right_m, ahead_m in ((-3.0, 24.0), (2.0, 33.0)):
        found = on_road(LENS, plane, np.array([pixel_of(LENS, plane, right_m, ahead_m)]))[0]
        assert found == pytest.approx((right_m, ahead_m), abs=1e-6)


@given(st.floats(-180, 180), st.floats(-0.5, 0.5))
def test_a_survey_fits_whatever_its_direction_and_a_wrong_tilt_shows_as_wrong_lengths(turn: float, off: float) -> None:
    fit = survey_fit(LENS, replace(surveyed(turn), tilt_deg=TILT_DEG + off))
    assert fit is not None
    assert fit.rms_m < 1e-6 if off == 0 else fit.rms_m >= 0
    assert math.copysign(1, fit.length_percent) == -math.copysign(1, off) or abs(off) < 0.01
