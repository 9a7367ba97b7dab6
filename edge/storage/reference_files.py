"""The commissioned views on disk: a folder for each monitor, a number for each act, nothing ever overwritten.

`references/HASH/000001.json` is the record and stands last: where it stands, its arrays (`.npz`) and its picture
(`.png`) stand. HASH is of the device's number, which is data and never a path.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from edge.domain.commissioned_view import (
    MAX_RECORD_BYTES,
    CommissionedView,
    read_record,
    record_bytes,
    record_sha256,
)
from edge.platform.durable import make_directory, write_durably

REFERENCES_NAME = "references"
_NUMBERED = re.compile(r"(?P<number>\d{6})\.(?P<kind>json|npz|png)(\.part)?")
_LOCK_NAME = "lock"


@dataclass(frozen=True, slots=True)
class StoredReference:
    """A record as it stands on the disk. `sha256`: the name that verdicts give it."""

    view: CommissionedView
    sha256: str
    record: Path

    @property
    def arrays(self) -> Path:
        """The gradients, for the worker that looks at pictures."""
        return arrays_of(self.record)

    @property
    def picture(self) -> Path:
        """The reference as a person looks at it."""
        return self.record.with_suffix(".png")


class ReferenceFiles:
    """The references of one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / REFERENCES_NAME

    def current(self, device: str) -> StoredReference | None:
        """The reference that holds for the device; None where none was commissioned. Raises RecordUnusableError."""
        records = self._records(self._home(device))
        return stored_reference(records[-1]) if records else None

    def in_force(self, device: str, at_us: int) -> StoredReference | None:
        """The reference that held for a recording closed at `at_us`: the newest commissioned by then, else the first.

        Footage may be older than the first commissioning: a gateway is set up days after the camera. A damaged record
        that was replaced by then holds nothing up. Raises RecordUnusableError.
        """
        first = None
        for record in reversed(self._records(self._home(device))):
            first = stored_reference(record)
            if first.view.commissioned <= at_us:
                break
        return first

    def history(self, device: str) -> list[StoredReference]:
        """All references the device had, oldest first. Raises RecordUnusableError."""
        return [stored_reference(record) for record in self._records(self._home(device))]

    def is_home_of(self, device: str, record: Path) -> bool:
        """Whether the record lies where those of the device belong."""
        return record.parent == self._home(device)

    def all_current(self) -> list[StoredReference]:
        """The reference of every device, by device. Raises RecordUnusableError."""
        if not self._folder.is_dir():
            return []
        newest = [records[-1] for home in self._folder.iterdir() if home.is_dir() and (records := self._records(home))]
        return sorted(map(stored_reference, newest), key=lambda stored: stored.view.device)

    def acts(self) -> Iterator[tuple[str, int, Path]]:
        """(folder's name, number, record) of every act, oldest first within a folder."""
        if not self._folder.is_dir():
            return
        for home in sorted(path for path in self._folder.iterdir() if path.is_dir()):
            for record in self._records(home):
                yield home.name, int(record.stem), record

    def keep(
        self,
        device: str,
        view_of: Callable[[int, StoredReference | None], CommissionedView],
        *,
        arrays: bytes,
        picture: bytes,
    ) -> StoredReference:
        """Keep a new reference durably; `view_of` gives its record for the number and the reference before it.

        Raises RecordUnusableError where the one before cannot be read: history is not built on a gap.
        """
        home = self._home(device)
        make_directory(home)
        with _locked(home / _LOCK_NAME):
            taken = [int(match["number"]) for path in home.iterdir() if (match := _NUMBERED.fullmatch(path.name))]
            number = max(taken, default=0) + 1
            record = home / f"{number:06d}.json"
            kept = record_bytes(view_of(number, self.current(device)))
            try:
                write_durably(arrays_of(record), arrays)
                write_durably(record.with_suffix(".png"), picture)
                write_durably(record, kept)
            except OSError:
                _drop_torn(record)
                raise
        return stored_reference(record)

    def _home(self, device: str) -> Path:
        return self._folder / hashlib.sha256(device.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def _records(self, home: Path) -> list[Path]:
        if not home.is_dir():
            return []
        return sorted(path for path in home.glob("*.json") if _NUMBERED.fullmatch(path.name))


def _drop_torn(record: Path) -> None:
    """Remove what an act that failed left: on a full disk each further try would leave more. Where its record stands,
    everything stays.
    """
    if not record.exists():
        for path in record.parent.glob(f"{record.stem}.*"):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def arrays_of(record: Path) -> Path:
    """Where the arrays of a record stand."""
    return record.with_suffix(".npz")


def stored_reference(record: Path) -> StoredReference:
    """The reference in a record's file. Raises RecordUnusableError, or OSError where it cannot be read."""
    with record.open("rb") as file:
        kept = file.read(MAX_RECORD_BYTES + 1)
    return StoredReference(read_record(kept, name=str(record)), record_sha256(kept), record)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two persons at two terminals take turns; the lock goes with its process."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
