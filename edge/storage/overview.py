"""What `status` shows: one consistent reading of the journal, beside the running agent."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from edge.contract.dsse import read_envelope
from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.contract.intervals import TimeInterval
from edge.contract.manifest import Manifest
from edge.domain.preliminary_gaps import DeviceFootage, PreliminaryDuty, judge_duties
from edge.storage.contents import Backlog, backlog
from edge.storage.dockings import last_docking_end_us
from edge.storage.journal import remembered
from edge.storage.register_copy import current_register
from edge.storage.sightings import count_uninspected
from edge.storage.tallies import DeviceTally, device_tallies, receipted_in_all
from edge.storage.unusable_records import unusable_records

AGENT_STATE_KEY = "agent_state"
_LISTED_AT_MOST = 20
_FOOTAGE_US = 3 * MICROS_PER_DAY


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One device as this gateway knows it; None gathers what names no device. `waiting_clips` have no receipt yet."""

    device: str | None
    clips: int
    waiting_clips: int
    receipted_clips: int
    last_docking_us: UtcMicros | None
    battery_percent: float | None
    free_bytes: int | None
    total_bytes: int | None
    clock_offset_us: int | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something a person should know: a named reason, what it concerns and how often."""

    reason: str
    subject: str
    count: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything `status` shows that comes from the journal."""

    devices: tuple[DeviceLine, ...]
    backlog: Backlog
    receipted_clips: int
    last_receipt_us: UtcMicros | None
    unnoted_messages: int
    resting_files: int
    troubles: tuple[Trouble, ...]
    duties: tuple[PreliminaryDuty, ...]
    register_number: int
    agent_state: str | None
    uninspected: int = 0


def read_overview(rows: sqlite3.Connection, *, now_us: UtcMicros) -> Overview:
    """The overview at `now_us`. Duties of the last three days are judged, as far as the register names them."""
    (last_us,) = rows.execute("SELECT max(receipted_us) FROM content WHERE receipted_us IS NOT NULL").fetchone()
    (unnoted,) = rows.execute("SELECT count(*) FROM outbox WHERE noted_us IS NULL").fetchone()
    (resting,) = rows.execute("SELECT count(*) FROM seen_file WHERE state = 'resting'").fetchone()
    register = current_register(rows)
    duties: list[PreliminaryDuty] = []
    if register is not None:
        since_us = UtcMicros(now_us - _FOOTAGE_US)
        on_duty = {duty.device for duty in register.duties if since_us < duty.interval.start_us <= now_us}
        footage = known_footage(rows, on_duty, since_us=since_us)
        duties = [duty for duty in judge_duties(register, footage) if since_us < duty.interval.start_us <= now_us]
    return Overview(
        devices=tuple(_devices(rows)),
        backlog=backlog(rows),
        receipted_clips=receipted_in_all(rows),
        last_receipt_us=last_us,
        unnoted_messages=unnoted,
        resting_files=resting,
        troubles=tuple(_troubles(rows)),
        duties=tuple(duties),
        register_number=0 if register is None else register.number,
        agent_state=remembered(rows, AGENT_STATE_KEY),
        uninspected=count_uninspected(rows),
    )


def known_footage(
    rows: sqlite3.Connection, devices: Collection[str], *, since_us: UtcMicros
) -> dict[str, DeviceFootage]:
    """What each of these devices recorded, of sightings since then, by its clock where the gateway's was kept.

    For these alone: each manifest is read, and with many clips that is the dearest part of a status.
    """
    recorded: dict[str, list[TimeInterval]] = {}
    holes: dict[str, list[TimeInterval]] = {}
    found = rows.execute(
        "SELECT device, manifest FROM sighting WHERE seen_us >= ? AND manifest IS NOT NULL"
        " AND device IN (SELECT value FROM json_each(?))",
        (since_us, json.dumps(sorted(devices))),
    )
    for row in found:
        manifest = Manifest.model_validate_json(read_envelope(row["manifest"]).payload)
        clock = manifest.clock
        offset_us = clock.offset_us if clock is not None and clock.gateway_synchronised else 0
        parts = sorted(part.shifted(-offset_us) for part in manifest.capture.recorded)
        recorded.setdefault(row["device"], []).extend(parts)
        holes.setdefault(row["device"], []).extend(
            TimeInterval(before.end_us, after.start_us)
            for before, after in pairwise(parts)
            if before.end_us < after.start_us
        )
    known_until = {
        device: end_us for device in sorted(devices) if (end_us := last_docking_end_us(rows, device)) is not None
    }
    return {
        device: DeviceFootage(tuple(recorded.get(device, ())), tuple(holes.get(device, ())), end_us)
        for device, end_us in known_until.items()
    }


def _devices(rows: sqlite3.Connection) -> list[DeviceLine]:
    return [_device_line(rows, tally) for tally in device_tallies(rows)]


def _device_line(rows: sqlite3.Connection, tally: DeviceTally) -> DeviceLine:
    row = rows.execute(
        "SELECT until_us, battery_percent, free_bytes, total_bytes, offset_us FROM docking"
        " WHERE device = ? ORDER BY until_us DESC, docking_id LIMIT 1",
        (tally.device,),
    ).fetchone()
    return DeviceLine(
        tally.device,
        clips=tally.clips,
        waiting_clips=tally.clips - tally.receipted,
        receipted_clips=tally.receipted,
        last_docking_us=None if row is None else row["until_us"],
        battery_percent=None if row is None else row["battery_percent"],
        free_bytes=None if row is None else row["free_bytes"],
        total_bytes=None if row is None else row["total_bytes"],
        clock_offset_us=None if row is None else row["offset_us"],
    )


def _troubles(rows: sqlite3.Connection) -> list[Trouble]:
    refused = rows.execute(
        "SELECT state || ':' || refusal_reason AS reason, min(clip_id) AS subject, count(*) AS count FROM content"
        " WHERE refusal_reason IS NOT NULL GROUP BY state, refusal_reason ORDER BY count DESC LIMIT ?",
        (_LISTED_AT_MOST,),
    ).fetchall()
    listed = rows.execute(
        "SELECT 'file:' || reason AS reason, min(path) AS subject, count(*) AS count FROM seen_file"
        " WHERE reason IS NOT NULL GROUP BY reason ORDER BY count DESC LIMIT ?",
        (_LISTED_AT_MOST,),
    ).fetchall()
    missing = rows.execute(
        "SELECT 'landing_copy_missing' AS reason, min(clip_id) AS subject, count(*) AS count FROM content"
        " WHERE landing_name IS NULL AND state <> 'receipted' HAVING count(*) > 0"
    ).fetchall()
    found = [Trouble(row["reason"], row["subject"] or "", row["count"]) for row in [*refused, *missing, *listed]]
    return found + _unusable_references(rows)


def _unusable_references(rows: sqlite3.Connection) -> list[Trouble]:
    unusable = list(unusable_records(rows).values())
    if not unusable:
        return []
    first = unusable[0]
    return [Trouble("reference_unusable", f"{first.device or '?'}: {first.record}", len(unusable))]
