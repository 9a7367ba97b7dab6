"""Commissioning a view: what makes a reference, what is refused and why, and how later pictures are held against it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from edge.contract.inspection import ReferenceCheck
from edge.contract.instants import parse_rfc3339
from edge.domain.commission_words import COMMISSION_CODES
from edge.domain.commissioned_view import CommissionedView, Light, RecordUnusableError, record_bytes
from edge.domain.reference_check import ReferenceLimits
from edge.footage.commission import drawn
from edge.footage.overlay_masks import overlay_boxes
from edge.footage.reference_arrays import Reference, packed, read_reference
from edge.footage.reference_match import check_against_reference
from edge.footage.reference_views import MadeReference, NotCommissionableError, make_reference, with_other_light
from edge.footage.scene_shift import working_luma
from tests.edge.street import BLACK, DAY, HEIGHT_PX, NIGHT, WIDTH_PX, Camera, Picture, nothing_but_noise, street
from tests.edge.street import Light as Weather

LIMITS = ReferenceLimits()
MINUTE_US = 60_000_000


def made(
    pictures: Sequence[Picture], *, light: Light | None = None, masks: Sequence[tuple[int, ...]] = ()
) -> MadeReference:
    return make_reference(
        [working_luma(picture) for picture in pictures],
        native_px=(pictures[0].shape[1], pictures[0].shape[0]),
        light=light,
        drawn_masks=[(left, top, wide, tall) for left, top, wide, tall in masks],
        limits=LIMITS,
    )


def day(count: int = 8, scene: int = 1) -> list[Picture]:
    return [street(scene=scene, number=100 + number, clock=True) for number in range(count)]


def night(count: int = 6) -> list[Picture]:
    return [street(number=200 + number, light=NIGHT) for number in range(count)]


@lru_cache
def made_by_day() -> MadeReference:
    return made(day())


def stored(one: MadeReference, folder: Path) -> tuple[Path, Path]:
    arrays = packed(one.fields, one.mask)
    view = CommissionedView(
        device="MON07",
        number=1,
        commissioned=parse_rfc3339("2026-11-22T08:00:00Z"),
        by="Li Wei",
        reason="mounted",
        width_px=one.native_px[0],
        height_px=one.native_px[1],
        working_px=(one.mask.shape[1], one.mask.shape[0]),
        lights=one.lights,
        masks=one.boxes,
        arrays_sha256=hashlib.sha256(arrays).hexdigest(),
    )
    record = folder / "000001.json"
    record.write_bytes(record_bytes(view))
    record.with_suffix(".npz").write_bytes(arrays)
    return record, record.with_suffix(".npz")


@pytest.fixture(scope="module")
def commissioned(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return read_reference(*stored(made([*day(), *night()]), tmp_path_factory.mktemp("reference")))


@pytest.fixture(scope="module")
def by_day_alone(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return read_reference(*stored(made_by_day(), tmp_path_factory.mktemp("reference")))


# ------------------------------------------------------------------------------------------------------- making
def test_pictures_by_day_and_by_night_make_a_view_each() -> None:
    lights = {light.light: light for light in made([*day(), *night()]).lights}
    assert {name: light.pictures for name, light in lights.items()} == {"day": 8, "night": 6}
    assert lights["day"].agreement > 0.8
    assert lights["day"].luma > LIMITS.night_luma > lights["night"].luma
    assert lights["day"].shift_limit_percent == LIMITS.shift


def test_a_camera_that_sways_a_little_gets_a_wider_limit_of_its_own() -> None:
    swaying = [street(number=number, camera=Camera(dx_px=5.0 * (number % 3))) for number in range(9)]
    (light,) = made(swaying).lights
    assert light.sway_percent == pytest.approx(0.26, abs=0.05)
    assert light.shift_limit_percent == pytest.approx(LIMITS.margin * light.sway_percent, abs=0.001)


@pytest.mark.parametrize(
    ("pictures", "code"),
    [
        pytest.param(day(5), "few", id="five pictures"),
        pytest.param([*day(4), *night(4)], "few", id="four by day and four by night"),
        pytest.param([street(number=number, light=BLACK) for number in range(8)], "no_detail", id="a black night"),
        pytest.param([np.full((HEIGHT_PX, WIDTH_PX), 128, np.uint8)] * 8, "no_detail", id="a bare wall"),
        pytest.param([nothing_but_noise(number) for number in range(8)], "do_not_fit", id="noise"),
        pytest.param([street(scene=scene, cars=0) for scene in range(8)], "do_not_fit", id="eight places"),
        pytest.param(
            [street(number=number, camera=Camera(dx_px=15.0 * number)) for number in range(8)], "moving", id="a pan"
        ),
        pytest.param(
            [street(number=number, camera=Camera(dx_px=9.0 * (number % 3))) for number in range(9)],
            "moving",
            id="a mast in the wind",
        ),
    ],
)
def test_pictures_that_make_no_reference_are_refused_with_the_reason(pictures: list[Picture], code: str) -> None:
    with pytest.raises(NotCommissionableError) as refused:
        made(pictures)
    assert refused.value.code == code
    assert code in COMMISSION_CODES
    assert "{" not in str(refused.value)


def test_masks_that_leave_less_than_half_are_refused() -> None:
    with pytest.raises(NotCommissionableError, match="masks"):
        made(day(), masks=[(0, 0, WIDTH_PX, 300)])


def test_a_light_with_too_few_pictures_is_left_out_and_told() -> None:
    one = made([*day(), *night(3)])
    assert [light.light for light in one.lights] == ["day"]
    assert one.left_out == {"night": 3}


def test_a_view_by_night_is_added_to_one_by_day(by_day_alone: Reference, tmp_path: Path) -> None:
    both = with_other_light(made(night()), by_day_alone)
    assert {light.light for light in read_reference(*stored(both, tmp_path)).view.lights} == {"day", "night"}
    assert (both.mask <= by_day_alone.mask).all()


def test_a_view_of_another_size_is_not_added(by_day_alone: Reference) -> None:
    with pytest.raises(NotCommissionableError) as refused:
        with_other_light(made([picture[:500] for picture in night()]), by_day_alone)
    assert refused.value.code == "other_size"


# -------------------------------------------------------------------------------------------------------- masks
def covered(boxes: Sequence[tuple[int, int, int, int]], left: int, top: int, right: int, bottom: int) -> float:
    mask = np.zeros((HEIGHT_PX // 2, WIDTH_PX // 2), bool)
    for box in boxes:
        mask[box[1] : box[1] + box[3], box[0] : box[0] + box[2]] = True
    return float(mask[top // 2 : bottom // 2, left // 2 : right // 2].mean())


@pytest.mark.parametrize("scene", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("light", [DAY, NIGHT])
def test_burned_in_text_is_found_though_its_digits_run(scene: int, light: Weather) -> None:
    lumas = [working_luma(street(scene=scene, number=7 * n, clock=True, light=light)) for n in range(8)]
    boxes = overlay_boxes(lumas)
    assert covered(boxes, 26, 22, 270, 40) > 0.9
    assert covered(boxes, 26, HEIGHT_PX - 36, 190, HEIGHT_PX - 20) > 0.9


@pytest.mark.parametrize("scene", range(1, 7))
def test_houses_windows_and_lane_marks_are_no_text(scene: int) -> None:
    assert overlay_boxes([working_luma(street(scene=scene, number=7 * number)) for number in range(8)]) == []


def test_text_holds_no_moved_camera_in_place(commissioned: Reference) -> None:
    assert commissioned.view.masks
    moved = [(n * MINUTE_US, street(number=n, clock=True, camera=Camera(dx_px=21)), 0.0) for n in range(8)]
    check = check_against_reference(commissioned, moved)
    assert (check.state, check.samples_used) == ("moved", 8)


def test_a_picture_for_a_person_shows_day_and_night_beside_each_other() -> None:
    png = drawn(made([*day(), *night()]))
    assert png.startswith(b"\x89PNG")


# ------------------------------------------------------------------------------------------------------- looking
def looked(reference: Reference, pictures: Sequence[Picture], not_seeing: float = 0.0) -> ReferenceCheck:
    samples = [(number * MINUTE_US, picture, not_seeing) for number, picture in enumerate(pictures)]
    return check_against_reference(reference, samples)


def eight(**how: object) -> list[Picture]:
    return [street(number=number, clock=True, **how) for number in range(8)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("how", "not_seeing", "state"),
    [
        pytest.param({}, 0.0, "ok", id="as commissioned"),
        pytest.param({"colour": True}, 0.0, "ok", id="in colour"),
        pytest.param({"cars": 12}, 0.1, "ok", id="dense traffic"),
        pytest.param({"light": Weather(haze=0.6)}, 0.3, "ok", id="haze"),
        pytest.param({"light": Weather(shadow=0.6)}, 0.0, "ok", id="the shadow of a cloud"),
        pytest.param({"light": Weather(rain=True)}, 0.4, "ok", id="rain on the dome"),
        pytest.param({"light": NIGHT}, 0.6, "ok", id="a night with lamps"),
        pytest.param({"light": Weather(night=True, headlights=5)}, 0.6, "ok", id="headlights by night"),
        pytest.param({"truck": 0.7}, 0.2, "unknown", id="a truck parked in front"),
        pytest.param({"camera": Camera(dx_px=10)}, 0.0, "moved", id="10 px"),
        pytest.param({"camera": Camera(scale=1.01)}, 0.0, "moved", id="one percent of zoom"),
        pytest.param({"camera": Camera(rotation_deg=0.5)}, 0.0, "moved", id="half a degree of roll"),
        pytest.param({"camera": Camera(dx_px=21), "light": NIGHT}, 0.6, "moved", id="one degree by night"),
        pytest.param({"truck": 1.0}, 0.95, "blocked", id="a board before the lens"),
        pytest.param({"light": BLACK}, 0.95, "blocked", id="the cap on the lens"),
        pytest.param({"scene": 9}, 0.05, "unknown", id="another place, which looks fine"),
    ],
)
def test_later_pictures_against_the_commissioning(
    commissioned: Reference, how: dict[str, object], not_seeing: float, state: str
) -> None:
    assert looked(commissioned, eight(**how), not_seeing).state == state


def test_a_dark_night_without_a_view_by_night_is_unknown_and_never_blocked(by_day_alone: Reference) -> None:
    dark = Weather(night=True, gain=0.02)
    assert looked(by_day_alone, eight(light=dark), 0.95).state == "unknown"


def test_pictures_of_another_shape_are_unknown(commissioned: Reference) -> None:
    assert looked(commissioned, [picture[:400] for picture in eight()], 0.9).state == "unknown"


def test_movement_is_told_in_pixels_of_the_stream(commissioned: Reference) -> None:
    check = looked(commissioned, eight(camera=Camera(dx_px=30, dy_px=-12)))
    assert check.dx_px == pytest.approx(30 / 2, abs=0.5)  # the street's stream is 960 wide, its lengths those of 1920
    assert check.dy_px == pytest.approx(-12 / 2, abs=0.5)
    assert check.reference == commissioned.sha256


# ------------------------------------------------------------------------------------------------------- reading
def test_a_reference_is_read_back_as_it_was_kept(tmp_path: Path) -> None:
    one = made_by_day()
    read = read_reference(*stored(one, tmp_path))
    assert np.abs(read.fields["day"] - one.fields["day"]).max() <= 1.5 / 32
    assert (read.mask == one.mask).all()


def test_arrays_that_are_not_the_records_are_refused(tmp_path: Path) -> None:
    record, arrays = stored(made_by_day(), tmp_path)
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"x")
    with pytest.raises(RecordUnusableError, match="not those of its record"):
        read_reference(record, arrays)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"PK\x03\x04 no archive", id="no archive"),
        pytest.param(packed({}, np.ones((270, 480), bool)), id="an array is missing"),
        pytest.param(packed({"day": np.zeros((2000, 2000), np.complex64)}, np.ones((270, 480), bool)), id="too large"),
        pytest.param(packed({"day": np.zeros((27, 48), np.complex64)}, np.ones((270, 480), bool)), id="too small"),
    ],
)
def test_damaged_arrays_are_refused(tmp_path: Path, content: bytes) -> None:
    record, arrays = stored(made_by_day(), tmp_path)
    arrays.write_bytes(content)
    kept = record.read_text().replace(read_arrays_sha256(record), hashlib.sha256(content).hexdigest())
    record.write_text(kept)
    with pytest.raises(RecordUnusableError, match="damaged"):
        read_reference(record, arrays)


def read_arrays_sha256(record: Path) -> str:
    return CommissionedView.model_validate_json(record.read_bytes()).arrays_sha256


def test_objects_in_the_arrays_are_never_unpickled(tmp_path: Path) -> None:
    record, arrays = stored(made_by_day(), tmp_path)
    before = read_arrays_sha256(record)
    np.savez(arrays, day_across=np.array([{"a": 1}], dtype=object))
    record.write_text(record.read_text().replace(before, hashlib.sha256(arrays.read_bytes()).hexdigest()))
    with pytest.raises(RecordUnusableError, match="damaged"):
        read_reference(record, arrays)
