"""The demo with a person's own files: everything is sealed, nothing is changed, and a duty is invented around one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo_town.registers import Row, local_text, write_registers

from demo_stage.api import Api, count_links, open_findings, public_site_numbers
from demo_stage.folders import ACCOUNT, Folders, Memory
from demo_stage.report import Report
from demo_stage.stage import Stage
from demo_stage.town_show import ASK, SITES, STARTING, verify_receipts, watch_sealing
from demo_stage.truth import GAP_KINDS
from demo_stage.words import DemoConsole
from edge.contract.instants import MICROS_PER_HOUR, MICROS_PER_SECOND, parse_rfc3339
from edge.contract.sentences import sentence
from edge.domain.media_kind import HEAD_BYTES, is_medium

UNIT, OFFICER, DEVICE, DUTY = "DEMO", "000001", "DEMO-01", "DEMO-DUTY"
_BEFORE_US, _AFTER_US = 120 * MICROS_PER_SECOND, 90 * MICROS_PER_SECOND
_JUDGE_S = 30
_SLOWEST_BYTES_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file as it lies in the person's folder before anything starts."""

    path: Path
    size_bytes: int
    modified_ns: int
    sha256: str
    medium: bool


def look_at(folder: Path) -> list[OwnFile]:
    """Every regular file below the folder, links not followed."""
    return [_own_file(path) for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]


def changes(before: list[OwnFile], folder: Path) -> list[str]:
    """What is not as it was, in words. The demo must leave this empty."""
    now = {file.path: file for file in look_at(folder)}
    gone = [sentence("demo_gone", "{name} is gone", name=file.path) for file in before if file.path not in now]
    changed = [file for file in before if file.path in now and now[file.path] != file]
    return [*gone, *(sentence("demo_changed", "{name} has changed", name=file.path) for file in changed)]


def show_own(stage: Stage, folders: Folders, memory: Memory, folder: Path, console: DemoConsole) -> Report:
    """The whole way with a person's own files."""
    report = Report()
    with console.status(console.told(sentence("demo_reading", "Reading {folder}", folder=folder))):
        files = look_at(folder)
    hashes = {file.sha256 for file in files if file.medium}
    with console.status(console.told(STARTING)):
        stage.make_server()
        stage.make_account()
        stage.start_server()
        stage.enrol_gateway(folder)
        stage.start_gateway()
    with Api(stage.url) as api:
        api.sign_in(ACCOUNT, memory.password)
        limit_s = 120 + sum(file.size_bytes for file in files) / _SLOWEST_BYTES_PER_S
        watch_sealing(stage, api, len(hashes), console, limit_s=limit_s)
        verify_receipts(api, folders, report, hashes)
        _invent_duty(stage, api, folders, console, report)
        findings = open_findings(api)
        report.findings = len(findings)
        report.gaps = sum(finding.kind in GAP_KINDS for finding in findings)
        report.false_findings = [f for f in findings if f.kind in GAP_KINDS and f.duty != DUTY]
        report.links, report.sites = count_links(api), len(public_site_numbers(api))
    report.wrong.extend(changes(files, folder))
    for line in [*not_uploaded(files, folder), *not_files(folder)]:
        console.print(console.told(line), markup=False)
    return report


def not_uploaded(files: list[OwnFile], folder: Path) -> Iterator[str]:
    """A line for each file that is no medium."""
    for file in files:
        if not file.medium:
            name = file.path.relative_to(folder)
            yield sentence(
                "demo_listed",
                "Listed, not uploaded: {name} (neither the extension nor the first bytes of a medium)",
                name=name,
            )


def not_files(folder: Path) -> Iterator[str]:
    """A line for each link, pipe or socket: what it leads to may lie anywhere and change, so it is not followed."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            yield sentence(
                "demo_no_file",
                "Listed, not uploaded: {name} (no regular file; links are not followed: copy the file itself here)",
                name=path.relative_to(folder),
            )


def addresses(stage: Stage, lang: str) -> list[tuple[str, str]]:
    """What to open first, with a word on each."""
    return [
        (sentence("demo_unassigned", "Unassigned footage"), f"{stage.url}/footage/unassigned?lang={lang}"),
        (sentence("demo_findings", "Findings"), f"{stage.url}/findings?lang={lang}"),
        (ASK, f"{stage.url}/ask?lang={lang}"),
        (SITES, f"{stage.url}/?lang={lang}"),
    ]


def _own_file(path: Path) -> OwnFile:
    stat = path.stat()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        digest.update(head)
        while block := file.read(1 << 20):
            digest.update(block)
    return OwnFile(path, stat.st_size, stat.st_mtime_ns, digest.hexdigest(), is_medium(path.name, head))


# ------------------------------------------------------------------ the invented duty
_KINDS = ("units", "officers", "devices", "assignments", "duties", "dockings")


def _invent_duty(stage: Stage, api: Api, folders: Folders, console: DemoConsole, report: Report) -> None:
    """Give the first clip with a readable time to an invented recorder, and a longer duty to its invented holder."""
    if not (folders.registers / "duties.csv").exists():
        timed = [clip for clip in api.pages("/api/v1/clips") if clip["interval"] is not None]
        if not timed:
            said = sentence(
                "demo_no_time",
                "No file names a time that can be read, so no duty could be invented: there are no gaps to see.",
            )
            console.print(console.told(said))
            return
        first = min(timed, key=lambda clip: clip["interval"][0])
        write_registers(folders.registers, duty_rows(first))
        stage.take_registers(folders.registers, _KINDS)
        api.post_form(
            f"/footage/unassigned/{first['clip_id']}", {"device": DEVICE, "reason": "the demo's invented duty"}
        )
    with console.status(console.told(sentence("demo_judging", "Waiting for the invented duty to be judged"))):
        wanted = {"late_start", "early_stop"}
        stage.wait_or_go_on(
            lambda: wanted <= {finding.kind for finding in open_findings(api) if finding.duty == DUTY}, limit_s=_JUDGE_S
        )
    found = sorted((finding for finding in open_findings(api) if finding.duty == DUTY), key=lambda f: str(f.interval))
    said = sentence(
        "demo_duty",
        "These gaps come from a duty that this demo invented around the first file with a readable time,"
        " two minutes longer before it and a minute and a half after it (officer {officer}, recorder {recorder}):",
        officer=OFFICER,
        recorder=DEVICE,
    )
    console.print(console.told(said))
    for finding in found:
        console.print(f"  {console.word(finding.kind)}: {finding.interval}")
    if not found:
        report.wrong.append(sentence("demo_duty_no_gap", "The invented duty shows no gap."))


def duty_rows(clip: Mapping[str, Any]) -> dict[str, list[Row]]:
    """The registers of a duty from two minutes before the clip to a minute and a half after it."""
    start_us, end_us = (parse_rfc3339(text) for text in clip["interval"])
    begin, end = local_text(start_us - _BEFORE_US), local_text(end_us + _AFTER_US)
    since = local_text(start_us - MICROS_PER_HOUR)
    return {
        "units": [{"number": UNIT, "name": "Demo unit 演示中队"}],
        "officers": [{"number": OFFICER, "name": "演示警员", "unit_number": UNIT, "kind": "officer"}],
        "devices": [{"number": DEVICE, "kind": "recorder", "unit_number": UNIT, "time_zone": "Asia/Shanghai"}],
        "assignments": [
            {"number": "DEMO-A", "device_number": DEVICE, "officer_number": OFFICER, "valid_from": since}
        ],
        "duties": [
            {"number": DUTY, "officer_number": OFFICER, "unit_number": UNIT, "kind": "road", "start": begin, "end": end,
             "note": "invented by the demo"}
        ],
        "dockings": [
            {"number": "DEMO-D", "device_number": DEVICE, "docked": end,
             "until": local_text(end_us + _AFTER_US + 60 * MICROS_PER_SECOND), "complete": "yes"}
        ],
    }  # fmt: skip
