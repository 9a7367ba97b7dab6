"""Look into files and folders without an agent: nothing is landed, kept or changed. For `tallylight-edge inspect`."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from edge.contract.fault_words import fault_of
from edge.contract.inspection import FaultCode, FileVerdict
from edge.contract.instants import UtcMicros
from edge.contract.messages import Register
from edge.devices.folder import FolderScan, FoundFile, SourceMissingError, scan_file, scan_folder
from edge.devices.statements import DockingStatement, StatementUnreadableError, read_bounded, read_docking
from edge.devices.still_written import is_still_written
from edge.domain.device_files import limits_of
from edge.domain.file_state import modified_instant
from edge.domain.path_text import text_of_path
from edge.footage.probe_result import LookOrder, ProbeResult, nothing_inside
from edge.platform.faults import os_reason
from edge.platform.regular_files import NotRegularError, open_regular
from edge.storage.reference_files import ReferenceFiles
from edge.workers.clip_facts import ClipFacts, SidecarWords, SourceReading, sidecar_words, zone_of_device
from edge.workers.inspect_report import (
    InspectedDevice,
    InspectedFile,
    InspectReport,
    Problem,
    devices_of,
    with_faults_among_files,
)
from edge.workers.look_orders import look_order
from edge.workers.probing import Prober, probe_with

_READ_BYTES = 1 << 20
_TELL_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class InspectProgress:
    """How far a look over many files is. `done_bytes` counts what was read so far, `running` names what is open."""

    files: int
    done_files: int
    size_bytes: int
    done_bytes: int
    running: tuple[str, ...]


OnProgress = Callable[[InspectProgress], None]
"""Called by the caller's own thread a few times a second."""


@dataclass(slots=True)
class _Job:
    """One file to be looked into. `read_bytes` and `is_running` are written by its thread alone."""

    shown: str
    file: FoundFile
    statement: DockingStatement | None
    read_bytes: int = 0
    is_running: bool = False


@dataclass(frozen=True, slots=True)
class _Look:
    """What every job needs; `ended` is set when nobody waits for the rest any more."""

    reading: SourceReading
    prober: Prober
    now_us: UtcMicros
    register: Register | None = None
    references: ReferenceFiles | None = None
    ended: threading.Event = field(default_factory=threading.Event)


class _EndedError(Exception):
    """Nobody waits for this file any more."""


def inspect_paths(
    paths: Sequence[Path],
    *,
    reading: SourceReading,
    prober: Prober,
    now_us: UtcMicros,
    at_once: int = 1,
    register: Register | None = None,
    references: ReferenceFiles | None = None,
    on_progress: OnProgress = lambda _progress: None,
) -> InspectReport:
    """Files, and folders with everything below, `at_once` of them side by side; the report is in order of their paths.

    `register`: what a gateway knows of its devices' zones and of the rules in force; without it the defaults hold.
    `references`: the commissioned views that monitors are held against.
    Raises SourceMissingError for a path that is not there. When it is interrupted nothing goes on in the background
    once the caller has closed its prober.
    """
    problems: list[Problem] = []
    found = {Path(job.file.os_path).absolute(): job for path in paths for job in _jobs(path, problems, now_us)}
    jobs = list(found.values())  # what is named twice is one file, and no duplicate of itself
    look = _Look(reading, prober, now_us, register, references)
    files = with_faults_among_files(_all(jobs, look, at_once, on_progress))
    return InspectReport(tuple(files), tuple(devices_of(files, limits_of(register))), tuple(problems))


def _jobs(path: Path, problems: list[Problem], now_us: UtcMicros) -> list[_Job]:
    is_folder = _is_folder(path)
    scan = scan_folder(path) if is_folder else scan_file(path)
    folder = text_of_path(str(path if is_folder else path.parent)).rstrip("/")
    statements = _statements(scan, problems, now_us)
    problems += [Problem(f"{text_of_path(str(path))}/{name}", why) for name, why in scan.unreadable_folders.items()]
    jobs = []
    for file in sorted(scan.files.values(), key=lambda found: found.path):
        above = scan.docking_folder_of(file.folder)
        jobs.append(_Job(f"{folder}/{file.path}", file, None if above is None else statements.get(above)))
    return jobs


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:  # such as a name that is too long; one that is not there is told by the scan
        raise SourceMissingError(folder=path, why=os_reason(error)) from error


def _statements(scan: FolderScan, problems: list[Problem], now_us: UtcMicros) -> dict[str, DockingStatement]:
    found: dict[str, DockingStatement] = {}
    for folder, file in scan.docking_files.items():
        try:
            found[folder] = read_docking(Path(file.os_path), now_us=now_us).statement
        except StatementUnreadableError as error:
            problems.append(Problem(file.path, error.why))
    return found


def _all(jobs: Sequence[_Job], look: _Look, at_once: int, on_progress: OnProgress) -> list[InspectedFile]:
    """The files in the order of the jobs. Few are handed out at a time: of ten thousand nobody can wait for each."""
    threads = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="inspect")
    size_bytes, done_bytes = sum(job.file.size_bytes for job in jobs), 0
    found: dict[int, InspectedFile] = {}
    open_: dict[Future[InspectedFile], int] = {}
    waiting = iter(range(len(jobs)))
    try:
        while len(found) < len(jobs):
            for place in islice(waiting, 2 * at_once - len(open_)):
                open_[threads.submit(_inspected, jobs[place], look)] = place
            running = [job for job in map(jobs.__getitem__, open_.values()) if job.is_running]
            read_bytes = sum(min(job.read_bytes, job.file.size_bytes) for job in running)
            names = tuple(job.shown for job in running)
            on_progress(InspectProgress(len(jobs), len(found), size_bytes, done_bytes + read_bytes, names))
            for future in wait(open_, timeout=_TELL_EVERY_S, return_when=FIRST_COMPLETED).done:
                place = open_.pop(future)
                found[place] = future.result()  # a fault of the program ends it at once
                done_bytes += jobs[place].file.size_bytes
        return [found[place] for place in range(len(jobs))]
    finally:
        look.ended.set()
        threads.shutdown(wait=False, cancel_futures=True)


def _inspected(job: _Job, look: _Look) -> InspectedFile:
    job.is_running = True
    file, statement = job.file, job.statement
    sidecar, named = _words(file), look.reading.name_facts(file.name).device
    told = None if sidecar.words is None else sidecar.words.device
    device = told or (None if statement is None else statement.device) or named
    order = look_order(look.register, device, look.references, modified_instant(file.modified_ns))
    sha256, probe = _look(job, look, order)
    facts = ClipFacts(
        file_name=file.name,
        reading=look.reading,
        probe=probe,
        modified_us=modified_instant(file.modified_ns),
        landed_us=look.now_us,
        sidecar=sidecar,
        register_zone=zone_of_device(look.register, device),
        # whether this machine's clock is kept says nothing about the gateway that measured: only the statement can
        clock=None if statement is None else statement.clock(gateway_synchronised=True),
    )
    return InspectedFile(
        path=job.shown,
        sha256=sha256,
        size_bytes=file.size_bytes,
        device=device,
        facts=facts,
        faults=probe.faults + facts.faults(),
        is_growing=sha256 is not None and is_still_written(file),
    )


def _look(job: _Job, look: _Look, order: LookOrder) -> tuple[str | None, ProbeResult]:
    file = job.file
    if not file.is_regular:
        return None, nothing_inside(fault_of(FaultCode.NOT_MEDIA, found="not_a_file"))
    path = Path(file.os_path)
    try:
        sha256 = _sha256(path, job, look)
        probe = probe_with(look.prober, path.absolute(), name=file.name, size_bytes=file.size_bytes, order=order)
        if probe.verdict is FileVerdict.UNREADABLE:
            open_regular(path).close()  # it may have gone meanwhile, which is no crash over what is in it
    except NotRegularError:
        return None, nothing_inside(fault_of(FaultCode.NOT_MEDIA, found="not_a_file"))
    except OSError as error:
        return None, nothing_inside(fault_of(FaultCode.UNREADABLE, why=error.strerror or type(error).__name__))
    return sha256, probe


def _sha256(path: Path, job: _Job, look: _Look) -> str:
    digest, block = hashlib.sha256(), memoryview(bytearray(_READ_BYTES))
    with open_regular(path) as opened:
        while size := opened.readinto(block):
            if look.ended.is_set():
                raise _EndedError
            digest.update(block[:size])
            job.read_bytes += size
    return digest.hexdigest()


def _words(file: FoundFile) -> SidecarWords:
    if file.sidecar is None:
        return SidecarWords()
    try:
        return sidecar_words(read_bounded(Path(file.sidecar.os_path)), name=file.sidecar.name)
    except StatementUnreadableError as error:
        return SidecarWords(fault=error.why)


__all__ = ["InspectReport", "InspectedDevice", "InspectedFile", "Problem", "SourceMissingError", "inspect_paths"]
