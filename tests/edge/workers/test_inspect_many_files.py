"""`inspect` over many files: side by side, each with its own verdict, and ended promptly; what only many files show."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.contract.dsse import EVENT_PAYLOAD_TYPE, sign_envelope
from edge.contract.events import CloudEvent
from edge.contract.instants import parse_rfc3339
from edge.contract.messages import Register, RegisterDevice, RegisterRule
from edge.footage.inspect_call import inspect_call
from edge.platform.limited_worker import WorkerCrashedError, WorkerTimedOutError
from edge.platform.signing import SigningKey
from edge.storage.register_copy import keep_register
from edge.workers.clip_facts import SourceReading
from edge.workers.inspect_paths import InspectProgress, inspect_paths
from tests.edge.films import film
from tests.edge.inspecting import report_of
from tests.edge.landed_clips import NOW, Gateway


def test_several_files_at_once_are_told_in_the_order_of_their_names(tmp_path: Path) -> None:
    for number in range(1, 7):
        film(tmp_path / f"BC01_20261121T0800{4 * number:02d}_{number:04d}.mp4", seed=number)
    alone, together = (report_of(tmp_path, workers=workers) for workers in (1, 3))
    assert [file["path"][-8:] for file in together["files"]] == [f"{number:04d}.mp4" for number in range(1, 7)]
    assert together == alone


def test_the_same_bytes_under_another_name_are_told_and_count_once(tmp_path: Path) -> None:
    original = film(tmp_path / "BC01_20261121T080000_0001.mp4")
    (tmp_path / "BC01_20261121T090000_0002.mp4").write_bytes(original.read_bytes())
    report = report_of(tmp_path)
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
        report = report_of(tmp_path)
    assert [[fault["code"] for fault in file["faults"]] for file in report["files"]] == [[], ["still_growing"]]
    assert report["devices"][0]["still_growing"] == [written.name]
    assert [file["faults"] for file in report_of(tmp_path)["files"]] == [[], []]


def test_a_clock_set_back_is_told_as_one_step(tmp_path: Path) -> None:
    for number, second in ((1, 0), (2, 4), (3, 2), (4, 6)):
        film(tmp_path / f"BC01_20261121T0800{second:02d}_{number:04d}.mp4", seed=number)
    (device,) = report_of(tmp_path)["devices"]
    assert (device["gaps"], device["overlaps"], device["missing_numbers"]) == ([], [], [])
    (step,) = device["clock_steps"]
    assert (step["at"], step["step_s"], step["kind"]) == ("2026-11-21T00:00:02.000000Z", -6.0, "set_back")


def test_content_that_two_devices_claim_counts_for_neither(tmp_path: Path) -> None:
    original = film(tmp_path / "BC01_20261121T080000_0001.mp4")
    (tmp_path / "BC02_20261121T080000_0001.mp4").write_bytes(original.read_bytes())
    for device in report_of(tmp_path)["devices"]:
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
    assert report_of(tmp_path)["devices"][0]["uncertainty_s"] == 1.0 + 0.5 + 36_000 * 20e-6


class CrashingProber:
    """A limited worker in which files of one name crash and those of another take too long."""

    def call(self, argument: object, *, time_limit_s: float) -> object:
        assert isinstance(argument, dict)
        if "0002" in argument["name"]:
            raise WorkerCrashedError(detail="the process ended with status -11")
        if "0003" in argument["name"]:
            raise WorkerTimedOutError(time_limit_s=time_limit_s)
        return inspect_call(argument)


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
        "inspect_command.INSPECT_TARGET = 'tests.edge.workers.test_inspect_many_files:hang'\n"
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


def test_a_gateways_register_says_the_zone_and_the_limits(tmp_path: Path) -> None:
    footage, data = tmp_path / "footage", tmp_path / "edge"
    footage.mkdir()
    film(footage / "BC01_20261121T080000_0001.mp4")
    film(footage / "BC01_20261121T080007_0002.mp4", seed=1)
    gateway = Gateway(data)
    register = Register(
        number=1,
        issued=NOW,
        devices=(RegisterDevice(device="BC01", kind="recorder", time_zone="Asia/Tokyo", functions=()),),
        rules=(RegisterRule(key="gap.join_tolerance", value=5, unit="s"),),
    )
    with gateway.journal.transaction() as rows:
        keep_register(rows, register, _signed(register), NOW)
    gateway.journal.close()
    (device,) = report_of(footage, data_dir=data)["devices"]
    assert device["coverage"][0][0] == "2026-11-20T23:00:00.000000Z"
    assert (device["gaps"], device["tolerated_s"]) == ([], 3.0)


def _signed(register: Register) -> bytes:
    event = CloudEvent(
        id="x",
        source="/server",
        type="tallylight.v1.register",
        time=NOW,
        gatewayid="gw-00000001",
        data=register.model_dump(mode="json"),
    )
    return sign_envelope(EVENT_PAYLOAD_TYPE, event.model_dump_json().encode(), SigningKey.generate())
