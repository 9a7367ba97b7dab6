"""Which docking a file belongs to: that of the docking file above it, else of the scan that showed it."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge.contract.instants import UtcMicros
from edge.devices.folder import FolderScan, FoundFile
from edge.devices.statements import DockingStatement, ReadDocking
from edge.domain.start_time import EARLIEST_NOW_US
from edge.storage.dockings import (
    Docking,
    add_docking,
    docking_of_statement,
    is_reported,
    open_scan_docking,
    prolong,
)


def new_docking_id() -> str:
    """An id in the form of a TopicId."""
    return f"dock-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True)
class StandingDocking:
    """A docking file that was read: the folder it describes and what it says."""

    folder: str
    read: ReadDocking


class DockingBook:
    """The dockings of one source in one scan."""

    def __init__(self, source: str, standing: dict[str, StandingDocking], synchronised: Callable[[], bool]) -> None:
        self._source, self._standing, self._synchronised = source, standing, synchronised

    def stated_device(self, file: FoundFile, scan: FolderScan) -> str | None:
        """The device that the docking file above the file names."""
        standing = self._above(file, scan)
        return None if standing is None else standing.read.statement.device

    def speaks_of(self, file: FoundFile, scan: FolderScan, *, landed_us: UtcMicros, docking: Docking) -> bool:
        """Whether the docking file above the file is another text than the one its docking was read from, and speaks of
        the meeting in which it landed: it came or was corrected later. One whose docking began after that is the next.
        """
        standing = self._above(file, scan)
        if standing is None or standing.read.sha256 == docking.statement_sha256:
            return False
        return standing.read.statement.docked <= landed_us

    def docking_of(
        self, rows: sqlite3.Connection, file: FoundFile, scan: FolderScan, device: str | None, now_us: UtcMicros
    ) -> str:
        """The id of the file's docking, made if this file is the first of it."""
        standing = self._above(file, scan)
        if standing is None:
            return self.scan_docking(rows, device, now_us)
        return self.open_statement(rows, standing, now_us, has_more_files=True)

    def open_statement(
        self, rows: sqlite3.Connection, standing: StandingDocking, now_us: UtcMicros, *, has_more_files: bool
    ) -> str:
        """The docking that a docking file describes. Files that come after its list was reported open a new list."""
        before = docking_of_statement(rows, self._source, standing.folder, standing.read.sha256)
        statement = standing.read.statement
        docked_us, until_us = _not_ahead(statement, now_us)
        if before is not None and not (has_more_files and is_reported(rows, before.docking_id)):
            if statement.until is None and has_more_files:
                prolong(rows, before.docking_id, until_us)
            return before.docking_id
        if before is not None:
            docking = replace(before, docking_id=new_docking_id(), until_us=max(before.until_us, until_us))
        else:
            docking = Docking(
                docking_id=new_docking_id(),
                source=self._source,
                folder=standing.folder,
                device=statement.device,
                docked_us=docked_us,
                until_us=until_us,
                statement_sha256=standing.read.sha256,
                clock=statement.clock(gateway_synchronised=self._synchronised()),
                battery_percent=statement.battery_percent,
                free_bytes=statement.free_bytes,
                total_bytes=statement.total_bytes,
            )
        add_docking(rows, docking)
        return docking.docking_id

    def scan_docking(self, rows: sqlite3.Connection, device: str | None, now_us: UtcMicros) -> str:
        """The docking by scan of that device in this source that is still open, else a new one."""
        before = open_scan_docking(rows, self._source, device)
        if before is not None:
            prolong(rows, before.docking_id, now_us)
            return before.docking_id
        docking = Docking(
            docking_id=new_docking_id(),
            source=self._source,
            folder="",
            device=device,
            docked_us=now_us,
            until_us=now_us,
        )
        add_docking(rows, docking)
        return docking.docking_id

    def _above(self, file: FoundFile, scan: FolderScan) -> StandingDocking | None:
        folder = scan.docking_folder_of(file.folder)
        return None if folder is None else self._standing.get(folder)


def _not_ahead(statement: DockingStatement, now_us: UtcMicros) -> tuple[UtcMicros, UtcMicros]:
    """From when and until when; where the dock's clock is a little ahead, the gateway's counts, for what lies ahead
    is not known yet. A gateway that lost its clock believes the dock.
    """
    until_us = statement.until if statement.until is not None else max(now_us, statement.docked)
    if now_us < EARLIEST_NOW_US:
        return statement.docked, until_us
    return UtcMicros(min(statement.docked, now_us)), UtcMicros(min(until_us, now_us))
