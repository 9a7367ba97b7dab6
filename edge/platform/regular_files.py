"""Opening files that strangers may replace meanwhile: nothing is waited for, and nothing but a file is read."""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO
from pathlib import Path


class NotRegularError(OSError):
    """A pipe, a device, a folder or a link stands there: reading it might never end."""


def open_regular(path: Path, *, follow: bool = False) -> FileIO:
    """The file, open for reading without a buffer. `follow`: a symbolic link to one counts.

    Raises NotRegularError, or OSError where it cannot be opened.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:
            raise NotRegularError(error.errno, os.strerror(error.errno), str(path)) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
    return FileIO(descriptor, "rb")
