"""`inspect` looks into files and folders without an agent and says the same to programs and to people."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from edge.contract.instants import UtcMicros, parse_rfc3339
from edge.devices.folder import SourceMissingError
from edge.footage.probe import probe_call
from edge.local.inspect_command import run_inspect
from edge.platform.durable import sha256_of_file
from edge.platform.limited_worker import WorkerCrashedError, WorkerTimedOutError
from edge.workers.clip_facts import SourceReading
from edge.workers.inspect_paths import InspectProgress, inspect_paths
from tests.edge.films import cut, film


class NoonClock:
    """Noon of a day, and a steady clock that ticks a second per look."""

    def __init__(self) -> None:
        self._steady_s = 0.0

    def now_us(self) -> UtcMicros:
        return parse_rfc3339("2026-11-21T12:00:00Z")

    def steady_s(self) -> float:
        self._steady_s += 1.0
        return self._steady_s

    def synchronised(self) -> bool:
        return False


def _inspect(*paths: Path, as_json: bool = True) -> str:
    output = io.StringIO()
    run_inspect(
        paths,
        as_json=as_json,
        reading=SourceReading.usual(),
        clock=NoonClock(),
        output=Console(file=output, width=200),
        progress=Console(file=io.StringIO()),
    )
    return output.getvalue()


def _with_workers(folder: Path, workers: int) -> Any:
    output = io.StringIO()
    run_inspect(
        [folder],
        as_json=True,
        reading=SourceReading.usual(),
        clock=NoonClock(),
        output=Console(file=output),
        progress=Console(file=io.StringIO()),
        workers=workers,
    )
    return json.loads(output.getvalue())


def _report(*paths: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(_inspect(*paths))
    return report


def test_a_clip_is_told_field_by_field(tmp_path: Path) -> None:
    path = film(tmp_path / "BC01_20261121T080000_0001.mp4", seconds=6)
    (told,) = _report(path)["files"]
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
        "view": [],
        "sound": [],
    }


def test_a_gap_between_two_clips_is_told_with_its_cause(tmp_path: Path) -> None:
    film(tmp_path / "BC01_20261121T080000_0001.mp4")
    film(tmp_path / "BC01_20261121T080010_0003.mp4", seed=1)
    (device,) = _report(tmp_path)["devices"]
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
    report = _report(tmp_path)
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
    report = _report(tmp_path)
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
    (told,) = _report(tmp_path)["files"]
    assert (told["verdict"], [fault["code"] for fault in told["faults"]]) == ("unreadable", [code])


def test_a_docking_file_that_cannot_be_read_is_a_problem_and_not_an_end(tmp_path: Path) -> None:
    film(tmp_path / "BC01_20261121T080000_0001.mp4")
    (tmp_path / "docking.json").write_text("[")
    report = _report(tmp_path)
    assert len(report["files"]) == 1
    assert [problem["path"] for problem in report["problems"]] == ["docking.json"]


def test_a_path_that_is_not_there_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="correct"):
        _report(tmp_path / "gone.mp4")


def test_nothing_is_changed_or_left_behind(tmp_path: Path) -> None:
    film(tmp_path / "BC01_20261121T080000_0001.mp4")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    _inspect(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_people_see_the_same_as_a_table(tmp_path: Path) -> None:
    film(tmp_path / "BC01_20261121T080000_0001.mp4")
    cut(film(tmp_path / "BC01_20261121T080010_0002.mp4", seed=1), 0.6)
    film(tmp_path / "BC01_20261121T080020_0003.mp4", seed=2)
    table = _inspect(tmp_path, as_json=False)
    wanted = ("BC01", "2026-11-21 08:00:00", "(moov) is missing", "nothing can be shown", "2.mp4 is damaged", "0:04.0")
    for word in wanted:
        assert word in table


def test_no_name_moves_or_colours_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film(tmp_path / "\x1b[31mred\n[bold]x.mp4")
    monkeypatch.chdir(tmp_path)
    text = _inspect(Path(), as_json=False)
    assert "\x1b" not in text
    assert "\\x1b[31mred\\n[bold]x.mp4" in text


# ------------------------------------------------------------------ many files
def test_several_files_at_once_are_told_in_the_order_of_their_names(tmp_path: Path) -> None:
    for number in range(1, 7):
        film(tmp_path / f"BC01_20261121T0800{4 * number:02d}_{number:04d}.mp4", seed=number)
    alone, together = (_with_workers(tmp_path, workers) for workers in (1, 3))
    assert [file["path"][-8:] for file in together["files"]] == [f"{number:04d}.mp4" for number in range(1, 7)]
    assert together == alone


def test_the_same_bytes_under_another_name_are_told_and_count_once(tmp_path: Path) -> None:
    original = film(tmp_path / "BC01_20261121T080000_0001.mp4")
    (tmp_path / "BC01_20261121T090000_0002.mp4").write_bytes(original.read_bytes())
    report = _report(tmp_path)
    one, two = report["files"]
    assert (one["faults"], one["verdict"], two["verdict"]) == ([], "whole", "whole")
    (fault,) = two["faults"]
    assert (fault["code"], fault["values"]) == ("duplicate", {"other": str(original)})
    (device,) = report["devices"]
    assert device["recorded_s"] == 4.0
    assert device["duplicates"] == [{"file": "BC01_20261121T090000_0002.mp4", "of": original.name}]


def test_a_file_somebody_writes_is_told_and_one_that_rests_is_not(tmp_path: Path) -> None:
    film(tmp_path / "BC01_20261121T080000_0001.mp4")
    written = film(tmp_path / "BC01_20261121T080004_0002.mp4", seed=1)
    with written.open("ab"):
        report = _report(tmp_path)
    assert [[fault["code"] for fault in file["faults"]] for file in report["files"]] == [[], ["still_growing"]]
    assert report["devices"][0]["still_growing"] == [written.name]
    assert [file["faults"] for file in _report(tmp_path)["files"]] == [[], []]


def test_a_clock_set_back_is_told_as_one_step(tmp_path: Path) -> None:
    for number, second in ((1, 0), (2, 4), (3, 2), (4, 6)):
        film(tmp_path / f"BC01_20261121T0800{second:02d}_{number:04d}.mp4", seed=number)
    (device,) = _report(tmp_path)["devices"]
    assert (device["gaps"], device["overlaps"], device["missing_numbers"]) == ([], [], [])
    (step,) = device["clock_steps"]
    assert (step["at"], step["step_s"], step["kind"]) == ("2026-11-21T00:00:02.000000Z", -6.0, "set_back")


def test_content_that_two_devices_claim_counts_for_neither(tmp_path: Path) -> None:
    original = film(tmp_path / "BC01_20261121T080000_0001.mp4")
    (tmp_path / "BC02_20261121T080000_0001.mp4").write_bytes(original.read_bytes())
    for device in _report(tmp_path)["devices"]:
        assert device["coverage"] == []
        assert [one["reason"] for one in device["not_counted"]] == ["other_device"]


def test_a_docking_says_how_well_a_time_is_known(tmp_path: Path) -> None:
    film(tmp_path / "BC01_20261121T080000_0001.mp4")
    docking = {
        "device": "BC01",
        "docked": "2026-11-21T18:00:00+08:00",
        "device_time": "2026-11-21T18:00:00+08:00",
        "gateway_time": "2026-11-21T18:00:00+08:00",
        "uncertainty_s": 0.5,
    }
    (tmp_path / "docking.json").write_text(json.dumps(docking))
    assert _report(tmp_path)["devices"][0]["uncertainty_s"] == 1.0 + 0.5 + 36_000 * 20e-6


class CrashingProber:
    """A limited worker in which files of one name crash and those of another take too long."""

    def call(self, argument: object, *, time_limit_s: float) -> object:
        assert isinstance(argument, dict)
        if "0002" in argument["name"]:
            raise WorkerCrashedError(detail="the process ended with status -11")
        if "0003" in argument["name"]:
            raise WorkerTimedOutError(time_limit_s=time_limit_s)
        return probe_call(argument)


def test_a_crash_or_a_time_out_is_that_files_verdict_and_the_others_go_on(tmp_path: Path) -> None:
    for number in range(1, 5):
        film(tmp_path / f"BC01_20261121T0800{4 * number:02d}_{number:04d}.mp4", seed=number)
    report = inspect_paths(
        [tmp_path],
        reading=SourceReading.usual(),
        prober=CrashingProber(),
        now_us=parse_rfc3339("2026-11-21T12:00:00Z"),
        at_once=2,
    )
    codes = [[fault.code for fault in file.faults] for file in report.files]
    assert codes == [[], ["crashed"], ["timed_out"], []]


def test_progress_tells_the_share_of_the_bytes(tmp_path: Path) -> None:
    for number in range(1, 4):
        film(tmp_path / f"BC01_20261121T0800{4 * number:02d}_{number:04d}.mp4", seed=number)
    told: list[InspectProgress] = []
    inspect_paths(
        [tmp_path],
        reading=SourceReading.usual(),
        prober=CrashingProber(),
        now_us=parse_rfc3339("2026-11-21T12:00:00Z"),
        on_progress=told.append,
    )
    sizes = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert {now.size_bytes for now in told} == {sizes}
    assert [now.done_bytes for now in told] == sorted(now.done_bytes for now in told)
    assert (told[0].done_files, told[0].files) == (0, 3)


def test_ctrl_c_ends_it_at_once_with_130_and_leaves_no_process(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    script = (
        "import sys\n"
        "from edge.local import inspect_command\n"
        "inspect_command.PROBE_TARGET = 'tests.edge.workers.test_inspect_command:hang'\n"
        "from edge.cli import main\n"
        "sys.argv = ['tallylight-edge', 'inspect', sys.argv[1]]\n"
        "main()\n"
    )
    film(tmp_path / "BC01_20261121T080000_0001.mp4")
    command = [sys.executable, "-c", script, str(tmp_path / "BC01_20261121T080000_0001.mp4")]
    with subprocess.Popen(command, env={**os.environ, "TELL": str(tmp_path / "pipe")}, text=True) as running:
        child = int((tmp_path / "pipe").read_text())  # opened by the child once it looks into the file
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=60) == 130
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def hang(_argument: object) -> None:
    """Runs in the child: says who it is and never ends."""
    Path(os.environ["TELL"]).write_text(str(os.getpid()))
    signal.pause()
