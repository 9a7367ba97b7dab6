"""What a scan shows, and what is read from the JSON beside the footage."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.instants import parse_rfc3339
from edge.devices.folder import SourceMissingError, scan_file, scan_folder
from edge.devices.statements import (
    LIMIT_BYTES,
    StatementUnreadableError,
    parse_sidecar,
    read_bounded,
    read_docking,
)


def _put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def test_a_scan_shows_every_file_below_with_its_sidecar(tmp_path: Path) -> None:
    _put(tmp_path, "a.mp4", "a.json", "deep/er/b.mp4", "deep/er/b.mp4.json", "alone.json", "notes.txt")
    scan = scan_folder(tmp_path)
    assert sorted(scan.files) == ["a.mp4", "alone.json", "deep/er/b.mp4", "notes.txt"]
    sidecars = {path: file.sidecar.path for path, file in scan.files.items() if file.sidecar is not None}
    assert sidecars == {"a.mp4": "a.json", "deep/er/b.mp4": "deep/er/b.mp4.json"}


def test_the_nearest_docking_file_upwards_describes_a_file(tmp_path: Path) -> None:
    _put(tmp_path, "docking.json", "a.mp4", "port2/b.mp4", "port3/docking.json", "port3/day/c.mp4")
    scan = scan_folder(tmp_path)
    above = {path: scan.docking_folder_of(file.folder) for path, file in scan.files.items()}
    assert above == {"a.mp4": "", "port2/b.mp4": "", "port3/day/c.mp4": "port3"}


def test_without_a_docking_file_there_is_none(tmp_path: Path) -> None:
    _put(tmp_path, "port2/b.mp4")
    assert scan_folder(tmp_path).docking_folder_of("port2") is None


def test_links_pipes_and_sockets_are_shown_and_never_opened(tmp_path: Path) -> None:
    (tmp_path / "link.mp4").symlink_to("/etc/passwd")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(tmp_path / "pipe.mp4")
    scan = scan_folder(tmp_path)
    assert {path: file.is_regular for path, file in scan.files.items()} == dict.fromkeys(
        ["link.mp4", "loop", "pipe.mp4"], False
    )


def test_a_source_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="attach the disk"):
        scan_folder(tmp_path / "gone")
    with pytest.raises(SourceMissingError):
        scan_file(tmp_path / "gone.mp4")


def test_one_file_is_seen_with_what_lies_beside_it(tmp_path: Path) -> None:
    _put(tmp_path, "a.mp4", "a.json", "b.mp4", "docking.json")
    scan = scan_file(tmp_path / "a.mp4")
    assert list(scan.files) == ["a.mp4"]
    assert scan.files["a.mp4"].sidecar is not None
    assert scan.docking_folder_of("") == ""


# ------------------------------------------------------------------ sidecars
def test_every_field_of_a_sidecar_may_be_absent() -> None:
    words = parse_sidecar(b"{}", name="a.json")
    assert (words.device, words.start, words.sequence, words.flagged) == (None, None, None, False)


def test_numbers_of_the_field_may_come_as_numbers_and_a_byte_order_mark_is_no_fault() -> None:
    words = parse_sidecar(b'\xef\xbb\xbf{"device": 1234567, "sequence": 7, "unknown": []}', name="a.json")
    assert (words.device, words.sequence) == ("1234567", 7)


@pytest.mark.parametrize(
    ("sidecar", "named"),
    [
        ("{not json", "JSON"),
        ("[]", "object"),
        ('{"start": "2026-11-21"}', "start"),
        ('{"start": "yesterday at noon!"}', "start"),
        ('{"start": "0001-01-01T00:00:00"}', "start"),
        ('{"start": "9999-12-31T23:59:59Z"}', "start"),
        ('{"time_zone": "Mars/Olympus"}', "time_zone"),
        ('{"time_zone": "../../etc/passwd"}', "time_zone"),
        ('{"sequence": -1}', "sequence"),
        ('{"device": ""}', "device"),
        ('{"device": " "}', "device"),
        ('{"device": "a\\u0000b"}', "device"),
        ('{"flagged": "perhaps"}', "flagged"),
        ("[" * 50_000, "JSON"),
    ],
)
def test_a_sidecar_that_cannot_be_used_says_which_field(sidecar: str, named: str) -> None:
    with pytest.raises(StatementUnreadableError) as refused:
        parse_sidecar(sidecar.encode(), name="a.json")
    assert named in refused.value.why
    assert "Correct the file" in str(refused.value)


def test_blanks_around_a_number_are_no_part_of_it(tmp_path: Path) -> None:
    assert parse_sidecar(b'{"device": " BC-07\\t"}', name="a.json").device == "BC-07"
    assert read_docking(_docking(tmp_path, device=" BC01 "), now_us=NOW_US).statement.device == "BC01"


@given(st.binary(max_size=300))
def test_no_bytes_end_the_reading_of_sidecars(data: bytes) -> None:
    with suppress(StatementUnreadableError):  # refused by name; anything else fails here
        parse_sidecar(data, name="a.json")


def test_a_statement_is_never_read_beyond_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b" " * (LIMIT_BYTES + 1))
    with pytest.raises(StatementUnreadableError, match="larger than"):
        read_bounded(path)


# ------------------------------------------------------------------ docking files
NOW_US = parse_rfc3339("2026-11-22T00:00:00Z")
DOCKING = {
    "device": "BC01",
    "docked": "2026-11-21T18:05:00+08:00",
    "until": "2026-11-21T18:20:00+08:00",
    "device_time": "2026-11-21T18:05:07+08:00",
    "gateway_time": "2026-11-21T18:05:00+08:00",
    "uncertainty_s": 0.5,
    "battery_percent": 41,
    "free_bytes": 1_000_000,
    "total_bytes": 64_000_000_000,
}


def _docking(folder: Path, **changes: Any) -> Path:
    path = folder / "docking.json"
    path.write_text(json.dumps({key: value for key, value in {**DOCKING, **changes}.items() if value is not None}))
    return path


def test_a_docking_file_gives_the_clock_as_device_minus_gateway(tmp_path: Path) -> None:
    read = read_docking(_docking(tmp_path), now_us=NOW_US)
    clock = read.statement.clock(gateway_synchronised=True)
    assert clock is not None
    assert (clock.offset_us, clock.uncertainty_us, clock.gateway_synchronised) == (7_000_000, 500_000, True)
    assert clock.measured == parse_rfc3339("2026-11-21T10:05:00Z")


def test_a_docking_file_may_say_itself_whether_the_gateways_clock_was_kept(tmp_path: Path) -> None:
    clock = read_docking(_docking(tmp_path, synchronised=False), now_us=NOW_US).statement.clock(
        gateway_synchronised=True
    )
    assert clock is not None
    assert not clock.gateway_synchronised


def test_a_docking_without_a_clock_is_a_docking(tmp_path: Path) -> None:
    statement = read_docking(
        _docking(tmp_path, device_time=None, gateway_time=None, until=None), now_us=NOW_US
    ).statement
    assert statement.clock(gateway_synchronised=True) is None
    assert statement.until is None


@pytest.mark.parametrize(
    "changes",
    [
        {"device": None},
        {"docked": None},
        {"docked": "2026-11-21T18:05:00"},
        {"until": "2026-11-21T18:00:00+08:00"},
        {"device_time": None},
        {"device_time": "9999-01-01T00:00:00Z"},
        {"uncertainty_s": -1},
        {"uncertainty_s": 1e300},
        {"battery_percent": 101},
        {"free_bytes": -1},
    ],
    ids=str,
)
def test_a_docking_file_that_contradicts_itself_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(StatementUnreadableError):
        read_docking(_docking(tmp_path, **changes), now_us=NOW_US)
