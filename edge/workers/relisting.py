"""Monitors stay where they are: their list of files is reported again now and then, so that silence becomes a fact."""

from __future__ import annotations

import sqlite3

from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from edge.contract.messages import Register
from edge.storage.dockings import last_scan_docking_us
from edge.storage.seen_files import shows_files_of
from edge.workers.source_watch import SourceWatch


def monitors_to_list(
    rows: sqlite3.Connection, register: Register | None, watch: SourceWatch, now_us: UtcMicros
) -> list[str]:
    """Monitors of the register that this source listed before, last longer ago than `list_interval_s`.

    Only where files of the monitor still lie there: a folder whose disk is gone is empty, and its silence says nothing.
    """
    if register is None:
        return []
    monitors = sorted(entry.device for entry in register.devices if entry.kind == "monitor")
    interval_us = watch.config.list_interval_s * MICROS_PER_SECOND
    return [
        device
        for device in monitors
        if (last_us := last_scan_docking_us(rows, watch.config.name, device)) is not None
        and now_us - last_us >= interval_us
        and shows_files_of(rows, watch.config.name, device)
    ]
