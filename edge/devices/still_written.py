"""Is a file still being written? Seen from outside, without a timer: it changed meanwhile, or a writer has it open."""

from __future__ import annotations

import fcntl
import os
import signal

from edge.devices.folder import FoundFile


def is_still_written(seen: FoundFile) -> bool:
    """Whether size or time of change are no longer those that were seen, or somebody has the file open for writing.

    A file that is gone, or may not be opened, is not being written as far as anybody here can know.
    """
    try:
        descriptor = os.open(seen.os_path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        status = os.fstat(descriptor)
        if (status.st_size, status.st_mtime_ns) != (seen.size_bytes, seen.modified_ns):
            return True
        return _has_writer(descriptor)
    finally:
        os.close(descriptor)


def _has_writer(descriptor: int) -> bool:
    """The kernel grants a lease for reading only while nobody writes. Source: fcntl(2), F_SETLEASE.

    Network and FUSE mounts, and files of other users, know no leases for us: then nothing is known of a writer.
    """
    fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)  # a writer that comes just now is told by signal
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
