"""An inspection for people: a table of the files, and the time line of each device."""

from __future__ import annotations

import os.path
from pathlib import PurePath
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edge.contract.fault_words import told_fault
from edge.contract.inspection import Fault, FaultCode, FileVerdict, ReferenceState
from edge.contract.manifest import StartSource
from edge.contract.reference_words import told_reference
from edge.domain.path_text import shown_text
from edge.local.local_times import length_text, local_time
from edge.local.timeline_view import show_timeline
from edge.local.words import told, word
from edge.platform.terminal import Language
from edge.workers.inspect_report import InspectedFile, InspectReport

_USUAL_SOURCES = frozenset({StartSource.NAME, StartSource.SIDECAR, StartSource.NONE})
_STYLE = {FileVerdict.WHOLE: "green", FileVerdict.DAMAGED: "yellow", FileVerdict.UNREADABLE: "bold red"}


def show_report(report: InspectReport, console: Console, zone: ZoneInfo, language: Language = "en") -> None:
    """The table, what is wrong with each file, and the time lines; times in `zone`. For programs: `inspect_json`."""
    folder = _common_folder([file.path for file in report.files])
    console.print(Text(shown_text(f"{len(report.files)} {word('files', language)}  {folder}".rstrip()), "bold"))
    console.print(_table(report, folder, zone, language))
    for file in report.files:
        for fault in file.faults:
            said = f"{file.path.removeprefix(folder)}: {_fault(fault, file, language)}"
            console.print(Padding(Text(shown_text(said), _STYLE[file.verdict]), (0, 0, 0, 1)))
        check = file.facts.probe.reference
        if check is not None:
            said = f"{file.path.removeprefix(folder)}: {told_reference(check, language)}"
            style = "green" if check.state == ReferenceState.OK else "yellow"
            console.print(Padding(Text(shown_text(said), style), (0, 0, 0, 1)))
    if any(file.faults or file.facts.probe.reference is not None for file in report.files):
        console.print()
    for device in report.devices:
        show_timeline(device, console, zone, language)
    for problem in report.problems:
        why = told(problem.why, language)
        console.print(Text(shown_text(f"{problem.path}: {why}"), style="yellow"), soft_wrap=True)


def _table(report: InspectReport, folder: str, zone: ZoneInfo, language: Language) -> Table:
    """One row for each file; what its faults mean stands below, where there is room."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for key in ("file", "device", "start", "length", "verdict"):
        table.add_column(word(key, language), overflow="fold", no_wrap=key in {"start", "length", "verdict"})
    for file in report.files:
        start_us, source = file.facts.capture.start, file.facts.capture.start_source
        start = "?" if start_us is None else local_time(start_us, zone)
        verdict = word(f"verdict_{file.verdict}", language) + (f" ({len(file.faults)})" if file.faults else "")
        table.add_row(
            Text(shown_text(file.path.removeprefix(folder))),
            Text(shown_text(file.device or "?")),
            Text(start if source in _USUAL_SOURCES else f"{start}\n({word(f'start_{source}', language)})"),
            length_text(file.facts.probe.media_us),
            Text(verdict, style=_STYLE[file.verdict]),
        )
    return table


def _common_folder(paths: list[str]) -> str:
    """The folder above all of them, with its last slash; "" where there is none, or the person stands in it."""
    if len({path.startswith("/") for path in paths}) != 1:
        return ""
    common = os.path.commonpath([PurePath(path).parent for path in paths])
    return "" if common in {"", "."} else f"{common.rstrip('/')}/"


def _fault(fault: Fault, file: InspectedFile, language: Language) -> str:
    """The sentence of the fault; what is known as a sentence of its own is told in the same language."""
    sidecar = file.facts.sidecar.fault
    known = {"why": told(sidecar, language)} if fault.code == FaultCode.SIDECAR_UNREADABLE and sidecar else {}
    return told_fault(fault, language, known)
