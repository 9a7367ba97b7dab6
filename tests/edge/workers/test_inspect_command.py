"""`inspect` looks into files and folders without an agent and says the same to programs and to people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.devices.folder import SourceMissingError
from edge.platform.durable import sha256_of_file
from tests.edge.films import cut, film
from tests.edge.inspecting import inspected, report_of


def test_a_clip_is_told_field_by_field(tmp_path: Path) -> None:
    path = film(tmp_path / "BC01_20261121T080000_0001.mp4", seconds=6)
    (told,) = report_of(path)["files"]
    assert told == {
        "path": str(path),
        "sha256": sha256_of_file(path)[0],
        "size_bytes": path.stat().st_size,
        "container": "mp4",
        "verdict": "whole",
        "device": "BC01",
        "start": "2026-11-21T00:00:00.000000Z",
        "start_source": "name",
        "start_uncertainty_s": 1.0,
        "media_seconds": 6.0,
        "wall_seconds": 6.0,
        "faults": [],
        "view": [{"state": "unknown", "from_s": 0.0, "to_s": 6.0, "confidence": 0.0}],  # too small to judge
        "sound": [{"state": "absent", "from_s": 0.0, "to_s": 6.0}],
    }


def test_a_gap_between_two_clips_is_told_with_its_cause(tmp_path: Path) -> None:
    film(tmp_path / "BC01_20261121T080000_0001.mp4")
    film(tmp_path / "BC01_20261121T080010_0003.mp4", seed=1)
    (device,) = report_of(tmp_path)["devices"]
    assert device["device"] == "BC01"
    assert device["coverage"] == [
        ["2026-11-21T00:00:00.000000Z", "2026-11-21T00:00:04.000000Z"],
        ["2026-11-21T00:00:10.000000Z", "2026-11-21T00:00:14.000000Z"],
    ]
    assert device["gaps"] == [
        {
            "start": "2026-11-21T00:00:04.000000Z",
            "end": "2026-11-21T00:00:10.000000Z",
            "cause": "segment_missing",
            "evidence": [{"code": "gap_number", "values": {"number": "2"}}],
            "certain": True,
        }
    ]
    assert (device["overlaps"], device["clock_steps"]) == ([], [])


def test_a_hole_inside_a_clip_is_a_fault_of_it_and_a_gap_of_its_device(tmp_path: Path) -> None:
    film(tmp_path / "BC01_20261121T080000_0001.mp4", ticks_ms=[*range(0, 3000, 100), *range(5000, 9000, 100)])
    report = report_of(tmp_path)
    (fault,) = report["files"][0]["faults"]
    assert (fault["code"], fault["from_s"], fault["to_s"]) == ("frames_missing", 3.0, 5.0)
    assert (report["files"][0]["media_seconds"], report["files"][0]["wall_seconds"]) == (7.0, 9.0)
    (gap,) = report["devices"][0]["gaps"]
    assert (gap["start"], gap["end"]) == ("2026-11-21T00:00:03.000000Z", "2026-11-21T00:00:05.000000Z")


def test_a_clock_measured_at_docking_corrects_the_device_and_not_the_file(tmp_path: Path) -> None:
    film(tmp_path / "BC01_20261121T080007_0001.mp4")
    docking = {
        "device": "BC01",
        "docked": "2026-11-21T09:00:00+08:00",
        "device_time": "2026-11-21T09:00:07+08:00",
        "gateway_time": "2026-11-21T09:00:00+08:00",
    }
    (tmp_path / "docking.json").write_text(json.dumps(docking))
    report = report_of(tmp_path)
    assert report["files"][0]["start"] == "2026-11-21T00:00:07.000000Z"
    (device,) = report["devices"]
    assert device["clock"] == {"offset_s": 7.0, "uncertainty_s": 1.0, "applied": True}
    assert device["coverage"][0][0] == "2026-11-21T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty"), (b"\0" * 99, "not_media"), (b"notes", "not_media")],
    ids=["0", "zeros", "text"],
)
def test_what_is_no_footage_is_told_too(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "odd.mp4").write_bytes(content)
    (told,) = report_of(tmp_path)["files"]
    assert (told["verdict"], [fault["code"] for fault in told["faults"]]) == ("unreadable", [code])


def test_a_docking_file_that_cannot_be_read_is_a_problem_and_not_an_end(tmp_path: Path) -> None:
    film(tmp_path / "BC01_20261121T080000_0001.mp4")
    (tmp_path / "docking.json").write_text("[")
    report = report_of(tmp_path)
    assert len(report["files"]) == 1
    assert [problem["path"] for problem in report["problems"]] == ["docking.json"]


def test_a_path_that_is_not_there_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="correct"):
        report_of(tmp_path / "gone.mp4")


def test_nothing_is_changed_or_left_behind(tmp_path: Path) -> None:
    film(tmp_path / "BC01_20261121T080000_0001.mp4")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    inspected(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_people_see_the_same_as_a_table(tmp_path: Path) -> None:
    film(tmp_path / "BC01_20261121T080000_0001.mp4")
    cut(film(tmp_path / "BC01_20261121T080010_0002.mp4", seed=1), 0.6)
    film(tmp_path / "BC01_20261121T080020_0003.mp4", seed=2)
    table = inspected(tmp_path, as_json=False)
    wanted = ("BC01", "2026-11-21 08:00:00", "(moov) is missing", "nothing can be shown", "2.mp4 is damaged", "0:04.0")
    for word in wanted:
        assert word in table


def test_no_name_moves_or_colours_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film(tmp_path / "\x1b[31mred\n[bold]x.mp4")
    monkeypatch.chdir(tmp_path)
    text = inspected(Path(), as_json=False)
    assert "\x1b" not in text
    assert "\\x1b[31mred\\n[bold]x.mp4" in text
