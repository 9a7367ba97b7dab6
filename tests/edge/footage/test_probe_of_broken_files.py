"""Every broken file gets a verdict with its cause; what can still be read is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fault_films.breaks import flipped_index

from edge.contract.inspection import FileVerdict
from edge.footage.probe import probe_file
from tests.edge.films import cut, film

WHOLE, DAMAGED, UNREADABLE = FileVerdict.WHOLE, FileVerdict.DAMAGED, FileVerdict.UNREADABLE
FASTSTART = {"movflags": "faststart"}
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov"}


def _written(data: bytes) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        path.write_bytes(data)
        return path

    return make


def _with_head(head: bytes, size_bytes: int) -> Callable[[Path], Path]:
    return _written(head + b"\0" * (size_bytes - len(head)))


def _first(size_bytes: int, path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:size_bytes])
    return path


FTYP = b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"


@pytest.mark.parametrize(
    ("name", "make", "verdict", "faults"),
    [
        pytest.param("a.mp4", film, WHOLE, [], id="whole mp4"),
        pytest.param("a.mkv", film, WHOLE, [], id="whole mkv"),
        pytest.param("a.ts", film, WHOLE, [], id="whole ts"),
        pytest.param("a.mp4", lambda path: film(path, options=FRAGMENTED), WHOLE, [], id="whole fragmented mp4"),
        pytest.param("a.avi", film, WHOLE, ["no_times"], id="avi counts frames"),
        pytest.param("a.h264", film, DAMAGED, ["no_times"], id="raw H.264 has a picture and no length"),
        pytest.param("a.avi", lambda path: film(path, container="mp4"), WHOLE, ["wrong_extension"], id="mp4 as avi"),
        pytest.param(
            "a.mp4", lambda path: film(path, container="matroska"), WHOLE, ["wrong_extension"], id="mkv as mp4"
        ),
        pytest.param("a.mp4", lambda path: cut(film(path), 0.6), UNREADABLE, ["index_missing"], id="index was to come"),
        pytest.param(
            "a.mp4",
            lambda path: _first(200, film(path, options=FASTSTART)),
            UNREADABLE,
            ["index_cut"],
            id="in the index",
        ),
        pytest.param(
            "a.mp4",
            lambda path: _first(2_500, film(path, options=FASTSTART)),
            UNREADABLE,
            ["data_cut", "samples_past_end"],
            id="right behind the index",
        ),
        pytest.param(
            "a.mp4",
            lambda path: cut(film(path, options=FASTSTART), 0.6),
            DAMAGED,
            ["data_cut", "samples_past_end"],
            id="behind the index",
        ),
        pytest.param(
            "a.mp4",
            lambda path: cut(film(path, options=FRAGMENTED), 0.6),
            DAMAGED,
            ["data_cut", "samples_past_end"],
            id="fragmented cut",
        ),
        pytest.param("a.mkv", lambda path: cut(film(path), 0.6), DAMAGED, ["data_cut"], id="mkv cut"),
        pytest.param("a.ts", lambda path: cut(film(path), 0.601), DAMAGED, ["data_cut"], id="ts cut in a packet"),
        pytest.param("a.avi", lambda path: cut(film(path), 0.6), DAMAGED, ["no_times", "data_cut"], id="avi cut"),
        pytest.param("a.mp4", _written(b""), UNREADABLE, ["empty"], id="zero length"),
        pytest.param("a.mp4", _written(b"\0"), UNREADABLE, ["not_media"], id="one byte"),
        pytest.param("a.mp4", _written(b"\0" * 70_000), UNREADABLE, ["not_media"], id="only zeros"),
        pytest.param("a.mp4", _written(b"the officer said " * 999), UNREADABLE, ["not_media"], id="text"),
        pytest.param(
            "a.mp4",
            _written(b"\xff\xd8\xff\xe0\0\x10JFIF" + b"x" * 999),
            UNREADABLE,
            ["not_media", "wrong_extension"],
            id="jpeg",
        ),
        pytest.param(
            "a.mp4", _with_head(FTYP, 70_000), UNREADABLE, ["index_missing"], id="head, then preallocated zeros"
        ),
        pytest.param(
            "a.mp4",
            _written(b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n"),
            UNREADABLE,
            ["not_media"],
            id="playlist",
        ),
        pytest.param(
            "a.mkv", _with_head(b"\x1a\x45\xdf\xa3", 5000), UNREADABLE, ["not_media"], id="head of an mkv alone"
        ),
    ],
)
def test_a_file_and_its_verdict(
    tmp_path: Path, name: str, make: Callable[[Path], Path], verdict: FileVerdict, faults: list[str]
) -> None:
    path = make(tmp_path / name)
    found = probe_file(path, name=name)
    assert (found.verdict, [fault.code for fault in found.faults]) == (verdict, faults)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_whole_file_is_recorded_from_its_first_frame_to_the_end_of_its_last(tmp_path: Path, name: str) -> None:
    found = probe_file(film(tmp_path / name, seconds=6.0), name=name)
    assert found.media_us == pytest.approx(6_000_000, abs=2_000)
    assert found.recorded == ((0, found.media_us),)
    assert (found.width_px, found.height_px, found.video_codec, found.has_sound) == (64, 48, "h264", False)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_what_is_left_of_a_cut_file_counts_to_the_frame(tmp_path: Path, name: str) -> None:
    path = film(tmp_path / name, seconds=10.0, options=FASTSTART if name == "a.mp4" else None)
    found = probe_file(cut(path, 0.5), name=name)
    ((start_us, end_us),) = found.recorded
    assert start_us == 0
    assert end_us == pytest.approx(5_000_000, abs=400_000)
    assert end_us % 100_000 == pytest.approx(0, abs=1_000)
    assert {fault.from_s for fault in found.faults} == {end_us / 1e6}


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_hole_inside_a_file_splits_what_was_recorded(tmp_path: Path, name: str) -> None:
    ticks = [*range(0, 3000, 100), *range(5000, 9000, 100)]
    found = probe_file(film(tmp_path / name, ticks_ms=ticks), name=name)
    assert found.verdict is FileVerdict.WHOLE
    (fault,) = found.faults
    assert fault.code == "frames_missing"
    (first, second) = found.recorded
    assert first == pytest.approx((0, 3_000_000), abs=2_000)
    assert second == pytest.approx((5_000_000, 9_000_000), abs=2_000)


def test_a_variable_frame_rate_is_no_hole(tmp_path: Path) -> None:
    slow_then_quick = [*range(0, 4000, 400), *range(4000, 8000, 40), *range(8000, 14000, 500)]
    assert probe_file(film(tmp_path / "a.mp4", ticks_ms=slow_then_quick), name="a.mp4").faults == ()


def test_the_creation_time_is_what_the_container_says(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", created="2026-11-21T08:00:00.000000Z")
    assert probe_file(path, name="a.mp4").created_us == 1_795_248_000_000_000


@pytest.mark.shared
def test_real_clips_are_whole_and_have_no_holes(shared_footage: Path) -> None:
    clips = [path for path in sorted(shared_footage.iterdir()) if path.suffix in {".mp4", ".mkv"}]
    assert clips
    for path in clips:
        found = probe_file(path, name=path.name)
        assert (found.verdict, found.faults, len(found.recorded)) == (FileVerdict.WHOLE, (), 1), path.name


def _last_frame_lasts(path: Path, ticks: int) -> Path:
    """Change the duration of the last sample in the time-to-sample table (stts) of an MP4."""
    data = bytearray(path.read_bytes())
    at = data.index(b"stts")
    entries = int.from_bytes(data[at + 8 : at + 12], "big")
    last = at + 12 + 8 * (entries - 1)
    count = int.from_bytes(data[last : last + 4], "big")
    assert count == 1, "the last frame has an entry of its own"
    data[last + 4 : last + 8] = ticks.to_bytes(4, "big")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("ticks", [3_600_000, 0x7FFFFFFF], ids=["an hour", "weeks"])
def test_a_last_frame_that_claims_to_last_is_not_counted_as_footage(tmp_path: Path, ticks: int) -> None:
    uneven = [*range(0, 4000, 100), 4050]
    found = probe_file(_last_frame_lasts(film(tmp_path / "a.mp4", ticks_ms=uneven), ticks), name="a.mp4")
    assert sum(end_us - start_us for start_us, end_us in found.recorded) < 5_000_000


def test_times_that_cannot_be_are_a_fault_and_no_coverage(tmp_path: Path) -> None:
    years = [*range(0, 3000, 100), 10**12, 10**12 + 100]
    found = probe_file(film(tmp_path / "a.mkv", ticks_ms=years), name="a.mkv")
    assert (found.verdict, [fault.code for fault in found.faults]) == (DAMAGED, ["no_times"])
    assert (found.recorded, found.media_us) == ((), None)


def test_a_codec_that_a_damaged_header_names_and_nobody_knows_is_no_crash(tmp_path: Path) -> None:
    content = film(tmp_path / "a.mp4").read_bytes().replace(b"avc1", b"zzq1")
    entries = content.index(b"stts") + 8
    (tmp_path / "a.mp4").write_bytes(content[:entries] + bytes(4) + content[entries + 4 :])
    found = probe_file(tmp_path / "a.mp4", name="a.mp4")
    assert (found.verdict, [fault.code for fault in found.faults]) == (UNREADABLE, ["index_damaged"])


@pytest.mark.parametrize("seed", range(12))
def test_bits_turned_over_in_the_index_are_told_and_crash_nothing(tmp_path: Path, seed: int) -> None:
    path = film(tmp_path / "a.mp4", options=FASTSTART)
    path.write_bytes(flipped_index(path.read_bytes(), seed).content)
    found = probe_file(path, name="a.mp4")
    assert found.verdict is not WHOLE
    assert found.faults
