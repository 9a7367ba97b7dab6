"""What a name and the first bytes say; a path as text."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import DEFAULT_PATTERNS
from edge.domain.file_names import compile_patterns, read_name
from edge.domain.media_kind import Container, container_of_magic, container_of_name, is_medium
from edge.domain.path_text import path_of_text, text_of_path, wire_name

PATTERNS = compile_patterns(DEFAULT_PATTERNS)


@pytest.mark.parametrize(
    ("name", "device", "start", "sequence"),
    [
        ("BC01_20261121080000_0001.mp4", "BC01", "2026-11-21T08:00:00", 1),
        ("BC-0017_20261121T080000_12.mkv", "BC-0017", "2026-11-21T08:00:00", 12),
        ("BC01_20261121-080000.mp4", "BC01", "2026-11-21T08:00:00", None),
        ("20261121_080000_BC01.mp4", "BC01", "2026-11-21T08:00:00", None),
        ("VID_20261121_080000.mp4", None, "2026-11-21T08:00:00", None),
        ("BC01_20261341080000_0001.mp4", "BC01", None, 1),
        ("BC01_00011121080000_0001.mp4", "BC01", None, 1),
        ("holiday.mp4", None, None, None),
        ("intel_car-detection.mp4", None, None, None),
        ("记录仪.mp4", None, None, None),
        (".mp4", None, None, None),
        ("", None, None, None),
    ],
)
def test_what_a_name_says(name: str, device: str | None, start: str | None, sequence: int | None) -> None:
    facts = read_name(name, PATTERNS)
    assert (facts.device, facts.sequence) == (device, sequence)
    assert (facts.start and facts.start.moment.isoformat()) == start


def test_a_z_in_the_name_means_utc() -> None:
    utc, local = read_name("BC01_20261121080000Z_1.mp4", PATTERNS), read_name("BC01_20261121080000_1.mp4", PATTERNS)
    assert utc.start is not None
    assert local.start is not None
    assert (utc.start.is_utc, local.start.is_utc) == (True, False)


def test_digits_that_are_no_time_are_kept() -> None:
    assert read_name("BC01_20261341080000_0001.mp4", PATTERNS).unreadable_start == "20261341080000"


@given(st.text(max_size=60))
def test_no_name_is_refused(name: str) -> None:
    facts = read_name(name, PATTERNS)
    assert facts.device is None or 0 < len(facts.device) <= 64


# ------------------------------------------------------------------ kinds
TS = (b"\x47" + b"\0" * 187) * 5
M2TS = (b"\0\0\0\0\x47" + b"\0" * 187) * 5


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (b"\0\0\0\x20ftypisom", Container.MP4),
        (b"\0\0\0\x08wide", Container.MP4),
        (b"\x1a\x45\xdf\xa3\x01", Container.MATROSKA),
        (TS, Container.MPEG_TS),
        (M2TS, Container.MPEG_TS),
        (b"RIFF\0\0\0\0AVI LIST", Container.AVI),
        (b"RIFF\0\0\0\0WAVEfmt ", Container.WAV),
        (b"FLV\x01\x05", Container.FLV),
        (b"\0\0\0\x01\x67\x42\x00\x1e", Container.RAW_VIDEO),
        (b"\0\0\0\x01\x40\x01\x0c\x01", Container.RAW_VIDEO),
        (b"ID3\x04\0", Container.MP3),
        (b"\xff\xfb\x90\x64", Container.MP3),
        (b"\xff\xf1\x50\x80", Container.AAC),
        (b"#!AMR\n", Container.AMR),
        (b"\xff\xfeh\0e\0l\0l\0o\0", None),
        (b"\xff\xd8\xff\xe0", None),
        (b"RIFF\0\0\0\0WEBP", None),
        (b"%PDF-1.7", None),
        (b"G" * 20, None),
        (b"", None),
    ],
)
def test_the_first_bytes_tell_the_container(head: bytes, container: Container | None) -> None:
    assert container_of_magic(head) is container


@given(st.text(alphabet=st.characters(max_codepoint=126, min_codepoint=32), max_size=200))
def test_text_is_no_medium(text: str) -> None:
    assert container_of_magic(text.encode()) in {None, Container.MP3} or text.startswith(
        ("FLV", "OggS", "DHAV", "#!AMR")
    )


@given(st.binary(max_size=1100))
def test_no_first_bytes_are_refused(head: bytes) -> None:
    container_of_magic(head)


@pytest.mark.parametrize(
    ("name", "medium"), [("A.MP4", True), ("a.b.mkv", True), ("a.txt", False), ("mp4", False), ("a.", False)]
)
def test_an_extension_alone_makes_a_medium(name: str, medium: bool) -> None:
    assert (container_of_name(name) is not None) is medium
    assert is_medium(name, b"") is medium
    assert is_medium(name, b"\0\0\0\x20ftypisom")


# ------------------------------------------------------------------ paths
paths = st.binary(min_size=1, max_size=80).filter(lambda data: b"\0" not in data).map(os.fsdecode)


@given(paths)
def test_a_path_comes_back_from_its_text(path: str) -> None:
    text = text_of_path(path)
    assert path_of_text(text) == path
    text.encode("utf-8")


@given(paths, paths)
def test_two_paths_never_share_a_text(one: str, other: str) -> None:
    assert (text_of_path(one) == text_of_path(other)) is (one == other)


@given(st.text(min_size=1, max_size=3000))
def test_a_message_carries_the_end_of_a_long_name(text: str) -> None:
    assert 0 < len(wire_name(text)) <= 1024
    assert text.endswith(wire_name(text)[1:])
