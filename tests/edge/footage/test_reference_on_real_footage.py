"""Real cameras: those that stand still are commissioned and nothing alarms; moved by code, they are found."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.contract.inspection import ReferenceCheck
from edge.contract.instants import parse_rfc3339
from edge.domain.commissioned_view import CommissionedView
from edge.domain.reference_check import ReferenceLimits
from edge.footage.reference_arrays import Reference
from edge.footage.reference_match import check_against_reference
from edge.footage.reference_views import MadeReference, NotCommissionableError, make_reference
from edge.footage.scene_shift import working_luma
from tests.edge.street import Camera

pytestmark = pytest.mark.shared
STANDING = ("intel_one-by-one-person-detection.mp4", "intel_bottle-detection.mp4")
MINUTE_US = 60_000_000
_ROOM = 1.12
"""The scene is brought closer first, so that a moved picture has no border of its own."""


@lru_cache
def pictures(path: Path) -> tuple[NDArray[np.uint8], ...]:
    """Every fifteenth picture."""
    with av.open(str(path)) as medium:
        return tuple(
            frame.to_ndarray(format="gray") for number, frame in enumerate(medium.decode(video=0)) if number % 15 == 0
        )


def seen(picture: NDArray[np.uint8], camera: Camera, *, gamma: float = 1.0, haze: float = 0.0) -> NDArray[np.uint8]:
    height, width = picture.shape
    turn = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), camera.rotation_deg, camera.scale * _ROOM)
    turn[:, 2] += (camera.dx_px * width / 1920, camera.dy_px * width / 1920)
    moved = cv2.warpAffine(picture.astype(np.float32), turn, (width, height), flags=cv2.INTER_CUBIC)
    lit = 255 * np.power(np.clip(moved, 0, 255) / 255, gamma) * (1 - haze) + 200 * haze
    return np.clip(lit, 0, 255).astype(np.uint8)


def made(path: Path) -> MadeReference:
    """From every other picture."""
    lumas = [working_luma(seen(picture, Camera())) for picture in pictures(path)[::2]]
    height, width = pictures(path)[0].shape
    return make_reference(lumas, native_px=(width, height), light=None, drawn_masks=(), limits=ReferenceLimits())


@lru_cache
def commissioned(path: Path) -> Reference:
    one = made(path)
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
        arrays_sha256=hashlib.sha256(b"").hexdigest(),
    )
    return Reference(view, "ab" * 32, dict(one.fields), one.mask)


def looked(path: Path, camera: Camera, *, gamma: float = 1.0, haze: float = 0.0) -> ReferenceCheck:
    """The pictures that made no reference, a minute apart."""
    others = pictures(path)[1::2]
    samples = [(n * MINUTE_US, seen(one, camera, gamma=gamma, haze=haze), 0.0) for n, one in enumerate(others)]
    return check_against_reference(commissioned(path), samples)


@pytest.mark.parametrize("name", STANDING)
@pytest.mark.parametrize(("gamma", "haze"), [(1.0, 0.0), (1.8, 0.0), (1.0, 0.6)], ids=["as it was", "low sun", "haze"])
def test_a_real_camera_that_stands_still_does_not_alarm(
    shared_footage: Path, name: str, gamma: float, haze: float
) -> None:
    assert looked(shared_footage / name, Camera(), gamma=gamma, haze=haze).state == "ok"


@pytest.mark.parametrize("name", STANDING)
@pytest.mark.parametrize(
    "camera",
    [
        pytest.param(Camera(dx_px=10), id="10 px"),
        pytest.param(Camera(dy_px=-10), id="10 px up"),
        pytest.param(Camera(dx_px=21), id="one degree"),
        pytest.param(Camera(dx_px=105), id="five degrees"),
        pytest.param(Camera(scale=1.01), id="one percent of zoom"),
        pytest.param(Camera(rotation_deg=0.5), id="half a degree of roll"),
    ],
)
def test_a_real_camera_that_was_moved_is_found(shared_footage: Path, name: str, camera: Camera) -> None:
    check = looked(shared_footage / name, camera)
    assert check.state == "moved"
    assert check.dx_px is not None
    width = pictures(shared_footage / name)[0].shape[1]
    assert check.dx_px * 1920 / width == pytest.approx(camera.dx_px, abs=3)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("intel_car-detection.mp4", "moving", id="a camera that sways over bare tarmac"),
        pytest.param("carnd_solidWhiteRight.mp4", "do_not_fit", id="a camera in a car"),
    ],
)
def test_a_real_camera_that_does_not_stand_still_is_not_commissioned(
    shared_footage: Path, name: str, code: str
) -> None:
    with pytest.raises(NotCommissionableError) as refused:
        made(shared_footage / name)
    assert refused.value.code == code
