"""A walk over the units of the pictures finds exactly those that are destroyed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from fault_films.films import Film, write_film
from hypothesis import given
from hypothesis import strategies as st

from edge.footage.boxes import walk_top_level
from edge.footage.mp4_index import Samples, read_index
from edge.footage.nal_walk import destroyed_samples

FILMS = {
    "H.264": Film(frames=40, gop=10, sound_s=1.5),
    "H.264, B pictures": Film(frames=40, gop=10, b_frames=2),
    "H.264, slices": Film(frames=12, size=(320, 240), coder={"slices": "4"}),
    "H.265": Film(frames=20, codec="libx265", size=(160, 96)),
    "fragments": Film(frames=40, gop=10, mux={"movflags": "frag_keyframe+empty_moov"}),
    "motion JPEG": Film(frames=20, codec="mjpeg", pixel="yuvj420p", format="mov"),
}


class Films(dict[str, bytes]):
    """The contents by name; too long to be printed."""

    def __repr__(self) -> str:
        return f"Films of {', '.join(self)}"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Films:
    folder = tmp_path_factory.mktemp("films")
    return Films({name: write_film(folder / "film.mp4", film).read_bytes() for name, film in FILMS.items()})


def walked(content: bytes) -> tuple[Samples, list[int]]:
    """The samples of the picture track, and the numbers of those that are destroyed."""
    descriptor = os.memfd_create("film")
    try:
        os.write(descriptor, content)
        samples = read_index(descriptor, walk_top_level(descriptor, len(content))).first(b"vide")
        assert samples is not None
        there = samples.places + samples.sizes <= len(content)
        return samples, np.flatnonzero(destroyed_samples(descriptor, samples, there).samples).tolist()
    finally:
        os.close(descriptor)


def zeroed(content: bytes, start: int, end: int) -> bytes:
    return content[:start] + bytes(end - start) + content[end:]


@pytest.mark.parametrize("name", FILMS)
def test_a_whole_film_has_no_destroyed_picture(films: Films, name: str) -> None:
    assert walked(films[name])[1] == []


@pytest.mark.parametrize("name", ["H.264", "H.264, B pictures", "H.264, slices", "H.265"])
@given(data=st.data())
def test_zeros_destroy_every_picture_they_touch_and_no_other(films: Films, name: str, data: st.DataObject) -> None:
    content = films[name]
    samples, _ = walked(content)
    begin, end = int(samples.places.min()), int((samples.places + samples.sizes).max())
    start = data.draw(st.integers(begin, end - 301))
    until = data.draw(st.integers(start + 300, min(end, start + 20_000)))
    broken = zeroed(content, start, until)
    extents = zip(samples.places.tolist(), (samples.places + samples.sizes).tolist(), strict=True)
    touched = [number for number, (at, to) in enumerate(extents) if at < until and to > start]
    clear = [number for number in touched if _overlap(samples, number, start, until) < 270]
    found = walked(broken)[1]
    assert set(found) <= set(touched)
    assert set(touched) - set(found) <= set(clear), "only a hole of a few bytes at the end of a picture is not seen"


def _overlap(samples: Samples, number: int, start: int, until: int) -> int:
    at, size = int(samples.places[number]), int(samples.sizes[number])
    return min(at + size, until) - max(at, start)


@pytest.mark.parametrize("name", FILMS)
def test_pictures_that_are_all_zeros_are_destroyed(films: Films, name: str) -> None:
    samples, _ = walked(films[name])
    start, end = int(samples.places[3]), int(samples.places[3] + samples.sizes[3])
    assert walked(zeroed(films[name], start, end))[1] == [3]


def test_noise_over_the_length_of_a_unit_destroys_its_picture(films: Films) -> None:
    content = films["H.264"]
    samples, _ = walked(content)
    at = int(samples.places[7])
    assert walked(content[:at] + b"\x51\x8f\x02\x99" + content[at + 4 :])[1] == [7]


def test_a_flipped_bit_inside_a_slice_is_not_seen_here(films: Films) -> None:
    content = bytearray(films["H.264"])
    samples, _ = walked(bytes(content))
    content[int(samples.places[7]) + 60] ^= 1
    assert walked(bytes(content))[1] == []


def test_start_codes_in_place_of_lengths_are_a_habit_of_some_cameras_and_no_damage(films: Films) -> None:
    content = bytearray(films["H.264, B pictures"])
    samples, _ = walked(bytes(content))
    for at in samples.places[1:].tolist():
        content[at : at + 4] = b"\0\0\0\1"
    assert walked(bytes(content))[1] == []


def test_the_index_of_a_film_is_read_without_its_footage(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", Film(frames=60, size=(640, 360), gop=10))
    size_bytes, content = path.stat().st_size, path.read_bytes()
    moov_bytes = int.from_bytes(content[content.rindex(b"moov") - 4 :][:4], "big")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        before = _read_bytes()
        read_index(descriptor, walk_top_level(descriptor, size_bytes))
        read = _read_bytes() - before
    finally:
        os.close(descriptor)
    assert read <= 1.1 * moov_bytes + 1000 < size_bytes / 20


def _read_bytes() -> int:
    """What this process has read so far, by the system's own count; the count's own text is left out."""
    text = Path("/proc/self/io").read_text(encoding="ascii")
    return int(text.split()[1])
