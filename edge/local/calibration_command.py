"""`tallylight-edge check-calibration`: may this calibration be used, here and then; every fault at once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge.contract.instants import UtcMicros, moment_of
from edge.contract.messages import Register
from edge.contract.sentences import sentence, sentence_of
from edge.devices.calibration_files import CalibrationUnreadableError, read_calibration
from edge.domain.calibration_faults import calibration_faults
from edge.domain.camera_calibration import (
    Against,
    CalibrationEffect,
    CalibrationFault,
    CalibrationVerdict,
    CameraCalibration,
    calibration_effects,
    calibration_limits,
    calibration_verdict,
)
from edge.domain.file_state import modified_instant
from edge.domain.path_text import shown_text, text_of_path
from edge.domain.zones import zone_named
from edge.footage.probe_result import INSPECT_TARGET
from edge.local.calibration_words import VERDICT_WORDS, calibration_label, told_calibration, told_effect
from edge.local.words import told, word
from edge.platform.faults import os_complaint
from edge.platform.limited_worker import LimitedWorker
from edge.platform.terminal import Language
from edge.storage.journal import reading_journal
from edge.storage.journal_errors import NoJournalError
from edge.storage.reference_files import ReferenceFiles
from edge.storage.register_copy import current_register
from edge.workers.clip_facts import ClipFacts, SourceReading, zone_of_device
from edge.workers.probing import probe_with


class FootageUnusableError(Exception):
    """The footage named beside a calibration gives no picture size; a person names other footage."""

    def __init__(self, *, path: Path) -> None:
        super().__init__(
            sentence(
                "footage_unusable",
                "{path} gives no size of picture: `tallylight-edge inspect` says what is wrong with it",
                path=path,
            )
        )
        self.path = path


@dataclass(frozen=True, slots=True)
class CalibrationQuestion:
    """What is asked. `device` without `serial`: the calibration is to name the device by its number."""

    files: tuple[Path, ...]
    footage: Path | None = None
    at_us: UtcMicros | None = None
    device: str | None = None
    serial: str | None = None
    zoom: float | None = None


@dataclass(frozen=True, slots=True)
class CalibrationAnswer:
    """What was found of one file; without `calibration` it could not be read, and `unreadable` says why."""

    path: Path
    verdict: CalibrationVerdict
    calibration: CameraCalibration | None = None
    faults: tuple[CalibrationFault, ...] = ()
    effects: tuple[CalibrationEffect, ...] = ()
    unreadable: str = ""


def check_calibrations(question: CalibrationQuestion, data_dir: Path, *, now_us: UtcMicros) -> list[CalibrationAnswer]:
    """An answer for each file, in order. Raises FootageUnusableError, RecordUnusableError, JournalUnusableError,
    WorkerStoppedError or OSError.
    """
    register = _register(data_dir)
    limits, against = calibration_limits(register), _against(question, data_dir, register, now_us)
    answers = []
    for path in question.files:
        try:
            reading = read_calibration(path)
        except CalibrationUnreadableError as error:
            answers.append(CalibrationAnswer(path, CalibrationVerdict.UNFIT, unreadable=sentence_of(error)))
            continue
        except OSError as error:
            answers.append(CalibrationAnswer(path, CalibrationVerdict.UNFIT, unreadable=os_complaint(error)))
            continue
        faults = (*reading.faults, *calibration_faults(reading.calibration, limits, against))
        effects = calibration_effects(reading.calibration)
        answers.append(CalibrationAnswer(path, calibration_verdict(faults), reading.calibration, faults, effects))
    return answers


def calibration_json(answers: Sequence[CalibrationAnswer]) -> dict[str, Any]:
    """For programs: codes and values, and the English sentence as `detail`."""
    return {"files": [_answer_json(answer) for answer in answers]}


def show_calibrations(answers: Sequence[CalibrationAnswer], language: Language, console: Console) -> None:
    """For a person: a table for each file, and what a small change of its mounting would do."""
    for answer in answers:
        verdict = VERDICT_WORDS[answer.verdict][language == "zh-CN"]
        table = Table(title=Text(shown_text(f"{text_of_path(str(answer.path))}: {verdict}")), show_lines=True)
        table.add_column(word("fault", language), no_wrap=True)
        table.add_column(word("what_to_do", language), overflow="fold")
        for fault in answer.faults:
            said = told_calibration(fault, language)
            table.add_row(calibration_label(fault.code, language), Text(shown_text(said)))
        if answer.unreadable:
            table.add_row("-", Text(shown_text(told(answer.unreadable, language))))
        elif not answer.faults:
            table.add_row("-", word("no_faults", language))
        console.print(table)
        for effect in answer.effects:
            console.print(Text(told_effect(effect, language)), soft_wrap=True)


def _answer_json(answer: CalibrationAnswer) -> dict[str, Any]:
    calibration = answer.calibration
    return {
        "path": text_of_path(str(answer.path)),
        "form": None if calibration is None else calibration.form,
        "sha256": None if calibration is None else calibration.sha256,
        "verdict": answer.verdict.value,
        "faults": [
            {"code": fault.code.value, "values": dict(fault.values), "detail": told_calibration(fault, "en")}
            for fault in answer.faults
        ]
        + ([{"code": "unreadable", "values": {}, "detail": answer.unreadable}] if answer.unreadable else []),
        "effects": [{**asdict(effect), "detail": told_effect(effect, "en")} for effect in answer.effects],
        "performed_on": None if calibration is None or not calibration.performed_on else str(calibration.performed_on),
        "serial": None if calibration is None else calibration.serial,
        "size": None if calibration is None else [calibration.width_px, calibration.height_px],
    }


def _against(question: CalibrationQuestion, data_dir: Path, register: Register | None, now_us: UtcMicros) -> Against:
    reading = SourceReading.usual()
    zone = zone_named(zone_of_device(register, question.device) or reading.time_zone)
    stream_px, from_us, until_us = _footage(question.footage, reading, now_us)
    if question.at_us is not None:
        from_us = until_us = question.at_us
    stored = None if question.device is None else ReferenceFiles(data_dir).current(question.device)
    kept = None if stored is None else stored.view.calibration

    def day(instant_us: UtcMicros) -> date:
        return moment_of(instant_us).astimezone(zone).date()

    return Against(
        captured_from=day(from_us),
        captured_until=day(until_us),
        stream_px=stream_px,
        serial=question.serial or question.device,
        zoom=question.zoom,
        commissioned_sha256=None if kept is None else kept.sha256,
    )


def _footage(
    path: Path | None, reading: SourceReading, now_us: UtcMicros
) -> tuple[tuple[int, int] | None, UtcMicros, UtcMicros]:
    """Size of the stream, begin and end of the recording; where they are not known, no size and now."""
    if path is None:
        return None, now_us, now_us
    state = path.stat()
    with closing(LimitedWorker(INSPECT_TARGET)) as prober:
        probe = probe_with(prober, path.absolute(), name=path.name, size_bytes=state.st_size)
    if not probe.width_px or not probe.height_px:
        raise FootageUnusableError(path=path)
    facts = ClipFacts(
        file_name=path.name,
        reading=reading,
        probe=probe,
        modified_us=modified_instant(state.st_mtime_ns),
        landed_us=now_us,
    )
    from_us = facts.capture.start if facts.capture.start is not None else now_us
    return (probe.width_px, probe.height_px), from_us, UtcMicros(from_us + (probe.media_us or 0))


def _register(data_dir: Path) -> Register | None:
    try:
        with reading_journal(data_dir / "journal.sqlite3") as rows:
            return current_register(rows)
    except NoJournalError:
        return None
