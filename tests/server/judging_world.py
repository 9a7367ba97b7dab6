"""A small world of rows for tests of judging: everything is put on record at a stated moment, nothing by a clock."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from server_folder import migrated
from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.inspection import FileVerdict, Inspection
from edge.contract.instants import UtcMicros, parse_rfc3339
from edge.contract.intervals import TimeInterval
from server.domain.access import Role, Scope
from server.store import to_judge
from server.store.database import Database
from server.store.recorded import record
from server.store.rule_files import load_rules
from server.store.tables import (
    Assignment,
    Case,
    Certificate,
    Clip,
    Device,
    Docking,
    DockingFile,
    Duty,
    Finding,
    Gateway,
    Installation,
    Officer,
    SightingRow,
    Site,
    Unit,
)
from server.usecases.judge import judge_due, judge_pending
from server.usecases.receive_sighting import LOOKED_AT, mark_clip

RULES = load_rules()
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
EIGHT_US = parse_rfc3339("2026-11-20T08:00:00+08:00")
"""The duty of these tests begins here."""
NOW_US = EIGHT_US + 8 * HOUR_US
GATEWAY = "gw-0000000000000001"
EVERYONE = Scope("chief", Role.SUPERVISOR, None)


def minutes(first: float, last: float) -> TimeInterval:
    """Minutes after eight."""
    return TimeInterval(UtcMicros(EIGHT_US + round(first * MINUTE_US)), UtcMicros(EIGHT_US + round(last * MINUTE_US)))


@dataclass
class World:
    """Rows, put on record at `at_us` unless a test says otherwise."""

    db: Database
    at_us: int = EIGHT_US - DAY_US
    _numbers: Any = field(default_factory=lambda: count(1))

    def put(self, table: Any, number: str, start_us: int, end_us: int | None, /, **values: Any) -> None:
        """A row of a register; `recorded_us` and `mark` (what to judge) may be among the values."""
        marks = values.pop("mark", [])
        recorded_us = values.pop("recorded_us", self.at_us)
        row = table(
            number=number,
            valid_from_us=start_us,
            valid_until_us=end_us,
            recorded_us=recorded_us,
            recorded_by="test",
            replaces=None,
            withdrawn=False,
            **values,
        )
        with self.db.writing() as session:
            record(session, row)
            for kind, marked, *windows in marks:
                to_judge.mark(session, kind, marked, recorded_us, *windows)

    def people(self, unit: str = "U1", officer: str = "007", device: str = "R1") -> None:
        """A unit with one officer who holds one recorder."""
        self.put(Unit, unit, 0, None, name=f"unit {unit}", parent_number=None)
        self.put(Officer, officer, 0, None, name=f"name {officer}", unit_number=unit, kind="officer")
        self.device(device, unit)
        self.hold(device, officer)

    def device(self, number: str, unit: str = "U1", **more: Any) -> None:
        values = {"kind": "recorder", "functions": "", "schedule": None, "model": None, "serial": None} | more
        self.put(Device, number, 0, None, unit_number=unit, time_zone="Asia/Shanghai", **values)

    def hold(self, device: str, officer: str, interval: TimeInterval | None = None, **more: Any) -> None:
        start_us, end_us = (0, None) if interval is None else (interval.start_us, interval.end_us)
        marks = [("officer", officer), ("device", device)]
        number = f"L{next(self._numbers)}"
        self.put(Assignment, number, start_us, end_us, device_number=device, officer_number=officer, mark=marks, **more)

    def duty(self, number: str = "D1", interval: TimeInterval | None = None, **more: Any) -> None:
        span = interval or minutes(0, 60)
        values = {"officer_number": "007", "unit_number": "U1", "kind": "road", "note": None} | more
        self.put(Duty, number, span.start_us, span.end_us, mark=[("duty", number)], **values)

    def case(self, number: str = "C1", at_us: int | None = None, **more: Any) -> None:
        blank = _empty("arrived_us cleared_us place longitude_deg latitude_deg site_number plate exempt_reason")
        values = blank | {"officer_number": "007", "unit_number": "U1", "kind": "accident"} | more
        self.put(Case, number, at_us or minutes(30, 31).start_us, None, mark=[("case", number)], **values)

    def certificate(
        self, number: str, device: str, function: str, start_us: int, end_us: int | None, **more: Any
    ) -> None:
        values = {"body": None, "performed_us": None, "issued_us": None, "supersedes": None, "withdrawn_us": None}
        values |= {"result": "pass"} | more
        self.put(
            Certificate,
            number,
            start_us,
            end_us,
            device_number=device,
            function=function,
            mark=[("device", device, ())],
            **values,
        )

    def site(self, number: str, device: str | None = None, unit: str = "U1", **more: Any) -> None:
        blank = _empty("direction lanes stake district violations notice_us enforce_us basis")
        values = blank | {"kind": "speed", "road": "G30", "publication_number": None, "stage": "active"} | more
        self.put(Site, number, 0, None, unit_number=unit, longitude_deg=103.8, latitude_deg=36.0, **values)
        if device is not None:
            self.put(Installation, f"I-{number}", 0, None, site_number=number, device_number=device)

    def docking(self, device: str, at_min: float, **more: Any) -> str:
        """A docking with its whole list at that minute; `listed`: names that may not have arrived."""
        number = more.pop("number", f"dock-{next(self._numbers):08d}")
        listed = more.pop("listed", [])
        blank = _empty("offset_us offset_uncertainty_us offset_measured_us battery_percent free_bytes total_bytes")
        at_us = EIGHT_US + round(at_min * MINUTE_US)
        values = blank | {"gateway_id": GATEWAY, "complete": True, "gateway_synchronised": True} | more
        values.setdefault("recorded_us", at_us)
        for name in listed:
            with self.db.writing() as session:
                session.add(
                    DockingFile(
                        docking_number=number,
                        part=1,
                        name=name,
                        size_bytes=1,
                        modified_us=at_us,
                        clip_id=None,
                        reason=None,
                    )
                )
        marks = [("device", device, [TimeInterval(UtcMicros(at_us), UtcMicros(at_us + 1))])]
        self.put(Docking, number, at_us, at_us, device_number=device, mark=marks, **values)
        return str(number)

    def clip(self, device: str | None, interval: TimeInterval | None, **more: Any) -> str:
        """A clip of that corrected interval, sealed at once unless `sealed_us` says otherwise; its id."""
        number = next(self._numbers)
        sha256 = hashlib.sha256(str(more.pop("content", number)).encode()).hexdigest()
        clip_id = sha256[:32]
        received_us = more.pop("received_us", NOW_US - HOUR_US)
        sealed_us = more.pop("sealed_us", received_us)
        offset_us = more.pop("offset_us", 0)
        recorded = more.pop("recorded", [] if interval is None else [interval])
        with self.db.writing() as session:
            self.gateway(session)
            if session.get(Clip, clip_id) is None:
                session.add(_clip(clip_id, sha256, received_us, sealed_us))
                session.flush()
            session.add(_sighting(clip_id, number, device, interval, recorded, offset_us, received_us, more))
            session.flush()
            mark_clip(session, clip_id, received_us)
        return clip_id

    def judge(self, now_us: int = NOW_US) -> int:
        """Judge until nothing waits; how many subjects."""
        judged = judge_due(self.db, RULES, now_us)
        while more := judge_pending(self.db, RULES, now_us):
            judged += more
        return judged

    def findings(self, *states: str) -> list[tuple[str, str | None]]:
        """(kind, cause) of the findings in these states (open where none is named), by time."""
        with self.db.reading() as session:
            rows = session.scalars(select(Finding).where(Finding.state.in_(states or ("open",))))
            return sorted(((row.kind, row.cause) for row in rows), key=str)

    def gateway(self, session: Session) -> Gateway:
        """The one gateway, seen just now."""
        gateway = session.get(Gateway, GATEWAY)
        if gateway is None:
            gateway = Gateway(gateway_id=GATEWAY, name="dock", unit_number="U1", state="active", added_us=0)
            gateway.last_seen_us = NOW_US
            session.add(gateway)
            session.flush()
        return gateway


def _empty(names: str) -> dict[str, Any]:
    return dict.fromkeys(names.split())


def _clip(clip_id: str, sha256: str, received_us: int, sealed_us: int | None) -> Clip:
    return Clip(
        clip_id=clip_id,
        sha256=sha256,
        size_bytes=1,
        state="announced" if sealed_us is None else "sealed",
        first_seen_us=received_us,
        gateway_id=GATEWAY,
        held_json="[]",
        sealed_us=sealed_us,
    )


def _sighting(
    clip_id: str,
    number: int,
    device: str | None,
    interval: TimeInterval | None,
    recorded: list[TimeInterval],
    offset_us: int,
    received_us: int,
    more: dict[str, Any],
) -> SightingRow:
    start_us = None if interval is None else interval.start_us
    end_us = None if interval is None else interval.end_us
    values: dict[str, Any] = {
        "file_name": f"{device}_{number}.mp4",
        "docking_number": "dock-none",
        "measured_offset_us": offset_us,
        "verdict": "whole",
        "faults": [],
        "sequence": None,
        "landed_us": received_us,
    } | more
    faults = [{"code": code} for code in values.pop("faults")]
    looks: Inspection = values.pop("looks", Inspection(verdict=FileVerdict.WHOLE))
    return SightingRow(
        sighting_id=f"sighting-{number:08d}",
        clip_id=clip_id,
        gateway_id=GATEWAY,
        device_number=device,
        path=str(values["file_name"]),
        received_us=received_us,
        start_us=None if start_us is None else start_us + offset_us,
        end_us=None if end_us is None else end_us + offset_us,
        corrected_start_us=start_us,
        corrected_end_us=end_us,
        applied_offset_us=offset_us,
        start_source="name",
        uncertainty_us=1_000_000,
        recorded_json=json.dumps([[one.start_us + offset_us, one.end_us + offset_us] for one in recorded]),
        faults_json=json.dumps(faults),
        looks_json=looks.model_dump_json(include=LOOKED_AT),
        reference_state=None if looks.reference is None else looks.reference.state,
        media_us=None,
        recording=None,
        flagged=False,
        manifest=b"",
        **values,
    )


def world_at(folder: Path) -> World:
    """An empty world in a database of its own."""
    path = folder / "world.sqlite3"
    path.write_bytes(migrated())
    return World(Database(f"sqlite:///{path}"))
