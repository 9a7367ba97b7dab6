"""A recording that was cut, never ended, or begins behind its beginning says so; one that was written live does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.contract.inspection import FaultCode, FileVerdict
from edge.footage.probe import probe_file
from tests.edge.looked_films import looked_film, speech

S = 1_000_000
LENGTH_OF_MATROSKA, LENGTH_OF_FLV = b"\x44\x89\x88", b"\x00\x08duration\x00"
ASF_SIZE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def codes(path: Path) -> set[str]:
    return {fault.code for fault in probe_file(path, name=path.name).faults} - {FaultCode.NO_TIMES}


def recorded(folder: Path, ending: str, *, seconds: float = 6) -> Path:
    codec = {"flv": "libx264", "mkv": "libx264", "ts": "libx264", "mp4": "libx264", "mpg": "mpeg2video"}.get(
        ending, "mpeg4"
    )
    sound = None if ending in ("mpg", "asf") else speech(seconds)
    sound_codec = "pcm_s16le" if ending == "avi" else "aac"
    rate = 25 if codec == "mpeg2video" else 10
    return looked_film(
        folder / f"clip.{ending}", seconds=seconds, codec=codec, sound=sound, sound_codec=sound_codec, rate=rate
    )


@pytest.mark.parametrize("ending", ["flv", "mpg"])
@pytest.mark.parametrize("lost", [3, 7, 60, 300])
def test_the_last_bytes_of_a_chain_of_packets_are_missed(tmp_path: Path, ending: str, lost: int) -> None:
    film = recorded(tmp_path, ending)
    assert codes(film) == set()
    film.write_bytes(film.read_bytes()[:-lost])
    assert codes(film) == {FaultCode.DATA_CUT}


def test_lengths_of_tags_without_their_heads_are_a_habit_of_writers(tmp_path: Path) -> None:
    film = recorded(tmp_path, "flv")
    data, at = bytearray(film.read_bytes()), 13
    while at < len(data):
        at += 11 + int.from_bytes(data[at + 1 : at + 4], "big") + 4
        data[at - 4 : at] = (int.from_bytes(data[at - 4 : at], "big") - 11).to_bytes(4, "big")
    film.write_bytes(data)
    assert codes(film) == set()


def _zeros_over(marker: bytes, skipped: int, length: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        at = data.index(marker) + len(marker) + skipped
        return data[:at] + bytes(length) + data[at + length :]

    return change


def _void_for_length(data: bytes) -> bytes:
    at = data.index(LENGTH_OF_MATROSKA)
    return data[:at] + b"\xec\x89" + bytes(9) + data[at + 11 :]


UNENDED = [
    pytest.param("mkv", _void_for_length, id="mkv, room left for its length"),
    pytest.param("mkv", _zeros_over(LENGTH_OF_MATROSKA, 0, 8), id="mkv, a length of zero"),
    pytest.param("flv", _zeros_over(LENGTH_OF_FLV, 0, 8), id="flv, a length of zero"),
    pytest.param("avi", lambda data: data[:4] + bytes(4) + data[8:], id="avi, a size of zero"),
    pytest.param("avi", lambda data: data[:4] + b"\xff" * 4 + data[8:], id="avi, the largest size"),
    pytest.param("asf", _zeros_over(ASF_SIZE, 24, 8), id="asf, a size of zero"),
]


@pytest.mark.parametrize(("ending", "change"), UNENDED)
def test_a_recording_that_was_never_ended_says_so_and_keeps_its_footage(
    tmp_path: Path, ending: str, change: Callable[[bytes], bytes]
) -> None:
    film = recorded(tmp_path, ending)
    assert codes(film) == set()
    film.write_bytes(change(film.read_bytes()))
    found = probe_file(film, name=film.name)
    assert {fault.code for fault in found.faults} - {FaultCode.NO_TIMES} == {FaultCode.NOT_ENDED}
    assert found.verdict is FileVerdict.DAMAGED
    assert found.recorded[-1][1] == pytest.approx(6 * S, abs=S // 5)


def test_a_second_recording_behind_the_first_is_told_and_not_counted(tmp_path: Path) -> None:
    film = recorded(tmp_path, "mp4")
    first = film.read_bytes()
    film.write_bytes(first + recorded(tmp_path, "mp4", seconds=3).read_bytes())
    [fault] = probe_file(film, name=film.name).faults
    assert fault.code == FaultCode.SECOND_RECORDING
    assert fault.values["begins_at_byte"] == len(first)
    assert probe_file(film, name=film.name).recorded == ((0, 6 * S),)


@pytest.mark.parametrize("ending", ["mp4", "ts"])
@pytest.mark.parametrize("overwritten", [True, False], ids=["overwritten", "lost"])
def test_a_recording_whose_first_bytes_are_gone_is_still_one(tmp_path: Path, ending: str, overwritten: bool) -> None:
    film = recorded(tmp_path, ending)
    data = film.read_bytes()
    film.write_bytes((b"\xaa" * 100 if overwritten else b"") + data[100:])
    found = probe_file(film, name=film.name)
    assert FaultCode.HEAD_MISSING in {fault.code for fault in found.faults}
    assert found.verdict is not FileVerdict.WHOLE
    assert found.media_us is None or found.media_us > 5 * S
    if overwritten or ending == "ts":
        assert found.recorded[-1][1] > 5 * S


@pytest.mark.parametrize("head", [b"\0", b"the officer said ", b"\xaa\x55"])
def test_what_holds_no_recording_further_on_is_none(tmp_path: Path, head: bytes) -> None:
    film = tmp_path / "clip.mp4"
    film.write_bytes(head * 9000)
    assert codes(film) == {FaultCode.NOT_MEDIA}
