"""A monitor's short clips, put together: what one of them only makes suspect, several over minutes say for certain."""

from __future__ import annotations

import sqlite3

from edge.contract.inspection import ReferenceCheck, ReferenceState
from edge.contract.instants import UtcMicros
from edge.contract.messages import Register
from edge.domain.reference_check import confirmed_across_clips, reference_limits
from edge.footage.probe_result import ProbeResult
from edge.storage.sightings import SightingRow, inspections_after, inspections_before

_CLIPS = 50
"""So many neighbours are asked on either side; the rule wants three alike over five minutes."""


def with_view_history(
    rows: sqlite3.Connection, sighting: SightingRow, probe: ProbeResult, register: Register | None
) -> ProbeResult:
    """The inspection with its view judged together with those of the device's clips that were inspected already.

    Clips follow each other by the time they were closed, which every device's own clock gives in the right order; of
    one docking they are inspected in any order.
    """
    check = probe.reference
    if check is None or check.state != ReferenceState.SUSPECT or sighting.device is None:
        return probe
    if not probe.width_px or not probe.height_px:
        return probe
    confirmed = confirmed_across_clips(
        check,
        sighting.modified_us,
        _checks(inspections_before(rows, sighting.device, sighting.modified_us, limit=_CLIPS)),
        reference_limits(register),
        width_px=probe.width_px,
        height_px=probe.height_px,
        after=_checks(inspections_after(rows, sighting.device, sighting.modified_us, limit=_CLIPS)),
    )
    return probe.model_copy(update={"reference": confirmed})


def _checks(told: list[tuple[UtcMicros, str]]) -> list[tuple[UtcMicros, ReferenceCheck]]:
    checks = ((at_us, ProbeResult.model_validate_json(found).reference) for at_us, found in told)
    return [(at_us, check) for at_us, check in checks if check is not None]
