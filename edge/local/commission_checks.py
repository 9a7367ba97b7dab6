"""What is looked at before pictures become a reference: the words, the files, the footage, the calibration."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from edge.contract.identifiers import FieldNumber
from edge.contract.inspection import FileVerdict
from edge.contract.instants import UtcMicros, moment_of
from edge.contract.messages import Register
from edge.contract.sentences import sentence
from edge.devices.calibration_files import read_calibration
from edge.domain.calibration_faults import calibration_faults
from edge.domain.camera_calibration import (
    NOT_SAID,
    Against,
    CalibrationFault,
    CameraCalibration,
    calibration_limits,
)
from edge.domain.commissioned_view import MAX_SOURCES, Box, CommissionedCalibration, PersonsName, Reason
from edge.domain.path_text import text_of_path, wire_name
from edge.domain.still_pictures import STILL_HEAD_BYTES, is_still
from edge.domain.zones import zone_named
from edge.footage.probe_result import INSPECT_TARGET
from edge.platform.durable import sha256_of_file
from edge.platform.limited_worker import LimitedWorker
from edge.workers.clip_facts import SourceReading, zone_of_device
from edge.workers.probing import probe_with


class CommissionMisusedError(Exception):
    """The command was not given what it needs; whoever typed it adds that."""


class CommissionRefusedError(Exception):
    """The pictures, or what was said with them, make no reference; a person gives others."""


class CalibrationUnfitError(Exception):
    """The calibration given with the pictures cannot be this camera's; `faults` are all that is wrong with it."""

    def __init__(self, *, path: Path, faults: Sequence[CalibrationFault]) -> None:
        super().__init__(
            sentence(
                "commission_calibration",
                "{path} is not fit to be the calibration of this camera, and nothing was stored. Give another, or"
                " leave out --calibration. What is wrong with it:",
                path=text_of_path(str(path)),
            )
        )
        self.path, self.faults = path, tuple(faults)


@dataclass(frozen=True, slots=True)
class CommissionOrder:
    """What a person asks for. `light` None: told by brightness; `calibration`: the file that holds from now on;
    `add`: the other light's view of the reference before stays, since the camera was not touched.
    """

    device: str
    files: tuple[Path, ...]
    by: str
    reason: str
    light: str | None = None
    masks: tuple[str, ...] = ()
    calibration: Path | None = None
    add: bool = False


class _Words(BaseModel):
    device: FieldNumber
    by: PersonsName
    reason: Reason


def check_words(order: CommissionOrder) -> None:
    """Raises CommissionMisusedError where something is missing or of no use."""
    if not order.by.strip() or not order.reason.strip():
        raise CommissionMisusedError(
            sentence("commission_who", "say who commissions the monitor and why: --by NAME --reason TEXT")
        )
    if not order.files:
        raise CommissionMisusedError(
            sentence("commission_from", "name the footage or pictures that show the view: --from FILE...")
        )
    if len(order.files) > MAX_SOURCES:
        raise CommissionMisusedError(
            sentence(
                "commission_many",
                "{count} files are too many: give {most} at most",
                count=len(order.files),
                most=MAX_SOURCES,
            )
        )
    with suppress(ValidationError):  # the values are a person's own; which of them it is, the sentence says better
        _Words(device=order.device, by=order.by.strip(), reason=order.reason.strip())
        if order.device == order.device.strip():  # with a blank it would be another device, which no file names
            return
    raise CommissionMisusedError(
        sentence(
            "commission_words",
            "the device's number has 1 to 64 signs and no blank at its ends, a name 100 signs at most, a reason 500,"
            " and none of them a line break",
        )
    )


def box_of(text: str) -> Box:
    """The area in LEFT,TOP,WIDTH,HEIGHT. Raises CommissionMisusedError."""
    parts = text.split(",")
    if len(parts) == 4 and all(part.strip().isdecimal() and len(part) < 7 for part in parts):
        left, top, wide, tall = (int(part) for part in parts)
        if wide and tall:
            return left, top, wide, tall
    raise CommissionMisusedError(
        sentence(
            "commission_mask",
            "--mask {text} is no area: give left, top, width and height in pixels, such as 0,0,640,80",
            text=text,
        )
    )


def hashes_of(files: Sequence[Path]) -> list[tuple[str, int]]:
    """SHA-256 and size of each. Raises CommissionRefusedError where one is no file, or given twice; OSError."""
    found: dict[str, Path] = {}
    hashes = []
    for path in files:
        if path.exists() and not path.is_file():  # a device or a pipe has no end that could be waited for
            raise CommissionRefusedError(
                sentence(
                    "commission_no_file", "{path} is no file: give footage or pictures", path=text_of_path(str(path))
                )
            )
        sha256, size_bytes = sha256_of_file(path)
        if sha256 in found:
            raise CommissionRefusedError(
                sentence(
                    "commission_twice",
                    "{path} and {first} are the same: pictures of other moments are needed, so that what passes by is"
                    " told from the street",
                    path=text_of_path(str(path)),
                    first=text_of_path(str(found[sha256])),
                )
            )
        found[sha256] = path
        hashes.append((sha256, size_bytes))
    return hashes


def check_footage(files: Sequence[Path], sizes_bytes: Sequence[int]) -> None:
    """Raises CommissionRefusedError with every file that is damaged; a file without a picture is told by the look."""
    damaged = []
    with closing(LimitedWorker(INSPECT_TARGET)) as prober:
        for path, size_bytes in zip(files, sizes_bytes, strict=True):
            with path.open("rb") as file:
                still = is_still(file.read(STILL_HEAD_BYTES))
            if still:
                continue
            probe = probe_with(prober, path.absolute(), name=path.name, size_bytes=size_bytes)
            if probe.verdict is FileVerdict.DAMAGED:
                damaged.append(text_of_path(path.name))
    if damaged:
        raise CommissionRefusedError(
            sentence(
                "commission_damaged",
                "a reference must last for years, and these files are damaged: {names}. Give footage that is whole;"
                " `tallylight-edge inspect` says what is wrong with these",
                names=tuple(damaged),
            )
        )


@dataclass(frozen=True, slots=True)
class CalibrationGiven:
    """A calibration file that is fit by itself, as it is kept with the reference, and what it does not say."""

    path: Path
    kept: CommissionedCalibration
    calibration: CameraCalibration
    not_said: tuple[CalibrationFault, ...]
    register: Register | None
    against: Against

    @staticmethod
    def read(path: Path, device: str, register: Register | None, now_us: UtcMicros) -> CalibrationGiven:
        """Raises CalibrationUnreadableError, CalibrationUnfitError or OSError.

        Its device is not compared: makers' serial numbers seldom are the numbers of the field.
        """
        reading = read_calibration(path)
        zone = zone_named(zone_of_device(register, device) or SourceReading.usual().time_zone)
        today = moment_of(now_us).astimezone(zone).date()
        against = Against(captured_from=today, captured_until=today)
        faults = (*reading.faults, *calibration_faults(reading.calibration, calibration_limits(register), against))
        _refuse(path, faults)
        kept = CommissionedCalibration(name=wire_name(text_of_path(path.name))[:500], sha256=reading.calibration.sha256)
        return CalibrationGiven(path, kept, reading.calibration, faults, register, against)

    def check_size(self, width_px: int, height_px: int) -> None:
        """Raises CalibrationUnfitError where it is of pictures of another size."""
        against = Against(
            captured_from=self.against.captured_from,
            captured_until=self.against.captured_until,
            stream_px=(width_px, height_px),
        )
        _refuse(self.path, calibration_faults(self.calibration, calibration_limits(self.register), against))


def _refuse(path: Path, faults: Sequence[CalibrationFault]) -> None:
    if any(fault.code not in NOT_SAID for fault in faults):
        raise CalibrationUnfitError(path=path, faults=faults)
