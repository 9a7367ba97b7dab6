"""What a look over a clip goes by: the rules in force, what the device is, and the view it was commissioned with."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import structlog

from edge.contract.instants import UtcMicros
from edge.contract.messages import Register
from edge.domain.commissioned_view import RecordUnusableError
from edge.domain.reference_check import reference_limits
from edge.domain.view_limits import look_limits_of
from edge.footage.probe_result import LookOrder
from edge.storage.reference_files import ReferenceFiles, arrays_of

log = structlog.get_logger(__name__)


def look_order(
    register: Register | None, device: str | None, references: ReferenceFiles | None, at_us: UtcMicros
) -> LookOrder:
    """For a clip of `device` that was closed at `at_us`. Recorders are expected to have sound, monitors are not."""
    kinds = {} if register is None else {entry.device: entry.kind for entry in register.devices}
    kind = kinds.get(device or "")
    record, reference = (None, None) if device is None or references is None else _in_force(references, device, at_us)
    return LookOrder(
        limits=look_limits_of(register).values(),
        expects_sound=None if kind is None else kind == "recorder",
        record=None if record is None else str(record.absolute()),
        arrays=None if record is None else str(arrays_of(record).absolute()),
        reference=reference,
        reference_limits=asdict(reference_limits(register)),
    )


def _in_force(references: ReferenceFiles, device: str, at_us: UtcMicros) -> tuple[Path | None, str | None]:
    """Record and name of the reference that held then. One that cannot be read holds nothing up: it has no name, and
    the look, which cannot read it either, says that the view could not be compared.
    """
    try:
        stored = references.in_force(device, at_us)
    except (RecordUnusableError, OSError) as error:
        log.error("reference_unusable", device=device, why=str(error))
        return Path(error.name if isinstance(error, RecordUnusableError) else error.filename or ""), None
    return (None, None) if stored is None else (stored.record, stored.sha256)
