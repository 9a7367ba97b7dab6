"""Commands about one camera: its commissioned view and its calibration. Heavy imports stay inside them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Literal

from edge.contract.sentences import sentence
from edge.local.speaking import DEFAULT_DATA, complaining, terminal
from edge.platform.terminal import IN_ORDER, USAGE, WRONG


def commission(
    device: str = "",
    /,
    *,
    from_: tuple[Path, ...] = (),
    by: str = "",
    reason: str = "",
    light: Literal["auto", "day", "night"] = "auto",
    mask: tuple[str, ...] = (),
    calibration: Path | None = None,
    add: bool = False,
    show: bool = False,
    data: Path = DEFAULT_DATA,
    json: bool = False,
) -> int:
    """Store the view of a fixed monitor as it should be; later recordings are held against it.

    Without `--from` it shows what is stored: of DEVICE with all that it replaced, or of every monitor.

    Parameters
    ----------
    device
        The monitor's number, as its file names and the register give it.
    from_
        Footage or pictures (JPEG, PNG) of the monitor standing as it should: at least six pictures by day, and
        better six by night as well.
    by
        Name of the person who says so.
    reason
        Why: mounted, repaired, turned on purpose.
    light
        day or night for all the pictures; auto tells them by their brightness.
    mask
        An area that is no part of the scene, as LEFT,TOP,WIDTH,HEIGHT in pixels. Text at the upper and lower edge is
        found without it.
    calibration
        The camera's calibration file. One that `check-calibration` calls unfit is refused. Its hash is kept:
        `check-calibration --device` tells when it changed.
    add
        Keep the other light's view of the reference before, since the camera was not touched.
    show
        Only show what is stored.
    data
        The data folder of `init`.
    json
        One JSON object instead of the table.
    """
    if show or not (from_ or by or reason or mask or calibration or add):
        return _show(device, data, as_json=json)
    from edge.devices.calibration_files import CalibrationUnreadableError
    from edge.domain.commissioned_view import RecordUnusableError
    from edge.local.calibration_words import told_calibration
    from edge.local.commission_checks import (
        CalibrationUnfitError,
        CommissionMisusedError,
        CommissionOrder,
        CommissionRefusedError,
    )
    from edge.local.commission_command import commission_device, reference_json
    from edge.local.commission_view import show_commissioned
    from edge.platform.clock import SystemClock
    from edge.storage.journal_errors import JournalUnusableError

    order = CommissionOrder(
        device=device,
        files=from_,
        by=by,
        reason=reason,
        light=None if light == "auto" else light,
        masks=mask,
        calibration=calibration,
        add=add,
    )
    if not _is_data_folder(data):
        return USAGE
    refused = CommissionRefusedError, CalibrationUnreadableError, RecordUnusableError, JournalUnusableError, OSError
    try:
        with complaining(CommissionMisusedError, code=USAGE), complaining(*refused):
            done = commission_device(order, data, now_us=SystemClock().now_us())
    except CalibrationUnfitError as error:
        terminal.complain(error)
        for fault in error.faults:
            terminal.complain(told_calibration(fault, terminal.language))
        return WRONG
    if json:
        terminal.say_json(reference_json(done.stored), indent=1)
    else:
        show_commissioned(done.stored, terminal.language)
        terminal.say(
            sentence("commission_look", "Look at {picture}: hatched areas are left out.", picture=done.stored.picture)
        )
    for left_out in done.left_out:
        terminal.complain(left_out)
    for fault in done.not_said:
        terminal.complain(told_calibration(fault, terminal.language))
    return IN_ORDER


def check_calibration(
    *files: Path,
    footage: Path | None = None,
    at: str = "",
    device: str | None = None,
    serial: str | None = None,
    zoom: float | None = None,
    data: Path = DEFAULT_DATA,
    json: bool = False,
) -> int:
    """Say whether a camera's calibration files may be used: every fault at once, and what a tilt would cost.

    Files are OpenCV's (YAML, JSON, XML), ROS camera_info, or our JSON. They are only read.

    Parameters
    ----------
    files
        Calibration files.
    footage
        A recording of the camera: its size is compared, and its time is that of the question.
    at
        The moment of the question instead, such as 2026-11-21T08:00:00+08:00; without both it is now.
    device
        The device's number: the file must name it, and be the one that was commissioned with it.
    serial
        What the file must name instead, where the maker's serial number is not the device's number.
    zoom
        The camera's present zoom, as the file counts it.
    data
        The data folder of `init`, for the commissioning and the rules in force.
    json
        One JSON object instead of the tables.
    """
    from edge.contract.instants import NotAnInstantError, parse_rfc3339
    from edge.domain.camera_calibration import CalibrationVerdict
    from edge.domain.commissioned_view import RecordUnusableError
    from edge.local.calibration_command import (
        CalibrationQuestion,
        FootageUnusableError,
        calibration_json,
        check_calibrations,
        show_calibrations,
    )
    from edge.platform.clock import SystemClock
    from edge.storage.journal_errors import JournalUnusableError

    if not files:
        terminal.complain(sentence("calibration_what", "name at least one calibration file to check"))
        return USAGE
    with complaining(NotAnInstantError, code=USAGE):
        at_us = parse_rfc3339(at) if at else None
    question = CalibrationQuestion(files, footage, at_us, device, serial, zoom)
    with complaining(FootageUnusableError, RecordUnusableError, JournalUnusableError, OSError):
        answers = check_calibrations(question, data, now_us=SystemClock().now_us())
    if json:
        terminal.say_json(calibration_json(answers), indent=1)
    else:
        from rich.console import Console

        show_calibrations(answers, terminal.language, Console())
    return IN_ORDER if all(answer.verdict is CalibrationVerdict.FIT for answer in answers) else WRONG


def _show(device: str, data: Path, *, as_json: bool) -> int:
    from edge.domain.commissioned_view import RecordUnusableError
    from edge.local.commission_command import reference_json
    from edge.local.commission_view import show_commissioned
    from edge.storage.reference_files import ReferenceFiles

    if not _is_data_folder(data):
        return USAGE
    with complaining(RecordUnusableError, OSError):
        files = ReferenceFiles(data)
        found = files.history(device) if device else files.all_current()
    if as_json:
        terminal.say_json([reference_json(one) for one in found], indent=1)
        return IN_ORDER if found else WRONG
    for stored in found:
        show_commissioned(stored, terminal.language)
    if not found:
        terminal.complain(
            sentence(
                "commission_none",
                "no view of {device} is stored: store one with"
                " `tallylight-edge commission DEVICE --from FILE... --by NAME --reason TEXT`",
                device=device or sentence("any_monitor", "any monitor"),
            )
        )
    return IN_ORDER if found else WRONG


def _is_data_folder(data: Path) -> bool:
    with suppress(OSError):  # such as a name that is too long
        if data.is_dir():
            return True
    terminal.complain(
        sentence(
            "no_data_folder", "{folder} is no data folder: name it with --data, or make it with `init`", folder=data
        )
    )
    return False
