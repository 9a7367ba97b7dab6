"""How many contents each device brought and how many have their receipt, kept as they come: `status` counts nothing."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

_ALL, _DEVICE = "all", "device:"
_ADD = (
    "INSERT INTO tally VALUES (?, ?, ?) ON CONFLICT (scope) DO UPDATE SET"
    " clips = clips + excluded.clips, receipted = receipted + excluded.receipted"
)


@dataclass(frozen=True, slots=True)
class DeviceTally:
    """`device` None gathers what names no device. A content that two devices brought counts for both."""

    device: str | None
    clips: int
    receipted: int


def count_in_all(rows: sqlite3.Connection, *, clips: int = 0, receipted: int = 0) -> None:
    """Contents that are new, or newly receipted."""
    rows.execute(_ADD, (_ALL, clips, receipted))


def count_for_device(rows: sqlite3.Connection, device: str | None, *, clips: int = 0, receipted: int = 0) -> None:
    """The same for one device; with neither, the device is known from now on."""
    rows.execute(_ADD, (_DEVICE + (device or ""), clips, receipted))


def receipted_in_all(rows: sqlite3.Connection) -> int:
    """How many contents have their receipt."""
    row = rows.execute("SELECT receipted FROM tally WHERE scope = ?", (_ALL,)).fetchone()
    return 0 if row is None else int(row["receipted"])


def device_tallies(rows: sqlite3.Connection) -> list[DeviceTally]:
    """One for each device that ever was here, by name; what names no device comes last."""
    found = rows.execute(
        "SELECT substr(scope, 8) AS device, clips, receipted FROM tally WHERE scope >= 'device:' AND scope < 'device;'"
        " ORDER BY scope = 'device:', scope"
    )
    return [DeviceTally(row["device"] or None, row["clips"], row["receipted"]) for row in found]
