"""The papers of the town are what the programs read: registers that import, sidecars and dockings, the truth."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import av
import pytest
from demo_stage.truth import read_truth
from demo_town.build import write_papers, write_truth
from demo_town.film import Filmed, film
from demo_town.invent import invent_town
from demo_town.plan import Clip, Device, Town
from demo_town.registers import IMPORT_ORDER, register_rows, write_registers

from edge.contract.instants import MICROS_PER_SECOND, UtcMicros, parse_rfc3339
from edge.contract.intervals import TimeInterval
from server.store.database import Database
from server.usecases.import_register import import_csv
from server.usecases.imports.columns import COLUMNS

NOON_US = parse_rfc3339("2026-11-21T12:00:00+08:00")


@pytest.fixture
def town() -> Town:
    return invent_town(7, NOON_US)


def test_every_column_written_is_one_that_an_import_reads(town: Town) -> None:
    for kind, rows in register_rows(town).items():
        known = {column.name for column in COLUMNS[kind]}
        assert all(set(row) <= known for row in rows), kind


def test_every_register_imports_without_a_bad_row(town: Town, tmp_path: Path) -> None:
    write_registers(tmp_path, register_rows(town))
    db = Database(f"sqlite:///{tmp_path / 'tallylight.sqlite3'}")
    db.migrate()
    for kind in IMPORT_ORDER:
        summary = import_csv(db, kind, (tmp_path / f"{kind}.csv").read_bytes(), by="test", now_us=NOON_US)
        assert summary.ok, summary.errors
        assert summary.new == len(register_rows(town)[kind])
        assert not summary.ignored_columns


def test_a_recorder_that_is_not_docked_has_no_docking_statement(town: Town, tmp_path: Path) -> None:
    write_papers(town, tmp_path / "footage", tmp_path / "registers")
    (away,) = (fault.device for fault in town.planted if fault.fault == "not_docked")
    stated = {path.parent.name for path in (tmp_path / "footage").glob("*/docking.json")}
    recorders = {device.number for device in town.devices if device.kind == "recorder"}
    assert stated == recorders - {away}


def test_the_docking_shows_the_wrong_clock_and_only_there(town: Town, tmp_path: Path) -> None:
    write_papers(town, tmp_path / "footage", tmp_path / "registers")
    offsets_s = {
        path.parent.name: (parse_rfc3339(told["device_time"]) - parse_rfc3339(told["gateway_time"])) / MICROS_PER_SECOND
        for path in (tmp_path / "footage").glob("*/docking.json")
        for told in [json.loads(path.read_text())]
    }
    (wrong,) = (fault.device for fault in town.planted if fault.fault == "clock_7s")
    assert {device for device, offset_s in offsets_s.items() if abs(offset_s) == 7} == {wrong}
    assert sorted(map(abs, offsets_s.values())) == [0, 0, 7]


def test_the_truth_is_written_and_read_back(town: Town, tmp_path: Path) -> None:
    filmed = []
    for clip in town.clips:
        path = tmp_path / clip.file_name
        path.write_bytes(clip.file_name.encode())
        filmed.append(Filmed(clip, path, 0.0 if clip.fault else clip.true.duration_us / MICROS_PER_SECOND))
    write_truth(town, filmed, tmp_path / "truth.json")
    truth = read_truth(json.loads((tmp_path / "truth.json").read_text()))
    assert len(truth.clips) == len(town.clips)
    assert {fault.fault for fault in truth.planted} == {fault.fault for fault in town.planted}
    assert len(truth.hidden_sites) == 1
    assert not truth.hidden_sites & truth.public_sites


def _short(fault: str = "", suffix: str = "mp4") -> Clip:
    device = Device("DSJ-00001", "recorder", "01", "X", suffix=suffix)
    span = TimeInterval(NOON_US, UtcMicros(NOON_US + 4 * MICROS_PER_SECOND))
    return Clip(device, span, 3, fault=fault)


@pytest.mark.parametrize(("suffix", "sound"), [("mp4", "aac"), ("mkv", "pcm_s16le")])
def test_a_clip_is_h264_with_sound_as_long_as_planned(tmp_path: Path, suffix: str, sound: str) -> None:
    filmed = film(_short(suffix=suffix), tmp_path)
    with av.open(str(filmed.path)) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264", sound]
        assert sum(1 for _ in container.decode(video=0)) == 4 * 12
    assert filmed.path.name == f"DSJ-00001_20261121T120000_0003.{suffix}"
    assert filmed.path.stat().st_mtime * MICROS_PER_SECOND == NOON_US + 4 * MICROS_PER_SECOND


def test_the_same_clip_is_filmed_the_same_twice(tmp_path: Path) -> None:
    one, other = film(_short(), tmp_path / "one"), film(_short(), tmp_path / "other")
    assert one.path.read_bytes() == other.path.read_bytes()


def test_a_file_cut_before_its_index_cannot_be_opened(tmp_path: Path) -> None:
    filmed = film(_short("index"), tmp_path)
    assert filmed.readable_s == 0
    with pytest.raises(av.error.InvalidDataError):
        av.open(str(filmed.path))


def test_a_file_cut_behind_its_index_opens_and_holds_as_much_as_the_truth_says(tmp_path: Path) -> None:
    filmed = film(_short("cut"), tmp_path)
    assert 0 < filmed.readable_s < 4
    with av.open(str(filmed.path)) as container:
        whole = [p for p in container.demux(container.streams.video[0]) if p.pos is not None]
        size_bytes = filmed.path.stat().st_size
        # the last packet comes back shortened to what is there, so it ends exactly at the end of the file
        assert sum(1 for p in whole if p.pos + p.size < size_bytes) / 12 == filmed.readable_s


def test_registers_are_csv_with_a_header(town: Town, tmp_path: Path) -> None:
    write_registers(tmp_path, register_rows(town))
    with (tmp_path / "duties.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(town.duties)
