"""Intake: scan the sources, land what is finished, report dockings. One thread; one file per step."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from edge.config import SourceConfig
from edge.contract.instants import MICROS_PER_HOUR, MICROS_PER_SECOND, UtcMicros
from edge.contract.messages import Events, GatewayEvent
from edge.contract.topics import UpKind
from edge.devices.folder import FolderScan, FoundFile, SourceMissingError, scan_folder
from edge.devices.statements import StatementUnreadableError, read_docking
from edge.domain.file_state import DiskLevel, ListedReason, disk_level
from edge.domain.path_text import wire_name
from edge.storage.journal import Journal, remember
from edge.storage.journal_errors import JournalBusyError, JournalFullError
from edge.storage.landing import (
    DiskUse,
    LandingArea,
    LandingDiskError,
    LandingStoppedError,
    NoSpaceError,
    SourceChangedError,
)
from edge.storage.outbox import Outbox
from edge.storage.reconcile import reconcile_landing
from edge.storage.register_copy import current_register, register_number
from edge.storage.seen_files import SeenFile, SeenState, find_seen_file, forget_files, put_seen_file
from edge.workers.docking_book import DockingBook, StandingDocking
from edge.workers.docking_reports import DockingReports
from edge.workers.landing_step import LandingStep, ToLand
from edge.workers.orphans import sight_orphans
from edge.workers.relisting import monitors_to_list
from edge.workers.source_watch import SourceWatch

log = structlog.get_logger(__name__)

STATE_KEY = "intake_state"
"""In the journal's small facts: `landing`, `waiting_for_space` or `landing_disk_failing`, for status."""
_TRY_AGAIN_US = 10 * MICROS_PER_SECOND
_RECONCILE_EVERY_US = MICROS_PER_HOUR


class IntakeWorker:
    """From the sources to the landing area."""

    def __init__(
        self,
        journal: Journal,
        outbox: Outbox,
        area: LandingArea,
        sources: Sequence[SourceConfig],
        *,
        synchronised: Callable[[], bool],
        warn_percent: float = 80.0,
        stop_percent: float = 95.0,
        disk_use: Callable[[], DiskUse] | None = None,
    ) -> None:
        self._journal, self._outbox, self._area = journal, outbox, area
        self._watches = [SourceWatch.of(config) for config in sources]
        self._synchronised = synchronised
        self._warn_percent, self._stop_percent = warn_percent, stop_percent
        self._disk_use = disk_use or area.disk_use
        self._landing = LandingStep(journal, outbox, area)
        self._reports = DockingReports(
            journal, outbox, lambda: {watch.config.name: watch.reading for watch in self._watches}
        )
        self._queue: deque[ToLand] = deque()
        self._state, self._level, self._blocked_until_us = "landing", DiskLevel.FINE, UtcMicros(0)
        self._has_left_some = False
        self._reconciled_us: UtcMicros | None = None
        self.wake = threading.Event()

    def step(self, now_us: UtcMicros) -> bool:
        """Land one file, or scan what is due. True: there is more to land, call again at once."""
        if self._reconciled_us is None or not 0 <= now_us - self._reconciled_us < _RECONCILE_EVERY_US:
            self._reconcile(now_us)
        if self._queue:
            self._land_next(now_us)
            return True
        if self._is_blocked(now_us):
            return False
        for watch in self._watches:
            if watch.is_due(now_us):
                watch.last_scan_us = now_us
                self._scan(watch, now_us)
        if not self._queue:
            self._sight_orphans(now_us)
            self._reports.report_finished(now_us)
        return bool(self._queue)

    # ------------------------------------------------------------------ at the start, and every hour between two files
    def _reconcile(self, now_us: UtcMicros) -> None:
        found = reconcile_landing(self._journal, self._area, now_us=now_us)
        self._reconciled_us = now_us
        log.info("landing_reconciled", removed_parts=found.removed_parts, adopted=len(found.adopted))
        with self._journal.transaction() as rows:
            remember(rows, STATE_KEY, self._state)
            for name in found.rejected:
                self._tell(rows, "landing_file_rejected", now_us, detail={"name": name})
            for clip_id in found.missing:
                again = "yes" if clip_id in found.fetching else "no"
                self._tell(rows, "landing_copy_missing", now_us, detail={"clip_id": clip_id, "fetched_again": again})

    def _sight_orphans(self, now_us: UtcMicros) -> None:
        with self._journal.transaction() as rows:
            for clip_id in sight_orphans(rows, now_us):
                self._tell(rows, "landing_copy_adopted", now_us, detail={"clip_id": clip_id})

    # ------------------------------------------------------------------ scan
    def _scan(self, watch: SourceWatch, now_us: UtcMicros) -> None:
        try:
            scan = scan_folder(watch.config.folder, without=self._area.folder.parent)
        except SourceMissingError as error:
            if not watch.is_missing:
                watch.is_missing = True
                log.warning("source_missing", source=watch.config.name, advice=str(error))
                with self._journal.transaction() as rows:
                    self._tell(rows, "source_missing", now_us, detail={"source": watch.config.name, "why": error.why})
            return
        watch.is_missing = False
        with self._journal.transaction() as rows:
            finished = watch.take_in(rows, scan, now_us)
            standing, waiting = self._docking_files(rows, watch, scan, now_us)
            book = DockingBook(watch.config.name, standing, self._synchronised)
            for known in standing.values():
                book.open_statement(rows, known, now_us, has_more_files=False)
            self._tell_unreadable_folders(rows, watch, scan, now_us)
            register = current_register(rows) if register_number(rows) else None
            for device in monitors_to_list(rows, register, watch, now_us):
                book.scan_docking(rows, device, now_us)
        ready = [file for file in finished if scan.docking_folder_of(file.folder) not in waiting]
        self._queue.extend(ToLand(watch, scan, book, file) for file in ready)

    def _docking_files(
        self, rows: sqlite3.Connection, watch: SourceWatch, scan: FolderScan, now_us: UtcMicros
    ) -> tuple[dict[str, StandingDocking], set[str]]:
        """Docking files that were read, and folders whose docking file is still being written."""
        standing: dict[str, StandingDocking] = {}
        waiting: set[str] = set()
        for folder, file in scan.docking_files.items():
            if not watch.rests(file, now_us):
                waiting.add(folder)
                continue
            try:
                standing[folder] = StandingDocking(folder, read_docking(Path(file.os_path), now_us=now_us))
                forget_files(rows, watch.config.name, [file.path])
            except StatementUnreadableError as error:
                self._list_docking_file(rows, watch, file, error.why, now_us)
        return standing, waiting

    def _list_docking_file(
        self, rows: sqlite3.Connection, watch: SourceWatch, file: FoundFile, why: str, now_us: UtcMicros
    ) -> None:
        before = find_seen_file(rows, watch.config.name, file.path)
        if before is not None and (before.size_bytes, before.modified_ns) == (file.size_bytes, file.modified_ns):
            return
        put_seen_file(
            rows,
            SeenFile(
                source=watch.config.name,
                path=file.path,
                size_bytes=file.size_bytes,
                modified_ns=file.modified_ns,
                state=SeenState.LISTED,
                rested_since_us=now_us,
                reason=ListedReason.DOCKING_UNREADABLE,
                docking_id=DockingBook(watch.config.name, {}, self._synchronised).scan_docking(rows, None, now_us),
            ),
        )
        self._tell(rows, "docking_unreadable", now_us, file=file, detail={"why": why[:500]})

    def _tell_unreadable_folders(
        self, rows: sqlite3.Connection, watch: SourceWatch, scan: FolderScan, now_us: UtcMicros
    ) -> None:
        for folder, why in scan.unreadable_folders.items():
            if folder not in watch.folders_told:
                detail = {"source": watch.config.name, "folder": wire_name(folder)[-500:], "why": why}
                self._tell(rows, "folder_unreadable", now_us, detail=detail)
        watch.folders_told = set(scan.unreadable_folders)

    # ------------------------------------------------------------------ land
    def _land_next(self, now_us: UtcMicros) -> None:
        job = self._queue.popleft()
        try:
            self._check_space(job.file.size_bytes, now_us)
            clip_id = self._landing.take(job, now_us)
        except LandingStoppedError:
            self._queue.clear()
        except SourceChangedError:
            log.info("file_changed_while_copied", source=job.watch.config.name, path=job.file.path)
        except NoSpaceError as error:
            self._has_left_some = True  # a smaller file behind it may fit
            self._enter("waiting_for_space", str(error), now_us)
        except JournalFullError as error:
            self._give_up_round("waiting_for_space", str(error), now_us)
        except LandingDiskError as error:
            self._give_up_round("landing_disk_failing", str(error), now_us)
        else:
            log.info("file_taken", source=job.watch.config.name, path=job.file.path, clip_id=clip_id)
        if not self._queue:
            self._end_round(now_us)

    def _check_space(self, more_bytes: int, now_us: UtcMicros) -> None:
        use = self._disk_use()
        level = disk_level(
            used_bytes=use.used_bytes,
            total_bytes=use.total_bytes,
            more_bytes=more_bytes,
            warn_percent=self._warn_percent,
            stop_percent=self._stop_percent,
        )
        if level is DiskLevel.STOP:
            raise NoSpaceError(folder=self._area.folder, needed_bytes=more_bytes)
        if level is not self._level:
            self._level = level
            if level is DiskLevel.LOW:
                detail = {"used_bytes": str(use.used_bytes), "total_bytes": str(use.total_bytes)}
                with self._journal.transaction() as rows:
                    self._tell(rows, "space_low", now_us, detail=detail)

    def _is_blocked(self, now_us: UtcMicros) -> bool:
        """Whether landing waits. Uploads go on, and give space back."""
        return self._state != "landing" and 0 <= self._blocked_until_us - now_us <= _TRY_AGAIN_US

    def _give_up_round(self, state: str, why: str, now_us: UtcMicros) -> None:
        """Everything queued rests in its source and is found again by a later scan."""
        self._queue.clear()
        self._has_left_some = True
        self._enter(state, why, now_us)

    def _end_round(self, now_us: UtcMicros) -> None:
        """All that was queued is dealt with; what found no space is tried again later."""
        if self._has_left_some:
            self._blocked_until_us = UtcMicros(now_us + _TRY_AGAIN_US)
        else:
            self._enter("landing", "", now_us)
        self._has_left_some = False

    def _enter(self, state: str, why: str, now_us: UtcMicros) -> None:
        if state == self._state:
            return
        log.warning("intake_state", state=state, before=self._state, why=why)
        code = state if state != "landing" else "landing_again"
        self._state = state
        try:
            with self._journal.transaction() as rows:
                remember(rows, STATE_KEY, state)
                self._tell(rows, code, now_us, detail={"why": why[:500]} if why else {})
        except (JournalFullError, JournalBusyError):
            log.warning("intake_state_not_kept", state=state)  # the disk has not even space for this row

    def _tell(
        self,
        rows: sqlite3.Connection,
        code: str,
        now_us: UtcMicros,
        *,
        file: FoundFile | None = None,
        detail: dict[str, str],
    ) -> None:
        name = None if file is None else wire_name(file.path)
        event = GatewayEvent(code=code, at=now_us, file_name=name, detail=detail)
        self._outbox.put(rows, UpKind.EVENTS, Events(events=(event,)), now_us)
