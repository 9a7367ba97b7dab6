"""Dockings: a device at the gateway from..to, as its docking file says or as one scan showed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge.contract.instants import UtcMicros
from edge.contract.manifest import ClockReading
from edge.storage.tallies import count_for_device

SCAN = "scan"
"""Stands in `statement_sha256` of a docking that no docking file describes."""


@dataclass(frozen=True, slots=True)
class Docking:
    """One row. `folder` is the folder the docking file lies in, relative to the source; "" for the source itself."""

    docking_id: str
    source: str
    folder: str
    device: str | None
    docked_us: UtcMicros
    until_us: UtcMicros
    statement_sha256: str = SCAN
    clock: ClockReading | None = None
    battery_percent: float | None = None
    free_bytes: int | None = None
    total_bytes: int | None = None


# What is put into the text of a statement below is this constant; every value is bound.
_COLUMNS = (
    "docking_id, source, folder, device, docked_us, until_us, statement_sha256, offset_us, offset_uncertainty_us,"
    " offset_measured_us, gateway_synchronised, battery_percent, free_bytes, total_bytes"
)


def add_docking(rows: sqlite3.Connection, docking: Docking) -> None:
    """A new docking, not yet reported. Its device is known from now on."""
    clock = docking.clock
    if docking.device is not None:
        count_for_device(rows, docking.device)
    rows.execute(
        f"INSERT INTO docking ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constant
        (
            docking.docking_id,
            docking.source,
            docking.folder,
            docking.device,
            docking.docked_us,
            docking.until_us,
            docking.statement_sha256,
            None if clock is None else clock.offset_us,
            None if clock is None else clock.uncertainty_us,
            None if clock is None else clock.measured,
            None if clock is None else int(clock.gateway_synchronised),
            docking.battery_percent,
            docking.free_bytes,
            docking.total_bytes,
        ),
    )


def find_docking(rows: sqlite3.Connection, docking_id: str) -> Docking | None:
    """The docking of that id."""
    row = rows.execute(f"SELECT {_COLUMNS} FROM docking WHERE docking_id = ?", (docking_id,)).fetchone()  # noqa: S608
    return None if row is None else _docking(row)


def docking_of_statement(rows: sqlite3.Connection, source: str, folder: str, sha256: str) -> Docking | None:
    """The docking that a docking file of this very text already made."""
    row = rows.execute(
        f"SELECT {_COLUMNS} FROM docking WHERE source = ? AND folder = ? AND statement_sha256 = ?"  # noqa: S608
        " ORDER BY reported, until_us DESC LIMIT 1",
        (source, folder, sha256),
    ).fetchone()
    return None if row is None else _docking(row)


def open_scan_docking(rows: sqlite3.Connection, source: str, device: str | None) -> Docking | None:
    """The docking by scan of that device whose list is not yet reported."""
    row = rows.execute(
        f"SELECT {_COLUMNS} FROM docking WHERE +source = ? AND +device IS ? AND statement_sha256 = ? AND reported = 0"  # noqa: S608
        " ORDER BY until_us DESC LIMIT 1",  # the plus: only unreported ones are looked at
        (source, device, SCAN),
    ).fetchone()
    return None if row is None else _docking(row)


def last_scan_docking_us(rows: sqlite3.Connection, source: str, device: str) -> UtcMicros | None:
    """When the device was last listed by scan in that source."""
    (listed_us,) = rows.execute(
        "SELECT max(docked_us) FROM docking WHERE device = ? AND source = ? AND statement_sha256 = ?",
        (device, source, SCAN),
    ).fetchone()
    return None if listed_us is None else UtcMicros(listed_us)


def prolong(rows: sqlite3.Connection, docking_id: str, until_us: UtcMicros) -> None:
    """The docking is still going on at `until_us`."""
    rows.execute("UPDATE docking SET until_us = max(until_us, ?) WHERE docking_id = ?", (until_us, docking_id))


def unreported_dockings(rows: sqlite3.Connection) -> list[Docking]:
    """Dockings whose file list has not been put into the outbox, oldest first."""
    found = rows.execute(f"SELECT {_COLUMNS} FROM docking WHERE reported = 0 ORDER BY until_us, docking_id")  # noqa: S608
    return [_docking(row) for row in found]


def is_reported(rows: sqlite3.Connection, docking_id: str) -> bool:
    """Whether its file list is in the outbox."""
    row = rows.execute("SELECT reported FROM docking WHERE docking_id = ?", (docking_id,)).fetchone()
    return row is not None and bool(row["reported"])


def mark_reported(rows: sqlite3.Connection, docking_id: str, *, until_us: UtcMicros | None = None) -> None:
    """Its file list is in the outbox; complete only up to `until_us` where that is given."""
    rows.execute(
        "UPDATE docking SET reported = 1, until_us = coalesce(?, until_us) WHERE docking_id = ?", (until_us, docking_id)
    )


def last_docking_end_us(rows: sqlite3.Connection, device: str) -> UtcMicros | None:
    """End of the last reported docking of a device: until then its files are known."""
    (end_us,) = rows.execute(
        "SELECT max(until_us) FROM docking WHERE device = ? AND reported = 1", (device,)
    ).fetchone()
    return None if end_us is None else UtcMicros(end_us)


def _docking(row: sqlite3.Row) -> Docking:
    clock = None
    if row["offset_us"] is not None:
        clock = ClockReading(
            offset_us=row["offset_us"],
            uncertainty_us=row["offset_uncertainty_us"],
            measured=row["offset_measured_us"],
            gateway_synchronised=bool(row["gateway_synchronised"]),
        )
    return Docking(
        docking_id=row["docking_id"],
        source=row["source"],
        folder=row["folder"],
        device=row["device"],
        docked_us=UtcMicros(row["docked_us"]),
        until_us=UtcMicros(row["until_us"]),
        statement_sha256=row["statement_sha256"],
        clock=clock,
        battery_percent=row["battery_percent"],
        free_bytes=row["free_bytes"],
        total_bytes=row["total_bytes"],
    )
