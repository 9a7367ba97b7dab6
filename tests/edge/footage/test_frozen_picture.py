"""A frozen picture looks the same second for second and costs next to nothing; either sign alone is not enough."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from edge.domain.view_limits import DEFAULT_LOOK_LIMITS
from edge.footage.frozen import frozen_stretches, still_since, suspicious_stretches
from edge.footage.key_frames import Pictures
from edge.footage.packet_sizes import PacketSizes, packet_sizes
from tests.edge.looked_films import HEIGHT, WIDTH, Scene, black, looked_film, standing_still, street

S = 1_000_000


def frozen_in(path: Path) -> list[tuple[float, float]]:
    with av.open(str(path)) as medium:
        sizes = packet_sizes(medium, medium.streams.video[0])
        found = frozen_stretches(Pictures(medium), sizes, DEFAULT_LOOK_LIMITS, width_px=WIDTH, height_px=HEIGHT)
    return [(start / S, end / S) for start, end in found]


@pytest.mark.parametrize("clock", [False, True], ids=["without clock", "under a running clock"])
@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "avi"])
def test_a_frozen_picture_is_found_where_it_is(tmp_path: Path, ending: str, clock: bool) -> None:
    scene = standing_still(street, from_s=6, to_s=24, clock=clock)
    [(start_s, end_s)] = frozen_in(looked_film(tmp_path / f"clip.{ending}", seconds=30, scene=scene))
    assert 5 <= start_s <= 11  # the coder goes on refining a still picture until the next key frame
    assert end_s == pytest.approx(24, abs=1.1)


@pytest.mark.parametrize("key_s", [0.5, 5.0, 30.0])
def test_the_distance_of_key_frames_does_not_matter(tmp_path: Path, key_s: float) -> None:
    scene = standing_still(street, from_s=6, to_s=24)
    [(start_s, end_s)] = frozen_in(looked_film(tmp_path / "clip.mp4", seconds=30, scene=scene, key_s=key_s))
    assert 5 <= start_s <= 11
    assert end_s == pytest.approx(24, abs=1.1)


@pytest.mark.parametrize(
    "scene",
    [street, standing_still(street, from_s=5, to_s=12)],
    ids=["live", "standing still for seven seconds"],
)
def test_what_lives_or_stands_only_for_a_moment_is_not_told(tmp_path: Path, scene: Scene) -> None:
    assert frozen_in(looked_film(tmp_path / "clip.mp4", seconds=25, scene=scene)) == []


def test_a_film_of_single_pictures_is_judged_by_their_sizes(tmp_path: Path) -> None:
    scene = standing_still(street, from_s=6, to_s=24)
    film = looked_film(tmp_path / "clip.avi", seconds=30, scene=scene, codec="mjpeg")
    [(start_s, end_s)] = frozen_in(film)
    assert 5 <= start_s <= 11
    assert end_s == pytest.approx(24, abs=1.1)


def test_a_black_picture_stands_still_too_and_the_decision_calls_it_dark(tmp_path: Path) -> None:
    assert frozen_in(looked_film(tmp_path / "clip.mp4", seconds=15, scene=black)) != []


def test_cheap_pictures_that_move_are_not_frozen() -> None:
    rng = np.random.default_rng(0)
    moving = [rng.normal(100, 3, (43, 96)).astype(np.float32) for _ in range(11)]
    assert still_since(moving, DEFAULT_LOOK_LIMITS.frozen_grey) is None
    still = [moving[0] + np.float32(0.01 * index) for index in range(11)]
    assert still_since([*moving[:3], *still], DEFAULT_LOOK_LIMITS.frozen_grey) == 3


def test_dear_pictures_are_never_decoded_for_it() -> None:
    times = np.arange(0, 30 * S, S // 10)
    sizes = PacketSizes(times, np.full(len(times), 900), np.arange(len(times)) % 20 == 0)
    assert suspicious_stretches(sizes, DEFAULT_LOOK_LIMITS, blocks=300) == []
