"""`tallylight-edge commission`: a person says that a monitor stands as it should, and its view is stored."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from edge.contract.identifiers import FieldNumber
from edge.contract.instants import UtcMicros
from edge.contract.sentences import Sentence, sentence
from edge.domain.commission_words import LIGHTS, commission_told
from edge.domain.commissioned_view import (
    MAX_SOURCES,
    Box,
    CommissionedCalibration,
    CommissionedFrom,
    CommissionedView,
    PersonsName,
    Reason,
    ViewMeasured,
)
from edge.domain.path_text import text_of_path, wire_name
from edge.domain.reference_check import ReferenceLimits, reference_limits
from edge.footage.probe_result import probe_time_limit_s
from edge.platform.durable import sha256_of_file
from edge.platform.limited_worker import LimitedWorker, WorkerCrashedError, WorkerTimedOutError
from edge.storage.journal import reading_journal
from edge.storage.journal_errors import NoJournalError
from edge.storage.reference_files import ReferenceFiles, StoredReference
from edge.storage.register_copy import current_register

COMMISSION_TARGET = "edge.footage.commission:commission_call"
_TIME_FACTOR = 4
"""Some dozen pictures are decoded from each file, and a reference is made of them."""
_MAX_MASKS = 40


class CommissionRefusedError(Exception):
    """The pictures, or what was said with them, make no reference; a person gives others."""


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


@dataclass(frozen=True, slots=True)
class Commissioned:
    """What was stored, and which light was left out for want of pictures."""

    stored: StoredReference
    left_out: tuple[Sentence, ...]


def commission_device(order: CommissionOrder, data_dir: Path, *, now_us: UtcMicros) -> Commissioned:
    """Make and store the reference. Raises CommissionRefusedError, RecordUnusableError, JournalUnusableError
    or OSError.
    """
    _check_words(order)
    masks = [_box(text) for text in order.masks]
    limits = _limits(data_dir)
    hashes = [_hash_of(path) for path in order.files]
    names = [wire_name(text_of_path(path.name))[:500] for path in order.files]
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
    calibration = _calibration(order.calibration)

    def view_of(number: int, before: StoredReference | None) -> CommissionedView:
        return CommissionedView(
            **measured.model_dump(),
            device=order.device,
            number=number,
            commissioned=now_us,
            by=order.by.strip(),
            reason=order.reason.strip(),
            sources=sources,
            calibration=calibration or (None if before is None else before.view.calibration),
            replaces=None if before is None else before.sha256,
        )

    stored = files.keep(
        order.device,
        view_of,
        arrays=base64.b64decode(made["arrays"], validate=True),
        picture=base64.b64decode(made["picture"], validate=True),
    )
    return Commissioned(stored, _left_out(made["left_out"], limits))


def reference_json(stored: StoredReference) -> dict[str, Any]:
    """A stored reference for programs; times RFC 3339."""
    return {
        **stored.view.model_dump(mode="json"),
        "sha256": stored.sha256,
        "record": str(stored.record),
        "picture": str(stored.picture),
    }


class _Words(BaseModel):
    device: FieldNumber
    by: PersonsName
    reason: Reason


def _check_words(order: CommissionOrder) -> None:
    if not order.by.strip() or not order.reason.strip():
        raise CommissionRefusedError(
            sentence("commission_who", "say who commissions the monitor and why: --by NAME --reason TEXT")
        )
    if not order.files:
        raise CommissionRefusedError(
            sentence("commission_from", "name the footage or pictures that show the view: --from FILE...")
        )
    if len(order.files) > MAX_SOURCES:
        raise CommissionRefusedError(
            sentence(
                "commission_many",
                "{count} files are too many: give {most} at most",
                count=len(order.files),
                most=MAX_SOURCES,
            )
        )
    with suppress(ValidationError):  # the values are a person's own; which of them it is, the sentence says better
        _Words(device=order.device, by=order.by.strip(), reason=order.reason.strip())
        return
    raise CommissionRefusedError(
        sentence(
            "commission_words",
            "the device's number has at most 64 signs, a name 100, a reason 500, and none of them a line break",
        )
    )


def _box(text: str) -> Box:
    parts = text.split(",")
    if len(parts) == 4 and all(part.strip().isdecimal() and len(part) < 7 for part in parts):
        left, top, wide, tall = (int(part) for part in parts)
        if wide and tall:
            return left, top, wide, tall
    raise CommissionRefusedError(
        sentence(
            "commission_mask",
            "--mask {text} is no area: give left, top, width and height in pixels, such as 0,0,640,80",
            text=text,
        )
    )


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


def _limits(data_dir: Path) -> ReferenceLimits:
    """Those of the register, where the gateway has one."""
    try:
        with reading_journal(data_dir / "journal.sqlite3") as rows:
            return reference_limits(current_register(rows))
    except NoJournalError:
        return reference_limits(None)


def _calibration(path: Path | None) -> CommissionedCalibration | None:
    if path is None:
        return None
    return CommissionedCalibration(name=wire_name(text_of_path(path.name))[:500], sha256=_hash_of(path)[0])


def _hash_of(path: Path) -> tuple[str, int]:
    """SHA-256 and size; a device or a pipe has no end that could be waited for."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise CommissionRefusedError(
            sentence("commission_no_file", "{path} is no file: give footage or pictures", path=text_of_path(str(path)))
        )
    return sha256_of_file(path)


def _left_out(counts: Mapping[str, int], limits: ReferenceLimits) -> tuple[Sentence, ...]:
    return tuple(
        commission_told("few_of_light", {"light": light, "count": count, "least": int(limits.pictures)})
        for light, count in counts.items()
        if light in LIGHTS
    )
