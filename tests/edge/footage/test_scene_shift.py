"""A camera that was moved is told from traffic, light and weather; noise tells nothing."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.domain.reference_check import ReferenceLimits, SceneShift
from edge.footage.scene_shift import Field, agreement, gradient_field, measure_shift, of_width, working_luma
from tests.edge.street import BLACK, DAY, NIGHT, Camera, Light, nothing_but_noise, street

LIMIT_PERCENT = ReferenceLimits().shift
SCENES = (1, 2, 3)


@lru_cache
def commissioned(scene: int, light: Light) -> Field:
    fields = [field_of(scene, 100 + number, light=light) for number in range(6)]
    middle = np.median([field.real for field in fields], 0) + 1j * np.median([field.imag for field in fields], 0)
    return middle.astype(np.complex64)


def field_of(scene: int, number: int, *, light: Light = DAY, camera: Camera | None = None, **more: float) -> Field:
    picture = street(scene=scene, number=number, light=light, camera=camera, cars=int(more.pop("cars", 2)), **more)
    return gradient_field(working_luma(picture))


def found(scene: int, picture: Field, light: Light = DAY) -> SceneShift | None:
    shift = measure_shift(commissioned(scene, light), picture)
    return None if shift is None else of_width(shift, picture.shape[1])


def way(shift: SceneShift) -> float:
    return shift.way_percent(270 / 480)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize(
    "camera",
    [
        pytest.param(Camera(dx_px=10), id="10 px to the right at 1080p"),
        pytest.param(Camera(dy_px=-10), id="10 px up at 1080p"),
        pytest.param(Camera(dx_px=-21), id="one degree of pan at 90 degrees of view"),
        pytest.param(Camera(dx_px=105), id="five degrees of pan"),
        pytest.param(Camera(scale=1.01), id="one percent closer"),
        pytest.param(Camera(scale=0.99), id="one percent farther"),
        pytest.param(Camera(rotation_deg=0.5), id="half a degree of roll"),
        pytest.param(Camera(dx_px=30, dy_px=12, rotation_deg=-0.8, scale=1.02), id="all at once"),
    ],
)
def test_a_camera_that_was_moved_by_day_is_found_with_what_moved(scene: int, camera: Camera) -> None:
    shift = found(scene, field_of(scene, 1, camera=camera))
    assert shift is not None
    assert way(shift) > LIMIT_PERCENT
    assert shift.dx_percent * 19.2 == pytest.approx(camera.dx_px, abs=1.0)
    assert shift.dy_percent * 19.2 == pytest.approx(camera.dy_px, abs=1.0)
    assert shift.rotation_deg == pytest.approx(camera.rotation_deg, abs=0.1)
    assert shift.scale == pytest.approx(camera.scale, abs=0.003)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize(
    ("light", "cars"),
    [
        pytest.param(DAY, 2, id="another moment"),
        pytest.param(DAY, 12, id="dense traffic"),
        pytest.param(Light(gamma=1.8), 2, id="low sun"),
        pytest.param(Light(haze=0.6), 2, id="haze"),
        pytest.param(Light(shadow=0.6), 2, id="the shadow of a cloud or a house over half of it"),
        pytest.param(Light(gain=0.2), 2, id="dusk"),
        pytest.param(Light(rain=True), 2, id="rain on the dome"),
        pytest.param(Light(headlights=4), 4, id="headlights"),
    ],
)
def test_traffic_light_and_weather_move_nothing(scene: int, light: Light, cars: int) -> None:
    for number in range(3):
        shift = found(scene, field_of(scene, number, light=light, cars=cars))
        assert shift is not None
        assert way(shift) < LIMIT_PERCENT / 3


def test_a_truck_in_front_leaves_a_verdict_or_none_but_never_a_wrong_one() -> None:
    for share in (0.2, 0.4, 0.6, 0.8):
        shift = found(1, field_of(1, 1, truck=share))
        assert shift is None or way(shift) < LIMIT_PERCENT / 3


@pytest.mark.parametrize("scene", SCENES)
def test_by_night_against_the_view_by_night_lamps_are_enough(scene: int) -> None:
    still = found(scene, field_of(scene, 1, light=Light(night=True, headlights=5)), NIGHT)
    turned = found(scene, field_of(scene, 1, light=NIGHT, camera=Camera(dx_px=21)), NIGHT)
    assert still is not None
    assert way(still) < LIMIT_PERCENT
    assert turned is not None
    assert way(turned) > LIMIT_PERCENT


@pytest.mark.parametrize("picture", [street(light=BLACK), np.zeros((540, 960), np.uint8), street(scene=9, number=4)])
def test_a_black_picture_and_another_place_say_nothing(picture: np.ndarray) -> None:
    assert measure_shift(commissioned(1, DAY), gradient_field(working_luma(picture))) is None


def test_a_picture_of_another_shape_says_nothing() -> None:
    assert measure_shift(commissioned(1, DAY), gradient_field(working_luma(street()[:400]))) is None


def test_a_part_that_is_masked_out_has_no_say() -> None:
    reference, here = commissioned(1, DAY), field_of(1, 1, camera=Camera(dx_px=21))
    pasted = here.copy()
    pasted[: 270 // 2] = reference[: 270 // 2]  # half of it stands still, as an overlay does
    mask = np.ones(reference.shape, bool)
    mask[: 270 // 2 + 8] = False
    shift = measure_shift(reference, pasted, mask)
    assert shift is None or way(of_width(shift, 480)) == pytest.approx(100 * 21 / 1920, abs=0.1)


def test_agreement_comes_back_once_the_shift_is_taken_back() -> None:
    reference, here = commissioned(1, DAY), field_of(1, 1, camera=Camera(dx_px=40, rotation_deg=0.7))
    assert agreement(reference, here, None) < 0.4
    assert agreement(reference, here, measure_shift(reference, here)) > 0.8


@settings(max_examples=25, deadline=None)
@given(st.integers(-60, 60), st.integers(-30, 30), st.sampled_from(SCENES))
def test_a_shift_is_found_as_what_it_is(right: int, down: int, scene: int) -> None:
    reference = commissioned(scene, DAY)
    shift = measure_shift(reference, np.roll(reference, (down, right), (0, 1)))
    assert shift is not None
    assert (shift.dx_px, shift.dy_px) == pytest.approx((right, down), abs=0.05)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2.0, 30.0]))
def test_noise_says_nothing(seed: int, sigma: float) -> None:
    noise = gradient_field(working_luma(nothing_but_noise(seed, sigma)))
    assert measure_shift(commissioned(1, DAY), noise) is None
    assert measure_shift(gradient_field(working_luma(nothing_but_noise(seed + 1, sigma))), noise) is None
