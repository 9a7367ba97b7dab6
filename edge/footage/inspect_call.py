"""What a limited worker does with one file, in two calls: its structure, then a look at picture and sound.

Two, because decoding is where hostile footage bites: a look that crashes or takes too long costs the bands of that file
and not what its structure told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av.logging

from edge.domain.reference_check import ReferenceLimits
from edge.domain.view_limits import limits_from
from edge.footage.looks import look
from edge.footage.probe import probe_file
from edge.footage.probe_result import LookOrder, ProbeResult
from edge.footage.reference_arrays import Reference, read_reference
from edge.footage.reference_match import ReferenceLook


def inspect_call(argument: dict[str, Any]) -> object:
    """{"path", "name"}: a ProbeResult as JSON. With "structure" and "order" (a LookOrder) besides: a FileLooks."""
    av.logging.set_level(None)
    path = Path(argument["path"])
    if "structure" not in argument:
        return probe_file(path, name=argument["name"]).model_dump(mode="json")
    structure, order = ProbeResult.model_validate(argument["structure"]), LookOrder.model_validate(argument["order"])
    looks = look(
        path,
        structure,
        limits_from(order.limits),
        expects_sound=order.expects_sound,
        reference=_reference(order),
    )
    return looks.model_dump(mode="json")


def _reference(order: LookOrder) -> ReferenceLook | None:
    if order.record is None or order.arrays is None:
        return None
    reference: Reference = read_reference(Path(order.record), Path(order.arrays))
    return ReferenceLook(reference, ReferenceLimits(**order.reference_limits))
