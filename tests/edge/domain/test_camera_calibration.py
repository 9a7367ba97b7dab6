"""A calibration is fit for a recording, or every reason why not is named at once."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from edge.contract.fault_words import places_of
from edge.contract.instants import parse_rfc3339
from edge.contract.messages import Register, RegisterRule
from edge.domain.calibration_faults import calibration_faults, is_integer_scale
from edge.domain.camera_calibration import (
    Against,
    CalibrationCode,
    CalibrationLimits,
    CalibrationVerdict,
    CameraCalibration,
    calibration_effects,
    calibration_fault,
    calibration_limits,
    calibration_verdict,
)
from edge.domain.lens import PINHOLE, Lens
from edge.domain.road_plane import (
    ControlPoint,
    RoadPlane,
)
from edge.local.calibration_words import CALIBRATION_WORDS, VERDICT_WORDS, told_calibration, told_effect
from server.store.rule_files import load_rules

LENS = Lens(4330.0, 4330.0, 960.0, 540.0, PINHOLE, (-0.1, 0.01, 0.0, 0.0, 0.0))
TILT_DEG = math.degrees(math.atan(6 / 30))
CAPTURED = Against(captured_from=date(2026, 11, 21), captured_until=date(2026, 11, 21), stream_px=(1920, 1080))


def pixel_of(lens: Lens, plane: RoadPlane, right_m: float, ahead_m: float) -> tuple[float, float]:
    """Where a point of the road is seen: the inverse of `on_road`."""
    tilt = math.radians(plane.tilt_deg)
    depth = ahead_m * math.cos(tilt) + plane.height_m * math.sin(tilt)
    fall = plane.height_m * math.cos(tilt) - ahead_m * math.sin(tilt)
    bent = lens.distorted(np.array([[right_m / depth, fall / depth]]))[0]
    return float(bent[0] * lens.fx + lens.cx), float(bent[1] * lens.fy + lens.cy)


def surveyed(turn_deg: float = 25.0) -> RoadPlane:
    """A road plane whose survey has its own origin and direction."""
    bare, turn = RoadPlane(6.0, TILT_DEG), math.radians(turn_deg)
    points = []
    for right_m, ahead_m in ((-3.0, 24.0), (3.0, 24.0), (-3.0, 36.0), (3.0, 36.0), (0.0, 30.0)):
        east = 500 + right_m * math.cos(turn) - ahead_m * math.sin(turn)
        north = 900 + right_m * math.sin(turn) + ahead_m * math.cos(turn)
        points.append(ControlPoint(*pixel_of(LENS, bare, right_m, ahead_m), east, north))
    return replace(bare, points=tuple(points))


GOOD = CameraCalibration(
    form="tallylight",
    sha256="ab" * 32,
    width_px=1920,
    height_px=1080,
    lens=LENS,
    distortion_model="plumb_bob",
    reprojection_error_px=0.3,
    performed_on=date(2026, 5, 1),
    serial="MON07",
    zoom=1.0,
    road_plane=surveyed(),
)


def codes(calibration: CameraCalibration, against: Against = CAPTURED) -> set[str]:
    return {fault.code.value for fault in calibration_faults(calibration, CalibrationLimits(), against)}


def lens(**how: float) -> CameraCalibration:
    return replace(GOOD, lens=replace(LENS, **how), road_plane=None)


def test_a_good_calibration_is_fit() -> None:
    against = replace(CAPTURED, serial="MON07", zoom=1.0, commissioned_sha256="ab" * 32)
    assert codes(GOOD, against) == set()
    assert calibration_verdict(()) is CalibrationVerdict.FIT


@pytest.mark.parametrize(
    ("calibration", "against", "expected"),
    [
        pytest.param(GOOD, replace(CAPTURED, stream_px=(1280, 720)), {"resolution_differs"}, id="another size"),
        pytest.param(GOOD, replace(CAPTURED, stream_px=(960, 540)), set(), id="exactly half the size"),
        pytest.param(GOOD, replace(CAPTURED, stream_px=(3840, 2160)), set(), id="exactly twice the size"),
        pytest.param(GOOD, replace(CAPTURED, stream_px=(1920, 540)), {"resolution_differs"}, id="cropped"),
        pytest.param(GOOD, replace(CAPTURED, stream_px=None), set(), id="a size that nobody knows"),
        pytest.param(GOOD, replace(CAPTURED, zoom=1.5), {"zoom_differs"}, id="zoomed in since"),
        pytest.param(lens(cx=2000.0), CAPTURED, {"principal_point_outside"}, id="a centre beside the picture"),
        pytest.param(lens(cx=1160.0), CAPTURED, {"principal_point_off_centre"}, id="a centre 10.4 percent off"),
        pytest.param(lens(cx=1150.0), CAPTURED, set(), id="a centre 9.9 percent off"),
        pytest.param(lens(fx=4430.0), CAPTURED, {"focal_lengths_differ"}, id="focal lengths 2.3 percent apart"),
        pytest.param(lens(fx=9000.0, fy=9000.0), CAPTURED, {"focal_length_implausible"}, id="a view of 12 degrees"),
        pytest.param(lens(fx=6.0, fy=6.0, coefficients=()), CAPTURED, {"focal_length_in_mm"}, id="six millimetres"),
        pytest.param(
            lens(fx=1000.0, fy=1000.0, coefficients=(-0.5, 0.0, 0.0, 0.0, 0.0)),
            CAPTURED,
            {"distortion_not_invertible"},
            id="a distortion that folds before the corner",
        ),
        pytest.param(
            lens(fx=1000.0, fy=1000.0, coefficients=(0.0, 0.0, 0.6, 0.6)),
            CAPTURED,
            {"distortion_not_invertible"},
            id="a tangential distortion that folds",
        ),
        pytest.param(
            replace(GOOD, reprojection_error_px=1.2),
            CAPTURED,
            {"reprojection_error_too_large"},
            id="an error too large",
        ),
        pytest.param(
            replace(GOOD, reprojection_error_px=math.nan),
            CAPTURED,
            {"reprojection_error_not_a_number"},
            id="an error that is NaN",
        ),
        pytest.param(
            replace(GOOD, reprojection_error_px=math.inf),
            CAPTURED,
            {"reprojection_error_not_a_number"},
            id="an infinite error",
        ),
        pytest.param(
            replace(GOOD, reprojection_error_px=None), CAPTURED, {"reprojection_error_missing"}, id="no error said"
        ),
        pytest.param(
            replace(GOOD, performed_on=date(2026, 11, 22)), CAPTURED, {"dated_in_future"}, id="performed the day after"
        ),
        pytest.param(replace(GOOD, performed_on=date(2026, 11, 21)), CAPTURED, set(), id="performed on the day"),
        pytest.param(
            GOOD,
            replace(CAPTURED, captured_until=date(2026, 5, 1) + timedelta(days=731)),
            {"too_old"},
            id="too old at the end of the recording",
        ),
        pytest.param(replace(GOOD, performed_on=None), CAPTURED, {"date_missing"}, id="no date"),
        pytest.param(GOOD, replace(CAPTURED, serial="MON08"), {"serial_differs"}, id="the file of another device"),
        pytest.param(
            replace(GOOD, serial=None), replace(CAPTURED, serial="MON08"), {"serial_missing"}, id="no device named"
        ),
        pytest.param(
            GOOD, replace(CAPTURED, commissioned_sha256="cd" * 32), {"file_changed"}, id="changed since commissioning"
        ),
        pytest.param(
            replace(GOOD, road_plane=replace(surveyed(), tilt_deg=12.5)),
            CAPTURED,
            {"road_plane_error_too_large"},
            id="a tilt 1.2 degrees off",
        ),
        pytest.param(
            replace(GOOD, road_plane=replace(surveyed(), height_m=6.3)),
            CAPTURED,
            {"road_plane_error_too_large"},
            id="a height 5 percent off",
        ),
        pytest.param(
            replace(GOOD, road_plane=replace(surveyed(), points=surveyed().points[:3])),
            CAPTURED,
            {"road_plane_points_few"},
            id="three surveyed points",
        ),
        pytest.param(
            replace(GOOD, road_plane=replace(surveyed(), tilt_deg=-3.0)),
            CAPTURED,
            {"road_plane_implausible"},
            id="a camera that looks up",
        ),
        pytest.param(
            replace(
                GOOD, road_plane=replace(surveyed(), points=(*surveyed().points, ControlPoint(960, -2000, 500, 900)))
            ),
            CAPTURED,
            {"road_plane_point_beyond_horizon"},
            id="a surveyed point in the sky",
        ),
    ],
)
def test_each_fault_has_its_code(calibration: CameraCalibration, against: Against, expected: set[str]) -> None:
    assert codes(calibration, against) == expected


@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_few_points_are_told_without_numbers_that_are_none(count: int) -> None:
    plane = surveyed()
    few = replace(GOOD, road_plane=replace(plane, points=plane.points[:count]))
    assert codes(few) == {"road_plane_points_few"}


def test_all_faults_are_told_at_once() -> None:
    bad = replace(lens(cx=5000.0, fx=5000.0), reprojection_error_px=math.nan, performed_on=date(2027, 1, 1))
    against = replace(CAPTURED, stream_px=(1280, 720), serial="MON08", commissioned_sha256="cd" * 32)
    assert codes(bad, against) == {
        "resolution_differs",
        "principal_point_outside",
        "focal_lengths_differ",
        "reprojection_error_not_a_number",
        "dated_in_future",
        "serial_differs",
        "file_changed",
    } | ({"distortion_not_invertible"} & codes(bad, against))


def test_what_a_file_does_not_say_makes_it_undetermined_and_never_fit() -> None:
    unsaid = (calibration_fault(CalibrationCode.DATE_MISSING),)
    assert calibration_verdict(unsaid) is CalibrationVerdict.UNDETERMINED
    wrong = (*unsaid, calibration_fault(CalibrationCode.TOO_OLD))
    assert calibration_verdict(wrong) is CalibrationVerdict.UNFIT


@pytest.mark.parametrize(
    ("one", "other", "scaled"),
    [((1920, 1080), (1920, 1080), True), ((1920, 1080), (640, 360), True), ((1920, 1080), (640, 480), False)],
)
def test_an_exact_scale_is_the_same_camera(one: tuple[int, int], other: tuple[int, int], scaled: bool) -> None:
    assert is_integer_scale(one, other) is is_integer_scale(other, one) is scaled


# ------------------------------------------------------------------------------------------------------- words
@pytest.mark.parametrize("code", CalibrationCode)
def test_every_code_has_both_languages_with_the_same_places(code: CalibrationCode) -> None:
    words = CALIBRATION_WORDS[code]
    assert places_of(words.sentence[0]) == places_of(words.sentence[1])
    assert any("\u4e00" <= sign <= "\u9fff" for sign in words.label[1])


@pytest.mark.parametrize("verdict", CalibrationVerdict)
def test_every_verdict_has_words(verdict: CalibrationVerdict) -> None:
    assert all(VERDICT_WORDS[verdict])


def test_every_fault_found_here_fills_its_sentence() -> None:
    calibrations = [
        lens(cx=5000.0, fx=5000.0),
        lens(cx=1160.0),
        lens(fx=6.0, fy=6.0),
        lens(fx=9000.0, fy=9000.0),
        lens(fx=1000.0, fy=1000.0, coefficients=(-0.5, 0.0, 0.0, 0.0, 0.0)),
        replace(GOOD, reprojection_error_px=math.nan, performed_on=date(2027, 1, 1)),
        replace(GOOD, reprojection_error_px=2.0, performed_on=date(2020, 1, 1), serial=None),
        replace(GOOD, reprojection_error_px=None, performed_on=None),
        replace(GOOD, road_plane=replace(surveyed(), tilt_deg=12.5, points=surveyed().points[:3])),
        replace(GOOD, road_plane=replace(surveyed(), tilt_deg=-1.0)),
    ]
    against = replace(CAPTURED, stream_px=(1280, 720), serial="MON08", zoom=2.0, commissioned_sha256="cd" * 32)
    for calibration in calibrations:
        for fault in calibration_faults(calibration, CalibrationLimits(), against):
            for language in ("en", "zh-CN"):
                assert "{" not in told_calibration(fault, language)


def test_the_effect_is_told_in_numbers_of_this_camera() -> None:
    told = [told_effect(effect, "en") for effect in calibration_effects(GOOD)]
    assert "A tilt of 0.3 degrees (23 px in the picture) reads speed 5.5 % high here, at 30 m" in told
    assert "Standing 0.05 m higher reads speed 0.8 % low here, at 30 m" in told
    assert calibration_effects(replace(GOOD, road_plane=None)) == ()
    assert "偏高 5.5%" in told_effect(calibration_effects(GOOD)[1], "zh-CN")


def test_the_limits_are_those_of_the_rule_file() -> None:
    rules = tuple(
        RegisterRule(key=rule.key, value=rule.value, unit=rule.unit)
        for rule in load_rules().rules
        if rule.key.startswith("calibration.") and not isinstance(rule.value, tuple)
    )
    register = Register(number=1, issued=parse_rfc3339("2026-11-22T00:00:00Z"), rules=rules)
    assert calibration_limits(register) == CalibrationLimits()
    assert {rule.key for rule in rules} == {f"calibration.{name}" for name in CalibrationLimits.__dataclass_fields__}
