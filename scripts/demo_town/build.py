"""Making a town real: films, sidecars, docking statements, register files, and the truth, each in its own place."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

from demo_stage.programs import end_with_parent

from demo_town.film import Filmed, film
from demo_town.plan import Clip, Device, Planted, Town
from demo_town.registers import local_text, register_rows, write_registers
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros, rfc3339
from edge.contract.intervals import TimeInterval, union

_CORES = min(4, len(os.sched_getaffinity(0)))


def film_all(clips: Iterable[Clip], folder: Path) -> Iterator[Filmed]:
    """Film every clip into `folder/DEVICE/`, yielding each as it is done (in no fixed order)."""
    spawn = multiprocessing.get_context("spawn")
    longest_first = sorted(clips, key=lambda clip: -clip.true.duration_us)
    pool = ProcessPoolExecutor(max_workers=_CORES, mp_context=spawn, initializer=end_with_parent)
    try:
        filming = [pool.submit(film, clip, folder / clip.device.number) for clip in longest_first]
        for done in as_completed(filming):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def write_papers(town: Town, footage: Path, registers: Path) -> None:
    """Sidecars, docking statements of the recorders that were docked, and the register files."""
    for clip in town.clips:
        if clip.flagged or clip.device.suffix == "mkv":
            _write_json((footage / clip.device.number / clip.file_name).with_suffix(".json"), _sidecar(clip))
    filmed = {clip.device.number for clip in town.clips}
    for device in town.devices:
        if device.kind == "recorder" and device.number in filmed:
            _write_json(footage / device.number / "docking.json", _docking(town, device))
    write_registers(registers, register_rows(town))


def write_truth(town: Town, filmed: list[Filmed], path: Path) -> None:
    """What is so, for the comparison at the end: files with their hashes, true coverage, planted faults."""
    planted = [_with_real_hole(planted, filmed) for planted in town.planted]
    _write_json(
        path,
        {
            "seed": town.seed,
            "made": rfc3339(town.docked_us),
            "clips": [
                {
                    "file": done.path.name,
                    "device": done.clip.device.number,
                    "sha256": hashlib.sha256(done.path.read_bytes()).hexdigest(),
                    "size_bytes": done.path.stat().st_size,
                }
                for done in sorted(filmed, key=lambda done: done.path.name)
            ],
            "coverage": {
                device.number: [_pair(interval) for interval in true_coverage(device, filmed)]
                for device in town.devices
            },
            "planted": [
                {
                    "fault": fault.fault,
                    "expected": fault.expected,
                    "device": fault.device,
                    "officer": fault.officer,
                    "duty": fault.duty,
                    "gap": _pair(fault.gap) if fault.gap else None,
                }
                for fault in planted
            ],
            "duties": {
                duty.number: {"officer": duty.officer.number, "interval": _pair(duty.interval)} for duty in town.duties
            },
            "day": local_text(town.day_start_us)[:10],
            "cases": [{"number": case.number, "has_footage": case.has_footage} for case in town.cases],
            "public_sites": [site.number for site in town.sites if site.stage != "proposed"],
            "hidden_sites": [
                {"number": site.number, "road": site.road} for site in town.sites if site.stage == "proposed"
            ],
        },
    )


def true_coverage(device: Device, filmed: list[Filmed]) -> list[TimeInterval]:
    """The true intervals in which a device has readable picture."""
    return union(
        TimeInterval(
            done.clip.true.start_us, UtcMicros(done.clip.true.start_us + round(done.readable_s * MICROS_PER_SECOND))
        )
        for done in filmed
        if done.clip.device.number == device.number and done.readable_s > 0
    )


def _with_real_hole(planted: Planted, filmed: list[Filmed]) -> Planted:
    """A cut file's hole begins where its last whole picture ends; only the finished file knows where."""
    if planted.fault != "truncated_file" or planted.gap is None:
        return planted
    (damaged,) = (done for done in filmed if done.clip.fault)
    start_us = UtcMicros(planted.gap.start_us + round(damaged.readable_s * MICROS_PER_SECOND))
    return replace(planted, gap=TimeInterval(start_us, planted.gap.end_us))


def _sidecar(clip: Clip) -> dict[str, object]:
    return {
        "device": clip.device.number,
        "start": local_text(clip.true.start_us + clip.device.offset_us),
        "time_zone": "Asia/Shanghai",
        "sequence": clip.sequence,
        "flagged": clip.flagged,
    }


def _docking(town: Town, device: Device) -> dict[str, object]:
    return {
        "device": device.number,
        "docked": rfc3339(town.docked_us),
        "until": rfc3339(UtcMicros(town.docked_us + 30 * MICROS_PER_SECOND)),
        "device_time": rfc3339(UtcMicros(town.docked_us + device.offset_us)),
        "gateway_time": rfc3339(town.docked_us),
        "uncertainty_s": 0.2,
        "battery_percent": 20 + (town.seed * 7 + len(device.number)) % 70,
        "free_bytes": 52_000_000_000,
        "total_bytes": 64_000_000_000,
    }


def _pair(interval: TimeInterval) -> list[str]:
    return [rfc3339(interval.start_us), rfc3339(interval.end_us)]


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
