"""Look into files and folders without an agent: nothing is landed, kept or changed. For `tallylight-edge inspect`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.contract.inspection import FaultCode
from edge.contract.instants import UtcMicros
from edge.devices.folder import FolderScan, FoundFile, SourceMissingError, scan_file, scan_folder
from edge.devices.statements import DockingStatement, StatementUnreadableError, read_bounded, read_docking
from edge.domain.file_state import modified_instant
from edge.domain.path_text import text_of_path
from edge.footage.probe_result import ProbeResult, unreadable
from edge.workers.clip_facts import ClipFacts, SidecarWords, SourceReading, sidecar_words
from edge.workers.inspect_report import (
    InspectedDevice,
    InspectedFile,
    InspectReport,
    Problem,
    devices_of,
    with_faults_among_files,
)
from edge.workers.inspection import Prober, probe_with

Progress = Callable[[int, int, str], None]
"""Called before each file with its number, how many there are, and its name."""


def inspect_paths(
    paths: Sequence[Path],
    *,
    reading: SourceReading,
    prober: Prober,
    now_us: UtcMicros,
    on_file: Progress = lambda _number, _count, _path: None,
) -> InspectReport:
    """Files, and folders with everything below. Raises SourceMissingError for a path that is not there."""
    problems: list[Problem] = []
    jobs: list[tuple[str, FoundFile, DockingStatement | None]] = []
    for path in paths:
        scan = scan_folder(path) if path.is_dir() else scan_file(path)
        folder = path if path.is_dir() else path.parent
        statements = _statements(scan, problems, now_us)
        problems += [Problem(f"{text_of_path(str(path))}/{name}", why) for name, why in scan.unreadable_folders.items()]
        for file in sorted(scan.files.values(), key=lambda found: found.path):
            above = scan.docking_folder_of(file.folder)
            shown = text_of_path(str(folder)).rstrip("/") + "/" + file.path
            jobs.append((shown, file, None if above is None else statements.get(above)))
    files = []
    for number, (shown, file, statement) in enumerate(jobs, start=1):
        on_file(number, len(jobs), shown)
        files.append(_inspect(shown, file, statement, reading, prober, now_us))
    files = with_faults_among_files(files)
    return InspectReport(tuple(files), tuple(devices_of(files)), tuple(problems))


def _statements(scan: FolderScan, problems: list[Problem], now_us: UtcMicros) -> dict[str, DockingStatement]:
    found: dict[str, DockingStatement] = {}
    for folder, file in scan.docking_files.items():
        try:
            found[folder] = read_docking(Path(file.os_path), now_us=now_us).statement
        except StatementUnreadableError as error:
            problems.append(Problem(file.path, error.why))
    return found


def _inspect(
    shown: str,
    file: FoundFile,
    statement: DockingStatement | None,
    reading: SourceReading,
    prober: Prober,
    now_us: UtcMicros,
) -> InspectedFile:
    sha256, probe = _look(file, prober)
    words = _words(file)
    facts = ClipFacts(
        file_name=file.name,
        reading=reading,
        probe=probe,
        modified_us=modified_instant(file.modified_ns),
        landed_us=now_us,
        sidecar=words,
        # whether this machine's clock is kept says nothing about the gateway that measured: only the statement can
        clock=None if statement is None else statement.clock(gateway_synchronised=True),
    )
    told = None if words.words is None else words.words.device
    stated = None if statement is None else statement.device
    return InspectedFile(
        path=shown,
        sha256=sha256,
        size_bytes=file.size_bytes,
        device=told or stated or facts.name.device,
        facts=facts,
        faults=probe.faults + facts.faults(),
    )


def _look(file: FoundFile, prober: Prober) -> tuple[str | None, ProbeResult]:
    if not file.is_regular:
        return None, unreadable(FaultCode.NOT_MEDIA, "it is no regular file; links are not followed")
    path = Path(file.os_path)
    try:
        with path.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        return None, unreadable(FaultCode.UNREADABLE, f"it cannot be read ({error.strerror}): check the permissions")
    return sha256, probe_with(prober, path.absolute(), name=file.name, size_bytes=file.size_bytes)


def _words(file: FoundFile) -> SidecarWords:
    if file.sidecar is None:
        return SidecarWords()
    try:
        return sidecar_words(read_bounded(Path(file.sidecar.os_path)), name=file.sidecar.name)
    except StatementUnreadableError as error:
        return SidecarWords(fault=error.why)


__all__ = ["InspectReport", "InspectedDevice", "InspectedFile", "Problem", "SourceMissingError", "inspect_paths"]
