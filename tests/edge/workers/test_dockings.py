"""A docking is reported once everything in it is dealt with: as its file says, else as a scan showed it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge.contract.events import down_event
from edge.contract.instants import parse_rfc3339
from edge.contract.messages import MAX_FILES_PER_REPORT, Register, RegisterCertificate, RegisterDevice
from edge.contract.topics import DownKind
from edge.platform.signing import SigningKey
from edge.storage.register_copy import keep_register
from edge.workers.docking_reports import LONGEST_WAIT_US
from tests.edge.films import film
from tests.edge.gateway import GATEWAY_ID, START_US, Gateway

SECOND_US = 1_000_000


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path)


def _dock(folder: Path, device: str = "BC01", **more: Any) -> None:
    folder.mkdir(exist_ok=True)
    statement = {"device": device, "docked": "2026-11-21T11:00:00Z", **more}
    (folder / "docking.json").write_text(json.dumps(statement))


def _register(gateway: Gateway, *devices: RegisterDevice, **more: Any) -> None:
    register = Register(number=3, issued=gateway.now_us, devices=devices, **more)
    key = SigningKey.generate()
    envelope = down_event(
        DownKind.REGISTER, register, gateway_id=GATEWAY_ID, event_id="r3", now_us=gateway.now_us, signer=key
    )
    with gateway.journal.transaction() as rows:
        keep_register(rows, register, envelope, gateway.now_us)


def test_a_docking_file_names_the_device_and_lists_its_whole_folder(gateway: Gateway) -> None:
    port = gateway.folder / "port1"
    _dock(port, until="2026-11-21T11:30:00Z", battery_percent=40, free_bytes=5, total_bytes=9)
    film(port / "20261121_180000.mp4")
    (port / "log.txt").write_text("x")
    gateway.run()
    (docking,) = gateway.dockings()
    assert (docking.device, docking.until) == ("BC01", parse_rfc3339("2026-11-21T11:30:00Z"))
    assert (docking.battery_percent, docking.free_bytes, docking.total_bytes) == (40, 5, 9)
    assert {file.name: file.reason for file in docking.files} == {
        "port1/20261121_180000.mp4": None,
        "port1/log.txt": "not_media",
    }
    (manifest,) = gateway.manifests()
    assert (manifest.sighting.device, manifest.sighting.docking_id) == ("BC01", docking.docking_id)


def test_the_report_of_a_docking_comes_after_the_reports_of_its_clips(gateway: Gateway) -> None:
    _dock(gateway.folder)
    for number in range(3):
        film(gateway.folder / f"BC01_2026112118000{number}_{number}.mp4", seed=number)
    gateway.run()
    kinds = [said.content.subject for said in gateway.said()]
    assert kinds == ["clip", "clip", "clip", "docking"]


def test_a_measured_clock_travels_with_every_clip_of_the_docking(gateway: Gateway) -> None:
    _dock(gateway.folder, device_time="2026-11-21T11:00:07Z", gateway_time="2026-11-21T11:00:00Z", uncertainty_s=1)
    film(gateway.folder / "BC01_20261121180000_1.mp4")
    gateway.run()
    (manifest,), (docking,) = gateway.manifests(), gateway.dockings()
    assert manifest.clock is not None
    assert manifest.clock == docking.clock
    assert manifest.clock.offset_us == 7 * SECOND_US
    assert manifest.capture.start == parse_rfc3339("2026-11-21T10:00:00Z"), "the device's own clock is never rewritten"


def test_a_clock_of_another_device_is_not_the_clips_clock(gateway: Gateway) -> None:
    _dock(gateway.folder, device_time="2026-11-21T11:00:07Z", gateway_time="2026-11-21T11:00:00Z")
    film(gateway.folder / "BC01_20261121180000_1.mp4")
    (gateway.folder / "BC01_20261121180000_1.json").write_text('{"device": "BC99"}')
    gateway.run()
    (manifest,) = gateway.manifests()
    assert (manifest.sighting.device, manifest.clock) == ("BC99", None)


def test_a_recorder_that_docks_with_nothing_on_it_is_reported(gateway: Gateway) -> None:
    _dock(gateway.folder / "port1")
    gateway.run()
    assert [(docking.device, docking.files) for docking in gateway.dockings()] == [("BC01", ())]


def test_a_docking_file_that_cannot_be_read_is_listed_and_the_scan_stands_in_for_it(gateway: Gateway) -> None:
    film(gateway.folder / "BC01_20261121180000_1.mp4")
    (gateway.folder / "docking.json").write_text("{")
    gateway.run()
    assert [event.code for event in gateway.events()] == ["docking_unreadable"]
    assert gateway.listed() == {"docking.json": "docking_unreadable", "BC01_20261121180000_1.mp4": None}
    assert {docking.device for docking in gateway.dockings()} == {None, "BC01"}


def test_the_same_docking_file_read_again_is_the_same_docking(gateway: Gateway) -> None:
    _dock(gateway.folder)
    film(gateway.folder / "BC01_20261121180000_1.mp4")
    gateway.run()
    gateway.restart()
    gateway.run(60)
    assert len(gateway.dockings()) == 1


def test_files_that_come_after_the_list_open_a_list_that_holds_all(gateway: Gateway) -> None:
    _dock(gateway.folder, until="2026-11-21T11:30:00Z")
    film(gateway.folder / "BC01_20261121180000_1.mp4")
    gateway.run()
    film(gateway.folder / "BC01_20261121181000_2.mp4", seed=1)
    gateway.run()
    first, second = gateway.dockings()
    assert first.docking_id != second.docking_id
    assert [len(first.files), len(second.files)] == [1, 2]
    assert first.until == second.until, "the device did not stay longer than its docking file says"


def test_a_new_docking_file_is_a_new_docking(gateway: Gateway) -> None:
    _dock(gateway.folder)
    gateway.run()
    _dock(gateway.folder, docked="2026-11-21T11:50:00Z")
    gateway.run()
    assert len({docking.docking_id for docking in gateway.dockings()}) == 2


def test_each_device_of_a_scan_has_its_own_docking(gateway: Gateway) -> None:
    for number, device in enumerate(["BC01", "BC02", "BC01"]):
        film(gateway.folder / f"{device}_2026112118000{number}_1.mp4", seed=number)
    gateway.run()
    assert sorted((docking.device, len(docking.files)) for docking in gateway.dockings()) == [("BC01", 2), ("BC02", 1)]


def test_a_file_that_never_rests_holds_the_list_back_only_so_long(gateway: Gateway) -> None:
    _dock(gateway.folder)
    film(gateway.folder / "BC01_20261121180000_1.mp4")
    growing = gateway.folder / "BC01_20261121181000_2.mp4"
    for size_bytes in range(1, LONGEST_WAIT_US // SECOND_US // 5 + 20):
        growing.write_bytes(b"\0" * size_bytes)
        gateway.run(5, step_s=5)
        if gateway.dockings():
            break
        assert gateway.now_us - START_US < LONGEST_WAIT_US + 60 * SECOND_US
    (docking,) = gateway.dockings()
    assert {file.name[-5:]: file.reason for file in docking.files} == {"1.mp4": None, "2.mp4": "still_changing"}


def test_a_monitor_is_known_up_to_the_file_it_is_writing(gateway: Gateway) -> None:
    film(gateway.folder / "M7_20261121195000_1.mp4")
    gateway.run(8)
    (gateway.folder / "M7_20261121195900_2.mp4").write_bytes(b"still being written")
    gateway.run(5)
    (docking,) = gateway.dockings()
    assert docking.until == parse_rfc3339("2026-11-21T11:59:00Z")


def test_a_monitor_is_listed_again_and_again_and_a_recorder_is_not(gateway: Gateway) -> None:
    monitor = RegisterDevice(device="M7", kind="monitor", time_zone="Asia/Shanghai")
    recorder = RegisterDevice(device="BC01", kind="recorder", time_zone="Asia/Shanghai")
    _register(gateway, monitor, recorder)
    film(gateway.folder / "M7_20261121180000_1.mp4")
    film(gateway.folder / "BC01_20261121180000_1.mp4", seed=1)
    gateway.run(3600, step_s=10)
    ends = {device: [d.until for d in gateway.dockings() if d.device == device] for device in ("M7", "BC01")}
    assert len(ends["BC01"]) == 1
    assert len(ends["M7"]) == 6
    assert all(after - before >= 600 * SECOND_US for before, after in zip(ends["M7"], ends["M7"][1:], strict=False))


def test_an_empty_folder_says_nothing_about_a_monitor_since_its_disk_may_be_gone(gateway: Gateway) -> None:
    _register(gateway, RegisterDevice(device="M7", kind="monitor", time_zone="Asia/Shanghai"))
    path = film(gateway.folder / "M7_20261121180000_1.mp4")
    gateway.run(30)
    path.rename(gateway.home / "unmounted.mp4")
    gateway.run(3600, step_s=10)
    assert len(gateway.dockings()) == 1
    (gateway.home / "unmounted.mp4").rename(path)
    gateway.run(1200, step_s=10)
    assert len(gateway.dockings()) > 1


def test_a_monitor_that_writes_one_long_file_is_not_listed_at_every_scan(gateway: Gateway) -> None:
    _register(gateway, RegisterDevice(device="M7", kind="monitor", time_zone="Asia/Shanghai"))
    film(gateway.folder / "M7_20261121195000_1.mp4")
    growing = gateway.folder / "M7_20261121195900_2.mp4"
    for size_bytes in range(1, 361):
        growing.write_bytes(b"x" * size_bytes)
        gateway.run(5, step_s=5)
    dockings = gateway.dockings()
    assert len(dockings) == 6
    assert {docking.until for docking in dockings} == {parse_rfc3339("2026-11-21T11:59:00Z")}


def test_a_long_list_is_reported_in_parts_that_every_broker_takes(gateway: Gateway) -> None:
    _dock(gateway.folder)
    deep = gateway.folder / ("x" * 200) / ("y" * 200)
    deep.mkdir(parents=True)
    count = MAX_FILES_PER_REPORT + 300
    for number in range(count):
        (deep / f"{'案' * 60}-{number}.txt").write_text("x")
    gateway.run(12, step_s=11)
    parts = gateway.dockings()
    assert len(parts) > 1
    assert [(part.part, part.parts) for part in parts] == [(n, len(parts)) for n in range(1, len(parts) + 1)]
    assert len({file.name for part in parts for file in part.files}) == count
    assert max(len(part.files) for part in parts) <= MAX_FILES_PER_REPORT


# ------------------------------------------------------------------ what the register adds to a clip
def test_the_registers_zone_and_certificates_are_applied(gateway: Gateway) -> None:
    device = RegisterDevice(device="M7", kind="monitor", time_zone="Europe/Berlin", functions=("speed",))
    certificate = RegisterCertificate(
        device="M7",
        function="speed",
        number="C-1",
        result="pass",
        valid_from=parse_rfc3339("2025-01-01T00:00:00Z"),
        valid_until=parse_rfc3339("2026-01-01T00:00:00Z"),
    )
    _register(gateway, device, certificates=(certificate,))
    film(gateway.folder / "M7_20261121120000_1.mp4")
    gateway.run()
    (manifest,) = gateway.manifests()
    assert manifest.capture.start == parse_rfc3339("2026-11-21T11:00:00Z")
    assert manifest.capture.time_zone == "Europe/Berlin"
    assert [(check.function, check.state, check.number) for check in manifest.certificates] == [
        ("speed", "expired", "C-1")
    ]


@pytest.mark.parametrize(
    "ahead",
    [{"docked": "2031-01-01T00:00:00Z"}, {"until": "2031-01-01T00:00:00Z"}, {"docked": "2026-11-21T20:10:31+08:00"}],
)
def test_a_docking_that_lies_in_the_future_is_told_and_claims_nothing(gateway: Gateway, ahead: dict[str, str]) -> None:
    _dock(gateway.folder, **ahead)
    film(gateway.folder / "BC01_20261121T190000_0001.mp4")
    gateway.run(20)
    (event,) = gateway.events()
    assert event.code == "docking_unreadable"
    assert "lies in the future" in event.detail["why"]
    assert len(gateway.manifests()) == 1, "the footage lands without it"
    assert all(docking.until <= gateway.now_us for docking in gateway.dockings())


def test_what_a_dock_with_a_fast_clock_says_is_known_no_further_than_now(gateway: Gateway) -> None:
    _dock(gateway.folder, docked="2026-11-21T12:01:00Z", until="2026-11-21T12:05:00Z")
    gateway.run(20)
    (docking,) = gateway.dockings()
    assert docking.docked <= docking.until <= gateway.now_us
    assert gateway.events() == []


def test_a_gateway_that_lost_its_clock_believes_the_dock(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, now_us=parse_rfc3339("1970-01-01T00:05:00Z"))
    _dock(gateway.folder, until="2026-11-21T11:30:00Z")
    gateway.run(20)
    (docking,) = gateway.dockings()
    assert docking.until == parse_rfc3339("2026-11-21T11:30:00Z")
