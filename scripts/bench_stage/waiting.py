"""What a gateway pays for the clips that wait: a start, the question what goes next, a status; by how many wait."""

from __future__ import annotations

import hashlib
import sqlite3
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench_stage.measured import machine, measure

from edge.config import EdgeConfig
from edge.contract.events import down_event
from edge.contract.inspection import FileVerdict, Inspection
from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_SECOND, UtcMicros
from edge.contract.intervals import TimeInterval
from edge.contract.manifest import Capture, Manifest, Sighting, StartSource, sign_manifest
from edge.contract.messages import Register, RegisterDuty
from edge.contract.topics import DownKind
from edge.local.status_facts import read_status, status_json
from edge.platform.signing import SigningKey
from edge.storage.contents import add_content
from edge.storage.journal import Journal
from edge.storage.landing import LandingArea
from edge.storage.reconcile import reconcile_landing
from edge.storage.register_copy import keep_register
from edge.storage.sightings import SightingRow, add_sighting, keep_inspection
from edge.workers.upload_candidates import UploadCandidates

NOW = UtcMicros(1_790_000_000_000_000)
_DEVICES, _FLAGGED_EVERY, _AT_ONCE = 40, 200, 1000
_DOCKING = "dk-0000000000000001"


# ------------------------------------------------------------------ what is measured, each in a process of its own
def restart(argument: dict[str, str]) -> dict[str, float]:
    """Open the journal with its check, then compare rows and landing copies, as a start does."""
    home, took = Path(argument["home"]), {}
    began = time.perf_counter()
    journal = Journal.open(home / "journal.sqlite3", now_us=NOW)
    took["open_ms"] = (time.perf_counter() - began) * 1000
    began = time.perf_counter()
    found = reconcile_landing(journal, LandingArea(home / "landing"), now_us=NOW)
    took["reconcile_ms"] = (time.perf_counter() - began) * 1000
    if found.missing or found.adopted:
        raise RuntimeError(f"the journal and the copies do not agree: {found}")
    journal.close()
    return took


def candidates(argument: dict[str, str]) -> dict[str, float]:
    """Ask once what goes next, as the upload does every second."""
    journal = Journal.open(Path(argument["home"]) / "journal.sqlite3", now_us=NOW)
    asking = UploadCandidates(journal, places=4, small_bytes=1)
    began = time.perf_counter()
    clip = asking.take({}, now_s=1.0, now_us=NOW)
    took = (time.perf_counter() - began) * 1000
    journal.close()
    if clip is None or not clip.flagged:
        raise RuntimeError("a flagged clip waits and was not the first")
    return {"candidates_ms": took}


def status(argument: dict[str, str]) -> dict[str, float]:
    """Everything `tallylight-edge status --json` reads."""
    home = Path(argument["home"])
    config = EdgeConfig(data_dir=home)
    began = time.perf_counter()
    document = status_json(read_status(home, now_us=NOW, config=config))
    took = (time.perf_counter() - began) * 1000
    if document["waiting_clips"] != int(argument["clips"]):
        raise RuntimeError(f"{document['waiting_clips']} clips wait")
    return {"status_ms": took}


_MEASURED: tuple[Callable[[dict[str, str]], dict[str, float]], ...] = (restart, candidates, status)


# ------------------------------------------------------------------ the journal
def fill(home: Path, clips: int) -> None:
    """A journal with so many inspected clips of 40 devices, each with signed manifest and sparse landing copy."""
    landing, key = home / "landing", SigningKey.generate()
    landing.mkdir(parents=True)
    journal = Journal.open(home / "journal.sqlite3", now_us=NOW)
    for first in range(0, clips, _AT_ONCE):
        with journal.transaction() as rows:
            for number in range(first, min(first + _AT_ONCE, clips)):
                manifest = _manifest(number, clips, journal, key)
                with (landing / manifest.clip_id).open("wb") as file:
                    file.truncate(manifest.size_bytes)
                add_content(
                    rows,
                    clip_id=manifest.clip_id,
                    sha256=manifest.sha256,
                    size_bytes=manifest.size_bytes,
                    landing_name=manifest.clip_id,
                    flagged=number % _FLAGGED_EVERY == 0,
                    now_us=manifest.sighting.landed,
                )
                add_sighting(rows, _sighting_row(manifest))
                keep_inspection(
                    rows,
                    manifest.sighting.sighting_id,
                    inspection=manifest.inspection.model_dump_json(),
                    manifest=sign_manifest(manifest, key),
                    now_us=NOW,
                )
    with journal.transaction() as rows:
        _keep_a_register(rows, key)
    journal.close()


def _manifest(number: int, clips: int, journal: Journal, key: SigningKey) -> Manifest:
    """Landed over the last week, evenly; five minutes of recording each; every size is another."""
    sha256, size_bytes = hashlib.sha256(str(number).encode()).hexdigest(), 100_000 + number
    landed_us = UtcMicros(NOW - 7 * MICROS_PER_DAY * (clips - number) // clips)
    start_us = UtcMicros(landed_us - 600 * MICROS_PER_SECOND)
    device, name = f"BC-{number % _DEVICES:03d}", f"BC-{number % _DEVICES:03d}_{number:06d}.mp4"
    return Manifest(
        gateway_id="gw-00112233",
        key_id=key.key_id,
        boot_id=journal.boot_id,
        counter=number,
        size_bytes=size_bytes,
        sha256=sha256,
        sighting=Sighting(
            sighting_id=f"sg-{number:016d}",
            device=device,
            file_name=name,
            path=name,
            source="dock",
            docking_id=_DOCKING,
            landed=landed_us,
            modified=start_us,
        ),
        capture=Capture(
            start=start_us,
            start_source=StartSource.NAME,
            uncertainty_us=1_000_000,
            time_zone="Asia/Shanghai",
            recorded=(TimeInterval(start_us, UtcMicros(start_us + 300 * MICROS_PER_SECOND)),),
        ),
        inspection=Inspection(verdict=FileVerdict.WHOLE),
    )


def _sighting_row(manifest: Manifest) -> SightingRow:
    seen = manifest.sighting
    return SightingRow(
        seen.sighting_id,
        manifest.clip_id,
        _DOCKING,
        seen.device,
        seen.file_name,
        seen.path,
        seen.source,
        seen.landed,
        seen.modified,
        generation=1,
    )


def _keep_a_register(rows: sqlite3.Connection, key: SigningKey) -> None:
    """With a duty of yesterday, so that a status judges duties."""
    begin_us = UtcMicros(NOW - MICROS_PER_DAY)
    duty = RegisterDuty(
        number="D-1",
        device="BC-001",
        interval=TimeInterval(begin_us, UtcMicros(begin_us + MICROS_PER_HOUR)),
        kind="road",
        must_record=True,
    )
    register = Register(number=1, issued=NOW, duties=(duty,))
    raw = down_event(DownKind.REGISTER, register, gateway_id="gw-00112233", event_id="x", now_us=NOW, signer=key)
    keep_register(rows, register, raw, NOW)


# ------------------------------------------------------------------ the whole
def bench_waiting(folder: Path, *, rounds: int, counts: Sequence[int], told: Callable[[str], None]) -> dict[str, Any]:
    """Each count of clips that wait: medians in milliseconds, the most memory of each, and both for each clip."""
    medians: dict[str, dict[str, float]] = {}
    for clips in counts:
        home = folder / str(clips)
        told(f"{clips} clips: filling the journal ...")
        fill(home, clips)
        told(f"{clips} clips: measuring ...")
        medians[str(clips)] = _medians(home, clips, rounds)
    return {"machine": machine(), "rounds": rounds, "medians": medians, "growth": _growth(medians)}


def _medians(home: Path, clips: int, rounds: int) -> dict[str, float]:
    argument = {"home": str(home), "clips": str(clips)}
    taken = [
        (one.__name__, measure(f"bench_stage.waiting:{one.__name__}", argument))
        for _round in range(rounds)
        for one in _MEASURED
    ]
    figures: dict[str, list[float]] = {}
    for name, measured in taken:
        for key, value in {**measured.result, f"{name}_mb": measured.anonymous_bytes / 1e6}.items():
            figures.setdefault(key, []).append(value)
    found = {key: statistics.median(values) for key, values in figures.items()}
    return found | {"journal_mb": (home / "journal.sqlite3").stat().st_size / 1e6}


def _growth(medians: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """What each further clip costs between one count and the next: flat where it stays the same, or falls."""
    counts = sorted(medians, key=int)
    return {
        f"{fewer} to {more}": {
            f"{key}_per_1000_clips": (medians[more][key] - medians[fewer][key]) / (int(more) - int(fewer)) * 1000
            for key in medians[more]
        }
        for fewer, more in pairwise(counts)
    }
