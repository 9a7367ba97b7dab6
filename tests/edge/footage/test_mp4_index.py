"""The index of an MP4 says what the demuxer says, and a hostile one costs neither memory nor a crash."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.footage.boxes import IndexDamagedError, walk_top_level
from edge.footage.mp4_index import Mp4Index, Samples, read_index

PICTURES = 45
BASE = "frag_keyframe+empty_moov"


def film(path: Path, *, movflags: str = "", times_ms: list[int] | None = None, b_frames: int = 0) -> Path:
    """H.264 with sound, in whole or fragmented MP4."""
    times_ms = [100 * number for number in range(PICTURES)] if times_ms is None else times_ms
    with av.open(str(path), "w", format="mp4", options={"movflags": movflags} if movflags else {}) as output:
        video = output.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        video.codec_context.gop_size = 12
        video.codec_context.max_b_frames = b_frames
        sound = output.add_stream("aac", rate=16_000, layout="mono")
        noise = np.random.default_rng(1)
        for at_ms in times_ms:
            frame = av.VideoFrame.from_ndarray(noise.integers(0, 255, (48, 64, 3), dtype=np.uint8), format="rgb24")
            frame.pts, frame.time_base = at_ms, Fraction(1, 1000)
            output.mux(video.encode(frame))
        for number in range(40):
            heard = av.AudioFrame.from_ndarray(
                noise.integers(-9000, 9000, (1, 1024)).astype(np.int16), format="s16", layout="mono"
            )
            heard.sample_rate, heard.pts, heard.time_base = 16_000, 1024 * number, Fraction(1, 16_000)
            output.mux(sound.encode(heard))
        output.mux(video.encode(None))
        output.mux(sound.encode(None))
    return path


def whole_index_of(descriptor: int, path: Path) -> Mp4Index:
    return read_index(descriptor, walk_top_level(descriptor, path.stat().st_size))


def index_of(path: Path) -> list[Samples]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return list(whole_index_of(descriptor, path).tracks)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param({}, id="index at the end"),
        pytest.param({"movflags": "faststart"}, id="index first"),
        pytest.param({"b_frames": 2}, id="frames that are shown in another order, with an edit list"),
        pytest.param({"times_ms": [0, 33, 90, 100, 260, 300, 310, 1500, 1540, 1580]}, id="variable rate"),
        pytest.param({"movflags": BASE}, id="fragments"),
        pytest.param({"movflags": f"{BASE}+default_base_moof", "b_frames": 2}, id="fragments counted from themselves"),
        pytest.param({"movflags": f"{BASE}+omit_tfhd_offset"}, id="fragments without a place"),
        pytest.param({"movflags": "frag_every_frame+empty_moov+separate_moof"}, id="a fragment for each track"),
        pytest.param({"movflags": "frag_keyframe"}, id="fragments after a first part in the index"),
        pytest.param({"movflags": "cmaf+frag_keyframe"}, id="cmaf"),
    ],
)
def test_places_sizes_and_times_are_those_of_the_packets(made: dict[str, Any], tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", **made)
    tracks = index_of(path)
    assert [samples.handler for samples in tracks] == [b"vide", b"soun"]
    for number, samples in enumerate(tracks):
        with av.open(str(path)) as medium:
            stream = medium.streams[number]
            packets = [packet for packet in medium.demux(stream) if packet.size]
            assert stream.time_base == Fraction(1, samples.ticks_per_s)
        assert [packet.pos for packet in packets] == samples.places.tolist()
        assert [packet.size for packet in packets] == samples.sizes.tolist()
        assert np.diff([packet.pts for packet in packets]).tolist() == np.diff(samples.shown).tolist()


def test_a_fragment_counts_from_its_own_first_byte_whatever_stands_before_it(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", movflags=f"{BASE}+default_base_moof")
    places = index_of(path)[0].places
    content = path.read_bytes()
    first = content.index(b"moof") - 4
    free = b"\0\0\0\x10free" + b"\0\0\0\x01" + bytes(4)  # its end looks like the header of a box with 64 bits
    path.write_bytes(content[:first] + free + content[first:])
    assert index_of(path)[0].places.tolist() == (places + len(free)).tolist()


def test_a_file_without_an_index_has_no_tracks(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0" + bytes(100))
    assert index_of(tmp_path / "a.mp4") == []


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return film(tmp_path_factory.mktemp("films") / "whole.mp4", b_frames=2).read_bytes()


@pytest.fixture(scope="module")
def fragmented(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return film(tmp_path_factory.mktemp("films") / "fragmented.mp4", movflags=BASE).read_bytes()


def overwritten(content: bytes, table: bytes, at: int, value: bytes, path: Path) -> Path:
    """The film with bytes written over a table: the last of that name, counted from its payload."""
    place = content.rindex(table) + 4 + at
    path.write_bytes(content[:place] + value + content[place + len(value) :])
    return path


def read_whole(path: Path) -> Mp4Index:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return whole_index_of(descriptor, path)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(("table", "at"), [(b"stsz", 8), (b"stts", 4), (b"stsc", 4), (b"stco", 4)])
def test_of_a_table_that_claims_more_than_its_box_holds_what_fits_is_read(
    whole: bytes, tmp_path: Path, table: bytes, at: int
) -> None:
    (tmp_path / "whole.mp4").write_bytes(whole)
    good = read_whole(tmp_path / "whole.mp4")
    index = read_whole(overwritten(whole, table, at, b"\x7f\xff\xff\xff", tmp_path / "bomb.mp4"))
    assert [bomb.table for bomb in index.bombs] == [table.decode()]
    for kept, known in zip(index.tracks, good.tracks, strict=True):
        assert kept.places.tolist() == known.places.tolist()
        assert kept.shown.tolist() == known.shown.tolist()


@pytest.mark.parametrize(("table", "at", "value"), [(b"stsc", 8, 7), (b"stts", 4, 0), (b"stco", 4, 0), (b"stsz", 8, 3)])
def test_a_track_whose_tables_contradict_each_other_is_told_and_the_other_read(
    whole: bytes, tmp_path: Path, table: bytes, at: int, value: int
) -> None:
    index = read_whole(overwritten(whole, table, at, value.to_bytes(4, "big"), tmp_path / "bad.mp4"))
    assert index.contradictions
    assert index.first(b"vide") is not None


def test_a_run_of_four_thousand_million_samples_is_as_long_as_there_are_samples(whole: bytes, tmp_path: Path) -> None:
    place = whole.rindex(b"stts") + 4 + 8
    path = tmp_path / "bomb.mp4"
    path.write_bytes(whole[:place] + b"\xff\xff\xff\xff" + whole[place + 4 :])
    samples = index_of(path)[-1]
    assert len(samples.shown) == len(samples.sizes)


@pytest.mark.parametrize("box", [b"tfdt", b"tfhd"])
def test_a_fragment_whose_time_or_place_no_file_can_have_is_left_out(
    fragmented: bytes, tmp_path: Path, box: bytes
) -> None:
    place = fragmented.index(box) + 4 + (8 if box == b"tfhd" else 4)
    path = tmp_path / "bomb.mp4"
    path.write_bytes(fragmented[:place] + b"\xff" * 8 + fragmented[place + 8 :])
    index = read_whole(path)
    pictures = index.first(b"vide")
    assert index.contradictions == ("fragment_missing",)
    assert pictures is not None
    assert 0 < len(pictures.sizes) < PICTURES


@pytest.mark.parametrize("kind", ["whole", "fragmented"])
@given(data=st.data())
def test_whatever_is_written_over_it_the_index_is_read_or_refused(
    kind: str, data: st.DataObject, whole: bytes, fragmented: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(whole if kind == "whole" else fragmented)
    heads = [place for name in (b"moov", b"moof") for place in _all(content, name)]
    for _ in range(data.draw(st.integers(1, 6))):
        head = data.draw(st.sampled_from(heads))
        place = min(len(content) - 1, head - 4 + data.draw(st.integers(0, 1800)))
        content[place] = data.draw(st.sampled_from([0, 1, 2, 0x7F, 0x80, 0xFF, 0x20, 0x6D]))
    path = tmp_path_factory.getbasetemp() / f"mutated-{kind}.mp4"
    path.write_bytes(content)
    try:
        tracks = index_of(path)
    except IndexDamagedError:
        return
    for samples in tracks:
        assert len(samples.shown) == len(samples.sizes) == len(samples.places)


def _all(content: bytearray, name: bytes) -> list[int]:
    return [at for at in range(len(content) - 4) if content[at : at + 4] == name]
