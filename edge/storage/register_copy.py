"""The newest register the server signed for this gateway, with its signature."""

from __future__ import annotations

import sqlite3

from edge.contract.dsse import read_envelope
from edge.contract.events import CloudEvent
from edge.contract.instants import UtcMicros
from edge.contract.messages import Register


def keep_register(rows: sqlite3.Connection, register: Register, envelope: bytes, now_us: UtcMicros) -> bool:
    """Keep a verified register if its number is higher than that of the one held. False: it is old, nothing changed.

    `envelope` are the signed bytes as they came.
    """
    if register.number <= register_number(rows):
        return False
    rows.execute("DELETE FROM register_copy")
    rows.execute("INSERT INTO register_copy VALUES (?, ?, ?)", (register.number, envelope, now_us))
    return True


def register_number(rows: sqlite3.Connection) -> int:
    """The number of the register held; 0 where there is none."""
    (number,) = rows.execute("SELECT coalesce(max(number), 0) FROM register_copy").fetchone()
    return int(number)


def current_register(rows: sqlite3.Connection) -> Register | None:
    """The register held. It was verified before it was kept."""
    row = rows.execute("SELECT envelope FROM register_copy ORDER BY number DESC LIMIT 1").fetchone()
    if row is None:
        return None
    event = CloudEvent.model_validate_json(read_envelope(row[0]).payload)
    return Register.model_validate(event.data)
