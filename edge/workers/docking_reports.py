"""Puts the file list of a docking into the outbox once everything in it is dealt with and inspected."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from edge.contract.messages import MAX_FILES_PER_REPORT, DockingReport, ListedFile, Report
from edge.contract.topics import UpKind
from edge.domain.file_state import ListedReason, modified_instant
from edge.domain.path_text import wire_name
from edge.domain.start_time import stated_by_name
from edge.storage.dockings import SCAN, Docking, mark_reported, unreported_dockings
from edge.storage.journal import Journal
from edge.storage.outbox import Outbox
from edge.storage.seen_files import SeenFile, SeenState, files_of_docking, resting_files
from edge.storage.sightings import is_inspected
from edge.workers.clip_facts import SourceReading

LONGEST_WAIT_US = 600 * MICROS_PER_SECOND
"""A file that keeps changing holds a docking's list back no longer than this. House rule."""
_PART_BYTES = 400_000


class DockingReports:
    """Called by the intake alone, when it has nothing to land."""

    def __init__(self, journal: Journal, outbox: Outbox, readings: Callable[[], Mapping[str, SourceReading]]) -> None:
        self._journal, self._outbox, self._readings = journal, outbox, readings
        self._waiting_since_us: dict[str, UtcMicros] = {}

    def report_finished(self, now_us: UtcMicros) -> int:
        """How many dockings were put into the outbox."""
        count = 0
        with self._journal.transaction() as rows:
            waiting = unreported_dockings(rows)
        for docking in waiting:
            with self._journal.transaction() as rows:
                if is_inspected(rows, docking.docking_id):
                    count += self._report(rows, docking, now_us)
        return count

    def _report(self, rows: sqlite3.Connection, docking: Docking, now_us: UtcMicros) -> bool:
        changing = resting_files(rows, docking.source, docking.folder)
        if docking.statement_sha256 == SCAN:
            changing, docking = self._known_until(changing, docking)
        since_us = self._waiting_since_us.setdefault(docking.docking_id, now_us)
        if changing and 0 <= now_us - since_us < LONGEST_WAIT_US:
            return False
        self._waiting_since_us.pop(docking.docking_id, None)
        listed = [_listed(file) for file in files_of_docking(rows, docking.docking_id)]
        listed += [_still_changing(_listed(file)) for file in changing]
        parts = _parts(listed)
        for number, files in enumerate(parts, start=1):
            report = DockingReport(
                docking_id=docking.docking_id,
                device=docking.device,
                docked=min(docking.docked_us, docking.until_us),
                until=docking.until_us,
                source=docking.source,
                files=files,
                part=number,
                parts=len(parts),
                clock=docking.clock,
                battery_percent=docking.battery_percent,
                free_bytes=docking.free_bytes,
                total_bytes=docking.total_bytes,
            )
            self._outbox.put(rows, UpKind.REPORT, Report(content=report), now_us)
        mark_reported(rows, docking.docking_id, until_us=docking.until_us)
        return True

    def _known_until(self, changing: list[SeenFile], docking: Docking) -> tuple[list[SeenFile], Docking]:
        """A scan shows everything of a device up to the start of the file it is still writing.

        Returns the files whose start is not known, which must be waited for, and the docking cut to what is known.
        """
        reading = self._readings().get(docking.source)
        waited_for: list[SeenFile] = []
        until_us = docking.until_us
        for file in changing:
            facts = None if reading is None else reading.name_facts(file.path.rpartition("/")[2])
            if facts is None or facts.device != docking.device:
                continue
            if facts.start is None or reading is None:
                waited_for.append(file)
            else:
                until_us = min(until_us, stated_by_name(facts.start, ZoneInfo(reading.time_zone)).start)
        return waited_for, replace(docking, until_us=until_us)


def _still_changing(file: ListedFile) -> ListedFile:
    """The file as one that is still written and did not land."""
    return file.model_copy(update={"clip_id": None, "reason": ListedReason.STILL_CHANGING.value})


def _listed(file: SeenFile) -> ListedFile:
    return ListedFile(
        name=wire_name(file.path),
        size_bytes=file.size_bytes,
        modified=modified_instant(file.modified_ns),
        clip_id=file.clip_id if file.state is SeenState.LANDED else None,
        reason=file.reason,
    )


def _parts(files: list[ListedFile]) -> list[tuple[ListedFile, ...]]:
    """At most 500 files and 400 kB each; one empty part where there is no file."""
    parts: list[tuple[ListedFile, ...]] = []
    part: list[ListedFile] = []
    part_bytes = 0
    for file in files:
        length = len(file.model_dump_json().encode())
        if part and (len(part) >= MAX_FILES_PER_REPORT or part_bytes + length > _PART_BYTES):
            parts.append(tuple(part))
            part, part_bytes = [], 0
        part.append(file)
        part_bytes += length
    return [*parts, tuple(part)]
