"""Whatever lies in a watched folder gets a named state; no footage is dropped, nothing in the folder is changed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from edge.contract.identifiers import clip_id_of
from edge.contract.inspection import FileVerdict
from edge.contract.instants import parse_rfc3339
from edge.platform.durable import sha256_of_file
from tests.edge.films import cut, film
from tests.edge.gateway import START_US, Gateway

NAME = "BC01_20261121T190000_0001.mp4"


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path)


def test_a_clip_is_landed_inspected_and_its_docking_reported(gateway: Gateway) -> None:
    path = film(gateway.folder / NAME)
    gateway.run()
    sha256, size_bytes = sha256_of_file(path)
    assert gateway.landed() == {clip_id_of(size_bytes, sha256): size_bytes}
    (manifest,) = gateway.manifests()
    assert (manifest.sha256, manifest.sighting.device, manifest.sighting.sequence) == (sha256, "BC01", 1)
    assert manifest.inspection.verdict is FileVerdict.WHOLE
    (docking,) = gateway.dockings()
    assert (docking.device, docking.docked) == ("BC01", docking.until)
    assert [(file.name, file.clip_id, file.reason) for file in docking.files] == [(NAME, manifest.clip_id, None)]


def test_nothing_is_said_twice_however_long_the_agent_runs(gateway: Gateway) -> None:
    film(gateway.folder / NAME)
    gateway.run()
    before = len(gateway.said())
    gateway.run(3600, step_s=30)
    gateway.restart()
    gateway.run(60)
    assert len(gateway.said()) == before


def test_a_file_that_is_neither_by_name_nor_by_magic_a_medium_is_listed_and_stays(gateway: Gateway) -> None:
    (gateway.folder / "notes.txt").write_text("road works until noon")
    gateway.run()
    assert gateway.landed() == {}
    assert gateway.listed() == {"notes.txt": "not_media"}


def test_a_file_with_the_magic_of_a_medium_lands_under_any_name(gateway: Gateway) -> None:
    film(gateway.folder / "whatever.bin", container="mp4")
    gateway.run()
    assert len(gateway.landed()) == 1


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"", "empty"), (b"\0" * 5000, "not_media"), (b"hello " * 100, "not_media")],
    ids=["zero length", "only zeros", "text"],
)
def test_a_medium_by_name_lands_whatever_is_in_it(gateway: Gateway, content: bytes, fault: str) -> None:
    (gateway.folder / NAME).write_bytes(content)
    gateway.run()
    (manifest,) = gateway.manifests()
    assert manifest.size_bytes == len(content)
    assert manifest.inspection.verdict is FileVerdict.UNREADABLE
    assert [found.code for found in manifest.inspection.faults] == [fault]


def test_a_name_that_matches_no_pattern_lands_without_a_device(gateway: Gateway) -> None:
    film(gateway.folder / "holiday.mp4")
    gateway.run()
    (manifest,) = gateway.manifests()
    assert manifest.sighting.device is None
    assert [docking.device for docking in gateway.dockings()] == [None]


def test_a_file_still_being_written_waits_until_it_rests(gateway: Gateway) -> None:
    path = gateway.folder / NAME
    whole = film(gateway.home / "whole.mp4").read_bytes()
    for written in range(1, 4):
        path.write_bytes(whole[: len(whole) * written // 4])
        gateway.run(5)
    assert gateway.landed() == {}
    path.write_bytes(whole)
    gateway.run(15)
    assert [manifest.size_bytes for manifest in gateway.manifests()] == [len(whole)]


def test_two_files_with_one_name_in_different_folders_are_two_clips(gateway: Gateway) -> None:
    for number, folder in enumerate(["left", "right"]):
        (gateway.folder / folder).mkdir()
        film(gateway.folder / folder / NAME, seed=number)
    gateway.run()
    assert len(gateway.landed()) == 2
    assert sorted(manifest.sighting.path for manifest in gateway.manifests()) == [f"left/{NAME}", f"right/{NAME}"]


def test_the_same_content_twice_is_one_content_with_two_sightings(gateway: Gateway) -> None:
    film(gateway.folder / NAME)
    (gateway.folder / "BC02_20261121T190000_0001.mp4").write_bytes((gateway.folder / NAME).read_bytes())
    gateway.run()
    assert len(gateway.landed()) == 1
    first, second = gateway.manifests()
    assert first.clip_id == second.clip_id
    assert {first.sighting.device, second.sighting.device} == {"BC01", "BC02"}


def test_a_card_that_is_docked_again_adds_a_sighting_and_no_copy(gateway: Gateway) -> None:
    path = film(gateway.folder / NAME)
    data, times = path.read_bytes(), path.stat()
    gateway.run()
    path.unlink()
    gateway.run(5)
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    gateway.run()
    assert len(gateway.landed()) == 1
    first, second = gateway.manifests()
    assert first.sighting.sighting_id != second.sighting.sighting_id
    assert len(gateway.dockings()) == 2


def test_a_file_that_changes_after_landing_is_a_new_clip_and_an_event(gateway: Gateway) -> None:
    path = film(gateway.folder / NAME)
    gateway.run()
    film(path, seconds=6, seed=1)
    gateway.run()
    first, second = gateway.manifests()
    assert len(gateway.landed()) == 2
    (event,) = gateway.events()
    assert event.code == "grew_after_landing"
    assert event.detail == {"before": first.clip_id, "now": second.clip_id}


def test_a_file_that_is_only_touched_is_the_same_clip(gateway: Gateway) -> None:
    path = film(gateway.folder / NAME)
    gateway.run()
    os.utime(path, (1, 1))
    gateway.run()
    assert len(gateway.manifests()) == 1
    assert gateway.events() == []


def test_a_sidecar_that_is_not_json_is_listed_and_its_clip_lands(gateway: Gateway) -> None:
    film(gateway.folder / NAME)
    (gateway.folder / (NAME + ".json")).write_text("{not json")
    gateway.run()
    (manifest,) = gateway.manifests()
    assert [fault.code for fault in manifest.inspection.faults] == ["sidecar_unreadable"]
    assert manifest.inspection.verdict is FileVerdict.WHOLE
    assert [event.code for event in gateway.events()] == ["sidecar_unreadable"]
    assert gateway.listed() == {NAME: None, NAME + ".json": "sidecar_unreadable"}


def test_a_sidecar_stands_before_the_name(gateway: Gateway) -> None:
    film(gateway.folder / NAME)
    sidecar = {"device": "BC77", "start": "2026-11-21T19:00:01", "sequence": 9, "recording": "R-5", "flagged": True}
    (gateway.folder / NAME).with_suffix(".json").write_text(json.dumps(sidecar))
    gateway.run()
    (manifest,) = gateway.manifests()
    sighting = manifest.sighting
    assert (sighting.device, sighting.sequence, sighting.recording, sighting.flagged) == ("BC77", 9, "R-5", True)
    assert manifest.capture.start_source == "sidecar"
    assert manifest.inspection.faults == ()


def test_a_start_in_the_future_is_a_fault_and_an_event(gateway: Gateway) -> None:
    film(gateway.folder / "BC01_20270101T000000_0001.mp4")
    gateway.run()
    (manifest,) = gateway.manifests()
    assert [fault.code for fault in manifest.inspection.faults] == ["times_disagree", "start_in_future"]
    assert [event.code for event in gateway.events()] == ["start_in_future"]


def test_a_symbolic_link_is_listed_and_not_followed(gateway: Gateway) -> None:
    film(gateway.home / "elsewhere.mp4")
    (gateway.folder / NAME).symlink_to(gateway.home / "elsewhere.mp4")
    gateway.run()
    assert gateway.landed() == {}
    assert gateway.listed() == {NAME: "not_a_file"}


@pytest.mark.parametrize("name", [b"BC01_\xff\xfe.mp4", "记录仪_一号.mp4".encode(), b"back\\slash\n.mp4", b"-rf .mp4"])
def test_a_name_is_only_data(gateway: Gateway, name: bytes) -> None:
    film(gateway.home / "whole.mp4").rename(os.fsdecode(os.fsencode(gateway.folder) + b"/" + name))
    gateway.run()
    (manifest,) = gateway.manifests()
    assert manifest.sighting.path == name.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


def test_a_truncated_clip_covers_what_is_really_there(gateway: Gateway) -> None:
    cut(film(gateway.folder / NAME, options={"movflags": "faststart"}), 0.6)
    gateway.run()
    (manifest,) = gateway.manifests()
    assert manifest.inspection.verdict is FileVerdict.DAMAGED
    (recorded,) = manifest.capture.recorded
    assert 1_500_000 < recorded.duration_us < 3_000_000


def test_the_folder_is_left_as_it_was(gateway: Gateway) -> None:
    film(gateway.folder / NAME)
    (gateway.folder / "notes.txt").write_text("x")
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in gateway.folder.iterdir()}
    gateway.run()
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in gateway.folder.iterdir()} == before


def test_a_full_disk_leaves_footage_where_it_is_and_landing_goes_on_by_itself(gateway: Gateway) -> None:
    film(gateway.folder / NAME)
    gateway.used_percent = 96.0
    gateway.run(60)
    assert gateway.landed() == {}
    assert [event.code for event in gateway.events()] == ["waiting_for_space"]
    gateway.used_percent = 50.0
    gateway.run(60)
    assert len(gateway.landed()) == 1
    assert [event.code for event in gateway.events()] == ["waiting_for_space", "landing_again"]


def test_a_file_too_large_for_the_space_left_does_not_hold_back_smaller_ones(gateway: Gateway) -> None:
    (gateway.folder / "BC01_20261121T180000_0001.mp4").write_bytes(b"x" * 10_000_000)
    film(gateway.folder / NAME)
    gateway.used_percent = 94.5
    gateway.run(60)
    assert [manifest.sighting.file_name for manifest in gateway.manifests()] == [NAME]
    assert [event.code for event in gateway.events()] == ["waiting_for_space", "space_low"]
    assert gateway.dockings() == [], "the list is not complete while a file waits for space"
    gateway.used_percent = 10
    gateway.run(60)
    assert len(gateway.manifests()) == 2


def test_a_copy_under_way_is_given_up_when_the_agent_ends_and_made_at_the_next_start(gateway: Gateway) -> None:
    film(gateway.folder / NAME)
    gateway.area.stop()
    gateway.run()
    assert gateway.landed() == {}
    gateway.restart()
    gateway.run()
    assert len(gateway.manifests()) == 1


def test_the_agents_own_folder_inside_a_source_is_no_source(tmp_path: Path) -> None:
    footage = tmp_path / "footage"
    (footage / "agent").mkdir(parents=True)
    gateway = Gateway(footage / "agent", watched=footage)
    film(footage / NAME)
    gateway.run(60)
    assert [manifest.sighting.path for manifest in gateway.manifests()] == [NAME]
    assert gateway.listed() == {NAME: None}


def test_a_gateway_that_lost_its_clock_says_nothing_about_the_future(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, now_us=parse_rfc3339("1970-01-01T00:05:00Z"))
    film(gateway.folder / NAME)
    gateway.run()
    (manifest,) = gateway.manifests()
    assert "start_in_future" not in [fault.code for fault in manifest.inspection.faults]
    assert gateway.events() == []


def test_a_disk_that_fills_is_told_once_and_landing_goes_on(gateway: Gateway) -> None:
    gateway.used_percent = 85.0
    for number in range(3):
        film(gateway.folder / f"BC01_2026111{number}T190000_0001.mp4", seed=number)
    gateway.run()
    assert len(gateway.landed()) == 3
    assert [event.code for event in gateway.events()] == ["space_low"]


def test_a_source_that_is_gone_is_told_once_and_found_again(gateway: Gateway) -> None:
    film(gateway.folder / NAME)
    gateway.run()
    gateway.folder.rename(gateway.home / "away")
    gateway.run(60)
    assert [event.code for event in gateway.events()] == ["source_missing"]
    (gateway.home / "away").rename(gateway.folder)
    gateway.run(60)
    assert len(gateway.manifests()) == 1


def test_the_clock_may_be_set_back(gateway: Gateway) -> None:
    film(gateway.folder / NAME)
    gateway.run(5)
    gateway.now_us = type(START_US)(0)
    gateway.run(30)
    assert len(gateway.landed()) == 1
