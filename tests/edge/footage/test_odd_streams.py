"""Streams that begin where none is expected to, or whose codec nobody knows: the look says what can be seen."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from edge.contract.inspection import FaultCode, FileVerdict
from edge.domain.media_kind import Container
from edge.domain.view_limits import DEFAULT_LOOK_LIMITS
from edge.footage.frozen import suspicious_stretches
from edge.footage.key_frames import Pictures
from edge.footage.looks import look
from edge.footage.medium import opened
from edge.footage.packet_sizes import PacketSizes
from edge.footage.probe import probe_file
from edge.footage.probe_result import FileLooks
from edge.platform.regular_files import NotRegularError
from tests.edge.looked_films import RATE, looked_film, speech

S = 1_000_000


def seen(path: Path) -> FileLooks:
    return look(path, probe_file(path, name=path.name), DEFAULT_LOOK_LIMITS)


def states(looks: FileLooks) -> list[str]:
    return [stretch.state for stretch in looks.view]


def remuxed(source: Path, target: Path, *, shifted: int = 0, options: dict[str, str] | None = None) -> Path:
    """The film's pictures in another container, `shifted` ticks later."""
    with av.open(str(source)) as film, av.open(str(target), "w", options=options or {}) as out:
        stream = out.add_stream_from_template(film.streams.video[0])
        for packet in film.demux(video=0):
            if packet.size and packet.pts is not None and packet.dts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts + shifted, packet.dts + shifted, stream
                out.mux(packet)
    return target


def test_a_transport_stream_with_one_key_frame_is_judged_by_it(tmp_path: Path) -> None:
    film = looked_film(tmp_path / "clip.ts", seconds=12, key_s=60)
    looks = seen(film)
    assert states(looks) == ["seeing"]
    assert looks.view[0].confidence > 0.5
    with av.open(str(film)) as medium:
        assert [frame is not None for _, frame in Pictures(medium).at(range(0, 12 * S, 2 * S))] == [True]


def test_a_transport_stream_whose_clock_comes_round_at_its_beginning_is_seen(tmp_path: Path) -> None:
    film = looked_film(tmp_path / "clip.mp4", seconds=8, key_s=60)
    round_ticks = 1 << 33
    with av.open(str(film)) as medium:
        base = medium.streams.video[0].time_base or Fraction(1, 90_000)
    before_round_s = round_ticks / 90_000 - 4
    wrapped = remuxed(film, tmp_path / "wrapped.ts", shifted=int(before_round_s / base), options={"muxdelay": "0"})
    assert states(seen(wrapped)) == ["seeing"]


def test_pictures_of_a_film_that_an_edit_list_cuts_are_seen(tmp_path: Path) -> None:
    """A trimmed film still holds the key frame before its cut; a player hides it, the look does not."""
    film = looked_film(tmp_path / "clip.mp4", seconds=8, key_s=60)
    with av.open(str(film)) as medium:
        base = medium.streams.video[0].time_base or Fraction(1, 10_000)
    trimmed = remuxed(film, tmp_path / "trimmed.mp4", shifted=-int(3 / base))
    assert probe_file(trimmed, name=trimmed.name).faults == ()
    assert states(seen(trimmed)) == ["seeing"]


def test_ticks_beyond_32_bits_are_no_clock_that_came_round(tmp_path: Path) -> None:
    """Ten million ticks a second pass 32 bits after seven minutes."""
    film = looked_film(tmp_path / "clip.mp4", seconds=2)
    fine = tmp_path / "fine.mp4"
    with av.open(str(film)) as source, av.open(str(fine), "w", options={"video_track_timescale": "10000000"}) as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for number in range(250):  # one picture, again and again, 2 s apart
            source.seek(0)
            packet = next(source.demux(video=0))
            packet.time_base = Fraction(1, RATE)
            packet.pts = packet.dts = number * 2 * RATE
            packet.stream = stream
            out.mux(packet)
    with fine.open("rb") as file, opened(file, Container.MP4) as medium:
        times = [frame.at_us for _, frame in Pictures(medium).at([400 * S, 480 * S]) if frame is not None]
    assert times == [400 * S, 480 * S]


@pytest.mark.parametrize("unknown", [b"avc1", b"mp4a"])
def test_a_codec_that_nobody_knows_costs_its_own_band_alone(tmp_path: Path, unknown: bytes) -> None:
    film = looked_film(tmp_path / "clip.mp4", seconds=8, sound=speech(8))
    data = film.read_bytes()
    at = data.index(b"stsd", data.index(b"moov")) if unknown == b"avc1" else data.rindex(b"stsd")
    named = data.index(unknown, at)
    film.write_bytes(data[:named] + (b"zzzz" + data[named + 4 :]).replace(b"esds", b"zzzz"))
    looks = seen(film)
    assert states(looks) == (["unknown"] if unknown == b"avc1" else ["seeing"])
    assert [stretch.state for stretch in looks.sound] == (["hearing"] if unknown == b"avc1" else ["unknown"])


def test_times_that_no_file_can_have_are_no_frozen_picture() -> None:
    times_us = np.array([0, S, 9_000_000_000_000_000], np.int64)
    sizes = PacketSizes(times_us, np.array([10, 10, 10], np.int64), np.array([True, False, False]))
    assert suspicious_stretches(sizes, DEFAULT_LOOK_LIMITS, blocks=300) == []


def test_sound_tables_of_a_constant_size_that_contradict_each_other_leave_the_pictures(tmp_path: Path) -> None:
    film = looked_film(tmp_path / "clip.mov", seconds=4, sound=speech(4), sound_codec="pcm_s16le")
    data = bytearray(film.read_bytes())
    first_chunk = data.rindex(b"stsc") + 12
    for number in range(1, int.from_bytes(data[first_chunk - 4 : first_chunk], "big")):
        data[first_chunk + 12 * number] ^= 0x40  # the second run begins far behind the third
        break
    else:  # one run only: it begins with no chunk
        data[first_chunk + 3] = 0
    film.write_bytes(data)
    found = probe_file(film, name=film.name)
    assert found.verdict is FileVerdict.DAMAGED
    assert [fault.code for fault in found.faults] == [FaultCode.INDEX_DAMAGED]
    assert found.recorded == ((0, 4 * S),)


def test_a_stream_that_begins_late_costs_no_picture(tmp_path: Path) -> None:
    """What damage makes look like another stream is passed over; so is a new program's."""
    film = looked_film(tmp_path / "clip.flv", seconds=8, sound=speech(8))
    data = film.read_bytes()
    at = 13
    while at < len(data) // 2:
        at += 11 + int.from_bytes(data[at + 1 : at + 4], "big") + 4
    script = b"\x02\x00\x0aonTextData\x08\x00\x00\x00\x01\x00\x04text\x02\x00\x02hi\x00\x00\x09"
    tag = b"\x12" + len(script).to_bytes(3, "big") + data[at + 4 : at + 8] + bytes(3) + script
    film.write_bytes(data[:at] + (tag + len(tag).to_bytes(4, "big")) * 3 + data[at:])
    found = probe_file(film, name=film.name)
    assert found.faults == ()
    assert found.recorded == ((0, 8 * S),)
    assert states(seen(film)) == ["seeing"]


@pytest.mark.parametrize("ending", ["flv", "asf", "avi"])
@pytest.mark.parametrize("kept", ["cut", "zeros"])
def test_a_header_that_promises_more_than_there_is_tells_the_cut(tmp_path: Path, ending: str, kept: str) -> None:
    codec = "libx264" if ending == "flv" else "mpeg4"
    film = looked_film(tmp_path / f"clip.{ending}", seconds=8, codec=codec)
    data = film.read_bytes()
    until = len(data) * 4 // 5
    film.write_bytes(data[:until] + (bytes(len(data) - until) if kept == "zeros" else b""))
    found = probe_file(film, name=film.name)
    assert FaultCode.DATA_CUT in {fault.code for fault in found.faults}
    assert found.verdict is FileVerdict.DAMAGED
    assert found.recorded[-1][1] < 7 * S


@pytest.mark.parametrize(("codec", "ending"), [("mpeg1video", "mpeg"), ("mpeg2video", "m2v"), ("mpeg4", "m4v")])
def test_bare_mpeg_video_is_read_at_its_stated_rate(tmp_path: Path, codec: str, ending: str) -> None:
    film = tmp_path / f"clip.{ending}"
    film.write_bytes(b"".join(_packets(looked_film(tmp_path / "clip.mkv", seconds=4, codec=codec, rate=25))))
    if codec == "mpeg4":
        film = film.rename(tmp_path / "clip.bin")
    found = probe_file(film, name=film.name)
    assert [(fault.code, fault.values["timeless"]) for fault in found.faults] == [("no_times", "frames_counted")]
    assert found.recorded[-1][1] == pytest.approx(4 * S, abs=S // 10)


def _packets(film: Path) -> list[bytes]:
    with av.open(str(film)) as medium:
        config = medium.streams.video[0].codec_context.extradata or b""
        packets = [bytes(packet) for packet in medium.demux(video=0)]
    return [b"" if packets[0].startswith(config[:4]) else config, *packets]


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_a_single_picture_lasts_as_long_as_its_rate_says(tmp_path: Path, ending: str) -> None:
    found = probe_file(looked_film(tmp_path / f"clip.{ending}", seconds=0.1), name=f"clip.{ending}")
    assert found.faults == ()
    assert found.recorded[0][1] == pytest.approx(S / RATE, rel=0.7)


def test_a_pipe_that_takes_a_files_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clip.mp4")
    with pytest.raises(NotRegularError):
        probe_file(tmp_path / "clip.mp4", name="clip.mp4")
