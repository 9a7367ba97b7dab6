"""What is said of a film: seeing, obstructed, dark, frozen, muted; and that the shipped network is the card's."""

from __future__ import annotations

import hashlib
import re
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from view_model import camera, generate, scenes, tampering
from view_model.tampering import CLASSES as TRAINED_CLASSES
from view_model.tampering import Cover

from edge.contract.inspection import FileVerdict
from edge.domain.view_limits import DEFAULT_LOOK_LIMITS
from edge.domain.view_states import CLASSES as TOLD_CLASSES
from edge.footage import view_planes
from edge.footage.looks import look
from edge.footage.probe import probe_file
from edge.footage.probe_result import INSPECT_TARGET, FileLooks, LookOrder, ProbeResult
from edge.footage.view_model import CLASSES, MODEL_FILE, view_model
from edge.footage.view_planes import detail_share, planes_of
from edge.platform.limited_worker import LimitedWorker
from edge.platform.shipped import shipped
from tests.edge.looked_films import (
    HEIGHT,
    RATE,
    WIDTH,
    Scene,
    black,
    looked_film,
    muted,
    speech,
    standing_still,
    street,
)


def seen(path: Path) -> FileLooks:
    return look(path, probe_file(path, name=path.name), DEFAULT_LOOK_LIMITS)


def states(looks: FileLooks) -> list[str]:
    return [stretch.state for stretch in looks.view]


# ------------------------------------------------------------------ planes
def test_training_and_gateway_look_with_the_same_eyes() -> None:
    assert generate.planes_of is view_planes.planes_of
    assert generate.detail_share is view_planes.detail_share


@pytest.mark.parametrize("size", [(240, 320), (360, 640), (1080, 1920), (239, 317)])
def test_planes_have_one_shape_whatever_the_picture(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    planes = planes_of(picture)
    assert planes.shape == (54, 96, 4)
    assert planes.dtype == np.uint8


def test_an_even_picture_has_no_sharpness_and_no_detail() -> None:
    picture = np.full((480, 640, 3), (40, 90, 160), np.uint8)
    planes = planes_of(picture)
    assert not planes[:, :, 3].any()
    assert np.array_equal(planes[20, 30, :3], (40, 90, 160))
    assert detail_share(picture, least_grey=4.0) == 0


def test_blur_takes_sharpness_and_detail_away() -> None:
    sharp = street(0)
    soft = cv2.GaussianBlur(sharp, (0, 0), 8)
    assert planes_of(soft)[:, :, 3].mean() < 0.6 * planes_of(sharp)[:, :, 3].mean()
    assert detail_share(soft, least_grey=4.0) < detail_share(sharp, least_grey=4.0)


def test_burned_in_text_is_no_detail() -> None:
    picture = np.full((480, 640, 3), 30, np.uint8)
    picture[2:26:2, ::2] = 255
    picture[470:478, ::3] = 255
    assert detail_share(picture, least_grey=4.0) == 0


# ------------------------------------------------------------------ the network
def test_the_shipped_network_is_the_one_of_the_card() -> None:
    digest = hashlib.sha256(shipped(MODEL_FILE).read_bytes()).hexdigest()
    card = shipped("models/view.md").read_text(encoding="utf-8")
    assert re.findall(r"SHA-256 `([0-9a-f]{64})`", card) == [digest]
    assert view_model().name == f"view@{digest}"


def test_training_network_and_decision_name_the_classes_in_one_order() -> None:
    assert CLASSES == TRAINED_CLASSES
    assert CLASSES[1:] == TOLD_CLASSES[1:]
    assert (CLASSES[0], TOLD_CLASSES[0]) == ("clear", "seeing")


def test_the_network_gives_probabilities_and_refuses_what_is_no_input() -> None:
    chances = view_model().chances(planes_of(street(0)))
    assert len(chances) == len(CLASSES)
    assert sum(chances) == pytest.approx(1, abs=1e-4)
    with pytest.raises(ValueError, match="takes uint8"):
        view_model().chances(np.zeros((54, 96, 3), np.uint8))


def _drawn(number: int, *, night: bool = False) -> tuple[np.random.Generator, np.ndarray]:
    rng = np.random.default_rng([99, number])
    return rng, scenes.street(rng, (640, 360), scenes.grains([]), night=night)


def _called(rng: np.random.Generator, made: tampering.Made) -> str:
    picture = tampering.recorded(rng, made, crf=26)
    assert picture is not None
    return CLASSES[int(np.argmax(view_model().chances(planes_of(picture))))]


@pytest.fixture(scope="module")
def called() -> dict[str, list[str]]:
    """What the network calls streets it never saw, eight of each kind, recorded by the generator's camera."""
    found: dict[str, list[str]] = {}
    for number in range(8):
        rng, light = _drawn(number)
        texture = np.ascontiguousarray(cv2.resize(street(number), (640, 360)))
        found.setdefault("clear", []).append(_called(rng, tampering.clear(rng, light, kind=None, steady=False)))
        cover = Cover(distance_mm=20.0, share=1.0, disc_px=40.0)
        found.setdefault("covered", []).append(_called(rng, tampering.covered(rng, light, texture, cover)))
        made = tampering.dark(rng, light * 0.01)
        found.setdefault("dark", []).append("dark" if made is None else _called(rng, made))
        soft = camera.expose(rng, tampering.disc_blur(light, 22.0), steady=True)
        found.setdefault("defocused", []).append(_called(rng, tampering.Made(soft, "defocused")))
    return found


@pytest.mark.parametrize("kind", ["clear", "dark"])
def test_most_pictures_are_called_what_they_are(called: dict[str, list[str]], kind: str) -> None:
    assert called[kind].count(kind) >= 7


@pytest.mark.parametrize("kind", ["covered", "defocused"])
def test_a_cover_near_the_lens_and_a_wrong_focus_are_not_called_clear(called: dict[str, list[str]], kind: str) -> None:
    assert called[kind].count("clear") <= 1


# ------------------------------------------------------------------ films
def test_a_film_that_sees_and_is_heard_says_so(tmp_path: Path) -> None:
    film = looked_film(tmp_path / "clip.mp4", seconds=20, sound=speech(20))
    looks = seen(film)
    assert states(looks) == ["seeing"]
    assert [stretch.state for stretch in looks.sound] == ["hearing"]
    assert looks.view_model == view_model().name


def _pocket_between(from_s: float, to_s: float) -> Scene:
    return lambda number: black(number) if from_s <= number / RATE < to_s else street(number)


def test_a_pocket_is_dark_and_its_edges_are_found(tmp_path: Path) -> None:
    film = looked_film(tmp_path / "clip.mp4", seconds=60, scene=_pocket_between(18, 44))
    looks = seen(film)
    assert states(looks) == ["seeing", "dark", "seeing"]
    assert looks.view[1].from_s == pytest.approx(18, abs=2.1)
    assert looks.view[1].to_s == pytest.approx(44, abs=2.1)


def test_a_frozen_picture_under_a_running_clock_and_twenty_seconds_of_mute(tmp_path: Path) -> None:
    scene = standing_still(street, from_s=6, to_s=30, clock=True)
    film = looked_film(tmp_path / "clip.mp4", seconds=36, scene=scene, sound=muted(speech(36), from_s=8, to_s=28))
    looks = seen(film)
    assert states(looks) == ["seeing", "frozen", "seeing"]
    assert [stretch.state for stretch in looks.sound] == ["hearing", "muted", "hearing"]


def test_too_small_a_picture_is_not_judged(tmp_path: Path) -> None:
    film = looked_film(tmp_path / "clip.mp4", seconds=3)
    structure = probe_file(film, name=film.name).model_copy(update={"width_px": 176})
    looks = look(film, structure, DEFAULT_LOOK_LIMITS)
    assert states(looks) == ["unknown"]
    assert looks.view_model is None


@pytest.mark.parametrize("content", [b"", b"no film at all" * 100])
def test_what_is_unreadable_has_no_states(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    assert seen(path) == FileLooks()


def test_the_limited_worker_looks_and_its_answer_is_carried_into_the_inspection(tmp_path: Path) -> None:
    film = looked_film(tmp_path / "clip.mp4", seconds=12, sound=speech(12))
    with closing(LimitedWorker(INSPECT_TARGET)) as worker:
        argument = {"path": str(film), "name": film.name}
        structure = worker.call(argument, time_limit_s=60)
        order = LookOrder(limits=DEFAULT_LOOK_LIMITS.values()).model_dump(mode="json")
        looks = worker.call({**argument, "structure": structure, "order": order}, time_limit_s=60)
    result = ProbeResult.model_validate(structure).with_looks(FileLooks.model_validate(looks))
    inspection = result.inspection()
    assert inspection.verdict is FileVerdict.WHOLE
    assert [stretch.state for stretch in inspection.view] == ["seeing"]
    assert [stretch.state for stretch in inspection.sound] == ["hearing"]
    assert inspection.view_model == view_model().name
    assert (result.width_px, result.height_px) == (WIDTH, HEIGHT)
