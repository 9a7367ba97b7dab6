"""An inspection as JSON for programs and as tables for people."""

from __future__ import annotations

import os.path
from pathlib import PurePath
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge.contract.inspection import Fault, FaultCode, FileVerdict
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros, moment_of, rfc3339
from edge.contract.intervals import TimeInterval
from edge.contract.sentences import in_code
from edge.domain.clock import applied_offset_us
from edge.domain.path_text import shown_text
from edge.local.words import told, word
from edge.platform.terminal import Language
from edge.workers.inspect_paths import InspectedDevice, InspectedFile, InspectReport

_STYLE = {FileVerdict.WHOLE: "green", FileVerdict.DAMAGED: "yellow", FileVerdict.UNREADABLE: "bold red"}


def report_json(report: InspectReport) -> dict[str, Any]:
    """The report; times RFC 3339 UTC with microseconds, a file's on the device's own clock, a device's corrected.

    `media_seconds` is what has frames, `wall_seconds` from the first frame to the end of the last.
    """
    return {
        "files": [_file_json(file) for file in report.files],
        "devices": [_device_json(device) for device in report.devices],
        "problems": [{"path": problem.path, "why": in_code(problem.why)} for problem in report.problems],
    }


def show_report(report: InspectReport, console: Console, zone: ZoneInfo, language: Language = "en") -> None:
    """The same as tables, times in `zone`."""
    folder = _common_folder([file.path for file in report.files])
    table = Table(title=Text(shown_text(f"{len(report.files)} {word('files', language)}  {folder}".rstrip())))
    for key in ("file", "device", "start", "length", "verdict", "faults"):
        table.add_column(word(key, language), overflow="fold")
    for file in report.files:
        start_us, source = file.facts.capture.start, file.facts.capture.start_source
        table.add_row(
            Text(shown_text(file.path.removeprefix(folder))),
            Text(shown_text(file.device or "?")),
            "?" if start_us is None else f"{_local(start_us, zone)} ({word(f'start_{source}', language)})",
            _length(file.facts.probe.media_us),
            Text(word(f"verdict_{file.verdict}", language), style=_STYLE[file.verdict]),
            Text(shown_text("; ".join(_fault(fault, file, language) for fault in file.faults))),
        )
    console.print(table)
    for device in report.devices:
        console.print(_device_table(device, zone, language))
    for problem in report.problems:
        why = told(problem.why, language)
        console.print(Text(shown_text(f"{problem.path}: {why}"), style="yellow"), soft_wrap=True)


def _common_folder(paths: list[str]) -> str:
    """The folder above all of them, with its last slash; "" where there is none, or the person stands in it."""
    if len({path.startswith("/") for path in paths}) != 1:
        return ""
    common = os.path.commonpath([PurePath(path).parent for path in paths])
    return "" if common in {"", "."} else f"{common.rstrip('/')}/"


def _file_json(file: InspectedFile) -> dict[str, Any]:
    capture, probe = file.facts.capture, file.facts.probe
    return {
        "path": file.path,
        "sha256": file.sha256,
        "size_bytes": file.size_bytes,
        "container": probe.container,
        "verdict": file.verdict.value,
        "device": file.device,
        "start": None if capture.start is None else rfc3339(capture.start),
        "start_source": capture.start_source.value,
        "start_uncertainty_s": capture.uncertainty_us / MICROS_PER_SECOND,
        "media_seconds": sum(end - start for start, end in probe.recorded) / MICROS_PER_SECOND,
        "wall_seconds": None if probe.media_us is None else probe.media_us / MICROS_PER_SECOND,
        "faults": [
            {"code": fault.code, "from_s": fault.from_s, "to_s": fault.to_s, "detail": fault.detail}
            for fault in file.faults
        ],
        "view": [],
        "sound": [],
    }


def _device_json(device: InspectedDevice) -> dict[str, Any]:
    clock = device.clock
    return {
        "device": device.device,
        "clock": None
        if clock is None
        else {
            "offset_s": clock.offset_us / MICROS_PER_SECOND,
            "uncertainty_s": clock.uncertainty_us / MICROS_PER_SECOND,
            "applied": applied_offset_us(clock) == clock.offset_us,
        },
        "coverage": [_pair(interval) for interval in device.summary.coverage],
        "gaps": [
            {
                "start": rfc3339(gap.interval.start_us),
                "end": rfc3339(gap.interval.end_us),
                "cause": gap.cause,
                "evidence": [in_code(evidence) for evidence in gap.evidence],
            }
            for gap in device.summary.gaps
        ],
        "overlaps": [
            {
                "start": rfc3339(overlap.interval.start_us),
                "end": rfc3339(overlap.interval.end_us),
                "files": list(overlap.names),
            }
            for overlap in device.summary.overlaps
        ],
        "clock_steps": [],
    }


def _device_table(device: InspectedDevice, zone: ZoneInfo, language: Language) -> Table:
    title = Text(shown_text(f"{word('device', language)} {device.device}"))
    table = Table("", *(word(key, language) for key in ("from", "to", "length", "why")), title=title)
    for interval in device.summary.coverage:
        table.add_row(word("has_footage", language), *_row(interval, zone), "", style="green")
    for gap in device.summary.gaps:
        why = "; ".join((word(f"cause_{gap.cause}", language), *(told(part, language) for part in gap.evidence)))
        table.add_row(word("gap", language), *_row(gap.interval, zone), Text(shown_text(why)), style="red")
    for overlap in device.summary.overlaps:
        names = Text(shown_text(", ".join(overlap.names)))
        table.add_row(word("overlap", language), *_row(overlap.interval, zone), names, style="yellow")
    return table


def _fault(fault: Fault, file: InspectedFile, language: Language) -> str:
    """The fault in words; its place in seconds of the file; the particulars, which are evidence and English, in it."""
    said = word(f"fault_{fault.code}", language)
    if fault.from_s is not None and fault.to_s is not None:
        said += f" {fault.from_s:.1f}-{fault.to_s:.1f} s"
    if fault.code == FaultCode.SIDECAR_UNREADABLE:
        return f"{said}: {told(file.facts.sidecar.fault or '', language)}"
    return f"{said}: {fault.detail}" if fault.detail and language == "en" else said


def _pair(interval: TimeInterval) -> list[str]:
    return [rfc3339(interval.start_us), rfc3339(interval.end_us)]


def _row(interval: TimeInterval, zone: ZoneInfo) -> tuple[str, str, str]:
    return _local(interval.start_us, zone), _local(interval.end_us, zone), _length(interval.duration_us)


def _local(instant_us: UtcMicros, zone: ZoneInfo) -> str:
    return f"{moment_of(instant_us).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _length(length_us: int | None) -> str:
    if length_us is None:
        return "?"
    minutes, seconds = divmod(length_us / MICROS_PER_SECOND, 60)
    return f"{int(minutes)}:{seconds:04.1f}"
