"""Which commissioned views cannot be used, and why: a record and its arrays must be read for years."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.contract.sentences import sentence
from edge.domain.commissioned_view import RecordUnusableError
from edge.platform.durable import sha256_of_file
from edge.platform.faults import os_reason
from edge.storage.reference_files import ReferenceFiles, StoredReference, arrays_of, stored_reference

_OTHERS = sentence("reference_arrays_others", "its pictures are not those of its record")


@dataclass(frozen=True, slots=True)
class UnusableReference:
    """A record that cannot be used. `device` None: no other record of its folder says whose it is."""

    folder: str
    number: int
    record: Path
    device: str | None
    why: str


class ReferenceHealth:
    """Looks at every record and its arrays; what did not change since the last look is not read again."""

    def __init__(self, files: ReferenceFiles) -> None:
        self._files = files
        self._known: dict[Path, tuple[object, StoredReference | None, str]] = {}

    def unusable(self) -> list[UnusableReference]:
        """All of them, in the order of their folders and numbers."""
        devices: dict[str, str] = {}
        found: list[tuple[str, int, Path, str]] = []
        for folder, number, record in self._files.acts():
            stored, why = self._looked(record)
            if stored is not None:
                devices[folder] = stored.view.device
            if why:
                found.append((folder, number, record, why))
        return [
            UnusableReference(folder, number, record, devices.get(folder), why) for folder, number, record, why in found
        ]

    def _looked(self, record: Path) -> tuple[StoredReference | None, str]:
        state = tuple(_states(record, arrays_of(record)))
        before = self._known.get(record)
        if before is None or before[0] != state:
            before = (state, *self._read(record))
            self._known[record] = before
        return before[1], before[2]

    def _read(self, record: Path) -> tuple[StoredReference | None, str]:
        try:
            stored = stored_reference(record)
            if not self._files.is_home_of(stored.view.device, record):
                return None, sentence(
                    "reference_misplaced", "it is the record of another monitor, {device}", device=stored.view.device
                )
            sha256, _ = sha256_of_file(stored.arrays)
        except RecordUnusableError as error:
            return None, error.why
        except OSError as error:
            return None, sentence("cannot_be_read", "cannot be read ({why})", why=os_reason(error))
        return stored, "" if sha256 == stored.view.arrays_sha256 else _OTHERS


def _states(*paths: Path) -> Iterator[object]:
    for path in paths:
        try:
            status = path.stat()
            yield status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        except OSError as error:
            yield error.errno
