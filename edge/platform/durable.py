"""Files that survive a power cut: written to a temporary name, fsync, rename, fsync of the directory.

An fsync error is never retried on the same descriptor (the kernel may already have dropped the pages): it is raised,
and the caller writes again from the source or stops. Source: PostgreSQL wiki, Fsync Errors.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

TEMPORARY_SUFFIX = ".part"
_READ_BYTES = 1 << 20
_SYNC_FILE_RANGE_WRITE = 2


def fsync_directory(directory: Path) -> None:
    """Make the names in `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(directory: Path, *, mode: int = 0o700) -> None:
    """Create `directory` and its parents, each name durable. Existing ones are left as they are."""
    missing = []
    while not directory.exists():
        missing.append(directory)
        directory = directory.parent
    for path in reversed(missing):
        path.mkdir(mode=mode, exist_ok=True)
        fsync_directory(path.parent)


@contextmanager
def durable_file(final: Path, *, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Open a file that stands under `final`, durably, once the block ends; on an error nothing stands there.

    The temporary name lies beside the final one; a left-over of a dead process is overwritten.
    """
    temporary = final.with_name(final.name + TEMPORARY_SUFFIX)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(final)  # the system names no file where a write or fsync fails; a person needs it
        raise
    temporary.rename(final)
    fsync_directory(final.parent)


def write_durably(final: Path, data: bytes, *, mode: int = 0o600) -> None:
    """`data` stands under `final` and survives a power cut when this returns."""
    with durable_file(final, mode=mode) as file:
        file.write(data)


def begin_writing_out(descriptor: int, offset: int, size_bytes: int) -> None:
    """Let the disk work on these bytes at once, so that a later fsync has little left to wait for. It promises nothing.

    Without its waiting flags the call reports no error and so keeps none from that fsync. Source: sync_file_range(2).
    """
    begin = _sync_file_range()
    if begin is not None:
        begin(descriptor, offset, size_bytes, _SYNC_FILE_RANGE_WRITE)


@cache
def _sync_file_range() -> Callable[[int, int, int, int], int] | None:
    """The call of the C library; None where it has none."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "sync_file_range"):
        return None
    library.sync_file_range.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    begin: Callable[[int, int, int, int], int] = library.sync_file_range
    return begin


def remove_durably(path: Path) -> None:
    """Remove a file if it is there; the removal survives a power cut."""
    path.unlink(missing_ok=True)
    fsync_directory(path.parent)


def sha256_of_file(path: Path, on_bytes: Callable[[int], None] = lambda _bytes: None) -> tuple[str, int]:
    """SHA-256 (lower-case hex) and size in bytes of what is on the disk, the page cache of the file dropped first.

    `on_bytes` is told how many bytes were read just now; it may wait, and so hold the reading to a rate.
    """
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while block := file.read(_READ_BYTES):
            digest.update(block)
            size_bytes += len(block)
            on_bytes(len(block))
    return digest.hexdigest(), size_bytes
