"""Muted is digital silence, confirmed by decoding. A quiet room is hearing."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from edge.contract.inspection import FaultCode, FileVerdict, SoundStretch
from edge.domain.view_limits import DEFAULT_LOOK_LIMITS
from edge.footage.looks import look
from edge.footage.packet_sizes import PacketSizes
from edge.footage.probe import probe_file
from edge.footage.sound_check import small_stretches, sound_stretches
from tests.edge.looked_films import SOUND_RATE, looked_film, muted, speech


def heard(path: Path, *, seconds: float, expects_sound: bool | None = None) -> tuple[SoundStretch, ...]:
    with av.open(str(path)) as medium:
        media_us = round(seconds * 1e6)
        return sound_stretches(medium, DEFAULT_LOOK_LIMITS, media_us=media_us, expects_sound=expects_sound)


CODECS = [
    ("aac", "mp4"),
    ("aac", "mkv"),
    ("aac", "ts"),
    ("pcm_s16le", "mov"),
    ("pcm_alaw", "mov"),
    ("pcm_mulaw", "avi"),
    ("mp2", "ts"),
]


@pytest.mark.parametrize(("codec", "ending"), CODECS)
def test_twenty_seconds_of_mute_are_found_where_they_are(tmp_path: Path, codec: str, ending: str) -> None:
    sound = muted(speech(40), from_s=10, to_s=30)
    film = looked_film(tmp_path / f"clip.{ending}", seconds=40, sound=sound, sound_codec=codec)
    states = heard(film, seconds=40)
    assert [stretch.state for stretch in states] == ["hearing", "muted", "hearing"]
    assert states[1].from_s == pytest.approx(10, abs=0.3)
    assert states[1].to_s == pytest.approx(30, abs=0.3)
    assert (states[0].from_s, states[-1].to_s) == (0, 40)


@pytest.mark.parametrize(("codec", "ending"), [("aac", "mp4"), ("pcm_s16le", "mov")])
def test_a_file_that_is_silent_throughout_is_muted(tmp_path: Path, codec: str, ending: str) -> None:
    sound = np.zeros(10 * SOUND_RATE, np.float32)
    film = looked_film(tmp_path / f"clip.{ending}", seconds=10, sound=sound, sound_codec=codec)
    assert next((part.state, part.from_s) for part in heard(film, seconds=10)) == ("muted", 0)
    assert sum(part.to_s - part.from_s for part in heard(film, seconds=10) if part.state == "muted") > 9.5


@pytest.mark.parametrize(("codec", "ending"), [("aac", "mp4"), ("pcm_s16le", "mov")])
def test_a_very_quiet_room_is_hearing(tmp_path: Path, codec: str, ending: str) -> None:
    room = np.random.default_rng(1).normal(0, 1e-4, 20 * SOUND_RATE).astype(np.float32)  # -80 dBFS
    sound = np.concatenate([speech(10), room])
    film = looked_film(tmp_path / f"clip.{ending}", seconds=30, sound=sound, sound_codec=codec)
    assert [part.state for part in heard(film, seconds=30)] == ["hearing"]


def test_a_pause_of_a_second_is_not_told(tmp_path: Path) -> None:
    film = looked_film(tmp_path / "clip.mp4", seconds=20, sound=muted(speech(20), from_s=8, to_s=9))
    assert [part.state for part in heard(film, seconds=20)] == ["hearing"]


@pytest.mark.parametrize(("expects", "states"), [(None, ["absent"]), (True, ["absent"]), (False, [])])
def test_a_missing_track_is_absent_unless_none_is_expected(
    tmp_path: Path, expects: bool | None, states: list[str]
) -> None:
    film = looked_film(tmp_path / "clip.mp4", seconds=3)
    assert [part.state for part in heard(film, seconds=3, expects_sound=expects)] == states


@pytest.mark.parametrize(
    ("larger", "stretches"),
    [
        pytest.param((150,), [(1_000_000, 9_000_000)], id="one larger packet is a coder's own doing"),
        pytest.param((150, 151), [(1_000_000, 9_000_000)], id="two"),
        pytest.param(tuple(range(150, 155)), [(1_000_000, 5_000_000), (5_166_666, 9_000_000)], id="five are sound"),
    ],
)
def test_a_silence_is_one_stretch_though_a_packet_in_it_is_larger(
    larger: tuple[int, ...], stretches: list[tuple[int, int]]
) -> None:
    sizes = np.full(300, 200)
    sizes[30:270] = 4
    sizes[list(larger)] = 200
    times_us = np.arange(300, dtype=np.int64) * 1_000_000 // 30
    packets = PacketSizes(times_us, sizes, np.ones(300, bool))
    assert small_stretches(packets, DEFAULT_LOOK_LIMITS, media_us=10_000_000) == stretches


@pytest.mark.parametrize(("codec", "ending"), CODECS)
def test_a_track_that_ends_early_is_absent_from_there(tmp_path: Path, codec: str, ending: str) -> None:
    film = looked_film(tmp_path / f"clip.{ending}", seconds=20, sound=speech(12), sound_codec=codec)
    states = heard(film, seconds=20)
    assert [stretch.state for stretch in states] == ["hearing", "absent"]
    assert states[1].from_s == pytest.approx(12, abs=0.7)
    assert [stretch.state for stretch in heard(film, seconds=20, expects_sound=False)] == ["hearing"]


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_a_track_that_begins_late_is_absent_until_then(tmp_path: Path, ending: str) -> None:
    sound = muted(speech(30), from_s=15, to_s=20)
    film = looked_film(tmp_path / f"clip.{ending}", seconds=40, sound=sound, sound_from_s=10)
    structure = probe_file(film, name=film.name)
    assert structure.sound_from_us == pytest.approx(10_000_000, abs=100_000)
    states = look(film, structure, DEFAULT_LOOK_LIMITS).sound
    assert [stretch.state for stretch in states] == ["absent", "hearing", "muted", "hearing"]
    assert [stretch.from_s for stretch in states] == pytest.approx([0, 10, 25, 30], abs=0.3)


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_packets_of_sound_that_are_all_zeros_are_a_hole_in_the_sound(tmp_path: Path, ending: str) -> None:
    film = looked_film(tmp_path / f"clip.{ending}", seconds=20, sound=speech(20))
    with av.open(str(film)) as medium:
        packets = [packet for packet in medium.demux(audio=0) if packet.pos is not None and packet.size]
        lost = [packet for packet in packets if 5 <= float((packet.pts or 0) * packet.time_base) < 6]
        zeroed = [(packet.pos or 0, packet.size) for packet in lost]
    data = bytearray(film.read_bytes())
    for at, size in zeroed:
        skipped = 4 if ending == "mkv" else 0  # the block's own head stays
        data[at + skipped : at + skipped + size] = bytes(size)
    film.write_bytes(data)
    found = probe_file(film, name=film.name)
    assert [fault.code for fault in found.faults] == [FaultCode.SOUND_HOLE]
    assert found.verdict is FileVerdict.DAMAGED
    assert found.faults[0].from_s == pytest.approx(5, abs=0.2)
    assert found.faults[0].to_s == pytest.approx(6, abs=0.2)
    assert found.recorded == ((0, 20_000_000),)
