"""What a forecast needs to know, asked of the journal: what waits, what came lately, what a recorder's clips weigh."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from edge.config import EdgeConfig
from edge.contract.dsse import read_envelope
from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_HOUR, UtcMicros
from edge.contract.manifest import Manifest
from edge.domain.filling import RATE_CLIPS, Disk, DiskForecast, DiskLevels, Intake, RecordedClip, forecast_disk
from edge.domain.forecast import Load, Waiting
from edge.storage.contents import ContentState

_LONGEST_SPAN_US, _SHORTEST_SPAN_US = MICROS_PER_DAY, MICROS_PER_HOUR
"""Devices are docked once a day; a gateway set up just now landed a week's footage in minutes."""
_STATES = tuple(str(state) for state in ContentState)
# What is put into the text of a statement below is one of these constants; every value is bound.
_CAN_GO = "landing_name IS NOT NULL AND state IN ('landed', 'offered', 'sending')"
_FLAGGED = f"flagged = 1 AND retry_at_us IS NULL AND {_CAN_GO}"
"""As the partial index says it: a flagged clip that was put off for a while counts with all that waits."""


def read_waiting(rows: sqlite3.Connection, flagged_clips: Iterable[str]) -> Waiting:
    """What waits for its receipt; `flagged_clips` are those the register names beside the recorders' own."""
    by_state = {
        row["state"]: Load(row["clips"], row["size_bytes"])
        for row in rows.execute(
            "SELECT state, count(*) AS clips, sum(size_bytes) AS size_bytes FROM content"
            " WHERE state IN ('landed', 'offered', 'sending', 'refused') GROUP BY state"
        )
    }
    refused = by_state.pop(ContentState.REFUSED, Load())
    lost = _load(rows, "content_lost", "landing_name IS NULL AND state <> 'receipted' AND state <> 'refused'")
    landed = _sum(by_state.values())
    return Waiting(
        whole=Load(landed.clips - lost.clips, landed.size_bytes - lost.size_bytes),
        flagged=_sum([_load(rows, "content_flagged", _FLAGGED), _named(rows, flagged_clips)]),
        held_back=_sum([refused, lost]),
    )


def read_intake(rows: sqlite3.Connection, *, now_us: UtcMicros) -> Intake:
    """What landed and what got its receipt in the last day, or since the first landing where that is less ago."""
    since_us = now_us - _LONGEST_SPAN_US
    landed_bytes, first_us, was_before = 0, now_us, False
    for state in _STATES:
        size_bytes, earliest_us = rows.execute(
            "SELECT coalesce(sum(size_bytes), 0), min(landed_us) FROM content"
            " WHERE state = ? AND landed_us BETWEEN ? AND ?",
            (state, since_us, now_us),
        ).fetchone()
        landed_bytes += size_bytes
        first_us = first_us if earliest_us is None else min(first_us, earliest_us)
        earlier = "SELECT 1 FROM content WHERE state = ? AND landed_us < ? LIMIT 1"
        was_before = was_before or rows.execute(earlier, (state, since_us)).fetchone() is not None
    (receipted_bytes,) = rows.execute(
        "SELECT coalesce(sum(size_bytes), 0) FROM content WHERE state = 'receipted' AND landing_name IS NOT NULL"
        " AND receipted_us BETWEEN ? AND ?",
        (since_us, now_us),
    ).fetchone()
    span_us = _LONGEST_SPAN_US if was_before else max(_SHORTEST_SPAN_US, now_us - first_us)
    return Intake(landed_bytes, receipted_bytes, span_us)


def droppable_bytes(rows: sqlite3.Connection) -> int:
    """Bytes of landing copies that have their receipt."""
    return _load(rows, "content_to_drop", "state = 'receipted' AND landing_name IS NOT NULL").size_bytes


def read_disk_forecast(
    rows: sqlite3.Connection, config: EdgeConfig, *, used_bytes: int, total_bytes: int, now_us: UtcMicros
) -> DiskForecast:
    """What becomes of the disk that the landing area lies on."""
    keep_us = int(config.landing_keep_days * MICROS_PER_DAY)
    levels = DiskLevels(config.disk_warn_percent, config.disk_drop_released_percent, config.disk_stop_copying_percent)
    disk = Disk(used_bytes, total_bytes, droppable_bytes(rows), keep_us)
    return forecast_disk(disk, read_intake(rows, now_us=now_us), levels, now_us=now_us)


def last_clips_of(rows: sqlite3.Connection, device: str) -> list[RecordedClip]:
    """The device's last clips, each once, with the time its manifest says it recorded."""
    found = rows.execute(
        "SELECT clip_id, manifest FROM sighting WHERE device = ? AND inspection IS NOT NULL"
        " ORDER BY modified_us DESC LIMIT ?",
        (device, RATE_CLIPS),
    )
    manifests = {
        row["clip_id"]: Manifest.model_validate_json(read_envelope(row["manifest"]).payload)
        for row in found
        if row["manifest"] is not None
    }
    return [
        RecordedClip(manifest.size_bytes, sum(part.end_us - part.start_us for part in manifest.capture.recorded))
        for manifest in manifests.values()
    ]


def last_receipt_us_of(rows: sqlite3.Connection, device: str) -> UtcMicros | None:
    """The latest receipt among the device's last clips."""
    (latest_us,) = rows.execute(
        "SELECT max(receipted_us) FROM content WHERE clip_id IN ("
        "SELECT clip_id FROM sighting WHERE device = ? AND inspection IS NOT NULL ORDER BY modified_us DESC LIMIT ?)",
        (device, RATE_CLIPS),
    ).fetchone()
    return None if latest_us is None else UtcMicros(latest_us)


def _named(rows: sqlite3.Connection, clip_ids: Iterable[str]) -> Load:
    row = rows.execute(
        f"SELECT count(*) AS clips, coalesce(sum(size_bytes), 0) AS size_bytes"  # noqa: S608 - constant
        f" FROM json_each(?) AS asked CROSS JOIN content ON clip_id = asked.value WHERE flagged = 0 AND {_CAN_GO}",
        (json.dumps(sorted(set(clip_ids))),),
    ).fetchone()
    return Load(row["clips"], row["size_bytes"])


def _load(rows: sqlite3.Connection, index: str, condition: str) -> Load:
    """The index is named: SQLite would rather go through a state."""
    row = rows.execute(
        f"SELECT count(*) AS clips, coalesce(sum(size_bytes), 0) AS size_bytes"  # noqa: S608 - constant
        f" FROM content INDEXED BY {index} WHERE {condition}"
    ).fetchone()
    return Load(row["clips"], row["size_bytes"])


def _sum(loads: Iterable[Load]) -> Load:
    found = list(loads)
    return Load(sum(load.clips for load in found), sum(load.size_bytes for load in found))
