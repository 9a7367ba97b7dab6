"""The newest time the server signed, kept so that a clock that lost its own is noticed at the next start."""

from __future__ import annotations

import sqlite3

from edge.contract.instants import MICROS_PER_HOUR
from edge.storage.journal import remember, remembered

_KEY = "newest_server_time_us"


def newest_server_time_us(rows: sqlite3.Connection) -> int:
    """0 where none was kept."""
    kept = remembered(rows, _KEY)
    return 0 if kept is None else int(kept)


def keep_server_time(rows: sqlite3.Connection, server_us: int) -> None:
    """In the caller's transaction; an hour more or less makes no difference, and a write for each word would."""
    if server_us > newest_server_time_us(rows) + MICROS_PER_HOUR:
        remember(rows, _KEY, str(server_us))
