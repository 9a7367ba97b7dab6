"""Pictures are fetched by seeking to key frames; what is damaged gives whatever decodes."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from edge.footage.key_frames import KeyFrame, Pictures
from tests.edge.looked_films import HEIGHT, RATE, WIDTH, looked_film

S = 1_000_000


def bars(number: int) -> np.ndarray:
    """A picture that tells its own second: a white bar as far right as the second is late."""
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    picture[:, : 8 + number // RATE * 8] = 255
    return picture


def second_of(frame: KeyFrame) -> int:
    return round(((frame.picture[HEIGHT // 2, :, 0] > 180).sum() - 8) / 8)


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "ts", "avi", "flv"])
@pytest.mark.parametrize("key_s", [1.0, 4.0])
def test_a_sample_is_the_key_frame_at_or_before_the_wish_and_knows_its_time(
    tmp_path: Path, ending: str, key_s: float
) -> None:
    film = looked_film(tmp_path / f"clip.{ending}", seconds=20, scene=bars, key_s=key_s)
    with av.open(str(film)) as medium:
        found = {wished: frame for wished, frame in Pictures(medium).at(range(0, 20 * S, 5 * S)) if frame is not None}
    assert len(found) >= 3
    for wished_us, frame in found.items():
        wished_s = wished_us / S
        assert wished_s - key_s - 0.2 <= frame.at_us / S <= wished_s + 0.2
        assert abs(second_of(frame) - frame.at_us / S) <= 1.1


def test_fragmented_films_are_sought_in_too(tmp_path: Path) -> None:
    whole = looked_film(tmp_path / "whole.mp4", seconds=20, scene=bars)
    path = tmp_path / "clip.mp4"
    flags = {"movflags": "frag_keyframe+empty_moov"}
    with av.open(str(whole)) as source, av.open(str(path), "w", options=flags) as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    with av.open(str(path)) as medium:
        found = [frame for _, frame in Pictures(medium).at([0, 10 * S]) if frame is not None]
    assert [second_of(frame) for frame in found] == [0, 10]


def test_a_group_of_pictures_longer_than_the_step_is_looked_at_once(tmp_path: Path) -> None:
    film = looked_film(tmp_path / "clip.mp4", seconds=20, scene=bars, key_s=60)
    with av.open(str(film)) as medium:
        found = list(Pictures(medium).at(range(0, 20 * S, 5 * S)))
    assert len(found) == 1


def test_where_nothing_decodes_there_is_no_picture_and_the_rest_is_still_seen(tmp_path: Path) -> None:
    film = looked_film(tmp_path / "clip.mp4", seconds=20, scene=bars)
    with av.open(str(film)) as medium:
        entries = medium.streams.video[0].index_entries
        places = [(entry.pos, entry.size) for entry in entries if 8 * S <= entry.timestamp * S / 10240 < 14 * S]
    data = bytearray(film.read_bytes())
    for at, size in places:
        data[at : at + size] = bytes(size)
    film.write_bytes(bytes(data))
    with av.open(str(film)) as medium:
        found = dict(Pictures(medium).at([0, 4 * S, 10 * S, 18 * S]))
    assert found[0] is not None
    assert found[18 * S] is not None
    in_the_hole = found.get(10 * S)
    assert in_the_hole is None or in_the_hole.at_us >= 14 * S


def test_pictures_of_a_run_lie_a_second_apart(tmp_path: Path) -> None:
    film = looked_film(tmp_path / "clip.mp4", seconds=20, scene=bars, key_s=5)
    with av.open(str(film)) as medium:
        shots = list(Pictures(medium).run(7 * S, every_us=S, count=6))
    assert [round(shot.at_us / S) for shot in shots] == [7, 8, 9, 10, 11, 12]
    assert [second_of(shot) for shot in shots] == [7, 8, 9, 10, 11, 12]
