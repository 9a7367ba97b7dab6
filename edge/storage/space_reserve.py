"""A few megabytes kept aside for the day the disk is full: given up, they let the journal go on, and copies go.

Without it a full disk would hold itself full: what could be dropped needs a row first, and no row finds space.
"""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

RESERVE_NAME = "space-reserve"
RESERVE_BYTES = 8 * 1024 * 1024
"""Room for the journal's log between two checkpoints (4 MiB) and as much again. House rule."""
_PLENTY = 8
"""Taken only where this many times as much is free, so that it is not taken back as soon as it was given up."""


class SpaceReserve:
    """One file of that size in the data folder, whose content says nothing."""

    def __init__(self, data_dir: Path, *, size_bytes: int = RESERVE_BYTES) -> None:
        self._path, self._size_bytes = data_dir / RESERVE_NAME, size_bytes
        self._lock = threading.Lock()

    def hold(self) -> bool:
        """Take the space where there is plenty. True: it is held now."""
        with self._lock:
            if self._path.exists():
                return True
            if shutil.disk_usage(self._path.parent).free < _PLENTY * self._size_bytes:
                return False
            try:
                self._allocate()
            except OSError as error:  # somebody was quicker, or this file system cannot promise space: go on without
                log.info("space_reserve_not_held", why=error.strerror)
                with suppress(OSError):
                    self._path.unlink()
                return False
            return True

    def _allocate(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._size_bytes)
        finally:
            os.close(descriptor)

    def give_up(self) -> bool:
        """Give the space back. True: there was some to give."""
        with self._lock:
            try:
                self._path.unlink()
            except FileNotFoundError:
                return False
            return True
