"""One watched folder from scan to scan: what is new, what changed, what rests long enough, what is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from edge.config import SourceConfig
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from edge.devices.folder import FolderScan, FoundFile
from edge.domain.file_state import ListedReason, Signature, has_rested, is_due_again, rested_since
from edge.storage.seen_files import SeenFile, SeenState, files_of_source, forget_files, put_seen_file
from edge.workers.clip_facts import SourceReading


@dataclass(slots=True)
class SourceWatch:
    """What is remembered of a source between scans; a restart only begins the wait for rest anew."""

    config: SourceConfig
    reading: SourceReading
    last_scan_us: UtcMicros | None = None
    is_missing: bool = False
    folders_told: set[str] = field(default_factory=set)
    _rest: dict[str, tuple[Signature, UtcMicros]] = field(default_factory=dict)

    @staticmethod
    def of(config: SourceConfig) -> SourceWatch:
        """A source not scanned yet."""
        return SourceWatch(config, SourceReading.of(config))

    def is_due(self, now_us: UtcMicros) -> bool:
        """Whether it is time for a scan; at once after the clock was set back."""
        if self.last_scan_us is None or now_us < self.last_scan_us:
            return True
        return now_us - self.last_scan_us >= self.config.scan_interval_s * MICROS_PER_SECOND

    def rests(self, file: FoundFile, now_us: UtcMicros) -> bool:
        """Whether the file has not changed for `rest_s`."""
        before, since_us = self._rest.get(file.path, (None, None))
        since_us = rested_since(now_us, signature=file.signature, before=before, since_us=since_us)
        self._rest[file.path] = file.signature, since_us
        return has_rested(now_us, since_us, rest_s=self.config.rest_s)

    def take_in(self, rows: sqlite3.Connection, scan: FolderScan, now_us: UtcMicros) -> list[FoundFile]:
        """Bring the rows up to what the scan showed; returns the files that are finished and not dealt with."""
        known = files_of_source(rows, self.config.name)
        self._forget_gone(rows, scan, known)
        finished = [file for file in scan.files.values() if self._is_to_be_taken(rows, file, scan, known, now_us)]
        return sorted(finished, key=lambda file: (file.modified_ns, file.path))

    def _is_to_be_taken(
        self, rows: sqlite3.Connection, file: FoundFile, scan: FolderScan, known: dict[str, SeenFile], now_us: UtcMicros
    ) -> bool:
        seen = known.get(file.path)
        if seen is None or (seen.size_bytes, seen.modified_ns) != (file.size_bytes, file.modified_ns):
            seen = self._resting(file, seen, now_us)
            put_seen_file(rows, seen)
        match seen.state:
            case SeenState.RESTING:
                return self.rests(file, now_us)
            case SeenState.LISTED:
                return seen.reason == ListedReason.UNREADABLE and is_due_again(now_us, seen.rested_since_us)
            case SeenState.LANDED:
                beside = scan.beside(file)  # a statement that went away takes back nothing
                return seen.beside is not None and beside not in {"", seen.beside} and self.rests(file, now_us)

    def _resting(self, file: FoundFile, before: SeenFile | None, now_us: UtcMicros) -> SeenFile:
        row = SeenFile(
            source=self.config.name,
            path=file.path,
            size_bytes=file.size_bytes,
            modified_ns=file.modified_ns,
            state=SeenState.RESTING,
            rested_since_us=now_us,
        )
        return row if before is None else replace(row, generation=before.generation, clip_id=before.clip_id)

    def _forget_gone(self, rows: sqlite3.Connection, scan: FolderScan, known: Iterable[str]) -> None:
        described = {file.path for file in scan.docking_files.values()} | scan.sidecar_paths
        gone = [
            path
            for path in known
            if path not in scan.files and path not in described and not _is_hidden(path, scan.unreadable_folders)
        ]
        forget_files(rows, self.config.name, gone)
        for path in self._rest.keys() - scan.files.keys() - described:
            del self._rest[path]


def _is_hidden(path: str, unreadable_folders: Iterable[str]) -> bool:
    """Whether the scan could not look where the file was; then nothing is known of it."""
    return any(path.startswith(folder + "/") for folder in unreadable_folders)
