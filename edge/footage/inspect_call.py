"""What a limited worker does with one file, in two calls: its structure, then a look at picture and sound.

Two, because decoding is where hostile footage bites: a look that crashes or takes too long costs the bands of that file
and not what its structure told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av.logging

from edge.contract.inspection import ReferenceCheck, ReferenceState
from edge.domain.commissioned_view import RecordUnusableError
from edge.domain.reference_check import ReferenceLimits
from edge.domain.view_limits import limits_from
from edge.footage.probe import probe_file
from edge.footage.probe_result import LookOrder, ProbeResult


def inspect_call(argument: dict[str, Any]) -> object:
    """{"path", "name"}: a ProbeResult as JSON. With "structure" and "order" (a LookOrder) besides: a FileLooks."""
    av.logging.set_level(None)
    path = Path(argument["path"])
    if "structure" not in argument:
        return probe_file(path, name=argument["name"]).model_dump(mode="json")
    structure, order = ProbeResult.model_validate(argument["structure"]), LookOrder.model_validate(argument["order"])
    return _looks(path, structure, order)


def _looks(path: Path, structure: ProbeResult, order: LookOrder) -> object:
    from edge.footage.looks import look  # OpenCV and the network's runtime take seconds; a structure needs neither
    from edge.footage.reference_arrays import read_reference
    from edge.footage.reference_match import ReferenceLook

    reference, unread = None, None
    if order.record is not None and order.arrays is not None:
        try:
            held = read_reference(Path(order.record), Path(order.arrays))
            reference = ReferenceLook(held, ReferenceLimits(**order.reference_limits))
        except (RecordUnusableError, OSError):  # it costs the comparison, and `reference_words` tells it
            name = order.reference or ""
            unread = ReferenceCheck(state=ReferenceState.UNKNOWN, reference=name, samples=0, samples_used=0)
    looks = look(path, structure, limits_from(order.limits), expects_sound=order.expects_sound, reference=reference)
    return (looks if unread is None else looks.model_copy(update={"reference": unread})).model_dump(mode="json")
