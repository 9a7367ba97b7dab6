"""`tallylight-edge commission`: a person says that a monitor stands as it should, and its view is stored."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.contract.instants import UtcMicros
from edge.contract.messages import Register
from edge.contract.sentences import Sentence, sentence
from edge.domain.camera_calibration import CalibrationFault
from edge.domain.commission_words import LIGHTS, commission_told
from edge.domain.commissioned_view import CommissionedCalibration, CommissionedFrom, CommissionedView, ViewMeasured
from edge.domain.path_text import text_of_path, wire_name
from edge.domain.reference_check import ReferenceLimits, reference_limits
from edge.footage.probe_result import probe_time_limit_s
from edge.local.commission_checks import (
    CalibrationGiven,
    CommissionOrder,
    CommissionRefusedError,
    box_of,
    check_footage,
    check_words,
    hashes_of,
)
from edge.platform.limited_worker import LimitedWorker, WorkerCrashedError, WorkerTimedOutError
from edge.storage.journal import reading_journal
from edge.storage.journal_errors import NoJournalError
from edge.storage.reference_files import ReferenceFiles, StoredReference
from edge.storage.register_copy import current_register

COMMISSION_TARGET = "edge.footage.commission:commission_call"
_TIME_FACTOR = 4
"""Some dozen pictures are decoded from each file, and a reference is made of them."""


@dataclass(frozen=True, slots=True)
class Commissioned:
    """What was stored, which light was left out for want of pictures, and what the calibration does not say."""

    stored: StoredReference
    left_out: tuple[Sentence, ...]
    not_said: tuple[CalibrationFault, ...] = ()


def commission_device(order: CommissionOrder, data_dir: Path, *, now_us: UtcMicros) -> Commissioned:
    """Make and store the reference. Raises CommissionMisusedError, CommissionRefusedError, CalibrationUnfitError,
    CalibrationUnreadableError, RecordUnusableError, JournalUnusableError or OSError.
    """
    check_words(order)
    masks = [box_of(text) for text in order.masks]
    register = _register(data_dir)
    limits = reference_limits(register)
    hashes = hashes_of(order.files)
    calibration = None
    if order.calibration is not None:
        calibration = CalibrationGiven.read(order.calibration, order.device, register, now_us)
    names = [wire_name(text_of_path(path.name))[:500] for path in order.files]
    check_footage(order.files, [size_bytes for _, size_bytes in hashes])
    argument: dict[str, Any] = {
        "files": [{"path": str(path.absolute()), "name": name} for path, name in zip(order.files, names, strict=True)],
        "light": order.light,
        "masks": masks,
        "limits": asdict(limits),
    }
    files = ReferenceFiles(data_dir)
    before = files.current(order.device)
    if order.add:
        if before is None:
            raise CommissionRefusedError(
                sentence("commission_add", "{device} has no reference to add to: leave out --add", device=order.device)
            )
        argument["before"] = {"record": str(before.record), "arrays": str(before.arrays)}
    time_limit_s = sum(_TIME_FACTOR * probe_time_limit_s(size_bytes) for _, size_bytes in hashes)
    made = _looked(argument, time_limit_s)
    if "refused" in made:
        raise CommissionRefusedError(commission_told(str(made["refused"]), made["values"]))
    measured = ViewMeasured.model_validate(made["measured"])
    sources = tuple(
        CommissionedFrom(name=name, sha256=sha256, pictures=count)
        for name, (sha256, _), count in zip(names, hashes, made["pictures"], strict=True)
    )
    if calibration is not None:
        calibration.check_size(measured.width_px, measured.height_px)

    def view_of(number: int, before: StoredReference | None) -> CommissionedView:
        return CommissionedView(
            **measured.model_dump(),
            device=order.device,
            number=number,
            commissioned=now_us,
            by=order.by.strip(),
            reason=order.reason.strip(),
            sources=sources,
            calibration=_calibration(calibration, before),
            replaces=None if before is None else before.sha256,
        )

    stored = files.keep(
        order.device,
        view_of,
        arrays=base64.b64decode(made["arrays"], validate=True),
        picture=base64.b64decode(made["picture"], validate=True),
    )
    not_said = () if calibration is None else calibration.not_said
    return Commissioned(stored, _left_out(made["left_out"], limits), not_said)


def reference_json(stored: StoredReference) -> dict[str, Any]:
    """A stored reference for programs; times RFC 3339."""
    return {
        **stored.view.model_dump(mode="json"),
        "sha256": stored.sha256,
        "record": str(stored.record),
        "picture": str(stored.picture),
    }


def _looked(argument: dict[str, Any], time_limit_s: float) -> dict[str, Any]:
    """The worker's answer. Raises CommissionRefusedError where it came to none: that is the files' fault."""
    try:
        with closing(LimitedWorker(COMMISSION_TARGET)) as worker:
            made: dict[str, Any] = worker.call(argument, time_limit_s=time_limit_s)
    except WorkerTimedOutError as error:
        raise CommissionRefusedError(
            sentence(
                "commission_timed_out",
                "looking at the pictures took longer than {limit} s: give fewer or shorter files",
                limit=round(error.time_limit_s),
            )
        ) from error
    except WorkerCrashedError as error:
        raise CommissionRefusedError(
            sentence(
                "commission_crashed",
                "looking at the pictures failed ({why}): `tallylight-edge inspect` says which file is damaged",
                why=error.detail,
            )
        ) from error
    return made


def _register(data_dir: Path) -> Register | None:
    """The gateway's, where it has one."""
    try:
        with reading_journal(data_dir / "journal.sqlite3") as rows:
            return current_register(rows)
    except NoJournalError:
        return None


def _calibration(given: CalibrationGiven | None, before: StoredReference | None) -> CommissionedCalibration | None:
    """That which was given, else the one that held before."""
    if given is not None:
        return given.kept
    return None if before is None else before.view.calibration


def _left_out(counts: Mapping[str, int], limits: ReferenceLimits) -> tuple[Sentence, ...]:
    return tuple(
        commission_told("few_of_light", {"light": light, "count": count, "least": int(limits.pictures)})
        for light, count in counts.items()
        if light in LIGHTS
    )
