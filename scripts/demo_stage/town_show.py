"""The demo with an invented town: film it, run the programs on it, compare what they found with the truth."""

from __future__ import annotations

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

from demo_town.build import film_all, write_papers, write_truth
from demo_town.invent import invent_town
from demo_town.registers import IMPORT_ORDER
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from demo_stage.api import Api, count_links, public_site_numbers, read_seen
from demo_stage.folders import ACCOUNT, Folders, Memory
from demo_stage.programs import StageError
from demo_stage.receipts import ReceiptWrongError, check_receipt, same_keys, server_keys
from demo_stage.report import Report
from demo_stage.stage import Stage
from demo_stage.truth import GAP_KINDS, Comparison, Seen, Truth, compare, read_truth
from demo_stage.words import DemoConsole
from edge.contract.dsse import SignatureRefusedError
from edge.contract.events import MessageRefusedError
from edge.contract.instants import MICROS_PER_HOUR
from edge.contract.sentences import sentence, sentence_of
from edge.platform.clock import SystemClock

STARTING = sentence("demo_starting", "Starting the server and enrolling the gateway")
ASK = sentence("demo_ask", "Ask: recorded, trusted, usable?")
SITES = sentence("demo_sites", "The public list of sites, without signing in")
_FRESH_US = 20 * MICROS_PER_HOUR
_SEAL_S, _JUDGE_S, _CALM_S = 100, 30, 3.0


def progress_bar(console: DemoConsole) -> Progress:
    """The bar of every stage."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def prepare_town(stage: Stage, folders: Folders, memory: Memory, console: DemoConsole) -> Truth:
    """Film the town while the server is made and takes the registers; an earlier run's work is used as it is."""
    if folders.truth.exists():
        return read_town(folders)
    shutil.rmtree(folders.footage, ignore_errors=True)  # of a run that was broken off
    town = invent_town(memory.seed or 0, SystemClock().now_us())
    write_papers(town, folders.footage, folders.registers)
    filming = sentence("demo_filming", "Filming the town of seed {seed}", seed=memory.seed)
    with ThreadPoolExecutor(max_workers=1) as beside, progress_bar(console) as progress:
        making = beside.submit(_make_server, stage, folders)
        task = progress.add_task(console.told(filming), total=len(town.clips) + len(town.commissioning))
        filmed = []
        for done in film_all(town.clips, folders.footage):
            filmed.append(done)
            progress.advance(task)
        for _ in film_all(town.commissioning, folders.commissioning):
            progress.advance(task)
        making_told = progress.add_task(
            console.told(sentence("demo_making", "Making the server and taking the registers")), total=1
        )
        making.result()
        progress.advance(making_told)
    write_truth(town, filmed, folders.truth)
    return read_town(folders)


def read_town(folders: Folders) -> Truth:
    """The truth about the town in a data folder. Raises StageError when its day is over."""
    truth = read_truth(json.loads(folders.truth.read_text(encoding="utf-8")))
    if SystemClock().now_us() - truth.made_us > _FRESH_US:
        raise StageError(
            sentence(
                "demo_day_over",
                "{folder} holds a town of {day}, and the hand-in deadlines there have passed since."
                " Give the demo another folder with --data, or remove {folder}.",
                folder=folders.data,
                day=truth.day,
            )
        )
    return truth


def _make_server(stage: Stage, folders: Folders) -> None:
    stage.make_server()
    stage.make_account()
    stage.take_registers(folders.registers, IMPORT_ORDER)


def run_town(stage: Stage, folders: Folders, console: DemoConsole) -> None:
    """Server, gateway, agent: all by their real commands."""
    with console.status(console.told(STARTING)):
        stage.start_server()
        stage.enrol_gateway(folders.footage)
        stage.commission_monitors(folders.commissioning)
        stage.start_gateway()


def watch_sealing(stage: Stage, api: Api, total: int, console: DemoConsole, *, limit_s: float = _SEAL_S) -> None:
    """Wait until every clip is sealed, showing how far it is."""
    with progress_bar(console) as progress:
        task = progress.add_task(console.told(sentence("demo_sealing", "Uploading and sealing")), total=total)

        def all_sealed() -> bool:
            sealed = sum(1 for _ in api.pages("/api/v1/clips", state="sealed"))
            progress.update(task, completed=sealed)
            return sealed >= total

        stage.wait_for(
            all_sealed, sentence("demo_not_sealed", "not every clip was sealed in time"), limit_s=limit_s, every_s=0.5
        )


def watch_judging(stage: Stage, api: Api, truth: Truth, console: DemoConsole) -> tuple[Seen, Comparison]:
    """Wait until what is found agrees with the truth and stays so; after a time limit, whatever is there."""
    with console.status(console.told(sentence("demo_settling", "Waiting for the findings to settle"))):
        until, calm_since, last = time.monotonic() + _JUDGE_S, time.monotonic(), None
        while True:
            seen = read_seen(api, truth)
            result = compare(truth, seen)
            if seen != last:
                last, calm_since = seen, time.monotonic()
            good = all(fault.right for fault in result.planted) and not result.false_findings
            calm = time.monotonic() - calm_since >= _CALM_S
            if (good and calm) or time.monotonic() > until:
                return seen, result
            time.sleep(0.5)
            stage.check()


def verify_receipts(api: Api, folders: Folders, report: Report, hashes: set[str]) -> None:
    """Count clips, seals and receipts that stand by the published keys and the hashes of the files themselves."""
    key_set = api.get_bytes("/api/v1/keys")
    keys = server_keys(key_set)
    if not same_keys(key_set, folders.gateway / "server-keys.json"):
        report.wrong.append(
            sentence("demo_keys", "The published keys are not those the gateway received when it enrolled.")
        )
    report.clips = len(hashes)
    for item in api.pages("/api/v1/clips"):
        clip = api.get(f"/api/v1/clips/{item['clip_id']}")
        if item["state"] != "sealed":
            continue
        report.sealed += 1
        if clip["sha256"] not in hashes:
            report.wrong.append(
                sentence("demo_no_content", "Sealed, but no file has this content: {clip}", clip=item["clip_id"])
            )
            continue
        try:
            raw = api.get_bytes(f"/api/v1/clips/{item['clip_id']}/receipt")
            check_receipt(raw, keys, clip_id=item["clip_id"], sha256=clip["sha256"], size_bytes=item["size_bytes"])
        except (ReceiptWrongError, MessageRefusedError, SignatureRefusedError) as error:
            report.wrong.append(sentence_of(error))
        else:
            report.receipts_verified += 1


def show_town(stage: Stage, folders: Folders, memory: Memory, console: DemoConsole) -> Report:
    """The whole way with an invented town."""
    truth = prepare_town(stage, folders, memory, console)
    run_town(stage, folders, console)
    report = Report()
    with Api(stage.url) as api:
        api.sign_in(ACCOUNT, memory.password)
        watch_sealing(stage, api, len(truth.clips), console)
        seen, result = watch_judging(stage, api, truth, console)
        verify_receipts(api, folders, report, set(truth.clips))
        report.planted, report.false_findings = result.planted, result.false_findings
        report.findings = len(seen.findings)
        report.gaps = sum(finding.kind in GAP_KINDS for finding in seen.findings)
        report.links = count_links(api)
        _check_cases_and_sites(api, truth, report)
    return report


def _check_cases_and_sites(api: Api, truth: Truth, report: Report) -> None:
    """Cases have footage exactly where the truth says so; the public list holds exactly the announced sites."""
    without = {item["item"]["number"] for item in api.pages("/api/v1/cases-without-footage")}
    for number, has_footage in truth.cases.items():
        if has_footage is (number in without):
            report.wrong.append(
                sentence("demo_case_should", "Case {number} should have footage.", number=number)
                if has_footage
                else sentence("demo_case_should_not", "Case {number} should not have footage.", number=number)
            )
    public = public_site_numbers(api)
    report.sites = len(public)
    if public != truth.public_sites:
        report.wrong.append(
            sentence(
                "demo_public",
                "The public list shows {shown}, announced are {announced}.",
                shown=tuple(sorted(public)),
                announced=tuple(sorted(truth.public_sites)),
            )
        )


def day_addresses(stage: Stage, truth: Truth, lang: str) -> list[tuple[str, str]]:
    """What to open first, with a word on each."""
    officers = {fault.fault: fault.officer for fault in truth.planted if fault.officer}
    day = f"{stage.url}/officers/{{}}/days/{truth.day}?lang={lang}"
    return [
        (sentence("demo_today", "Today"), f"{stage.url}/today?lang={lang}"),
        (sentence("demo_interruption", "An officer's day with an interruption"), day.format(officers["interruption"])),
        (sentence("demo_late", "An officer's day with a late start"), day.format(officers["late_start"])),
        (ASK, f"{stage.url}/ask?lang={lang}"),
        (SITES, f"{stage.url}/?lang={lang}"),
    ]
