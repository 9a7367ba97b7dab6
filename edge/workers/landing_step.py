"""One finished file of a source: listed with the reason, or landed with its rows in one transaction."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from edge.contract.instants import UtcMicros
from edge.contract.messages import Events, GatewayEvent
from edge.contract.topics import UpKind
from edge.devices.folder import FolderScan, FoundFile
from edge.devices.statements import StatementUnreadableError, read_bounded
from edge.domain.file_state import ListedReason, modified_instant
from edge.domain.media_kind import HEAD_BYTES, container_of_name, is_medium
from edge.domain.path_text import wire_name
from edge.storage.contents import ContentState, add_content, content_of_size_is_known, find_content
from edge.storage.dockings import find_docking
from edge.storage.journal import Journal
from edge.storage.landing import LandingArea, Read, SourceUnreadableError, head_of_source
from edge.storage.outbox import Outbox
from edge.storage.seen_files import SeenFile, SeenState, find_seen_file, forget_files, put_seen_file
from edge.storage.sightings import SightingRow, add_sighting, last_sighting_of
from edge.workers.clip_facts import SidecarWords, sidecar_words
from edge.workers.docking_book import DockingBook
from edge.workers.source_watch import SourceWatch


@dataclass(frozen=True, slots=True)
class ToLand:
    """A finished file with what the scan knew around it."""

    watch: SourceWatch
    scan: FolderScan
    book: DockingBook
    file: FoundFile


class LandingStep:
    """Lands or lists; raises what stops all landing: NoSpaceError, LandingDiskError, JournalFullError."""

    def __init__(self, journal: Journal, outbox: Outbox, area: LandingArea) -> None:
        self._journal, self._outbox, self._area = journal, outbox, area

    def take(self, job: ToLand, now_us: UtcMicros) -> str | None:
        """The clip id where the file landed, None where it is listed. Raises SourceChangedError: it waits."""
        file = job.file
        try:
            reason = _reason_to_list(file)
            if reason is None:
                sidecar, words = _sidecar(file)
                read = self._read(job)
                self._write_rows(job, read, sidecar, words, now_us)
                return read.clip_id
            self._list(job, reason, now_us)
        except SourceUnreadableError as error:
            self._list(job, ListedReason.UNREADABLE, now_us, why=error.why)
        return None

    def _read(self, job: ToLand) -> Read:
        """Verified in the landing area, or known to be there or at the server already."""
        file, source = job.file, Path(job.file.os_path)
        with self._journal.transaction() as rows:
            landed = _landed_as_it_is(rows, job)
            if landed is not None:
                return landed
            may_be_known = content_of_size_is_known(rows, file.size_bytes)
        if may_be_known:
            read = self._area.hash_source(source, size_bytes=file.size_bytes, modified_ns=file.modified_ns)
            with self._journal.transaction() as rows:
                content = find_content(rows, read.clip_id)
            if content is not None and (content.landing_name or content.state is ContentState.RECEIPTED):
                return read
        return self._area.copy_in(source, size_bytes=file.size_bytes, modified_ns=file.modified_ns)

    def _write_rows(
        self, job: ToLand, read: Read, sidecar: bytes | None, words: SidecarWords, now_us: UtcMicros
    ) -> None:
        file, source = job.file, job.watch.config.name
        device = self._device(job, words)
        with self._journal.transaction() as rows:
            content = find_content(rows, read.clip_id)
            is_held = content is not None and content.state is ContentState.RECEIPTED
            add_content(
                rows,
                clip_id=read.clip_id,
                sha256=read.sha256,
                size_bytes=read.size_bytes,
                landing_name=None if is_held else read.clip_id,
                flagged=words.words is not None and words.words.flagged,
                now_us=now_us,
            )
            last = last_sighting_of(rows, source, file.path)
            seen = find_seen_file(rows, source, file.path)
            is_new = _is_new_meeting(rows, job, seen, last, read.clip_id, sidecar)
            docking_id = seen.docking_id if seen is not None and not is_new else None
            if docking_id is None:
                docking_id = job.book.docking_of(rows, file, job.scan, device, now_us)
            generation = 1 if last is None else last.generation + int(is_new)
            if is_new:
                add_sighting(rows, _sighting(job, read, docking_id, device, generation, sidecar, now_us))
            put_seen_file(
                rows,
                _settled(
                    job, SeenState.LANDED, now_us, generation=generation, clip_id=read.clip_id, docking_id=docking_id
                ),
            )
            if seen is not None and seen.clip_id is not None and seen.clip_id != read.clip_id:
                detail = {"before": seen.clip_id, "now": read.clip_id}
                self._tell(rows, "grew_after_landing", file, device, detail, now_us)
            if file.sidecar is not None and words.fault is not None:
                self._list_sidecar(rows, job, file.sidecar, docking_id, words.fault, now_us)
            elif file.sidecar is not None:
                forget_files(rows, source, [file.sidecar.path])  # listed before it was corrected

    def _list(self, job: ToLand, reason: ListedReason, now_us: UtcMicros, *, why: str = "") -> None:
        file = job.file
        device = job.book.stated_device(file, job.scan) or job.watch.reading.name_facts(file.name).device
        with self._journal.transaction() as rows:
            before = find_seen_file(rows, job.watch.config.name, file.path)
            docking_id = before.docking_id if before is not None and before.reason == reason else None
            if docking_id is None:
                docking_id = job.book.docking_of(rows, file, job.scan, device, now_us)
            put_seen_file(
                rows,
                _settled(
                    job,
                    SeenState.LISTED,
                    now_us,
                    generation=1 if before is None else before.generation,
                    reason=reason,
                    docking_id=docking_id,
                ),
            )
            if reason is ListedReason.UNREADABLE and (before is None or before.reason != reason):
                self._tell(rows, "file_unreadable", file, device, {"why": why[:500]}, now_us)

    def _list_sidecar(
        self, rows: sqlite3.Connection, job: ToLand, sidecar: FoundFile, docking_id: str, why: str, now_us: UtcMicros
    ) -> None:
        before = find_seen_file(rows, job.watch.config.name, sidecar.path)
        if before is not None and (before.size_bytes, before.modified_ns) == (sidecar.size_bytes, sidecar.modified_ns):
            return
        row = _settled(replace(job, file=sidecar), SeenState.LISTED, now_us, docking_id=docking_id)
        put_seen_file(rows, replace(row, reason=ListedReason.SIDECAR_UNREADABLE))
        self._tell(rows, "sidecar_unreadable", sidecar, None, {"why": why[:500]}, now_us)

    def _device(self, job: ToLand, words: SidecarWords) -> str | None:
        if words.words is not None and words.words.device is not None:
            return words.words.device
        stated = job.book.stated_device(job.file, job.scan)
        return stated or job.watch.reading.name_facts(job.file.name).device

    def _tell(
        self,
        rows: sqlite3.Connection,
        code: str,
        file: FoundFile,
        device: str | None,
        detail: dict[str, str],
        now_us: UtcMicros,
    ) -> None:
        event = GatewayEvent(code=code, at=now_us, device=device, file_name=wire_name(file.path), detail=detail)
        self._outbox.put(rows, UpKind.EVENTS, Events(events=(event,)), now_us)


def _landed_as_it_is(rows: sqlite3.Connection, job: ToLand) -> Read | None:
    """The content of a file that landed, has not changed since, and is here or at the server: only what speaks about it
    is to be read again.
    """
    seen = find_seen_file(rows, job.watch.config.name, job.file.path)
    if seen is None or seen.state is not SeenState.LANDED or seen.clip_id is None:
        return None
    if (seen.size_bytes, seen.modified_ns) != (job.file.size_bytes, job.file.modified_ns):
        return None
    content = find_content(rows, seen.clip_id)
    if content is None or not (content.landing_name or content.state is ContentState.RECEIPTED):
        return None
    return Read(content.sha256, content.size_bytes)


def _is_new_meeting(
    rows: sqlite3.Connection,
    job: ToLand,
    seen: SeenFile | None,
    last: SightingRow | None,
    clip_id: str,
    sidecar: bytes | None,
) -> bool:
    """Whether there is something to be told of: another content, or the same of which a later or corrected statement
    speaks. What was said of it before stays on record beside it.
    """
    if seen is None or last is None or seen.clip_id != clip_id or last.clip_id != clip_id:
        return True
    if sidecar is not None and sidecar != last.sidecar:
        return True
    docking = find_docking(rows, last.docking_id)
    return docking is not None and job.book.speaks_of(job.file, job.scan, landed_us=last.seen_us, docking=docking)


def _reason_to_list(file: FoundFile) -> ListedReason | None:
    if not file.is_regular:
        return ListedReason.NOT_A_FILE
    if container_of_name(file.name) is not None:
        return None  # landed whatever is in it
    return None if is_medium(file.name, head_of_source(Path(file.os_path), HEAD_BYTES)) else ListedReason.NOT_MEDIA


def _sidecar(file: FoundFile) -> tuple[bytes | None, SidecarWords]:
    if file.sidecar is None:
        return None, SidecarWords()
    try:
        data = read_bounded(Path(file.sidecar.os_path))
    except StatementUnreadableError as error:
        return None, SidecarWords(fault=error.why)
    return data, sidecar_words(data, name=file.sidecar.name)


def _sighting(
    job: ToLand,
    read: Read,
    docking_id: str,
    device: str | None,
    generation: int,
    sidecar: bytes | None,
    now_us: UtcMicros,
) -> SightingRow:
    return SightingRow(
        sighting_id=f"sight-{secrets.token_hex(8)}",
        clip_id=read.clip_id,
        docking_id=docking_id,
        device=device,
        file_name=job.file.name,
        path=job.file.path,
        source=job.watch.config.name,
        seen_us=now_us,
        modified_us=modified_instant(job.file.modified_ns),
        generation=generation,
        sidecar=sidecar,
    )


def _settled(
    job: ToLand,
    state: SeenState,
    now_us: UtcMicros,
    *,
    docking_id: str,
    generation: int = 1,
    reason: str | None = None,
    clip_id: str | None = None,
) -> SeenFile:
    return SeenFile(
        source=job.watch.config.name,
        path=job.file.path,
        size_bytes=job.file.size_bytes,
        modified_ns=job.file.modified_ns,
        state=state,
        rested_since_us=now_us,
        beside=job.scan.beside(job.file),
        generation=generation,
        reason=reason,
        clip_id=clip_id,
        docking_id=docking_id,
    )
