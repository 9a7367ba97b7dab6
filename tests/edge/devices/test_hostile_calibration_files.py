"""A file that is no calibration, or was made to do harm, is refused with a sentence; a damaged one breaks nothing."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.devices.calibration_files import CalibrationUnreadableError, read_calibration
from edge.domain.calibration_faults import calibration_faults
from edge.domain.camera_calibration import Against, CalibrationLimits, calibration_effects
from edge.local.calibration_words import told_calibration, told_effect
from tests.edge.devices.test_calibration_files import OPENCV_4, OWN, ROS, fields_of, read

BOMB = "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\ncamera_matrix: *c\n"
DOCTYPE = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><opencv_storage><camera_matrix>&b;</camera_matrix>'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(b"", "neither a camera matrix", id="empty"),
        pytest.param(b"\xff\xfe\x00", "no text in UTF-8", id="no text"),
        pytest.param(b"just words", "neither a camera matrix", id="words"),
        pytest.param(b'{"a": 1}', "neither a camera matrix", id="other JSON"),
        pytest.param(b'{"a": ', "cannot be read as JSON", id="cut JSON"),
        pytest.param(b"a: [1", "cannot be read as YAML", id="cut YAML"),
        pytest.param(b"<opencv_storage><a>", "cannot be read as XML", id="cut XML"),
        pytest.param(BOMB.encode(), "an alias", id="a billion laughs in YAML"),
        pytest.param(DOCTYPE.encode(), "document type", id="entities in XML"),
        pytest.param(b'camera_matrix: !!python/object/apply:os.system ["id"]', "asks for an object", id="an object"),
        pytest.param(b"camera_matrix: !local [1]", "asks for an object", id="a tag of somebody's own"),
        pytest.param(b"camera_matrix: " + b"[" * 5000, "nested deeper", id="deep YAML"),
        pytest.param(b'{"camera_matrix": ' + b"[" * 100_000, "", id="deep JSON"),
        pytest.param(b"<a>" * 5000, "nested deeper", id="deep XML"),
        pytest.param(b"camera_matrix: [" + b"1," * 300_000 + b"1]", "nested deeper", id="many values"),
        pytest.param(b"K: 1\nK: 2\n", "says K twice", id="a field twice in YAML"),
        pytest.param(b'{"K": 1, "K": 2}', "says K twice", id="a field twice in JSON"),
        pytest.param(b"K: " + b" " * (1 << 20), "larger than", id="too large"),
    ],
)
def test_a_file_that_is_no_calibration_is_refused_with_the_reason(text: bytes, said: str) -> None:
    with pytest.raises(CalibrationUnreadableError) as refused:
        read(text)
    assert said in str(refused.value)
    assert "Known are OpenCV" in str(refused.value)


@pytest.mark.parametrize("encoding", ["gb2312", "utf-16", "invented"])
def test_what_an_xml_names_as_its_encoding_breaks_nothing(encoding: str) -> None:
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><opencv_storage><camera_matrix>1</camera_matrix></opencv_storage>'
    )
    assert ("wrong_shape", "camera_matrix") in fields_of(read(text))


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "camera.json")
    with pytest.raises((CalibrationUnreadableError, IsADirectoryError)):
        read_calibration(tmp_path / "camera.json")


def test_the_field_that_stands_twice_among_many_is_found_at_once() -> None:
    many = ",".join(f'"k{number}":1' for number in range(90_000))
    with pytest.raises(CalibrationUnreadableError, match="says k89999 twice"):
        read(f'{{{many},"k89999":2}}')


NO_LENGTHS = ["Infinity", "-Infinity", "NaN", "1e400", "0", "-5", "true", '"far"', "null", "[]", "{}", "9" * 400]


@pytest.mark.parametrize("number", NO_LENGTHS)
@pytest.mark.parametrize(
    "place",
    [
        '"roi": {"width": %s, "height": 100}',
        '"roi": {"width": 9, "height": 9, "x_offset": %s}',
        '"binning_x": %s',
    ],
)
def test_a_region_of_no_size_breaks_nothing(number: str, place: str) -> None:
    said = (
        '{"image_width": 1920, "image_height": 1080, "distortion_model": "plumb_bob", "D": [0, 0, 0, 0, 0], '
        '"K": [[1500, 0, 950], [0, 1510, 545], [0, 0, 1]], ' + place % number + "}"
    )
    reading = read(said)
    against = Against(captured_from=date(2026, 11, 21), captured_until=date(2026, 11, 21), stream_px=(1920, 1080))
    faults = (*reading.faults, *calibration_faults(reading.calibration, CalibrationLimits(), against))
    assert all("{" not in told_calibration(fault, "en") for fault in faults)


def test_a_number_of_ten_thousand_digits_is_no_number() -> None:
    reading = read(ROS.replace("1500", "9" * 10_000))
    assert ("not_a_number", "camera_matrix") in fields_of(reading)


@settings(max_examples=150)
@given(st.sampled_from([ROS, OPENCV_4, json.dumps(OWN)]), st.integers(0, 2**32 - 1))
def test_damaged_files_are_read_or_refused_and_never_break_anything(text: str, seed: int) -> None:
    chance, data = random.Random(seed), bytearray(text.encode())
    for _ in range(chance.randint(1, 12)):
        place = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[place] = chance.randrange(256)
            case 1:
                del data[place : place + chance.randint(1, 40)]
            case 2:
                data[place:place] = chance.choice([b"[", b"{", b"-", b".Nan", b"&a ", b"*a", b"\t", b"9" * 400, b"!!"])
            case _:
                data[place:place] = data[max(0, place - 30) : place]
        data = data or bytearray(b"x")
    try:
        reading = read(bytes(data))
    except CalibrationUnreadableError:
        return  # refused with a sentence, as the tests above hold
    against = Against(captured_from=date(2026, 11, 21), captured_until=date(2026, 11, 21), stream_px=(1920, 1080))
    faults = (*reading.faults, *calibration_faults(reading.calibration, CalibrationLimits(), against))
    assert all("{" not in told_calibration(fault, "en") for fault in faults)
    assert all(told_effect(effect, "en") for effect in calibration_effects(reading.calibration))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("metres", [1e308, -1e308, 1e160])
def test_a_survey_of_no_size_is_a_fault_and_no_warning_of_a_library(metres: float) -> None:
    points = [{"pixel": [600 + 90 * n, 700 + 40 * n], "metres": [metres, 30 * n + metres]} for n in range(5)]
    reading = read(json.dumps({**OWN, "road_plane": {**OWN["road_plane"], "control_points": points}}))
    against = Against(captured_from=date(2026, 11, 21), captured_until=date(2026, 11, 21))
    faults = calibration_faults(reading.calibration, CalibrationLimits(), against)
    assert "road_plane_error_too_large" in {fault.code.value for fault in faults}
